"""How a run ends: exit status, stderr, and whose fault it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import transcript

from netcalc import cli
from netcalc.errors import NetcalcError
from netcalc.version import __version__

NEURON = ["neuron", "--x", "-1", "-2", "--w", "4", "-4", "--b", "-3"]


def netcalc(arguments, home, **settings):
    return subprocess.run(
        [sys.executable, "-m", "netcalc", *arguments],
        env=transcript.environment(home) | settings.pop("env", {}),
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        **settings,
    )


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"netcalc {__version__}\n"


def test_manual_page_has_every_command_and_option(capsys):
    """It is made of the help itself, and groff, where there is one, takes it without a warning."""
    assert cli.main(["--man"]) == 0
    page = capsys.readouterr().out
    assert page.isascii()
    for name, command in cli.find_commands().items():
        assert f".SS {name}\n" in page
        for parameter in command.for_typer().params:
            if parameter.param_type_name == "option":
                assert parameter.opts[0].replace("-", "\\-") in page
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stderr == ""
        assert "∂L/∂output" in done.stdout


def test_bare_command_greets_with_commands_to_try(capsys):
    assert cli.main([]) == 0
    assert "  netcalc neuron --x -1 -2 --w 4 -4 --b -3\n" in capsys.readouterr().out


def test_commands_of_the_greeting_run(capsys, tmp_path, home, forks):
    """All three, as they stand."""
    cli.main([])
    tries = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  netcalc ")]
    assert len(tries) == 3
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(tries)],
        cwd=tmp_path,
        env=transcript.environment(home, forks),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_lists_the_commands_in_their_order(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    names = list(cli.find_commands())
    assert names[0] == "neuron"
    assert [shown.index(f"  {name} ") for name in names] == sorted(shown.index(f"  {name} ") for name in names)


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in cli.find_commands()])
def test_examples_of_a_command_run(name, tmp_path, home, forks):
    """What a command's help shows as an example works as it stands."""
    for example in cli.find_commands()[name].examples:
        done = subprocess.run(
            ["bash", "-c", example],
            cwd=tmp_path,
            env=transcript.environment(home, forks),
            capture_output=True,
            timeout=60,
            check=False,
        )
        said = b"1 student, 3 of 3 on average\n" if "marks.csv" in example else b""  # which rows of marks can't hold
        assert (done.returncode, done.stderr) == (0, said), example


@pytest.mark.parametrize("arguments", [NEURON, ["neuron", "--help"], ["--help"]], ids=lambda words: words[-1])
def test_closed_pipe_ends_quietly(arguments, home):
    reader, writer = os.pipe()
    os.close(reader)
    done = netcalc(arguments, home, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (cli.CLOSED_PIPE, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110  # a device
def test_full_disk_is_told(home):
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        done = netcalc(NEURON, home, stdout=full)
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write the answer: no space left on device\n"


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_interrupt_ends_with_130(home):
    """Ctrl-C while standard input is awaited: no traceback, nothing on stdout."""
    process = subprocess.Popen(
        [sys.executable, "-m", "netcalc", "neuron", "--x", "-", "--w", "1", "2"],
        env=transcript.environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_interrupt_while_it_imports_ends_with_130(home):
    """Ctrl-C in the first moments: no traceback either."""
    early = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'netcalc.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from netcalc.__main__ import run\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", early], env=transcript.environment(home), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_terminal_without_greek_gets_no_traceback(home):
    done = netcalc(NEURON, home, stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "0.731059" in done.stdout.decode("ascii")


@pytest.fixture
def failing(monkeypatch, capsys):
    """Run the app with a fault in its place; returns the status and stderr."""

    def run(fault):
        def fail():
            raise fault

        monkeypatch.setattr(cli, "greeting", fail)
        return cli.main([]), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "source, position, shown",
    [
        ("1 + )", 4, "  1 + )\n      ^\n"),
        ("1 +", 3, "  1 +\n     ^\n"),
        ("first\nsec)ond\nthird", 9, "  sec)ond\n     ^\n"),
        ("a\tb)", 3, "  a b)\n     ^\n"),
        ("二 + )", 4, "  二 + )\n       ^\n"),
        ("x\u0301 + )", 5, "  x\u0301 + )\n      ^\n"),
        ("1+" * 100 + ")", 200, f"  …{'1+' * 18})\n{' ' * 39}^\n"),
        (")" + "+1" * 100, 0, f"  ){'+1' * 35}+…\n  ^\n"),
    ],
)
def test_caret_stands_under_the_character(failing, source, position, shown):
    assert failing(NetcalcError("wrong", source=source, position=position)) == (2, f"error: wrong\n{shown}")


@pytest.mark.parametrize(
    "fault, status, message",
    [
        (NetcalcError("two lines\nof message"), 2, "error: two lines\\nof message\n"),
        (NetcalcError("\x1b[31mred\x07"), 2, "error: \\x1b[31mred\\x07\n"),
        (MemoryError(), 2, "error: not enough memory for this problem\n"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), 2, "error: No such file or directory: a.csv\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            ZeroDivisionError("division by zero"),
            70,
            "error: netcalc has a mistake of its own: ZeroDivisionError: divisi",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_fault_becomes_status_and_message(failing, fault, status, message):
    got = failing(fault)
    assert got[0] == status
    assert got[1].startswith(message)
    assert "Traceback" not in got[1]


def test_own_mistake_shows_its_traceback_when_asked(failing, monkeypatch):
    monkeypatch.setenv("NETCALC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())


@pytest.mark.parametrize(
    "words, environment, status",
    [
        pytest.param(["-c", "--version"], {}, 0, id="done"),
        pytest.param(["-c", "neuron", "--q"], {}, 2, id="refused"),
        pytest.param(
            ["-c"],
            {"_NETCALC_COMPLETE": "complete_bash", "COMP_WORDS": "netcalc n", "COMP_CWORD": "1"},
            0,
            id="completed",
        ),
        pytest.param(["-c", "neuron", "--x", "1", "--w", "1", "--b", "0", "--check", "f=1"], {}, 1, id="wrong"),
    ],
)
def test_a_process_ends_with_its_status(words, environment, status, home):
    """The process that the installed command is, whose end is its own."""
    done = subprocess.run(
        [sys.executable, words[0], "from netcalc.__main__ import run; run()", *words[1:]],
        env=transcript.environment(home) | environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert done.stdout or status == 2


@pytest.mark.parametrize("form", ["numpy", "dot"])
def test_a_wrong_backward_pass_is_told_on_stderr_where_a_format_has_no_room(tmp_path, capsys, form):
    text = "h = np.tanh(x)\nloss = (h ** 2).sum() / 2\ndh = h\ndx = dh * h\n"
    (tmp_path / "cell.py").write_text(text, encoding="utf-8")
    assert cli.main(["net", str(tmp_path / "cell.py"), "--at", "x=1,2", "-f", form]) == 1
    assert "cell.py, line 4: dx is wrong: the slope of tanh is wrong" in capsys.readouterr().err
