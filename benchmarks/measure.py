"""Processes timed from start to exit, in pairs, so that a machine whose speed drifts does not decide a ratio."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from benchmarks.case import Case, Command, Growth

MEGABYTE = 1 << 20
ENOUGH_SECONDS = 15.0  # runs of one case, all peers together, take about so long
GROWTH_SECONDS = 4.0  # and those of one amount of work
FEW = 3  # runs: so few are of commands so long that it hardly matters if files have been read before
AT_WORK = 1.25  # times its start-up: what takes less is no measure of growth


@dataclass(frozen=True, slots=True)
class Run:
    """Wall seconds, and the peak memory in MB of the largest process."""

    seconds: float
    memory: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One case beside one peer: medians, and the medians of the pairs' ratios; None where the peer is missing."""

    what: str
    peer: str
    missing: tuple[str, ...] = ()
    ours: Run | None = None
    theirs: Run | None = None
    seconds: float | None = None
    memory: float | None = None
    most: float | None = None
    most_memory: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether what was promised holds; None where nothing was, or the peer is missing."""
        if self.seconds is None or self.memory is None or (self.most is None and self.most_memory is None):
            return None
        return self.seconds <= (self.most or math.inf) and self.memory <= (self.most_memory or math.inf)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Seconds by amount of work, and the exponent p of seconds ~ work^p where work is most of them."""

    growth: Growth
    runs: Mapping[int, Run]
    exponent: float | None


def run(command: Command) -> Run:
    """Start a command and wait for it. Raises RuntimeError if it fails."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as errors:
        environment = os.environ | ({"NETCALC_CACHE": empty} if command.first_run else {})
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once
        begin = time.perf_counter()
        process = subprocess.Popen(
            command.words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != command.status:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command.words)[:300]} failed: {errors.read().decode(errors='replace')}")
    return Run(seconds, used.ru_maxrss * 1024 / MEGABYTE)  # ru_maxrss is in KB on Linux


def compare(case: Case, runs: int) -> list[Comparison]:
    """The case beside each of its peers, run in turn; the first round fills the caches of files and of derivations."""
    present = {name: peer for name, peer in case.peers.items() if not peer.missing}
    commands = {"": case.ours, **present}
    first = {name: run(command) for name, command in commands.items()}
    count = min(case.runs or runs, int(ENOUGH_SECONDS / sum(one.seconds for one in first.values())))
    found = [{name: run(command) for name, command in commands.items()} for _ in range(count)]
    return [
        _comparison(case, name, peer, found if count >= FEW else [*found, first]) for name, peer in case.peers.items()
    ]


def _comparison(case: Case, name: str, peer: Command, found: Sequence[Mapping[str, Run]]) -> Comparison:
    if peer.missing:
        return Comparison(case.what, name, tuple(peer.missing))
    return Comparison(
        case.what,
        name,
        ours=middle([pair[""] for pair in found]),
        theirs=middle([pair[name] for pair in found]),
        seconds=median(pair[""].seconds / pair[name].seconds for pair in found),
        memory=median(pair[""].memory / pair[name].memory for pair in found),
        most=case.most.get(name),
        most_memory=case.most_memory.get(name),
    )


def middle(runs: Sequence[Run]) -> Run:
    """The median of seconds, and that of memory."""
    return Run(median(one.seconds for one in runs), median(one.memory for one in runs))


def grow(growth: Growth, runs: int) -> Scaling:
    """The command at every amount of work."""
    run(next(iter(growth.commands.values())))
    found = {}
    for work, command in growth.commands.items():
        several = [run(command)]
        while len(several) < min(FEW, runs) and sum(one.seconds for one in several) < GROWTH_SECONDS:
            several.append(run(command))
        found[work] = middle(several)
    return Scaling(growth, found, exponent({work: one.seconds for work, one in found.items()}))


def exponent(seconds: Mapping[int, float]) -> float | None:
    """The slope of log seconds against log work, by least squares; None where fewer than two amounts tell of it.

    Start-up is what is left of the least where its work is taken off, at the rate of the next amount; amounts that are
    less, or take hardly more, are left out.
    """
    least = min(seconds, key=lambda work: seconds[work])
    after = min((work for work in seconds if work > least), default=None)
    if after is None:
        return None
    start = max(0.0, seconds[least] - (seconds[after] - seconds[least]) * least / (after - least))
    at_work = {work: taken - start for work, taken in seconds.items() if work > least and taken > AT_WORK * start}
    points = [(math.log(work), math.log(taken)) for work, taken in at_work.items()]
    if len(points) < 2:
        return None
    x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def machine() -> str:
    """What was measured on: processors, memory, and the versions that matter."""
    names = ("numpy", "sympy", "python-flint", "typer", "polars", "pandas", "torch", "jax", "autograd", "dask")
    versions = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GB; {platform.system()}; " + ", ".join(versions)
