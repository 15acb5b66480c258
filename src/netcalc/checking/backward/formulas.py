"""Repairs of formulas: signs, numbers, powers, comparisons, products for quotients, letters."""

from __future__ import annotations

import ast
import re
from itertools import combinations

from netcalc.checking.backward.changes import Change
from netcalc.checking.backward.expressions import (
    as_factor,
    as_primary,
    called,
    factors,
    put,
)
from netcalc.checking.backward.shapes import Repairs
from netcalc.checking.backward.trial import Trial

OF_SIGN = ("exp", "expm1", "exp2", "sigmoid", "expit")  # whose argument often has a minus
MAX_PARTS = 6  # of a list that are exchanged, and letters between two of an einsum


def sign(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """Plus for minus, in a sum or before a number."""
    said = "the sign is wrong"
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            between = trial.segment(left)[1], trial.segment(right)[0]
            text = trial.source.text[slice(*between)]
            old, new = ("+", "-") if isinstance(op, ast.Add) else ("-", "+")
            if text.count(old) == 1:
                at = between[0] + text.index(old)
                yield said, Change(at, at + 1, new)
            if not isinstance(left, ast.BinOp | ast.UnaryOp) or isinstance(left.op, ast.Mult | ast.Div):
                yield f"{said} of {trial.text(left)}", put(trial, left, f"-{trial.text(left)}")
            if isinstance(op, ast.Sub):
                swapped = f"{as_factor(trial, right)}{text}{as_factor(trial, left)}"
                yield f"{said}: {trial.text(node)} the other way round", put(trial, node, swapped)
        case ast.UnaryOp(ast.USub(), operand):
            yield said, put(trial, node, trial.text(operand))
        case ast.Call(_, [argument]) if called(node) in OF_SIGN and not isinstance(argument, ast.UnaryOp):
            negated = f"-{as_primary(trial, argument)}"
            inside = f"{said} within {called(node)}: {trial.text(argument)} in place of {negated}"
            yield inside, put(trial, argument, negated)


def sign_of_all(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """The whole with a minus, unless it is a scale, which has a sign last, or says which entries are meant."""
    if is_scale(statement) or isinstance(node, ast.Compare | ast.Slice | ast.Tuple):
        return
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        start, end = trial.segment(statement.target)[1], trial.segment(statement.value)[0]
        text = trial.source.text[start:end]
        old, new = ("+=", "-=") if isinstance(statement.op, ast.Add) else ("-=", "+=")
        if old in text:
            at = start + text.index(old)
            yield "the sign is wrong", Change(at, at + 2, new)
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    yield "the sign is wrong", put(trial, node, f"-({trial.text(node)})" if is_sum else f"-{trial.text(node)}")


def sign_of_scale(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """The same of dx *= scale."""
    if is_scale(statement):
        yield "the sign is wrong", put(trial, node, f"-{as_factor(trial, node)}")


def is_scale(statement: ast.stmt) -> bool:
    """Whether a statement is of the form dx *= scale."""
    return isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Mult | ast.Div)


# --- numbers, powers, comparisons


def constant(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A number for another."""
    match node:
        case ast.BinOp(inner, ast.Add() | ast.Sub(), ast.Constant(1)):
            yield f"{trial.text(node)} in place of {trial.text(inner)}", put(trial, node, trial.text(inner))
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool | str) or node.value is None:
        return
    text = trial.text(node)
    others = {"1": ["2", "0", "3"], "2": ["1", "3", "0.5"], "0.5": ["2", "1.5", "1", "0.25"], "1.5": ["0.5", "2.5"]}
    found = others.get(text, [])
    if isinstance(node.value, int):
        found = [*found, str(node.value + 1), str(max(node.value - 1, 0))]
    elif isinstance(node.value, float):
        found = [*found, str(node.value + 1), str(node.value * 2), str(node.value / 2)]
    for other in dict.fromkeys(found):
        if other != text:
            yield f"{text} in place of {other}", put(trial, node, other)


def exponent(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A power left out, one too many, or another."""
    match node:
        case ast.BinOp(inner, ast.Pow(), power):
            yield f"the power {trial.text(power)} is one too many", put(trial, node, trial.text(inner))
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
                said = f"the power is taken of {trial.text(inner)} in place of {trial.text(inner.right)}"
                start = trial.segment(inner)[0]
                first = trial.source.text[start : trial.segment(inner.right)[0]]
                of_last = f"{as_primary(trial, inner.right)} ** {trial.text(power)}"
                yield said, put(trial, node, f"({first}{of_last})")
            for other in ("2", "3", "-1", "-2", "0.5", "-0.5", "-1.5", "1.5", "-3"):
                if other != trial.text(power):
                    is_rule = trial.text(power).lstrip("-.").isdigit() and float(trial.text(power)) == float(other) + 1
                    said = f"the exponent is {trial.text(power)} in place of {other}"
                    yield said + ": the power rule lowers it by 1" * is_rule, put(trial, power, other)
        case ast.BinOp(_, ast.Div(), below) if trial.text(below) not in trial.numbers:
            said = f"the denominator is not squared: the slope of 1/{trial.text(below)} is −1/{trial.text(below)}²"
            yield said, put(trial, below, f"{as_primary(trial, below)} ** 2")
            yield "the denominator is not cubed", put(trial, below, f"{as_primary(trial, below)} ** 3")
        case ast.Name(name) if name in trial.numbers and "sqrt" in trial.reading.forward.program.source.text:
            library = {"torch": "math", "jax": "jnp"}.get(trial.reading.code.reader.library, "np")
            yield f"{name} in place of its square root", put(trial, node, f"{library}.sqrt({name})")
        case _ if (name := trial.name(node)) in trial.names:
            yield f"{name} is not squared", put(trial, node, f"{name} ** 2")
            yield f"{name} is not cubed, as it has the power 3", put(trial, node, f"{name} ** 3")
        case ast.Subscript() | ast.Call() if _is_array(trial, node) or _is_entry(trial, node):
            yield f"{trial.text(node)} is not squared", put(trial, node, f"{trial.text(node)} ** 2")


def power_one_off(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A power one higher or one lower."""
    match node:
        case ast.BinOp(_, ast.Pow(), ast.Constant(int(power)) as of) if power > 1:
            for other in (power + 1, power - 1):
                if other > 1:
                    rule = ": the power rule lowers it by 1" * (other < power)
                    yield f"the exponent is {power} in place of {other}{rule}", put(trial, of, str(other))


def _is_entry(trial: Trial, node: ast.expr) -> bool:
    """Whether it is an entry of an array: X[i, j]."""
    return isinstance(node, ast.Subscript) and trial.name(node.value) in trial.names


def _is_array(trial: Trial, node: ast.expr) -> bool:
    value = trial.value(trial.text(node))
    return value is not None and value.ndim > 0


def comparison(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A mask the other way round."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    place = node.comparators[0]
    if trial.text(place).lstrip("-") not in ("0", "0.0") and isinstance(place, ast.Constant | ast.UnaryOp):
        yield f"the kink is at 0, and not at {trial.text(place)}", put(trial, place, "0")
    opposite = {
        "Gt": ("<", "<="),
        "GtE": ("<=", "<"),
        "Lt": (">", ">="),
        "LtE": (">=", ">"),
        "Eq": ("!=",),
        "NotEq": ("==",),
    }
    for text in opposite.get(type(node.ops[0]).__name__, ()):
        turned = f"{trial.text(node.left)} {text} {trial.text(place)}"
        yield "the mask is the other way round", put(trial, node, turned)


def extreme(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """The smallest for the largest, and the largest for the smallest."""
    name = called(node)
    other = name.replace("max", "mi?").replace("min", "max").replace("mi?", "min")
    if isinstance(node, ast.Call) and other != name and re.fullmatch(r"(arg|nan|a)?m\w\w(imum)?", name):
        end = trial.segment(node.func)[1]
        yield f"{name} in place of {other}", Change(end - len(name), end, other)


def exchanged(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """Two parts of a list or a tuple in each other's place."""
    parts_of = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    if called(node) in ("transpose", "permute") and isinstance(node, ast.Call):
        parts_of = [one for one in node.args if isinstance(one, ast.Constant)]
    if 1 < len(parts_of) <= MAX_PARTS:
        for one, other in combinations(parts_of, 2):
            start, end = trial.segment(one)[0], trial.segment(other)[1]
            between = trial.source.text[trial.segment(one)[1] : trial.segment(other)[0]]
            said = f"{trial.text(one)} and {trial.text(other)} are exchanged"
            yield said, Change(start, end, f"{trial.text(other)}{between}{trial.text(one)}")


def letters(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """Two letters of an einsum in each other's place."""
    if called(node) != "einsum" or not isinstance(node, ast.Call) or not node.args:
        return
    match node.args[0]:
        case ast.Constant(str(text)) as spelling if text.isascii() and trial.text(spelling)[1:-1] == text:
            for place in range(len(text) - 1):
                for behind in range(place + 1, min(place + MAX_PARTS, len(text))):
                    if text[place : behind + 1].isalpha() and text[place] != text[behind]:
                        moved = list(text)
                        moved[place], moved[behind] = text[behind], text[place]
                        said = f"the letters {text[place]} and {text[behind]} are exchanged"
                        at = trial.segment(spelling)[0] + 1
                        yield said, Change(at, at + len(text), "".join(moved))


def product_for_quotient(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """× for ÷."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            yield (
                f"multiplied by {trial.text(right)} where it is divided by it",
                put(trial, node, f"{as_factor(trial, left)} / {as_primary(trial, right)}"),
            )
        case ast.BinOp(left, ast.Div(), right):
            yield (
                f"divided by {trial.text(right)} where it is multiplied by it: a factor {trial.text(right)}",
                put(trial, node, f"{as_factor(trial, left)} * {as_primary(trial, right)}"),
            )


def complement(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """1 − s for s, and s for 1 − s."""
    match node:
        case _ if trial.name(node) in trial.names or isinstance(node, ast.Subscript):
            text = trial.text(node)
            yield f"{text} in place of 1 - {text}", put(trial, node, f"(1 - {text})")
        case ast.BinOp(ast.Constant(1 | 1.0), ast.Sub(), inner):
            yield f"1 - {trial.text(inner)} in place of {trial.text(inner)}", put(trial, node, as_factor(trial, inner))


def less_one(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """p for p − 1, as the gradient of a softmax with its logarithm is at the label."""
    for one, divides in factors(node) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) else ():
        if isinstance(one, ast.Name | ast.Subscript) and not divides:
            text = trial.text(one)
            said = f"the one-hot target left out: {text} in place of {text} - 1"
            yield said, put(trial, one, f"({text} - 1)")


def times_number(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A factor 2, 3 or ½ left out of a product or a power."""
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Pow | ast.Div)
    if is_product or trial.name(node) in trial.names:
        for number in ("2", "3", "0.5"):
            yield f"a factor {number} left out", put(trial, node, f"{number} * {trial.text(node)}")


def times_scalar(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A factor left out that is a number with a name, such as a penalty's weight."""
    if isinstance(node, ast.Call | ast.BinOp | ast.Subscript) or trial.name(node) in trial.names:
        for name in trial.scalars:
            yield f"a factor {name} left out", put(trial, node, f"{name} * {as_factor(trial, node)}")
