"""Tree → text: ASCII and Unicode that parse again to the same tree; LaTeX, MathML and matrices, a file each.

One printer places brackets and signs; a style says how each thing looks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from netcalc.expression.tree import Tree, fold_all

if TYPE_CHECKING:
    from netcalc.notation.printer import Ascii


def to_ascii(tree: Tree) -> str:
    """`-2*x^2 + b`: what `parse` reads back as the same tree, if it is in normal form and within the limits."""
    return all_to_ascii((tree,))[0]


def all_to_ascii(trees: Sequence[Tree]) -> list[str]:
    """The same for many trees, each part that they share written once."""
    from netcalc.notation.printer import Ascii  # which waits for a formula

    return _printed(trees, Ascii())


def to_unicode(tree: Tree) -> str:
    """`−2·x² + b`, with `σ`, `√` and `π`; `parse` reads it back too. Where only ASCII can be read, `to_ascii`."""
    return all_to_unicode((tree,))[0]


def all_to_unicode(trees: Sequence[Tree]) -> list[str]:
    """The same for many trees, each part that they share written once."""
    from netcalc.notation.printer import Ascii, Unicode

    return _printed(trees, Ascii() if is_plain() else Unicode(is_spelled_out))


def minus_signs(numbers: str) -> str:
    """Numbers that are text already, with minus signs for their hyphens; `e-12` stays as formulas have it."""
    return numbers.replace("-", "−").replace("e−", "e-")


def in_signs(sentence: str) -> str:
    """A sentence of formulas and numbers in the signs of tables: −1, x − 1 ≠ 0; what it quotes stays as it is typed."""
    if not any(sign in sentence for sign in _TYPED):
        return sentence
    import re  # most sentences have none of these

    said = re.split("('[^']*'|`[^`]*`)", sentence)
    for place in range(0, len(said), 2):
        text = re.sub(r"(?<=[\s(^])-(?=[\d∞(])|(?<=[\w)\]] )-(?= [\w(])", "−", said[place])
        for typed, sign in _COMPARED.items():
            text = text.replace(f" {typed} ", f" {sign} ")
        said[place] = text
    return "".join(said)


_COMPARED = {"!=": "≠", "<=": "≤", ">=": "≥"}
_TYPED = ("-", *_COMPARED)


def significant(value: float, count: int = 6) -> str:
    """A float to so many significant digits, its exponent as formulas have it: `1.5e-6`, `2e21`."""
    mantissa, e, exponent = f"{value:.{count}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


_PLAIN: ContextVar[bool] = ContextVar("plain", default=False)


def is_plain() -> bool:
    """Whether what is written now has to do with ASCII."""
    return _PLAIN.get()


@contextmanager
def plainly(wanted: bool = True) -> Iterator[None]:
    """What is written inside does with ASCII, if that is wanted: a terminal or a reader has no more."""
    before = _PLAIN.set(wanted)
    try:
        yield
    finally:
        _PLAIN.reset(before)


_SPELLED_OUT: ContextVar[Callable[[], Collection[str]]] = ContextVar("spelled_out", default=frozenset)


@contextmanager
def spelling_out(names: Callable[[], Collection[str]]) -> Iterator[None]:
    """What is written inside has these names as words, and no Greek letters for them: something else is written so."""
    before = _SPELLED_OUT.set(names)
    try:
        yield
    finally:
        _SPELLED_OUT.reset(before)


def is_spelled_out(name: str) -> bool:
    """Whether a name, or that of the array that it is an entry of, is to be written as a word."""
    names = _SPELLED_OUT.get()()
    return name in names or name.rstrip("0123456789") in names


def printed(tree: Tree, style: Ascii) -> str:
    """The tree in any style."""
    return _printed((tree,), style)[0]


def _printed(trees: Sequence[Tree], style: Ascii) -> list[str]:
    return [piece.text for piece in fold_all(trees, style.leaf, style.node)]
