"""What is measured: commands, the cases that compare them, and the work that they grow with."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import which

Word = str | float | Path


@dataclass(frozen=True)
class Command:
    """A process: its words, what it `needs` (packages, programs), whether its cache is empty, and its exit status."""

    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    first_run: bool = False
    status: int = 0

    @property
    def missing(self) -> list[str]:
        """What it needs and is not installed."""
        return [name for name in self.needs if find_spec(name) is None and which(name) is None]


@dataclass(frozen=True)
class Case:
    """netcalc (`ours`) beside `peers`; `most` times a peer's seconds, and its memory, are what is promised."""

    what: str
    ours: Command
    peers: Mapping[str, Command]
    most: Mapping[str, float] = field(default_factory=dict)
    most_memory: Mapping[str, float] = field(default_factory=dict)
    runs: int | None = None


@dataclass(frozen=True)
class Growth:
    """A command at several amounts of work, counted in `unit`."""

    what: str
    unit: str
    commands: Mapping[int, Command]


def netcalc(*words: Word, first_run: bool = False) -> Command:
    """The command under test, of this environment."""
    return Command((str(Path(sys.executable).with_name("netcalc")), *map(str, words)), first_run=first_run)


def python(script: str, *words: Word, needs: Sequence[str] = ()) -> Command:
    """A script for the same interpreter; `words` are its `sys.argv[1:]`."""
    return Command((sys.executable, "-c", script, *map(str, words)), tuple(needs))


def program(name: str, *words: Word) -> Command:
    """A program found on the path."""
    return Command((name, *map(str, words)), (name,))


def piped(command: Command, path: Path) -> Command:
    """The same between two pipes: the file comes through one, and what is printed goes through another."""
    line = f"cat {shlex.quote(str(path))} | {shlex.join(command.words)} | cat > /dev/null"
    return Command(("sh", "-c", line), command.needs, command.first_run)


def first_line(command: Command) -> Command:
    """The same until its first line below the header is there; then nobody reads on."""
    return Command(("sh", "-c", f"{shlex.join(command.words)} 2> /dev/null | head -n 2"), command.needs)


def repeated(command: Command, path: Path, times: int) -> Command:
    """The command at the end of a pipe through which the file comes so many times."""
    line = f"cat {' '.join([shlex.quote(str(path))] * times)} | {shlex.join(command.words)} > /dev/null"
    return Command(("sh", "-c", line), command.needs)
