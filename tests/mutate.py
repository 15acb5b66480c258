"""Change one thing in the code and see whether a test notices: python tests/mutate.py [OPTIONS] FOLDER…

Draws changes of operators, comparisons and numbers, and of sums that lose a term, in the files of folders such as
`arithmetic`; makes all of them in one copy, each behind a switch (`mutants.py`); runs the tests once to see which of them
ask for which switch; then turns one switch after the other, with tests that ask for it, of as many functions as there are,
the shortest first, then with all cases of the functions that ask for the fewest, until one fails that passes without it; and
lists the changes that all of them pass.

With --keep a run that is cut goes on where it was; and `arithmetic --keep FOLDER --again tests/test_a.py …` tries what survived
of arithmetic there with all tests of these files, as they are now.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from changes import CHECKOUT, SOURCE, Change, changes, probe, switched

TESTS_EACH = 150  # that are tried on a change,
SECONDS_EACH = 4  # as long as they compute no more than this,
SECONDS_WHOLE = 8  # and then all cases of some of their functions
FILE_SECONDS = 120  # that a file of tests computes, where it was not recorded
CONTROL = 1_000_000  # numbers from here on are no change's


class Recorded(NamedTuple):
    """How long a test computes, the switches it asks for, and how many cases its function has."""

    seconds: float
    asked: Sequence[int]
    cases: int


@dataclass(frozen=True)
class Run:
    """A draw, with its copy of the checkout and what became of it, in a folder."""

    folder: Path
    at_once: int

    @property
    def copy(self) -> Path:
        return self.folder / "checkout"

    @property
    def drawn(self) -> list[Change]:
        return [Change(**one) for one in json.loads((self.folder / "drawn.json").read_text("utf-8"))]

    def make(self, drawn: Sequence[Change]) -> None:
        """The copy, with all changes behind their switches."""
        shutil.copytree(CHECKOUT, self.copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
        shutil.copy(CHECKOUT / "tests" / "mutants.py", self.copy / "src" / "mutants.py")
        for name in {one.file for one in drawn}:
            own = [(number, one) for number, one in enumerate(drawn) if one.file == name]
            target = self.copy / "src" / "netcalc" / name
            target.write_text(switched(target, own), "utf-8")
        (self.folder / "drawn.json").write_text(json.dumps([asdict(one) for one in drawn]), "utf-8")

    def pytest(self, words: Sequence[str], **variables: str) -> int:
        """On the copy: its exit status."""
        environment = {
            "PYTHONPATH": str(self.copy / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MUTANTS_AT_ONCE": str(self.at_once),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "mutants", *words]
        with (self.folder / "pytest.log").open("a") as log:
            done = subprocess.run(
                command, cwd=self.copy, env=os.environ | environment | variables, stdout=log, check=False
            )
        return done.returncode

    def reached(self, tests: Sequence[str]) -> dict[str, Recorded]:
        """For each test what was recorded; under "" what imports ask for."""
        done = self.folder / "reached.json"
        if not done.exists():
            for file in self.folder.glob("seen*"):
                file.unlink()
            several = ["-n", str(self.at_once)] if self.at_once > 1 else []
            self.pytest([*several, *tests], MUTANTS_REACHED=str(self.folder / "seen"))
            lines = [line for file in self.folder.glob("seen*") for line in file.read_text("utf-8").splitlines()]
            done.write_text(json.dumps({test: recorded for test, *recorded in map(json.loads, lines)}))
        return {test: Recorded(*one) for test, one in json.loads(done.read_text("utf-8")).items()}

    def tried(self) -> dict[int, tuple[int, str]]:
        """By change, with what status it ended, 0 if nothing failed, and the test that failed."""
        path = self.folder / "plan.tried"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return {number: (status, test) for number, status, test in map(json.loads, lines)}

    def try_(self, plan: Mapping[int, Sequence[str]], seconds: Mapping[str, float], at_import: set[int]) -> None:
        """Those of the plan that were not tried: together, or, if imports ask for them, each in a process of its own."""
        path = self.folder / "plan.json"
        rest = {number: tests for number, tests in plan.items() if number not in self.tried()}
        together = {number: tests for number, tests in rest.items() if number not in at_import}
        for part in [together, *({number: rest[number]} for number in sorted(rest.keys() & at_import))]:
            if part:
                each = {
                    n: {"tests": t, "seconds": sum(seconds.get(test, FILE_SECONDS) for test in t)}
                    for n, t in part.items()
                }
                path.write_text(json.dumps(each), "utf-8")
                files = sorted({test.partition("::")[0] for tests in part.values() for test in tests if test[0] != "!"})
                alone = {} if part is together else {"MUTANT": str(next(iter(part)))}
                self.pytest(files, MUTANTS_TRIED=str(path), **alone)
                if alone:  # else a run that was cut
                    with (self.folder / "plan.tried").open("a") as lines:  # what could not even be collected
                        lines.writelines(f'[{number}, 1, ""]\n' for number in part.keys() - self.tried().keys())

    def forget(self, numbers: set[int]) -> None:
        """As if those had not been tried."""
        lines = [[number, *one] for number, one in self.tried().items() if number not in numbers]
        (self.folder / "plan.tried").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    def notice(self, plan: dict[int, list[str]], seconds: Mapping[str, float], at_import: set[int]) -> set[int]:
        """The changes that a test fails with which passes without them, or ends no more."""
        sound: set[str] = set()
        while True:
            self.try_(plan, seconds, at_import)
            ended = {number: one for number, one in self.tried().items() if number in plan and one[0]}
            suspects = sorted({test for _, test in ended.values() if test} - sound)
            control = {CONTROL + place: [test] for place, test in enumerate(suspects)}
            self.try_(control, seconds, set())
            unsound = {control[number][0] for number in control if self.tried()[number][0]}
            self.forget(set(control))
            if not unsound:
                return set(ended)
            sound |= set(suspects) - unsound
            again = {number for number, (_, test) in ended.items() if test in unsound}
            self.forget(again)
            plan |= {number: [*plan[number], *(f"!{test}" for test in unsound)] for number in again}


def planned(drawn: Sequence[Change], told: Mapping[str, Recorded]) -> dict[int, list[str]]:
    """For each change the tests to try, the shortest first, then functions of which all cases are tried."""
    tests_of_all = [test for test in told if test]
    by_number: dict[int, list[str]] = {}
    for test in tests_of_all:
        for number in told[test].asked:
            by_number.setdefault(number, []).append(test)
    first: dict[str, int] = {}
    plan = {}
    for number, change in enumerate(drawn):
        of_file = probe(first.setdefault(change.file, number))
        tests = by_number.get(number, [])
        if number in told[""].asked:  # then whatever runs anything of the file, and a few of all
            tests = by_number.get(of_file) or tests_of_all
        if tests:
            plan[number] = [*varied(tests, {test: told[test].seconds for test in tests}), *whole(tests, told)]
    return plan


def whole(tests: Sequence[str], told: Mapping[str, Recorded]) -> list[str]:
    """Functions of the tests, of which all cases are tried: those that ask for the fewest switches first."""
    recorded: dict[str, list[Recorded]] = {}
    for test in tests:
        recorded.setdefault(test.partition("[")[0], []).append(told[test])
    taken, spent = [], 0.0
    for function, ones in sorted(recorded.items(), key=lambda each: min(len(one.asked) for one in each[1])):
        seconds = ones[0].cases * sum(one.seconds for one in ones) / len(ones)
        if len(ones) < ones[0].cases and spent + seconds <= SECONDS_WHOLE:
            taken.append(function)
            spent += seconds
    return taken


def varied(tests: Sequence[str], seconds: Mapping[str, float]) -> list[str]:
    """As many as are tried, the shortest first: of each test function its shortest case, then of each the next."""
    cases: Counter[str] = Counter()
    rounds = []
    for test in sorted(tests, key=seconds.__getitem__):
        function = test.partition("[")[0]
        rounds.append((cases[function], seconds[test], test))
        cases[function] += 1
    taken, spent = [], 0.0
    for _, each, test in sorted(rounds)[:TESTS_EACH]:
        if not taken or spent + each <= SECONDS_EACH:
            taken.append(test)
            spent += each
    return sorted(taken, key=seconds.__getitem__)


def draw(folders: Sequence[str], count: int, seed: int) -> tuple[list[Change], int]:
    """So many changes, of different expressions, and how many there are."""
    paths = [SOURCE / folder for folder in folders]
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    possible = [one for file in files for one in changes(file)]
    order = random.Random(seed).sample(possible, len(possible))
    return list({(one.file, one.place): one for one in reversed(order)}.values())[::-1][:count], len(possible)


def again(run: Run, folders: Sequence[str], tests: Sequence[str]) -> None:
    """Try what survived, or was not tried, in those folders with all of these tests, as they are now."""
    noticed = {number for number, one in run.tried().items() if one[0]}
    left = {n for n, one in enumerate(run.drawn) if n not in noticed and one.file.startswith(tuple(folders) or "")}
    for test in tests:
        shutil.copy(CHECKOUT / test, run.copy / test)
    if code := run.pytest(["--collect-only", *tests]):
        sys.exit(
            f"the tests as they are now don't fit the code that was changed: see {run.folder / 'pytest.log'} ({code})"
        )
    run.forget(left)
    run.notice({number: list(tests) for number in left}, {}, set(run.reached([])[""].asked))


def main() -> int:
    """Draw, try, list; 1 if any change survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", help="of src/netcalc, or files there")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="*", default=["tests"], help="of which those are taken that ask for a switch")
    parser.add_argument("--at-once", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, help="a folder for all that is made, where a run that was cut goes on")
    parser.add_argument("--again", nargs="*", help="test files to try what survived in the folder with")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = Run(asked.keep or Path(name), asked.at_once)
        if not run.copy.exists():
            run.folder.mkdir(parents=True, exist_ok=True)
            drawn, possible = draw(asked.folders, asked.count, asked.seed)
            run.make(drawn)
            print(f"{len(drawn)} changes drawn of {possible}", flush=True)
        if asked.again:
            again(run, asked.folders, asked.again)
        else:
            told = run.reached(asked.tests)
            run.notice(planned(run.drawn, told), {test: one.seconds for test, one in told.items()}, set(told[""].asked))
        tried, drawn = run.tried(), run.drawn
    noticed = {number for number, one in tried.items() if one[0]}
    for number, one in enumerate(drawn):
        if number not in noticed:
            print(f"{'survives' if number in tried else 'no test asks'}: {number}: {one}")
    print(f"{len(noticed)} of {len(drawn)} changes are noticed")
    return int(len(noticed) < len(drawn))


if __name__ == "__main__":
    sys.exit(main())
