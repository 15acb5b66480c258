"""Steps of a derivation, written at once or when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from netcalc.arithmetic.turns import in_turn
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.notation.displays import Display, Named


class Step(NamedTuple):
    """One line of a derivation: a left-hand side, then what it equals, in turn.

    `left` names an element or a scalar by text, a whole tensor by `Named`.
    `element` is the name of the answer's element that the step arrives at, if it does. What is `drawn` shows whole
    tensors; all such steps together say what a table of elements would.
    """

    left: str | Named
    chain: tuple[Display, ...]
    heading: str = ""
    element: str = ""
    drawn: bool = False

    @property
    def name(self) -> str:
        """What it is a step to, as text."""
        return self.left if isinstance(self.left, str) else self.left.text


class LazySteps(Sequence[Step]):
    """Steps that are written when they are first looked at. `write` is a function that can be pickled."""

    def __init__(self, write: Callable[[], Sequence[Step]]) -> None:
        self._write = write

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return tuple(in_turn(self._write)())

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, place: int) -> Step: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Step]: ...
    def __getitem__(self, place: int | slice) -> Step | Sequence[Step]:
        return self._steps[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._steps == tuple(other)

    def __hash__(self) -> int:
        return hash(self._steps)


class Deferred(LazySteps):
    """Steps that a page shows where they are asked for; none of them is drawn, or of one element."""
