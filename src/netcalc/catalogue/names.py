"""References to the catalogue as people type them, `gelu`, `leaky_relu(0.2)`, `elu(alpha=1.5)`; rows bound by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from netcalc.errors import UnknownNameError, ValueSyntaxError
from netcalc.records import NamedTuple

LIBRARY = r"(?a)^(?:[A-Za-z_]\w*\.)+(?=[A-Za-z])"  # in front of a name: torch.nn.
REFERENCE = r"(?a)\s*(?:[A-Za-z_]\w*\.)*([A-Za-z][\w-]*)\s*(?:\(([^()]*)\))?\s*"
PLAIN_NUMBER = r"(?a)[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?"

if TYPE_CHECKING:

    class Parametrised(Protocol):
        """What rows of activations and losses have in common."""

        @property
        def name(self) -> str: ...
        @property
        def formula(self) -> str: ...
        @property
        def familiar_slope(self) -> str | None: ...
        @property
        def parameters(self) -> Mapping[str, str]: ...


Row = TypeVar("Row", bound="Parametrised")


class Bound(NamedTuple, Generic[Row]):
    """A row whose parameters are exact numbers."""

    row: Row
    parameters: tuple[tuple[str, Fraction], ...] = ()

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """The row's name, without parameters: `leaky_relu`."""
        return self.row.name

    @property
    def label(self) -> str:
        """The name, with those parameters that differ from their defaults: `leaky_relu(0.2)`."""
        changed = [(name, value) for name, value in self.parameters if value != exact(self.row.parameters[name])]
        if len(self.parameters) == 1 and changed:
            return f"{self.name}({plain(changed[0][1])})"
        return f"{self.name}({', '.join(f'{n}={plain(v)}' for n, v in changed)})" if changed else self.name

    @property
    def formula(self) -> str:
        """The row's formula, the parameters' numbers in their places."""
        return substituted(self.row.formula, self.parameters)

    @property
    def familiar_slope(self) -> str | None:
        """The slope in the form people know, still to be proven equal; in the formula's variables."""
        slope = self.row.familiar_slope
        return None if slope is None else substituted(slope, self.parameters)


def unknown(kind: str, text: str, names: Iterable[str], listing: str) -> UnknownNameError:
    """The error for a name that no row has: it suggests the nearest one and says what lists them all."""
    import difflib  # only a miss pays for it

    spellings = {normalised(name): name for name in names}
    nearest = difflib.get_close_matches(normalised(text), spellings, n=1, cutoff=0.5)
    suggestion = f"did you mean '{spellings[nearest[0]]}'? ({listing})" if nearest else listing
    return UnknownNameError(f"unknown {kind} '{text}'; {suggestion}")


def normalised(text: str) -> str:
    """The spelling that names are looked up by: `Leaky-ReLU` is `leaky_relu`, and so is `F.leaky_relu`."""
    return re.sub(LIBRARY, "", text.strip()).lower().replace("-", "_")


def split_reference(text: str) -> tuple[str, tuple[str, ...]] | None:
    """`name` or `name(argument, …)` -> the name and its arguments; None if `text` has another form."""
    if text.isascii() and text.isidentifier():
        return text, ()
    match = re.fullmatch(REFERENCE, text)
    if match is None:
        return None
    name, inside = match.groups()
    return name, tuple(part.strip() for part in inside.split(",")) if inside and inside.strip() else ()


def exact(text: str) -> Fraction:
    """The number that `text` is, exactly: `0.2` is one fifth, `1/3` one third.

    Raises ValueSyntaxError if it is no decimal or fraction, or is beyond float64's range.
    """
    numerator, *denominators = (part.strip() for part in text.split("/"))
    parts = [numerator, *denominators]
    if len(parts) > 2 or not all(re.fullmatch(PLAIN_NUMBER, part) for part in parts):
        raise ValueSyntaxError(f"'{text}' is no number; a parameter is a decimal or a fraction such as 0.2 or 1/5")
    divisor = Fraction(denominators[0]) if denominators else Fraction(1)
    if divisor == 0:
        raise ValueSyntaxError(f"'{text}' divides by zero")
    value = Fraction(numerator) / divisor
    if value and not 1e-300 < abs(value) < 1e300:
        raise ValueSyntaxError(f"'{text}' is too large or too small for a parameter")
    return value


def bind(owner: str, defaults: Mapping[str, str], arguments: Iterable[str]) -> tuple[tuple[str, Fraction], ...]:
    """Parameters by name, in the row's order: `arguments` are `value` or `name=value`, the rest are `defaults`.

    Raises UnknownNameError for a parameter that `owner` lacks, ValueSyntaxError for a value that is no number.
    """
    values = {name: exact(text) for name, text in defaults.items()}
    takes = f"{owner} takes {', '.join(defaults)}" if defaults else f"{owner} takes no parameters"
    for index, argument in enumerate(arguments):
        key, equals, text = argument.partition("=")
        if not equals:
            if index >= len(values):
                raise ValueSyntaxError(f"'{argument}' is one parameter too many: {takes}")
            key, text = list(values)[index], argument
        if key.strip() not in values:
            raise UnknownNameError(f"{owner} has no parameter '{key.strip()}'; {takes}")
        values[key.strip()] = exact(text.strip())
    return tuple(values.items())


def substituted(formula: str, values: Iterable[tuple[str, Fraction]]) -> str:
    """`formula` with each parameter's exact value in its place, in parentheses unless it is a natural number."""
    for name, value in values:
        text = str(value) if value.denominator == 1 and value >= 0 else f"({value})"
        formula = re.sub(rf"\b{name}\b", text, formula)
    return formula


def plain(value: Fraction) -> str:
    """A parameter as people write it: `0.2` where that is exact and short, else `1/3`."""
    decimal = repr(float(value))
    if value.denominator == 1 or Fraction(decimal) != value or "e" in decimal:
        return str(value)
    return decimal
