"""Where a gradient is wanted: `x=1 y=1/2` as typed, and tables whose header names the variables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.evaluation import numerals
from netcalc.arithmetic.program import Program
from netcalc.arithmetic.sides import BITS
from netcalc.arithmetic.ties import tie
from netcalc.arrays import scalar
from netcalc.derivation.gradient import Derived, derive, element_name, in_order
from netcalc.errors import ExpressionError, FileError, NetcalcError, ValueSyntaxError
from netcalc.explain.ties import in_float64, singled_out
from netcalc.expression import Symbol, Tree, parse, substitute
from netcalc.expression.tree import COMPARISONS, has_switches
from netcalc.files.cells import read_number
from netcalc.files.names import is_file, looks_like_file
from netcalc.files.printed import as_lists
from netcalc.files.source import StandardInput
from netcalc.models.grad import Gradient, point_at
from netcalc.records import NamedTuple, dataclass
from netcalc.values import read_array

NAMED = re.compile(r"\s*([^\W\d]\w*(?:\[[\w,\s]*\])?)\s*=(?!=)(.*)", re.DOTALL)
SEPARATED = re.compile(r"[,;]\s*(?=[^\W\d]\w*\s*=(?!=))")  # before a further name
FEW = 1000  # rows that are read and answered exactly
TIES = frozenset({*COMPARISONS, "abs", "sign"})
NAMES_SHOWN = 12  # columns that a message lists


class Place(NamedTuple):
    """Numbers by name, each an array of shape (), and the table that has the others, if there is one."""

    fixed: Mapping[str, np.ndarray]
    table: str | None = None


def read_place(words: Sequence[str], flag: str, stdin: StandardInput | None = None, decimal: str = ".") -> Place:
    """What was typed after the flag: NAME=VALUE, and one file or `-`. Raises NetcalcError."""
    stdin = stdin or StandardInput()
    fixed: dict[str, np.ndarray] = {}
    table = None
    for word in words:
        named = NAMED.fullmatch(word)
        if named is None and (is_file(word) or looks_like_file(word)):
            if table is not None:
                raise ValueSyntaxError(f"{flag}: '{table}' and '{word}' are two files; points come from one")
            table = word
            continue
        if named is None:
            raise ValueSyntaxError(f"{flag}: '{word}' is no NAME=VALUE and no file; write {flag} x=1 y=2")
        name, text = _symbol(named[1]), named[2].strip()
        if name in fixed:
            raise NetcalcError(f"{flag} gives two values to {name}")
        fixed[name] = _value(name, text, flag, stdin, decimal)
    return Place(fixed, table)


def _value(name: str, text: str, flag: str, stdin: StandardInput, decimal: str) -> np.ndarray:
    """A number, or a tensor as typed or from a file."""
    if not text:
        raise ValueSyntaxError(f"{flag}: {name} has no value; write {name}=1")
    text = as_lists(text)
    if SEPARATED.search(text) and not is_file(text):
        words = SEPARATED.sub(" ", f"{name}={text}")
        raise ValueSyntaxError(f"{flag}: values by name have spaces between them; write {flag} {words}")
    try:
        return scalar(read_number(text))
    except (ExpressionError, ValueSyntaxError) as error:
        if any(sign in text for sign in ",;[") or len(text.split()) > 1 or is_file(text) or looks_like_file(text):
            return read_array(text, f"{flag} {name}", stdin=stdin, decimal=decimal)
        message = f"{flag} {name}: {error.message}"
        raise ValueSyntaxError(message, source=error.source, position=error.position) from None


def _symbol(text: str) -> str:
    """The variable that a name stands for: `θ` is `theta`, `W[0, 1]` is `W[0,1]`; letters and digits are themselves."""
    if text.isascii() and (text.isidentifier() or text[:1].isdigit()):
        return text.strip()  # a table may have a million columns
    try:
        tree = parse(text)
    except ExpressionError:
        return text.strip()
    return tree.name if isinstance(tree, Symbol) else text.strip()


def named_columns(variables: Collection[str], header: Sequence[str]) -> list[int]:
    """The places of a table's columns that are named after a variable."""
    return [place for place, cell in enumerate(header) if _symbol(cell) in variables]


def in_header_order(problem: Gradient, header: Sequence[str]) -> Gradient:
    """The problem with its variables in the order in which a table names them."""
    named = [name for name in map(_symbol, header) if name in problem.variables]
    variables = tuple(dict.fromkeys([*named, *problem.variables]))
    return replace(problem, variables=variables, wrt=variables if problem.wrt == problem.variables else problem.wrt)


@dataclass(frozen=True)
class GradientRows:
    """Expressions at every row of a table: what is `stated` without the table, `header` what its columns are called.

    Answers are the numbers wanted in the order of the result's tensors, or those of `only`. Raises FileError where a
    variable has no number, NetcalcError where it has two.
    """

    stated: Gradient
    header: tuple[str, ...]
    source: str
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.header:
            example = ",".join(self.stated.variables) or "x"
            raise FileError(f"{self.source} has no header: its first line names the variables, as in {example}")
        names = [_symbol(self.header[place]) for place in named_columns(self.stated.variables, self.header)]
        listed = ", ".join(self.header[:NAMES_SHOWN]) + (", …" if len(self.header) > NAMES_SHOWN else "")
        for name in names:
            if name in self.stated.points or names.count(name) > 1:
                other = "beside the file" if name in self.stated.points else "in two columns"
                raise NetcalcError(f"{name} has two values: {self.source} has a column {name}, and it is given {other}")
        if not self.stated.variables:
            raise NetcalcError(f"the expression has no variables, and {self.source} gives them values")
        if not names:
            variables = ", ".join(self.stated.variables)
            raise FileError(f"{self.source} has no column of a variable: {variables} (its columns: {listed})")
        for name in self.stated.free:
            if name not in names:
                raise FileError(f"{self.source} has no column {name} (its columns: {listed}); add one, or {name}=VALUE")

    @property
    def in_formulas(self) -> bool:
        """Every variable has a number at a point."""
        return False

    @cached_property
    def places(self) -> dict[str, int]:
        """Which column each variable's numbers are in."""
        return {_symbol(self.header[place]): place for place in named_columns(self.stated.variables, self.header)}

    def check_rows(self, rows: int) -> None:
        """Any number of them will do."""

    def problem(self, x: np.ndarray, first: int = 0) -> Gradient:  # noqa: ARG002 - each row is for itself
        """The problem at these rows (rows, columns)."""
        points = {name: x[:, place] for name, place in self.places.items()}
        return replace(self.stated, points={**points, **self.stated.points}, many=True)

    @cached_property
    def derived(self) -> Derived:
        """What every row is put into."""
        return derive(self.stated)

    @cached_property
    def shown(self) -> list[int]:
        """The places, among what is derived, of a row's answers."""
        return in_order(self.derived, self.only)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a row's answers."""
        return tuple(element_name(self.stated, self.derived.quantities[place]) for place in self.shown)

    @cached_property
    def program(self) -> Program:
        """The formulas of a row's answers, the numbers that are the same in every row put in."""
        fixed = point_at(self.stated)
        return Program([substitute(self.derived.quantities[place].tree, fixed) for place in self.shown])

    @cached_property
    def comparing(self) -> list[Tree]:
        """The expressions that compare, written out, the numbers that are the same in every row put in."""
        fixed = point_at(self.stated)
        trees = self.derived.expressions
        return [substitute(tree, fixed) for tree in trees if has_switches(tree)]

    @cached_property
    def comparisons(self) -> Program:
        """The same, over columns of float64."""
        return Program(self.comparing)

    def kinks(self, x: np.ndarray) -> Counter[str]:
        """How many rows tie a comparison; of rows of trees this is decided exactly."""
        if not self.comparing:
            return Counter()
        if x.dtype == object:
            tied = sum(map(self._is_tied, x))
        else:
            named = {name: np.ascontiguousarray(x[:, place]) for name, place in self.places.items()}
            tied = int(self.comparisons.tied(named, TIES).sum())
        return Counter(
            {f"a tie of what {' or '.join(self.stated.outputs)} compares, maybe a kink": tied} if tied else {}
        )

    def _is_tied(self, row: np.ndarray) -> bool:
        with precision(BITS):
            point = dict(zip(self.places, numerals([row[place] for place in self.places.values()], {}), strict=True))
            return any(tie(tree, point) for tree in self.comparing)

    def answers(self, x: np.ndarray, first: int = 0) -> np.ndarray:  # noqa: ARG002 - as above
        """`x` (rows, columns) in float64 -> (rows, answers); nan where there is no value."""
        named = {name: np.ascontiguousarray(x[:, place]) for name, place in self.places.items()}
        found = np.stack(self.program.run(named), axis=1)
        for row in singled_out(self.derived, named):
            numbers = in_float64(self.derived, point_at(self.problem(x[row : row + 1]), 0))
            found[row] = [numbers[place] for place in self.shown]
        return found
