"""Repairs that numbers lead to: what a gradient is off by, as a factor or as a term, and the texts that come to it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from netcalc.checking.backward.expressions import (
    as_divisor,
    as_primary,
    called,
    factors,
    owner_of,
    parts,
    put,
    roots,
    terms,
)
from netcalc.checking.backward.slopes import factor_said, slopes
from netcalc.checking.backward.trial import Change, Edit, Trial
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import NAMED, name_of
from netcalc.graph.node import Node
from netcalc.program.answers import base
from netcalc.program.gradients import Version
from netcalc.program.source import ProgramError, Source, parse

MAX_HARVEST = 160  # expressions that are taken from both texts
MAX_NAMES = 48
MATRIX = 2  # axes


class Piece(NamedTuple):
    """An expression from one of the texts, and its value at the first point."""

    text: str
    value: np.ndarray
    divides: bool = False


class Harvest(NamedTuple):
    """What both texts are made of: factors, and summands."""

    factors: list[Piece]
    terms: list[Piece]
    keys: list[str]


def harvest(trial: Trial) -> Harvest:
    """The factors, summands and indices of both texts that have a value where the gradient is assigned."""
    sources = [trial.source]
    if trial.reading.forward.program.source is not trial.source:
        sources.append(trial.reading.forward.program.source)
    multiplied: dict[str, bool] = {}
    added: dict[str, None] = {}
    keys: dict[str, None] = {}
    for source in sources:
        for node in ast.walk(_tree(source)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
                for one, divides in factors(node):
                    multiplied.setdefault(_text(source, one), divides)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
                for one, _ in terms(node):
                    added.setdefault(_text(source, one))
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple | ast.Name | ast.Compare):
                keys.setdefault(_text(source, node.slice).strip("()"))
            if isinstance(node, ast.Assign | ast.AugAssign):
                added.setdefault(_text(source, node.value))
    own = [Piece("2", np.array(2.0)), Piece("2", np.array(2.0), divides=True)]
    for text, divides in list(multiplied.items())[:MAX_HARVEST]:
        value = trial.value(text)
        if value is not None:
            own += [Piece(text, value, divides), Piece(text, value, not divides)]
    own += [Piece(text, one.slope) for one in slopes(trial) for text in one.texts if trial.value(text) is not None]
    own += [Piece(name, np.array(float(number)), divides=True) for name, number in trial.numbers.items()]
    own += [Piece(name, array) for name, array in list(_arrays(trial).items())[-MAX_NAMES:]]
    for text in _powers(sources):
        value = trial.value(text)
        if value is not None:
            own.append(Piece(text, value))
    for text in _targets(trial):
        added.setdefault(text)
    summands = [Piece(text, value) for text in list(added)[-MAX_HARVEST:] if (value := trial.value(text)) is not None]
    return Harvest(own, summands, list(keys)[:24])


def _powers(sources: list[Source]) -> Iterator[str]:
    """Powers of what both texts take roots and powers of."""
    for source in sources:
        for node in ast.walk(_tree(source)):
            own = None
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                own = node.left
            elif isinstance(node, ast.Call) and called(node) in ("sqrt", "rsqrt", "power", "pow"):
                own = owner_of(node)
            if own is not None:
                yield from (f"({_text(source, own)}) ** {power}" for power in ("-0.5", "-1.5", "-1", "-2", "0.5"))


def _targets(trial: Trial) -> Iterator[str]:
    """One-hot targets of classes that are given."""
    shape = trial.true[0].shape
    if len(shape) != MATRIX:
        return
    for name, tensor in trial.names.items():
        if tensor.node in trial.reading.code.reader.indices and trial.shape(tensor.node) == shape[:1]:
            is_torch = trial.reading.code.reader.library == "torch"
            yield f"F.one_hot({name}, {shape[1]})" if is_torch else f"np.eye({shape[1]})[{name}]"


def _tree(source: Source) -> ast.Module:
    try:
        return parse(source)
    except ProgramError:
        return ast.Module([], [])


def _text(source: Source, node: ast.expr) -> str:
    return source.segment(node)


def near(a: np.ndarray, c: np.ndarray) -> bool:
    """Whether two arrays are the same but for rounding."""
    try:
        size = float(np.abs(c).max()) if c.size else 0.0
        return bool(np.broadcast_shapes(a.shape, c.shape) == c.shape and (np.abs(a - c) <= 1e-9 * size + 1e-13).all())
    except ValueError:
        return False


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
        if near(product, true):
            yield from _times(trial, piece)
    ratio = _constant(trial.found, true)
    if ratio is not None:
        yield from _times(trial, ratio)


def _constant(found: np.ndarray, true: np.ndarray) -> Piece | None:
    """A plain factor that leads from one array to the other."""
    at = np.unravel_index(np.argmax(np.abs(found)), found.shape) if found.size else ()
    if found.shape != true.shape or not found.size or not found[at]:
        return None
    ratio = float(true[at] / found[at])
    if not near(found * ratio, true):
        return None
    number = Fraction(ratio).limit_denominator(1000)
    if abs(float(number) - ratio) > 1e-9 * abs(ratio) or not number:
        return None
    if abs(number.numerator) == 1:
        return Piece(str(number.denominator * number.numerator), np.array(1 / ratio), divides=True)
    text = str(number.numerator) if number.denominator == 1 else f"({number.numerator} / {number.denominator})"
    return Piece(text, np.array(ratio))


def _times(trial: Trial, piece: Piece) -> Iterator[Edit]:
    for version in trial.versions:
        for root in list(roots(version.statement, version.name))[:1]:
            for change in _multiplied(trial, root, piece):
                said = factor_said(trial, piece.text, too_many=False, divides=piece.divides)
                yield Edit(change, version.statement, "factor-left-out", said)


def _multiplied(trial: Trial, node: ast.expr, piece: Piece) -> Iterator[Change]:
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.MatMult)
    text = f"({trial.text(node)})" if is_sum else trial.text(node)
    yield put(trial, node, f"{text} {'/' if piece.divides else '*'} {as_divisor(piece.text)}")


def factor_of_term(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A summand times a factor."""
    for version in trial.versions:
        for root in roots(version.statement, version.name):
            summands = [one for one, _ in terms(root)]
            for node in summands if len(summands) > 1 else ():
                for piece in sorted(found.factors, key=lambda one: one.value.ndim):
                    if not _broadcasts(piece.value, trial.true[0]):
                        continue
                    for change in _multiplied(trial, node, piece):
                        said = factor_said(trial, piece.text, too_many=False, divides=piece.divides)
                        yield Edit(change, version.statement, "factor-left-out", f"{said} of {trial.text(node)}")


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
    for version in trial.versions:
        for root in roots(version.statement, version.name):
            summands = [one for one, _ in terms(root)]
            for node in parts(root):
                if isinstance(node, ast.Constant | ast.Slice | ast.Tuple):
                    continue
                value = trial.value(trial.text(node))
                if value is None:
                    continue
                for piece in found.factors:
                    if not piece.value.ndim and node not in summands:
                        continue
                    if not _broadcasts(piece.value, value):
                        continue
                    for change in _multiplied(trial, node, piece):
                        said = factor_said(trial, piece.text, too_many=False, divides=piece.divides)
                        yield Edit(change, version.statement, "factor-left-out", said)


def _broadcasts(piece: np.ndarray, value: np.ndarray) -> bool:
    try:
        return np.broadcast_shapes(piece.shape, value.shape) == value.shape
    except ValueError:
        return False


def factor_for_another(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A factor, or two, in another's place; a slope first."""
    for version in trial.versions:
        for root in roots(version.statement, version.name):
            for node in parts(root):
                if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)):
                    continue
                yield from _with_slope(trial, version.statement, node)
                for part, divides in factors(node):
                    value = trial.value(trial.text(part))
                    if value is None:
                        continue
                    for piece in found.factors:
                        if piece.value.shape == value.shape and not near(piece.value, value):
                            said = f"{'divided by ' * divides}{trial.text(part)} in place of {piece.text}"
                            yield Edit(put(trial, part, piece.text), version.statement, "factor-for-another", said)


def _with_slope(trial: Trial, statement: ast.stmt, node: ast.BinOp) -> Iterator[Edit]:
    own = [(trial.text(part), as_primary(trial, part), divides) for part, divides in factors(node)]
    places = [place for place, (_, __, divides) in enumerate(own) if not divides]
    gradients = {place for place in places if base(own[place][0], trial.reading.code.reader.known_names) is not None}
    for count in (1, 2, 3):
        for chosen in sorted(combinations(places, count), key=lambda some: bool(gradients & set(some))):
            for one in slopes(trial):
                for text in one.texts:
                    kept = [part for place, part in enumerate(own) if place not in chosen]
                    product = " * ".join(part[1] for part in kept if not part[2])
                    divisors = "".join(f" / {part[1]}" for part in kept if part[2])
                    if not product:
                        continue
                    new = f"{product} * {text if text.startswith('(') or ' * ' in text else f'({text})'}{divisors}"
                    wrong = " * ".join(own[place][1] for place in chosen)
                    said = f"the slope of {one.function} is wrong: {text} in place of {wrong}"
                    yield Edit(put(trial, node, new), statement, "slope-formula", said)


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
                near(one, trial.found) for one in (p * (1 - p) * above, p * above)
            )
            said = (
                "the Jacobian of softmax taken as its diagonal" if is_diagonal else "the Jacobian of softmax is wrong"
            )
            version = trial.versions[0]
            for root in list(roots(version.statement, version.name))[:1]:
                yield Edit(put(trial, root, text), version.statement, "softmax-jacobian", said)


# --- a term


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
        if any(near(-one, missing) for one in own):
            continue
        for version in trial.versions:
            for root in list(roots(version.statement, version.name))[:1]:
                plus = f"{trial.text(root)} - {text[1:]}" if text.startswith("-") else f"{trial.text(root)} + {text}"
                said = f"{path(trial, missing)}: {'−' if text.startswith('-') else '+'} {text.lstrip('-')}"
                yield Edit(put(trial, root, plus), version.statement, "path-left-out", said)
            name = version.name
            line = f"{name} -= {text[1:]}" if text.startswith("-") else f"{name} += {text}"
            yield from _inserted(trial, line, "path-left-out", f"{path(trial, missing)}: {line}")
            break


def _texts(trial: Trial, missing: np.ndarray, found: Harvest) -> Iterator[str]:
    """Expressions that come to what is missing, the shortest kinds first."""
    pieces = [*found.terms, *(Piece(name, array) for name, array in _arrays(trial).items())]
    for piece in pieces:
        for sign in ("", "-"):
            if piece.value.shape and near(-piece.value if sign else piece.value, missing):
                yield sign + _as_term(piece.text, negated=bool(sign))
    arrays = _arrays(trial)
    scalars = [one for one in found.factors if not one.value.ndim]
    for name, array in arrays.items():
        for piece in scalars:
            value = array / piece.value if piece.divides else array * piece.value
            for sign in ("", "-"):
                if near(-value if sign else value, missing):
                    yield f"{sign}{name} {'/' if piece.divides else '*'} {as_divisor(piece.text)}"
    yield from _products(arrays, missing)
    for piece in pieces:
        if piece.value.ndim and (ratio := _constant(piece.value, missing)) is not None and piece.value.shape:
            text = as_divisor(piece.text)
            sign = "-" if ratio.text.startswith("-") else ""
            yield f"{sign}{text} {'/' if ratio.divides else '*'} {ratio.text.lstrip('-')}"


def _as_term(text: str, *, negated: bool) -> str:
    """A text as a summand: a sum that is taken away, and what begins with a minus, in brackets."""
    tree = ast.parse(text, mode="eval").body
    is_sum = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)
    return f"({text})" if text.startswith("-") or (negated and is_sum) else text


def _arrays(trial: Trial) -> dict[str, np.ndarray]:
    found = {name: trial.array(tensor) for name, tensor in trial.names.items()}
    return {name: array for name, array in found.items() if array is not None and name != trial.one.version.name}


def _products(arrays: dict[str, np.ndarray], missing: np.ndarray) -> Iterator[str]:
    forms: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
        ("{a} * {b}", lambda a, c: a * c),
        ("{a} @ {b}", lambda a, c: a @ c),
        ("{a}.T @ {b}", lambda a, c: a.T @ c),
        ("{a} @ {b}.T", lambda a, c: a @ c.T),
        ("{a}[:, None] * {b}", lambda a, c: a[:, None] * c),
    )
    for form, product in forms:
        for a, first in arrays.items():
            for c, second in arrays.items():
                if not first.ndim or not second.ndim or ("@" not in form and first.ndim > missing.ndim):
                    continue
                try:
                    value = product(first, second)
                except (ValueError, IndexError):
                    continue
                if value.shape != missing.shape:
                    continue
                ratio = _constant(value, missing)
                if ratio is not None:
                    sign = "-" if ratio.text.startswith("-") else ""
                    number = ratio.text.lstrip("-")
                    text = form.format(a=a, b=c)
                    yield sign + (
                        text if number == "1" else f"{text} / {number}" if ratio.divides else f"{number} * {text}"
                    )


def path(trial: Trial, missing: np.ndarray) -> str:
    """Which path through the forward pass is left out, by what comes back along it."""
    name = trial.one.version.of
    for through, share in _shares(trial):
        if near(share.reshape(missing.shape) if share.size == missing.size else share, missing):
            return f"a path left out, the one from {name} through {through}"
    return "a term left out: a path is missing"


def _shares(trial: Trial) -> Iterator[tuple[str, np.ndarray]]:
    forward, node = trial.reading.forward, trial.one.node
    point = trial.reading.points[0].values
    by_user: dict[str, list[Node]] = {}
    for use in forward.backward.uses.get(node, []):
        by_user.setdefault(_next_name(trial, use.node), []).append(use.share)
    if len(by_user) < 2:
        return
    for through, shares in by_user.items():
        with np.errstate(all="ignore"):
            arrays = evaluate(shares, Float64(forward.sizes), point)
        yield through, np.asarray(sum(arrays))


def _next_name(trial: Trial, node: Node) -> str:
    """The name of the first named node that is made of a node."""
    users: dict[Node, list[Node]] = {}
    for own, uses in trial.reading.forward.backward.uses.items():
        users[own] = [one.node for one in uses]
    wave = [node]
    seen = {node}
    while wave:
        for one in wave:
            if one.operation is NAMED:
                return name_of(one) or ""
        wave = [user for one in wave for user in users.get(one, []) if user not in seen and not seen.add(user)]  # type: ignore[func-returns-value]
    return trial.reading.forward.program.output_name


def term_of_part(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A tensor added to a part, or taken from it."""
    for version in trial.versions:
        for root in roots(version.statement, version.name):
            for node in parts(root):
                if isinstance(node, ast.Constant | ast.Slice | ast.Tuple | ast.Compare):
                    continue
                value = trial.value(trial.text(node))
                if value is None or not value.ndim:
                    continue
                pieces = [*(Piece(name, array) for name, array in _arrays(trial).items()), *found.terms]
                for piece in pieces:
                    if piece.value.shape != value.shape:
                        continue
                    for sign in ("-", "+"):
                        said = f"{_kind_of_term(piece)} left out: {'−' if sign == '-' else '+'} {piece.text}"
                        text = f"{trial.text(node)} {sign} {piece.text}"
                        yield Edit(put(trial, node, text), version.statement, "term-left-out", said)


def _kind_of_term(piece: Piece) -> str:
    is_target = bool(np.isin(piece.value, (0, 1)).all()) and near(
        piece.value.sum(axis=-1), np.ones(piece.value.shape[:-1])
    )
    return "a term, the one-hot target," if is_target else "a term of the path"


# --- a statement


def statement(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """A statement left out: 1 subtracted at the label, 0 put where a mask says so."""
    name = trial.one.version.name
    for key in found.keys:
        for amount in ("-= 1", "+= 1", *(f"-= 1 / {number}" for number in trial.numbers)):
            line = f"{name}[{key}] {amount}"
            yield from _inserted(trial, line, "one-hot-left-out", f"the one-hot target left out: {line}")
    for one in slopes(trial):
        if one.function == "relu":
            which = one.argument or one.value
            line = f"{name}[{which} <= 0] = 0"
            yield from _inserted(trial, line, "slope-left-out", f"the slope of relu left out: {line}")


def _inserted(trial: Trial, line: str, mistake: str, said: str) -> Iterator[Edit]:
    """A line behind each of the gradient's statements."""
    for version in reversed(trial.versions):
        end = trial.segment(version.statement)[1]
        column = version.statement.col_offset
        yield Edit(Change(end, end, f"\n{' ' * column}{line}"), version.statement, mistake, said)


GUIDED = (factor_of_all, factor_of_term, softmax, statement, term)
GUIDED_LATER = (factor_for_another, factor_of_part, term_of_part)
