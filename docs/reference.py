"""Writes the pages of docs/reference/ that say what the code says: `python docs/reference.py`."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import netcalc
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.losses import LOSSES
from netcalc.checking.edits.catalogue import MISTAKES
from netcalc.cli import find_commands, main
from netcalc.entry import describe
from netcalc.examples import example
from netcalc.examples import names as example_names
from netcalc.expression import FUNCTIONS, Symbol
from netcalc.manual import STATUS
from netcalc.notation import to_unicode
from netcalc.program.builtins import BUILTINS, OF_MODULES
from netcalc.program.calls import EINOPS
from netcalc.program.library import ROWS, by_part
from netcalc.program.signature import usage
from netcalc.program.written import TEXTS
from netcalc.render.entries import facts
from netcalc.result import Result, Tensor

FOLDER = Path(__file__).parent / "reference"


def pages() -> Mapping[str, str]:
    """The text of each page, by its file's name."""
    written = {
        "commands": commands,
        "activations": activations,
        "losses": losses,
        "mistakes": mistakes,
        "programs": programs,
        "blocks": blocks,
        "python": python,
    }
    return {f"{name}.md": "\n".join(lines()) + "\n" for name, lines in written.items()}


def commands() -> Iterator[str]:
    """Each command as its help has it."""
    yield from ("# Commands", "", "Every command's own help, word for word.")
    for name in find_commands():
        yield from ("", f"## netcalc {name}", "", "```text", *help_of(name), "```")
    yield from ("", "## Exit status", "", "| status | meaning |", "| --- | --- |")
    yield from (f"| {status} | {meaning} |" for status, meaning in STATUS)


def help_of(name: str) -> list[str]:
    """The help of a command, as a terminal of COLUMNS columns shows it."""
    with redirect_stdout(StringIO()) as shown:
        main([name, "--help"])
    return [line.rstrip() for line in shown.getvalue().splitlines()]


def activations() -> Iterator[str]:
    """The catalogue, a section an entry."""
    yield from ("# Activations", "", "`netcalc activations NAME` shows the same with the curve.")
    for row in ACTIVATIONS.values():
        yield from ("", f"## {row.name}", "", "| | |", "| --- | --- |")
        for heading, text in facts(describe(row.bind(), with_limits=True), to_unicode):
            yield f"| {heading} | {cell(text)} |"


def losses() -> Iterator[str]:
    """The losses, a row each, and the reductions."""
    yield from (
        "# Losses",
        "",
        "Of an output `a` against a target `t`; `--reduction` says how elements are summed.",
        "",
    )
    yield from ("| name | formula | target | at a kink | also | source |", "| --- | --- | --- | --- | --- | --- |")
    for row in LOSSES.values():
        cells = (f"`{row.formula}`", row.target, row.kink, ", ".join(row.aliases), row.source)
        yield f"| {row.name} | {' | '.join(map(cell, cells))} |"
    yield from ("", "| reduction | meaning |", "| --- | --- |")
    yield from (
        "| mean | as `torch.nn` does: over all elements; over samples for cross-entropy and nll |",
        "| sum | over everything |",
        "| batch | summed over a sample's outputs, averaged over samples |",
    )


def mistakes() -> Iterator[str]:
    """The rows of the catalogue of mistakes, the usual ones first."""
    yield from (
        "# Mistakes",
        "",
        "What `--check` recognises in a wrong answer. A row is an edit of the backward pass, or of the forward one,",
        "that is tried wherever it applies, alone and, where several answers are wrong, with another usual one. A",
        "mistake is named only where it explains the very digits of the answers and leaves the right ones right; where",
        "several do, they are all named. The first column is what JSON calls it, under `mistake`.",
        "",
        "| mistake | is | how usual |",
        "| --- | --- | --- |",
    )
    usual = {row.name: row.frequency.name.lower() for row in MISTAKES}
    for row in sorted(MISTAKES, key=lambda row: row.frequency):
        yield f"| `{row.name}` | {cell(row.about)} | {usual[row.name]} |"
    yield "| `rounded` | A number rounded before it was used, to one to four decimals or significant digits. | seen |"
    yield (
        "| `one-change` | None of these, but the formula is right with one part of it changed: an operation, "
        "a function, a sign, a number, a name, a transpose, a factor or a term. | seen |"
    )


def programs() -> Iterator[str]:
    """What a program may call, a table a part."""
    yield from ("# What a program may call", "")
    yield (
        "`netcalc net forward.py` reads these, in NumPy's, PyTorch's and JAX's spelling, as functions and as methods. "
        "What one library calls otherwise is understood too: `axis` and `dim`, `keepdims` and `keepdim`, `ddof`, "
        "`unbiased` and `correction`. [Your forward pass, differentiated](../forward-pass.md) shows the language."
    )
    for part, rows in by_part().items():
        yield from ("", f"## {part.capitalize()}", "", "| name | arguments | |", "| --- | --- | --- |")
        for row in rows:
            names = " ".join(f"`{name}`" for name in row.names.split())
            yield f"| {names} | `{cell(usage(row.name, row.signature))}` | {cell(row.about)} |"
    yield from ("", "## Element by element, as in expressions", "")
    known = sorted({name for name in FUNCTIONS if name not in ROWS}, key=lambda name: (name.lower(), name))
    yield ", ".join(f"`{name}`" for name in known)
    yield from ("", "## Python's own", "", ", ".join(f"`{name}`" for name in BUILTINS))
    yield from ("", "## Of other modules", "", "| module | names |", "| --- | --- |")
    own = {
        **{path: list(names) for path, names in OF_MODULES.items() if path != "jax.numpy"},
        **{path: re.findall(r"(?m)^(?:class|def) (\w+)", text) for path, text in TEXTS.items()},
        "einops": sorted(EINOPS),
        "jax": [
            *"grad value_and_grad hessian jacobian vmap lax.scan lax.associative_scan lax.fori_loop lax.map".split(),
            *"tree.map tree.leaves".split(),
        ],
        "torch.autograd": ["grad"],
    }
    for path, names in sorted(own.items()):
        yield f"| `{path}` | {', '.join(f'`{name}`' for name in names)} |"


def blocks() -> Iterator[str]:
    """The programs to start from, each with its backward pass as it is derived."""
    yield from ("# Blocks, and their backward passes", "")
    yield (
        "The programs that `netcalc net --example` lists, and the backward pass that is derived from each, with "
        "letters for its sizes. `dS` is the gradient by `S`; each line uses those above it, as your own code would, "
        "and `dout` comes from above. `A B` is a product of matrices, `∘` one by elements. `-f numpy`, `-f torch` and "
        "`-f jax` write the same as code."
    )
    for name in example_names():
        text = example(name)
        if text.startswith('"""'):
            about, command, code = re.fullmatch(r'"""(.*?)\n\n +(.*?)\n"""\n(.*)', text, re.DOTALL).groups()
            yield from ("", f"## {name.removesuffix('.py')}", "", about, "", "```py", *code.splitlines(), "```", "")
            yield from (f"`{command}` gives", "", "```text", *backward_pass(text, command), "```")


def backward_pass(text: str, command: str) -> Iterator[str]:
    """The gradients of a program with sizes in letters, the last name's first."""
    shapes = dict(word.split("=") for word in command.partition(" --shape ")[2].split())
    result = netcalc.gradients(text, shape=shapes)
    found = {tensor.key: tensor for tensor in result.tensors if tensor.of}
    between = [name for name in found if name not in shapes and not is_said_twice(name, found)]
    for tensor in (found[name] for name in (*reversed(between), *shapes) if name in found):
        yield f"{to_unicode(Symbol(tensor.name))} = {to_unicode(tensor.formula)}"


def is_said_twice(name: str, found: Mapping[str, Tensor]) -> bool:
    """Whether name@LINE is what the bare name is too."""
    bare = found.get(name.partition("@")[0])
    return "@" in name and bare is not None and bare.formula == found[name].formula


def python() -> Iterator[str]:
    """The library's functions, with their own words."""
    yield from (
        "# Python",
        "",
        "The command line is a thin face of this library; every answer is the same `Result`.",
    )
    for name in netcalc.__all__:
        function = getattr(netcalc, name)
        if callable(function):
            yield from ("", f"## netcalc.{name}", "", "```text", *signature(name, function), "```", "")
            yield from inspect.cleandoc(function.__doc__ or "").splitlines()
    yield from ("", "## Result", "", "| part | is |", "| --- | --- |")
    for name, part in vars(Result).items():
        words = inspect.getdoc(part) if isinstance(part, property) or inspect.isfunction(part) else None
        if words and not name.startswith("_"):
            yield f"| `.{name}{'' if isinstance(part, property) else '()'}` | {cell(' '.join(words.split()))} |"


def signature(name: str, function: Callable[..., object]) -> Iterator[str]:
    """A function as it is called, a line a parameter."""
    yield f"{name}("
    free = True  # arguments may still be given by their place
    for parameter in inspect.signature(function).parameters.values():
        if free and parameter.kind is parameter.KEYWORD_ONLY:
            yield "    *,"
        free = free and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        if parameter.kind is parameter.VAR_POSITIONAL:
            yield f"    *{parameter.name},"
        elif parameter.default is parameter.empty:
            yield f"    {parameter.name},"
        else:
            yield f"    {parameter.name}={parameter.default!r},"
    yield ")"


def cell(text: str) -> str:
    """A cell of a pipe table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
