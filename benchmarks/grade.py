"""A class's answers, marked: three a student to two neurons, made at random, a cause looked for where one is wrong.

The last table makes a quiz of more and more exercises.
"""

from __future__ import annotations

import random
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.case import Command, Growth, netcalc

STUDENTS = (1, 100, 1000, 10_000)
EXERCISES = (1, 30, 100, 300, 1000)


def prepare(folder: Path) -> None:
    """The quiz, and sheets of answers."""
    made = subprocess.run(netcalc("quiz", "neuron", "--count", 2, "-f", "json").words, check=True, capture_output=True)
    (folder / "quiz.json").write_bytes(made.stdout)
    draw = random.Random(2020)
    for students in STUDENTS:
        rows = (f"s{n},{draw.randint(-3, 3)},{draw.random():.3f},{draw.randint(0, 9) / 4}" for n in range(students))
        (folder / f"{students}.csv").write_text("\n".join(["student,1.q,1.f,2.f", *rows]) + "\n", encoding="utf-8")


def cases(folder: Path) -> Iterator[Growth]:
    """By the size of the class."""

    def marked(students: int) -> Command:
        words = netcalc("grade", folder / "quiz.json", folder / f"{students}.csv", "-f", "csv").words
        return Command(("sh", "-c", f"{shlex.join(words)}; [ $? -le 1 ]"))  # 1 says that there are wrong answers

    yield Growth("A class", "students", {students: marked(students) for students in STUDENTS})
    yield Growth("A quiz", "exercises", {count: made(count) for count in EXERCISES})


def made(count: int) -> Command:
    """So many exercises."""
    return netcalc("quiz", "neuron", "--count", count, "-f", "json")
