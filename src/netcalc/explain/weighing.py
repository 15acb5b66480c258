"""What is above the layers as formulas: the targets as the loss takes them, and the penalty of weight decay."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from netcalc.explain.explanation import times
from netcalc.expression import Apply, Number, Tree
from netcalc.expression.tree import ONE, TWO, add, divide, multiply, power
from netcalc.objective import difference
from netcalc.problem import LossAndTarget, Problem

Entry = Callable[..., Tree]  # of a tensor's name and places


def target(problem: Problem, y: Tree, w: Tree, kept: Tree) -> Tree:
    """t as it is made of y: w·((1 - ε)·y + ε/n·kept); kept is Σ y, 0 where a sample is ignored."""
    upstream = problem.upstream
    assert isinstance(upstream, LossAndTarget)  # noqa: S101 - who calls it has seen to that
    assert upstream.weighing is not None  # noqa: S101 - likewise
    e, weights = upstream.weighing.smoothing, upstream.weighing.weights
    smooth = y
    if e is not None:
        share = divide(e, Number(Fraction(len(problem.layers[-1].W))))
        smooth = add(times(difference(ONE, e), y), times(share, kept if upstream.weighing.ignores else ONE))
    return smooth if weights is None else multiply(w, smooth)


def penalty(problem: Problem, entry: Entry, limit: int) -> Tree:
    """λ/2 times the squares of all weights."""
    squares: list[Tree] = []
    for number, layer in enumerate(problem.layers, 1):
        if layer.W.size > limit:
            squares.append(Apply("sum_jk", (power(entry(f"W{number}", "j", "k"), TWO),)))
        else:
            squares += [power(entry(f"W{number}", *index), TWO) for index in np.ndindex(layer.W.shape)]
    return multiply(half(problem), add(*squares))


def half(problem: Problem) -> Tree:
    """λ/2."""
    rate = problem.decay
    assert rate is not None  # noqa: S101 - asked for where there is one
    return Number(rate.value / 2) if isinstance(rate, Number) else divide(rate, TWO)
