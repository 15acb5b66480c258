"""mish: q·tanh(log(1 + exp(q))), a rational function of u = exp(-|q|)."""

from __future__ import annotations

import numpy as np

from netcalc.catalogue.kernels.elementwise import Array, kernels, patch
from netcalc.catalogue.kernels.errorfree import DEEP, decaying
from netcalc.catalogue.kernels.roots import MISH_LEFT_CURVATURE, MISH_RIGHT_CURVATURE, MISH_SLOPE

FAR = 1500.0  # here exp(-q)·q is long 0, and infinity times 0 is kept out


def _parts(q: Array) -> tuple[Array, Array, Array]:
    """(c, u, D): q within ±FAR, u = exp(-|c|), and D = u² + 2u + 2 below 0, 1 + 2u + 2u² from 0 on."""
    c = np.clip(q, -FAR, FAR)
    u = np.exp(-np.abs(c))
    return c, u, np.where(q >= 0, 1.0 + 2.0 * u * (1.0 + u), 2.0 + u * (u + 2.0))


def mish(q: Array) -> Array:
    """q·(1 + 2u)/D, or q·u(u + 2)/D below 0."""
    _, u, d = _parts(q)
    gate = np.where(q >= 0, 1.0 + 2.0 * u, u * (u + 2.0)) / d
    return patch(np.maximum(q, -FAR) * gate, q, q < DEEP, lambda deep: decaying(np.maximum(deep, -FAR), deep))


def mish_slope(q: Array) -> Array:
    """(1 + 2u + 4q·u²(1 + u)/D)/D, or u((u + 2)D + 4q(1 + u))/D² below 0; its root is at -1.192.

    The bracket on the left is written out in powers of u, so that 1 + q comes out exactly near the root.
    """
    c, u, d = _parts(q)
    right = (1.0 + 2.0 * u + 4.0 * c * (u * u) * (1.0 + u) / d) / d
    left = u * ((4.0 * (1.0 + c) + u * (6.0 + 4.0 * c + u * (4.0 + u))) / d / d)
    deep = patch(np.where(q >= 0, right, left), c, c < DEEP, lambda far: decaying(1.0 + far, far))
    return MISH_SLOPE.mend(deep, q)


def mish_curvature(q: Array) -> Array:
    """4u²(2(1 + u)D + q(2u³ + 2u² - 3u - 2))/D³, or 4u(2(1 + u)D + q(2 + 2u - 3u² - 2u³))/D³ below 0.

    Its roots are at -2.256 and 1.491; the brackets are written out in powers of u.
    """
    c, u, d = _parts(q)
    right = 2.0 * (1.0 - c) + u * (6.0 - 3.0 * c + u * (8.0 + 2.0 * c + u * (4.0 + 2.0 * c)))
    left = 2.0 * (2.0 + c) + u * (8.0 + 2.0 * c + u * (6.0 - 3.0 * c + u * (2.0 - 2.0 * c)))
    factor = 4.0 * np.where(q >= 0, right, left) / d / d / d
    plain = (factor * np.where(q >= 0, u, 1.0)) * u
    deep = patch(plain, c, c < DEEP, lambda far: decaying(2.0 + far, far))
    return MISH_RIGHT_CURVATURE.mend(MISH_LEFT_CURVATURE.mend(deep, q), q)


MISH = kernels(mish, mish_slope, mish_curvature)
