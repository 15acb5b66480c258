"""Tables whose keys are a command's flags: `[neuron]`, `[linear]` and `[grad]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from netcalc.catalogue import losses
from netcalc.catalogue.activations import BoundActivation, read
from netcalc.catalogue.names import normalised, unknown
from netcalc.errors import FileError, NetcalcError
from netcalc.models.grad import Gradient
from netcalc.models.grad import grad as state_grad
from netcalc.models.linear import linear as state_linear
from netcalc.models.net import Asked
from netcalc.models.neuron import neuron as state_neuron
from netcalc.problem import VECTOR_ACTIVATIONS, Against, Problem
from netcalc.spec.document import Document
from netcalc.spec.tensors import tensor

ABOVE = ("target", "loss", "delta", "reduction")
NEURON = ("x", "w", "b", "activation", *ABOVE)
LINEAR = ("matrix", "v", "b", "bias", "activation", *ABOVE)
GRAD = ("expressions", "at", "wrt", "order")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a document. Raises UnknownNameError for a key that is no flag, with its line."""

    document: Document
    name: str
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        content = self.document.content[self.name]
        if not isinstance(content, dict):
            raise FileError(f"{self.document.where([self.name])}: [{self.name}] is a table of the command's flags")
        for key in content:
            if key not in self.keys:
                error = unknown("key", key, self.keys, f"[{self.name}] takes {', '.join(self.keys)}")
                error.message = f"{self.document.where([self.name, key])}: {error.message}"
                raise error

    def get(self, key: str) -> Any:
        """What stands there, None for nothing."""
        return self.document.content[self.name].get(key)

    def tensor(self, key: str) -> np.ndarray | None:
        """The numbers that stand there. An error says the line."""
        given = self.get(key)
        try:
            return None if given is None else tensor(self.document, given)
        except NetcalcError as error:
            raise self.located(error, key) from None

    def text(self, key: str) -> str | None:
        """The text that stands there. Raises FileError."""
        given = self.get(key)
        if given is not None and not isinstance(given, str):
            raise FileError(f"{self.document.where([self.name, key])}: {key} is a text in quotes")
        return given

    def located(self, error: NetcalcError, key: str) -> NetcalcError:
        """The error with where it is."""
        error.message = f"{self.document.where([self.name, key])}: {key}: {error.message}"
        return error

    def above(self) -> np.ndarray | Against | None:
        """What comes from above, as the flags say it."""
        delta, target, loss, reduction = (
            self.tensor("delta"),
            self.tensor("target"),
            self.text("loss"),
            self.text("reduction"),
        )
        if loss is None or target is None:
            if loss is not None or target is not None:
                raise FileError(f"{self.document.where([self.name])}: a loss and a target go together")
            return delta
        bound = losses.loss(loss)
        return Against(target, bound, losses.reduction(reduction or bound.row.reduction or "mean"))

    def activation(self, default: str | None) -> BoundActivation | str | None:
        """The activation named there."""
        text = self.text("activation") or default
        if text is None:
            return None
        try:
            return normalised(text) if normalised(text) in VECTOR_ACTIVATIONS else read(text)
        except NetcalcError as error:
            raise self.located(error, "activation") from None


def neuron(document: Document, asked: Asked) -> Problem:
    """The neuron of a `[neuron]` table. Raises what `models.neuron` raises."""
    table = Table(document, "neuron", NEURON)
    activation = table.activation("sigmoid")
    if not isinstance(activation, BoundActivation):
        raise FileError(f"{document.where(['neuron', 'activation'])}: {activation} takes a whole layer, not one neuron")
    x, w, b = table.tensor("x"), table.tensor("w"), table.tensor("b")
    return state_neuron(x, w, b, activation, table.above(), asked.index_from)


def linear(document: Document, asked: Asked) -> Problem:
    """The layer of a `[linear]` table. Raises what `models.linear` raises."""
    table = Table(document, "linear", LINEAR)
    matrix, v, b = table.tensor("matrix"), table.tensor("v"), table.tensor("b")
    bias = table.get("bias") is not False
    return state_linear(matrix, v, b, table.activation(None), table.above(), bias=bias, index_from=asked.index_from)


def grad(document: Document, asked: Asked) -> Gradient:
    """The expressions of a `[grad]` table. Raises what `models.grad` raises."""
    table = Table(document, "grad", GRAD)
    texts, at, wrt = table.get("expressions"), table.get("at") or {}, table.get("wrt")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts or not isinstance(at, dict):
        raise FileError(f'{document.where(["grad"])}: [grad] takes expressions = ["x^2*y"] and at = {{ x = 1, y = 2 }}')
    points = {name: np.asarray(tensor(document, value)) for name, value in at.items()}
    return state_grad([str(text) for text in texts], points, wrt, table.get("order") or 1, asked.index_from)
