"""Names, cells and messages from outside are text wherever they are shown: every format, every hostile name."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netcalc
from netcalc.checking.classes.grading import Grades, Mark, Student
from netcalc.checking.classes.sheets import grades
from netcalc.cli import main
from netcalc.commands._answer import write
from netcalc.notation import plainly
from netcalc.outside import in_json, in_markdown, in_spreadsheet, one_line, without_controls
from netcalc.render import FORMATS, LISTS, View, render
from netcalc.result import Checked

HOSTILE = {
    "escape": "\x1b]52;c;aGk=\x07Eve",
    "bell": "a\x07b",
    "C1": "a\x9b31mb",
    "delete": "a\x7fb",
    "return": "a\rb",
    "line": "Ada\nX",
    "separator": "Ada\u2028X",
    "backwards": "a\u202eb",
    "hidden": "\x1b[8mEve\x1b[0m",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "entity": "&lt;b&gt;",
    "pipe": "a|b",
    "link": "[a](javascript:alert(1))",
    "code": "`a` **b** _c_ # d",
    "dollar": "$\\input{/etc/passwd}$",
    "LaTeX": "\\write18{rm} % & # _ ^ ~ {}",
    "quote": "\"a\" 'b'; }",
    "rich": "[bold red]a[/bold red] :smile:",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
names = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


def written(lines, form):
    """What is written to a file or a pipe."""
    file = io.StringIO()
    with plainly(False):
        write(lines, file, form)
    return file.getvalue()


def a_class(name):
    wrong = Mark("db", "wrong", "left out the activation's slope", name)
    students = (Student(one_line(name), (wrong,), 0), Student("Ben", (Mark("db", "right"),), 1))
    return Grades(("db",), students)


@cache
def answered():
    """A result to say things of."""
    return netcalc.neuron(x=[1], w=[2], b=0)


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found.add((tag, *sorted(name for name, _ in attrs if name.startswith("on"))))


@names
@pytest.mark.parametrize("format_name", LISTS)
def test_a_class_with_a_hostile_name(name, format_name):
    """No control character, a row a student, and what a program reads back is the name."""
    text = written(grades(format_name, a_class(name)), FORMATS[format_name])
    assert not CONTROL.search(text)
    shown = one_line(name)
    if format_name in ("csv", "tsv"):
        rows = list(csv.DictReader(io.StringIO(text), delimiter="," if format_name == "csv" else "\t"))
        assert [row["student"].removeprefix("'") for row in rows] == [shown, "Ben"]
        assert not rows[0]["student"].startswith(("=", "+", "-", "@", "\t"))
    elif format_name == "json":
        assert [one["student"] for one in json.loads(text)["students"]] == [shown, "Ben"]
    elif format_name == "jsonl":
        assert [json.loads(line)["student"] for line in text.splitlines()] == [shown, "Ben"]
    elif format_name == "md":
        table = text.partition("\n\n")[0].splitlines()
        assert len(table) == 4
        assert [len(re.findall(r"(?<!\\)\|", line)) for line in table] == [len(re.findall(r"\|", table[1]))] * 4
        assert "<" not in text
    elif format_name == "latex":
        body = text.partition(r"\end{tabular}")[0].splitlines()
        assert len(body) == 4
        assert r"\write" not in text
        assert r"\input" not in text
    else:
        assert len(text.partition("\n\n")[0].splitlines()) == 4


@names
@pytest.mark.parametrize("format_name", [name for name, form in FORMATS.items() if form.lines is not None])
def test_a_result_with_hostile_notes_and_verdicts(name, format_name):
    """Notes, diagnoses and what was claimed hold texts from files and from the command line."""
    whole = answered()
    claimed = whole["db"].entries.item()
    checked = Checked("db", claimed, claimed, "wrong", f"said: {name}", f"step: {name}", f"note: {name}")
    form = FORMATS[format_name]
    for result in (replace(whole, notes=(f"note: {name}",)), replace(whole, checked=(checked,))):
        text = written(render(result, format_name, View(steps=True)), form)
        assert not CONTROL.search(text)
        if format_name in ("html", "svg"):
            tags = Tags()
            tags.feed(text)
            assert not {tag for tag in tags.found if tag[0] in ("script", "img", "b") or len(tag) > 1}
        if format_name in ("json", "jsonl"):
            assert all(map(json.loads, text.splitlines()))


@names
def test_a_hostile_file_name(name, tmp_path, monkeypatch, capsys):
    """In an error's message, and in the comment above a row that is left out, which is one line."""
    monkeypatch.chdir(tmp_path)
    file = name.replace("/", "") + ".csv"
    (tmp_path / file).write_text("1,2\n3,x\n")
    status = main(["neuron", "--x", f"./{file}", "--w", "1", "1", "--b", "0", "-f", "csv"])
    told = capsys.readouterr()
    assert status == 2
    assert not CONTROL.search(told.err + told.out)
    assert told.err.count("\n") == 1
    options = ["--w", "1", "1", "--b", "0", "-f", "csv", "--on-error", "skip", "--bad-rows", "bad.csv"]
    status = main(["neuron", "--x", f"./{file}", *options])
    told = capsys.readouterr()
    assert status == 1
    assert not CONTROL.search(told.err + told.out)
    comment, row = (tmp_path / "bad.csv").read_text().split("\n")[:2]
    assert comment.startswith("# ")
    assert row == "3,x"


@names
def test_an_error_about_a_hostile_name_is_one_line(name, tmp_path, capsys):
    """A key or a value of a file, or a word of the command line, cannot add a line of its own."""
    (tmp_path / "key.json").write_text(json.dumps({name: 1}))
    (tmp_path / "loss.json").write_text(json.dumps({"input": [1], "loss": name, "layers": [{"W": [[1]], "b": [0]}]}))
    for words in (
        ["net", str(tmp_path / "key.json")],
        ["net", str(tmp_path / "loss.json")],
        ["neuron", "--x", "1", "--w", "1", "--b", "0", "-f", name],
        ["neuron", "--x", "1", "--w", "1", "--b", "0", "-o", f"{tmp_path}/none/{name}.csv"],
        [name],
    ):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert len(told.splitlines()) == 1
        assert not CONTROL.search(told)


def test_an_error_about_a_long_input_is_short(tmp_path, capsys):
    """It begins with what is wrong and ends with what to do, whatever is between."""
    (tmp_path / "x.csv").write_text("9" * 100_000 + ",1\n")
    assert main(["neuron", "--x", str(tmp_path / "x.csv"), "--w", "1", "1", "--b", "0"]) == 2
    told = capsys.readouterr().err
    assert "line 1, column 1: '999" in told
    assert len(told) < 2100


@pytest.mark.parametrize("cell", ["\x1b]0;t\x07", "\x9b31m", "\x7f", "a\rb"])
def test_a_hostile_cell(cell, tmp_path, monkeypatch, capsysbinary):
    """What a message repeats of a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(f"1,2\n3,{cell}\n", newline="")
    for words in ("-f csv --on-error skip", "-f csv", "-f table"):
        main(f"neuron --x x.csv --w 1 1 --b 0 {words}".split())
        told = capsysbinary.readouterr()
        assert not CONTROL.search((told.out + told.err).decode())


@given(st.text())
def test_what_is_spelled_out_has_nothing_left_to_obey(text):
    assert not CONTROL.search(without_controls(text))
    assert len(one_line(text).splitlines()) <= 1
    assert json.loads(in_json(json.dumps(text, ensure_ascii=False))) == text
    assert not CONTROL.search(in_json(json.dumps(text, ensure_ascii=False)))
    assert not in_spreadsheet(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not re.search("[<>]", in_markdown(text))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u2028\u2029")))
def test_what_is_harmless_stays_as_it_is(text):
    """In any script."""
    assert without_controls(text) == one_line(text) == in_json(text) == text
