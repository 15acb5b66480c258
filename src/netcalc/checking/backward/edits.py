"""The catalogue of repairs: what is done to a line's expressions to have it right, the smallest first."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np

from netcalc.checking.backward.expressions import (
    as_primary,
    called,
    factors,
    parts,
    put,
    roots,
)
from netcalc.checking.backward.forward import squeezed
from netcalc.checking.backward.positions import index, index_throughout, key_of_texts, not_reversed, reversed_part
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
from netcalc.checking.backward.trial import Change, Edit, Trial
from netcalc.program.answers import base
from netcalc.program.versions import Version
from netcalc.records import NamedTuple

STEP = r"\d+|prev_?|_?prev|next_?|_?next|last_?|old_?|new_?"  # what names of two steps or layers differ by
OF_SIGN = ("exp", "expm1", "exp2", "sigmoid", "expit")  # whose argument often has a minus
OF_SLOPE = r"(?i)prime|deriv|slope|_grad|d_?(sigmoid|tanh|relu)"  # functions that give slopes, by their names
MAX_PARTS = 6  # of a list that are exchanged, and letters between two of an einsum
MAX_NAMES = 24  # that are tried in a name's place, the most alike first


class Row(NamedTuple):
    """One kind of mistake: its identifier, and its repairs at one expression of a statement."""

    mistake: str
    repairs: Callable[[Trial, ast.stmt, ast.expr], Repairs]
    at_root: bool = False


# --- signs


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
    """The whole with a minus, unless it is a scale, which has a sign last."""
    if is_scale(statement):
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


# --- assignments


def overwritten(trial: Trial, statement: ast.stmt, _: ast.expr) -> Repairs:
    """= where it is added."""
    if isinstance(statement, ast.Assign) and len(trial.versions) > 1:
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


# --- names


def wrong_name(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """One tensor for another of its shape."""
    own = trial.name(node)
    if own in trial.names or own in trial.numbers:
        for name in alike(trial, own):
            yield _taken(trial, statement, node, name), put(trial, node, name)


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
    """Which slope is left out, where the gradient of a function's value is taken for that of its argument."""
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
        for other in alike(trial, name):
            text, at = "", start
            for one in sorted(own, key=trial.segment):
                text += trial.source.text[at : trial.segment(one)[0]] + other
                at = trial.segment(one)[1]
            yield throughout(trial, name, other), Change(start, end, text + trial.source.text[at:end])


def throughout(trial: Trial, name: str, right: str) -> str:
    """What is said of a name that stands for another in a slope's formula."""
    from netcalc.checking.backward.slopes import function_between

    function = function_between(trial, name, right)
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


# --- numbers, powers, comparisons, indices


def constant(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A number for another."""
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
        case ast.Subscript() | ast.Call() if _is_array(trial, node):
            yield f"{trial.text(node)} is not squared", put(trial, node, f"{trial.text(node)} ** 2")


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
    opposite = {"Gt": "<", "GtE": "<=", "Lt": ">", "LtE": ">=", "Eq": "!=", "NotEq": "=="}
    text = opposite.get(type(node.ops[0]).__name__)
    if text:
        yield (
            "the mask is the other way round",
            put(trial, node, f"{trial.text(node.left)} {text} {trial.text(node.comparators[0])}"),
        )


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


def as_factor(trial: Trial, node: ast.expr) -> str:
    """The text of an expression as the first factor of a product."""
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    return f"({trial.text(node)})" if is_sum else trial.text(node)


def dropped_term(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A summand too many."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        for one, other in ((node.right, node.left), (node.left, node.right)):
            yield f"a term too many: {trial.text(one)}", put(trial, node, trial.text(other))


def complement(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """1 − s for s, and s for 1 − s."""
    match node:
        case _ if (name := trial.name(node)) in trial.names:
            yield f"{name} in place of 1 - {name}", put(trial, node, f"(1 - {name})")
        case ast.BinOp(ast.Constant(1 | 1.0), ast.Sub(), inner):
            yield f"1 - {trial.text(inner)} in place of {trial.text(inner)}", put(trial, node, as_factor(trial, inner))


def times_number(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """A factor 2, 3 or ½ left out of a product or a power."""
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Pow | ast.Div)
    if is_product or trial.name(node) in trial.names:
        for number in ("2", "3", "0.5"):
            yield f"a factor {number} left out", put(trial, node, f"{number} * {trial.text(node)}")


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
    Row("index", exchanged),
    Row("index", key_of_texts),
    Row("transpose", before_reshape),
    Row("index", letters),
    Row("comparison", comparison),
    Row("factor-too-many", slope_twice),
    Row("factor-too-many", slope_of_two_factors),
    Row("factor-too-many", mask_too_many),
    Row("upstream-left-out", ones_for_above),
    Row("wrong-tensor", wrong_name),
    Row("wrong-tensor", wrong_name_throughout),
    Row("exponent", exponent),
    Row("constant", constant),
    Row("complement", complement),
    Row("quotient", product_for_quotient),
)
FORMULAS = ("sign", "constant", "exponent", "complement", "quotient")


def _given_to(root: ast.expr, defs: set[str]) -> set[ast.AST]:
    """What stands within the arguments of a call of a def."""
    calls = [one for one in ast.walk(root) if called(one) in defs]
    return {inner for call in calls for one in ast.iter_child_nodes(call) for inner in ast.walk(one)}


TOO_MUCH = Row("factor-too-many", dropped_factor)
LATER = (
    TOO_MUCH,
    Row("factor-left-out", times_number),
    Row("wrong-tensor", wrong_name_of_any_shape),
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

    What a def of the text is called with gets another formula with `in_calls` alone: the def is likelier to be wrong.
    """
    defs = {one.name for one in trial.defs} if not in_calls else set()
    for row in rows:
        for version in trial.versions if versions is None else versions:
            statement = version.statement
            for root in roots(statement, version.name):
                given = _given_to(root, defs) if row.mistake in FORMULAS and defs else ()
                for node in [root] if row.at_root else [one for one in parts(root) if one not in given]:
                    for said, change in row.repairs(trial.beside(version), statement, node):
                        yield Edit(change, statement, row.mistake, said)
