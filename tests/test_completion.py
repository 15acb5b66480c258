"""Completion in a real bash: commands, options, and every kind of name."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
import transcript

from netcalc.cli import find_commands

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")

CASES = {
    "command": (["neu"], ["neuron"]),
    "commands": ([""], list(find_commands())),
    "option": (["neuron", "--x", "-1", "-2", "--act"], ["--activation"]),
    "activation": (["neuron", "-a", "soft"], ["softplus", "softsign"]),
    "loss": (["neuron", "--loss", "half"], ["half-mse", "half-sse"]),
    "format": (["grad", "-f", "ma"], []),
    "formats": (["grad", "-f", "m"], ["md", "mermaid"]),
    "entry": (["activations", "hard_t"], ["hard_tanh"]),
    "variables": (["grad", "alpha*beta+b", "--wrt", ""], ["alpha", "beta", "b"]),
    "tensors": (["grad", "sum((W@x - t)^2)", "--wrt", ""], ["W", "x", "t"]),
    "variable": (["grad", "alpha*beta+b", "--at", "b=1", "--wrt", "alpha", "be"], ["beta"]),
    "answers": (["neuron", "--x", "1", "2", "--check", "dx"], ["dx0=", "dx1="]),
    "more answers": (["neuron", "--w", "1", "2", "--check", "dx0=1", "d"], ["dx0=", "dx1=", "dw0=", "dw1=", "db="]),
    "matrix": (["linear", "--matrix", "1,2;3,4", "--check", "dW"], ["dW[0,0]=", "dW[0,1]=", "dW[1,0]=", "dW[1,1]="]),
    "part": (["linear", "--only", "d"], ["dv", "dW", "db"]),
    "net": (["net", "net.toml", "--check", "dW"], ["dW1=", "dW2="]),
    "partial": (["grad", "x*y", "--check", "d"], ["dx=", "dy="]),
}


@pytest.fixture(scope="module")
def completed(tmp_path_factory, home):
    """What one bash, with netcalc's completion loaded, offers in each case."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "net.toml").write_text("input = [1]\n[[layers]]\nW = [[1]]\n[[layers]]\nW = [[1]]\n", encoding="utf-8")
    lines = ['eval "$(_NETCALC_COMPLETE=source_bash netcalc)"', "COMP_WORDBREAKS="]
    for words, _ in CASES.values():
        quoted = " ".join(map(shlex.quote, ["netcalc", *map(shlex.quote, words[:-1]), words[-1]]))
        lines.append(f"COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; COMPREPLY=()")
        lines.append("_netcalc_completion netcalc")
        lines.append('printf "%s\\n" "${COMPREPLY[@]}"; printf "\\036"')
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],
        cwd=folder,
        env=transcript.environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    offered = [part.split() for part in done.stdout.split(transcript.BETWEEN)[:-1]]
    return dict(zip(CASES, offered, strict=True))


@pytest.mark.parametrize("case", CASES)
def test_bash_completes(case, completed):
    _, expected = CASES[case]
    assert completed[case] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell, home):
    done = subprocess.run(
        ["netcalc"],
        env=transcript.environment(home) | {"_NETCALC_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "_NETCALC_COMPLETE" in done.stdout


def test_a_new_bash_completes_once_it_is_installed(tmp_path):
    """`netcalc --install-completion` is all that it takes."""
    setting = transcript.environment(tmp_path)
    subprocess.run(["bash", "-c", "netcalc --install-completion; true"], env=setting, timeout=60, check=True)
    done = subprocess.run(
        ["bash", "-c", f"source {tmp_path}/.bashrc; complete -p netcalc"],
        env=setting,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "_netcalc_completion" in done.stdout
