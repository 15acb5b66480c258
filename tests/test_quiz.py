"""Exercises: the same for the same seed, with short answers, and their keys are right."""

from __future__ import annotations

import itertools
import json

import pytest

from netcalc.checking import Checker
from netcalc.notation import to_ascii
from netcalc.quiz import KINDS, quiz
from netcalc.quiz.exercise import answer_of
from netcalc.quiz.session import session
from netcalc.quiz.sheets import sheets

LEVELS = (1, 2, 3)


@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
def test_keys_are_right_and_short(kind, level):
    """Every answer asked for is a closed form of a few characters, which the checker finds right."""
    for exercise in quiz(kind, 11, 2, level):
        answers = {one.name: answer_of(one) for one in exercise.asked}
        texts = {name: answer if isinstance(answer, str) else to_ascii(answer) for name, answer in answers.items()}
        assert all(len(text) <= 24 for text in texts.values()), texts
        assert {one.verdict for one in Checker(exercise.result).checked(texts.items()).checked} == {"right"}
        assert not any("kink" in note for note in exercise.result.notes)


def test_a_seed_gives_the_same_exercises():
    first, second, other = (
        list(sheets("table", quiz("grad", seed, 4, 2), key=False, heading={})) for seed in (5, 5, 6)
    )
    assert first == second != other


def test_more_exercises_start_with_the_same():
    few, many = ([one.content for one in quiz("neuron", 3, count, 2)] for count in (2, 5))
    assert many[:2] == few


def test_json_holds_problems_and_leaves_the_answers_to_the_key():
    exercises = quiz("linear", 3, 2, 1)
    without, with_key = (
        json.loads(next(iter(sheets("json", exercises, key=key, heading={})))) for key in (False, True)
    )
    assert all("answers" not in one for one in without["exercises"])
    assert all(set(one["answers"]) == set(one["asked"]) for one in with_key["exercises"])


def told(exercises, lines):
    """What a session shows to one who types these lines, and whether all was right."""
    typed, shown = iter(lines), []

    def ask(_):
        return next(typed)

    return session(exercises, ask, shown.append), shown


def test_a_session_marks_and_explains():
    (exercise,) = quiz("neuron", 7, 1, 2)
    right = [answer_of(one) for one in exercise.asked]
    lines = [answer if isinstance(answer, str) else to_ascii(answer) for answer in right]
    assert told([exercise], lines)[0]
    all_right, shown = told([exercise], ["3+*", *lines[:-1], "0"])
    assert not all_right
    assert any("needs a number" in str(one) for one in shown)
    assert "1 of 7 answers is wrong" in "\n".join(map(str, shown))
