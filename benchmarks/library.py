"""netcalc's functions in a loop, each time with another number: what a call costs once it is warm, and what it keeps.

A process makes so many calls; what one costs is the difference between the rows over that of the calls.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.case import Growth, python

CALLS = (100, 1000, 10_000)
LOOP = """
import sys, netcalc, numpy as np
W, x = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]], np.ones((4, 3))
def squared(x, W):
    h = np.tanh(x @ W)
    return (h * h).sum()
for n in range(int(sys.argv[1])):
"""
BODIES = {
    "netcalc.neuron, two inputs": "netcalc.neuron(x=[n / 7, -2], w=[4, -4], b=-3)",
    "netcalc.linear, 3 × 4": "netcalc.linear(W, v=[n, 0, -1, 2], b=[0, 1, 2], delta=[1, -2, 3])",
    "netcalc.grad of x*y+sin(x)": "netcalc.grad('x*y+sin(x)', at={'x': n / 7, 'y': 2})",
    "netcalc.gradients of a function, sum(tanh(x W)²)": "netcalc.gradients(squared, x=x, W=np.full((3, 3), n / 7e4))",
}


def cases(_folder: object) -> Iterator[Growth]:
    """By calls."""
    for what, body in BODIES.items():
        yield Growth(what, "calls", {calls: python(f"{LOOP}    {body}\n", calls) for calls in CALLS})
