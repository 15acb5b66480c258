"""What turns a formula on a block of numbers into a kernel for arrays of any shape and size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from netcalc.errors import ShapeError
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = "NDArray[np.float64]"

BLOCK = 16384  # numbers a time: a formula's intermediate arrays then stay in the processor's cache


class Kernels(NamedTuple):
    """An activation in float64: each takes an array and the row's parameters, and gives an array of its shape."""

    value: Callable[..., Array]
    slope: Callable[..., Array]
    curvature: Callable[..., Array]


class LossKernels(NamedTuple):
    """A loss in float64: each takes the outputs, the targets and the row's parameters."""

    value: Callable[..., Array]
    slope: Callable[..., Array]


def elementwise(formula: Callable[..., Array]) -> Callable[..., Array]:
    """`formula` on blocks `(n,)` -> a kernel on arrays of any shape.

    Overflow and underflow inside are meant, so NumPy's warnings are off; the argument is never written to.
    """

    @wraps(formula)
    def kernel(q: ArrayLike, **parameters: Fraction) -> Array:
        return _blockwise(formula, (np.asarray(q, dtype=np.float64),), parameters)

    return kernel


def pairwise(formula: Callable[..., Array]) -> Callable[..., Array]:
    """`formula` on two blocks `(n,)` -> a kernel on two arrays whose shapes broadcast.

    The kernel raises ShapeError if they do not. Warnings and arguments are treated as in `elementwise`.
    """

    @wraps(formula)
    def kernel(a: ArrayLike, t: ArrayLike, **parameters: Fraction) -> Array:
        arrays = np.asarray(a, dtype=np.float64), np.asarray(t, dtype=np.float64)
        try:
            return _blockwise(formula, np.broadcast_arrays(*arrays), parameters)
        except ValueError as error:
            shapes = " and ".join(str(array.shape) for array in arrays)
            raise ShapeError(f"outputs and targets of shapes {shapes} do not fit together") from error

    return kernel


def kernels(*formulas: Callable[..., Array]) -> Kernels:
    """Those of an activation whose value, slope and curvature are these formulas on blocks."""
    return Kernels(*map(elementwise, formulas))


def loss_kernels(*formulas: Callable[..., Array]) -> LossKernels:
    """Those of a loss whose value and slope are these formulas on two blocks."""
    return LossKernels(*map(pairwise, formulas))


def _blockwise(formula: Callable[..., Array], arrays: tuple[Array, ...], parameters: Mapping[str, Fraction]) -> Array:
    """`formula` on arrays of one shape, `BLOCK` numbers at a time."""
    flat = [array.reshape(-1) for array in arrays]
    result = np.empty(flat[0].shape)
    with np.errstate(all="ignore"):
        for start in range(0, result.size, BLOCK):
            block = slice(start, start + BLOCK)
            result[block] = formula(*(array[block] for array in flat), **parameters)
    return result.reshape(arrays[0].shape)


def patch(result: Array, q: Array, mask: NDArray[np.bool_], formula: Callable[[Array], Array]) -> Array:
    """`result` with `formula` of those `q` in its place where `mask` holds; nothing is computed if it holds nowhere."""
    if mask.any():
        result[mask] = formula(q[mask])
    return result


def gated(q: Array, product: Array) -> Array:
    """`product` = q·gate(q) where gate(0) = 1/2: a tiny q as q - q/2, since q/2 of the smallest subnormal is 0."""
    return np.where(np.abs(q) < 1e-300, q - 0.5 * q, product)


@lru_cache(maxsize=128)
def resolve(reference: str) -> Any:
    """The kernels of the activation or loss whose row says `module:NAME`."""
    module, name = reference.split(":")
    return getattr(importlib.import_module(f"netcalc.catalogue.kernels.{module}"), name)
