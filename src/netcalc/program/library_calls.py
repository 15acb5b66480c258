"""Calls of the functions that the table of a library has, and of those of expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY
from netcalc.program.builtins import BUILTINS
from netcalc.program.kinds import is_of_floats, of_kind
from netcalc.program.library import (
    BY_ORDER,
    LAYERS_WITH_WEIGHTS,
    RANDOM,
    ROWS,
)
from netcalc.program.library.elementwise import apply_function, elementwise_function
from netcalc.program.library.table import Row
from netcalc.program.methods import Methods
from netcalc.program.signature import bound
from netcalc.program.values import (
    Tensor,
    is_scalar,
    kind_named,
    kind_of,
    of_list,
)
from netcalc.records import dataclass

LOOPS = {
    **dict.fromkeys(("while_loop", "map"), "a for loop over range(n)"),
    **dict.fromkeys(("reduce", "switch"), "its lines out, with a for loop or an if"),
    **dict.fromkeys(
        ("tree_flatten", "tree_unflatten", "multimap"),
        "the arrays one by one, or in a list: for W in [W1, W2]",
    ),
}
LEAVES = frozenset({"Parameter", "requires_grad_"})
ON_SCALARS = frozenset({"floor", "ceil", "trunc", "prod", "comb", "factorial", "isqrt", "gcd"})


@dataclass(frozen=True)
class Call:
    """A call of a library's function, as its row may ask about it."""

    name: str
    library: str
    reader: LibraryCalls

    def note(self, text: str) -> None:
        self.reader.note(text)

    def known(self, value: Any) -> np.ndarray | None:
        return self.reader.known(value)

    def picked(self, value: Any) -> np.ndarray | None:
        return self.reader.picked(value)

    def rounded(self, value: Tensor, how: str | None = None) -> Tensor:
        """The array cut to whole numbers, where it is not of such: those that it has at the numbers given."""
        if value.kind != "float" or self.reader.may_be_whole(value):
            return value
        size = b.elementwise("floor", b.elementwise("abs", value.node))
        whole = self.reader.at_point(b.multiply(b.elementwise("sign", value.node), size))
        if whole is None:
            raise NetcalcError(f"{how or self.name} rounds, which has no gradient: leave it out, or give whole numbers")
        return Tensor(b.array(whole), "int")

    def index(self, value: Any, extent: Any = None) -> None:
        self.reader.index(value, extent)

    def numbers_of(self, value: Any, how: str) -> Any:
        return self.reader.numbers_of(value, how)


class LibraryCalls(Methods):
    """Calls rows of the table, and functions of expressions."""

    def library_call(self, name: str, library: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        """A row of the table, or a function of expressions. Raises NetcalcError."""
        plain = name.removesuffix("_") if name not in ROWS else name
        if library == "math":
            args = [self.numbers_of(one, f"math.{name}(…)") for one in args]
        if library == "math" or (plain not in ROWS and all(is_scalar(one) for one in args) and args):
            found = self._of_numbers(plain, args)
            if found is not None:
                return found
        row = ROWS.get(plain)
        if row is not None and not (plain in ("max", "min") and self._is_pairwise(args, keywords)):
            found = self._of_row(row, Call(plain, library, self), args, keywords)
            return found if any(found is one for one in args) else self.made(found)
        function = elementwise_function(plain)
        if library != "math" and len(args) > 2 and plain in ("maximum", "minimum", "fmax", "fmin"):
            raise NetcalcError(f"{name} takes 2 arguments; the array that it writes into is out=…")
        if function is None:
            raise NetcalcError(self.unknown(name))
        return self.made(apply_function(plain, function, [self._array(one) for one in args], keywords))

    def _array(self, value: Any) -> Any:
        return Tensor(of_list(list(value)), kind_of(value)) if isinstance(value, list | tuple) and value else value

    def _is_pairwise(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
        """torch.max(x, y)."""
        other = keywords.get("other", args[1] if len(args) > 1 else None)
        return isinstance(other, Tensor)

    def _of_numbers(self, name: str, args: list[Any]) -> Any:
        """math.floor and its kin, of numbers."""
        if name not in ON_SCALARS:
            return None
        from netcalc.program.builtins import of_numbers

        return of_numbers(name, args)

    def _of_row(self, row: Row, call: Call, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        found = bound(call.name, row.signature, args, keywords, self._counted_or_itself)
        built = row.build(call, *found) if row.asks else row.build(*found)
        value = row.finish(built, found)
        if (
            isinstance(value, Tensor)
            and kind_named(keywords.get("dtype")) == "int"
            and (value.node.operation is ARRAY or any(is_of_floats(one) for one in found))
        ):
            value = call.rounded(value, "dtype=int")
        if isinstance(value, Tensor) and (keywords.get("requires_grad") is True or call.name in LEAVES):
            value = self.leaf(value)
        return self._all_checked(of_kind(value, keywords.get("dtype")))

    def _counted_or_itself(self, value: Any) -> Any:
        """The whole number that an array is, if inputs that were given say so."""
        known = self.counted(value) if isinstance(value, Tensor) and not value.rank else None
        if known is None:
            return value
        self.decide(value)
        return int(known)

    def _all_checked(self, value: Any) -> Any:
        for one in value if isinstance(value, list | tuple) else [value]:
            self.checked(one)
        return value

    def unknown(self, name: str) -> str:
        import difflib

        if name in ("rsample", "sample"):
            said = "write mu + sigma * eps, and give eps" if name == "rsample" else "give what was drawn"
            return f"{name} draws at random: {said} with --at"
        if name in RANDOM:
            return f"{name} draws at random: give the numbers with --at, under the name that this is assigned to"
        if name in BY_ORDER:
            return f"{name} goes by the values: give the order, or the places, with --at, as in x[order]"
        if name in LAYERS_WITH_WEIGHTS:
            return f"{name} has weights of its own: write {LAYERS_WITH_WEIGHTS[name]}, and give these with --at"
        if name in ("linearize", "backward"):
            return f"{name} is what netcalc derives: hand it the forward pass alone"
        if name in LOOPS:
            return f"{name} is not understood; write {LOOPS[name]}"
        if name in ROWS or elementwise_function(name) is not None:
            return f"'{name}' is not defined here; define or import it, or write it as a library's, as np.exp is"
        near = difflib.get_close_matches(name, [*ROWS, *BUILTINS], n=1, cutoff=0.8)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"'{name}' is not understood; {hint}docs/reference/programs.md lists what is"
