"""Parts and attributes of a program's values: x[i], cache['h'], x.shape, np.pi, self.W."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.expression import Constant
from netcalc.graph import build as b
from netcalc.graph.sizes import total
from netcalc.program import indexing
from netcalc.program.library.elementwise import MINUS_INFINITY
from netcalc.program.library.table import Pair
from netcalc.program.modules import WALKS, Weight, weight_of
from netcalc.program.operators import missing, there
from netcalc.program.scope import Scope
from netcalc.program.texts import UNKNOWN
from netcalc.program.training import PLACED
from netcalc.program.values import (
    Chain,
    Class,
    Function,
    LibraryFunction,
    Method,
    Missing,
    Module,
    Opaque,
    Record,
    Tensor,
    described,
    is_scalar,
    node_of,
    tree_of,
)

HOLDERS = frozenset({"self", "cls", "ctx", "params", "p", "cache"})  # of arrays as attributes, of any name
CONSTANTS = {
    "pi": Constant("pi"),
    "e": Constant("e"),
    "inf": Constant("inf"),
    "Inf": Constant("inf"),
    "NINF": MINUS_INFINITY,
    "newaxis": None,
}
OPAQUE = frozenset(
    (
        "float32 float64 float16 bfloat16 double half int32 int64 long int8 uint8 bool bool_ int_ float_ complex64 "
        "strided contiguous_format dtype device float int"
    ).split()
)
PROPERTIES = frozenset({"property", "cached_property", "functools.cached_property"})
PARTS = frozenset(
    (
        "nn functional linalg numpy special fft random lax scipy stats math autograd ops testing init utils data "
        "tree_util tree losses cuda backends mps amp distributions optim xpu kl func lib stride_tricks signal"
    ).split()
)


class Attributes(Scope):
    """Gives parts and attributes of values."""

    def part(self, owner: Any, key: Any) -> Any:
        """owner[key]."""
        match owner:
            case Tensor():
                return indexing.read(self, owner, key)
            case Missing() if isinstance(key, str):
                return self.member(self._key(key))
            case Method(Tensor() as array, "at"):
                return Method((array, key), "at")
            case Missing(name):
                raise NetcalcError(missing(self, name))
            case dict():
                if self._key(key) not in owner:
                    return self.member(key) if isinstance(key, str) else self._no_key(owner, key)
                return owner[key]
            case list() | tuple() | str() | range():
                return self._of_list(owner.layers if isinstance(owner, Chain) else owner, key)
            case Record(parts) if isinstance(key, str) and key in parts:
                return self.attribute(owner, key)
            case LibraryFunction("c_" | "r_" as name):
                return self._put_together(name, key)
            case Opaque() | LibraryFunction():
                return owner  # list[int] in a hint
            case _:
                raise NetcalcError(f"{described(owner)} has no parts")

    def _put_together(self, name: str, key: Any) -> Any:
        """np.c_[a, b], columns side by side, and np.r_[a, b], one after the other."""
        parts = list(key) if isinstance(key, tuple) else [key]
        if any(isinstance(one, slice | str) for one in parts):
            raise NetcalcError(f"np.{name} of slices or texts is not understood; write np.arange, np.concatenate")
        function = "column_stack" if name == "c_" else "hstack" if self._is_flat(parts) else "vstack"
        return self.library_call(function, "numpy", [parts], {})

    def _is_flat(self, parts: list[Any]) -> bool:
        return all(node_of(one).rank < 2 for one in parts)

    def library_call(self, name: str, library: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        """A function of a library."""
        raise NotImplementedError

    def _no_key(self, owner: dict[Any, Any], key: Any) -> Any:
        raise NetcalcError(f"the dictionary has no {key!r}; it has {', '.join(map(repr, owner))}")

    def _of_list(self, owner: Any, key: Any) -> Any:
        if isinstance(key, Tensor):
            known = self.known(key)
            if known is None or known.size != 1:
                raise NetcalcError("which item this is depends on values")
            self.decide(key)
            key = int(known.reshape(-1)[0])
        if isinstance(key, slice):
            return owner[
                slice(*(None if one is None else self._whole_key(one) for one in (key.start, key.stop, key.step)))
            ]
        return owner[there(owner, self._whole_key(key))]

    def _whole_key(self, key: Any) -> int:
        if isinstance(key, int):
            return key
        raise NetcalcError(f"{described(key)} is no item's place")

    def _is_method(self, name: str) -> bool:
        """Whether arrays have this."""
        return self.function_named(name.removesuffix("_"), Module("numpy")) or name in ("shape", "T", "ndim", "dtype")

    def member(self, name: str) -> Any:
        """params['W1'], p.W1 and self.W1: the input W1."""
        if name in self.given:
            return self.input(name)
        if name in self.top.values:
            return self.top.values[name]
        raise NetcalcError(missing(self, name))

    def _key(self, value: Any) -> Any:
        if isinstance(value, str) and UNKNOWN in value:
            raise NetcalcError("this text depends on values, and is no key that is known")
        if isinstance(value, str | int | Fraction | tuple) or value is None:
            return value
        raise NetcalcError("a dictionary's keys are texts or numbers")

    # --- attributes

    def attribute(self, owner: Any, name: str) -> Any:
        """owner.name. Raises NetcalcError for one that is not understood."""
        if name.startswith("__"):
            raise NetcalcError(f"'{name}' is not understood")
        match owner:
            case Module():
                return self._of_module(owner, name)
            case Tensor():
                return self._of_array(owner, name)
            case Missing(whose):
                if name not in self.given and whose not in HOLDERS and self._is_method(name):
                    raise NetcalcError(missing(self, whose))
                is_holder = name in HOLDERS and name not in self.given and name not in self.top.values
                return Missing(name) if is_holder else self.member(name)  # self.params['W1']
            case Class():
                is_of_class = "classmethod" in getattr(owner.parts.get(name), "decorators", ())
                return (
                    self._of_record(Record(of=owner), name)
                    if is_of_class
                    else owner.parts.get(name) or self.member(name)
                )
            case Record():
                return self._of_record(owner, name)
            case Pair() if name in ("values", "indices"):
                return owner[name == "indices"]
            case Pair() if name in ("sign", "logabsdet"):
                return owner[name == "logabsdet"]
            case list() | dict() | str() | LibraryFunction():
                return Method(owner, name)
            case Method((Tensor(), _), "at"):  # x.at[i].set
                return Method(owner.owner, name)
            case tuple() if name == "numel":
                return Method(owner, name)
            case Opaque():
                return Opaque(name)
            case _ if is_scalar(owner):
                return self._of_array(Tensor(b.number_of(tree_of(owner))), name)
        raise NetcalcError(f"{described(owner)} has no '{name}' that is understood")

    def _of_record(self, owner: Record, name: str) -> Any:
        """What an object has itself, else its class's, else the input of that name."""
        of = owner.of.parts if owner.of else {}
        found = owner.parts.get(name, of.get(name))
        if isinstance(found, Weight):
            return weight_of(self, owner, name, found)
        if isinstance(found, Tensor) and found.node in self.unnamed:
            return weight_of(self, *self.unnamed[found.node])
        if isinstance(found, Function) and name not in owner.parts:
            if found.decorators & PROPERTIES:
                return self.of_object(owner, name, [], {}, found.node)
            return Method(owner, name)
        if found is None and owner.of is not None and name in ("register_buffer", *WALKS, *PLACED):
            return Method(owner, name)
        if name == "training" and found is None and owner.of is not None and name not in self.given:
            return True
        return found if name in owner.parts or name in of else self.member(name)

    def _of_module(self, module: Module, name: str) -> Any:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if module.path.endswith("scipy.stats") and name in ("norm", "multivariate_normal"):
            return Module(f"{module.path}.{name}")
        if name == "cuda":  # as a tensor's it is a method
            return Module(f"{module.path}.{name}")
        if name == "nan":
            raise NetcalcError("nan is no number")
        if name == "finfo":
            return LibraryFunction(name, module)
        if self.function_named(name, module):
            return LibraryFunction(name, module)
        if name in PARTS:
            return Module(f"{module.path}.{name}")
        if name in OPAQUE:
            return Opaque(name)
        return LibraryFunction(name, module)

    def function_named(self, name: str, module: Module) -> bool:
        """Whether a library's function is understood."""
        raise NotImplementedError

    def _of_array(self, owner: Tensor, name: str) -> Any:
        match name:
            case "T":
                return self.made(Tensor(b.transpose(owner.node), owner.kind, owner.buffer, ()))
            case "mT" | "H" | "mH":
                return self.made(Tensor(b.swapped(owner.node), owner.kind, owner.buffer, ()))
            case "shape":
                return tuple(owner.shape)
            case "ndim":
                return owner.rank
            case "strides":
                from netcalc.program.library.windows import strides

                return strides(owner)
            case "itemsize":
                from netcalc.program.library.windows import BYTES

                return BYTES
            case "size" if self.library != "torch":
                return total(owner.shape)
            case "data":
                return self.numbers_of(owner, ".data")
            case "real":
                return owner
            case "dtype" | "device" | "is_cuda" | "requires_grad":
                return Opaque(name)
            case "grad":
                raise NetcalcError("a gradient is what netcalc derives; leave the backward pass out")
            case _:
                return Method(owner, name)
