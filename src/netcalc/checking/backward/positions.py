"""Repairs of indices and slices: one off, in the other order, of the wrong part, the wrong way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from netcalc.checking.backward.changes import Change
from netcalc.checking.backward.expressions import called, parts, put
from netcalc.checking.backward.shapes import Repairs
from netcalc.checking.backward.trial import Trial
from netcalc.program.source import Source, parse

MAX_PADDING = 4  # entries at the edge
MAX_INDICES = 10  # that are tried in an index's place


def index(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """An index one off, the other part of a slice, the other order."""
    if _is_target(statement, node):
        yield from _index_off(trial, node)
    match node:
        case ast.Slice(lower, upper, None):
            was = trial.text(node)
            low, high = (None if one is None else trial.text(one) for one in (lower, upper))
            others = [f"{high or ''}:{low or ''}", *_other_end(low, high), *_shifted(low, high)]
            for one, other in ((low, high), (high, low)):
                if one is not None:
                    shifted = [f"{one} + 1", f"{one} - 1"] if not one.lstrip("-").isdigit() else None
                    moved = shifted or [str(int(one) + 1), str(int(one) - 1)]
                    others += [f"{m}:{other or ''}" if one is low else f"{other or ''}:{m}" for m in moved]
            for text in dict.fromkeys(others):
                yield f"the wrong slice: [{was}] in place of [{text}]", put_slice(trial, node, text)
        case ast.Subscript(ast.Attribute(array, "shape"), part):
            if "mean" in trial.reading.forward.program.source.text:
                right = f"{trial.text(array)}.{'numel()' if trial.reading.code.reader.library == 'torch' else 'size'}"
                said = f"the wrong size, as the mean is over all entries: {trial.text(node)} in place of {right}"
                yield said, put(trial, node, right)
            for _said, change in _index_off(trial, part):
                right = f"{trial.text(array)}.shape[{change.text}]"
                yield (
                    f"the wrong index, and so the wrong size, as of a mean: {trial.text(node)} in place of {right}",
                    change,
                )
        case ast.Subscript(_, part) if not isinstance(part, ast.Slice | ast.Tuple):
            yield from _index_off(trial, part)
        case ast.Tuple(several):
            for item in several:
                if not isinstance(item, ast.Slice):
                    yield from _index_off(trial, item)
            yield from _swapped(trial, several)
            yield from _slices_alike(trial, several)


def part_of_all(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """All of a tensor for the part that either text has of it: dW += lam * W for dW[:, 1:] += lam * W[:, 1:]."""
    target = statement.target if isinstance(statement, ast.AugAssign) else None
    shape = trial.true[0].shape
    if not isinstance(target, ast.Name) or not shape:
        return
    whole = [one for one in parts(node) if isinstance(one, ast.Name) and one.id in trial.names]
    whole = [one for one in whole if trial.shape(trial.names[one.id].node) == shape]
    own = [source.segment(one.slice).strip("()") for source, one in subscripts(trial) if _has_slice(one.slice)]
    (start, end), text = trial.segment(statement), trial.source.text
    for key in list(dict.fromkeys(own))[:MAX_INDICES] if whole else ():
        at, made = start, ""
        for one in sorted([target, *whole], key=trial.segment):
            made += f"{text[at : trial.segment(one)[1]]}[{key}]"
            at = trial.segment(one)[1]
        right = f"{whole[0].id}[{key}]"
        yield f"all of {whole[0].id} in place of {right}, a part", Change(start, end, made + text[at:end])


def _has_slice(key: ast.expr) -> bool:
    several = key.elts if isinstance(key, ast.Tuple) else [key]
    return any(isinstance(one, ast.Slice) and (one.lower or one.upper) for one in several)


def key_of_texts(trial: Trial, _: ast.AST, node: ast.expr) -> Repairs:
    """The key of a part, as it is written somewhere else in either text: x[i * s:i * s + k] for x[i:i + k]."""
    if not isinstance(node, ast.Tuple) or not any(isinstance(one, ast.Slice | ast.BinOp) for one in node.elts):
        return
    was, has_slices = trial.text(node), any(isinstance(one, ast.Slice) for one in node.elts)
    found: dict[str, None] = {}
    for source, other in subscripts(trial):
        if isinstance(other.slice, ast.Tuple):
            kinds = [[isinstance(one, ast.Slice) for one in each.elts] for each in (node, other.slice)]
            if kinds[0] == kinds[1]:
                found[source.segment(other.slice).strip("()")] = None
    for text in found:
        if text != was:
            which = "slice" if has_slices else "index"
            yield f"the wrong {which}: [{was}] in place of [{text}]", put_slice(trial, node, text)


def _is_target(statement: ast.stmt, node: ast.expr) -> bool:
    """Whether it is the index of what a statement assigns to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(one, ast.Subscript) and one.slice is node for one in targets)


def index_of_texts(trial: Trial, statement: ast.stmt, node: ast.expr) -> Repairs:
    """An index for another that is written in either text: p[y[i]] for p[c]."""
    key = node.slice if isinstance(node, ast.Subscript) else node
    if key is node and not _is_target(statement, node):
        return
    for part in key.elts if isinstance(key, ast.Tuple) else [key]:
        if isinstance(part, ast.Name | ast.Subscript | ast.BinOp):
            was = trial.text(part)
            for text in indices(trial):
                if text != was:
                    yield f"the wrong index: {was} in place of {text}", put(trial, part, text)
    is_whole = isinstance(node, ast.Subscript) and not any(isinstance(one, ast.Slice) for one in ast.walk(key))
    for text in indices(trial) if is_whole else ():
        was, right = trial.text(node), f"{trial.text(node)[:-1]}, {text}]"
        yield f"the wrong index: {was} in place of {right}", put(trial, node, right)


def indices(trial: Trial) -> list[str]:
    """The indices of single entries in both texts, those of the backward pass first."""
    found: dict[str, None] = {}
    for source, node in subscripts(trial):
        for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            if isinstance(part, ast.Name | ast.Subscript | ast.BinOp):
                found[source.segment(part)] = None
    return [text for text in found if (value := trial.value(text)) is not None and not value.ndim][:MAX_INDICES]


def subscripts(trial: Trial) -> Iterator[tuple[Source, ast.Subscript]]:
    """The parts of arrays in both texts."""
    for source in dict.fromkeys((trial.source, trial.reading.forward.program.source)):
        yield from ((source, one) for one in ast.walk(parse(source)) if isinstance(one, ast.Subscript))


def _other_end(low: str | None, high: str | None) -> Iterator[str]:
    """As many entries from the other end: [:3] for [-3:], and [-H:] for [:H]."""
    if low is not None and high is None and low.startswith("-"):
        yield from (f":{low[1:]}", f"{low[1:]}:")
    if high is not None and low is None and not high.startswith("-"):
        yield f"-{high}:" if high.isidentifier() or high.isdigit() else f"-({high}):"


def _shifted(low: str | None, high: str | None) -> Iterator[str]:
    """The window one further, or one back."""
    for step in (1, -1):
        if all(one is None or one.lstrip("-").isdigit() for one in (low, high)):
            ends = [int(one or 0) + step for one in (low, high)]
            yield ":".join(str(one) if one else "" for one in ends)


def _swapped(trial: Trial, several: list[ast.expr]) -> Repairs:
    """Two indices in the other order."""
    for one, other in pairwise(several):
        if not isinstance(one, ast.Slice) and not isinstance(other, ast.Slice):
            start, end = trial.segment(one)[0], trial.segment(other)[1]
            between = trial.source.text[trial.segment(one)[1] : trial.segment(other)[0]]
            said = f"the indices {trial.text(one)} and {trial.text(other)} are in the wrong order"
            yield said, Change(start, end, f"{trial.text(other)}{between}{trial.text(one)}")


def _slices_alike(trial: Trial, several: list[ast.expr]) -> Repairs:
    """The same slice of several axes, another of all of them."""
    slices = [one for one in several if isinstance(one, ast.Slice) and (one.lower is not None or one.upper is not None)]
    if len(slices) > 1 and all(one.lower is None and one.upper is not None for one in slices):
        for by in ("1", *(name for name, number in trial.numbers.items() if 0 < number < MAX_PADDING)):
            start = at = trial.segment(slices[0])[0]
            text = ""
            for one in slices:
                size = trial.text(one).removeprefix(":")
                text += f"{trial.source.text[at : trial.segment(one)[0]]}{by}:{by} + {size}"
                at = trial.segment(one)[1]
            was = trial.source.text[start:at]
            yield f"the wrong slice: [{was}] in place of [{text}]", Change(start, at, text)
    if len(slices) < 2 or len(set(map(trial.text, slices))) != 1:
        return
    for said, change in index(trial, trial.one.version.statement, slices[0]):
        text, at = "", trial.segment(slices[0])[0]
        for one in slices:
            text += trial.source.text[at : trial.segment(one)[0]] + change.text
            at = trial.segment(one)[1]
        yield said, Change(trial.segment(slices[0])[0], at, text)


def _index_off(trial: Trial, part: ast.expr) -> Repairs:
    was = trial.text(part)
    match part:
        case ast.BinOp(inner, ast.Add() | ast.Sub(), ast.Constant()):
            yield (
                f"the wrong index, a step off: {was} in place of {trial.text(inner)}",
                put(trial, part, trial.text(inner)),
            )
        case ast.Constant(int(value)):
            for near in (value + 1, value - 1):
                yield f"the wrong index: {was} in place of {near}", put(trial, part, str(near))
        case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
            for near in (value + 1, value - 1) if value > 1 else (value + 1,):
                yield f"the wrong index: {was} in place of -{near}", put(trial, part, f"-{near}")
        case ast.Name() | ast.BinOp(_, ast.Mult()) | ast.UnaryOp(ast.USub()):
            for other in (f"{was} - 1", f"{was} + 1"):
                yield f"the wrong index, a step off: {was} in place of {other}", put(trial, part, other)


def index_throughout(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """An index one off, wherever the part stands in the expression."""
    own = [one for one in parts(node) if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Name | ast.BinOp)]
    start, end = trial.segment(node)
    for was in dict.fromkeys(map(trial.text, own)):
        same = sorted((one for one in own if trial.text(one) == was), key=trial.segment)
        if len(same) < 2:
            continue
        for said, change in _index_off(trial, same[0].slice):
            text, at = "", start
            for one in same:
                text += trial.source.text[at : trial.segment(one.slice)[0]] + change.text
                at = trial.segment(one.slice)[1]
            yield said, Change(start, end, text + trial.source.text[at:end])


def put_slice(trial: Trial, node: ast.expr, text: str) -> Change:
    """A slice in a slice's place."""
    return Change(*trial.segment(node), text)


def reversed_part(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """An array that is reversed where it should not be."""
    match node:
        case ast.Subscript(inner, ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))):
            yield f"{trial.text(inner)} is reversed where it should not be", put(trial, node, trial.text(inner))
        case ast.Subscript(inner, ast.Tuple(several)):
            kept = [one for one in several if not _is_reversed(one)]
            if len(kept) < len(several):
                rest = ", ".join(map(trial.text, kept)).rstrip(", :")
                text = f"{trial.text(inner)}[{rest}]" if rest else trial.text(inner)
                yield f"{text} is reversed where it should not be", put(trial, node, text)
        case ast.Call() if called(node) in ("flip", "flipud", "fliplr") and node.args:
            yield (
                f"{trial.text(node.args[0])} is reversed where it should not be",
                put(trial, node, trial.text(node.args[0])),
            )


def _is_reversed(part: ast.expr) -> bool:
    return isinstance(part, ast.Slice) and part.step is not None and ast.unparse(part.step) == "-1"


def not_reversed(trial: Trial, _: ast.stmt, node: ast.expr) -> Repairs:
    """An array that is to be reversed."""
    name = trial.name(node)
    if name in trial.names and trial.names[name].rank:
        said = f"{name} is not reversed"
        yield said, put(trial, node, f"{name}[::-1]")
        if trial.names[name].rank > 1:
            yield said, put(trial, node, f"{name}[::-1, ::-1]")
            yield said, put(trial, node, f"{name}[..., ::-1]")
