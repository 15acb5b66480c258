"""Repairs of what has a shape: transposes, sums and means, their axes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netcalc.checking.backward.changes import Change
from netcalc.checking.backward.expressions import (
    SUMS,
    as_primary,
    called,
    is_module,
    owner_of,
    put,
)
from netcalc.checking.backward.trial import Trial
from netcalc.program.source import parse

Repairs = Iterator[tuple[str, Change]]  # what is said of the mistake, and the change


# --- transposes


def transpose(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A transpose too many, or one too few, in a product of matrices; a product in the other order."""
    match node:
        case ast.Attribute(inner, "T" | "mT"):
            yield f"{trial.text(inner)} is transposed where it should not be", put(trial, node, trial.text(inner))
        case ast.Call() if called(node) in ("t", "transpose", "swapaxes", "permute") and owner_of(node) is not None:
            owner = owner_of(node) or node
            yield f"{trial.text(owner)} is transposed where it should not be", put(trial, node, trial.text(owner))
        case ast.BinOp(left, ast.MatMult(), right):
            for one in (left, right):
                if not isinstance(one, ast.Attribute) or one.attr not in ("T", "mT"):
                    yield from _transposed(trial, one)
            yield from _swapped(trial, node, left, right)
        case ast.Call(ast.Attribute(left), [right]) if called(node) in ("dot", "matmul", "mm") and not is_module(left):
            for one in (left, right):
                if not isinstance(one, ast.Attribute) or one.attr not in ("T", "mT"):
                    yield from _transposed(trial, one)
            text = f"{as_primary(trial, right)}.{called(node)}({trial.text(left)})"
            yield "the factors are in the wrong order, and so transposed", put(trial, node, text)
        case ast.Call(_, [left, right]) if called(node) in ("outer", "dot", "matmul", "mm"):
            for one in (left, right) if called(node) != "outer" else ():
                yield from _transposed(trial, one)
            start, end = trial.segment(left)[0], trial.segment(right)[1]
            between = trial.source.text[trial.segment(left)[1] : trial.segment(right)[0]]
            text = f"{trial.text(right)}{between}{trial.text(left)}"
            yield "the outer product is transposed: its factors are in the wrong order", Change(start, end, text)


def _transposed(trial: Trial, node: ast.expr) -> Repairs:
    said = f"{trial.text(node)} is not transposed"
    yield said, put(trial, node, f"{as_primary(trial, node)}.T")
    if "torch" in trial.reading.code.reader.library or trial.reading.code.reader.library == "torch":
        yield said, put(trial, node, f"{as_primary(trial, node)}.transpose(-2, -1)")
    else:
        yield said, put(trial, node, f"{as_primary(trial, node)}.swapaxes(-1, -2)")


def _swapped(trial: Trial, node: ast.expr, left: ast.expr, right: ast.expr) -> Repairs:
    """B.T @ A for A.T @ B, the transpose of it; and B @ A."""
    mirrored = " @ ".join(_with_transpose(trial, one) for one in (right, left))
    yield "the product is transposed", put(trial, node, mirrored)
    in_order = " @ ".join(as_primary(trial, one) for one in (right, left))
    yield "the factors are in the wrong order, and so transposed", put(trial, node, in_order)
    crossed = " @ ".join(_with_transpose(trial, one) for one in (left, right))
    yield "both factors are transposed where the other way is right", put(trial, node, crossed)


def _with_transpose(trial: Trial, node: ast.expr) -> str:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return as_primary(trial, node.value)
    return f"{as_primary(trial, node)}.T"


def transposed_whole(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """The whole transposed."""
    yield "it is transposed", put(trial, node, f"{as_primary(trial, node)}.T")


def before_reshape(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A transpose left out before a reshape, as either text has one of so many axes."""
    owner = owner_of(node) if isinstance(node, ast.Call) and called(node) in ("reshape", "view", "flatten") else None
    value = None if owner is None else trial.value(trial.text(owner))
    if owner is None or value is None or value.ndim < MATRIX:
        return
    orders: dict[str, None] = {".T": None} if value.ndim == MATRIX else {}
    for source in dict.fromkeys((trial.source, trial.reading.forward.program.source)):
        for one in ast.walk(parse(source)):
            if isinstance(one, ast.Call) and called(one) in ("transpose", "permute") and not one.keywords:
                numbers = [part.value for part in one.args if isinstance(part, ast.Constant)]
                if sorted(map(str, numbers)) == list(map(str, range(value.ndim))):
                    back = [numbers.index(axis) for axis in range(value.ndim)]
                    orders |= {f".{called(one)}({', '.join(map(str, order))})": None for order in (numbers, back)}
                elif len(numbers) == MATRIX:
                    orders[f".{called(one)}({', '.join(map(str, numbers))})"] = None
    for order in orders:
        yield (
            f"{trial.text(owner)} is not transposed before it is reshaped",
            put(trial, owner, f"{as_primary(trial, owner)}{order}"),
        )


MATRIX = 2  # axes

# --- sums


def axis(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A sum or a mean over another axis, or over all."""
    if not isinstance(node, ast.Call) or called(node) not in (*SUMS, "softmax", "log_softmax", "var", "std", "max"):
        return
    place = _axis_of(node)
    owner = owner_of(node)
    if owner is None:
        return
    if place is None and called(node) in SUMS:
        yield from _axis_left_out(trial, node)
    if place is None:
        return
    function = "summed" if called(node) in ("sum", "nansum") else "averaged" if called(node) in SUMS else "taken"
    was = trial.text(place)
    for number in ("0", "1", "-1", "2", "(0, 1)", "(0, 2)", "(0, 1, 2)", "None"):
        if number != was:
            said = f"{function} over the wrong axis: axis {was} in place of {number}"
            yield said, put(trial, place, number)


def _axis_left_out(trial: Trial, node: ast.Call) -> Repairs:
    """A sum over all that is to be over one axis."""
    end = trial.segment(node)[1]
    comma = ", " if node.args or node.keywords else ""
    word = "dim" if trial.reading.code.reader.library == "torch" else "axis"
    for number in ("0", "1", "-1"):
        said = f"summed over all axes in place of axis {number}"
        yield said, Change(end - 1, end, f"{comma}{word}={number})")


def _axis_of(call: ast.Call) -> ast.expr | None:
    for one in call.keywords:
        if one.arg in ("axis", "dim"):
            return one.value
    behind = call.args if isinstance(call.func, ast.Attribute) and not is_module(call.func.value) else call.args[1:]
    return behind[0] if behind else None


def reduction(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A mean for a sum, a sum for a mean, a sum where there is none to be."""
    if not isinstance(node, ast.Call) or called(node) not in ("sum", "mean"):
        return
    assert isinstance(node.func, ast.Attribute | ast.Name)  # noqa: S101 - what has a name
    start, end = trial.segment(node.func)
    start = end - len(called(node))
    if called(node) == "mean":
        said = "averaged where it is summed: a mean in place of a sum"
        yield said, Change(start, end, "sum")
    else:
        yield "summed where it is averaged: a sum in place of a mean, which divides by n", Change(start, end, "mean")
    owner = owner_of(node)
    if owner is not None:
        yield "summed where nothing is to be summed", put(trial, node, trial.text(owner))


def keepdims(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A sum that loses its axis where it is broadcast again."""
    if not isinstance(node, ast.Call) or called(node) not in (*SUMS, "max"):
        return
    if any(one.arg in ("keepdims", "keepdim") for one in node.keywords):
        return
    word = "keepdim" if trial.reading.code.reader.library == "torch" else "keepdims"
    end = trial.segment(node)[1]
    yield f"the axis is lost: the sum needs {word}=True to be broadcast back", Change(end - 1, end, f", {word}=True)")


def not_summed(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """A sum left out; what fits into a part of an array has none left out."""
    if not isinstance(node, ast.BinOp | ast.Name | ast.Attribute | ast.Call | ast.UnaryOp | ast.Subscript):
        return
    is_of_part = isinstance(getattr(statement, "target", None), ast.Subscript)
    if is_of_part and trial.found is not None and node is getattr(statement, "value", None):
        return
    word = "keepdim" if trial.reading.code.reader.library == "torch" else "keepdims"
    name, text = trial.one.version.label, as_primary(trial, node)
    for number, over in (("0", "over the samples, axis 0"), ("1", "over axis 1"), ("-1", "over the last axis")):
        has_ones = 1 in trial.true[0].shape
        for kept in (f", {word}=True", "") if has_ones else ("", f", {word}=True"):
            said = f"not summed {over}, along which {name} is broadcast"
            yield said, put(trial, node, f"{text}.sum({number}{kept})")
    yield "not summed over all axes", put(trial, node, f"{text}.sum()")
    yield "not summed over the axes that it is broadcast along", put(trial, node, f"{text}.sum((0, 1))")


def not_averaged(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A mean left out."""
    word = "keepdim" if trial.reading.code.reader.library == "torch" else "keepdims"
    for number in ("0", "-1"):
        for kept in ("", f", {word}=True"):
            yield (
                f"the mean over axis {number} left out",
                put(trial, node, f"{as_primary(trial, node)}.mean({number}{kept})"),
            )
