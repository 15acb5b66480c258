"""A net's file as a problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from netcalc.catalogue import losses
from netcalc.errors import ExpressionError, FileError, NetcalcError
from netcalc.expression import Tree
from netcalc.models.activations import read_layer_activation
from netcalc.models.net import Layer, NetData, NetOptions
from netcalc.models.net import net as state
from netcalc.models.weighing import BOUNDS, ObjectiveData, read_option
from netcalc.problem import Problem
from netcalc.spec.document import Document, Place
from netcalc.spec.schema import check, spelled
from netcalc.spec.tensors import tensor

T = TypeVar("T")


def net(document: Document, options: NetOptions) -> Problem:
    """The net that a file states. Raises what `models.net` raises, and FileError with the line of a bad key."""
    check(document, "net")
    layers = [_layer(document, number) for number in range(len(document.content["layers"]))]
    data = NetData(
        _read(document, ["input"], tensor),
        _read(document, ["target"], tensor),
        _read(document, ["delta"], tensor),
        _read(document, ["loss"], lambda _, text: losses.loss(text)),
        _read(document, ["reduction"], lambda _, text: losses.reduction(text)),
        _objective(document),
    )
    try:
        return state(layers, data, options._replace(given=document.content))
    except NetcalcError as error:
        error.message = f"{document.where([error.key]) if error.key else document.name}: {error.message}"
        raise


def _objective(document: Document) -> ObjectiveData:
    numbers = {key: _read(document, [key], partial(_option, key)) for key in BOUNDS}
    return ObjectiveData(
        **numbers, ignore_index=document.content.get("ignore_index"), weights=_read(document, ["weights"], tensor)
    )


def _option(key: str, document: Document, value: object) -> Tree:
    return read_option(key, tensor(document, value))


def _layer(document: Document, number: int) -> Layer:
    place: Place = ["layers", number]
    stated = document.content["layers"][number]
    if "seed" in stated and "init" not in stated:
        raise FileError(f"{document.where([*place, 'seed'])}: {spelled([*place, 'seed'])} is for init, which it lacks")
    return Layer(
        _read(document, [*place, "W"], tensor),
        _read(document, [*place, "b"], tensor),
        _read(document, [*place, "activation"], lambda _, text: read_layer_activation(text)),
        stated.get("size"),
        stated.get("init"),
        stated.get("seed", document.content.get("seed", 0)),
    )


def _read(document: Document, place: Place, read: Callable[[Document, Any], T]) -> T | None:
    """What stands at a place, read; None where nothing does. An error says the line."""
    value: Any = document.content
    for key in place:
        if isinstance(value, dict) and key not in value:
            return None
        value = value[key]
    try:
        return read(document, value)
    except NetcalcError as error:
        error.message = f"{document.where(place)}: {_said(error, place)}"
        raise


def _said(error: NetcalcError, place: Place) -> str:
    if isinstance(error, ExpressionError) and place[-1] != "activation":
        return f"{spelled(place)}: {error.message}"
    return error.message if "unknown" in error.message[:8] else f"{spelled(place)}: {error.message}"
