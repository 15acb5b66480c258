"""The app, and the one place where errors become exit codes.

A run ends with 0 when it is done, 1 when a checked answer is wrong (a command returns it), 2 when the request or an
input is bad, 130 when interrupted, 141 when the reader of a pipe has gone, 70 for a mistake of netcalc's own.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from netcalc import commands
from netcalc.commands._stderr import say
from netcalc.commands.command import Command
from netcalc.commands.variadic import convert_without_pydantic, nearest, unknown_option
from netcalc.errors import NO_MEMORY, NetcalcError, UnknownNameError, is_out_of_memory
from netcalc.outside import one_line
from netcalc.version import __version__

INTERRUPTED = 128 + 2  # SIGINT, as a shell counts it
CLOSED_PIPE = 128 + 13  # SIGPIPE
OWN_MISTAKE = 70  # EX_SOFTWARE of sysexits.h
ON_WINDOWS = os.name == "nt"
CARET_WIDTH = 72  # columns of a long line that are shown around its caret
MESSAGE_CHARACTERS = 2000  # of which a longer message, as of a number of many digits, keeps half at either end


class Commands(TyperGroup):
    """The commands found beside this app, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # typer's signature
        return list(find_commands())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # typer's signature
        found = find_command(cmd_name)
        return found and found.for_typer()

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if find_command(args[0]) is None and not ctx.resilient_parsing:
            known = find_commands()
            suggestion = nearest(args[0], known)
            hint = f"did you mean {suggestion!r}?" if suggestion else f"the commands are {', '.join(known)}"
            raise UnknownNameError(f"no such command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        convert_without_pydantic(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with closed_pipe_ends_quietly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with closed_pipe_ends_quietly():
            return super().invoke(ctx)


def find_command(name: str) -> Command | None:
    module = name.replace("-", "_")
    if module not in command_modules():
        return None
    found = getattr(import_module(f"netcalc.commands.{module}"), module, None)
    return found if isinstance(found, Command) else None


def find_commands() -> dict[str, Command]:
    found = [one for module in command_modules() if (one := find_command(module))]
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}


def command_modules() -> list[str]:
    """The public modules beside the app; what is named `_…` is imported by the command that needs it."""
    return sorted(path.stem for path in Path(commands.__path__[0]).glob("[!_]*.py"))


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # plain help reads well in any width, and starts in two thirds of the time
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    if wanted:
        print(f"netcalc {__version__}")
        raise typer.Exit


def print_manual(wanted: bool) -> None:
    if wanted:
        from netcalc.manual import manual

        print("\n".join(manual(find_commands())))
        raise typer.Exit


@app.callback()
def netcalc(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001  # its callback does the work
        bool, typer.Option("--version", help="Show the version.", callback=print_version, is_eager=True)
    ] = False,
    man: Annotated[  # noqa: ARG001  # as above
        bool, typer.Option("--man", help="Write the manual page, for: man -l -", callback=print_manual, is_eager=True)
    ] = False,
) -> None:
    """A gradient calculator for the building blocks of neural nets."""
    if ctx.invoked_subcommand is None:
        print(greeting())


def greeting() -> str:
    tries = [next(iter(one.examples.items())) for one in find_commands().values() if one.examples][:3]
    lines = [line for example, shown in tries for line in ("", f"  # {shown}", f"  {example}")]
    opening = f"netcalc {__version__}: gradients of the building blocks of neural nets, step by step."
    return "\n".join([opening, "", "Try:", *lines[1:], "", "netcalc --help lists the commands."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, and return its exit status."""
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without σ gets \u03c3, and no traceback
    try:
        status = get_command(app).main(arguments, prog_name="netcalc", standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except NetcalcError as error:
        return end(error.exit_status, *explain(error))
    except typer.TyperException as error:
        return end(2, f"error: {usage_message(error)}")
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        discard_output()
        if is_closed_pipe(error):
            return CLOSED_PIPE
        if is_out_of_memory(error):
            return end(2, NO_MEMORY)
        said = "cannot write the answer: no space left on device" if error.errno == errno.ENOSPC else error.strerror
        return end(2, f"error: {said or error}" + (f": {error.filename}" if error.filename else ""))
    except Exception as error:  # a mistake of netcalc's own is told in one line too
        if is_out_of_memory(error):
            return end(2, NO_MEMORY)
        if "NETCALC_TRACEBACK" in os.environ:
            raise
        return end(OWN_MISTAKE, f"error: netcalc has a mistake of its own: {type(error).__name__}: {error}")
    if status == CLOSED_PIPE:  # as typer ends then
        discard_output()
    return int(status)


@contextmanager
def closed_pipe_ends_quietly() -> Iterator[None]:
    """Ahead of typer and Rich, which would end a closed pipe with 1, the status of a wrong answer."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        raise typer.Exit(CLOSED_PIPE) from error


def is_closed_pipe(error: OSError) -> bool:
    """Whether the reader of a pipe has gone; Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (ON_WINDOWS and error.errno == errno.EINVAL and error.filename is None)


def discard_output() -> None:
    """Let the interpreter's last flush find somewhere to write what nobody takes."""
    with suppress(AttributeError, OSError, ValueError):  # there may be no stdout, or none with a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end(status: int, *lines: str) -> int:
    say(*(without_middle(one_line(line)) for line in lines))
    return status


def without_middle(message: str) -> str:
    """A message that repeats much of an input, with both its ends."""
    half = MESSAGE_CHARACTERS // 2
    return message if len(message) <= MESSAGE_CHARACTERS else f"{message[:half]} … {message[-half:]}"


def usage_message(error: typer.TyperException) -> str:
    """typer's message in netcalc's form."""
    if hasattr(error, "option_name") and hasattr(error, "possibilities"):
        return unknown_option(error.option_name, error.possibilities or ()).message
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def explain(error: NetcalcError) -> Iterator[str]:
    """The message, and where it is about a place in a text, that line with a caret under the place."""
    yield f"error: {error.message}"
    if error.source is None or error.position is None or not error.source.strip():
        return
    start = error.source.rfind("\n", 0, error.position) + 1
    line = error.source[start:].partition("\n")[0]
    column = min(error.position - start, len(line))
    left = max(0, column - CARET_WIDTH // 2)
    shown = line[left : left + CARET_WIDTH]
    before, after = "…" * (left > 0), "…" * (left + len(shown) < len(line))
    yield f"  {before}{one_column_each(shown)}{after}"
    yield "  " + " " * columns(before + one_column_each(shown[: column - left])) + "^"


def one_column_each(text: str) -> str:
    import unicodedata

    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} else c for c in text)


def columns(text: str) -> int:
    """How wide a terminal shows the text: two columns for East Asian wide letters, none for combining marks."""
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
