"""What a claim may be about: an answer's tensors and their elements, by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import product

from netcalc.checking.answers.synonyms import of_variable, second, spellings
from netcalc.errors import ShapeError, UnknownNameError
from netcalc.expression.tokens import GREEK, GREEK_VARIANTS, SUBSCRIPTS
from netcalc.models.grad import Gradient
from netcalc.records import dataclass
from netcalc.result import Result, Tensor
from netcalc.result.result import NEW

BRACKETED = re.compile(r"(.+?)\[\s*(\d{1,9}(?:\s*,\s*\d{1,9})*)\s*\]")
NUMBERED = re.compile(r"(.*[^\d])(\d{1,9})")
LONG_FORM = re.compile(r"d\d?(\w+)/d(.+)")  # d2f/dxdy too
SPACES = r"[\s{}]"
FRACTION = r"\\d?frac\s*\{\s*(?:\\partial|d)([^{}]+)\}\s*\{\s*(?:\\partial|d)(.+)\}$"  # LaTeX
WORDS = str.maketrans(GREEK | GREEK_VARIANTS) | SUBSCRIPTS
LISTED = 24  # names that an error lists at most


@dataclass(frozen=True, slots=True)
class Target:
    """A tensor of an answer, or one element of it; `index` is None for the whole.

    `key` is the answer that has its numbers, where that is another one.
    """

    tensor: Tensor
    index: tuple[int, ...] | None
    key: str = ""

    @property
    def name(self) -> str:
        """As the answer calls it: `dx1`, `dW1`."""
        return self.tensor.name if self.index is None else name_at(self.tensor, self.index)


def name_at(tensor: Tensor, index: tuple[int, ...]) -> str:
    """The name of one element."""
    return tensor.called[index[-1]] if tensor.own else tensor.name_at(index)


@dataclass(frozen=True)
class Names:
    """The names of an answer."""

    result: Result

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that may be claimed, by its name."""
        return {tensor.name: tensor for tensor in (*self.result.tensors, *self.result.inner)}

    @cached_property
    def called(self) -> dict[str, Target]:
        """Elements that have names of their own, as those of a Jacobian have, and long names of derivatives."""
        found = {re.sub(SPACES, "", tensor.full): Target(tensor, ()) for tensor in self.tensors.values() if tensor.full}
        for tensor in self.tensors.values():
            if tensor.own and not self.result.sample_rows:
                found |= {re.sub(SPACES, "", one): Target(tensor, (place,)) for place, one in enumerate(tensor.called)}
        return {name: target for name, target in found.items() if target.tensor.entries.ndim == len(target.index or ())}

    @cached_property
    def outputs(self) -> set[str]:
        """What the answer's derivatives are of: `f`, or `L`, which people call `loss` too."""
        found = {tensor.of for tensor in self.tensors.values() if tensor.of}
        return found | {"loss"} if "L" in found else found

    @cached_property
    def gradients(self) -> list[str]:
        """The gradients of what was given, that a backward pass is for; of a net those of its weights and biases."""
        found = [tensor for tensor in self.result.tensors if tensor.of and len(tensor.by) < 2]
        if isinstance(self.result.problem, Gradient):
            return [tensor.name for tensor in found]
        if self.result.command == "net":
            return [tensor.name for tensor in found if re.fullmatch(r"d[Wb]\d+", tensor.name)]
        return [tensor.name for tensor in found if tensor.key in self.result.given]

    @cached_property
    def in_small_letters(self) -> dict[str, Tensor]:
        """The tensors whose names are no others' in small letters."""
        folded: dict[str, list[Tensor]] = {}
        for own, tensor in self.tensors.items():
            folded.setdefault(own.lower(), []).append(tensor)
        return {own: tensors[0] for own, tensors in folded.items() if len(tensors) == 1}

    def is_variable(self, name: str) -> bool:
        """Whether a formula means a variable of an expression by that name, and no answer."""
        return isinstance(self.result.problem, Gradient) and name in self.result.problem.variables

    @cached_property
    def beside(self) -> dict[str, tuple[Tensor, str]]:
        """Tensors that are others by another name: ∂L/∂q of a neuron has the numbers of ∂L/∂b."""
        if self.result.command != "neuron" or "f" in self.outputs:
            return {}
        return {"dq": (replace(self.tensors["db"], name="dq"), "db")}

    def find(self, text: str) -> Target:
        """What `dx1`, `df/dx1`, `∂f/∂x1`, `dW1[0,1]` or `dx` is; also by other names, where they mean one thing.

        Raises UnknownNameError with the near names, ShapeError for an index that isn't there.
        """
        if found := self.meant(text):
            return found
        raise self._unknown(text)

    def meant(self, text: str) -> Target | None:
        """The same; None for an unknown name. Raises ShapeError."""
        written = re.sub(FRACTION, r"d\1/d\2", text.strip()) if "\\" in text else text.strip()
        written = re.sub(SPACES, "", written).replace("∂", "d").replace("∇", "d")
        name = spelled_out(written)
        by = {own: tensor.by for own, tensor in self.tensors.items() if len(tensor.by) == 2}
        of_second = second(name, by) if by else None
        is_plainly = re.match(r"d(2|\^2|²)", name) is not None  # d2f/dx2 is no second entry of df/dx
        for spelling in (
            [of_second]
            if of_second and is_plainly
            else [
                text.strip(),
                *self._spellings(written),
                *self._spellings(name),
            ]
        ):
            if found := self._at(spelling, text, self.tensors):
                return found
        if of_second:
            return self._at(of_second, text, self.tensors)
        return self._found_loosely(name, text)

    def _spellings(self, name: str) -> Iterator[str]:
        yield name
        if (long := LONG_FORM.fullmatch(name)) and long[1] in self.outputs:
            yield f"d{long[2]}"
        elif not long and name.startswith("d") and name not in self.beside:
            yield from (f"d{output}/{name}" for output in ("f", "L"))
        if self.result.command == "net":  # a course's δ1, and W1 as JSON has it among the partials
            new = re.sub(r"^([Wb]\d+)", rf"\1{NEW}", name)
            yield from (re.sub(r"^delta(?=\d)", "dz", name), *([new] if self.result.updated else []), f"d{name}")

    def _found_loosely(self, name: str, text: str) -> Target | None:
        """What a name means that other books and programs use, if it means one thing here."""
        is_expression = self.result.command == "grad" and len(self.outputs) == 1
        if is_expression or getattr(self.result.problem, "code", None) is not None:
            of = of_variable(name, self.tensors)
            if of is not None or is_expression:
                return None if of is None else self._at(of, text, self.tensors)
        found: dict[str, Target] = {}
        long = LONG_FORM.fullmatch(name)
        short = f"d{long[2]}" if long and long[1] in self.outputs else name
        for spelling in spellings(short.lower(), self.result):
            if target := self._at(spelling, text, self.in_small_letters):
                found.setdefault(target.name, target)
        return next(iter(found.values())) if len(found) == 1 else None

    def _at(self, name: str, text: str, tensors: Mapping[str, Tensor]) -> Target | None:
        if name in self.called:
            return self.called[name]
        if name in self.beside:
            whole, key = self.beside[name]
            return Target(whole, () if whole.entries.ndim == 0 else None, key)
        if name in tensors:
            whole = tensors[name]
            return Target(whole, () if whole.entries.ndim == 0 else None)
        for form in (BRACKETED, NUMBERED):
            match = form.fullmatch(name)
            key = self.beside[match[1]][1] if match and match[1] in self.beside else ""
            tensor = self.beside[match[1]][0] if match and key else tensors.get(match[1]) if match else None
            if match and tensor is not None and (tensor.entries.ndim or form is BRACKETED):
                index = tuple(int(place) - tensor.index_from for place in match[2].split(","))
                return Target(tensor, _checked(tensor, index, text), key)
        return None

    @property
    def listed(self) -> str:
        """The names of the answers that are shown, the first of them."""
        visible = [name for tensor in self.result.tensors for name in _some_names(tensor)]
        return ", ".join(visible[:LISTED]) + (", …" if len(visible) > LISTED else "")

    def _unknown(self, text: str) -> UnknownNameError:
        from difflib import get_close_matches

        names = [name for tensor in self.tensors.values() for name in _some_names(tensor)]
        near = get_close_matches(text.strip(), names, n=3, cutoff=0.5)
        hint = f"did you mean {_or([repr(name) for name in near])}?" if near else f"the answers are {self.listed}"
        return UnknownNameError(f"there is no answer '{text.strip()}' here; {hint}")


def _some_names(tensor: Tensor) -> Iterator[str]:
    """A tensor's own name, and its elements' as far as one would list them."""
    if tensor.entries.ndim == 0 or tensor.entries.size > LISTED:
        yield tensor.name
        return
    yield from (name_at(tensor, index) for index in product(*map(range, tensor.entries.shape)))


def spelled_out(name: str) -> str:
    """A name with its Greek letters in words, `dgamma` for `dγ`."""
    return name.translate(WORDS)


def listing(names: list[str]) -> str:
    """Names in a sentence, the first of many."""
    shown = names if len(names) <= LISTED else [*names[:LISTED], "…"]
    return ", ".join(shown)


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _checked(tensor: Tensor, index: tuple[int, ...], text: str) -> tuple[int, ...]:
    shape = tensor.entries.shape
    if len(index) != len(shape):
        form = f"an index such as {name_at(tensor, (0,) * len(shape))}" if shape else "no index"
        raise ShapeError(f"{text.strip()}: {tensor.name} is {described(shape)} and takes {form}")
    for place, size in zip(index, shape, strict=True):
        if not 0 <= place < size:
            first, last = (name_at(tensor, tuple(at)) for at in ((0,) * len(shape), [n - 1 for n in shape]))
            raise ShapeError(f"{text.strip()}: {tensor.name} goes from {first} to {last}")
    return index


def described(shape: tuple[int, ...]) -> str:
    """A shape in words: `2 × 3`, `a vector of 3`, `a single number`."""
    if len(shape) < 2:
        return f"a vector of {shape[0]}" if shape else "a single number"
    return " × ".join(map(str, shape))
