"""Transcripts: `$ ` lines are commands for bash, the lines below one are what it prints, word for word.

A here-document's lines and those after a backslash belong to their command. In Markdown the ```console blocks are
transcripts; in a `.console` file every line is, but for a comment at its top.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
UPDATE = "UPDATE_GOLDEN" in os.environ
SET_UP = re.compile(r"-m venv|\bpip install|\bpipx |\buvx? ")  # run by .ci/run, on a machine of its own
BETWEEN = "\x1e"  # written after each command's output


@dataclass(frozen=True)
class Command:
    """What stands behind `$ `, what it printed, and the lines of the file that the output takes."""

    text: str
    output: str
    start: int
    stop: int

    @property
    def sets_up(self) -> bool:
        return SET_UP.search(self.text) is not None


def commands(lines: Sequence[str], *, markdown: bool) -> Iterator[Command]:
    inside, number = not markdown, 0
    while number < len(lines):
        line, number = lines[number], number + 1
        if markdown and line.startswith("```"):
            inside = line.strip() == "```console"
        elif inside and line.startswith("$ "):
            stop = end_of_command(lines, number - 1)
            text = "\n".join([line[2:], *(one.removeprefix("> ") for one in lines[number:stop])])
            number = start = stop
            while number < len(lines) and not lines[number].startswith(("$ ", "```" if markdown else "$ ")):
                number += 1
            yield Command(text, "".join(f"{one}\n" for one in lines[start:number]), start, number)


def end_of_command(lines: Sequence[str], first: int) -> int:
    """The line behind a command, its here-document and its continued lines."""
    last = first
    while lines[last].endswith("\\"):
        last += 1
    if here := re.search(r"<<-?\s*['\"]?(\w+)", lines[last]):
        last = next(n for n in range(last + 1, len(lines)) if lines[n].removeprefix("> ") == here[1])
    return last + 1


def in_file(path: Path) -> list[Command]:
    return list(commands(path.read_text(encoding="utf-8").splitlines(), markdown=path.suffix == ".md"))


def environment(home: Path, *front: Path) -> dict[str, str]:
    """That of a terminal without settings of its own, where `netcalc` is the one under test, or that of a folder in front."""
    path = os.pathsep.join([*map(str, front), str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: os.environ[name] for name in ("NETCALC_CACHE", "COVERAGE_PROCESS_START") if name in os.environ}
    return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb", **kept}


def run(given: Sequence[Command], folder: Path, home: Path, *front: Path) -> list[str]:
    """What each command prints, on stdout and stderr together, in one bash session."""
    script = [part for one in given for part in (one.text, f"_s=$?; printf '{BETWEEN}'; (exit $_s)")]
    done = subprocess.run(
        ["bash", "-c", "exec 2>&1\n" + "\n".join(script)],
        cwd=folder,
        env=environment(home, *front),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=600,
        check=False,
    )
    return done.stdout.decode().split(BETWEEN)[:-1]


def rewrite(path: Path, outputs: dict[Command, str]) -> None:
    """Put what was printed in place of what the file says."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for command, output in sorted(outputs.items(), key=lambda pair: pair[0].start, reverse=True):
        lines[command.start : command.stop] = output.splitlines()
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def check(path: Path, folder: Path, home: Path, *front: Path) -> None:
    """Run a file's commands and compare what they print; under UPDATE_GOLDEN write that down instead."""
    given = [command for command in in_file(path) if not command.sets_up]
    printed = run(given, folder, home, *front)
    if UPDATE:
        rewrite(path, dict(zip(given, printed, strict=True)))
        return
    for command, output in zip(given, printed, strict=True):
        assert output == command.output, f"{path.name}: $ {command.text}"
