"""Where a backward pass is tried: points near the one that was given, with numbers that float64 keeps exactly."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import cycle

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.sizes import Shape, letters_of
from netcalc.models.graphed import GraphProblem
from netcalc.values import to_float64

GRID = 1 << 12  # parts of 1 that numbers are multiples of
SPREADS = (0.5, 0.2, 0.05, 0.01)  # how far from what was given, relative to it
SIZES = (7, 11, 13, 17, 19, 23, 29, 31)  # for letters: numbers that nobody writes as factors


def sizes_of(shapes: Collection[Shape]) -> dict[str, int]:
    """A number for each letter."""
    names = dict.fromkeys(name for shape in shapes for name in letters_of(shape))
    return dict(zip(names, cycle(SIZES), strict=False))


def points(problem: GraphProblem, kept: Collection[str], spread: float, count: int) -> Iterator[dict[str, np.ndarray]]:
    """Values of the inputs, by name: those of `kept` as given, the others moved at random, the same in every run.

    What is kept and not given is an index: 0 or 1, which every axis has that is worth one.
    """
    draws = np.random.default_rng(20_240_601)
    sizes = Arithmetic(sizes_of([node.shape for node in problem.inputs.values()]))
    for _ in range(count):
        found = {}
        for name, node in problem.inputs.items():
            given = problem.values.get(name)
            shape = sizes.shape(node.shape)
            own = None if given is None else to_float64(given)
            if name not in kept:
                found[name] = _moved(own, shape, spread, draws)
            else:
                found[name] = draws.integers(0, 2, shape).astype(np.float64) if own is None else own
        yield found


def _moved(given: np.ndarray | None, shape: tuple[int, ...], spread: float, draws: np.random.Generator) -> np.ndarray:
    if given is None:
        return _on_grid(draws.uniform(-1.5, 1.5, shape))
    factors = 1 + spread * draws.uniform(-1, 1, shape)
    if given.size and (given > 0).all():
        moved = given * factors
        return _on_grid(moved) if moved.min() > 16 / GRID else np.asarray(moved)
    size = float(np.abs(given).max()) if given.size else 0.0
    return _on_grid(given * factors + spread * (size or 1.0) * draws.uniform(-1, 1, shape))


def _on_grid(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(numbers * GRID) / GRID)


def structured(values: Mapping[str, np.ndarray], differentiated: Collection[str]) -> set[str]:
    """The inputs whose values are a kind of their own: masks and one-hot targets of 0 and 1, rows that sum to 1."""
    found = set()
    for name, given in values.items():
        array = to_float64(given)
        if name in differentiated or not array.size:
            continue
        rows = array.ndim and bool(np.allclose(array.sum(axis=-1), 1)) and bool((array >= 0).all())
        if rows or bool(np.isin(array, (0, 1)).all()):
            found.add(name)
    return found
