"""Repairs of names: one tensor for another, or for an expression."""

from __future__ import annotations

import ast
import re
from difflib import SequenceMatcher

import numpy as np

from netcalc.checking.backward.changes import Change
from netcalc.checking.backward.expressions import (
    called,
    factors,
    parts,
    put,
)
from netcalc.checking.backward.made_of import squeezed
from netcalc.checking.backward.positions import subscripts
from netcalc.checking.backward.shapes import Repairs
from netcalc.checking.backward.trial import Trial
from netcalc.program.answers import base
from netcalc.program.source import parse

STEP = r"\d+|prev_?|_?prev|next_?|_?next|last_?|old_?|new_?"  # what names of two steps or layers differ by
OF_SLOPE = r"(?i)prime|deriv|slope|_grad|d_?(sigmoid|tanh|relu)"  # functions that give slopes, by their names
MAX_NAMES = 24  # that are tried in a name's place, the most alike first
MAX_PARTS = 6  # likewise in a part's


def wrong_name(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """One tensor for another of its shape."""
    own = trial.name(node)
    if own in trial.names or own in trial.numbers:
        for name in alike(trial, own):
            yield _taken(trial, statement, node, name), put(trial, node, name)


def wrong_part(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A part of one tensor for a part of another that either text has: P[u] for Q[i]."""
    if not isinstance(node, ast.Subscript) or trial.name(node.value) not in trial.names:
        return
    value, was = trial.value(trial.text(node)), trial.text(node)
    found: dict[str, None] = {}
    for source, other in subscripts(trial):
        text = source.segment(other)
        if isinstance(other.value, ast.Name) and other.value.id not in (trial.name(node.value), trial.one.version.name):
            part = trial.value(text) if value is not None else None
            if value is not None and part is not None and part.shape == value.shape and not np.array_equal(part, value):
                found[text] = None
    for text in sorted(found, key=lambda one: -SequenceMatcher(None, one, was).ratio())[:MAX_PARTS]:
        yield f"{was} taken for {text}", put(trial, node, text)


def wrong_name_of_any_shape(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """One tensor for another of another shape, or for a number."""
    own = trial.name(node)
    if own in trial.names or own in trial.numbers:
        found = [one for one in (*trial.names, *trial.numbers) if one not in (own, trial.one.version.name)]
        for name in sorted(found, key=lambda one: -SequenceMatcher(None, one, own).ratio()):
            yield _taken(trial, statement, node, name), put(trial, node, name)


def alike(trial: Trial, name: str) -> list[str]:
    """The names of the same shape, those spelt most alike first."""
    if name in trial.names:
        own = squeezed(trial.names[name].node)
        found = [one for one, tensor in trial.names.items() if squeezed(tensor.node) == own]
    else:
        found = list(trial.numbers)
    known = trial.reading.code.reader.known_names
    is_gradient = base(name, known) is not None
    found = [one for one in found if one not in (name, trial.one.version.name)]

    def distance(other: str) -> tuple[bool, float]:
        """A gradient is taken for a gradient, an array of the forward pass for one of those."""
        return (base(other, known) is not None) != is_gradient, -SequenceMatcher(None, other, name).ratio()

    return sorted(found, key=distance)[:MAX_NAMES]


def _taken(trial: Trial, statement: ast.stmt, node: ast.expr, right: str) -> str:
    """How one name for another is told."""
    own = trial.name(node)
    said = f"{own} taken for {right}"
    around = _around(statement, node)
    if any(isinstance(one, ast.Call) and re.search(OF_SLOPE, called(one)) for one in around):
        return f"a slope taken at {own} in place of {right}"
    if any(isinstance(one, ast.Compare) for one in around):
        return f"the mask is taken from {own} in place of {right}"
    if any(isinstance(one, ast.Subscript) and _is_within(one.slice, node) for one in around):
        return f"the wrong index: {said}"
    if re.sub(STEP, "", own) == re.sub(STEP, "", right):
        return f"{said}, a step or layer off"
    return said + _of_slope(trial, own, right)


def _of_slope(trial: Trial, name: str, right: str) -> str:
    """Which slope or other factor is left out, where one name is the other times that."""
    from netcalc.checking.backward.slopes import slopes

    own = trial.names
    if name not in own or right not in own:
        return ""
    values = [trial.array(own[one]) for one in (name, right)]
    for one in slopes(trial):
        above, below = values
        if above is not None and below is not None and above.shape == below.shape == one.slope.shape:
            if np.allclose(above * one.slope, below, rtol=1e-9, atol=1e-12):
                return f", and so the slope of {one.function} is left out"
            if np.allclose(below * one.slope, above, rtol=1e-9, atol=1e-12):
                return f", and so the slope of {one.function} is one too many"
    for step in trial.one.version.within.steps:
        match step.node:
            case ast.Assign([ast.Name(made)], ast.BinOp() as value) if made == right:
                parts_of = factors(value)
                rest = [trial.text(one) for one, divides in parts_of if not divides and trial.text(one) != name]
                if 0 < len(rest) < len(parts_of):
                    return f", and so a factor is left out: {' * '.join(rest)}"
    return ""


def _around(statement: ast.stmt, node: ast.AST) -> list[ast.AST]:
    return [one for one in ast.walk(statement) if one is not node and _is_within(one, node)]


def _is_within(outer: ast.AST, node: ast.AST) -> bool:
    return any(one is node for one in ast.walk(outer))


def wrong_name_throughout(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """One tensor for another, wherever it stands in the expression."""
    names = [one for one in parts(node) if trial.name(one) in trial.names]
    start, end = trial.segment(node)
    for name in dict.fromkeys(map(trial.name, names)):
        own = [one for one in names if trial.name(one) == name]
        if len(own) < 2:
            continue
        for other in [*alike(trial, name), *_functions_of(trial, name)]:
            text, at = "", start
            for one in sorted(own, key=trial.segment):
                text += trial.source.text[at : trial.segment(one)[0]] + other
                at = trial.segment(one)[1]
            yield throughout(trial, name, other), Change(start, end, text + trial.source.text[at:end])


def _functions_of(trial: Trial, name: str) -> dict[str, None]:
    """What functions are applied to a name alone in either text: sigmoid(z), of z."""
    sources = (trial.source, trial.reading.forward.program.source)
    calls = [(one, source) for source in sources for one in ast.walk(parse(source)) if isinstance(one, ast.Call)]
    return {source.segment(one): None for one, source in calls if [ast.unparse(arg) for arg in one.args] == [name]}


def throughout(trial: Trial, name: str, right: str) -> str:
    """What is said of a name that stands for another in a slope's formula."""
    from netcalc.checking.backward.slopes import function_between

    function = function_between(trial, name, right) or right.partition("(")[0] * right.endswith(f"({name})")
    if function:
        return f"the slope of {function} taken at {name} in place of {right}"
    return f"{name} taken for {right}"


def name_for_part(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """An expression where a tensor of its shape has to stand."""
    if isinstance(node, ast.Name | ast.Constant | ast.Slice | ast.Tuple):
        return
    value = trial.value(trial.text(node))
    if value is None or not value.ndim:
        return
    is_ones = called(node) in ("ones_like", "ones", "full_like")
    for name, tensor in trial.names.items():
        if trial.shape(tensor.node) in (value.shape, trial.true[0].shape) and name != trial.one.version.name:
            said = f"what comes from above, {name}, left out" if is_ones else f"{trial.text(node)} taken for {name}"
            yield said, put(trial, node, name)
