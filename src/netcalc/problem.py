"""What is asked, frozen: the tensors given, the layers between them, and what comes from above.

A given tensor is an object array of trees (exact numbers, symbols) or a float64 array; what was left out is symbols.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import by_place
from netcalc.catalogue.activations import BoundActivation
from netcalc.expression import Symbol, Tree, symbols
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss, Reduction

VECTOR_ACTIVATIONS = ("softmax", "log_softmax")


class Dense(NamedTuple):
    """a = φ(W v + b): `W` (m, n), `b` (m,) or None, `activation` elementwise, one of VECTOR_ACTIVATIONS, or None.

    With a `temperature` T it is softmax(z/T).
    """

    W: np.ndarray
    b: np.ndarray | None
    activation: BoundActivation | str | None = None
    temperature: Tree | None = None

    @property
    def activation_label(self) -> str:
        """The activation's name with its parameters; `identity` for none."""
        if self.activation is None:
            return "identity"
        return self.activation if isinstance(self.activation, str) else self.activation.label


class Weighing(NamedTuple):
    """How much each class counts in a sample's cross-entropy: t = w ∘ ((1 - ε) y + ε/n), y being the target.

    `smoothing` is ε, `weights` (n,) are w. Where it `ignores` samples, their rows of y are 0, and so are those of t.
    `total` is what a mean divides by: the sum of the weights of the samples' classes; None for the number of samples.
    """

    smoothing: Tree | None = None
    weights: np.ndarray | None = None
    ignores: bool = False
    total: Fraction | None = None


class LossAndTarget(NamedTuple):
    """A loss from above: `target` (samples, outputs), or class indices (samples,) for a loss by sample.

    With a `temperature` T the loss is that of the outputs divided by T.
    """

    target: np.ndarray
    loss: BoundLoss
    reduction: Reduction
    weighing: Weighing | None = None
    temperature: Tree | None = None

    def factor(self, samples: int, outputs: int) -> Fraction:
        """What the summed loss is multiplied by."""
        if self.weighing and self.weighing.total is not None:
            return 1 / self.weighing.total
        return self.reduction.factor(samples, outputs, by_sample=self.loss.by_sample)

    @property
    def given(self) -> dict[str, np.ndarray]:
        """What it is given, by name: the targets `t`, or `y` and `w` that t is made of."""
        if self.weighing is None:
            return {"t": self.target}
        weights = {} if self.weighing.weights is None else {"w": self.weighing.weights}
        return {"y": self.target, **weights}


class Label(NamedTuple):
    """How one thing that the passes produce is called, and what it looks like in this command.

    `shape` picks the part that is shown: () for a scalar, (-1,) for a vector; None keeps it.
    """

    name: str
    shape: tuple[int, ...] | None = None


class Problem(NamedTuple):
    """Layers, their input `x` (samples, n), and what comes from above: `delta` (samples, outputs) or a loss.

    The passes call things x, W1, b1, z1, a1, …, loss; `names` says what the command calls them, in the order in
    which they are shown; `hidden` are those that only the steps and the table show. `per_sample` keeps the
    gradients of W and b apart by sample. `given` is what was stated, for the record. `lr` asks for the weights after
    a step of gradient descent, `trace` for every path from one weight to the loss: `W1` and its index. `decay` is
    λ of weight decay, which adds λ/2 times the squares of all weights to what is differentiated.
    """

    command: str
    x: np.ndarray
    layers: tuple[Dense, ...]
    upstream: np.ndarray | LossAndTarget
    names: Mapping[str, Label]
    many: bool = False
    per_sample: bool = False
    index_from: int = 0
    output: str = "L"
    hidden: frozenset[str] = frozenset()
    given: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()
    lr: Tree | None = None
    trace: tuple[str, tuple[int, ...]] | None = None
    decay: Tree | None = None

    @property
    def tensors(self) -> tuple[np.ndarray, ...]:
        """Everything given."""
        of_layers = [tensor for layer in self.layers for tensor in (layer.W, layer.b) if tensor is not None]
        above = self.upstream.target if isinstance(self.upstream, LossAndTarget) else self.upstream
        return (self.x, *of_layers, above)

    @property
    def size(self) -> int:
        """How many numbers are given."""
        return sum(tensor.size for tensor in self.tensors)

    @property
    def work(self) -> int:
        """Multiplications of one forward pass, more or less."""
        return len(self.x) * sum(layer.W.size for layer in self.layers)

    @property
    def is_fused(self) -> bool:
        """Whether the loss is cross-entropy of the last layer's softmax: its slope before that is a - t."""
        loss = self.upstream.loss if isinstance(self.upstream, LossAndTarget) else None
        return loss is not None and loss.of_probabilities and self.layers[-1].activation == "softmax"

    def given_name(self, name: str) -> str:
        """What the command calls x, W1 or b1: its gradient's name without the d."""
        called = self.names.get(f"d{name}")
        return called.name.removeprefix("d") if called else name

    def shaped(self, array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
        """The part of an array that the command shows; the samples' axis stays in front where there are many."""
        if shape is None:
            return array
        return array.reshape((len(self.x), *shape) if self.many else shape)


def element(name: str, index: tuple[int, ...], index_from: int = 0, *, bracketed: bool = False) -> str:
    """The name of one element: `x0`, `W[0,1]`, and with a layer's number, or where it is `bracketed`, `b1[0]`."""
    return labelled(name, [str(place + index_from) for place in index], bracketed=bracketed)


def labelled(name: str, places: Sequence[str], *, bracketed: bool = False) -> str:
    """The same from places as they are written, which may be letters: `v[k]`, `W[k,0]`."""
    if not places:
        return name
    of_layer = name.removesuffix("_new")[-1].isdigit()  # b2, and b2_new after a step
    bare = len(places) == 1 and places[0].isdigit() and not of_layer and not bracketed
    return name + places[0] if bare else f"{name}[{','.join(places)}]"


def derivative(output: str, by: Sequence[str]) -> str:
    """The long name of a derivative: `df/dx`, `d2f/(dx dy)`, `d3f/dx^3`."""
    order = len(by)
    if order == 1:
        return f"d{output}/d{by[0]}"
    below = f"d{by[0]}^{order}" if len(set(by)) == 1 else f"({' '.join(f'd{name}' for name in by)})"
    return f"d{order}{output}/{below}"


def of_gradient(name: str, of: str | None) -> str:
    """What a gradient is of: `x` of `dx`, and of `df/dx`, as it is called where something else is called dx."""
    return name.removeprefix(f"d{of}/").removeprefix("d")


def derivative_in_short(by: Sequence[str]) -> str:
    """The short name of a derivative: `dx`, `dxdy`, `d3x`."""
    return f"d{len(by)}{by[0]}" if len(by) > 2 else "".join(f"d{name}" for name in by)


def symbol_tensor(name: str, shape: tuple[int, ...], index_from: int = 0) -> np.ndarray:
    """A tensor of the symbols that its elements are called."""
    return by_place(lambda *index: Symbol(element(name, index, index_from)), shape)


def by_element(tensors: Mapping[str, np.ndarray], index_from: int = 0) -> dict[str, Any]:
    """The entries of tensors, by the names of the elements."""
    return {
        element(name, index, index_from): array[index]
        for name, array in tensors.items()
        for index in np.ndindex(array.shape)
    }


def given_tensors(problem: Problem) -> dict[str, np.ndarray]:
    """What was given, by the names that the command's formulas have for it; of one sample, vectors."""
    row = None if problem.many else (-1,)
    given = {"x": problem.shaped(problem.x, row)}
    for number, layer in enumerate(problem.layers, 1):
        given |= {f"W{number}": layer.W} | ({} if layer.b is None else {f"b{number}": layer.b})
    above = problem.upstream.given if isinstance(problem.upstream, LossAndTarget) else {"delta": problem.upstream}
    named = {problem.given_name(name): array for name, array in given.items()}
    return named | {name: array if name == "w" else problem.shaped(array, row) for name, array in above.items()}


def free_names(tensors: Iterable[np.ndarray]) -> tuple[str, ...]:
    """The symbols that stand in given tensors, in order of appearance."""
    found: dict[str, None] = {}
    for tensor in tensors:
        if tensor.dtype == object:
            for tree in tensor.flat:
                found |= dict.fromkeys(symbols(tree))
    return tuple(found)


def rows(tensor: np.ndarray) -> np.ndarray:
    """A vector as one sample, samples as they are: (n,) -> (1, n)."""
    return tensor.reshape(1, -1) if tensor.ndim < 2 else tensor


def count(numbers: int) -> str:
    """A number of numbers in words: `1 number`, `2 numbers`."""
    return f"{numbers} number" if numbers == 1 else f"{numbers} numbers"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `x, y and z`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def given_above(above: np.ndarray | LossAndTarget | None) -> dict[str, Any]:
    """What was stated to come from above, for the record."""
    if isinstance(above, LossAndTarget):
        return {"target": above.target, "loss": above.loss.label, "reduction": above.reduction.name}
    return {} if above is None else {"delta": above}
