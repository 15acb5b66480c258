"""Repairs that numbers lead to: what a gradient is off by, as a factor, and the texts that come to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.expressions import (
    as_divisor,
    everywhere,
    put,
    roots,
    terms,
)
from netcalc.checking.backward.paths import behind, inserted, spelt, statement, term, term_of_norm, term_of_part
from netcalc.checking.backward.pieces import Harvest, Piece, near, off_by, plain_ratio
from netcalc.checking.backward.replaced import expression_for_name, factor_for_another, slope_formula
from netcalc.checking.backward.slopes import factor_said, slopes
from netcalc.checking.backward.trial import Trial
from netcalc.graph.node import Node, in_order
from netcalc.program.answers import base
from netcalc.program.versions import Version

MAX_SIZES = 3  # that what a loop adds up is divided by
MAX_ABOVE = 60  # texts of what may come from above

# --- a factor


def factor_of_all(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """The whole times a factor, or divided by one."""
    true = trial.true[0]
    if trial.found is None:
        for piece in found.factors:
            if piece.value.shape == true.shape and not piece.divides:
                yield from _times(trial, piece)
        return
    for piece in found.factors:
        with np.errstate(all="ignore"):
            try:
                product = trial.found / piece.value if piece.divides else trial.found * piece.value
            except ValueError:
                continue
        for scaled in _scaled(trial, piece, product, true):
            yield from _times(trial, scaled)
    ratio = plain_ratio(trial, trial.found, true)
    if ratio is not None:
        yield from _times(trial, ratio)


def _scaled(trial: Trial, piece: Piece, found: np.ndarray, true: np.ndarray) -> Iterator[Piece]:
    """The piece, or so many times it, where that leads from what it makes to what is right."""
    if near(found, true):
        yield piece
        return
    ratio = plain_ratio(trial, found, true) if piece.value.ndim else None
    if ratio is None or ratio.text.lstrip("-") not in ("1", "2", "3") or piece.text == ratio.text.lstrip("-"):
        return
    sign, number = "-" * ratio.text.startswith("-"), ratio.text.lstrip("-")
    inner = as_divisor(piece.text)
    if number == "1":
        yield piece._replace(text=f"{sign}{inner}")
    elif ratio.divides == piece.divides:
        yield piece._replace(text=f"{sign}{number} * {inner}")
    else:
        yield piece._replace(text=f"{sign}{inner} / {number}")


def _times(trial: Trial, piece: Piece) -> Iterator[Edit]:
    for version in trial.versions:
        is_divisor = isinstance(version.statement, ast.AugAssign) and isinstance(version.statement.op, ast.Div)
        for root in list(roots(version.statement, version.name))[:1]:
            for edit in _left_out(trial, version.statement, root, piece._replace(divides=piece.divides != is_divisor)):
                yield edit._replace(said=factor_said(trial, piece.text, too_many=False, divides=piece.divides))
    if len(trial.versions) > 1:
        said = factor_said(trial, piece.text, too_many=False, divides=piece.divides)
        line = f"{spelt(trial)} {'/' if piece.divides else '*'}= {piece.text}"
        yield from inserted(trial, line, "factor-left-out", f"{said}: {line}")


def mean_behind(trial: Trial) -> Iterator[Edit]:
    """What a loop adds up, divided behind it by what the forward pass divides by."""
    name, units = trial.one.version.name, trial.one.version.within.units
    unit = next((one.unit for one in trial.versions if trial.is_within_loop(one)), None)
    if unit is None or trial.one.version.is_passed:
        return
    forward = re.sub(r"\s", "", trial.reading.forward.program.source.text)
    sizes = [text for text, number in trial.numbers.items() if number > 1]
    for text in sorted(sizes, key=lambda one: f"/{one}" not in forward and f"/={one}" not in forward)[:MAX_SIZES]:
        said = factor_said(trial, text, too_many=False, divides=True)
        line = f"{name} /= {text}"
        yield from behind(trial, units[unit].node, unit, line, "factor-left-out", f"{said}: {line}")


def from_above(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """The gradient from above, where a statement has none at all: an array that passes it on, or an entry of one."""
    known = trial.reading.code.reader.known_names
    above = f"d{trial.reading.forward.program.output_name}"
    names = [one for one in trial.names if one == above or base(one, known) is not None]
    names = [one for one in names if one != trial.one.version.name]
    for version in trial.versions:
        for root in list(roots(version.statement, version.name))[:1]:
            own = {one.id for one in ast.walk(root) if isinstance(one, ast.Name)}
            value = trial.value(trial.text(root))
            if value is None or not value.any() or own & {*names, trial.one.version.name}:
                continue
            keyed = [f"{name}[{key}]" for name in reversed(names) for key in found.keys]
            for text in [*reversed(names), *keyed][:MAX_ABOVE]:
                piece = trial.value(text)
                if piece is None or not (piece.shape == value.shape or (piece.ndim == 0 and "[" in text)):
                    continue
                for change in _multiplied(trial, root, Piece(text, piece)):
                    said = f"what comes from above, {text}, left out"
                    yield Edit(change, version.statement, "upstream-left-out", said)


def _multiplied(trial: Trial, node: ast.expr, piece: Piece) -> Iterator[Change]:
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.MatMult)
    text = f"({trial.text(node)})" if is_sum else trial.text(node)
    if piece.text.isdigit() and not piece.divides:
        yield put(trial, node, f"{piece.text} * {text}")
    else:
        yield put(trial, node, f"{text} {'/' if piece.divides else '*'} {as_divisor(piece.text)}")


def _left_out(trial: Trial, statement: ast.stmt, node: ast.expr, piece: Piece) -> Iterator[Edit]:
    said = factor_said(trial, piece.text, too_many=False, divides=piece.divides)
    return (Edit(change, statement, "factor-left-out", said) for change in _multiplied(trial, node, piece))


def factor_of_term(trial: Trial, found: Harvest, *, of_helpers: bool = False) -> Iterator[Edit]:
    """A summand times a factor: those that numbers lead to, then any.

    A summand that is made in a statement of its own gets its factors there first, so it is for `of_helpers`; not one
    that a loop before it makes.
    """
    several = len(trial.versions) > 1
    in_loops = {one.name for one in trial.helpers if one.unit >= 0 and trial.is_within_loop(one)}
    for is_blind in (False, True):
        for version in trial.versions:
            is_added = several or isinstance(version.statement, ast.AugAssign)
            helpers = {one.name for one in trial.helpers} - (set() if trial.is_within_loop(version) else in_loops)
            for root in roots(version.statement, version.name):
                summands = list(terms(root))
                if is_blind and len(summands) > 1 and trial.is_within_loop(version):
                    summands.append((root, 1))
                for node, sign in summands if len(summands) > 1 or is_added else ():
                    if (trial.name(node) in helpers) != of_helpers:
                        continue
                    subtracts = isinstance(version.statement, ast.AugAssign) and isinstance(
                        version.statement.op, ast.Sub
                    )
                    pieces = _any_factor if is_blind else _leading_factors
                    own = pieces(trial, found, node, -sign if subtracts else sign)
                    for piece in chain(_of_part(trial, found, version, node), own) if is_blind else own:
                        for edit in _left_out(trial, version.statement, node, piece):
                            yield edit._replace(said=f"{edit.said} of {trial.text(node)}")


def _any_factor(trial: Trial, found: Harvest, _: ast.expr, __: int) -> Iterator[Piece]:
    for piece in sorted(found.factors, key=lambda one: one.value.ndim):
        if _broadcasts(piece.value, trial.true[0]):
            yield piece


def _of_part(trial: Trial, found: Harvest, version: Version, node: ast.expr) -> Iterator[Piece]:
    """The factors of the shape of the part that a number is added to: w[f], of dx[n] += w[f] * dout[n, f]."""
    target = getattr(version.statement, "target", None)
    value = trial.value(trial.text(node))
    if not isinstance(target, ast.Subscript) or value is None or value.ndim:
        return
    part = trial.value(trial.text(target))
    for piece in found.factors if part is not None and part.ndim else ():
        if part is not None and piece.value.shape == part.shape and not piece.divides:
            yield piece


def _leading_factors(trial: Trial, found: Harvest, node: ast.expr, sign: int) -> Iterator[Piece]:
    """What leads from a summand to what it has to be, if all others are right."""
    value = trial.value(trial.text(node))
    if value is None or trial.found is None or not _broadcasts(value, trial.true[0]):
        return
    wanted = sign * (trial.true[0] - trial.found) + value
    for piece in found.factors:
        with np.errstate(all="ignore"):
            try:
                product = value / piece.value if piece.divides else value * piece.value
            except ValueError:
                continue
        if product.shape == wanted.shape and np.isfinite(product).all():
            yield from _scaled(trial, piece, product, wanted)


def slope_of_helper(trial: Trial, versions: Sequence[Version]) -> Iterator[Edit]:
    """The slope of a function left out of a statement that makes what is no gradient."""
    for version in versions:
        for root in list(roots(version.statement, version.name))[:1]:
            for one in slopes(trial):
                for text in one.texts:
                    for change in _multiplied(trial, root, Piece(text, one.slope)):
                        said = f"the slope of {one.function} left out: times {text}"
                        yield Edit(change, version.statement, "factor-left-out", said)


def factor_of_part(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A part times a factor."""
    nodes = list(everywhere(trial))
    sums = [one for _, one in nodes if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Sub)]
    summands = [one for node in sums for one, _ in terms(node)]
    for line, node in nodes:
        value = None if isinstance(node, ast.Constant | ast.Slice | ast.Tuple) else trial.value(trial.text(node))
        for piece in found.factors:
            if value is None:
                break
            is_fitting = _broadcasts(piece.value, value) or _spreads(piece.value, value, trial.true[0])
            if is_fitting and (piece.value.ndim or node in summands):
                yield from _left_out(trial, line, node, piece)


def _broadcasts(piece: np.ndarray, value: np.ndarray) -> bool:
    try:
        return np.broadcast_shapes(piece.shape, value.shape) == value.shape
    except ValueError:
        return False


def _spreads(piece: np.ndarray, value: np.ndarray, true: np.ndarray) -> bool:
    """Whether a product has the gradient's shape, though a factor has not."""
    try:
        return value.ndim == true.ndim and np.broadcast_shapes(piece.shape, value.shape) == true.shape
    except ValueError:
        return False


# --- a vector function


def softmax(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """The Jacobian of softmax: p (δ − Σ δ p)."""
    word = "keepdim" if trial.reading.code.reader.library == "torch" else "keepdims"
    shape = trial.true[0].shape
    values = {name: array for name, tensor in trial.names.items() if (array := trial.array(tensor)) is not None}
    for name, p in values.items():
        if p.shape != shape or not p.ndim or not near(p.sum(axis=-1), np.ones(shape[:-1])):
            continue
        for delta, above in values.items():
            if above.shape != shape or base(delta, [name]) is None:
                continue
            text = f"{name} * ({delta} - ({delta} * {name}).sum(-1, {word}=True))"
            is_diagonal = trial.found is not None and any(
                _is_multiple(one, trial.found) for one in (p * (1 - p) * above, p * above)
            )
            said = (
                "the Jacobian of softmax taken as its diagonal" if is_diagonal else "the Jacobian of softmax is wrong"
            )
            for version in trial.versions:
                for root in list(roots(version.statement, version.name))[:1]:
                    yield Edit(put(trial, root, text), version.statement, "softmax-jacobian", said)


def _is_multiple(found: np.ndarray, other: np.ndarray) -> bool:
    at = np.unravel_index(np.argmax(np.abs(found)), found.shape) if found.size else ()
    return found.shape == other.shape and bool(found[at]) and near(found * (other[at] / found[at]), other)


def of_helper(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A factor or a summand of what is no gradient, by what that has to come to for the gradient to be right."""
    for helper in trial.helpers:
        is_def = isinstance(helper.statement, ast.FunctionDef | ast.Return)
        if is_def or helper.name not in trial.names or helper.statement in trial.of_right:
            continue
        node = trial.names[helper.name].node
        needed = _needed(trial, node)
        if needed is not None:
            own = Trial(trial.reading, trial.one)
            own.__dict__ |= {"versions": [helper], "true": [needed], "found": trial.evaluated(node, 0)}
            for row in (factor_of_all, factor_of_term, term):
                yield from row(own, found)


def factor_of_def(trial: Trial, _: Harvest) -> Iterator[Edit]:
    """What a def returns times the plain number that a gradient is off by."""
    ratio = off_by(trial)
    for helper in trial.helpers if ratio is not None else ():
        if ratio is not None and isinstance(helper.statement, ast.Return) and helper.statement.value is not None:
            yield from _left_out(trial, helper.statement, helper.statement.value, ratio)


def _needed(trial: Trial, node: Node) -> np.ndarray | None:
    """What a node has to be for the gradient to be right, where each entry of that is linear in one of its own."""
    value = trial.one.version.value
    if value is None or trial.found is None or node not in in_order([value]):
        return None

    def with_it(array: np.ndarray) -> np.ndarray:
        return trial.evaluated(value, 0, {node: array}).reshape(trial.true[0].shape)

    now = trial.evaluated(node, 0)
    if now.shape != trial.true[0].shape or not now.size:
        return None
    slope = with_it(now + 1) - with_it(now)
    if not np.isfinite(slope).all() or not slope.all():
        return None
    needed = now + (trial.true[0] - with_it(now)) / slope
    return needed if near(with_it(needed), trial.true[0]) else None


GUIDED = (factor_of_def, factor_of_all, slope_formula, factor_of_term, softmax, statement)
GUIDED_LATER = (factor_for_another, factor_of_part, expression_for_name, term_of_norm, term_of_part)
