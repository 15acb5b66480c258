"""Derivatives as people would write them: shortened by SymPy within bounds, never made longer, remembered.

What is tried is counted in characters, not in seconds, so that an answer doesn't depend on the machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from flint import fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import numerals
from netcalc.derivation.bounded import SYMPY_FAILURES, bounded, factor, is_tame, simplified
from netcalc.derivation.derive import evaluable
from netcalc.derivation.forms import Forms
from netcalc.derivation.remembered import remembered
from netcalc.errors import NetcalcError, TookTooLong
from netcalc.expression import Apply, Constant, Number, Symbol, Tree, parse, substitute, symbols
from netcalc.expression.tree import fold_all, has_switches, share
from netcalc.notation import all_to_ascii, to_ascii
from netcalc.records import dataclass

LONGEST = 600  # characters of a formula that is worth shortening
WORTH = 20  # and so many are short enough
IN_ALL = 2_000  # characters of all that are tried, those of one pattern counted once
CLEARLY = 0.85  # of the length: a form hardly shorter is no easier to read than the one that the rules gave
EVALUATIONS = 80_000  # by SymPy, for all formulas together
BITS = 256
SCALES = (fmpq(1, 5), fmpq(-1, 3), fmpq(9, 4), fmpq(-7, 5), fmpq(1, 31))  # of the points where two forms must agree
ALGEBRAIC = frozenset({"add", "subtract", "multiply", "divide", "power", "negate"})
ALIKE = {
    name: family
    for family, names in {
        "exponential": "exp sinh cosh tanh",
        "circular": "sin cos tan sec csc cot",
        "logarithm": "log log1p log2 log10",
        "root": "sqrt cbrt",
        "gamma": "gamma lgamma digamma polygamma",
    }.items()
    for name in names.split()
}


def sizes(trees: Sequence[Tree]) -> tuple[int, ...]:
    """How many nodes each tree has written out, what it shares counted each time."""
    return fold_all(trees, lambda _: 1, lambda _, parts: 1 + sum(parts))


def readable(forms: Forms, trees: Sequence[Tree], order: Sequence[str]) -> list[Tree]:
    """Each tree, or a shorter form of it; those that differ in their variables' names alone have one form."""
    unique = {id(tree): tree for tree in trees}
    long = zip(unique.items(), sizes(list(unique.values())), strict=True)
    short = {key: tree for (key, tree), size in long if size <= LONGEST and _may_be_shorter(tree)}  # a character a node
    texts = dict(zip(short, all_to_ascii(list(short.values())), strict=True))
    patterns = {key: _Pattern.of(tree, order) for key, tree in short.items() if WORTH < len(texts[key]) <= LONGEST}
    first: dict[str, _Pattern] = {}
    for pattern in patterns.values():
        first.setdefault(pattern.text, pattern)
    shorter = dict(zip(first, _shorter_forms(forms, list(first.values()), order), strict=True))

    def form(tree: Tree) -> Tree:
        pattern = patterns.get(id(tree))
        found = shorter.get(pattern.text) if pattern else None
        if pattern is None or found is None:
            return tree
        renamed = dict(zip(first[pattern.text].names, pattern.names, strict=True))
        return forms.keep(substitute(found, {old: Symbol(new) for old, new in renamed.items() if old != new}))

    return [form(tree) for tree in trees]


@dataclass(frozen=True)
class _Pattern:
    """A formula, its variables in their order, and what it reads as with these numbered."""

    tree: Tree
    names: tuple[str, ...]
    text: str

    @classmethod
    def of(cls, tree: Tree, order: Sequence[str]) -> _Pattern:
        own = set(symbols(tree))
        names = tuple(name for name in order if name in own)
        return cls(tree, names, to_ascii(substitute(tree, {one: Symbol(f"v{n}") for n, one in enumerate(names)})))


def _may_be_shorter(tree: Tree) -> bool:
    return _is_redundant(tree) and not has_switches(tree)


def _is_redundant(tree: Tree) -> bool:
    """Whether algebra may find anything in it: what occurs twice in one fraction, or functions that it can join."""
    waiting = [tree]
    while waiting:
        seen: set[Tree | str] = set()
        parts = [waiting.pop()]
        while parts:
            part = parts.pop()
            if isinstance(part, Apply) and part.operator in ALGEBRAIC:
                parts += part.arguments
                if part.operator == "power" and _is_joined(part.arguments[0]):
                    return True
                continue
            kind = ALIKE.get(part.operator, part) if isinstance(part, Apply) else part
            if isinstance(part, Number | Constant):
                continue
            if kind in seen:
                return True
            seen.add(kind)
            waiting += part.arguments if isinstance(part, Apply) else ()
    return False


def _is_joined(base: Tree) -> bool:
    """Whether a power of it may be another function's, as 1 - tanh² is, or another power."""
    return isinstance(base, Apply) and (base.operator in ALIKE or base.operator in ("power", "negate"))


def _shorter_forms(forms: Forms, patterns: Sequence[_Pattern], order: Sequence[str]) -> list[Tree | None]:
    """The shorter form of each, as far as they come before all are too many; found once, and remembered."""
    texts, left = [], IN_ALL
    for pattern in patterns:
        texts.append(to_ascii(pattern.tree))
        left -= len(texts[-1])
        if left < 0:
            break
    if not texts:
        return []
    names = [name for name in order if any(name in pattern.names for pattern in patterns[: len(texts)])]
    subject = " | ".join(["readable in the same functions", *names, "", *texts])

    def holds(found: list[Tree]) -> bool:
        from netcalc.derivation.held import random_number

        scales = [scale * (1 + random_number()) for scale in SCALES]
        return all(
            _same(parse(text), one, names, scales)
            for text, one in zip(texts, found, strict=True)
            if text != to_ascii(one)
        )

    try:
        found = remembered(subject, len(texts), set(names), lambda: _shortened(texts, names), holds)
    except NetcalcError:  # nested deeper than is read back
        return [None] * len(patterns)
    return [*map(forms.keep, found), *[None] * (len(patterns) - len(texts))]


def _shortened(texts: Sequence[str], order: Sequence[str]) -> list[str]:
    found = list(texts)
    with contextlib.suppress(TookTooLong), bounded(EVALUATIONS):
        for place, text in enumerate(texts):
            found[place] = _shorter(text, order)
    return found


def _shorter(text: str, order: Sequence[str]) -> str:
    """The shortest of what SymPy makes of a formula: shorter, with the same values, and in no further functions."""
    from netcalc.derivation.algebra import from_sympy, to_sympy

    tree = parse(text)
    try:
        expression = to_sympy(tree)
    except (TookTooLong, *SYMPY_FAILURES):
        return text
    candidates = set()
    for algebra in (factor, simplified) if is_tame(expression) else ():
        with contextlib.suppress(*SYMPY_FAILURES):
            candidates.add(to_ascii(from_sympy(algebra(expression), tuple(order))))
    shorter = sorted((one for one in candidates if len(one) < CLEARLY * len(text)), key=lambda one: (len(one), one))
    return next((one for one in shorter if _is_as_good(tree, parse(one), order)), text)


def _is_as_good(tree: Tree, form: Tree, order: Sequence[str]) -> bool:
    return _functions(form) <= _functions(tree) and _same(tree, form, order)


def _functions(tree: Tree) -> set[str]:
    """The functions that a formula is written in; roots are powers."""
    operators = {node.operator for node in share((tree,)).nodes if isinstance(node, Apply)}
    return operators - ALGEBRAIC - {"sqrt", "cbrt"}


def _same(tree: Tree, form: Tree, order: Sequence[str], scales: Sequence[fmpq] = SCALES) -> bool:
    """Whether a form agrees with the tree at a few points where both are defined."""
    try:
        pair = evaluable((tree, form))
    except NetcalcError:
        return False
    agreed = 0
    for scale in scales:
        with precision(BITS):
            names = {name: fmpq(7 * place % 11 + 3, 8) * scale for place, name in enumerate(order)}
            a, b = map(ball, numerals(pair, names))
        if a.is_finite() and b.is_finite():
            if not a.overlaps(b):
                return False
            agreed += 1
    return agreed > 0
