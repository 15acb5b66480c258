"""Where a backward pass is tried: points near the one that was given and far from it, with numbers that float64 keeps.

Far points have both signs and several sizes, so that both sides of kinks are met. What is of a kind of its own (masks,
one-hot targets, rows that sum to 1, labels ±1, indices) is drawn anew in its kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import cycle

import numpy as np

from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT
from netcalc.graph.sizes import Shape, letters_of
from netcalc.models.graphed import GraphProblem
from netcalc.records import NamedTuple
from netcalc.values import to_float64

GRID = 1 << 12  # parts of 1 that numbers are multiples of
SPREADS = (0.5, 0.2, 0.05, 0.01)  # how far from what was given, relative to it
FAR = (1.0, 0.3, 3.0, 1.0, 10.0)  # sizes of numbers far from what was given
SIZES = (7, 11, 13, 17, 19, 23, 29, 31)  # for letters: numbers that nobody writes as factors
SEED = 20_240_601  # the same points in every run


class Place(NamedTuple):
    """How a point is drawn: `spread` about what was given, or `size` of numbers anywhere; `positive` where needed."""

    spread: float = 0.0
    size: float = 0.0
    positive: bool = False


def sizes_of(shapes: Collection[Shape]) -> dict[str, int]:
    """A number for each letter."""
    names = dict.fromkeys(name for shape in shapes for name in letters_of(shape))
    return dict(zip(names, cycle(SIZES), strict=False))


def drawn(
    problem: GraphProblem,
    indices: Collection[str],
    kept: Collection[str],
    kinds: Mapping[str, str],
    place: Place,
    n: int,
) -> dict[str, np.ndarray]:
    """Values of the inputs, by name: the `n`-th of their kind. Those `kept` are as given, `kinds` are of a kind."""
    draws = np.random.default_rng([SEED, n])
    sizes = Arithmetic(sizes_of([node.shape for node in problem.inputs.values()]))
    found = {}
    for name, node in problem.inputs.items():
        given = problem.values.get(name)
        own = None if given is None else to_float64(given)
        shape = sizes.shape(node.shape)
        if name in kept and own is not None:
            found[name] = own
        elif name in indices or name in kept:  # 0 or 1 are indices that every axis has that is worth one
            found[name] = draws.integers(0, 2, shape).astype(np.float64) if own is None else _indices(own, draws)
        elif name in kinds and own is not None:
            found[name] = KINDS[kinds[name]](own, draws)
        else:
            found[name] = _number(own, shape, place, draws)
    return found


def _number(given: np.ndarray | None, shape: tuple[int, ...], place: Place, draws: np.random.Generator) -> np.ndarray:
    is_positive = given is not None and bool(given.size) and bool((given > 0).all())
    if place.size and not (is_positive and not shape):  # a single positive number is a rate, a share, a count
        far = _on_grid(place.size * draws.uniform(-1.5, 1.5, shape))
        must = place.positive and (given is None or is_positive)
        return np.asarray(np.abs(far) + 1 / 16) if must else far
    if given is None:
        near = _on_grid(draws.uniform(-1.5, 1.5, shape))
        return np.asarray(np.abs(near) + 1 / 16) if place.positive else near
    spread = place.spread or SPREADS[0]
    factors = 1 + spread * draws.uniform(-1, 1, shape)
    if is_positive:
        moved = given * factors
        return _on_grid(moved) if moved.min() > 16 / GRID else np.asarray(moved)
    size = float(np.abs(given).max()) if given.size else 0.0
    moved = given * factors + spread * (size or 1.0) * draws.uniform(-1, 1, shape)
    return _on_grid(moved) if size > 16 / GRID or not size else np.asarray(moved)


def _on_grid(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(numbers * GRID) / GRID)


# --- inputs whose values are of a kind of their own


def kinds_of(problem: GraphProblem, differentiated: Collection[str]) -> dict[str, str]:
    """The inputs whose values are of a kind of their own: no gradient is asked of them, and no layer takes them."""
    found, data = {}, layer_inputs(problem.output)
    for name, given in problem.values.items():
        array = to_float64(given)
        if name not in differentiated and array.size and (kind := _kind(array)):
            found[name] = kind
    return {name: kind for name, kind in found.items() if problem.inputs[name] not in data or kind == "as given"}


def layer_inputs(output: Node) -> dict[Node, set[int]]:
    """What is multiplied as a matrix or a vector by a matrix that has an axis of its own, as a layer's input is.

    With each, its axes that no factor has but it: those of the samples.
    """
    found: dict[Node, set[int]] = {}
    for node in in_order([output]):
        if node.operation is not PRODUCT or not node.params.summed:
            continue
        pairs = list(zip(node.args, node.params.letters, strict=True))
        for arg, letters in pairs:
            others = [set(other) for _, other in pairs if other is not letters]
            own = set(node.params.out) - set(letters)
            if any(one & own and one & set(letters) & set(node.params.summed) for one in others):
                taken = set().union(*others)
                found[arg] = {place for place, one in enumerate(letters) if one not in taken}
    return found


def _kind(array: np.ndarray) -> str:
    if not np.isfinite(array).all():
        return "as given"
    are_bits = array.ndim > 0 and bool(np.isin(array, (0, 1)).all())
    rows = array.ndim > 0 and bool(np.allclose(array.sum(axis=-1), 1)) and bool((array >= 0).all())
    if are_bits and array.ndim > 1 and _is_triangular(array):
        return "as given"
    if rows:
        return "one-hot" if are_bits else "shares"
    if are_bits:
        return "bits"
    return "signs" if array.ndim and bool(np.isin(array, (-1, 1)).all()) else ""


def _is_triangular(array: np.ndarray) -> bool:
    """Whether a mask is that of what comes before, or after; the unit matrix is a target as well."""
    upper, lower = np.triu(array, 1).any(), np.tril(array, -1).any()
    return array.shape[-1] == array.shape[-2] and bool(upper) != bool(lower)


def _bits(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return draws.integers(0, 2, array.shape).astype(np.float64)


def _one_hot(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    chosen = draws.integers(0, array.shape[-1], array.shape[:-1])
    return np.asarray(np.eye(array.shape[-1])[chosen])


def _shares(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Rows that sum to exactly 1."""
    parts = array.shape[-1]
    cuts = np.sort(draws.integers(1, GRID, (*array.shape[:-1], parts - 1)), axis=-1)
    edges = np.concatenate([np.zeros((*array.shape[:-1], 1)), cuts, np.full((*array.shape[:-1], 1), GRID)], axis=-1)
    return np.asarray(np.diff(edges, axis=-1) / GRID)


def _signs(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return 2.0 * draws.integers(0, 2, array.shape) - 1


def _as_given(array: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return array


def _indices(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """The same indices in another order; other ones where all are the same."""
    if array.size and np.ptp(array) == 0 and array.flat[0] >= 0:
        return draws.integers(0, max(2, int(array.flat[0]) + 1), array.shape).astype(np.float64)
    return np.asarray(draws.permutation(array.reshape(-1)).reshape(array.shape))


KINDS = {"bits": _bits, "one-hot": _one_hot, "shares": _shares, "signs": _signs, "as given": _as_given}
