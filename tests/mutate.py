"""Change one thing in the code and see whether a test notices: python tests/mutate.py [OPTIONS] FOLDER…

Draws changes of operators, comparisons and numbers, and of sums that lose a term, in the files of folders such as
`arithmetic`; runs, for each, the tests that reach its line, in a copy; and lists the changes that all of them pass.
Which test reaches which line is found by a first run with coverage, kept in the file that --reached names.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE = CHECKOUT / "src" / "netcalc"
TENTH = 0.9  # of a bound: the test that holds it sees it a tenth too small
SECONDS = 300  # a change that makes a test run longer is noticed too
TESTS_AT_ONCE = 150  # of those that reach a line, the ones that reach the fewest others come first

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.LShift: ">>",
    ast.RShift: "<<",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
COMPARISONS: dict[type[ast.AST], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}


@dataclass(frozen=True)
class Change:
    """The code from `begin` to `end` (line, byte) of a file, with `new` in its place."""

    file: Path
    begin: tuple[int, int]
    end: tuple[int, int]
    new: str

    def applied(self) -> str:
        """The file's text with the change in it."""
        lines = self.file.read_bytes().splitlines(keepends=True)
        before = b"".join(lines[: self.begin[0] - 1]) + lines[self.begin[0] - 1][: self.begin[1]]
        after = lines[self.end[0] - 1][self.end[1] :] + b"".join(lines[self.end[0] :])
        return (before + self.new.encode() + after).decode()

    def __str__(self) -> str:
        line = self.file.read_text("utf-8").splitlines()[self.begin[0] - 1].strip()
        return f"{self.file.relative_to(SOURCE)}:{self.begin[0]}: {line}  ->  {self.new}"


def changes(file: Path) -> Iterator[Change]:
    """Every change of a file: of what runs, not of annotations, of texts, nor of what is checked for types alone."""
    waiting: list[ast.AST] = [ast.parse(file.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        for new in alternatives(node):
            yield Change(file, (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset), f"({new})")
        waiting += children(node)


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that compute."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST))


def alternatives(node: ast.AST) -> Iterator[str]:
    """What a node may be changed to."""
    match node:
        case ast.BinOp(left, operator, right) if not is_text(left) and not is_text(right):
            a, b = (f"({ast.unparse(one)})" for one in (left, right))
            yield f"{a} {OPERATORS.get(type(operator), '+')} {b}"
            if isinstance(operator, ast.Add | ast.Sub):
                yield a
        case ast.Compare(left, [operator], [right]):
            yield f"({ast.unparse(left)}) {COMPARISONS[type(operator)]} ({ast.unparse(right)})"
        case ast.BoolOp(operator, values):
            yield (" or " if isinstance(operator, ast.And) else " and ").join(f"({ast.unparse(one)})" for one in values)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield ast.unparse(operand)
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield str(value + 1)
        case ast.Constant(float(value)):
            yield repr(value * TENTH)


def is_text(node: ast.AST) -> bool:
    """Whether a sum of it joins texts, or types."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and not isinstance(node.value, int | float)
    )


def reached(data: Path, tests: Sequence[str]) -> dict[Path, dict[int, list[str]]]:
    """The tests that run each line of each file, those that run the fewest lines first."""
    import coverage

    if not data.exists():
        words = ["-q", "-p", "no:cacheprovider", "--cov=netcalc", "--cov-context=test", "--cov-report=", *tests]
        run(words, CHECKOUT, {"COVERAGE_FILE": str(data)}, None)
    found = coverage.CoverageData(str(data))
    found.read()
    lines: dict[Path, dict[int, list[str]]] = {}
    sizes: dict[str, int] = {}
    for file in found.measured_files():
        lines[Path(file)] = by_line = found.contexts_by_lineno(file)
        for test in (one for tests_of in by_line.values() for one in tests_of):
            sizes[test] = sizes.get(test, 0) + 1
    for by_line in lines.values():
        for number, tests_of in by_line.items():
            named = {one.partition("|")[0]: sizes[one] for one in tests_of if "::" in one}
            by_line[number] = sorted(named, key=named.__getitem__)
    return lines


def run(words: Sequence[str], folder: Path, environment: dict[str, str], seconds: float | None) -> bool:
    """Whether pytest passes."""
    command = [sys.executable, "-m", "pytest", *words]
    try:
        done = subprocess.run(
            command, cwd=folder, env=os.environ | environment, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def is_noticed(change: Change, tests: Sequence[str], copy: Path) -> bool:
    """Whether a test that reaches the line fails, or ends no more, with the change in a copy of the sources."""
    target = copy / "src" / change.file.relative_to(CHECKOUT / "src")
    before = target.read_text("utf-8")
    target.write_text(change.applied(), "utf-8")
    environment = {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        words = ["-x", "-q", "-p", "no:cacheprovider", *tests[:TESTS_AT_ONCE]]
        return not run(words, copy, environment, SECONDS)
    finally:
        target.write_text(before, "utf-8")


def main() -> int:
    """Draw, try, list; 1 if any change survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", help="of src/netcalc, or files there")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reached", type=Path, default=Path(tempfile.gettempdir()) / "reached.coverage")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="of which those are taken that reach a line")
    asked = parser.parse_args()
    paths = [SOURCE / folder for folder in asked.folders]
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    lines = reached(asked.reached.absolute(), asked.tests)
    possible = [one for file in files for one in changes(file) if lines.get(file, {}).get(one.begin[0])]
    drawn = random.Random(asked.seed).sample(possible, min(asked.count, len(possible)))
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
        for number, change in enumerate(drawn, 1):
            if not is_noticed(change, lines[change.file][change.begin[0]], copy):
                survivors += 1
                print(f"survives: {change}", flush=True)
            print(f"{number} of {len(drawn)}, {number - survivors} noticed", end="\r", file=sys.stderr, flush=True)
    print(f"{len(drawn) - survivors} of {len(drawn)} changes are noticed, drawn from {len(possible)}")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
