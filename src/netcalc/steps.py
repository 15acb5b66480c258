"""The derivation as one would write it on paper, from the same values that the tables show."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from netcalc.derive import Derivation
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.problem import Neuron
from netcalc.result import Step, Tensor, Value

STEPS_LIMIT = 32  # inputs beyond which a derivation on paper helps nobody


def neuron_steps(problem: Neuron, tensors: Mapping[str, Tensor], known: Derivation) -> tuple[Step, ...]:
    """Forward line by line, then df/dq, then each df/dq · dq/d·."""
    size = problem.w.size
    if size > STEPS_LIMIT:
        return ()
    values = {name: tensor.entries for name, tensor in tensors.items()}
    x, w, b = problem.x[0], problem.w, problem.b[()]
    slope = literal(values["slope"][()])
    top, over = ("f", "f") if problem.delta is None else ("L", "L")
    delta = () if problem.delta is None else (problem.delta[0],)
    named_delta = () if problem.delta is None else (Symbol("delta"),)
    index = [str(i + problem.index_from) for i in range(size)]
    x_names, w_names = [Symbol(f"x{i}") for i in index], [Symbol(f"w{i}") for i in index]
    q_formula = Apply("add", (*map(times, w_names, x_names), Symbol("b")))
    q_numbers = Apply("add", (*map(times, w, x), b))
    q = literal(values["q"][()])
    steps = [
        Step("q", (q_formula, q_numbers, q), "Forward"),
        Step("f", (known.value, literal(values["f"][()])), ""),
        Step("df/dq", (known.shown, slope), "Backward: the slope of the activation"),
    ]
    rows: list[tuple[str, Tree | None, Tree | None, Value]] = []
    rows += [(f"x{i}", w_names[k], w[k], values["dx"][k]) for k, i in enumerate(index)]
    rows += [(f"w{i}", x_names[k], x[k], values["dw"][k]) for k, i in enumerate(index)]
    rows += [("b", None, None, values["db"][()])]
    heading = "Chain rule"
    for name, factor, number, value in rows:
        formula = times(*named_delta, Symbol(f"d{over}/dq") if not named_delta else Symbol("df/dq"), factor)
        chain = (formula, times(*delta, slope, number), literal(value))
        steps.append(Step(f"d{top}/d{name}", chain, heading))
        heading = ""
    return tuple(steps)


def times(*factors: Tree | None) -> Tree:
    """The product of those factors that are there."""
    there = tuple(factor for factor in factors if factor is not None)
    return there[0] if len(there) == 1 else Apply("multiply", there)


def literal(value: Value | float) -> Tree:
    """A value as it is shown, as a leaf of an expression."""
    if isinstance(value, float | np.floating):
        return Number(Fraction(f"{value:.6g}"))
    if value.formula is not None:
        return value.formula
    try:
        return Number(Fraction(value.shown))
    except ValueError:
        return Symbol(value.shown)
