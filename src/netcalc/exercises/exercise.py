"""An exercise: a problem, what is asked of it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from netcalc.catalogue.names import unknown
from netcalc.errors import NetcalcError
from netcalc.exercises.kinds import KINDS, LEVELS, Content
from netcalc.expression import Symbol, Tree, parse
from netcalc.notation import to_ascii, to_unicode
from netcalc.notation.displays import Display, matrix, row
from netcalc.records import dataclass
from netcalc.render.blocks import in_line
from netcalc.result import Element, Result, Tensor
from netcalc.solving.solve import solve
from netcalc.spec import problem_of
from netcalc.spec.document import Document

INNER = ("z", "a", "dz", "da")  # of a net's layers: what its steps go through, and no question


@dataclass(frozen=True)
class Exercise:
    """One exercise of a quiz; `content` is what a problem's file holds, `model` another one with the same questions."""

    number: int
    kind: str
    content: Content
    model: Exercise | None = field(default=None, repr=False, compare=False)

    @cached_property
    def result(self) -> Result:
        """The answer, with closed forms."""
        return solve(problem_of(Document(self.content, f"exercise {self.number}", Path())), exact=True)

    @cached_property
    def questions(self) -> list[Tensor]:
        """The tensors asked for, by their names; their numbers may be those of another exercise."""
        return self.tensors_of((self.model or self).result)

    def tensors_of(self, result: Result) -> list[Tensor]:
        """The tensors of a result that are asked for."""
        passed_over = INNER if self.kind == "net" else ()
        return [one for one in result.tensors if one.name.rstrip("0123456789") not in passed_over]

    @property
    def elements(self) -> list[Element]:
        """The elements of the tensors asked for."""
        return [one for tensor in self.tensors_of(self.result) for one in tensor.elements()]

    @property
    def key(self) -> dict[str, str]:
        """The answers by name: short closed forms, or digits."""
        return {one.name: plain(answer_of(one)) for one in self.elements}

    @property
    def text(self) -> str:
        """The exercise in words."""
        return " ".join(self.lines)

    @property
    def lines(self) -> tuple[str, str]:
        """What is given, and what is asked."""
        given = ", ".join(
            f"{name} {thing}" if isinstance(thing, str) else f"{to_unicode(Symbol(name))} = {in_line(thing)}"
            for name, thing in self.given()
        )
        return f"{self.number}. {self.title}: {given}.", f"Find {', '.join(one.name for one in self.questions)}."

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


def plain(answer: Tree | str) -> str:
    """An answer as netcalc reads it."""
    return answer if isinstance(answer, str) else to_ascii(answer)


LONGEST = 24  # characters of a closed form that is a pleasant answer
ATTEMPTS = 1000  # to draw an exercise that is not there yet


def quiz(kind: str, seed: int, count: int, level: int) -> list[Exercise]:
    """So many different exercises of a kind, the same for the same seed. Raises NetcalcError."""
    if kind not in KINDS:
        raise unknown("kind of exercise", kind, KINDS, f"there are {', '.join(KINDS)}")
    if level not in LEVELS:
        raise NetcalcError(f"the level of an exercise goes from {LEVELS[0]} to {LEVELS[-1]}, and is not {level}")
    random = Random(f"{kind} {seed} {level}")  # noqa: S311 - exercises, no secrets
    found: dict[str, Exercise] = {}
    models: dict[str, Exercise] = {}
    for _ in range(ATTEMPTS * count):
        if len(found) == count:
            break
        content = KINDS[kind](random, level)
        exercise = Exercise(len(found) + 1, kind, content)
        exercise = replace(exercise, model=models.setdefault(_shape(content), exercise))
        found.setdefault(json.dumps(content, sort_keys=True), exercise)
    if len(found) < count:
        raise NetcalcError(f"there are {len(found)} different exercises of this kind and level, and not {count}")
    return list(found.values())


def _shape(content: Any) -> str:
    """What the names of the answers depend on: everything but the numbers."""
    if isinstance(content, dict):
        return f"{{{', '.join(f'{key}: {_shape(value)}' for key, value in content.items())}}}"
    if isinstance(content, list):
        return f"[{', '.join(map(_shape, content))}]"
    return content if isinstance(content, str) and content.replace("-", "_").isidentifier() else ""
