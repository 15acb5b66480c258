"""Feed netcalc bytes until the time is up: python tests/fuzz TARGET SECONDS [FOLDER]

Findings are written to FOLDER (by default a new one), each kind once, and the run goes on; it ends with 1 if there are
any. The corpus grows in FOLDER/corpus, so that the next run starts where this one ended.
"""

from __future__ import annotations

import faulthandler
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

import atheris
import record

SECONDS = 15.0  # of computing, in any one run
MEGABYTES = 500  # that one run may add

with atheris.instrument_imports(include=["netcalc"]):
    import targets

    import netcalc.api
    import netcalc.circuit
    import netcalc.cli
    import netcalc.commands.grad
    import netcalc.derivation.algebra
    import netcalc.derivation.closed
    import netcalc.solving.expressions  # noqa: F401


class Findings:
    """What went wrong, each kind once, a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kinds: set[str] = set()
        self.runs = 0
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

    def count(self) -> None:
        """Runs so far, and what came of them."""
        self.runs += 1
        if self.runs % 100 == 0 or self.runs < 10:
            minutes = (time.monotonic() - self.started) / 60
            line = f"{self.runs} runs in {minutes:.1f} min, {len(self.kinds)} findings; {dict(record.tally)}\n"
            (self.folder / "tally.txt").write_text(line)


def kind_of(error: BaseException) -> str:
    """The exception and where in netcalc it arose; what it says, for a demand that does not hold."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "netcalc" in one.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    said = f": {str(error)[:40]}" if isinstance(error, record.Contradiction) else ""
    return f"{type(error).__name__}{said}{where}"


def main() -> None:
    """Run one target."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="fuzz-")).absolute()
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    os.environ["NETCALC_CACHE"] = str(folder / "cache")
    os.chdir(tempfile.mkdtemp())
    hung = (folder / "hung.txt").open("w")
    found, target = Findings(folder), targets.TARGETS[name]

    def run(data: bytes) -> None:
        faulthandler.dump_traceback_later(2 * SECONDS, file=hung)
        started, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            target(atheris.FuzzedDataProvider(data), data)
        except Exception as error:  # noqa: BLE001 - each is a finding
            found.add(kind_of(error), data, traceback.format_exc())
        faulthandler.cancel_dump_traceback_later()
        taken = time.process_time() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        if taken > SECONDS:
            found.add(f"took {taken:.0f} s {record.tried[0][:30]}", data, "")
        if grown > MEGABYTES:
            found.add(f"took {grown:.0f} MB more", data, "")
        found.count()

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if name != "text" or draw.random() < 0.3:
            return atheris.Mutate(data, most)
        text = targets.mutated(data.decode("utf-8", "surrogateescape"), draw)
        return text.encode("utf-8", "surrogateescape")[:most]

    length = 400 if name == "text" else 200
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={length}",
        "-timeout=120",
        "-rss_limit_mb=3000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], run, custom_mutator=mutate)
    atheris.Fuzz()


main()
