"""What the README and the documentation show is what a reader gets."""

from __future__ import annotations

import ast
import contextlib
import re

import pytest
import transcript

from netcalc.cli import main

PAGES = [transcript.CHECKOUT / "README.md", *sorted((transcript.CHECKOUT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem) for p in PAGES if transcript.in_file(p)])
def test_console_blocks_run_word_for_word(page, tmp_path, home, forks):
    """Every console block of a page prints what the page says, one after the other in one folder."""
    transcript.check(page, tmp_path, home, *([] if page == PAGES[0] else [forks]))  # the README's as they are installed


def python_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem) for p in PAGES if python_blocks(p)])
def test_python_blocks_run_and_give_what_their_comments_say(page, tmp_path, monkeypatch):
    """The Python of a page runs from the top to the bottom; `expression  # value` has that value."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in python_blocks(page):
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            code = ast.unparse(statement)
            if not isinstance(statement, ast.Expr):
                exec(code, names)  # noqa: S102 - the page's own code
                continue
            value = eval(code, names)  # noqa: S307 - as above
            with contextlib.suppress(ValueError, SyntaxError):  # other comments are prose
                assert repr(value) == repr(ast.literal_eval(lines[statement.end_lineno - 1].partition("  # ")[2])), code


def test_readme_sets_up_and_tests_in_one_line_each():
    """The two lines that .ci/run takes from the README are there."""
    lines = [line.removeprefix("$ ") for line in PAGES[0].read_text(encoding="utf-8").splitlines()]
    one_liners = [line for line in lines if line.startswith("python3 -m venv ")]
    assert ["netcalc neuron" in line for line in one_liners] == [True, False]
    assert ["pytest" in line for line in one_liners] == [False, True]


def test_the_picture_is_what_the_command_draws(capsys):
    """docs/images/neuron.svg is the circuit of the README's first command."""
    assert main(["neuron", "--x", "-1", "-2", "--w", "4", "-4", "--b", "-3", "-f", "svg"]) == 0
    assert capsys.readouterr().out == (transcript.CHECKOUT / "docs/images/neuron.svg").read_text(encoding="utf-8")
