"""The process that is one command line: `netcalc`, or `python -m netcalc`."""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import NoReturn

from netcalc.errors import NO_MEMORY, is_out_of_memory  # here, as there is no memory for it where it is needed

LONGEST_SIZE = 5  # digits of a terminal's width
COMPLETE = "_NETCALC_COMPLETE"  # where the shell says what it wants to complete a line
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")  # whose lines typer completes
NO_OUTPUT = "standard output is closed; name a file, as in -o answer.csv"
LEAST_MEMORY = {  # bytes below which NumPy's BLAS ends the process by itself, imported or at the first product
    "RLIMIT_AS": 160 << 20,
    "RLIMIT_DATA": 112 << 20,
}
FEW_COLLECTIONS = (100_000, 20, 20)  # looking for garbage among what is being imported takes a tenth of a run


def run() -> NoReturn:
    """Run the process's own command line, and end it.

    It ends without taking apart all that it imported, which takes a fifth of a short run: once everything else that
    is to be done at the end is done, as what was registered first comes last.
    """
    status = 1
    missing_streams_stand_in()
    without_nonsense(os.environ)

    def end_here() -> None:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)

    atexit.register(end_here)
    end_by_unwinding()
    if not has_room():
        sys.meta_path.insert(0, NoRoom())
    gc.set_threshold(*FEW_COLLECTIONS)
    try:
        from netcalc.cli import main

        status = main()
    except KeyboardInterrupt:  # while it imports; `main` hears the later ones
        status = 128 + signal.SIGINT
    except (ImportError, MemoryError, OSError, SystemError) as error:  # while it imports too
        if not is_out_of_memory(error):
            raise
        print(NO_MEMORY, file=sys.stderr)
        status = 2
    except SystemExit as asked:  # as typer does when the shell has it complete a line
        status = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    sys.exit(status)


def has_room() -> bool:
    """Whether this process may have the memory that NumPy takes."""
    try:
        import resource
    except ImportError:  # on Windows nobody says
        return True
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in LEAST_MEMORY}
    return all(limit == resource.RLIM_INFINITY or limit >= LEAST_MEMORY[name] for name, limit in limits.items())


class NoRoom:
    """An importer of NumPy that says what NumPy could not."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Raises MemoryError."""
        if name == "numpy":
            raise MemoryError


def end_by_unwinding() -> None:
    """Have the signals that end a process end it as an exit does, so that half-written files are taken away."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # not where nohup has it ignored
            signal.signal(number, end)


def missing_streams_stand_in() -> None:
    """Put something in the place of standard streams that are closed, as daemons and cron have them.

    A file that is opened later must not get their numbers: messages would be written into it.
    """
    for descriptor in range(3):
        with suppress(OSError):
            os.fstat(descriptor)
            continue
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  # for the rest of the process


class ClosedOutput(io.TextIOBase):
    """A standard output that is closed: an answer with nowhere to go is a bad request."""

    encoding = "utf-8"

    @property
    def buffer(self) -> NoReturn:
        """Raises OSError."""
        raise OSError(errno.EBADF, NO_OUTPUT)

    def write(self, _: str) -> NoReturn:
        """As for bytes."""
        raise OSError(errno.EBADF, NO_OUTPUT)


def without_nonsense(environment: MutableMapping[str, str]) -> None:
    """Take out sizes that no terminal has, `0` among them, and completions that no shell asks for, as if not set."""
    for name in ("COLUMNS", "LINES"):
        size = environment.get(name, "1")
        if not (is_count(size) and int(size) > 0):
            del environment[name]
    asked = environment.get(COMPLETE, "source_bash").split("_")
    word_is_told = "COMP_WORDS" in environment and is_count(environment.get("COMP_CWORD", ""))
    if not (
        len(asked) == 2
        and asked[0] in ("source", "complete")
        and asked[1] in SHELLS
        and (asked != ["complete", "bash"] or word_is_told)
    ):
        del environment[COMPLETE]


def is_count(text: str) -> bool:
    """Whether a whole number stands there, and none that is too large for anything."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_SIZE


if __name__ == "__main__":
    run()
