"""Rotary positions: pairs of features are turned by an angle that grows with the place.

    netcalc net rope.py --shape q=3,4 k=3,4
"""
import numpy as np

T, D = q.shape
angles = np.outer(np.arange(T), 10000.0 ** (-np.arange(0, D, 2) / D))       # (T, D/2)
cos, sin = np.cos(angles), np.sin(angles)
q1, q2 = q[:, 0::2], q[:, 1::2]
k1, k2 = k[:, 0::2], k[:, 1::2]
qr = np.concatenate([q1 * cos - q2 * sin, q1 * sin + q2 * cos], axis=1)
kr = np.concatenate([k1 * cos - k2 * sin, k1 * sin + k2 * cos], axis=1)
out = qr @ kr.T
