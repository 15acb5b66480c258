"""Repairs of paths: a summand or a statement that was left out, found by what is missing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.expressions import (
    SUMS,
    as_divisor,
    called,
    everywhere,
    owner_of,
    put,
    roots,
    terms,
)
from netcalc.checking.backward.pieces import Harvest, Piece, arrays_of, near, plain_ratio
from netcalc.checking.backward.positions import indices
from netcalc.checking.backward.slopes import slopes
from netcalc.checking.backward.trial import Trial
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.program.answers import targets_of
from netcalc.program.versions import Version


def term(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A summand left out of the whole, by what is missing."""
    if trial.found is None:
        return
    missing = trial.true[0] - trial.found
    own = [
        sign * value
        for version in trial.versions
        for root in roots(version.statement, version.name)
        for one, sign in terms(root)
        if (value := trial.value(trial.text(one))) is not None
    ]
    for text in _texts(trial, missing, found):
        if any(near(one, missing) or near(-one, missing) or near(-2 * one, missing) for one in own):
            continue  # a summand's factor, or its sign
        for version in trial.versions:
            for root in list(roots(version.statement, version.name))[:1]:
                plus = f"{trial.text(root)} - {text[1:]}" if text.startswith("-") else f"{trial.text(root)} + {text}"
                said = f"{path(trial, missing)}: {'−' if text.startswith('-') else '+'} {text.lstrip('-')}"
                yield Edit(put(trial, root, plus), version.statement, "path-left-out", said)
            name = spelt(trial)
            line = f"{name} -= {text[1:]}" if text.startswith("-") else f"{name} += {text}"
            said = f"{path(trial, missing)}: {line}"
            if trial.one.version.is_passed:
                break
            if trial.is_within_loop(version):
                node = trial.one.version.within.units[version.unit].node
                yield from behind(trial, node, version.unit, line, "path-left-out", said)
            yield from inserted(trial, line, "path-left-out", said)
            break


def _texts(trial: Trial, missing: np.ndarray, found: Harvest) -> Iterator[str]:
    """Expressions that come to what is missing, the shortest kinds first."""
    pieces = [*found.terms, *(Piece(name, array) for name, array in arrays_of(trial).items())]
    for piece in pieces:
        for sign in ("", "-"):
            if piece.value.shape and near(-piece.value if sign else piece.value, missing):
                yield sign + _as_term(piece.text, negated=bool(sign))
    arrays = arrays_of(trial)
    scalars = [one for one in found.factors if not one.value.ndim]
    for name, array in arrays.items():
        for piece in scalars:
            value = array / piece.value if piece.divides else array * piece.value
            text = f"{name} {'/' if piece.divides else '*'} {as_divisor(piece.text)}"
            if value.shape != missing.shape:
                yield from (f"{sign}{text}" for sign in ("", "-") if near(-value if sign else value, missing))
                continue
            ratio = plain_ratio(trial, value, missing)
            if ratio is not None and not ratio.divides and ratio.text.lstrip("-") in ("1", "2", "3"):
                sign, number = "-" * ratio.text.startswith("-"), ratio.text.lstrip("-")
                yield f"{sign}{text}" if number == "1" else f"{sign}{number} * {text}"
            elif ratio is not None and ratio.divides and ratio.text.lstrip("-") in ("1", "2"):
                yield f"{'-' * ratio.text.startswith('-')}{text}" + " / 2" * (ratio.text.lstrip("-") == "2")
    yield from _products(trial, arrays, missing)
    for piece in pieces:
        if piece.value.ndim and (ratio := plain_ratio(trial, piece.value, missing)) is not None and piece.value.shape:
            text = as_divisor(piece.text)
            sign = "-" if ratio.text.startswith("-") else ""
            yield f"{sign}{text} {'/' if ratio.divides else '*'} {ratio.text.lstrip('-')}"


def _as_term(text: str, *, negated: bool) -> str:
    """A text as a summand: a sum that is taken away, and what begins with a minus, in brackets."""
    tree = ast.parse(text, mode="eval").body
    is_sum = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)
    return f"({text})" if text.startswith("-") or (negated and is_sum) else text


def _products(trial: Trial, arrays: dict[str, np.ndarray], missing: np.ndarray) -> Iterator[str]:
    forms: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
        ("{a} * {b}", lambda a, c: a * c),
        ("{a} @ {b}", lambda a, c: a @ c),
        ("{a}.T @ {b}", lambda a, c: a.T @ c),
        ("{a} @ {b}.T", lambda a, c: a @ c.T),
        ("{a}[:, None] * {b}", lambda a, c: a[:, None] * c),
    )
    for form, multiplied in forms:
        for a, first in arrays.items():
            for c, second in arrays.items():
                if not first.ndim or not second.ndim or ("@" not in form and first.ndim > missing.ndim):
                    continue
                try:
                    value = multiplied(first, second)
                except (ValueError, IndexError):
                    continue
                if value.shape != missing.shape:
                    continue
                ratio = plain_ratio(trial, value, missing)
                if ratio is not None:
                    sign = "-" if ratio.text.startswith("-") else ""
                    number = ratio.text.lstrip("-")
                    text = form.format(a=a, b=c)
                    yield sign + (
                        text if number == "1" else f"{text} / {number}" if ratio.divides else f"{number} * {text}"
                    )


def path(trial: Trial, missing: np.ndarray) -> str:
    """Which path through the forward pass is left out, by what comes back along it."""
    name = trial.one.version.label
    for through, share in _shares(trial):
        if near(share.reshape(missing.shape) if share.size == missing.size else share, missing):
            return f"a path left out, the one from {name} through {through}"
    if _is_one_hot(missing):
        return "a term left out, the one-hot target"
    return "a term left out: a path is missing"


def _is_one_hot(missing: np.ndarray) -> bool:
    """Whether each row has one entry, the same in all."""
    there = np.abs(missing) > 1e-12 * (np.abs(missing).max(initial=0.0) or 1.0)
    return missing.ndim > 0 and bool((there.sum(axis=-1) == 1).all()) and bool(np.ptp(missing[there]) < 1e-9)


def _shares(trial: Trial) -> Iterator[tuple[str, np.ndarray]]:
    forward, node = trial.reading.forward, trial.one.node
    point = trial.reading.agreement.points[0].values
    by_user = forward.shares(node)
    if len(by_user) < 2:
        return
    for through, shares in by_user.items():
        with np.errstate(all="ignore"):
            arrays = evaluate(shares, Float64(forward.sizes), point)
        yield through, np.asarray(sum(arrays))


def term_of_part(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A tensor added to a part, or taken from it."""
    pieces = [*(Piece(name, array) for name, array in arrays_of(trial).items()), *found.terms]
    for statement, node in everywhere(trial):
        is_part = not isinstance(node, ast.Constant | ast.Slice | ast.Tuple | ast.Compare)
        value = trial.value(trial.text(node)) if is_part else None
        alike = [one for one in pieces if value is not None and value.ndim and one.value.shape == value.shape]
        for piece, sign in product(alike, "-+"):
            said = f"{_kind_of_term(piece)} left out: {'−' if sign == '-' else '+'} {piece.text}"
            yield Edit(put(trial, node, f"{trial.text(node)} {sign} {piece.text}"), statement, "term-left-out", said)


def term_of_norm(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """The path through the deviation that was left out: d − mean(d) for d − mean(d) − x̂·mean(d·x̂)."""
    for statement, node in everywhere(trial):
        call = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) else None
        inner = owner_of(call) if isinstance(call, ast.Call) and called(call) in SUMS else None
        value = None if inner is None else trial.value(trial.text(inner))
        if call is None or inner is None or value is None:
            continue
        before, after = (place - trial.segment(call)[0] for place in trial.segment(inner))
        text = trial.text(call)
        for name in (name for name, array in arrays_of(trial).items() if array.shape == value.shape):
            term = f"{name} * {text[:before]}({trial.text(inner)} * {name}){text[after:]}"
            said = f"a path left out, the one through the deviation: − {term}"
            yield Edit(put(trial, node, f"{trial.text(node)} - {term}"), statement, "path-left-out", said)


def _kind_of_term(piece: Piece) -> str:
    is_target = bool(np.isin(piece.value, (0, 1)).all()) and near(
        piece.value.sum(axis=-1), np.ones(piece.value.shape[:-1])
    )
    return "a term, the one-hot target," if is_target else "a term of the path"


def statement(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A statement left out: 1 subtracted at the label, 0 put where a mask says so."""
    name = spelt(trial)
    for key in found.keys:
        for amount in ("-= 1", "+= 1", *(f"-= 1 / {number}" for number in trial.numbers)):
            line = f"{name}[{key}] {amount}"
            yield from inserted(trial, line, "one-hot-left-out", f"the one-hot target left out: {line}")
    for one in slopes(trial):
        if one.function == "relu":
            which = one.argument or one.value
            line = f"{name}[{which} <= 0] = 0"
            yield from inserted(trial, line, "slope-left-out", f"the slope of relu left out: {line}")


def statement_alike(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """A statement left out beside one of its kind, as dW[:, y[i]] -= X[i] beside dW[:, j] += X[i]."""
    for version in trial.versions:
        match version.statement:
            case ast.AugAssign(ast.Subscript(), ast.Add() | ast.Sub()) as own if trial.is_within_loop(version):
                yield from _with_other_index(trial, version, own)


def _with_other_index(trial: Trial, version: Version, own: ast.AugAssign) -> Iterator[Edit]:
    assert isinstance(own.target, ast.Subscript)  # noqa: S101 - see the caller
    key, value = own.target.slice, trial.text(own.value)
    there = {trial.text(getattr(one.statement, "target", one.statement)) for one in trial.versions}
    for part in key.elts if isinstance(key, ast.Tuple) else [key]:
        (start, end), (first, last) = trial.segment(part), trial.segment(own.target)
        for text in indices(trial) if not isinstance(part, ast.Slice) else ():
            target = f"{trial.source.text[first:start]}{text}{trial.source.text[end:last]}"
            of_label = ", that of the label" * (text.partition("[")[0] in trial.reading.forward.program.indices)
            for sign in ("-=", "+=") if target not in there else ():
                line = f"{target} {sign} {value}"
                yield from inserted(trial, line, "path-left-out", f"a path left out{of_label}: {line}", [version])


def statement_of_helper(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """The same, of a copy that is no gradient, but becomes one: dy = p.copy()."""
    for helper in trial.helpers:
        if not isinstance(helper.statement, ast.Assign):
            continue
        value = helper.statement.value
        is_copy = isinstance(value, ast.Name | ast.Subscript) or called(value) in ("copy", "clone", "array", "softmax")
        for key in found.keys if is_copy else ():
            line = f"{helper.name}[{key}] -= 1"
            yield from inserted(trial, line, "one-hot-left-out", f"the one-hot target left out: {line}", [helper])


def spelt(trial: Trial) -> str:
    """A gradient as its last statement has it: self.dW."""
    target = next(targets_of(trial.one.version.statement), None)
    while isinstance(target, ast.Subscript):
        target = target.value
    text = "" if target is None or not trial.one.version.is_attribute else trial.text(target)
    return text if text.endswith(f".{trial.one.version.name}") else trial.one.version.name


def behind(trial: Trial, node: ast.stmt, unit: int, line: str, mistake: str, said: str) -> Iterator[Edit]:
    """A line behind a loop."""
    end = trial.segment(node)[1]
    change = Change(end, end, f"\n{' ' * node.col_offset}{line}")
    yield Edit(change, node, mistake, said, behind=unit)


def inserted(
    trial: Trial, line: str, mistake: str, said: str, versions: Sequence[Version] | None = None
) -> Iterator[Edit]:
    """A line behind each of the gradient's statements, or of others."""
    for version in reversed(trial.versions if versions is None else versions):
        if isinstance(version.statement, ast.Return):
            continue
        end = trial.segment(version.statement)[1]
        column = version.statement.col_offset
        yield Edit(Change(end, end, f"\n{' ' * column}{line}"), version.statement, mistake, said)
