"""The catalogue of repairs: what is done to a line's expressions to have it right, the smallest first."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations

import numpy as np

from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.expressions import (
    as_primary,
    called,
    factors,
    parts,
    put,
    roots,
)
from netcalc.checking.backward.formulas import (
    comparison,
    complement,
    constant,
    exchanged,
    exponent,
    extreme,
    less_one,
    letters,
    power_one_off,
    product_for_quotient,
    sign,
    sign_of_all,
    sign_of_scale,
    times_number,
    times_scalar,
)
from netcalc.checking.backward.names import (
    name_for_part,
    wrong_name,
    wrong_name_of_any_shape,
    wrong_name_throughout,
    wrong_part,
)
from netcalc.checking.backward.positions import (
    index,
    index_of_texts,
    index_throughout,
    key_of_texts,
    not_reversed,
    part_of_all,
    reversed_part,
)
from netcalc.checking.backward.shapes import (
    Repairs,
    axis,
    before_reshape,
    keepdims,
    not_averaged,
    not_summed,
    reduction,
    transpose,
    transposed_whole,
)
from netcalc.checking.backward.trial import Trial
from netcalc.program.versions import Version
from netcalc.records import NamedTuple


class Row(NamedTuple):
    """One kind of mistake: its identifier, and its repairs at one expression of a statement."""

    mistake: str
    repairs: Callable[[Trial, ast.stmt, ast.expr], Repairs]
    at_root: bool = False


# --- assignments


def overwritten(trial: Trial, statement: ast.stmt, _: ast.expr) -> Repairs:
    """= where it is added."""
    if isinstance(statement, ast.Assign) and (len(trial.versions) > 1 or _is_again(trial, statement)):
        start, end = trial.segment(statement.targets[0])[1], trial.segment(statement.value)[0]
        text = trial.source.text[start:end]
        if text.count("=") == 1:
            at = start + text.index("=")
            name = trial.one.version.label
            several = len(trial.reading.forward.backward.uses.get(trial.one.node, ())) > 1
            why = (
                f"{name} has several uses, so += adds this path to the others"
                if several
                else "+= adds to what is there"
            )
            said = f"overwritten where it is accumulated: {why}"
            yield said, Change(at, at + 1, "+=")
            yield said, Change(at, at + 1, "-=")


def _is_again(trial: Trial, statement: ast.Assign) -> bool:
    """Whether a loop passes a gradient's only statement, or one that gives parts of what it is made of."""
    own = trial.versions[0]
    is_part = isinstance(statement.targets[0], ast.Subscript)
    made = [own, *(one for one in trial.helpers if is_part)]
    loops = [one for own in trial.defs for one in ast.walk(own) if isinstance(one, ast.For)]
    of_def = any(statement in ast.walk(one) for one in loops)
    return any(one.statement is statement and (of_def or trial.is_within_loop(one)) for one in made)


def accumulated(trial: Trial, statement: ast.stmt, _: ast.expr) -> Repairs:
    """+= where it is assigned."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        start, end = trial.segment(statement.target)[1], trial.segment(statement.value)[0]
        at = start + trial.source.text[start:end].find("+=")
        yield "accumulated where it is assigned", Change(at, at + 2, "=")


def counted_twice(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """+= of what another statement has given already."""
    if not isinstance(statement, ast.AugAssign) or not isinstance(statement.op, ast.Add):
        return
    others = [one for one in trial.versions if one.statement is not statement]
    own = trial.value(trial.text(node))
    for one in others:
        values = [trial.value(trial.text(root)) for root in roots(one.statement, one.name)]
        if own is not None and any(value is not None and np.array_equal(value, own) for value in values):
            said = f"counted twice: line {one.statement.lineno} has {trial.text(node)} already"
            for _, change in accumulated(trial, statement, node):
                yield said, change


def added_where_indices_repeat(trial: Trial, statement: ast.stmt, _: ast.expr) -> Repairs:
    """dE[ids] += de, which adds once where ids has a number twice."""
    match statement:
        case ast.AugAssign(ast.Subscript() as target, ast.Add(), value):
            how = f"{trial.text(target)} += adds once"
        case ast.Assign([ast.Subscript() as target], value):
            how = f"{trial.text(target)} = keeps the last"
        case _:
            return
    if not isinstance(target.slice, ast.Slice | ast.Constant):
        name, key = trial.text(target.value), trial.text(target.slice)
        text = f"np.add.at({name}, {key}, {trial.text(value)})"
        said = f"{how} where {key} has a number twice, and is not accumulated"
        yield said, Change(*trial.segment(statement), text)


# --- what is too much


def dropped_factor(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A factor too many."""
    from netcalc.checking.backward.slopes import factor_said

    match node:
        case ast.BinOp(left, ast.Mult(), right):
            for one, other in ((left, right), (right, left)):
                yield factor_said(trial, trial.text(one), too_many=True), put(trial, node, trial.text(other))
        case ast.BinOp(left, ast.Div(), right):
            yield factor_said(trial, trial.text(right), too_many=True, divides=True), put(trial, node, trial.text(left))
        case ast.Call(_, [left, right]) if called(node) in ("multiply", "mul"):
            for one, other in ((left, right), (right, left)):
                yield factor_said(trial, trial.text(one), too_many=True), put(trial, node, trial.text(other))


def mask_too_many(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A mask where nothing is masked; that of what is always positive would be as right."""
    match node:
        case ast.BinOp(kept, ast.Mult(), ast.Compare() as mask) | ast.BinOp(ast.Compare() as mask, ast.Mult(), kept):
            yield f"a mask too many: {trial.text(mask)}", put(trial, node, trial.text(kept))


def slope_twice(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """A factor too many that is a slope, a number or a size."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        for said, change in dropped_factor(trial, statement, node):
            number = re.fullmatch(r"a factor (?:1/)?(.+) too many", said)
            value = trial.value(number[1]) if number is not None else None
            if said.startswith("the slope") or (value is not None and not value.ndim):
                yield said, change


def slope_of_two_factors(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A slope too many, as a (1 - a) of σ is."""
    from netcalc.checking.backward.slopes import slope_of

    own = factors(node) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div) else []
    for pair in combinations([one for one, divides in own if not divides], 2) if len(own) > len("ab") else ():
        values = [trial.value(trial.text(one)) for one in pair]
        if any(one is None or not one.ndim for one in values):
            continue
        slope = slope_of(trial, _product(values))
        kept = [(as_primary(trial, one), divides) for one, divides in own if one not in pair]
        above = " * ".join(text for text, divides in kept if not divides)
        if slope is not None and above:
            below = "".join(f" / {text}" for text, divides in kept if divides)
            yield f"the slope of {slope.function} applied twice", put(trial, node, above + below)


def _product(values: Sequence[np.ndarray | None]) -> np.ndarray | None:
    one, other = values
    if one is None or other is None or one.shape != other.shape:
        return None
    return np.asarray(one * other)


def ones_for_above(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """Ones where the gradient from above has to stand."""
    if called(node) in ("ones_like", "ones", "full_like"):
        yield from name_for_part(trial, statement, node)


def dropped_term(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A summand too many."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        for one, other in ((node.right, node.left), (node.left, node.right)):
            yield f"a term too many: {trial.text(one)}", put(trial, node, trial.text(other))


LOCAL = (
    Row("counted-twice", counted_twice, at_root=True),
    Row("overwritten", overwritten, at_root=True),
    Row("overwritten", added_where_indices_repeat, at_root=True),
    Row("reversed", reversed_part),
    Row("comparison", extreme),
    Row("sign", sign),
    Row("sign", sign_of_all, at_root=True),
    Row("axis", axis),
    Row("sum-or-mean", reduction),
    Row("transpose", transpose),
    Row("transpose", transposed_whole, at_root=True),
    Row("not-summed", not_summed, at_root=True),
    Row("index", index),
    Row("index", index_throughout, at_root=True),
    Row("index", index_of_texts),
    Row("index", exchanged),
    Row("index", part_of_all, at_root=True),
    Row("index", key_of_texts),
    Row("transpose", before_reshape),
    Row("index", letters),
    Row("comparison", comparison),
    Row("factor-too-many", slope_twice),
    Row("factor-too-many", slope_of_two_factors),
    Row("factor-too-many", mask_too_many),
    Row("upstream-left-out", ones_for_above),
    Row("exponent", power_one_off),
    Row("wrong-tensor", wrong_name),
    Row("wrong-tensor", wrong_part),
    Row("wrong-tensor", wrong_name_throughout),
    Row("exponent", exponent),
    Row("constant", constant),
    Row("complement", complement),
    Row("one-hot-left-out", less_one),
    Row("quotient", product_for_quotient),
    Row("factor-left-out", times_scalar),
)
TESTS = (
    Row("comparison", comparison),
    Row("sign", sign),
    Row("index", index),
    Row("wrong-tensor", wrong_name),
    Row("constant", constant),
)
BLANK = ("zeros", "zeros_like")
FORMULAS = ("sign", "constant", "exponent", "complement", "quotient")


SAME_SHAPE = (*FORMULAS, "comparison", "one-hot-left-out", "overwritten")  # rows that have no other shape come out


def is_blank(statement: ast.stmt) -> bool:
    """Whether a statement makes an array of zeros, which others add to."""
    return isinstance(statement, ast.Assign) and called(statement.value) in BLANK


def _without_formulas(root: ast.expr, defs: set[str]) -> set[ast.AST]:
    """What stands within the arguments of a call of a def, is the place of an item, or a list."""
    nodes = list(ast.walk(root))
    within = [child for call in nodes if called(call) in defs for child in ast.iter_child_nodes(call)]
    within += [one.slice for one in nodes if isinstance(one, ast.Subscript) and not isinstance(one.slice, ast.BinOp)]
    within += [one for one in nodes if isinstance(one, ast.List | ast.ListComp | ast.Dict)]
    return {inner for one in within for inner in ast.walk(one)}


TOO_MUCH = Row("factor-too-many", dropped_factor)
OF_EXTREMES = (Row("comparison", extreme),)
OF_SIGN = (Row("sign", sign), Row("sign", sign_of_all, at_root=True))
OF_FACTOR = (Row("sum-or-mean", reduction), TOO_MUCH, Row("constant", constant))
OF_ANY_SHAPE = Row("wrong-tensor", wrong_name_of_any_shape)
OF_SHAPES = (  # what has the shapes of a line fit
    Row("index", index),
    Row("transpose", transpose),
    Row("axis", axis),
    OF_ANY_SHAPE,
    Row("transpose", transposed_whole, at_root=True),
    Row("index", index_of_texts),
    Row("index", exchanged),
)
LATER = (
    TOO_MUCH,
    Row("factor-left-out", times_number),
    OF_ANY_SHAPE,
    Row("wrong-tensor", name_for_part),
    Row("not-summed", not_summed),
    Row("keepdims", keepdims),
    Row("mean-left-out", not_averaged),
    Row("reversed", not_reversed),
    Row("term-too-many", dropped_term),
    Row("accumulated", accumulated, at_root=True),
    Row("sign", sign_of_scale, at_root=True),
)


def edits(
    trial: Trial, rows: tuple[Row, ...], versions: Sequence[Version] | None = None, *, in_calls: bool = False
) -> Iterator[Edit]:
    """The repairs of rows at every expression of the gradient's statements, or of others, the last statement first.

    What a def of the text is called with gets another formula with `in_calls` alone, and what it gives another sign:
    the def is likelier to be wrong.
    """
    defs = {one.name for one in trial.defs} if not in_calls else set()
    is_shaped = trial.found is not None
    for row in rows:
        for version in trial.versions if versions is None else versions:
            if is_shaped and is_blank(version.statement):
                continue
            for root in roots(version.statement, version.name) if is_shaped or row.mistake not in SAME_SHAPE else ():
                left = _without_formulas(root, defs) if row.mistake in FORMULAS else ()
                calls = row.mistake == "sign" and any(called(one) in defs for one in ast.walk(root))
                for edit in edits_of(trial.beside(version), (row,), root, version.statement, left):
                    if not (calls and _adds_minus(trial, edit.change)):
                        yield edit


def _adds_minus(trial: Trial, change: Change) -> bool:
    return change.text.count("-") > trial.source.text[change.start : change.end].count("-")


def edits_of(
    trial: Trial, rows: tuple[Row, ...], root: ast.expr, statement: ast.stmt, left: Collection[ast.AST] = ()
) -> Iterator[Edit]:
    """The repairs of rows at every part of an expression, but for those that are `left`."""
    for row in rows:
        for node in [one for one in ([root] if row.at_root else parts(root)) if one not in left]:
            for said, change in row.repairs(trial, statement, node):
                yield Edit(change, statement, row.mistake, said)
