"""A quiz as text, as a LaTeX worksheet, as JSON; its key apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from netcalc.expression import Symbol, Tree
from netcalc.notation import minus_signs, to_ascii, to_unicode
from netcalc.notation.displays import Display
from netcalc.notation.latex import tensor_to_latex, to_latex
from netcalc.quiz.exercise import Exercise, answer_of
from netcalc.render.blocks import in_line
from netcalc.render.latex import display_to_latex, latex
from netcalc.render.prose import step_lines
from netcalc.result import Element, Tensor
from netcalc.version import __version__

FORMATS = ("table", "json", "latex")


def sheets(format_name: str, exercises: Sequence[Exercise], *, key: bool, heading: dict[str, Any]) -> Iterator[str]:
    """The questions, or the key, as lines."""
    if format_name == "json":
        content = [_record(one, key=key) for one in exercises]
        whole = {"netcalc": __version__, "command": "quiz", **heading, "exercises": content}
        return iter([json.dumps(whole, ensure_ascii=False)])
    return _latex(exercises, key=key) if format_name == "latex" else _text(exercises, key=key)


def _record(exercise: Exercise, *, key: bool) -> dict[str, Any]:
    asked = exercise.asked
    record: dict[str, Any] = {
        "number": exercise.number,
        "text": " ".join(question(exercise)),
        "problem": exercise.content,
        "asked": [one.name for one in asked],
    }
    return record | ({"answers": {one.name: _plain(answer_of(one)) for one in asked}} if key else {})


def _plain(answer: Tree | str) -> str:
    return answer if isinstance(answer, str) else to_ascii(answer)


def question(exercise: Exercise) -> Iterator[str]:
    """The exercise in words, a line or two."""
    given = ", ".join(_said(name, thing, in_line, to_unicode) for name, thing in exercise.given())
    yield f"{exercise.number}. {exercise.title}: {given}."
    yield f"Find {', '.join(one.name for one in exercise.asked_tensors)}."


def _said(name: str, thing: Display | str, shown: Any, spelled: Any) -> str:
    return f"{name} {thing}" if isinstance(thing, str) else f"{spelled(Symbol(name))} = {shown(thing)}"


def _text(exercises: Sequence[Exercise], *, key: bool) -> Iterator[str]:
    for exercise in exercises:
        if exercise.number > 1:
            yield ""
        lines = list(question(exercise))
        yield lines[0]
        if not key:
            yield f"   {lines[1]}"
            continue
        yield from (f"   {one.name} = {_shown(one)}" for one in exercise.asked)
        yield ""
        yield from (f"   {line}".rstrip() for line in step_lines(exercise.result.steps))


def _shown(one: Element) -> str:
    answer = answer_of(one)
    return minus_signs(answer) if isinstance(answer, str) else to_unicode(answer)


def _long(tensor: Tensor) -> str:
    """`dL/dW` for the partial `dW`."""
    return f"d{tensor.of}/d{tensor.key}" if tensor.of else tensor.name


def _latex(exercises: Sequence[Exercise], *, key: bool) -> Iterator[str]:
    yield from (r"\documentclass{article}", r"\usepackage{amsmath}", r"\begin{document}", r"\begin{enumerate}")
    for exercise in exercises:
        given = ", ".join(
            _said(name, thing, display_to_latex, to_latex)
            if not isinstance(thing, str)
            else rf"\text{{{name} {thing}}}"
            for name, thing in exercise.given()
        )
        yield rf"\item {exercise.title}: ${given}$."
        if key:
            yield from latex(exercise.result)
        else:
            asked = ", ".join(f"${tensor_to_latex(_long(one))}$" for one in exercise.asked_tensors)
            yield f"Find {asked}."
    yield from (r"\end{enumerate}", r"\end{document}")
