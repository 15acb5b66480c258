"""Repairs that put one thing in another's place: a slope, a factor, what the forward pass makes of a tensor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations

from netcalc.checking.backward.changes import Edit
from netcalc.checking.backward.expressions import as_primary, everywhere, factors, put
from netcalc.checking.backward.pieces import Harvest, near
from netcalc.checking.backward.slopes import slopes
from netcalc.checking.backward.trial import Trial
from netcalc.program.answers import base


def slope_formula(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """A slope in the place of factors."""
    for line, node in everywhere(trial):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            yield from _with_slope(trial, line, node)


def expression_for_name(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """What the forward pass makes of a tensor in the tensor's place."""
    for line, node in everywhere(trial):
        name = trial.name(node)
        owner = trial.name(node.value) if isinstance(node, ast.Subscript) else name
        value = trial.value(trial.text(node)) if owner in trial.names else None
        for piece in [*found.terms, *(one for one in found.factors if not one.divides)] if value is not None else ():
            is_of_it = piece.text != trial.text(node) and re.search(rf"\b{re.escape(owner)}\b", piece.text)
            if is_of_it and value is not None and piece.value.shape == value.shape:
                said = f"{trial.text(node)} taken for {piece.text}"
                yield Edit(put(trial, node, piece.text), line, "wrong-tensor", said)


def factor_for_another(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A factor, or two, in another's place; a slope first."""
    for line, node in everywhere(trial):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)):
            continue
        yield from _with_slope(trial, line, node)
        for part, divides in factors(node):
            value = trial.value(trial.text(part))
            for piece in found.factors:
                if value is not None and piece.value.shape == value.shape and not near(piece.value, value):
                    said = f"{'divided by ' * divides}{trial.text(part)} in place of {piece.text}"
                    yield Edit(put(trial, part, piece.text), line, "factor-for-another", said)


def _with_slope(trial: Trial, statement: ast.stmt, node: ast.BinOp) -> Iterator[Edit]:
    own = [(trial.text(part), as_primary(trial, part), divides) for part, divides in factors(node)]
    places = range(len(own))
    gradients = {place for place in places if base(own[place][0], trial.reading.code.reader.known_names) is not None}
    for count in (1, 2, 3):
        for chosen in sorted(combinations(places, count), key=lambda some: bool(gradients & set(some))):
            for one in slopes(trial):
                for text in one.texts:
                    kept = [
                        part for place, part in enumerate(own) if place not in chosen and part[0] not in ("1", "1.0")
                    ]
                    product = " * ".join(part[1] for part in kept if not part[2])
                    divisors = "".join(f" / {part[1]}" for part in kept if part[2])
                    if not product:
                        continue
                    new = f"{product} * {text if text.startswith('(') or ' * ' in text else f'({text})'}{divisors}"
                    above, below = (
                        [own[place][1] for place in chosen if own[place][2] is kind] for kind in (False, True)
                    )
                    wrong = " / ".join([" * ".join(above) or "1", *below])
                    said = f"the slope of {one.function} is wrong: {text} in place of {wrong}"
                    yield Edit(put(trial, node, new), statement, "slope-formula", said)
