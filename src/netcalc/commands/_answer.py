"""What every command ends with: solve, and print in the format asked for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from netcalc.commands._stderr import say
from netcalc.commands.options import Checking, Presentation
from netcalc.errors import NetcalcError
from netcalc.notation import is_plain, plainly, spelling_out
from netcalc.outside import without_controls
from netcalc.records import NamedTuple
from netcalc.render import FORMATS, Format, View, chosen, render

if TYPE_CHECKING:
    from netcalc.files.source import StandardInput
    from netcalc.models.grad import Gradient
    from netcalc.models.graphed import GraphProblem
    from netcalc.problem import Problem
    from netcalc.result import Result

TEXT = FORMATS["latex"]  # what is text by itself is written as LaTeX is
COLOUR = "(\x1b\\[[0-9;]*m)"  # ECMA-48, SGR
SAMPLE = "σ∂·√−²━│⎡╮"  # characters that answers are written with
UNBOUNDED = 10_000  # columns: a pipe or a file has no width, so rows there are as long as they need to be

LISTED = 8  # wrong answers that are named where the format has no room for verdicts
ROWS = ("jsonl", "csv", "tsv")  # formats that have verdicts as rows


def answer(
    problem: Problem | Gradient | GraphProblem,
    checking: Checking,
    presentation: Presentation,
    stdin: StandardInput | None = None,
) -> int | None:
    """Solve a problem and print its result; the exit status. `stdin` may have been read for the problem."""
    from netcalc.commands._progress import showing_layers
    from netcalc.solving.solve import solve

    checking.check_needed()
    form = chosen(presentation.format, presentation.output)
    with showing_layers():
        result = solve(
            problem,
            digits=presentation.digits,
            exact=presentation.exact,
            verify=presentation.verify,
            certify=presentation.certify or None,
        )
    result = checked(result, checking, stdin)
    show(result.only(presentation.only) if presentation.only else result, form, presentation)
    values = [value for tensor in result.tensors for value in tensor.values] if form.bare else []
    if any(value.is_undefined or (value.is_beyond and form.save is not None) for value in values):
        tell(result.notes)
    if result.trace and not form.explains:
        explaining = ", ".join(row.name for row in FORMATS.values() if row.explains)
        tell([f"{form.name} has no room for the paths of a trace; the formats that show them are {explaining}"])
    if not form.explains and form.name not in ROWS:
        tell(_wrong(result))
    return contradicted(result, form) or result.exit_status


def _wrong(result: Result) -> Iterator[str]:
    """What was brought and is wrong, for a format that has no room for verdicts."""
    names = [one.name for one in result.checked if one.is_wrong]
    if names:
        more = [f"{len(names) - LISTED:,} more"] if len(names) > LISTED else []
        yield f"{', '.join([*names[:LISTED], *more])} {'is' if len(names) == 1 else 'are'} wrong"
    for one in result.lines:
        if one.is_wrong and not one.follows:
            yield f"{one.file}, line {one.line}: {one.name} is wrong{': ' if one.said else ''}{one.said}"


def checked(result: Result, checking: Checking, stdin: StandardInput | None) -> Result:
    """The result with verdicts on the answers that were brought: numbers, formulas, or a backward pass as code."""
    programs = []
    if checking.check:
        from netcalc.commands._program import is_code

        programs = [text for text in checking.check if is_code(text)]
    given = [text for text in checking.check or [] if text not in programs]
    if given:
        from netcalc.checking import Tolerance, check
        from netcalc.checking.answers.sources import answers

        tolerance = Tolerance(checking.rtol, checking.atol, checking.sig)
        result = check(result, partial(answers, given, stdin=stdin), tolerance)
    own = getattr(result.problem, "code", None)
    has_own = own is not None and bool(own.rest or own.layers)
    if programs or has_own:
        from netcalc.checking.backward import check_code
        from netcalc.files.source import read_text

        for path in programs:
            text, name = read_text(path, stdin)
            result = check_code(result, text, name)
        if has_own:
            result = check_code(result)
    return result


def contradicted(result: Result, form: Format) -> int | None:
    """1 if differences contradict the answer; formats that hold numbers alone have their word on stderr."""
    if result.verification is None:
        return None
    if form.bare:
        tell(result.verification.notes)
        say(result.verification.line)
    return 1 if result.verification.wrong else None


def tell(notes: Iterable[str]) -> None:
    """What a format has no room for, on stderr."""
    for note in notes:
        say(f"note: {note}")


def show(result: Result, form: Format, presentation: Presentation) -> None:
    """Print a result, or write it to the file that was asked for, all or nothing."""
    output = presentation.output
    if output is not None and presentation.format is None and form.one_table and result.is_many_tables:
        names = ", ".join(tensor.name for tensor in result.tensors)
        raise NetcalcError(
            f"{output} holds one table, and there are {names}: choose one with --only, or have a row an element with "
            f"--format {form.name}"
        )
    if form.save is not None:
        save(result, form, output)
    else:
        view = View(presentation.steps, presentation.circuit or presentation.by_layer, presentation.by_layer)
        with spelling_out(result.spelled_out):
            write_out(lambda: render(result, form.name, view), form, output, plain=presentation.ascii)


def save(result: Result, form: Format, output: Path | None) -> None:
    """Write bytes to a file or a pipe, all or nothing."""
    from netcalc.files.write import write_atomically

    assert form.save is not None  # noqa: S101 - a format of bytes
    if output is not None:
        with write_atomically(output, "wb") as file:
            form.save(result, file)
    elif sys.stdout.isatty():
        raise NetcalcError(f"{form.name} is no text; name a file, as in --output answer{form.suffixes[0]}")
    else:
        form.save(result, sys.stdout.buffer)


def write_out(lines: Callable[[], Iterable[Any]], form: Format, output: Path | None, *, plain: bool = False) -> None:
    """Print lines, or write them to a file, all or nothing; in ASCII if that is wanted, or all that stdout takes."""
    from netcalc.commands._progress import with_line_count

    if output is None:
        with plainly(plain or not takes_unicode(sys.stdout)):
            write(with_line_count(lines(), output), sys.stdout, form)
        return
    from netcalc.files.write import write_atomically

    with write_atomically(output) as file, plainly(plain):
        write(with_line_count(lines(), output), file, form)


def takes_unicode(file: TextIO) -> bool:
    """Whether what people are shown can be written there."""
    try:
        SAMPLE.encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def page_width(file: TextIO) -> int:
    """The columns of a terminal, or of a page that COLUMNS says; else a line is as long as it needs to be."""
    import shutil

    return shutil.get_terminal_size().columns if file.isatty() or "COLUMNS" in os.environ else UNBOUNDED


def write(lines: Iterable[Any], file: TextIO, form: Format) -> None:
    """Lines of text as they are; tables as wide as a terminal is, or as they need to be."""
    measured = page_width(file) != UNBOUNDED
    written: Any = Spelled(file, coloured if form.name == "table" and file.isatty() else form.harmless)
    if is_plain():
        written = Spelled(written, form.in_ascii)
    if form.name != "table":
        written.writelines(f"{line}\n" for line in lines)
        return
    from rich.console import Console

    if not file.isatty():
        written = Spelled(written, trimmed)
    width = None if measured else UNBOUNDED
    console = Console(file=written, highlight=False, markup=False, emoji=False, width=width)
    for line in lines:
        console.print(line, soft_wrap=not measured)


def coloured(text: str) -> str:
    """What Rich writes to a terminal: of control characters, those that begin a colour are left."""
    return "".join(part if n % 2 else without_controls(part) for n, part in enumerate(re.split(COLOUR, text)))


def trimmed(text: str) -> str:
    """Lines without the blanks that fill a table's last column."""
    return "\n".join(line.rstrip(" ") for line in text.split("\n"))


class Spelled(NamedTuple):
    """A file behind a spelling of what is written to it."""

    file: TextIO
    spell: Callable[[str], str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, text: str) -> int:
        return self.file.write(self.spell(text))

    def writelines(self, lines: Iterable[str]) -> None:
        self.file.writelines(map(self.spell, lines))
