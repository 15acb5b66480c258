"""Sums over axes gone wrong: averaged, left out, of one entry alone, along another axis."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Context,
    Row,
    Shared,
    whole,
)
from netcalc.checking.edits.shares import Share, share_of
from netcalc.graph.backward import Use
from netcalc.graph.product import SUM, product

MAX_UNITS = 4  # entries of an axis that are tried one by one as the only path, or as the one left out


def axes(context: Context, use: Use) -> Iterator[Shared]:
    """What is summed over: averaged, not summed, of one entry alone, all but one; or one sum too many."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    counts = [many for letter in share.summed if (many := share.size(letter)) > 1]
    if len(counts) > 1:
        said = f"averaged where it is summed, over {len(counts)} axes"
        yield Shared(said, share.built(number=share.number / prod(counts)), SEEN)
    for letter in share.summed:
        many = share.size(letter)
        if many < 2:
            continue
        name, axis = context.called(arg), share.factors[0][1].find(letter)
        first, last = share.restricted(letter, _unit(many, 0)), share.restricted(letter, _unit(many, many - 1))
        if _is_batch(context, use, letter, share):
            averaged = share.built(number=share.number / many)
            yield Shared("averaged over the samples where they are summed", averaged, USUAL)
            yield Shared("not summed over the samples: the last one's gradient alone", last, USUAL)
            yield Shared("not summed over the samples: the first one's gradient alone", first, USUAL)
            yield Shared("summed over the samples once more", share.built(number=share.number * many), RARE)
            if share.own != letter and len(share.own) == len(share.factors) == 1 and whole(arg.shape[0]) == many:
                said = "summed along the other axis: over the outputs of each sample, not over the samples"
                yield Shared(said, share.built(own=letter), USUAL)
            continue
        if use.node.operation is SUM and not arg.rank and not context.is_input(arg):
            continue
        averaged = share.built(number=share.number / many)
        yield Shared(f"averaged where it is summed, in ∂{context.called(use.node)}/∂{name}", averaged, SEEN)
        if use.node.operation is SUM:
            if arg in context.varying:
                not_summed = f"not summed over axis {axis}, along which {name} is broadcast"
                yield Shared(f"{not_summed}: the first entry alone", first)
                yield Shared(f"{not_summed}: the last entry alone", last)
            continue
        is_sample = context.is_of_input(arg) and _is_sample(context, share, letter)
        for unit in dict.fromkeys((*range(min(many, MAX_UNITS)), many - 1)):
            alone = f"a path left out: only the one through unit {unit} is taken"
            if is_sample:
                alone = f"not summed over the samples: the gradient of sample {unit} alone"
                lone = f"not averaged over the samples: the gradient of sample {unit} alone"
                yield Shared(lone, share.restricted(letter, many * _unit(many, unit)), RARE)
            yield Shared(alone, share.restricted(letter, _unit(many, unit)))
            if many > 2 and unit < MAX_UNITS:
                without = share.restricted(letter, 1 - _unit(many, unit))
                yield Shared(f"a path left out: the one through unit {unit}", without)
    for letter in share.own:
        if letter in share.out and whole(arg.shape[share.own.index(letter)]) > 1:
            kept = tuple(size for one, size in zip(share.own, share.shape, strict=True) if one != letter)
            once = product(share.factors, share.own.replace(letter, ""), kept, share.number)
            again = product([(once, share.own.replace(letter, ""))], share.own, share.shape)
            is_vector = len(share.own) == 1
            said = "summed over all entries, which are apart" if is_vector else "one sum too many, over axis {}"
            yield Shared(said.format(share.own.index(letter)), again, SEEN if is_vector else RARE)


def _unit(size: int, place: int) -> np.ndarray:
    unit: np.ndarray = np.eye(size, dtype=np.int64)[place]
    return unit


def _is_batch(context: Context, use: Use, letter: str, share: Share) -> bool:
    """Whether a letter counts samples: the gradient has it, and an input that is summed for does not."""
    gradient_letters = share.factors[0][1]
    if letter not in gradient_letters or not context.is_of_input(use.node.args[use.place]):
        return False
    if use.node.operation is SUM and len(gradient_letters) < 3:
        return True
    return gradient_letters.index(letter) == 0 and len(gradient_letters) > 1


def _is_sample(context: Context, share: Share, letter: str) -> bool:
    """Whether a letter counts the rows of a matrix that was given."""
    return any(own[0] == letter and node.rank > 1 and context.is_input(node) for node, own in share.factors if own)


AXES = (Row("axis", SEEN, axes),)
