"""Whether rounding in float64 may have reached digits of a sum that are shown."""

from __future__ import annotations

import numpy as np

UNIT = 2.0**-53
SHOWN = 5e-7  # half a unit of the sixth digit, the last that a table shows
MOST = 4_000_000  # multiplications; of a larger layer the corner that a table shows is looked at
CORNER = 3
LONG = 1 << 14  # numbers


def sums_cancel(v: np.ndarray, W: np.ndarray, b: np.ndarray | None, z: np.ndarray) -> bool:
    """Whether rounding may have reached the sixth digit of a sum z = W v + b: |z - fl(z)| <= n·u·(|W||v| + |b|).

    `v` (samples, n), `W` (m, n), `b` (m,) or None, `z` (samples, m). N. J. Higham 2002, Accuracy and Stability, ch. 3.
    """
    if len(v) * W.size > MOST:
        v, W, z = v[:CORNER], W[:CORNER], z[:CORNER, :CORNER]
        b = None if b is None else b[:CORNER]
    return bool(np.any(cancelled(v, W, b, z)))


def cancelled(v: np.ndarray, W: np.ndarray, b: np.ndarray | None, z: np.ndarray) -> np.ndarray:
    """Which of the sums z = W v + b it may have reached, (samples, m). Sums of whole numbers are exact."""
    size = _product_of_sizes(v, W)
    if b is not None:
        size += np.abs(b)
    lost: np.ndarray = (W.shape[1] + 1) * UNIT * size > SHOWN * np.abs(z)
    if lost.any() and _whole(W) and (b is None or _whole(b)):
        lost &= ~((v == np.rint(v)).all(axis=1)[:, None] & (size <= 1 / UNIT))
    return lost


def _product_of_sizes(v: np.ndarray, W: np.ndarray) -> np.ndarray:
    """|v| |W|ᵀ; of long rows a few columns at a time, so that their absolute values stay in the processor's cache."""
    if W.shape[1] <= LONG:
        product: np.ndarray = np.abs(v) @ np.abs(W).T
        return product
    parts = (slice(first, first + LONG) for first in range(0, W.shape[1], LONG))
    return sum((np.einsum("ij,kj->ik", np.abs(v[:, part]), np.abs(W[:, part])) for part in parts), np.zeros(1))


def _whole(numbers: np.ndarray) -> bool:
    return bool((numbers == np.rint(numbers)).all())
