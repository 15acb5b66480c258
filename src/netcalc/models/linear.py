"""A linear layer as a problem: u = W v + b, an activation after it if one is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.errors import ShapeError
from netcalc.models.targets import check_targets, distributions, loss_after
from netcalc.problem import Dense, Label, LossAndTarget, Problem, count, given_above, rows, symbol_tensor
from netcalc.records import dataclass

LINEAR_NAMES: Mapping[str, Label] = {
    "z1": Label("u", (-1,)),
    "a1": Label("a", (-1,)),
    "loss": Label("loss"),
    "s1": Label("da/du", (-1,)),
    "da1": Label("da", (-1,)),
    "dz1": Label("du", (-1,)),
    "dx": Label("dv", (-1,)),
    "dW1": Label("dW"),
    "db1": Label("db"),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """`W` is outputs × inputs; `samples` is None for one sample given as a vector."""

    outputs: int
    inputs: int
    samples: int | None

    @property
    def count(self) -> int:
        """How many samples there are."""
        return 1 if self.samples is None else self.samples


def linear(
    W: np.ndarray | None,
    v: np.ndarray | None = None,
    b: np.ndarray | None = None,
    activation: BoundActivation | str | None = None,
    above: np.ndarray | LossAndTarget | None = None,
    *,
    bias: bool = True,
    index_from: int = 0,
) -> Problem:
    """The layer stated by `W` (m, n), `v` (n,) or (samples, n), `b` (m,); None is symbols, and no `bias` is no b.

    From `above` comes ∂L/∂u, or ∂L/∂a behind an activation, (m,) or (samples, m), or a loss against a target.
    ∂L/∂W and ∂L/∂b are summed over samples. Raises ShapeError if the shapes disagree or aren't known.
    """
    if b is not None and not bias:
        raise ShapeError("b is given, and the layer is to have no bias: leave one of them out")
    sizes = _sizes(W, v, b, above)
    W = symbol_tensor("W", (sizes.outputs, sizes.inputs), index_from) if W is None else W
    v = _symbols("v", sizes.inputs, sizes, index_from) if v is None else v
    if bias and b is None:
        b = symbol_tensor("b", (sizes.outputs,), index_from)
    notes: tuple[str, ...] = ()
    reached: np.ndarray | LossAndTarget
    if isinstance(above, LossAndTarget):
        reached, notes = _aims(above._replace(loss=loss_after(activation, above.loss)), sizes)
    else:
        delta = _symbols("delta", sizes.outputs, sizes, index_from) if above is None else above
        reached = rows(delta)
    given: dict[str, Any] = {"W": W, "v": v} | ({} if b is None else {"b": b})
    if activation is not None:
        given["activation"] = activation if isinstance(activation, str) else activation.label
    against = isinstance(above, LossAndTarget)
    left_out = _left_out(activation, against=against, bias=b is not None)
    return Problem(
        "linear",
        rows(v),
        (Dense(W, b, activation),),
        reached,
        {name: called for name, called in LINEAR_NAMES.items() if name not in left_out},
        many=sizes.samples is not None,
        index_from=index_from,
        output="L",
        hidden=frozenset({"s1", *(() if against else ("dz1" if activation is None else "da1",))} - left_out),
        given=given | given_above(above),
        notes=notes,
    )


def _aims(above: LossAndTarget, sizes: Sizes) -> tuple[LossAndTarget, tuple[str, ...]]:
    """The loss with its targets as (samples, outputs), classes as a 1 among zeros; and notes on them."""
    if above.loss.row.target == "class":
        aims, notes = distributions(above.target, sizes.count, sizes.outputs)
        return above._replace(target=aims), notes
    aims = rows(above.target)
    check_targets(aims, above.loss, sizes.samples is not None)
    return above._replace(target=aims), ()


def without_bias_column(W: np.ndarray | None, b: object = None) -> tuple[np.ndarray, np.ndarray]:
    """W and b from the augmented form [W | b]. Raises ShapeError where b is given besides, or no W is left."""
    if b is not None:
        raise ShapeError("b is given twice: with --bias-column it is the matrix's last column")
    if W is None or W.ndim != 2 or W.shape[1] < 2:
        raise ShapeError("--bias-column needs a --matrix [W | b] of at least two columns")
    return W[:, :-1], W[:, -1]


def shape_of(W: np.ndarray | None) -> tuple[int, int] | tuple[None, None]:
    """(outputs, inputs), so far as the matrix tells."""
    return (None, None) if W is None or W.ndim != 2 else (W.shape[0], W.shape[1])


def _left_out(activation: BoundActivation | str | None, *, against: bool, bias: bool) -> set[str]:
    """What the passes don't produce here."""
    left_out = set() if against else {"loss"}
    if activation is None:
        left_out |= {"a1", "s1", "da1"}
    elif isinstance(activation, str):
        left_out |= {"s1"}
    return left_out if bias else left_out | {"db1"}


def _symbols(letter: str, width: int, sizes: Sizes, index_from: int) -> np.ndarray:
    shape = (width,) if sizes.samples is None else (sizes.samples, width)
    return symbol_tensor(letter, shape, index_from)


def _sizes(W: np.ndarray | None, v: np.ndarray | None, b: np.ndarray | None, above: Any) -> Sizes:
    """The layer's sizes. Raises ShapeError where two of the given disagree, or none tells."""
    of_classes = isinstance(above, LossAndTarget) and above.loss.row.target == "class"
    name, reached = ("target", above.target) if isinstance(above, LossAndTarget) else ("delta", above)
    outputs, inputs = _outputs_and_inputs(W, v, b, None if of_classes else reached)
    shape = f"W is {outputs}×{inputs}, so " if W is not None else f"u has {count(outputs)}, so "
    samples = _samples("v", v, inputs, shape)
    if b is not None and b.shape != (outputs,):
        raise ShapeError(f"{shape}b needs {count(outputs)}; it has {_size(b)}")
    if reached is None:
        return Sizes(outputs, inputs, samples)
    if of_classes and _are_classes(reached, outputs, samples, any_count=v is None):
        return Sizes(outputs, inputs, samples if v is not None or reached.size == 1 else reached.size)
    others = _samples(name, reached, outputs, shape)
    if v is None:
        return Sizes(outputs, inputs, others)
    if others != samples:
        raise ShapeError(f"v has {_samples_in_words(samples)}, and {name} has {_samples_in_words(others)}")
    return Sizes(outputs, inputs, samples)


def _are_classes(target: np.ndarray, outputs: int, samples: int | None, *, any_count: bool) -> bool:
    """Whether a target is a class a sample, and not a distribution."""
    if target.ndim > 1 and target.shape[1] != 1:
        return False
    return target.size == (samples or 1) or (any_count and target.size != outputs)


def _outputs_and_inputs(
    W: np.ndarray | None, v: np.ndarray | None, b: np.ndarray | None, reached: np.ndarray | None
) -> tuple[int, int]:
    if W is not None:
        if W.ndim != 2:
            raise ShapeError(f"W is a matrix, outputs × inputs; what is given has {W.ndim} dimensions")
        return W.shape[0], W.shape[1]
    sized = b if b is not None else reached
    if v is None or sized is None:
        raise ShapeError("a layer needs --matrix, as in: netcalc linear --matrix W.csv; or --v and --b, for its shape")
    return sized.shape[-1], v.shape[-1]


def _samples(name: str, tensor: np.ndarray | None, width: int, shape: str) -> int | None:
    """How many samples a tensor holds; None for one, given as a vector. Raises ShapeError."""
    if tensor is None:
        return None
    if tensor.ndim > 2:
        raise ShapeError(f"{name} is a vector, or a row a sample; what is given has {tensor.ndim} dimensions")
    if tensor.shape[-1:] == (width,):
        return None if tensor.ndim == 1 else int(tensor.shape[0])
    if tensor.ndim < 2:
        raise ShapeError(f"{shape}{name} needs {count(width)}; it has {_size(tensor)}")
    hint = ": a sample is a row, so transpose it" if tensor.shape[0] == width else ""
    raise ShapeError(f"{shape}{name} needs {count(width)} a sample; it is {_size(tensor)}{hint}")


def _size(tensor: np.ndarray) -> str:
    return str(tensor.size) if tensor.ndim < 2 else "×".join(map(str, tensor.shape))


def _samples_in_words(samples: int | None) -> str:
    return "one sample" if samples in (None, 1) else f"{samples} samples"
