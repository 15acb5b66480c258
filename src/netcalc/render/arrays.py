"""A result as NumPy arrays by name: `u`, `dW`, …"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.files.write import write_npz
from netcalc.result import Result, Tensor


def npz(result: Result, file: BinaryIO) -> None:
    """Every tensor as float64, by its name. Raises NetcalcError where one is a formula."""
    write_npz(file, {_name(result, tensor): as_floats(tensor) for tensor in result.tensors})


def _name(result: Result, tensor: Tensor) -> str:
    """A net's gradients are called as what they are of: W1, b1, x; but z1 and a1 are the forward pass's."""
    forward = {one.name for one in result.tensors if one.of is None}
    return tensor.name if result.command != "net" or tensor.key in forward else tensor.key


def as_floats(tensor: Tensor) -> np.ndarray:
    """A tensor's float64 values, NaN where one isn't decided. Raises NetcalcError where one is a formula."""
    if any(value.formula is not None for value in tensor.values):
        raise NetcalcError(f"{tensor.name} is a formula, and .npz holds numbers: give what it needs, or --only others")
    return tensor.numbers()
