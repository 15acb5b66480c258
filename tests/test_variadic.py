"""Options of many values, on a small command of their own and in a real bash."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from typing import Annotated, NamedTuple

import pytest
import transcript
import typer
from effort import calls
from hypothesis import given
from hypothesis import strategies as st

from netcalc.commands.command import command, flatten
from netcalc.commands.options import Presentation, Values, values
from netcalc.commands.variadic import nearest, split_at_commas
from netcalc.errors import NetcalcError

seen: list[dict[str, object]] = []


def some(_: typer.Context, incomplete: str) -> list[str]:
    """What a list of names completes to."""
    return [name for name in ("one", "other") if name.startswith(incomplete)]


@command(order=1, examples={"small --x -1": "an example"})
def small(
    *,
    x: Annotated[Values, values("--x", "The inputs.")] = None,
    w: Annotated[Values, values("--w", "The weights.", completed=some)] = None,
    b: Annotated[str | None, typer.Option("--b")] = None,
    presentation: Presentation,
) -> None:
    """Take values."""
    seen.append({"x": x, "w": w, "b": b, "format": presentation.format, "steps": presentation.steps})


@command(order=2)
def wordy(
    *,
    expression: Annotated[list[str], typer.Argument(metavar="EXPR")],
    at: Annotated[Values, values("--at", "The point.")] = None,
) -> None:
    """Take words and values."""
    seen.append({"expression": expression, "at": at})


SMALL, WORDY = small.for_typer(), wordy.for_typer()


def read(line: str, app=SMALL) -> dict[str, object]:
    """What the command gets from a line."""
    app.main(line.split(), standalone_mode=False)
    return {name: value for name, value in seen.pop().items() if value not in (None, False, "table")}


@pytest.mark.parametrize(
    "line, got",
    [
        ("", {}),
        ("--x -1 -2", {"x": ["-1", "-2"]}),
        ("--x -1 -2 --w 4 -4 --b -3", {"x": ["-1", "-2"], "w": ["4", "-4"], "b": "-3"}),
        ("--b -3 --w 4 -4 --x -1 -2", {"x": ["-1", "-2"], "w": ["4", "-4"], "b": "-3"}),
        ("--x -1e-3 -.5 1/3", {"x": ["-1e-3", "-.5", "1/3"]}),
        ("--x=-1,-2", {"x": ["-1", "-2"]}),
        ("--x=atan2(1,2),3", {"x": ["atan2(1,2)", "3"]}),
        ("--x=1,2;3,4", {"x": ["1,2;3,4"]}),
        ("--x 1 --x 2", {"x": ["1", "2"]}),
        ("--x 1 --w 5 --x 2", {"x": ["1", "2"], "w": ["5"]}),
        ("--x -", {"x": ["-"]}),
        ("--x -e -pi/4 -sqrt(2) -inf", {"x": ["-e", "-pi/4", "-sqrt(2)", "-inf"]}),
        ("--x -floor(2) -f json", {"x": ["-floor(2)"], "format": "json"}),
        ("--x 1 -fjson", {"x": ["1"], "format": "json"}),
        ("--x 1 --format=json --steps", {"x": ["1"], "format": "json", "steps": True}),
        ("--b -e", {"b": "-e"}),
        ("--b=-e", {"b": "-e"}),
    ],
)
def test_list_runs_until_the_next_flag(line, got):
    assert read(line) == got


@pytest.mark.parametrize(
    "line, got",
    [
        ("x*y --at x=1 y=2", {"expression": ["x*y"], "at": ["x=1", "y=2"]}),
        ("x*y x --at=x=1,y=2", {"expression": ["x*y", "x"], "at": ["x=1", "y=2"]}),
        ("--at=x=1 x*y x", {"expression": ["x*y", "x"], "at": ["x=1"]}),
        ("--at x=1 y=2 -- x*y", {"expression": ["x*y"], "at": ["x=1", "y=2"]}),
        ("-x^2 -1", {"expression": ["-x^2", "-1"]}),
        ("-- --x", {"expression": ["--x"]}),
    ],
)
def test_words_stand_beside_lists(line, got):
    assert read(line, WORDY) == got


@pytest.mark.parametrize(
    "line, message",
    [
        ("--y 1", "no such option '--y'"),
        ("--v 1", "no such option '--v'; did you mean '--x'?"),
        ("--matrix 1,2", "no such option '--matrix'; did you mean '--w'?"),
        ("--xs 1", "no such option '--xs'; did you mean '--x'?"),
        ("--weights 1", "no such option '--weights'; did you mean '--w'?"),
        ("--x 1 --fromat json", "no such option '--fromat'; did you mean '--format'?"),
        ("-x 1", "no such option '-x'; did you mean '--x'?"),
        ("--x 1 -b 2", "no such option '-b'; did you mean '--b'?"),
        ("--x", "--x needs a value"),
        ("--x --w 1", "--x needs a value, not --w"),
        ("--x 1 -f", "-f needs a value"),
        ("--b --x 1", "--b needs a value, not --x"),
        ("1 2", "unexpected '1'; values follow a flag: --x 1"),
        ("--steps 1", "unexpected '1'; values follow a flag: --x 1"),
        ("-q", "no such option '-q'"),
        ("--digits 1.5", "--digits takes a whole number from 1 to 10000, not '1.5'"),
    ],
)
def test_line_that_cannot_be_read_is_refused(line, message):
    with pytest.raises(NetcalcError) as refusal:
        read(line)
    assert refusal.value.message == message


def test_missing_words_are_named():
    with pytest.raises(NetcalcError, match=r"^missing EXPR$"):
        read("--at x=1", WORDY)


def number_like(text: str) -> bool:
    return not text.startswith("--") and not text.startswith(("-f", "-o", "-h")) and text not in ("-x", "-w", "-b")


@given(st.lists(st.from_regex(r"\A-?[0-9a-z.(^/*][0-9a-z.()^/*+-]{0,8}\Z").filter(number_like), min_size=1))
def test_any_value_arrives_as_typed(texts):
    """Values with a minus, formulas and file names are never taken for flags."""
    assert read(" ".join(["--x", *texts, "--steps"])) == {"x": texts, "steps": True}


@given(st.lists(st.text("ab()[],", max_size=5).filter(lambda text: text.count("(") == text.count(")"))))
def test_splitting_at_commas_loses_nothing(parts):
    assert ",".join(split_at_commas(",".join(parts))) == ",".join(parts)


def test_long_list_costs_its_length():
    """Ten times the values take about ten times the work."""

    def work(count: int) -> int:
        return calls(lambda: read(" ".join(["--x", *map(str, range(count))])))

    assert work(100_000) < 11 * work(10_000)


@pytest.mark.parametrize(
    "word, name",
    [("--dig", "--digits"), ("--digist", "--digits"), ("--weight", "--w"), ("--qqq", None), ("--stpes", "--steps")],
)
def test_nearest_name(word, name):
    assert nearest(word, ["--x", "--w", "--digits", "--steps"]) == name


def test_group_becomes_one_option_a_field():
    """A named tuple is a flag per field; two groups cannot share a name."""

    class Again(NamedTuple):
        steps: Annotated[bool, typer.Option("--steps")] = False

    def twice(*, one: Presentation, two: Again) -> None: ...

    twice.__annotations__ = {"one": Presentation, "two": Again, "return": None}
    with pytest.raises(TypeError, match="declares steps twice"):
        flatten(twice)


def test_help_names_every_flag_and_example(capsys):
    SMALL.main(["--help"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "--x VALUE…" in shown
    assert "-f, --format NAME" in shown
    assert "    small --x -1\n" in shown


BASH = """
eval "$(_NETCALC_COMPLETE=source_bash netcalc)"
COMP_WORDS=({words}) COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_netcalc_completion netcalc
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    "words, offered",
    [
        ("netcalc neu", {"neuron"}),
        ("netcalc neuron --x -1 -2 --dig", {"--digits"}),
        (
            "netcalc neuron --x -1 -2 --w 4 -4 --",
            {"--x", "--w", "--b", "--format", "--activation", "--check", "--help"},
        ),
        ("netcalc neuron --x -1 -a sig", {"sigmoid"}),
        ("netcalc neuron --x -1 --activation hard_s", {"hard_sigmoid", "hard_swish"}),
        ("netcalc neuron --x -1 --loss half", {"half-mse", "half-sse"}),
        ("netcalc neuron --format js", {"json", "jsonl"}),
        ("netcalc neuron --reduction b", {"batch"}),
    ],
)
def test_bash_completes(words, offered, tmp_path, home):
    """Completion stays right behind lists of negative values."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH.format(words=words)],
        cwd=tmp_path,
        env=transcript.environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert offered <= set(done.stdout.split())
    assert all(word.startswith(words.rpartition(" ")[2]) for word in done.stdout.split())
    assert done.stderr == ""


def test_list_completes_its_second_value():
    """A list's names are offered for each of its values."""
    context = SMALL.make_context("small", ["--w", "one"], resilient_parsing=True)
    assert [item.value for item in SMALL.shell_complete(context, "o")] == ["one", "other"]
    assert [item.value for item in SMALL.shell_complete(context, "--x")] == ["--x"]


def test_tab_key_completes_in_an_interactive_bash(tmp_path, home):
    """A person at a terminal presses Tab behind `--x -1 -2 --form` and gets `--format`."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], transcript.environment(home))
    try:
        os.write(terminal, b'eval "$(_NETCALC_COMPLETE=source_bash netcalc)"\n')
        os.write(terminal, b"netcalc neuron --x -1 -2 --form\t")
        shown, deadline = b"", time.monotonic() + 30
        while b"--format " not in shown and time.monotonic() < deadline:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 4096)
        assert b"--format " in shown
    finally:
        os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(child, 0)
