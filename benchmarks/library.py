"""netcalc's functions in a loop, each time with another number: what a call costs once it is warm, and what it keeps.

A process makes so many calls; what one costs is the difference between the rows over that of the calls. The table
before has 4,000 calls over two processes, and over two threads, beside all of them one after the other: two processes
take two processors; Python lets one thread run at a time, so that threads gain nothing and should lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.case import Case, Growth, python

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
SHARED = """
import sys, netcalc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def solved(n):
    return float(netcalc.neuron(x=[n / 7, -2], w=[4, -4], b=-3)["f"].numbers())
def main(kind):
    calls = range(4000)
    if kind == "alone":
        return sum(map(solved, calls))
    with {"processes": ProcessPoolExecutor, "threads": ThreadPoolExecutor}[kind](2) as pool:
        return sum(pool.map(solved, calls, chunksize=500))
if __name__ == "__main__":
    print(main(sys.argv[1]))
"""


def cases(_folder: object) -> Iterator[Case | Growth]:
    """Shared among two workers; by calls."""
    alone = python(SHARED, "alone")
    for kind, most in (("processes", 0.75), ("threads", 1.3)):
        promise = {"one after the other": most}
        yield Case(f"4,000 neurons over two {kind}", python(SHARED, kind), {"one after the other": alone}, promise)
    for what, body in BODIES.items():
        yield Growth(what, "calls", {calls: python(f"{LOOP}    {body}\n", calls) for calls in CALLS})
