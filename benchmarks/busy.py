"""A net on a machine that does other things too: alone, and beside two loops that never rest.

netcalc multiplies with one thread of BLAS, large matrices in parts that two do side by side. The peer is the same
command with two threads of BLAS for every product, as NumPy would have it on two processors.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import net
from benchmarks.case import Case, Command, netcalc

PEER = "the same, two threads for every product"
LOOP = f"{shlex.quote(sys.executable)} -c 'while True: pass'"


def prepare(folder: Path) -> None:
    """The nets of the other benchmark."""
    net.prepare(folder)


def cases(folder: Path) -> Iterator[Case]:
    """Many small products, and a few large ones."""
    asked = ("-f", "csv", "--only", "loss")
    nets = {
        "1,000 layers of 64 × 64, 256 rows": netcalc("net", folder / "deep1000.toml", *asked),
        "784-512-512-10, 1024 rows": netcalc("net", folder / "net.toml", *asked),
    }
    for what, ours in nets.items():
        yield Case(what, ours, {PEER: two_threads(ours)})
        yield Case(f"{what}; beside two busy loops", beside(ours), {PEER: beside(two_threads(ours))})


def two_threads(command: Command) -> Command:
    """The same with BLAS's threads as they are set."""
    return Command(("env", "OPENBLAS_NUM_THREADS=2", *command.words), command.needs)


def beside(command: Command) -> Command:
    """The same beside two loops, which end with it."""
    loops = f"{LOOP} & first=$!; {LOOP} & second=$!"
    line = f"{loops}; {shlex.join(command.words)}; status=$?; kill $first $second; exit $status"
    return Command(("sh", "-c", line), command.needs)
