"""Exercises: the same for the same seed, with short answers, and their keys are right."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from fractions import Fraction

import pytest

from netcalc.checking import Checker
from netcalc.cli import main
from netcalc.exercises import KINDS, quiz
from netcalc.exercises.exercise import answer_of
from netcalc.exercises.session import session
from netcalc.exercises.sheets import sheets
from netcalc.notation import to_ascii
from netcalc.verify import verify

LEVELS = (1, 2, 3)


@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
def test_keys_are_right_and_short(kind, level):
    """Every answer asked for is a closed form of a few characters, which the checker finds right."""
    for exercise in quiz(kind, 11, 2, level):
        answers = {one.name: answer_of(one) for one in exercise.elements}
        texts = {name: answer if isinstance(answer, str) else to_ascii(answer) for name, answer in answers.items()}
        assert all(len(text) <= 24 for text in texts.values()), texts
        assert {one.verdict for one in Checker(exercise.result).checked(texts.items()).checked} == {"right"}
        assert not any("kink" in note for note in exercise.result.notes)


def test_a_seed_gives_the_same_exercises():
    first, second, other = (
        list(sheets("table", quiz("grad", seed, 4, 2), key=False, heading={})) for seed in (5, 5, 6)
    )
    assert first == second != other


@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
def test_no_exercise_is_set_twice(kind, level):
    """Not even among a thousand, which take no time."""
    contents = [json.dumps(one.content, sort_keys=True) for one in quiz(kind, 4, 1000, level)]
    assert len(set(contents)) == 1000


@pytest.mark.parametrize("level", LEVELS)
def test_neurons_keep_slips_apart(level):
    """No input or weight is another, its double or its square, or hides a factor; nor are f and its slope alike."""
    for exercise in quiz("neuron", 5, 200, level):
        table = exercise.content["neuron"]
        sizes = sorted(abs(one) for one in (*table["x"], *table["w"]))
        assert len(set(sizes)) == len(sizes)
        assert min(sizes) > 2
        assert not {2 * one for one in sizes} & set(sizes)
        assert not {one**2 for one in sizes} & set(sizes)


def slips(slope, f, own, others):
    """What a partial comes to by usual slips, with what each is."""
    taken = {"f": f, "1 - f": 1 - f, "f^2": f**2, "(1 - f)^2": (1 - f) ** 2, "1": 1, "twice": 2 * slope, "-": -slope}
    yield "right", slope * own
    yield from ((name, one * own) for name, one in taken.items())
    yield from ((f"{other} for {own}", slope * other) for other in others)


@pytest.mark.parametrize("level", [2, 3])
def test_each_usual_slip_gives_an_answer_of_its_own(level):
    """The slope taken for another, or one number for another: no two come to the same partial."""
    for exercise in quiz("neuron", 9, 100, level):
        x, w = exercise.content["neuron"]["x"], exercise.content["neuron"]["w"]
        f = Fraction(to_ascii(next(iter(exercise.result["f"].values)).exact))
        for own in (*x, *w):
            found = list(slips(f * (1 - f), f, own, [one for one in (*x, *w) if one != own]))
            assert len({value for _, value in found}) == len(found), (exercise.text, found)


@pytest.mark.nightly
@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
def test_two_hundred_keys_are_right_and_short(kind, level):
    """Closed forms, right by differences of the forward pass; no gradient is nothing but zeros, no text is set twice."""
    exercises = quiz(kind, 12, 200, level)
    assert len({one.text.partition(". ")[2] for one in exercises}) == 200
    for exercise in exercises:
        assert all(one.value.exact is not None for one in exercise.elements)
        assert all(len(answer) <= 24 for answer in exercise.key.values())
        assert {one.verdict for one in Checker(exercise.result).checked(exercise.key.items()).checked} == {"right"}
        assert all(any(value.nearest for value in one.values) for one in exercise.result.tensors if one.of)
        compared = verify(exercise.result.problem, exercise.result)
        assert compared.agreed == compared.partials


@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
def test_there_is_something_to_find(kind, level):
    """No gradient is nothing but zeros, and no point is at a kink."""
    for exercise in quiz(kind, 6, 10, level):
        assert all(any(value.nearest for value in one.values) for one in exercise.result.tensors if one.of)
        assert not any("kink" in note for note in exercise.result.notes)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
@pytest.mark.parametrize("kind, level", list(itertools.product(KINDS, LEVELS)))
@pytest.mark.parametrize("key", [False, True], ids=["sheet", "key"])
def test_no_line_of_a_worksheet_is_too_long(tmp_path, kind, level, key):
    """Nothing sticks out by more than 2 pt."""
    lines = sheets("latex", quiz(kind, 3, 6, level), key=key, heading={})
    (tmp_path / "sheet.tex").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert [float(one) for one in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout) if float(one) > 2] == []


@pytest.mark.parametrize("level", LEVELS)
def test_a_worksheet_names_what_is_given_as_it_asks_for_it(level):
    """The weights that are given are those of the questions, and vectors are columns."""
    sheet = "\n".join(sheets("latex", quiz("net", 3, 3, level), key=False, heading={}))
    assert "$W^{(1)} = " in sheet
    assert r"\frac{\partial L}{\partial W^{(1)}}" in sheet
    assert "W_{1}" not in sheet
    assert re.search(r"\$x = \\begin\{bmatrix\} -?\d+ \\\\ -?\d+ \\end", sheet)


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
    """What a session shows to one who types these lines, then Ctrl-D, and whether all was right."""
    typed, shown = iter(lines), []

    def ask(_):
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    return session(exercises, ask, shown.append), shown


def test_a_session_marks_and_explains():
    (exercise,) = quiz("neuron", 7, 1, 2)
    right = [answer_of(one) for one in exercise.elements]
    lines = [answer if isinstance(answer, str) else to_ascii(answer) for answer in right]
    assert told([exercise], lines)[0]
    all_right, shown = told([exercise], ["3+*", *lines[:-1], "0"])
    assert not all_right
    assert any("needs a number" in str(one) for one in shown)
    assert "1 of 7 answers is wrong" in "\n".join(map(str, shown))


def test_what_was_answered_before_ctrl_d_is_marked():
    exercises = quiz("neuron", 7, 2, 2)
    all_right, shown = told(exercises, [to_ascii(answer_of(exercises[0].elements[0])), "0"])
    assert not all_right
    assert "1 of 2 answers is wrong" in "\n".join(map(str, shown))
    assert not any(line in shown for line in exercises[1].lines[:1] if line not in exercises[0].lines)


@pytest.mark.parametrize("form", ["table", "json", "latex", "md"])
def test_its_help_lists_the_formats_that_it_has(form, capsys):
    status = main(["quiz", "neuron", "-f", form, "--count", "1"])
    capsys.readouterr()
    main(["quiz", "--help"])
    listed = capsys.readouterr().out.partition("How the result is written:")[2].partition(";")[0]
    assert (status == 0) == (form in re.findall(r"\w+", listed))


def test_all_of_a_key_stands_below_its_number():
    """Headings of two lines too."""
    lines = list(sheets("table", quiz("grad", 3, 2, 2), key=True, heading={}))
    assert all(line[:3] == "   " or line[:1].isdigit() for text in lines for line in text.splitlines() if line)


@pytest.mark.parametrize("kind", ["neuron", "linear", "net", "grad"])
def test_a_key_keeps_to_the_page(kind):
    """Matrices are never broken: what is too wide goes on below."""
    for exercise in quiz(kind, 1, 8, 2):
        for line in sheets("table", [exercise], key=True, heading={}, page=72):
            assert len(line) <= 72 or "=" not in line or line == exercise.lines[0]
