"""What the README and the documentation show is what a reader gets."""

from __future__ import annotations

import pytest
import transcript

from netcalc.cli import main

PAGES = [transcript.CHECKOUT / "README.md", *sorted((transcript.CHECKOUT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem) for p in PAGES if transcript.in_file(p)])
def test_console_blocks_run_word_for_word(page, tmp_path, home):
    """Every console block of a page prints what the page says, one after the other in one folder."""
    transcript.check(page, tmp_path, home)


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
