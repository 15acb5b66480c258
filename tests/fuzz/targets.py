"""What is demanded of netcalc, whatever bytes come: a row a target.

A NetcalcError or a result, never another exception; no result that mpmath or central differences contradict; text that
parses back to the same tree; and all of it within bounds, which the runner holds.
"""

from __future__ import annotations

import contextlib
import os
import random
import zlib
from collections.abc import Callable

import truth
from demands import called, held, reads_back, written
from drawn import NUMBERS, VARIABLES, Dice, Provider, expression, mutated, number, pick, problem
from files import answers, changed, grade, toml
from kinks import kinks
from passes import backward, program
from record import Contradiction, tally, tried

import netcalc
from netcalc.errors import NetcalcError
from netcalc.expression import parse, symbols
from netcalc.notation import to_unicode
from netcalc.notation.latex import to_latex
from netcalc.notation.mathml import to_mathml
from netcalc.render import FORMATS
from netcalc.rows.points import read_place

FLAGS = ("--wrt", "--order", "--digits", "--only", "--check", "-f", "--rtol", "--index-from")
REQUESTS = (
    *(("-f", name) for name in ("json", "csv", "md", "latex", "html", "svg", "jsonl")),
    *(("--order", "2"), ("--order", "4"), ("--digits", "30"), ("--digits", "1"), ("--wrt", "x"), ("--only", "dx")),
    *(("--check", "dx=1"), ("--check", "x=1/3", "f=x^2"), ("--check", "dxdx=0"), ("--index-from", "1")),
)
SWITCHES = ("--steps", "--exact", "--verify", "--circuit", "--ascii", "--")


def text(source: Provider, data: bytes) -> None:  # noqa: ARG001 - the bytes themselves
    """Bytes as an expression, and as a value."""
    typed = data.decode("utf-8", "surrogateescape")
    tried[:] = [f"text {typed!r}"]
    with contextlib.suppress(NetcalcError):
        read_place([f"x={typed}"], "--at")
    try:
        tree = parse(typed)
    except NetcalcError:
        tally["refused"] += 1
        return
    tally["parsed"] += 1
    reads_back(tree)
    for write in (to_unicode, to_latex, to_mathml):
        write(tree)


def gradient(source: Provider, data: bytes) -> None:
    """A problem by the grammar, held to mpmath; half of them are as large as chance has it, not as the bytes last."""
    if data[:1] < b"\x80":
        source = Dice(zlib.crc32(data))
    asked = problem(source, sorted(FORMATS))
    tried[:] = [repr(asked)]
    try:
        trees = [parse(one) for one in asked.texts]
        known = {name for tree in trees for name in symbols(tree)}
        at = {name: typed for name, typed in asked.at.items() if name in known}
        wrt = asked.wrt if asked.wrt is None or asked.wrt[0] in known else None
        result = netcalc.grad(
            *asked.texts,
            at=at,
            wrt=wrt,
            order=asked.order,
            digits=asked.digits,
            exact=asked.exact,
            verify=asked.verify,
        )
    except NetcalcError as error:
        tally["refused" if "undefined" not in error.message else "undefined"] += 1
        return
    tally["answered"] += 1
    written(result, asked)
    if result.verification is not None and result.verification.wrong:
        raise Contradiction(f"--verify: {result.verification.wrong}")
    if all(map(truth.covered, trees)):
        held(result, trees, at)


def command(source: Provider, data: bytes) -> None:
    """A command line, its words nearly right."""
    draw = random.Random(data)
    text = expression(source, VARIABLES[:2], 3)
    words = ["grad", mutated(text, draw) if draw.random() < 0.3 else text]
    if names := _names(words[1]):
        words += ["--at", *(f"{name}={number(source)}" for name in names if draw.random() < 0.9)]
    if draw.random() < 0.2:
        words[-1] = mutated(words[-1], draw)
    if draw.random() < 0.4:
        words += list(draw.choice(REQUESTS))
    if draw.random() < 0.1:
        words += [draw.choice(FLAGS), draw.choice((*VARIABLES, *FORMATS, *NUMBERS, ""))]
    if draw.random() < 0.3:
        words.insert(draw.randint(1, len(words)), draw.choice(SWITCHES))
    if draw.random() < 0.1:
        words.insert(draw.randint(1, len(words)), data[:40].decode("utf-8", "surrogateescape"))
    called(words)


def _names(typed: str) -> tuple[str, ...]:
    """The variables of what was typed, if it is an expression."""
    try:
        return symbols(parse(typed))
    except NetcalcError:
        return ()


def table(source: Provider, data: bytes) -> None:
    """Bytes as a table of points."""
    suffix = pick(source, ("csv", "tsv", "json", "jsonl", "txt"))
    rows = data[2:] if data[:1] < b"\x80" else _table(source)
    with open(f"points.{suffix}", "wb") as file:  # noqa: PTH123 - a name in the folder of this run
        file.write(rows)
    form = pick(source, ("csv", "json", "table", "jsonl"))
    text = pick(source, ("log(1 + exp(x*y))", "x/y", "sqrt(x)^y", "max(x, y)"))
    called(["grad", text, "--at", f"points.{suffix}", "-f", form], rows)


def _table(source: Provider) -> bytes:
    lines = ["x,y", *(f"{number(source)},{number(source)}" for _ in range(source.ConsumeIntInRange(0, 5)))]
    return "\n".join(lines).encode()


def of_text(data: bytes, draw: random.Random) -> bytes:
    """Text of an expression, changed."""
    return mutated(data.decode("utf-8", "surrogateescape"), draw).encode("utf-8", "surrogateescape")


TARGETS: dict[str, Callable[[Provider, bytes], None]] = {
    one.__name__: one for one in (text, gradient, kinks, command, table, program, backward, toml, answers, grade)
}
CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {  # of targets whose bytes are a text
    "text": of_text,
    **dict.fromkeys(("table", "program", "backward", "toml", "answers", "grade"), changed),
}
LONGEST = {"text": 400, "gradient": 200, "kinks": 200, "command": 200}  # bytes; of a file 3,000


os.environ.setdefault("NETCALC_TRACEBACK", "1")  # a mistake of netcalc's own is a finding, not a status
