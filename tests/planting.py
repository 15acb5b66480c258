"""Slips planted in hand-written backward passes, a kind and a place at a time: each changes one line's gradient.

    python tests/planting.py [NAME …] [--kind KIND] [--every N]

lists, by pass, the slips that are missed, not told alone, or not named.
"""

from __future__ import annotations

import ast
import copy
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine

FOLDER = Path(__file__).parent / "data" / "handwritten"
POINTS = 3  # at which a slip has to change something
NAMED = {
    "sign": {"sign"},
    "factor": {"factor-left-out", "factor-too-many", "constant", "factor-for-another", "sum-or-mean", "exponent"},
    "factor-dropped": {"factor-left-out", "slope-formula", "upstream-left-out", "constant", "path-left-out"},
    "transpose": {"transpose", "index", "wrong-tensor"},
    "axis": {"axis", "keepdims"},
    "reduction": {"sum-or-mean", "factor-left-out", "factor-too-many", "not-summed"},
    "operand": {"wrong-tensor", "slope-formula", "index", "factor-for-another", "factor-left-out", "path-left-out"},
    "term-dropped": {"path-left-out", "complement", "slope-formula", "wrong-tensor", "factor-left-out"},
    "overwritten": {"overwritten", "path-left-out"},
    "slope": {
        "slope-formula",
        "exponent",
        "comparison",
        "complement",
        "factor-left-out",
        "constant",
        "factor-for-another",
    },
}


@dataclass(frozen=True)
class Pass:
    """A forward pass and its backward pass by hand."""

    name: str
    forward: str
    backward: str

    @classmethod
    def read(cls, path: Path) -> Pass:
        return cls(path.stem, *path.read_text(encoding="utf-8").split("# --- backward\n"))

    def given(self, seed: int) -> dict[str, np.ndarray]:
        """Inputs of the shapes in the first line."""
        draws = np.random.default_rng(seed)
        found = {}
        for part in self.forward.partition("\n")[0].removeprefix("# at: ").split():
            name, _, shape = part.partition("=")
            below, _, sizes = shape.rpartition(":")
            size = tuple(int(one) for one in sizes.split(",") if one.strip("()"))
            if below:
                found[name] = draws.permutation(np.arange(int(np.prod(size))) % int(below[3:])).reshape(size)
            else:
                found[name] = np.round(draws.normal(size=size), 3)
        return found

    def run(self, backward: str, seed: int) -> dict[str, Any]:
        names: dict[str, Any] = {"np": np, **self.given(seed)}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(self.forward, names)  # noqa: S102 - our own text
            names = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in names.items()}
            exec(backward, names)  # noqa: S102
        return names

    @cached_property
    def right(self) -> list[dict[str, Any]]:
        return [self.run(self.backward, seed) for seed in range(POINTS)]

    def lines(self, backward: str) -> tuple[CheckedLine, ...]:
        values = self.given(0)
        counted = [name for name, value in values.items() if value.dtype == np.int64]
        floats = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
        request = ProgramRequest(floats, counted=counted, elsewhere=list(floats))
        return checked_lines(program(self.forward, "forward.py", request), backward, "backward.py")[0]


@dataclass(frozen=True)
class Slip:
    """A backward pass with a slip of a kind in a line; `right` is the line as it was."""

    kind: str
    line: int
    text: str
    right: str
    wrong: str = field(compare=False)


def passes() -> list[Pass]:
    return [Pass.read(path) for path in sorted(FOLDER.glob("*.txt"))]


def slips(one: Pass, every: int = 1, first: int = 0) -> list[Slip]:
    """Every so many of the slips that change a gradient, each text once."""
    found: dict[str, Slip] = {}
    tree = ast.parse(one.backward)
    right = one.backward.splitlines()
    for kind, statement, changed in list(_changes(tree, one))[first::every]:
        rows = list(right)
        indent = " " * statement.col_offset
        rows[statement.lineno - 1 : statement.end_lineno] = [indent + changed]
        text = "\n".join(rows) + "\n"
        if text not in found and _is_another(one, text):
            line = statement.lineno
            found[text] = Slip(kind, line, text, right[line - 1].strip(), changed)
    return list(found.values())


def _is_another(one: Pass, text: str) -> bool:
    """Whether a gradient differs at a point, or does not come out at all."""
    for seed, right in enumerate(one.right):
        try:
            names = one.run(text, seed)
        except NameError:  # what is used before it is there
            return False
        except Exception:  # noqa: BLE001 - shapes that do not fit, say
            return True
        gradients = [key for key in right if key in names and isinstance(right[key], np.ndarray | float | np.floating)]
        if any(np.shape(names[key]) != np.shape(right[key]) for key in gradients):
            return True
        if not all(np.allclose(names[key], right[key], rtol=1e-7, atol=1e-10) for key in gradients):
            return True
    return False


def _changes(tree: ast.Module, one: Pass) -> Iterator[tuple[str, ast.stmt, str]]:
    shapes = {
        key: np.shape(value) for key, value in one.right[0].items() if isinstance(value, np.ndarray | np.floating)
    }
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr):
            continue
        for kind, changed in _of_statement(statement, shapes):
            yield kind, statement, changed


def _of_statement(statement: ast.stmt, shapes: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.AugAssign):
        yield "overwritten", ast.unparse(ast.Assign([statement.target], statement.value, lineno=1))
        other = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
        yield "sign", ast.unparse(ast.AugAssign(statement.target, other, statement.value))
    value = getattr(statement, "value", None)
    is_zeros = "zeros" in ast.unparse(statement) or ".shape" in ast.unparse(statement)
    if value is None or is_zeros:
        return
    if isinstance(statement, ast.Assign | ast.AugAssign):
        for factor, kind in (("2", "factor"), ("0.5", "factor"), ("-1", "sign")):
            clone = copy.deepcopy(statement)
            clone.value = ast.BinOp(
                ast.Constant(float(factor) if "." in factor else int(factor)), ast.Mult(), clone.value
            )
            yield kind, ast.unparse(clone)
    for place, node in enumerate(ast.walk(value)):
        for kind, new in _of_expression(node, shapes):
            clone = copy.deepcopy(statement)
            old = list(ast.walk(clone.value))[place]
            yield kind, ast.unparse(_Replaced(old, new).visit(clone))


class _Replaced(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _of_expression(node: ast.AST, shapes: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            yield "sign", ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
            yield "term-dropped", left
            if isinstance(op, ast.Add):
                yield "term-dropped", right
        case ast.BinOp(left, ast.Mult(), right):
            is_slope = any(isinstance(one, ast.BinOp | ast.Compare) for one in (left, right))
            yield "slope" if is_slope else "factor-dropped", left
            yield "factor-dropped", right
        case ast.BinOp(left, ast.Div(), right):
            yield "factor-dropped", left
            yield "factor", ast.BinOp(left, ast.Mult(), right)
        case ast.BinOp(left, ast.Pow(), power):
            yield "slope", left
            if isinstance(power, ast.Constant):
                yield "slope", ast.BinOp(left, ast.Pow(), ast.Constant(power.value + 1))
        case ast.BinOp(left, ast.MatMult(), right):
            yield "transpose", ast.BinOp(right, ast.MatMult(), left)
            for n, side in enumerate((left, right)):
                if not isinstance(side, ast.Attribute):
                    turned = ast.Attribute(side, "T", ast.Load())
                    yield (
                        "transpose",
                        ast.BinOp(*((turned, ast.MatMult(), right) if n == 0 else (left, ast.MatMult(), turned))),
                    )
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Attribute(inner, "T"):
            yield "transpose", inner
        case ast.Compare(left, [ast.Gt()], right):
            yield "slope", ast.Compare(left, [ast.Lt()], right)
        case ast.Call(ast.Attribute(owner, "sum" | "mean" as name), args, keywords):
            yield "reduction", ast.Call(ast.Attribute(owner, "mean" if name == "sum" else "sum"), args, keywords)
            for n, keyword in enumerate(keywords):
                if keyword.arg == "axis":
                    for axis in (0, 1, -1):
                        others = [*keywords[:n], ast.keyword("axis", ast.Constant(axis)), *keywords[n + 1 :]]
                        yield "axis", ast.Call(node.func, args, others)
        case ast.Name(name) if name in shapes and isinstance(node.ctx, ast.Load):
            alike = [other for other, shape in shapes.items() if shape == shapes[name] and other != name]
            for other in alike[:6]:
                yield "operand", ast.Name(other, ast.Load())


@dataclass
class Tally:
    """What came of slips: found in the right line, that alone, and named."""

    found: int = 0
    alone: int = 0
    named: int = 0
    all: int = 0
    failures: list[str] = field(default_factory=list)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, one: Pass, slip: Slip) -> None:
        self.all += 1
        wrong = [line for line in one.lines(slip.text) if line.is_wrong and not line.follows]
        here = [line for line in wrong if line.line == slip.line]
        is_alone = len({line.line for line in wrong}) == len({line.line for line in here}) == 1
        repaired = [line for line in here if line.repair and _same(line.repair, slip.right)]
        is_named = bool(repaired) or any(line.mistake in NAMED[slip.kind] for line in here)
        self.found += bool(here)
        self.alone += is_alone
        self.named += is_named
        where = f"{one.name}:{slip.line} {slip.kind}: {slip.wrong}   for   {slip.right}"
        told = "; ".join(f"{line.name} line {line.line}: {line.diagnosis} [{line.mistake}]" for line in wrong)
        for word, holds in (("MISSED", bool(here)), ("BLAMED", is_alone), ("UNNAMED", is_named)):
            if not holds:
                self.failures.append(f"{word} {where}\n        {told}")
                self.kinds[word, slip.kind] += 1
                break


def _same(repair: str, right: str) -> bool:
    try:
        return ast.unparse(ast.parse(repair.strip())) == ast.unparse(ast.parse(right))
    except SyntaxError:
        return False


def main(words: list[str]) -> None:
    kind = words[words.index("--kind") + 1] if "--kind" in words else None
    every = int(words[words.index("--every") + 1]) if "--every" in words else 1
    total = Tally()
    for one in passes():
        if words and words[0][0] != "-" and one.name not in words:
            continue
        wrong = [line for line in one.lines(one.backward) if not line.is_right]
        for line in wrong:
            print("RIGHT", one.name, line)
        tally = Tally()
        for slip in [slip for slip in slips(one, every) if kind in (None, slip.kind)]:
            tally.add(one, slip)
        print(f"{one.name}: of {tally.all} found {tally.found}, alone {tally.alone}, named {tally.named}", flush=True)
        for line in tally.failures:
            print("   ", line)
        for part in ("found", "alone", "named", "all"):
            setattr(total, part, getattr(total, part) + getattr(tally, part))
        total.kinds += tally.kinds
    share = [100 * part / max(total.all, 1) for part in (total.found, total.alone, total.named)]
    print(f"all {total.all}: found {share[0]:.1f} %, alone {share[1]:.1f} %, named {share[2]:.1f} %")
    print(total.kinds.most_common())


if __name__ == "__main__":
    main(sys.argv[1:])
