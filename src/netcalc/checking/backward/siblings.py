"""Repairs that a line beside it shows: a summand that another gradient has, by the names of this one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from netcalc.checking.backward.changes import Edit
from netcalc.checking.backward.expressions import put, roots, terms
from netcalc.checking.backward.pieces import Harvest
from netcalc.checking.backward.trial import Trial
from netcalc.program.answers import base, targets_of
from netcalc.program.versions import Version

MAX_TERMS = 12


def term_of_sibling(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """A summand left out of what a loop adds, as another line of it has: + lam * bu[u], beside + lam * bi[i]."""
    for version in trial.versions:
        if not trial.is_within_loop(version) or not isinstance(version.statement, ast.AugAssign):
            continue
        there = {trial.text(one) for one, _ in terms(version.statement.value)}
        for text, sign in dict.fromkeys(_renamed(trial, version)):
            if text not in there:
                root = next(roots(version.statement, version.name))
                said = f"a term left out: {'−' if sign < 0 else '+'} {text}"
                change = put(trial, root, f"{trial.text(root)} {'-' if sign < 0 else '+'} {text}")
                yield Edit(change, version.statement, "path-left-out", said)


def _renamed(trial: Trial, version: Version) -> list[tuple[str, int]]:
    """The summands of other gradients' lines by the names of this line."""
    known = trial.reading.code.reader.known_names
    own = next(targets_of(version.statement), None)
    found: list[tuple[str, int]] = []
    others = dict.fromkeys(one.version.statement for one in trial.reading.judged)
    for statement in others:
        target = next(targets_of(statement), None)
        if statement is version.statement or not isinstance(statement, ast.AugAssign) or target is None or own is None:
            continue
        names = {**_names(target, own), **_names_of(target, own, known)}
        for one, sign in terms(statement.value) if names else ():
            tree = ast.parse(trial.text(one), mode="eval")
            for node in ast.walk(tree):
                if isinstance(node, ast.Name):
                    node.id = names.get(node.id, node.id)
            found.append((ast.unparse(tree), sign))
    return found[:MAX_TERMS]


def _names(target: ast.expr, own: ast.expr) -> dict[str, str]:
    """The names in one target, and those in their place in the other."""
    if ast.dump(_blank(target)) != ast.dump(_blank(own)):
        return {}
    pairs = zip(ast.walk(target), ast.walk(own), strict=True)
    return {one.id: other.id for one, other in pairs if isinstance(one, ast.Name) and isinstance(other, ast.Name)}


def _names_of(target: ast.expr, own: ast.expr, known: set[str]) -> dict[str, str]:
    return {
        of: for_it
        for one, other in _names(target, own).items()
        if (of := base(one, known)) is not None and (for_it := base(other, known)) is not None
    }


def _blank(node: ast.expr) -> ast.expr:
    """An expression with one name for all."""
    text = ast.unparse(node)
    return ast.parse(re.sub(r"[A-Za-z_]\w*", "x", text), mode="eval").body
