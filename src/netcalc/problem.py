"""What is asked, frozen: the tensors given, the layers between them, and what comes from above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.errors import ShapeError
from netcalc.expression import Apply, Symbol, Tree


@dataclass(frozen=True, slots=True)
class Neuron:
    """q = w·x + b, f = φ(q): `x` (samples, n), `w` (n,), `b` () and `delta` (samples,) or None.

    A tensor is an object array of trees (exact numbers, symbols) or a float64 array; what was left out is symbols.
    """

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    activation: BoundActivation
    delta: np.ndarray | None = None
    many: bool = False
    index_from: int = 0

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.x.size + self.w.size + 1

    @property
    def tensors(self) -> tuple[np.ndarray, ...]:
        """Everything given, `delta` last where there is one."""
        given = (self.x, self.w, self.b)
        return given if self.delta is None else (*given, self.delta)


def neuron(
    x: np.ndarray | None,
    w: np.ndarray | None,
    b: np.ndarray | None,
    activation: BoundActivation,
    delta: np.ndarray | None = None,
    index_from: int = 0,
) -> Neuron:
    """The neuron stated by `x` (n,) or (samples, n), `w` (n,), `b` () or (1,); None is a symbol.

    Raises ShapeError if the lengths disagree or neither x nor w is given.
    """
    if x is None and w is None:
        raise ShapeError("a neuron needs --x or --w: give at least one, as in netcalc neuron --x -1 -2 --w 4 -4 --b -3")
    if w is None:
        w = symbols("w", np.atleast_2d(x).shape[-1], index_from)
    w = np.ravel(w)
    if x is None:
        x = symbols("x", w.size, index_from)
    many = x.ndim == 2 and x.shape[0] > 1 and not (x.shape[1] == 1 and w.size == x.shape[0])
    rows = x if many else x.reshape(1, -1)
    if rows.shape[1] != w.size:
        raise ShapeError(f"x has {count(rows.shape[1])} and w has {count(w.size)}; a neuron needs one weight an input")
    bias = _scalar(b, "b")
    if delta is not None and delta.size != len(rows):
        if delta.size != 1:
            raise ShapeError(f"delta has {count(delta.size)}; one is needed for each of the {len(rows)} samples")
        delta = np.repeat(delta, len(rows))
    return Neuron(rows, w, bias, activation, delta, many, index_from)


def _scalar(given: np.ndarray | None, name: str) -> np.ndarray:
    if given is None:
        return np.array(Symbol(name), dtype=object)
    if given.size != 1:
        raise ShapeError(f"{name} has {count(given.size)}; a neuron has one {name}")
    return given.reshape(())


def symbols(name: str, length: int, index_from: int = 0) -> np.ndarray:
    """The vector (name0, name1, …) of symbols."""
    vector = np.empty(length, dtype=object)
    vector[:] = [Symbol(f"{name}{index + index_from}") for index in range(length)]
    return vector


def count(numbers: int) -> str:
    """A number of numbers in words: `1 number`, `2 numbers`."""
    return f"{numbers} number" if numbers == 1 else f"{numbers} numbers"


def free_names(tensors: tuple[np.ndarray, ...]) -> tuple[str, ...]:
    """The symbols that stand in given tensors, in order of appearance."""
    found: dict[str, None] = {}

    def visit(tree: Tree) -> None:
        if isinstance(tree, Symbol):
            found[tree.name] = None
        elif isinstance(tree, Apply):
            for argument in tree.arguments:
                visit(argument)

    _each_tree(tensors, visit)
    return tuple(found)


def _each_tree(tensors: tuple[np.ndarray, ...], visit: Callable[[Tree], None]) -> None:
    for tensor in tensors:
        if tensor.dtype == object:
            for tree in tensor.flat:
                visit(tree)
