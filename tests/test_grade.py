"""A class's table as spreadsheets and learning platforms export it, and the same from Python."""

from __future__ import annotations

import json

import pytest

import netcalc
from netcalc import cli
from netcalc.errors import FileError, NetcalcError, UnknownNameError

PROBLEM = "[neuron]\nx = [1]\nw = [2]\nb = 0\n"
RIGHT = {"q": "2", "f": "0.881", "db": "0.105"}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """A command in a folder of its own: its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = cli.main([str(word) for word in words])
        out, err = capfd.readouterr()
        return status, out, err

    return run


@pytest.fixture
def marks(run, tmp_path):
    """Each student's name, marks and verdicts, and what stands on stderr."""
    (tmp_path / "p.toml").write_text(PROBLEM)

    def graded(table, *flags):
        (tmp_path / "c.csv").write_bytes(table.encode() if isinstance(table, str) else table)
        status, out, err = run("grade", str(tmp_path / "p.toml"), str(tmp_path / "c.csv"), "-f", "json", *flags)
        students = json.loads(out)["students"] if out else []
        return [(one["student"], one["marks"], *one["verdicts"].values()) for one in students], err, status

    return graded


def test_columns_that_are_no_answers_are_named_once_and_passed_over(marks):
    found, err, status = marks("student,email,q,Matr,db\nAda,a@b.c,2,12345,0.105\nBen,b@b.c,3,1,0.105\n")
    assert found == [("Ada", 2, "right", "rounded"), ("Ben", 1, "wrong", "rounded")]
    assert err == "note: columns that are no answers are passed over: email, Matr\n"
    assert status == 1


@pytest.mark.parametrize(
    "header, row, name",
    [
        ("email,Name", "a@b.c,Ada", "Ada"),
        ("Surname,First name,Email address", "Lovelace,Ada,a@b.c", "Ada Lovelace"),
        ("email", "a@b.c", "a@b.c"),
        ("Timestamp,Email Address", "2026/11/01 9:00:00,a@b.c", "a@b.c"),
    ],
)
def test_who_a_row_is_of(marks, header, row, name):
    """As the column for it is called, or else as the first column says."""
    assert marks(f"{header},q\n{row},2\n")[0][0][0] == name


@pytest.mark.parametrize(
    "header, read",
    [
        ("q (1234),db (1235)", "'db (1235)' as db"),  # as Canvas exports them; a letter alone may be a word
        ("What is ∂f/∂b?,Give f.,1. dw0 [2 pts]", "'What is ∂f/∂b?' as ∂f/∂b, '1. dw0 [2 pts]' as dw0"),
    ],
)
def test_an_answer_is_called_as_the_question_for_it(marks, header, read):
    found, err, _ = marks(f"student,{header}\nAda,{','.join(['0.105'] * len(header.split(',')))}\n")
    assert f"note: columns read as answers: {read}\n" in err
    assert [len(one) - 2 for one in found] == [read.count(" as ")]


def test_a_column_of_an_answers_name_comes_before_questions_that_have_it(marks):
    found, err, _ = marks("student,comment on db,db\nAda,0.5,0.105\n")
    assert found == [("Ada", 1, "rounded")]
    assert err == "note: columns that are no answers are passed over: comment on db\n"
    _, err, status = marks("student,comment on db,mark for db\nAda,0.5,0.105\n")
    assert (status, "'comment on db' and 'mark for db' are the same answer" in err) == (2, True)


def test_a_table_without_answers_says_what_they_are_called(marks):
    _, err, status = marks("student,question,answer\nAda,db,0.105\n")
    assert status == 2
    assert "has no column that is an answer, as q, f, " in err
    assert "its columns are student, question, answer" in err


def test_rows_that_a_platform_adds_are_no_students(marks):
    found, _, _ = marks("Student,ID,db\n    Points Possible,,1\nAda,1,0.105\nOverall average,,0.9\n")
    assert [name for name, *_ in found] == ["Ada"]


def test_a_wrong_index_is_no_column_to_pass_over(marks):
    found, err, status = marks("student,dx7\nAda,2\n")
    assert (found, status) == ([], 2)
    assert "dx goes from dx0 to dx0" in err


@pytest.mark.parametrize(
    "table", ["﻿student;q;f;db\r\nAda;2,0;0,881;0,105\r\n", 'sep=;\nstudent;q;f;db\nAda;2;"0,881";0,105\n']
)
def test_decimal_commas_where_they_are_announced(marks, table):
    assert marks(table, "--decimal", ",")[0] == [("Ada", 3, "right", "rounded", "rounded")]


def test_points_are_read_beside_decimal_commas_but_not_as_thousands(marks):
    """One student writes 0.881, and 1.234 is no answer either way."""
    found, _, _ = marks("student;q;f\nAda;2;0.881\nBen;1.234;(1,5+0,5)/2\n", "--decimal", ",")
    assert found == [("Ada", 2, "right", "rounded"), ("Ben", 0, "unreadable", "wrong")]


def test_blanks_and_dashes_are_missing(marks):
    found, _, _ = marks("student,q,f,db\nAda,2,-,\n,,,\nBen,–,,0.105\n")
    assert found == [("Ada", 1, "right", "missing", "missing"), ("Ben", 1, "missing", "missing", "rounded")]


def test_a_row_of_too_many_cells_is_one_students_matter(marks):
    """Which cell is which answer can't be known; the others of the class have their marks."""
    found, _, status = marks("student,q,f,db\nAda,2,0.881,0,105\nBen,2,0.881,0.105\nCy,2,0.881,0.105,,\n")
    right = ("right", "rounded", "rounded")
    assert found == [("Ada", 0, *["unreadable"] * 3), ("Ben", 3, *right), ("Cy", 3, *right)]
    assert status == 1


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_student_is_a_line_of_the_table(run, tmp_path, monkeypatch, width, count):
    """However many answers there are, and whatever went wrong."""
    exercises = netcalc.quiz("neuron", count=count, level=2)
    row = {f"{one.number}.{name}": "17" for one in exercises for name in one.key}
    header, cells = ",".join(["student", *row]), ",".join(row.values())
    (tmp_path / "a.csv").write_text(f"{header}\nAda,{cells}\nGeorg Friedrich Bernhard Riemann,{cells}\n")
    run("quiz", "neuron", "--count", str(count), "--level", "2", "-f", "json", "-o", str(tmp_path / "q.json"))
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run("grade", str(tmp_path / "q.json"), str(tmp_path / "a.csv"))
    table = out.partition("\n\n")[0].splitlines()
    assert all(len(line) <= width for line in table)
    assert [line.split()[0] for line in table[2:4]] == ["Ada", "Georg"]
    assert all("│" not in line for line in table[4:])


def test_grade_in_python(tmp_path):
    """Of a file, a result or exercises; of a table's file, or a mapping a student."""
    (tmp_path / "p.toml").write_text(PROBLEM)
    (tmp_path / "c.csv").write_text("student,q,f,db\nAda,2,0.881,0.105\n")
    result = netcalc.neuron([1], [2], 0)
    for problem in (tmp_path / "p.toml", str(tmp_path / "p.toml"), result):
        for answers in (tmp_path / "c.csv", [{"student": "Ada", **RIGHT}, {"student": "Ben", "q": 2}]):
            marked = netcalc.grade(problem, answers)
            assert [(one.name, one.marks) for one in marked.students][:1] == [("Ada", 3)]
    exercises = netcalc.quiz("net", count=2, level=1)
    key = {f"{one.number}.{name}": text for one in exercises for name, text in one.key.items()}
    assert netcalc.grade(exercises, [{"student": "Key", **key}]).is_all_right


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: netcalc.quiz("nuron"), UnknownNameError),
        (lambda: netcalc.quiz("neuron", level=4), NetcalcError),
        (lambda: netcalc.grade(netcalc.neuron([1], [2], 0), [{"student": "Ada"}]), FileError),
        (lambda: netcalc.grade(netcalc.neuron([1], [2], 0), []), FileError),
    ],
)
def test_bad_requests_are_refused(call, error):
    with pytest.raises(error):
        call()


def test_json_has_the_identifiers_of_the_mistakes(run, tmp_path):
    (tmp_path / "p.toml").write_text("[neuron]\nx = [-1, -2]\nw = [4, -4]\nb = -3\n")
    (tmp_path / "c.csv").write_text("student,q,dx0,dx1\nBen,1,4,-4\n")
    content = json.loads(run("grade", "p.toml", "c.csv", "-f", "json")[1])
    assert content["students"][0]["mistakes"] == dict.fromkeys(("dx0", "dx1"), "slope-left-out-here")
    assert content["summary"]["mistakes"][0]["mistake"] == "slope-left-out-here"
