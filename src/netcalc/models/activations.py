"""The activation that a problem names, of one neuron or of a layer."""

from __future__ import annotations

from netcalc.catalogue.activations import BoundActivation
from netcalc.catalogue.names import normalised
from netcalc.catalogue.references import read
from netcalc.errors import UnknownNameError
from netcalc.problem import VECTOR_ACTIVATIONS


def read_activation(text: str) -> BoundActivation:
    """The activation of that name, or the expression in q.

    Raises UnknownNameError, ExpressionError.
    """
    if normalised(text) in VECTOR_ACTIVATIONS:
        raise UnknownNameError(
            f"{text} acts on all outputs of a layer, and one neuron has one: it is for netcalc linear and netcalc net"
        )
    return read(text)


def read_layer_activation(text: str) -> BoundActivation | str:
    """The same, or the name of one that takes a layer's whole vector. Raises UnknownNameError, ExpressionError."""
    name, bracket, _ = normalised(text).partition("(")
    if name.strip() not in VECTOR_ACTIVATIONS:
        return read(text)
    if bracket:
        raise UnknownNameError(f"{name.strip()} has no parameters, and '{text}' gives it some")
    return name
