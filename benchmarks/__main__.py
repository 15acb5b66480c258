"""`python -m benchmarks [NAME…]`."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.case import Case
from benchmarks.measure import Comparison, Scaling, compare, grow, machine
from benchmarks.report import keep_in, missing, section

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
HAS_BENCHMARKS = re.compile(r"^def (cases|tables)\(", re.MULTILINE)
ORDER = (
    *("startup", "certified", "library", "wide", "rows", "linear"),
    *("net", "busy", "programs", "grad", "tensors", "grade"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and keep what was measured; 1 if a promise is missed."""
    options = parser().parse_args(arguments)
    if unknown := set(options.names) - set(names()):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    sections, everything = [], list[Comparison | Scaling]()
    for name in options.names or names():
        module = import_module(f"benchmarks.{name}")
        if hasattr(module, "tables"):
            count(module, dry=options.dry)
            continue
        found = measure(module, options.runs)
        text = section(name, module.__doc__ or "", found)
        print(f"\n{text}", flush=True)
        sections.append((name, text))
        everything += found
    print(f"\n{machine()}")
    if absent := list(missing(everything)):
        print(f"not installed, so not measured: {', '.join(absent)}")
    if sections and not options.dry:
        keep_in(PAGE, [("machine", f"Measured on {machine()}."), *sections])
    return int(any(isinstance(one, Comparison) and one.kept is False for one in everything))


def count(module: ModuleType, *, dry: bool) -> None:
    """What is counted rather than timed, kept in a page of its own."""
    found = list(module.tables())
    print("\n\n".join(text for _, text in found), flush=True)
    if not dry:
        keep_in(module.PAGE, found)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m benchmarks", description="netcalc beside other tools.")
    found.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    found.add_argument("--runs", type=int, default=7, help="pairs of runs a case (default: 7)")
    found.add_argument("--dry", action="store_true", help="print alone; leave docs/performance.md as it is")
    return found


def names() -> list[str]:
    """The files beside this one that have cases, or tables."""
    own = (path.stem for path in HERE.glob("*.py") if HAS_BENCHMARKS.search(path.read_text(encoding="utf-8")))
    return sorted(own, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def measure(module: ModuleType, runs: int) -> list[Comparison | Scaling]:
    """Every case of a file, its inputs made first."""
    with tempfile.TemporaryDirectory(prefix="netcalc-benchmark-") as name:
        folder = Path(name)
        if hasattr(module, "prepare"):
            make = f"import pathlib, {module.__name__} as m; m.prepare(pathlib.Path({name!r}))"
            subprocess.run([sys.executable, "-c", make], check=True, cwd=HERE.parent)
        found: list[Comparison | Scaling] = []
        for case in module.cases(folder):
            print(f"  {module.__name__.rpartition('.')[2]}: {case.what} …", file=sys.stderr, flush=True)
            found += compare(case, runs) if isinstance(case, Case) else [grow(case, runs)]
        return found


if __name__ == "__main__":
    sys.exit(main())
