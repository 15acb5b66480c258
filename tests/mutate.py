"""Change one thing in the code and see whether a test notices: python tests/mutate.py [OPTIONS] FOLDER…

Draws changes of operators, comparisons and numbers, and of sums that lose a term, in the files of folders such as
`arithmetic`; makes all of them in one copy, each behind a switch (`mutants.py`); runs the tests once to see which of them
ask for which switch; then turns one switch after the other, with tests that ask for it, of as many functions as there are,
the shortest first, until one fails; and lists the changes that all of them pass.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE = CHECKOUT / "src" / "netcalc"
TENTH = 0.9  # of a bound: the test that holds it sees it a tenth too small
TESTS_EACH = 150  # that are tried on a change
NOT_COMPUTED = ("annotation", "returns", "decorator_list", "pattern", "type_params")

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
    """The expression at a place of a file's walk, with `new` in its stead."""

    file: Path
    place: int
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(SOURCE)}:{self.line}: {self.old}  ->  {self.new}"


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs of a file, in a fixed order: no annotations, texts, patterns, nor what is checked for types alone."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            continue
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            continue
        for field, value in ast.iter_fields(node):
            if field not in NOT_COMPUTED:
                parts = value if isinstance(value, list) else [value]
                waiting += [one for one in parts if isinstance(one, ast.AST)]


def changes(file: Path) -> Iterator[Change]:
    """Every change of a file."""
    for place, node in enumerate(walk(ast.parse(file.read_text("utf-8")))):
        for new in alternatives(node):
            yield Change(file, place, node.lineno, ast.unparse(node), new)  # type: ignore[attr-defined]


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
            yield repr(value * TENTH) if value else "1.0"


def is_text(node: ast.AST) -> bool:
    """Whether a sum of it joins texts, or types."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and not isinstance(node.value, int | float)
    )


class Switched(ast.NodeTransformer):
    """The tree with the expressions of some nodes behind switches."""

    def __init__(self, switches: Mapping[int, tuple[int, str]]) -> None:
        self.switches = switches  # by the node's id: the number of its change, and the new text

    def visit(self, node: ast.AST) -> ast.AST:
        switch = self.switches.get(id(node))
        changed = self.generic_visit(node)
        if switch is None:
            return changed
        number, new = switch
        return ast.IfExp(
            ast.parse(f"mutants.on({number})", mode="eval").body,
            ast.parse(new, mode="eval").body,
            changed,  # type: ignore[arg-type]
        )


def switched(file: Path, drawn: Sequence[tuple[int, Change]]) -> str:
    """A file's text with its changes behind switches."""
    tree = ast.parse(file.read_text("utf-8"))
    by_place = {change.place: (number, change.new) for number, change in drawn}
    nodes = [node for place, node in enumerate(walk(tree)) if place in by_place]
    switches = dict(zip(map(id, nodes), (by_place[place] for place in sorted(by_place)), strict=True))
    made = Switched(switches).visit(tree)
    first = next(place for place, one in enumerate(made.body) if not is_opening(one))
    made.body.insert(first, ast.parse("import mutants").body[0])
    return ast.unparse(ast.fix_missing_locations(made))


def is_opening(statement: ast.stmt) -> bool:
    """The docstring, and what Python wants first."""
    return (isinstance(statement, ast.ImportFrom) and statement.module == "__future__") or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def run(copy: Path, words: Sequence[str], **variables: str) -> None:
    """pytest on the copy."""
    environment = {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "mutants", *words]
    subprocess.run(command, cwd=copy, env=os.environ | environment | variables, stdout=subprocess.DEVNULL, check=False)


def reached(copy: Path, tests: Sequence[str], seen: Path) -> dict[str, tuple[float, list[int]]]:
    """For each test how long it computes, and the switches it asks for; under "" those asked for by imports."""
    run(copy, ["-n", "2", *tests], MUTANTS_REACHED=str(seen))
    found: dict[str, tuple[float, list[int]]] = {}
    for file in seen.parent.glob(f"{seen.name}*"):
        found |= json.loads(file.read_text("utf-8"))
    return found


def planned(drawn: Sequence[Change], told: Mapping[str, tuple[float, list[int]]]) -> dict[int, dict[str, object]]:
    """For each change the tests to try, the shortest first, and how long they compute."""
    by_number: dict[int, list[str]] = {}
    for test, (_, switches) in told.items():
        for number in switches if test else ():
            by_number.setdefault(number, []).append(test)
    at_import = set(told.get("", (0.0, []))[1])
    plan = {}
    for number, change in enumerate(drawn):
        tests = by_number.get(number, [])
        if number in at_import:  # then whatever runs anything of the file
            others = (one for one, other in enumerate(drawn) if other.file == change.file)
            tests = list(dict.fromkeys(test for one in others for test in by_number.get(one, [])))
        if tests := varied(tests, {test: told[test][0] for test in tests}):
            plan[number] = {"tests": tests, "seconds": sum(told[test][0] for test in tests)}
    return plan


def varied(tests: Sequence[str], seconds: Mapping[str, float]) -> list[str]:
    """As many as are tried, the shortest first: of each test function its shortest case, then of each the next."""
    cases: Counter[str] = Counter()
    rounds = []
    for test in sorted(tests, key=seconds.__getitem__):
        function = test.partition("[")[0]
        rounds.append((cases[function], seconds[test], test))
        cases[function] += 1
    return sorted((test for _, _, test in sorted(rounds)[:TESTS_EACH]), key=seconds.__getitem__)


def noticed(copy: Path, plan: Mapping[int, dict[str, object]], at_import: set[int], folder: Path) -> set[int]:
    """The changes that a test fails with, or ends no more."""
    found: set[int] = set()
    if rest := {number: one for number, one in plan.items() if number not in at_import}:
        path = folder / "plan.json"
        path.write_text(json.dumps(rest), "utf-8")
        run(
            copy,
            sorted({test.partition("::")[0] for one in rest.values() for test in one["tests"]}),
            MUTANTS_TRIED=str(path),
        )  # type: ignore[attr-defined]
        lines = path.with_suffix(".tried").read_text("utf-8").split("\n")
        found |= {int(line.split()[0]) for line in lines if line and line.split()[1] != "0"}
    for number in at_import & plan.keys():
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *plan[number]["tests"]]  # type: ignore[misc]
        environment = os.environ | {"PYTHONPATH": str(copy / "src"), "MUTANT": str(number)}
        done = subprocess.run(words, cwd=copy, env=environment, capture_output=True, check=False)
        found |= {number} if done.returncode else set()
    return found


def main() -> int:
    """Draw, try, list; 1 if any change survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", help="of src/netcalc, or files there")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="*", default=["tests"], help="of which those are taken that ask for a switch")
    asked = parser.parse_args()
    os.nice(5)
    paths = [SOURCE / folder for folder in asked.folders]
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    possible = [one for file in files for one in changes(file)]
    order = random.Random(asked.seed).sample(possible, len(possible))
    drawn = list({(one.file, one.place): one for one in reversed(order)}.values())[::-1][: asked.count]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = folder / "checkout"
        shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
        shutil.copy(CHECKOUT / "tests" / "mutants.py", copy / "src" / "mutants.py")
        for file in {one.file for one in drawn}:
            target = copy / "src" / file.relative_to(CHECKOUT / "src")
            own = [(number, one) for number, one in enumerate(drawn) if one.file == file]
            target.write_text(switched(file, own), "utf-8")
        told = reached(copy, asked.tests, folder / "seen")
        at_import = set(told.get("", (0.0, []))[1])
        plan = planned(drawn, told)
        seen = noticed(copy, plan, at_import, folder)
    for number in sorted(plan.keys() - seen):
        print(f"survives: {drawn[number]}")
    for number in sorted(set(range(len(drawn))) - plan.keys()):
        print(f"no test asks: {drawn[number]}")
    print(f"{len(seen)} of {len(plan)} changes are noticed, drawn from {len(possible)}")
    return int(len(seen) < len(plan))


if __name__ == "__main__":
    sys.exit(main())
