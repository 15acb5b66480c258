"""Every path from one weight to the loss, and the product of the derivatives along each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from netcalc.errors import ShapeError
from netcalc.problem import Dense, Problem, element
from netcalc.records import NamedTuple

PATHS_LIMIT = 256  # more on a page help nobody


class Path(NamedTuple):
    """One path through a sample: the units `z[k]` and `a[k]` that it passes, of the weight's layer and all above."""

    sample: int
    z: tuple[int, ...]
    a: tuple[int, ...]


def traced(problem: Problem) -> tuple[str, tuple[int, ...]]:
    """The weight or bias whose paths are asked for: its tensor's name, and its place."""
    assert problem.trace  # noqa: S101 - asked for where there is one
    return problem.trace


def paths(problem: Problem) -> Iterator[Path]:
    """The paths of the problem's trace, sample by sample; from the weight's own unit on."""
    name, index = traced(problem)
    first = int(name[1:]) - 1
    above = problem.layers[first + 1 :]
    for sample in range(len(problem.x)):
        for units in itertools.product(*(range(len(layer.W)) for layer in above)):
            z = (index[0], *units)
            outputs = [_reached(layer, unit) for layer, unit in zip(problem.layers[first:], z, strict=True)]
            for a in itertools.product(*outputs):
                yield Path(sample, z, a)


def weight(problem: Problem) -> str:
    """The name of the weight that is traced: `W1[0,1]`."""
    return element(*traced(problem), problem.index_from)


def route(problem: Problem, path: Path) -> list[str]:
    """The quantities on a path: `W1[0,1]`, `z1[0]`, `a1[0]`, …, `L`."""
    sample = (path.sample,) if problem.many else ()
    stops = [weight(problem)]
    for number, (z, a) in enumerate(zip(path.z, path.a, strict=True), int(traced(problem)[0][1:])):
        places = ((f"z{number}", z), (f"a{number}", a))
        stops += [element(name, (*sample, place), problem.index_from) for name, place in places]
    return [*stops, "L"]


def routes(problem: Problem) -> Iterator[list[str]]:
    """The quantities on each path, the one through the penalty last."""
    yield from (route(problem, path) for path in paths(problem))
    if is_decayed(problem):
        yield [weight(problem), "penalty", "L"]


def _reached(layer: Dense, unit: int) -> range:
    """The outputs that a unit's sum goes into: its own, or all where the activation takes the whole vector."""
    return range(len(layer.W)) if isinstance(layer.activation, str) else range(unit, unit + 1)


def count(problem: Problem) -> int:
    """How many paths there are."""
    name, _ = traced(problem)
    first, total = int(name[1:]) - 1, len(problem.x)
    for number, layer in enumerate(problem.layers[first:]):
        width = len(layer.W)
        total *= (width if number else 1) * (width if isinstance(layer.activation, str) else 1)
    return total


def check_count(problem: Problem) -> None:
    """Raises ShapeError where there are more paths than a page can show."""
    found = count(problem) + is_decayed(problem)
    if found > PATHS_LIMIT:
        raise ShapeError(
            f"there are {found:,} paths from {weight(problem)} to the loss, and up to {PATHS_LIMIT} are written out; "
            f"d{weight(problem)} itself is in the answer, and a weight of a later layer has fewer paths"
        )


def is_decayed(problem: Problem) -> bool:
    """Whether the weight has one more path, through the penalty; a bias has none."""
    return problem.decay is not None and problem.trace is not None and problem.trace[0][0] == "W"
