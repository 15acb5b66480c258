"""Arrays by other names, such as a state_dict's, told by their shapes: in order, where as many are of each shape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from netcalc.errors import NetcalcError

Shape = tuple[int, ...]
MATRIX = 2  # axes
CLOSE = 1e-2  # of the largest entry
LISTED = 12  # arrays in a note
TURNED = ("weight",)  # what PyTorch's Linear calls (outputs, inputs), which many write (inputs, outputs)


def by_shape(brought: Mapping[str, Shape], known: Mapping[str, Shape], others: Mapping[str, Shape]) -> dict[str, str]:
    """Which of the `known` names each of the brought ones is; of `others` where the known ones leave doubts.

    Weights may be Linear layers', all the other way round: `turned` tells. Where both fit, it is the one that leaves
    them in the order of the file. Raises NetcalcError.
    """
    for candidates in (dict(known), {**known, **others}):
        told = [_told(brought, candidates, turned=turned) for turned in (False, True)]
        found = [one for one in told if one is not None]
        if found:
            return next((one for one in found if _in_order(one, brought, candidates)), found[0])
    known = {**known, **others}
    listed = ", ".join(f"{name} {shape}" for name, shape in known.items()) or "none are left"
    key, shape = next(
        (one for one in brought.items() if _count(brought, one[1]) != _count(known, one[1])),
        next(iter(brought.items())),
    )
    raise NetcalcError(f"which gradient {key} {shape} is can't be told: say names={{'{key}': …}}; {listed}")


def turned(
    brought: Mapping[str, Shape],
    keys: Mapping[str, str],
    known: Mapping[str, Shape],
    is_right: Callable[[str, bool], bool],
) -> set[str]:
    """The keys whose arrays are Linear layers' weights, the other way round than they are here.

    Square ones go by the others; where all are square, by the way in which more of them are right: `is_right` has a
    key, and whether it is turned.
    """
    own = {key: (brought[key], known[name]) for key, name in keys.items() if _may_turn(key, brought[key])}
    found = {key for key, (shape, other) in own.items() if shape == other[::-1] and shape != other}
    square = {key for key, (shape, other) in own.items() if shape == other == shape[::-1]}
    straight = {key for key, (shape, other) in own.items() if shape == other} - square
    if not found and not straight:
        is_turned = sum(is_right(key, True) for key in square) > sum(is_right(key, False) for key in square)
    else:
        is_turned = len(found) > len(straight)
    return found | square if is_turned else found


def told(keys: Mapping[str, str], turned: Collection[str], brought: Mapping[str, Shape]) -> str:
    """In words, what arrays by other names were taken for; that square weights are transposed, where values say so."""
    taken = [f"{key} as {name}{' transposed' if key in turned else ''}" for key, name in keys.items()]
    listed = ", ".join(taken[:LISTED]) + (", …" if len(taken) > LISTED else "")
    weights = [brought[key] for key in keys if _may_turn(key, brought[key])]
    is_free = bool(weights) and all(shape == shape[::-1] for shape in weights)
    said = "; all weights are square, and more of their values are right transposed" if is_free and turned else ""
    return f"took {listed}{said}"


def is_close(brought: np.ndarray, true: np.ndarray) -> bool:
    """Whether an array is roughly the true one, as one of few digits is."""
    if brought.dtype.kind not in "fiu":
        return False
    with np.errstate(all="ignore"):
        return bool((np.abs(brought - true) <= CLOSE * np.abs(true).max(initial=0)).all())


def _in_order(found: Mapping[str, str], brought: Mapping[str, Shape], known: Iterable[str]) -> bool:
    """Whether the matrices of a file are in the order in which they are here."""
    places = list(known)
    own = [places.index(name) for key, name in found.items() if len(brought[key]) == MATRIX]
    return own == sorted(own)


def _told(brought: Mapping[str, Shape], known: Mapping[str, Shape], *, turned: bool) -> dict[str, str] | None:
    """Each by its shape; every weight the other way round where `turned`. None where one can't be told."""
    found: dict[str, str] = {}
    shapes = {key: shape[::-1] if turned and _may_turn(key, shape) else shape for key, shape in brought.items()}
    for key, shape in shapes.items():
        alike = [one for one, other in shapes.items() if other == shape]
        candidates = [name for name, other in known.items() if other == shape]
        if len(alike) != len(candidates):
            return None
        found[key] = candidates[alike.index(key)]
    return found


def _may_turn(key: str, shape: Shape) -> bool:
    return key.rpartition(".")[2] in TURNED and "." in key and len(shape) == MATRIX


def _count(shapes: Mapping[str, Shape], shape: Shape) -> int:
    return sum(one == shape for one in shapes.values())
