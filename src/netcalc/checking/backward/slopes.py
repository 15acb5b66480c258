"""The slopes of a forward pass's functions, known by their values, and what a factor is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from netcalc.checking.backward.expressions import as_divisor
from netcalc.checking.backward.made_of import is_elementwise, made_of
from netcalc.checking.backward.trial import Trial
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import gradients
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node
from netcalc.graph.rebuilt import with_arguments
from netcalc.records import NamedTuple


class Slope(NamedTuple):
    """An elementwise function of the forward pass: the names of argument and value, its slope as numbers, as text."""

    function: str
    argument: str
    value: str
    slope: np.ndarray
    texts: tuple[str, ...]


def slopes(trial: Trial) -> list[Slope]:
    """Every elementwise function between two names of the forward pass."""
    within = trial.one.version.within
    known: dict[int, list[Slope]] = trial.reading.slopes
    if id(within) not in known:
        known[id(within)] = list(_slopes(trial))
    return known[id(within)]


def _slopes(trial: Trial) -> Iterator[Slope]:
    candidates = trial.reading.forward.candidates
    own = ((name, node) for name, nodes in candidates.items() for node in nodes if "@" not in name)
    if trial.one.version.within.of is not None:  # of a def, whose names are its own
        own = ((name, tensor.node) for name, tensor in trial.names.items())
    gradients_too = trial.reading.forward.backward.gradients
    named = {node: name for name, node in own if node.operation in (NAMED, INPUT) and node in gradients_too}
    for node, name in named.items():
        if node.operation is not NAMED:
            continue
        inner = node.args[0]
        leaves = {one for one in made_of(inner, named) if one.shape == node.shape}
        for leaf in leaves:
            if is_elementwise(inner, leaf):
                yield from _between(trial, inner, leaf, named[leaf], name)
        for leaf in {own for one in leaves if one.operation is NAMED for own in made_of(one.args[0], named)}:
            if leaf.shape == node.shape and leaf in leaves:  # as of gate in gate * sigmoid(gate)
                opened = _opened(inner, leaf, named)
                if is_elementwise(opened, leaf):
                    yield from _between(trial, opened, leaf, named[leaf], name)
        if inner.operation is ELEMENTWISE:
            unnamed = [one for one in inner.args if one.shape == node.shape and one not in named]
            for leaf in [one for one in unnamed[:1] if is_elementwise(inner, one)]:
                yield from _between(trial, inner, leaf, "", name)


def _opened(inner: Node, leaf: Node, named: dict[Node, str]) -> Node:
    """A node with what the names that it is made of stand for, but for those of a leaf."""
    args = [one.args[0] if one in named and one is not leaf and one.operation is NAMED else one for one in inner.args]
    return inner if args == list(inner.args) else with_arguments(inner, tuple(args))


def _between(trial: Trial, inner: Node, leaf: Node, argument: str, value: str) -> Iterator[Slope]:
    found = gradients(inner, [leaf], b.number(1, inner.shape))[0]
    if found is None:
        return
    point = trial.reading.agreement.points[0].values
    with np.errstate(all="ignore"):
        slope, z, a = evaluate([found, leaf, inner], Float64(trial.reading.forward.sizes), point)
    if (
        not all(np.isfinite(array).all() for array in (slope, z, a))
        or (np.ptp(slope) == 0 and slope.size > 1)
        or not slope.size
    ):
        return
    library = {"torch": "torch", "jax": "jnp"}.get(trial.reading.code.reader.library, "np")
    for one in FUNCTIONS:
        if one.is_it(z, a, slope):
            sigmoid = 1 / (1 + np.exp(-z))
            known = {own: trial.array(tensor) for own, tensor in trial.names.items()} if one.name == "silu" else {}
            of_sigmoid = (own for own, array in known.items() if array is not None and _near(array, sigmoid))
            names = {"z": argument, "a": value, "lib": library, "low": f"{float(slope.min()):.12g}"}
            names["s"] = next(of_sigmoid, f"(1 / (1 + {library}.exp(-{argument})))")
            texts = [form.format(**names) for form in one.texts if argument or "{z}" not in form]
            yield Slope(one.name, argument, value, slope, tuple(texts))
            return
    yield Slope(value, argument, value, slope, ())


def _near(a: np.ndarray, c: np.ndarray) -> bool:
    return a.shape == c.shape and bool(np.allclose(a, c, rtol=1e-9, atol=1e-12))


class Function(NamedTuple):
    """A function by its slope: whether one at z, with the value a, has the slope s there; and the slope as texts."""

    name: str
    is_it: Callable[[np.ndarray, np.ndarray, np.ndarray], bool]
    texts: tuple[str, ...] = ()


FUNCTIONS = (
    Function("σ", lambda _, a, s: _near(s, a * (1 - a)), ("{a} * (1 - {a})",)),
    Function("tanh", lambda _, a, s: _near(s, 1 - a * a), ("(1 - {a} ** 2)",)),
    Function("relu", lambda _, a, s: _near(s, (a > 0) * 1.0), ("({z} > 0)", "({a} > 0)")),
    Function(
        "leaky relu",
        lambda z, a, s: _near(a, z * s) and len(np.unique(s)) == TWO_SIDES,
        ("{lib}.where({z} > 0, 1, {low})", "{lib}.where({a} > 0, 1, {low})"),
    ),
    Function(
        "silu",
        lambda z, a, s: _near(a * (1 + np.exp(-z)), z) and _near(s, (1 + z - a) / (1 + np.exp(-z))),
        ("{s} * (1 + {z} * (1 - {s}))",),
    ),
    Function("exp", lambda _, a, s: _near(s, a), ("{a}",)),
    Function("1/x", lambda z, a, _: _near(a * z, np.ones_like(z)), ("-1 / {z} ** 2", "-({a} ** 2)")),
    Function("sqrt", lambda z, a, s: _near(2 * a * s, np.ones_like(z)), ("0.5 / {a}",)),
    Function("the square", lambda z, _, s: _near(s, 2 * z), ("2 * {z}",)),
    Function("log", lambda z, _, s: _near(s * z, np.ones_like(z)), ("1 / {z}",)),
)
TWO_SIDES = 2


def slope_of(trial: Trial, value: np.ndarray | None) -> Slope | None:
    """The function whose slope an array is."""
    if value is None or not value.ndim:
        return None
    return next((one for one in slopes(trial) if _near(one.slope, value)), None)


def is_known(function: str) -> bool:
    """Whether a function is called by a name of its own, and not by that of its value."""
    return any(function == one.name for one in FUNCTIONS)


def function_between(trial: Trial, name: str, other: str) -> str:
    """The function that has one name as its argument and the other as its value."""
    pairs = {(one.argument, one.value): one.function for one in slopes(trial)}
    return pairs.get((name, other)) or pairs.get((other, name)) or ""


def factor_said(trial: Trial, text: str, *, too_many: bool, divides: bool = False) -> str:
    """How a factor that is left out, or one too many, is told."""
    value = trial.value(text)
    slope = slope_of(trial, value)
    if slope is not None:
        said = f"the slope of {slope.function}"
        return f"{said} applied twice" if too_many else f"{said} left out: times {text}"
    factor = f"1/{as_divisor(text)}" if divides else text
    if too_many:
        return f"a factor {factor} too many"
    if value is not None and value.ndim and set(np.unique(value)) <= {0.0, 1.0}:
        return f"the mask left out: times {text}"
    above = {one.version.name for one in trial.reading.judged} | {f"d{trial.reading.forward.program.output_name}"}
    if text in above:
        return f"what comes from above, {text}, left out"
    if text == "2" and divides and _is_under_a_root(trial):
        return "the ½ of sqrt's slope left out: divide by 2"
    if divides and value is not None and not value.ndim and float(value) == round(float(value)):
        return f"a factor {factor} left out: divide by {text}{', as the mean does' if _is_mean(trial, text) else ''}"
    return f"a factor {factor} left out"


def _is_under_a_root(trial: Trial) -> bool:
    """Whether the forward pass takes the square root of what the gradient is of."""
    candidates = trial.reading.forward.candidates
    return any(one.function == "sqrt" and trial.one.node in candidates.get(one.argument, ()) for one in slopes(trial))


def _is_mean(trial: Trial, text: str) -> bool:
    """Whether a number may be a mean's n: it has a name, or the forward pass has a mean."""
    return not text.isdigit() or "mean" in trial.reading.forward.program.source.text
