"""Methods: of arrays, lists and texts, of a ufunc, of JAX's x.at[…]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.program import indexing
from netcalc.program.functions import Functions
from netcalc.program.library import ROWS
from netcalc.program.library.elementwise import elementwise_function
from netcalc.program.of_containers import METHODS_OF_LISTS
from netcalc.program.values import LibraryFunction, Tensor, described, node_of, stored

SORTED_IN_PLACE = "x.sort() changes the array where it is: write x = np.sort(x)"
TORCH_WORDS = frozenset({"dim", "keepdim", "unbiased", "dims", "correction"})
NUMPY_WORDS = frozenset({"axis", "keepdims", "ddof"})
MEASURED = ("size", "dim", "numel", "ndimension", "nelement", "stride", "tolist", "__len__")


class Methods(Functions):
    """Reads calls of methods."""

    def unknown(self, name: str) -> str:
        """What to say of a function that is not understood."""
        raise NotImplementedError

    def method(self, owner: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        match owner:
            case Tensor():
                return self._of_tensor(owner, name, args, keywords)
            case (Tensor() as array, key) if name in ("set", "add", "multiply", "mul", "get"):
                return self._at(array, key, name, args)
            case LibraryFunction(function) if name in ("outer", "reduce", "accumulate"):
                return self.of_ufunc(function, name, args, keywords)
            case list() | dict() | str():
                return METHODS_OF_LISTS[type(owner)](self, owner, name, args, keywords)
            case (Tensor(), _) if name not in ("numel", "count", "index"):
                raise NetcalcError(f"x.at[…].{name} is not understood; x.at[…].set, add, multiply and get are")
            case tuple() if name == "numel":
                from netcalc.graph.sizes import total

                return total(owner)
        raise NetcalcError(f"{described(owner)} has no '{name}' that is understood")

    def _of_tensor(self, owner: Tensor, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        if name in MEASURED:
            return self._measured(owner, name, args, keywords)
        plain = name if name in ROWS else name.removesuffix("_")
        if plain not in ROWS and elementwise_function(plain) is None:
            raise NetcalcError(self.unknown(name).replace(f"'{name}'", f"'.{name}()'", 1))
        if name == "unfold":
            name = "unfold_axis"
        library = "torch" if name == "norm" else self._library_of(keywords)  # NumPy's arrays have no such method
        if name == "sort" and library not in ("torch", "jax"):
            raise NetcalcError(SORTED_IN_PLACE)
        return self.library_call(name, library, [owner, *args], keywords)

    def _library_of(self, keywords: Mapping[str, Any]) -> str:
        """Whose method it is: by its words, else by the imports."""
        if TORCH_WORDS & keywords.keys():
            return "torch"
        if NUMPY_WORDS & keywords.keys():
            return "jax" if self.library == "jax" else "numpy"
        return self.library

    def _measured(self, owner: Tensor, name: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        from netcalc.graph.sizes import total

        shape = owner.shape
        match name:
            case "size":
                place = args[0] if args else keywords.get("dim")
                if place is None:
                    return tuple(shape)
                if not isinstance(place, int) or not -len(shape) <= place < len(shape):
                    raise NetcalcError(f"axis {place} is not there: it has {len(shape)}")
                return shape[place]
            case "dim" | "ndimension":
                return len(shape)
            case "numel" | "nelement":
                return total(shape)
        if name != "tolist":
            raise NetcalcError(f"'{name}' is not understood")
        return self._listed(self.numbers_of(owner, ".tolist()"))

    def _listed(self, value: Tensor) -> Any:
        return [self._listed(one) for one in self.items(value)] if value.rank else value

    def _at(self, array: Tensor, key: Any, how: str, args: list[Any]) -> Any:
        """JAX's x.at[key].set(value)."""
        part = indexing.part_of(self, array, key)
        if how == "get":
            return indexing.read(self, array, key)
        value = stored(array.kind, args[0])
        if how == "add":
            return indexing.added_into(self, array, part, value)
        if how in ("multiply", "mul"):
            value = b.multiply(b.index(array.node, part.key, list(part.arrays)), value)
        found = indexing.written_into(self, array, part, value, stays=True)
        return Tensor(found.node, found.kind, zero=found.zero)

    def of_ufunc(self, function: str, how: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        """np.add.reduce, np.subtract.outer."""
        if how == "outer":
            left, right = (node_of(one) for one in args)
            wide = b.index(left, [*[b.EVERYTHING] * left.rank, *[None] * right.rank])
            return self.library_call(function, "numpy", [Tensor(wide), Tensor(right)], {})
        names = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}
        running = {"add": "cumsum", "multiply": "cumprod", "maximum": "cummax", "minimum": "cummin"}
        if how == "accumulate" and function in running:
            named = {} if len(args) > 1 else {"axis": 0, **keywords}
            return self.library_call(running[function], "numpy", args, named)
        if how != "reduce" or function not in names:
            raise NetcalcError(f"{function}.{how} is not understood")
        return self.library_call(names[function], "numpy", args, {} if len(args) > 1 else {"axis": 0, **keywords})
