"""Tables whose keys are a command's flags: `[neuron]`, `[linear]` and `[grad]`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.catalogue.names import normalised, unknown
from netcalc.catalogue.references import read
from netcalc.errors import FileError, NetcalcError
from netcalc.models.grad import Gradient
from netcalc.models.grad import grad as state_grad
from netcalc.models.linear import linear as state_linear
from netcalc.models.net import NetOptions
from netcalc.models.neuron import neuron as state_neuron
from netcalc.models.targets import from_above
from netcalc.problem import VECTOR_ACTIVATIONS, LossAndTarget, Problem
from netcalc.records import dataclass
from netcalc.spec.document import Document
from netcalc.spec.tensors import tensor

ABOVE = ("target", "loss", "delta", "reduction")
NEURON = ("x", "w", "b", "activation", *ABOVE)
LINEAR = ("matrix", "v", "b", "bias", "activation", *ABOVE)
GRAD = ("expressions", "at", "wrt", "order")
KEYS = {"neuron": NEURON, "linear": LINEAR, "grad": GRAD}


@dataclass(frozen=True, slots=True)
class Table:
    """The one table of a document. Raises UnknownNameError for a key that is no flag, with its line."""

    document: Document
    name: str

    @property
    def keys(self) -> tuple[str, ...]:
        return KEYS[self.name]

    def __post_init__(self) -> None:
        for key in self.document.content:
            if key != self.name:
                raise FileError(
                    f"{self.document.where([key])}: '{key}' stands beside [{self.name}], which is all there is"
                )
        content = self.document.content[self.name]
        if not isinstance(content, dict):
            raise self.refused(f"[{self.name}] is a table of the command's flags")
        for key in content:
            if key not in self.keys:
                with self.located(key):
                    raise unknown("key", key, self.keys, f"[{self.name}] takes {', '.join(self.keys)}")

    @contextmanager
    def located(self, *place: str, said: str = "") -> Iterator[None]:
        """What is wrong in there, with where it is, and what is said of it first."""
        try:
            yield
        except NetcalcError as error:
            error.message = f"{self.document.where([self.name, *place])}: {said}{error.message}"
            raise

    def refused(self, message: str, *keys: str) -> FileError:
        """The exception for a value of another form."""
        return FileError(f"{self.document.where([self.name, *keys])}: {message}")

    def get(self, key: str, kind: type | tuple[type, ...], form: str) -> Any:
        """What stands there, None for nothing. Raises FileError for another kind of thing."""
        given = self.document.content[self.name].get(key)
        if given is None or (isinstance(given, kind) and (kind is bool or not isinstance(given, bool))):
            return given
        raise self.refused(f"{key} is {form}", key)

    def tensor(self, *place: str) -> np.ndarray | None:
        """The numbers that stand there. An error says the line."""
        given: Any = self.document.content[self.name]
        for key in place:
            given = given.get(key)
        with self.located(*place, said=f"{place[-1]}: "):
            return None if given is None else tensor(self.document, given)

    def text(self, key: str) -> str | None:
        """The text that stands there. Raises FileError."""
        found: str | None = self.get(key, str, "a text in quotes")
        return found

    def texts(self, key: str) -> list[str] | None:
        """The texts that stand there, or the only one. Raises FileError."""
        form = "a text in quotes, or a list of them"
        found = self.get(key, (str, list), form)
        listed: list[str] | None = [found] if isinstance(found, str) else found
        if listed is not None and not all(isinstance(one, str) for one in listed):
            raise self.refused(f"{key} is {form}", key)
        return listed

    def above(self) -> np.ndarray | LossAndTarget | None:
        """What comes from above, as the flags say it."""
        delta, target, loss, reduction = (
            self.tensor("delta"),
            self.tensor("target"),
            self.text("loss"),
            self.text("reduction"),
        )
        with self.located():
            return from_above(delta, target, loss, reduction)

    def activation(self, default: str | None) -> BoundActivation | str | None:
        """The activation named there."""
        text = self.text("activation") or default
        if text is None:
            return None
        with self.located("activation", said="activation: "):
            return normalised(text) if normalised(text) in VECTOR_ACTIVATIONS else read(text)


def neuron(document: Document, options: NetOptions) -> Problem:
    """The neuron of a `[neuron]` table. Raises what `models.neuron` raises."""
    table = Table(document, "neuron")
    activation = table.activation("sigmoid")
    if not isinstance(activation, BoundActivation):
        raise table.refused(f"{activation} takes a whole layer, not one neuron", "activation")
    x, w, b, above = table.tensor("x"), table.tensor("w"), table.tensor("b"), table.above()
    with table.located():
        return state_neuron(x, w, b, activation, above, options.index_from)


def linear(document: Document, options: NetOptions) -> Problem:
    """The layer of a `[linear]` table. Raises what `models.linear` raises."""
    table = Table(document, "linear")
    matrix, v, b, above = table.tensor("matrix"), table.tensor("v"), table.tensor("b"), table.above()
    activation, bias = table.activation(None), table.get("bias", bool, "true or false") is not False
    with table.located():
        return state_linear(matrix, v, b, activation, above, bias=bias, index_from=options.index_from)


def grad(document: Document, options: NetOptions) -> Gradient:
    """The expressions of a `[grad]` table. Raises what `models.grad` raises."""
    table = Table(document, "grad")
    texts, at = table.texts("expressions"), table.get("at", dict, "a table of numbers, as in { x = 1, y = 2 }") or {}
    wrt, order = table.texts("wrt"), table.get("order", int, "a whole number from 1")
    if not texts:
        raise table.refused('[grad] takes expressions = ["x^2*y"] and at = { x = 1, y = 2 }')
    if order is not None and order < 1:
        raise table.refused("order is a whole number from 1", "order")
    points = {name: np.asarray(table.tensor("at", name)) for name in at}
    with table.located():
        return state_grad(texts, points, wrt, order or 1, options.index_from)
