"""float64: NumPy's functions, BLAS, and the catalogue's stable kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.crew import multiply
from netcalc.derivation.derive import bound, derivation
from netcalc.derivation.stable import Compiled
from netcalc.errors import ShapeError, UndefinedError
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.files.cells import nearest_float
from netcalc.graph.arithmetic import Arithmetic, Axes, back, last, with_axes
from netcalc.values import to_float64

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss

Function = Callable[..., Any]

_INFINITE = {Constant("inf"): math.inf, Apply("negate", (Constant("inf"),)): -math.inf}
FEW = 16  # entries to reduce to one, up to which one entry of all rows at a time is quicker: 4 of 150,000 17 times
MANY = 1000  # rows from which on it is


class Float64(Arithmetic):
    """float64 arrays."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        infinite = tensor.dtype == object and [_INFINITE.get(tree) for tree in tensor.flat]  # as masks have them
        if not infinite or not any(infinite):
            return to_float64(tensor)
        numbers = [nearest_float(tree) if one is None else one for tree, one in zip(tensor.flat, infinite, strict=True)]
        return np.array(numbers).reshape(tensor.shape)

    def number(self, value: Fraction) -> float:
        return _nearest(value)

    def numbers(self, whole: int | np.ndarray) -> np.ndarray:
        return np.asarray(whole, dtype=np.float64)

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape)

    def whole(self, array: np.ndarray) -> np.ndarray:
        found = array.astype(np.int64)
        if not np.array_equal(found, array):
            raise ShapeError("an index is a whole number")
        return found

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        with np.errstate(all="ignore"):
            (found,) = _compiled(tree).run(lambda node: columns[node.name] if isinstance(node, Symbol) else _leaf(node))
        array = np.asarray(found, dtype=np.float64)
        return array if array.shape == shape else np.broadcast_to(array, shape)

    def activate(self, activation: BoundActivation, order: int, z: np.ndarray) -> np.ndarray:
        if activation.has_kernels:
            return activation.derivatives[order](z)
        from netcalc.arithmetic.program import derivative

        return derivative(derivation(activation).stable, order, z)

    def activate_rows(self, name: str, z: np.ndarray) -> np.ndarray:
        from netcalc.catalogue.kernels.softmax import log_softmax, softmax

        return (softmax if name == "softmax" else log_softmax)(z)

    def jacobian_product(self, name: str, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
        from netcalc.catalogue.kernels.softmax import log_softmax_product, softmax_product

        return (softmax_product if name == "softmax" else log_softmax_product)(z, delta)

    def loss(self, loss: BoundLoss, order: int, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        return (loss.value, loss.slope)[order](a, t)

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a * b)

    def accumulate(
        self, total: np.ndarray | None, term: np.ndarray, number: Fraction, shape: tuple[int, ...]
    ) -> np.ndarray:
        if total is None:
            if number != 1:
                term = np.asarray(term * _nearest(number))
                return term if term.shape == shape else np.array(np.broadcast_to(term, shape))
            return np.array(np.broadcast_to(term, shape))
        if number == 1:
            total += term
        elif number == -1:
            total -= term
        else:
            total += _nearest(number) * term
        return total

    def total(self, terms: Sequence[np.ndarray], numbers: Sequence[Fraction], shape: tuple[int, ...]) -> np.ndarray:
        if len(terms) > 1 and numbers[0] == 1 and abs(numbers[1]) == 1:  # in one pass, and no copy to add to
            begun = (np.add if numbers[1] == 1 else np.subtract)(*terms[:2])
            if begun.shape == shape:
                for term, number in zip(terms[2:], numbers[2:], strict=True):
                    begun = self.accumulate(begun, term, number, shape)
                return np.asarray(begun)
        return super().total(terms, numbers, shape)

    def sum(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        return _reduced(np.add, array, axes)

    def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return multiply(a, b)

    def extreme(self, array: np.ndarray, axes: Axes, keep: bool, *, largest: bool) -> np.ndarray:
        choice = np.maximum if largest else np.minimum
        return with_axes(_reduced(choice, array, axes), axes, array.ndim, keep)

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        chosen = array == self.extreme(array, axes, keep=True, largest=largest)
        found = np.asarray(chosen, dtype=np.float64)
        many = _reduced(np.add, found, axes)
        if (many != 1).any():
            found /= with_axes(many, axes, array.ndim, keep=True)
        return found

    def softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        powers = np.exp(array - array.max(axis=axes, keepdims=True))
        powers /= powers.sum(axis=axes, keepdims=True)
        return np.asarray(powers)

    def log_softmax(self, array: np.ndarray, axes: Axes) -> np.ndarray:
        from netcalc.catalogue.kernels.softmax import log_softmax

        rows = last(array, axes)
        flat = rows.reshape(-1, rows.shape[-1])
        return back(log_softmax(flat).reshape(rows.shape), axes, array.shape)

    def logsumexp(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        rows = last(array, axes)
        top = rows.max(axis=-1, keepdims=True)
        top = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            found = np.log(np.exp(rows - top).sum(axis=-1)) + top[..., 0]
        return with_axes(np.asarray(found), axes, array.ndim, keep)

    def norm(self, array: np.ndarray, axes: Axes, keep: bool) -> np.ndarray:
        rows = last(array, axes)
        largest = np.abs(rows).max(axis=-1, initial=0.0)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
        scaled = rows / scale[..., None]
        found = np.sqrt(np.einsum("...i,...i->...", scaled, scaled)) * scale
        return with_axes(np.asarray(found), axes, array.ndim, keep)

    def reciprocal(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(np.divide(1.0, array, out=np.zeros(array.shape), where=array != 0))

    def inverse(self, array: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(np.linalg.inv(array))
        except np.linalg.LinAlgError:
            raise UndefinedError("the matrix is singular: it has no inverse") from None

    def determinant(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.det(array))

    def logdet(self, array: np.ndarray) -> np.ndarray:
        signs, logarithms = np.linalg.slogdet(array)
        if not np.all(signs > 0):
            raise UndefinedError("logdet: the determinant is not positive, so its logarithm has no value")
        return np.asarray(logarithms)

    def cofactors(self, array: np.ndarray) -> np.ndarray:
        """det(A) A⁻ᵀ from A's singular values: U, V orthogonal, the product of the others in place of each."""
        u, values, vt = np.linalg.svd(array)
        signs = np.linalg.det(u) * np.linalg.det(vt)
        others = np.stack([np.delete(values, n, axis=-1).prod(axis=-1) for n in range(values.shape[-1])], axis=-1)
        return np.asarray((u * (signs[..., None] * others)[..., None, :]) @ vt)

    def solve(self, a: np.ndarray, b: np.ndarray, *, vector: bool) -> np.ndarray:
        try:
            found = np.linalg.solve(a, b[..., None] if vector else b)
        except np.linalg.LinAlgError:
            raise UndefinedError("the matrix is singular: the system has no unique solution") from None
        return np.asarray(found[..., 0] if vector else found)


def _nearest(value: Fraction) -> float:
    """The float64 that is nearest, or an infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _reduced(function: np.ufunc, array: np.ndarray, axes: Axes) -> np.ndarray:
    """An array reduced along axes; where they have few entries, one entry of all rows at a time."""
    rows = math.prod(array.shape[axis] for axis in axes)
    if not 1 < rows <= FEW or array.size < rows * MANY:
        return np.asarray(function.reduce(array, axis=axes))
    moved = np.moveaxis(array, axes, range(len(axes)))
    first, second, *others = (moved[index] for index in np.ndindex(moved.shape[: len(axes)]))
    found = function(first, second)
    for other in others:
        function(found, other, out=found)
    return np.asarray(found)


@lru_cache(maxsize=4096)
def _compiled(tree: Tree) -> Compiled:
    return Compiled([tree], function_of)


def _leaf(node: Tree) -> float:
    if isinstance(node, Number):
        return _nearest(node.value)
    assert isinstance(node, Constant)  # noqa: S101 - a symbol is a column
    return {"e": math.e, "pi": math.pi, "inf": math.inf}[node.name]


def function_of(node: Apply) -> Function:
    """What an operator does to float64 arrays: NumPy's function, or the catalogue's kernel."""
    known = FUNCTIONS.get(node.operator)
    if known is not None:
        return known
    kernel = bound(node).derivatives[len(node.operator) - len(node.operator.rstrip("'"))]
    return lambda q, *_: kernel(np.asarray(q, dtype=np.float64))


def _add(*terms: Any) -> Any:
    total = terms[0] + terms[1]
    for term in terms[2:]:
        total = total + term
    return total


def _multiply(*factors: Any) -> Any:
    product = factors[0] * factors[1]
    for factor in factors[2:]:
        product = product * factor
    return product


def _extreme(function: Function) -> Function:
    def applied(*values: Any) -> Any:
        best = values[0]
        for value in values[1:]:
            best = function(best, value)
        return best

    return applied


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(exponent, float) and exponent == 2:
        return base * base
    return np.power(base, exponent)


def _where(condition: Any, one: Any, other: Any) -> Any:
    """NumPy's; 1 where a condition holds and else 0 is the condition itself, which takes no choice at each entry."""
    if isinstance(one, float) and isinstance(other, float) and (one, other) == (1, 0):
        return np.asarray(condition, dtype=bool).astype(np.float64)
    return np.where(condition, one, other)


def _special(name: str) -> Function:
    """A function that NumPy lacks: by the watched one of `Program`, which goes to balls where it must."""

    def applied(*arguments: Any) -> Any:
        from netcalc.arithmetic.program import Program

        names = [f"v{n}" for n in range(len(arguments))]
        arrays = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in arguments))
        columns = {one: np.ascontiguousarray(array).reshape(-1) for one, array in zip(names, arrays, strict=True)}
        (found,) = Program([Apply(name, tuple(map(Symbol, names)))]).run(columns)
        return found.reshape(arrays[0].shape)

    return applied


# As NumPy names them: by the same name, by another, or in no one word.
_SAME = """subtract divide abs sign floor exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh less
    less_equal greater greater_equal equal"""
_OTHER = {"negate": "negative", "unequal": "not_equal", "not": "logical_not"}
_INVERSE = {f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")}
_NUMPY: Mapping[str, Function] = {
    **{name: getattr(np, name) for name in _SAME.split()},
    **{name: getattr(np, called) for name, called in (_OTHER | _INVERSE).items()},
    "add": _add,
    "multiply": _multiply,
    "power": _power,
    "where": _where,
    "sec": lambda q: 1 / np.cos(q),
    "csc": lambda q: 1 / np.sin(q),
    "cot": lambda q: 1 / np.tan(q),
    "sech": lambda q: 1 / np.cosh(q),
    "max": _extreme(np.maximum),
    "min": _extreme(np.minimum),
    "and": _extreme(np.logical_and),
    "or": _extreme(np.logical_or),
}
_SPECIAL: Mapping[str, Function] = {
    name: _special(name) for name in ("erf", "erfc", "gamma", "lgamma", "digamma", "polygamma")
}

FUNCTIONS: Mapping[str, Function] = {**_NUMPY, **_SPECIAL}
