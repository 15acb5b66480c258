"""An exercise: a problem, what is asked of it, and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from netcalc.expression import Tree, parse
from netcalc.notation import to_ascii
from netcalc.notation.displays import Display, matrix, row
from netcalc.quiz.kinds import KINDS, Content
from netcalc.result import Element, Result, Tensor
from netcalc.solving.solve import solve
from netcalc.spec import stated
from netcalc.spec.document import Document

INNER = ("z", "a", "dz", "da")  # of a net's layers: what its steps go through, and no question


@dataclass(frozen=True)
class Exercise:
    """One exercise of a quiz; `content` is what a problem's file holds."""

    number: int
    kind: str
    content: Content

    @cached_property
    def result(self) -> Result:
        """The answer, with closed forms."""
        return solve(stated(Document(self.content, f"exercise {self.number}", Path())), exact=True)

    @property
    def asked_tensors(self) -> list[Tensor]:
        """The tensors asked for."""
        passed_over = INNER if self.kind == "net" else ()
        return [one for one in self.result.tensors if one.name.rstrip("0123456789") not in passed_over]

    @property
    def asked(self) -> list[Element]:
        """Their elements."""
        return [one for tensor in self.asked_tensors for one in tensor.elements()]

    @property
    def title(self) -> str:
        """What it is about, in a word or two."""
        table = self.content.get(self.kind, self.content)
        if self.kind == "neuron":
            return f"A {table['activation']} neuron"
        if self.kind == "linear":
            return "A linear layer" + (f", then {table['activation']}" if "activation" in table else "")
        return f"A net of {len(table['layers'])} layers" if self.kind == "net" else "An expression"

    def given(self) -> Iterator[tuple[str, Display | str]]:
        """What is given, each by its name."""
        table = self.content.get(self.kind, self.content)
        if self.kind == "grad":
            yield "f", parse(table["expressions"][0])
            yield from ((name, _display(value)) for name, value in table["at"].items())
            return
        for number, layer in enumerate(table.get("layers", ()), 1):
            yield f"W{number}", _display(layer["W"])
            yield f"b{number}", _display(layer["b"])
            yield "activation", layer["activation"]
        for name, value in table.items():
            if name not in {"layers", "activation"}:
                is_word = name in {"loss", "reduction"}
                yield NAMES.get(name, name), value if is_word else _display(value)


NAMES = {"matrix": "W", "input": "x", "target": "t"}


def _display(value: Any) -> Display:
    if isinstance(value, list):
        return (
            matrix([[_tree(one) for one in line] for line in value])
            if isinstance(value[0], list)
            else row(map(_tree, value))
        )
    return _tree(value)


def _tree(value: Any) -> Tree:
    return parse(str(value))


def answer_of(one: Element) -> Tree | str:
    """An answer in its shortest exact form, or its digits."""
    exact = one.value.exact
    return exact if exact is not None and len(to_ascii(exact)) <= LONGEST else one.value.shown


ATTEMPTS = 50
LONGEST = 24  # characters of a closed form that is a pleasant answer


def quiz(kind: str, seed: int, count: int, level: int) -> list[Exercise]:
    """So many exercises of a kind, the same for the same seed."""
    random = Random(f"{kind} {seed} {level}")  # noqa: S311 - exercises, no secrets
    return [_drawn(random, number, kind, level) for number in range(1, count + 1)]


def _drawn(random: Random, number: int, kind: str, level: int) -> Exercise:
    """One exercise; drawn again where it is at a kink, or there is nothing to find but zeros."""
    for _ in range(ATTEMPTS):
        exercise = Exercise(number, kind, KINDS[kind](random, level))
        partials = [tensor for tensor in exercise.result.tensors if tensor.of]
        at_a_kink = any("kink" in note for note in exercise.result.notes)
        if not at_a_kink and all(any(value.nearest for value in one.values) for one in partials):
            break
    return exercise
