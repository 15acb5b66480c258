"""Arrays by other names, such as a state_dict's, told by their shapes: in order, where as many are of each shape."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.errors import NetcalcError

Shape = tuple[int, ...]
MATRIX = 2  # axes
TURNED = ("weight",)  # what PyTorch's Linear calls (outputs, inputs), which many write (inputs, outputs)


def by_shape(brought: Mapping[str, Shape], known: Mapping[str, Shape], others: Mapping[str, Shape]) -> dict[str, str]:
    """Which of the `known` names each of the brought ones is; of `others` where the known ones leave doubts.

    A weight that fits the other way round is that of a Linear layer: `is_turned` tells. Raises NetcalcError.
    """
    for candidates in (dict(known), {**known, **others}):
        for turned in (False, True):
            found = _told(brought, candidates, turned=turned)
            if found is not None:
                return found
    known = {**known, **others}
    listed = ", ".join(f"{name} {shape}" for name, shape in known.items()) or "none are left"
    key, shape = next(
        (one for one in brought.items() if _count(brought, one[1]) != _count(known, one[1])),
        next(iter(brought.items())),
    )
    raise NetcalcError(f"which gradient {key} {shape} is can't be told: say names={{'{key}': …}}; {listed}")


def is_turned(key: str, brought: Shape, known: Shape) -> bool:
    """Whether an array is a Linear layer's weight, the other way round than it is here."""
    return key.rpartition(".")[2] in TURNED and "." in key and brought == known[::-1] and brought != known


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
