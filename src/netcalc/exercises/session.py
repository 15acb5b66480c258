"""A quiz on a terminal: it asks, marks and explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netcalc.checking import Checker
from netcalc.exercises.exercise import Exercise
from netcalc.render.verdicts import verdicts

Ask = Callable[[str], str]  # shows a prompt and gives the line typed; EOFError where there is no more
Show = Callable[[Any], None]


def session(exercises: Sequence[Exercise], ask: Ask, show: Show) -> bool:
    """Ask every exercise, mark it and explain what went wrong; whether all was right.

    An empty line passes. Where no more is typed, what was answered is marked and the session ends.
    """
    all_right = True
    for exercise in exercises:
        for line in exercise.lines:
            show(line)
        checker = Checker(exercise.result)
        brought, ended = _brought(exercise, checker, ask, show)
        if brought:
            checked = checker.checked(brought.items())
            for verdict in verdicts(checked):
                show(verdict)
            all_right &= not any(one.is_wrong for one in checked.checked)
        all_right &= len(brought) == len(exercise.elements)
        show("")
        if ended:
            return False
    return all_right


def _brought(exercise: Exercise, checker: Checker, ask: Ask, show: Show) -> tuple[dict[str, str], bool]:
    """The answers that are typed, by name, and whether that was the end of them."""
    brought = {}
    try:
        for one in exercise.elements:
            if text := _answered(checker, one.name, ask, show):
                brought[one.name] = text
    except EOFError:
        show("")
        return brought, True
    return brought, False


def _answered(checker: Checker, name: str, ask: Ask, show: Show) -> str:
    """One answer that reads; nothing where it is passed."""
    while text := ask(f"  {name} = ").strip():
        refused = checker.refused(name, text)
        if not refused:
            return text
        show(f"  {refused}")
    return ""
