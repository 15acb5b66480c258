"""Feed netcalc bytes until the time is up: python tests/fuzz TARGET SECONDS [FOLDER]

TARGET is one of those in targets.py, or `all`: one after the other, two at a time. Findings are written to FOLDER (by
default a new one), each kind once, and the run goes on; it ends with 1 if there are any. It starts from the corpus beside
this file, which grows in FOLDER/corpus, so that the next run starts where this one ended. In a new folder the same runs
are made in the same order each time, as far as the time goes; FUZZ_SEED=2, or any whole number above 0, draws others.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import faulthandler
import io
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

import engine
import record

SECONDS = 30.0  # of processor time, in any one run: a loaded machine takes more of it too
MEGABYTES = 500  # that one run may add
ADDR_NO_RANDOMIZE = 0x0040000  # of personality(2)
SEED = "0"  # of hashes, by which sets are ordered
CORPUS = Path(__file__).resolve().parent / "corpus"


class Findings:
    """What went wrong, each kind once, a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kinds: set[str] = set()
        self.runs = 0
        self.slowest = 0.0
        self.started = time.monotonic()

    def add(self, kind: str, data: bytes, told: str) -> None:
        """Write it down, if it is of a new kind."""
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        text = "\n".join([kind, *record.tried, told])
        (self.folder / f"{len(self.kinds):03}.txt").write_text(text, "utf-8", "backslashreplace")
        (self.folder / f"{len(self.kinds):03}.bytes").write_bytes(data)
        print(f"finding {len(self.kinds)}: {kind}: {record.tried}", file=sys.__stderr__, flush=True)

    def count(self, seconds: float) -> None:
        """Runs so far, what came of them, and how long the longest took."""
        self.runs += 1
        self.slowest = max(self.slowest, seconds)
        if self.runs % 100 == 0 or self.runs < 10:
            minutes = (time.monotonic() - self.started) / 60
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            line = (
                f"{self.runs} runs in {minutes:.1f} min, {len(self.kinds)} findings; the longest {self.slowest:.1f} s, "
            )
            line += f"{most:.0f} MB at most; {dict(record.tally)}\n"
            (self.folder / "tally.txt").write_text(line)


def kind_of(error: BaseException) -> str:
    """The exception and where in netcalc it arose; what it says, for a demand that does not hold."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "netcalc" in one.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    said = f": {str(error)[:40]}" if isinstance(error, record.Contradiction) else ""
    return f"{type(error).__name__}{said}{where}"


def load() -> None:
    """Import what is watched, and what the targets are."""
    with engine.imported(), contextlib.redirect_stderr(io.StringIO()):  # where each module would be named
        import targets  # noqa: F401

        import netcalc.api
        import netcalc.checking.backward.check
        import netcalc.circuit
        import netcalc.cli
        import netcalc.commands.grade
        import netcalc.models.programs
        import netcalc.solving.expressions  # noqa: F401


def one(name: str, seconds: int, folder: Path) -> None:
    """Run one target."""
    import targets

    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    os.environ["NETCALC_CACHE"] = str(folder / "cache")
    os.chdir(tempfile.mkdtemp(dir=folder))
    hung = (folder / "hung.txt").open("w")
    found, target = Findings(folder), targets.TARGETS[name]

    def run(data: bytes) -> None:
        faulthandler.dump_traceback_later(4 * SECONDS, file=hung)
        started, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            target(engine.provider(data), data)
        except Exception as error:  # noqa: BLE001 - each is a finding
            found.add(kind_of(error), data, traceback.format_exc())
        faulthandler.cancel_dump_traceback_later()
        taken = time.process_time() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        if taken > SECONDS:
            found.add(f"took {taken:.0f} s {record.tried[0][:30]}", data, "")
        if grown > MEGABYTES:
            found.add(f"took {grown:.0f} MB more", data, "")
        found.count(taken)

    atexit.register(lambda: os._exit(1) if found.kinds else None)  # libFuzzer ends the process by itself
    committed = [CORPUS / name] if (CORPUS / name).is_dir() else []
    engine.fuzz(run, targets.CHANGES.get(name), [corpus, *committed], seconds, targets.LONGEST.get(name, 3000))


def every(seconds: int, folder: Path) -> int:
    """Run all targets, each in a fork of this process; 1 if any has a finding, or died."""
    from targets import TARGETS

    waiting, running, is_right = list(TARGETS), dict[int, tuple[str, float]](), True
    while waiting or running:
        while waiting and len(running) < 2:
            name = waiting.pop(0)
            (folder / name).mkdir(parents=True, exist_ok=True)
            forked = os.fork()
            if not forked:
                told = os.open(folder / name / "told.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(told, 1)
                os.dup2(told, 2)
                one(name, seconds, folder / name)
                return 0
            running[forked] = name, time.monotonic()
        ended, status = os.wait()
        name, begun = running.pop(ended)
        findings = sorted((folder / name).glob("[0-9]*.txt"))
        tally = folder / name / "tally.txt"
        told = tally.read_text().strip() if tally.exists() else "no run ended"
        print(f"{name}, {time.monotonic() - begun:.0f} s: {told}", flush=True)
        for file in findings:
            print(file.read_text("utf-8")[:3000], flush=True)
        if status:
            print((folder / name / "told.txt").read_text("utf-8", "replace")[-3000:], flush=True)
        is_right = is_right and not status and not findings
    return int(not is_right)


def again_alike() -> None:
    """The process anew, sets in the order that it has each time: no hash is random, nor, on Linux, any address."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": SEED})


def main() -> int:
    """Run what was asked for."""
    if os.environ.get("PYTHONHASHSEED") != SEED:
        again_alike()
    name, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="fuzz-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    print(
        "by atheris" if engine.HAS_ATHERIS else "by chance, as there is no atheris", folder, file=sys.stderr, flush=True
    )
    load()
    if name == "all":
        return every(seconds, folder)
    one(name, seconds, folder)
    return 0


sys.exit(main())
