"""`netcalc net` of a program: whether it is one, the values that its names are given, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netcalc.arguments import without_points
from netcalc.errors import NetcalcError, ValueSyntaxError

if TYPE_CHECKING:
    import numpy as np

    from netcalc.commands.inputs import OfTensors
    from netcalc.commands.net import Net, OfProgram
    from netcalc.files.source import StandardInput
    from netcalc.models.grad import Gradient
    from netcalc.models.graphed import GraphProblem
    from netcalc.problem import Problem

GIVEN = r"\s*([^\W\d]\w*|\d+_\w+)\s*=(?!=)(.*)"
NETS = (".toml", ".json")
STATEMENT = r"(?m)^\s*(import\s|from\s+[\w.]+\s+import\s|def\s|return\b|@|[\w,\s]+=[^=]|[A-Za-z_][\w.]*\()"
CONDITION = r"[\[\s]*([Tt]rue|[Ff]alse)([\],;\[\s]+([Tt]rue|[Ff]alse))*[\]\s;]*"
MAX_CONDITION_BYTES = 10_000_000
TABLE = r"(?m)^\s*\[\[?[\w. ]+\]"


def problem_of(
    path: str,
    net: Net,
    program: OfProgram,
    tensors: OfTensors,
    decimal: str,
    index_from: int,
    checks: Sequence[str] = (),
) -> tuple[Problem | Gradient | GraphProblem, StandardInput]:
    """The problem that a file states, a net's or a program's, and standard input, which may be read."""
    from netcalc.files.source import StandardInput, read_text

    stdin = StandardInput()
    text, name = read_text(path, stdin)
    flags = {"--at": program.at, "--of": program.of, "--shape": tensors.shape, "--delta": tensors.delta}
    flags["--along"] = tensors.along
    given = [flag for flag, value in flags.items() if value]
    if is_program(path, text, bool(given)):
        elsewhere = _backward_names(text, name, checks)
        return _of_program(text, name, net, program, tensors, stdin, decimal, index_from, elsewhere), stdin
    if given:
        raise NetcalcError(f"{given[0]} is for a program in Python; {name} is a net, and holds its values itself")
    from netcalc.spec import document
    from netcalc.spec import problem_of as state_problem

    return state_problem(document(text, name, path, decimal), net.read(index_from)), stdin


def is_program(path: str, text: str, given: bool) -> bool:
    """Whether a file is a program, by its suffix, by what is given to it, or by what it holds; else it is a net."""
    if path.lower().endswith((".py", *NETS)):
        return path.lower().endswith(".py")
    if given:
        return True
    import tomllib

    if text.lstrip().startswith("{") or not text.strip():
        return False
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return re.search(TABLE, text) is None and re.search(STATEMENT, text) is not None
    return False


def _backward_names(text: str, name: str, checks: Sequence[str]) -> set[str]:
    """The names in the backward passes that are checked.

    Raises NetcalcError where the backward pass is given in the forward pass's place, and the other way round.
    """
    from netcalc.files.source import read_text
    from netcalc.program.answers import is_backward, names_in
    from netcalc.program.source import Source, parse

    found: set[str] = set()
    for path in checks:
        if not is_code(path):
            continue
        other, other_name = read_text(path)
        body = parse(Source.of(other, other_name)).body
        if is_backward(parse(Source.of(text, name)).body, body):
            raise NetcalcError(
                f"{name} holds a backward pass, and {other_name} its forward pass: give them the other way round, "
                f"as in netcalc net {path} --check {name}"
            )
        found |= names_in(body)
    return found


def is_code(text: str) -> bool:
    """Whether what is given to --check is a backward pass in Python."""
    return "=" not in text and text.lower().endswith(".py")


def _of_program(
    text: str,
    name: str,
    net: Net,
    program: OfProgram,
    tensors: OfTensors,
    stdin: StandardInput,
    decimal: str,
    index_from: int,
    elsewhere: Collection[str],
) -> GraphProblem:
    """The problem that a program states, at the values that its names are given."""
    from netcalc.models.programs import ProgramRequest
    from netcalc.models.programs import program as state
    from netcalc.values import read_array, read_scalar

    if net.per_sample and net.trace:
        raise NetcalcError("the paths of a trace are of the whole batch: leave out --per-sample or --trace")
    given, conditions = [], []
    for key, text_of in _given(program.at or [], "--at"):
        numbers = condition_as_numbers(text_of)
        given.append((key, text_of if numbers is None else numbers))
        conditions += [key] * (numbers is not None)
    values = {key: read_array(value, f"--at {key}", stdin=stdin, decimal=decimal) for key, value in given}
    words = tensors.delta
    delta = read_array(",".join(words), "--delta", stdin=stdin, decimal=decimal) if words else None
    along = {
        key: read_array(value, f"--along {key}", stdin=stdin, decimal=decimal)
        for key, value in _given(tensors.along or [], "--along")
    }
    request = ProgramRequest(
        values,
        _shapes(tensors.shape),
        [key for key, value in given if is_written_whole(value, values[key])],
        program.of,
        delta,
        along,
        None if net.lr is None else read_scalar(net.lr, "--lr"),
        index_from,
        elsewhere,
        net.trace,
        conditions,
    )
    if not net.per_sample:
        return state(text, name, request)
    from netcalc.models.samples import by_samples

    return by_samples(text, name, request)


def _shapes(given: Sequence[str] | None) -> Mapping[str, tuple[int | str, ...]]:
    if not given:
        return {}
    from netcalc.models.request import read_shapes

    return read_shapes(given, multiples=True)


def _given(words: Sequence[str], flag: str) -> Iterator[tuple[str, str]]:
    """Names and texts of NAME=VALUE. Raises ValueSyntaxError for another word, NetcalcError for a name twice."""
    seen: set[str] = set()
    for word in words:
        found = re.fullmatch(GIVEN, without_points(word), re.DOTALL)
        if found is None:
            raise ValueSyntaxError(f"{flag}: '{word}' is no NAME=VALUE; write {flag} x=x.npy b=0,1")
        name, text = found[1], found[2].strip()
        if not text:
            raise ValueSyntaxError(f"{flag}: {name} has no value; write {name}=1")
        if name in seen:
            raise NetcalcError(f"{flag} gives two values to {name}")
        seen.add(name)
        yield name, text


def condition_as_numbers(text: str) -> str | None:
    """`true,false`, or a file of true and false, as 1 and 0, or the file if it is NumPy's; None of what is neither."""
    from netcalc.files.names import is_file

    if text.lower().endswith(".npy") and is_file(text):
        from netcalc.files.npy import NpyFile

        with Path(text).open("rb") as stream:
            return text if NpyFile.open(text, stream, Path(text).stat().st_size).dtype.kind == "b" else None
    if text.lower().endswith(".json") and is_file(text) and Path(text).stat().st_size < MAX_CONDITION_BYTES:
        text = Path(text).read_text(encoding="utf-8", errors="replace")
    if re.fullmatch(CONDITION, text) is None:
        return None
    return re.sub("[Tt]rue", "1", re.sub("[Ff]alse", "0", text))


def is_written_whole(text: str, value: np.ndarray) -> bool:
    """Whether numbers were written without a point, or stored as integers."""
    from netcalc.files.names import is_file

    if not is_file(text):
        return re.search(r"[.eE/]", text) is None
    if text.lower().endswith(".npy"):
        from netcalc.files.npy import NpyFile

        with Path(text).open("rb") as stream:
            return NpyFile.open(text, stream, Path(text).stat().st_size).dtype.kind in "iub"
    is_small_text = value.size <= 10_000 and text.lower().endswith((".json", ".csv", ".txt", ".tsv"))
    return is_small_text and "." not in Path(text).read_text(encoding="utf-8", errors="replace")
