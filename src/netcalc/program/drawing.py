"""First values that a file of layers draws or states itself: inputs, each by its own name, with numbers for them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.product import as_number
from netcalc.program.conditions import Conditions
from netcalc.program.frames import Given
from netcalc.program.library import RANDOM
from netcalc.program.values import Module, Opaque, Tensor, is_scalar, node_of

PARTS = 8  # numbers that stand for drawn ones are eighths
SPAN, STEP = 23, 7  # and come round after so many, so far apart
BY_SIZES = ("randn", "rand")  # whose arguments are sizes
BY_SHAPE = ("standard_normal", "random", "random_sample")  # whose first argument is the shape
UNFILLED = ("empty", "Tensor", "FloatTensor", "DoubleTensor")  # of sizes, whose numbers are none yet
GENERATORS = ("default_rng", "RandomState")
KEYS = ("PRNGKey", "fold_in", "key")  # of JAX's, which are split


class Drawing(Conditions):
    """Reads what is drawn at random, where that is allowed."""

    differentiated: frozenset[str] = frozenset()  # attributes that the file has gradients of
    is_shape_read = False  # what is drawn is read for its shape alone

    def first_values(self, target: ast.expr, node: ast.expr, name: str) -> Tensor | None:
        """The input that an attribute or a name is, if its first values are drawn; or those of an array of one number,
        where an object's gradient by it is taken.
        """
        is_random = _draws(node)
        is_own = isinstance(target, ast.Attribute | ast.Subscript) and self.frame.name.endswith("__init__")
        if not is_random and not (is_own and name in (*self.differentiated, *self.given)):
            return None
        try:
            value = self._first_value(node)
        except NetcalcError:
            if is_own and name in self.given:
                return self.input(name)
            raise
        number = as_number(value.node) if isinstance(value, Tensor) else None
        if not isinstance(value, Tensor) or (number is None and not is_random):
            return None
        if not value.rank and not is_random:
            return None
        if name in self.given and name not in self.inputs:
            return self.input(name)
        if not name:
            raise NetcalcError("what is drawn at random needs a name: assign it first")
        return self.drawn(name, value.shape, None if is_random else number)

    def _first_value(self, node: ast.expr) -> Any:
        """An expression, of which what is drawn at random is read for its shape alone."""
        before, self.is_shape_read = self.is_shape_read, True
        try:
            return self.value(node)
        finally:
            self.is_shape_read = before

    def shape_of(self, node: ast.expr) -> tuple[Any, ...]:
        """The shape of what an expression draws at random."""
        return node_of(self._first_value(node)).shape

    def drawn(self, name: str, shape: Sequence[Any], number: Fraction | None = None) -> Tensor:
        """An input of a name that is still free, with numbers that stand for what is drawn, or with one throughout."""
        key, count = name, 1
        while key in self.given or key in self.inputs or key in self.top.values:
            count += 1
            key = f"{name}_{count}"
        self.given = {**self.given, key: Given(tuple(shape), fractional=True)}
        if all(isinstance(size, int) for size in shape):
            many = int(np.prod(shape, dtype=np.int64))
            start = len(self.drawn_values)
            numbers = [((start + STEP * n) % SPAN - SPAN // 2) or PARTS for n in range(many)]
            entries = [Number(Fraction(one, PARTS) if number is None else number) for one in numbers]
            array = np.empty(many, dtype=object)
            array[:] = entries
            self.drawn_values[key] = array.reshape(shape)
        return self.input(key)

    def library_call(self, name: str, library: str, args: list[Any], keywords: Any) -> Any:
        if name in KEYS or (name == "split" and args and isinstance(args[0], Opaque)):
            return Opaque(name)
        if name in GENERATORS and not self.is_shape_read:
            return Module("numpy.random")
        sizes = name in UNFILLED and all(isinstance(one, int) or is_scalar(one) for one in args)
        if self.is_shape_read and (name in RANDOM or sizes):
            return Tensor(b.number(1, _shape(name, args, keywords)))
        return super().library_call(name, library, args, keywords)


def _draws(node: ast.expr) -> bool:
    return bool(called_names(node) & RANDOM - set(GENERATORS))


def is_unfilled(node: ast.expr) -> bool:
    """Whether an expression makes an array of sizes alone, as torch.FloatTensor(3, 2) does."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and _last(one.func) in UNFILLED]
    return bool(calls) and not any(isinstance(arg, ast.List | ast.Tuple) for one in calls for arg in one.args)


def called_names(node: ast.expr) -> set[str]:
    """The last names of all that is called in an expression."""
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return set(map(_last, calls))


def _last(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _shape(name: str, args: list[Any], keywords: Any) -> tuple[Any, ...]:
    """The shape of what a function draws."""
    if name in (*BY_SIZES, *UNFILLED) and not (args and isinstance(args[0], tuple | list)):
        return tuple(args)
    found = (
        args[0] if name in (*BY_SHAPE, *BY_SIZES) and args else keywords.get("size", args[-1] if len(args) > 2 else ())
    )
    return tuple(found) if isinstance(found, tuple | list) else (found,)
