"""A neuron as a problem: one linear layer with one output, then an activation."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.errors import ShapeError
from netcalc.expression import Number, Symbol
from netcalc.models.targets import check_targets
from netcalc.problem import Dense, Label, LossAndTarget, Problem, count, given_above, symbol_tensor

ONE = np.array([[Number(Fraction(1))]], dtype=object)
NEURON_NAMES: Mapping[str, Label] = {
    "z1": Label("q", ()),
    "a1": Label("f", ()),
    "loss": Label("loss", ()),
    "da1": Label("df", ()),
    "s1": Label("df/dq", ()),
    "dx": Label("dx", (-1,)),
    "dW1": Label("dw", (-1,)),
    "db1": Label("db", ()),
}


def neuron(
    x: np.ndarray | None,
    w: np.ndarray | None,
    b: np.ndarray | None,
    activation: BoundActivation,
    above: np.ndarray | LossAndTarget | None = None,
    index_from: int = 0,
) -> Problem:
    """The neuron f = φ(w·x + b) stated by `x` (n,) or (samples, n), `w` (n,), `b` () or (1,); None is a symbol.

    From `above` comes ∂L/∂f (1,) or (samples,), or a loss against a target of that shape. Many samples are many
    problems: each has answers of its own. Raises ShapeError if the lengths disagree or neither x nor w is given.
    """
    if w is None:
        if x is None:
            raise ShapeError("a neuron needs --x or --w, as in: netcalc neuron --x -1 -2 --w 4 -4 --b -3")
        w = symbol_tensor("w", (x.shape[-1],), index_from)
    w = np.ravel(w)
    if x is None:
        x = symbol_tensor("x", (w.size,), index_from)
    many = x.ndim == 2 and x.shape[0] > 1 and not (x.shape[1] == 1 and w.size == x.shape[0])
    samples = x if many else x.reshape(1, -1)
    if samples.shape[1] != w.size:
        raise ShapeError(f"x has {count(samples.shape[1])} and w has {count(w.size)}; a neuron has one weight an input")
    bias = np.array([Symbol("b")], dtype=object) if b is None else b.reshape(-1)
    if bias.size != 1:
        raise ShapeError(f"b has {count(bias.size)}; a neuron has one bias")
    given = {"x": x if many else np.ravel(x), "w": w, "b": bias.reshape(())} | given_above(above)
    return Problem(
        "neuron",
        samples,
        (Dense(w.reshape(1, -1), bias, activation),),
        _from_above(above, len(samples)),
        _names(above),
        many,
        per_sample=True,
        index_from=index_from,
        output="f" if above is None else "L",
        hidden=frozenset({"s1", "da1"}),
        given=given | {"activation": activation.label},
    )


def _names(above: np.ndarray | LossAndTarget | None) -> dict[str, Label]:
    """The names of what there is."""
    return {name: called for name, called in NEURON_NAMES.items() if name != "loss" or isinstance(above, LossAndTarget)}


def _from_above(above: np.ndarray | LossAndTarget | None, samples: int) -> np.ndarray | LossAndTarget:
    if isinstance(above, LossAndTarget):
        if above.loss.by_sample:
            raise ShapeError(
                f"{above.loss} compares a sample's several outputs, and a neuron has one: bce is its loss for one"
            )
        target = _a_sample("target", above.target, samples)
        check_targets(target, above.loss, many=samples > 1)
        return above._replace(target=target)
    return ONE.repeat(samples, axis=0) if above is None else _a_sample("delta", above, samples)


def _a_sample(name: str, tensor: np.ndarray, samples: int) -> np.ndarray:
    """One number a sample as (samples, 1); one alone serves them all."""
    refuse_unless_one_a_sample(name, tensor, samples)
    return np.broadcast_to(tensor.reshape(-1, 1), (samples, 1))


def refuse_unless_one_a_sample(name: str, tensor: np.ndarray, samples: int) -> None:
    """Raises ShapeError if there is neither one number for all samples nor one for each."""
    if tensor.size not in (1, samples):
        needed = "1" if samples <= 1 else f"1, or {samples}: one a sample"
        raise ShapeError(f"{name} has {count(tensor.size)}; it needs {needed}")
