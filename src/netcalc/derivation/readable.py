"""Derivatives as people would write them: shortened by SymPy within a time, never made longer, remembered."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from flint import fmpq

from netcalc.arithmetic.certain import ball, numerals, precision
from netcalc.derivation.derive import SYMPY_FAILURES, TookTooLong, bounded, evaluable, is_tame
from netcalc.derivation.forms import Forms
from netcalc.derivation.remembered import remembered
from netcalc.errors import NetcalcError
from netcalc.expression import Tree, parse
from netcalc.expression.tree import fold, has_switches
from netcalc.notation import to_ascii

SECONDS = 1.0  # for all of a problem's formulas together
LONGEST = 600  # characters of a formula that is worth shortening
WORTH = 20  # and so many are short enough
CLEARLY = 0.85  # of the length: a form hardly shorter is no easier to read than the one that the rules gave
LARGEST = 2_000  # nodes of a formula that is written out to see whether it is
BITS = 256
SCALES = (fmpq(1, 5), fmpq(-1, 3), fmpq(9, 4), fmpq(-7, 5), fmpq(1, 31))  # of the points where two forms must agree


def size(tree: Tree) -> int:
    """How many nodes the tree has written out, what it shares counted each time."""
    return fold(tree, lambda _: 1, lambda _, sizes: 1 + sum(sizes))


def readable(forms: Forms, trees: Sequence[Tree], order: Sequence[str]) -> list[Tree]:
    """Each tree, or a shorter form of it."""
    unique = {id(tree): tree for tree in trees}
    texts = {key: to_ascii(tree) for key, tree in unique.items() if size(tree) <= LARGEST and not has_switches(tree)}
    worth = list(dict.fromkeys(text for text in texts.values() if WORTH < len(text) <= LONGEST))
    if not worth:
        return list(trees)
    subject = " | ".join(["readable", *order, "", *worth])
    found = remembered(subject, len(worth), set(order), lambda: _shortened(worth, order))
    shorter = dict(zip(worth, map(forms.keep, found), strict=True))
    return [shorter.get(texts.get(id(tree), ""), tree) for tree in trees]


def _shortened(texts: Sequence[str], order: Sequence[str]) -> list[str]:
    found = list(texts)
    with contextlib.suppress(TookTooLong), bounded(SECONDS):
        for place, text in enumerate(texts):
            found[place] = _shorter(text, order)
    return found


def _shorter(text: str, order: Sequence[str]) -> str:
    """The shortest of what SymPy makes of a formula, if it is shorter and has the same values."""
    import sympy as sp

    from netcalc.derivation.algebra import from_sympy, to_sympy

    tree = parse(text)
    expression = to_sympy(tree)
    if not is_tame(expression):
        return text
    candidates = set()
    for simplified in (sp.factor, sp.simplify):
        with contextlib.suppress(*SYMPY_FAILURES):
            candidates.add(to_ascii(from_sympy(simplified(expression), tuple(order))))
    shorter = sorted((one for one in candidates if len(one) < CLEARLY * len(text)), key=lambda one: (len(one), one))
    return next((one for one in shorter if _same(tree, one, order)), text)


def _same(tree: Tree, text: str, order: Sequence[str]) -> bool:
    """Whether a form reads back and, where both are defined, agrees with the tree at a few points."""
    try:
        pair = evaluable((tree, parse(text)))
    except NetcalcError:
        return False
    agreed = 0
    for scale in SCALES:
        with precision(BITS):
            names = {name: fmpq(7 * place % 11 + 3, 8) * scale for place, name in enumerate(order)}
            a, b = map(ball, numerals(pair, names))
        if a.is_finite() and b.is_finite():
            if not a.overlaps(b):
                return False
            agreed += 1
    return agreed > 0
