"""A quiz as text, as a LaTeX worksheet, as JSON; its key apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from netcalc.exercises.exercise import Exercise, answer_of
from netcalc.notation import minus_signs, to_unicode
from netcalc.notation.displays import Display, Matrix, matrix
from netcalc.notation.latex import tensor_to_latex, text_to_latex
from netcalc.render.latex import display_to_latex, latex
from netcalc.render.prose import READABLE, step_lines
from netcalc.result import Element, Tensor
from netcalc.version import __version__

MARGIN = "   "


def sheets(
    format_name: str, exercises: Sequence[Exercise], *, key: bool, heading: dict[str, Any], page: int = READABLE
) -> Iterator[str]:
    """The questions, or the key, as lines; as text on a page of so many columns."""
    if format_name == "json":
        content = [_record(one, key=key) for one in exercises]
        whole = {"netcalc": __version__, "command": "quiz", **heading, "exercises": content}
        return iter([json.dumps(whole, ensure_ascii=False)])
    return _latex(exercises, key=key) if format_name == "latex" else _text(exercises, key, page - len(MARGIN))


def _record(exercise: Exercise, *, key: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": exercise.number,
        "text": exercise.text,
        "problem": exercise.content,
        "asked": [one.name for tensor in exercise.questions for one in tensor.elements()],
    }
    return record | ({"answers": exercise.key} if key else {})


def _text(exercises: Sequence[Exercise], key: bool, width: int) -> Iterator[str]:
    for exercise in exercises:
        if exercise.number > 1:
            yield ""
        yield exercise.lines[0]
        if not key:
            yield f"{MARGIN}{exercise.lines[1]}"
            continue
        yield from (f"{MARGIN}{one.name} = {_shown(one)}" for one in exercise.elements)
        yield ""
        yield from (
            f"{MARGIN}{line}".rstrip() for line in step_lines(exercise.result.steps, min(width, READABLE), width)
        )


def _shown(one: Element) -> str:
    answer = answer_of(one)
    return minus_signs(answer) if isinstance(answer, str) else to_unicode(answer)


def _long(tensor: Tensor) -> str:
    """`dL/dW` for the partial `dW`, and `L` for the loss, as the steps have it."""
    return f"d{tensor.of}/d{tensor.key}" if tensor.of else "L" if tensor.name == "loss" else tensor.name


PREAMBLE = (
    r"\documentclass{article}",
    r"\usepackage{amsmath}",
    r"\usepackage[margin=2cm]{geometry}",
    r"\setlength{\emergencystretch}{3em}",
    r"\begin{document}",
    r"\raggedright",
    r"\begin{enumerate}",
)


def _latex(exercises: Sequence[Exercise], *, key: bool) -> Iterator[str]:
    """Each name and number in mathematics of its own, so that a line can end between any two of them."""
    yield from PREAMBLE
    for exercise in exercises:
        yield rf"\item {text_to_latex(exercise.title)}: {', '.join(_givens(exercise))}."
        if key:
            yield from (r"{\small", *latex(exercise.result), "}")
        else:
            yield f"Find {', '.join(f'${tensor_to_latex(_long(one))}$' for one in exercise.questions)}."
    yield from (r"\end{enumerate}", r"\end{document}")


def _givens(exercise: Exercise) -> Iterator[str]:
    things = list(exercise.given())
    rows = any(name in SAMPLES and isinstance(thing, Matrix) and len(thing.entries) > 1 for name, thing in things)
    for name, thing in things:
        if isinstance(thing, str):
            yield text_to_latex(f"{name} {thing}")
            continue
        shown = thing if rows or name.startswith("W") else _upright(thing)
        beside = " (a row a sample)" if rows and name in SAMPLES else ""
        yield f"${tensor_to_latex(name)} = {display_to_latex(shown)}${beside}"


def _upright(thing: Display) -> Display:
    """A vector as a column."""
    if isinstance(thing, Matrix) and len(thing.entries) == 1:
        return matrix(zip(*thing.entries, strict=True))
    return thing


SAMPLES = ("x", "v", "t", "delta")  # which have a row for each sample, where there are several
