"""Calls: of a library's functions and methods, of Python's own, of the program's."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY
from netcalc.program.builtins import BUILTINS, OF_MODULES
from netcalc.program.finfo import finfo
from netcalc.program.kinds import is_instance, is_of_floats, of_kind
from netcalc.program.library import (
    BY_ORDER,
    CLASSES,
    DEFAULTS,
    IN_PLACE,
    LAYERS_WITH_WEIGHTS,
    RANDOM,
    ROWS,
    function_of,
)
from netcalc.program.library.elementwise import apply_function, elementwise_function
from netcalc.program.library.table import Row
from netcalc.program.methods import Methods
from netcalc.program.modules import OF_MODULES as OF_WEIGHTS
from netcalc.program.modules import WALKS, parameters, set_training
from netcalc.program.operators import missing
from netcalc.program.signature import bound
from netcalc.program.source import LIBRARY
from netcalc.program.training import MODES, PLACED, is_unread
from netcalc.program.training import OF_MODULES as AROUND
from netcalc.program.values import (
    LIBRARIES,
    Chain,
    Class,
    Configured,
    Derived,
    Function,
    LibraryFunction,
    Mapped,
    Method,
    Missing,
    Module,
    Opaque,
    Partial,
    Record,
    Tensor,
    described,
    is_scalar,
    kind_named,
    kind_of,
    of_list,
)
from netcalc.records import dataclass

HARMLESS = frozenset({"jit", "compile", "checkpoint", "remat", "custom_fwd", "script"})
LOOPS = {
    **dict.fromkeys(("while_loop", "map"), "a for loop over range(n)"),
    **dict.fromkeys(("reduce", "switch"), "its lines out, with a for loop or an if"),
    **dict.fromkeys(
        ("tree_flatten", "tree_unflatten", "multimap"),
        "the arrays one by one, or in a list: for W in [W1, W2]",
    ),
}
TRANSFORMS: Mapping[str, str] = {  # by what `transforms` calls them
    **dict.fromkeys(("jax.vmap", "torch.vmap", "torch.func.vmap", "functorch.vmap"), "vmap"),
    "jax.lax.scan": "scan",
    "jax.lax.associative_scan": "associative_scan",
    "jax.lax.fori_loop": "fori_loop",
    "jax.lax.cond": "cond",
    "jax.lax.map": "over_items",
    **{
        f"jax.{path}{name}": f"tree_{name}"
        for path in ("tree.", "tree_", "tree_util.tree_")
        for name in ("map", "leaves", "reduce")
    },
    **dict.fromkeys(("numpy.apply_along_axis", "jax.numpy.apply_along_axis"), "along_axis"),
}
DERIVATIVES: Mapping[str, str] = {
    **dict.fromkeys(("jax.grad", "torch.func.grad", "autograd.grad"), "grad"),
    **dict.fromkeys(("jax.value_and_grad", "autograd.value_and_grad"), "value_and_grad"),
    **dict.fromkeys(("jax.jacobian", "jax.jacfwd", "jax.jacrev", "torch.func.jacrev", "torch.func.jacfwd"), "jacobian"),
    **dict.fromkeys(("jax.hessian", "torch.func.hessian", "autograd.hessian"), "hessian"),
}
CALLED_AT_ONCE = {  # which give gradients, and no function of any arguments
    "torch.autograd.grad": "autograd",
    **{f"{library}.{name}": name for library in ("jax", "torch.func") for name in ("vjp", "jvp")},
}
EINOPS = frozenset({"rearrange", "reduce", "repeat", "einsum"})
UNIMPORTED = {  # what is known by its name where nothing bears it, as imports are not read
    **{name: LibraryFunction(name, Module("einops")) for name in ("rearrange", "reduce", "repeat")},
    **{name: LibraryFunction(name, Module("tqdm")) for name in ("tqdm", "trange")},
}
LEAVES = frozenset({"Parameter", "requires_grad_"})
ON_SCALARS = frozenset({"floor", "ceil", "trunc", "prod", "comb", "factorial", "isqrt", "gcd"})


@dataclass(frozen=True)
class Call:
    """A call of a library's function, as its row may ask about it."""

    name: str
    library: str
    reader: Calls

    def note(self, text: str) -> None:
        self.reader.note(text)

    def known(self, value: Any) -> np.ndarray | None:
        return self.reader.known(value)

    def picked(self, value: Any) -> np.ndarray | None:
        return self.reader.picked(value)

    def rounded(self, value: Tensor, how: str | None = None) -> Tensor:
        """The array cut to whole numbers, where it is not of such: those that it has at the numbers given."""
        if value.kind != "float" or self.reader.may_be_whole(value):
            return value
        size = b.elementwise("floor", b.elementwise("abs", value.node))
        whole = self.reader.at_point(b.multiply(b.elementwise("sign", value.node), size))
        if whole is None:
            raise NetcalcError(f"{how or self.name} rounds, which has no gradient: leave it out, or give whole numbers")
        return Tensor(b.array(whole), "int")

    def index(self, value: Any, extent: Any = None) -> None:
        self.reader.index(value, extent)

    def numbers_of(self, value: Any, how: str) -> Any:
        return self.reader.numbers_of(value, how)


class Calls(Methods):
    """Reads calls."""

    def _call(self, node: ast.Call) -> Any:
        if (above := self.method_above(node.func)) is not None:
            return self.function(above[0], [above[1], *self.values(node.args)], self._keywords(node), node)
        called = self._called(node.func)
        if isinstance(called, LibraryFunction | Method) and (found := self._unread(called, node)) is not None:
            return found[0]
        args = self.values(node.args)
        keywords = self._keywords(node)
        into = self._written_into(called, args, keywords)
        found = self.call(called, args, keywords, node)
        return found if into is None else self.written(node, called, into, found)

    def _keywords(self, node: ast.Call) -> dict[str, Any]:
        """The arguments that a call gives by name, and those of a dictionary behind **."""
        found: dict[str, Any] = {}
        for one in node.keywords:
            value = self.value(one.value)
            found |= value if one.arg is None else {one.arg: value}
        return found

    def _written_into(self, called: Any, args: list[Any], keywords: dict[str, Any]) -> Any:
        """What a call writes its result into, if anything: out=y, the x of x.add_(1), relu(x, inplace=True)."""
        match called:
            case LibraryFunction(name) | Method(Tensor(), name):
                out = keywords.pop("out", None)
                if out is not None:
                    return out
                is_in_place = name in IN_PLACE or (name.endswith("_") and not name.endswith(("__", "requires_grad_")))
            case Configured(_, _, settings):
                is_in_place = settings.get("inplace") is True
            case _:
                return None
        if not is_in_place and keywords.get("inplace") is not True:
            return None
        return called.owner if isinstance(called, Method) else args[0] if args else None

    def written(self, node: ast.Call, called: Any, old: Any, found: Any) -> Any:
        """What a call gives that is written into an array."""
        raise NotImplementedError

    def _called(self, node: ast.expr) -> Any:
        """What is called; PyTorch's x.size() is a method, where NumPy's x.size is a number."""
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "size"
            and isinstance(owner := self.value(node.value), Tensor)
        ):
            return Method(owner, "size")
        found = self.value(node)
        if isinstance(found, Missing) and isinstance(node, ast.Name):
            return UNIMPORTED.get(node.id, found)
        return found

    def _unread(self, called: Any, node: ast.Call) -> tuple[Any] | None:
        """hasattr and isinstance look at what is there, their first argument alone is read; an optimizer's are not."""
        if isinstance(called, LibraryFunction) and is_unread(called.module.path):
            if called.module.path.startswith("torch.optim"):
                self.training.add(node.lineno)
            return (Opaque(called.name),)
        if isinstance(called, LibraryFunction) and called.module.path == "builtins":
            if called.name == "hasattr" and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
                owner = self.value(node.args[0])
                if isinstance(owner, Module):
                    return (self.function_named(str(node.args[1].value), owner),)
                return (isinstance(owner, Tensor) and self._is_method(str(node.args[1].value)),)
            if called.name == "isinstance" and len(node.args) == 2:
                return (is_instance(self.value(node.args[0]), ast.unparse(node.args[1])),)
        return None

    def call(self, called: Any, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """called(…). Raises NetcalcError."""
        for one in (*args, *keywords.values()):
            if isinstance(one, Missing) and not isinstance(called, Function):
                raise NetcalcError(missing(self, one.name))
        match called:
            case Function():
                return self.function(called, args, keywords, node)
            case LibraryFunction(name, module):
                return self._of_module_call(name, module, args, keywords)
            case Class():
                return self.instance(called, args, keywords, node)
            case Record(_, Class(_, methods)) if "forward" in methods or "__call__" in methods:
                return self.of_object(called, "forward" if "forward" in methods else "__call__", args, keywords, node)
            case Method(Record(parts, Class(_, methods)) as owner, name):
                if name == "register_buffer" and name not in methods:
                    return parts.update({args[0]: args[1]})
                if name in PLACED and name not in methods:
                    return self._placed(owner, name, args)
                if name in WALKS and name not in methods:
                    return self._weights(owner, name)
                return self.of_object(owner, name, args, keywords, node)
            case Method(Configured() | Chain() as owner, name):
                return self._weights(owner, name) if name in WALKS else self._placed(owner, name, args)
            case Method(owner, name):
                return self.method(owner, name, args, keywords)
            case Configured(name, own, settings):
                return self.library_call(name, "torch", [*args, *own], {**settings, **keywords})
            case Chain(layers):
                for one in layers:
                    args = [self.call(one, args, {}, node)]
                return args[0]
            case Partial(function, first, own):
                return self.call(function, [*first, *args], {**own, **keywords}, node)
            case Mapped():
                from netcalc.program.transforms import mapped

                return mapped(self, called, [*args, *keywords.values()])
            case Derived():
                from netcalc.program.derivatives import called as derived

                return derived(self, called, args, keywords)
            case Opaque():
                return self._converted(called.name, args)
            case Missing(name):
                raise NetcalcError(self.unknown(name))
            case _:
                raise NetcalcError(f"{described(called)} is no function")

    def _placed(self, owner: Any, name: str, args: list[Any]) -> Any:
        """model.to(device), model.eval()."""
        if name in MODES:
            set_training(owner, trains=name == "train" and args != [False])
        return owner

    def _weights(self, owner: Any, name: str) -> list[Any]:
        """model.parameters()."""
        found = parameters(self, owner)
        return list(found.values() if name == "parameters" else found.items())

    def _converted(self, name: str, args: list[Any]) -> Any:
        """np.float32(x)."""
        if len(args) == 1 and (isinstance(args[0], Tensor) or is_scalar(args[0])):
            return args[0]
        return Opaque(name)

    # --- a library's

    def attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, Configured | Chain) and name in (*PLACED, *WALKS):
            return Method(owner, name)
        return super().attribute(owner, name)

    def function_named(self, name: str, module: Module) -> bool:
        return name in ROWS or elementwise_function(name) is not None or (module.path == "torch.nn" and name in CLASSES)

    def has_builtin(self, name: str) -> bool:
        return name in BUILTINS or name in ("hasattr", "isinstance", "print")

    def _of_module_call(self, name: str, module: Module, args: list[Any], keywords: dict[str, Any]) -> Any:
        own = BUILTINS if module.path == "builtins" else {**OF_MODULES, **AROUND, **OF_WEIGHTS}.get(module.path, {})
        path = f"{module.path}.{name}"
        if path in DERIVATIVES and args:
            argnums = keywords.get("argnums", args[1] if len(args) > 1 else 0)
            return Derived(DERIVATIVES[path], args[0], argnums, keywords.get("has_aux") is True)
        if path in CALLED_AT_ONCE:
            from netcalc.program import derivatives

            return getattr(derivatives, CALLED_AT_ONCE[path])(self, *args, **keywords)
        if (transform := TRANSFORMS.get(path)) is not None:
            from netcalc.program import transforms

            return getattr(transforms, transform)(self, *args, **keywords)
        if module.path.startswith(("scipy.stats", "jax.scipy.stats", "torch.dist", "torch.nn")):
            if self.source.name != LIBRARY:
                self.place = (self.source, self.reading)
            if module.path != "torch.nn.functional":
                from netcalc.program.written import written

                if (found := written(self, module.path, name)) is not None:
                    return self.call(found, args, keywords, ast.Pass())
        if module.path == "einops" and name in EINOPS:
            from netcalc.program import einops

            return self.made(getattr(einops, name)(self, *args, **keywords))
        if name in own or own is BUILTINS:
            if name not in own:
                raise NetcalcError(self.unknown(name))
            found = own[name](self, *args, **keywords)
            return self.made(found) if isinstance(found, Tensor) and not any(found is one for one in args) else found
        root = module.path.partition(".")[0]
        if name == "namedtuple":
            fields = args[1].replace(",", " ").split() if isinstance(args[1], str) else args[1]
            return Class(args[0], {}, tuple(fields))
        if name == "OrderedDict" and root == "collections":
            return dict(*args, **keywords)
        if root not in LIBRARIES:
            raise NetcalcError(f"'{name}' of {root} is not understood; numpy, torch, jax, scipy and math are")
        if name in CLASSES and name not in ROWS:
            return Configured(
                function_of(name), tuple(args), keywords if args else {**DEFAULTS.get(name, {}), **keywords}
            )
        if name == "Sequential" and root == "torch":
            return Chain(tuple(args))
        if name in ("ModuleList", "ParameterList") and root == "torch":
            return [*args[0]] if args else []
        if name in ("ModuleDict", "ParameterDict") and root == "torch":
            return Record(dict(*args))
        if name in HARMLESS and args:
            return args[0]
        if name == "finfo" and len(args) == 1:
            return finfo(args[0])
        library = "numpy" if name == "norm" and module.path == "torch.linalg" else module.library
        return self.library_call(name, library, args, keywords)

    def library_call(self, name: str, library: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        """A row of the table, or a function of expressions. Raises NetcalcError."""
        plain = name.removesuffix("_") if name not in ROWS else name
        if library == "math":
            args = [self.numbers_of(one, f"math.{name}(…)") for one in args]
        if library == "math" or (plain not in ROWS and all(is_scalar(one) for one in args) and args):
            found = self._of_numbers(plain, args)
            if found is not None:
                return found
        row = ROWS.get(plain)
        if row is not None and not (plain in ("max", "min") and self._is_pairwise(args, keywords)):
            found = self._of_row(row, Call(plain, library, self), args, keywords)
            return found if any(found is one for one in args) else self.made(found)
        function = elementwise_function(plain)
        if library != "math" and len(args) > 2 and plain in ("maximum", "minimum", "fmax", "fmin"):
            raise NetcalcError(f"{name} takes 2 arguments; the array that it writes into is out=…")
        if function is None:
            raise NetcalcError(self.unknown(name))
        return self.made(apply_function(plain, function, [self._array(one) for one in args], keywords))

    def _array(self, value: Any) -> Any:
        return Tensor(of_list(list(value)), kind_of(value)) if isinstance(value, list | tuple) and value else value

    def _is_pairwise(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
        """torch.max(x, y)."""
        other = keywords.get("other", args[1] if len(args) > 1 else None)
        return isinstance(other, Tensor)

    def _of_numbers(self, name: str, args: list[Any]) -> Any:
        """math.floor and its kin, of numbers."""
        if name not in ON_SCALARS:
            return None
        from netcalc.program.builtins import of_numbers

        return of_numbers(name, args)

    def _of_row(self, row: Row, call: Call, args: list[Any], keywords: Mapping[str, Any]) -> Any:
        found = bound(call.name, row.signature, args, keywords, self._counted_or_itself)
        built = row.build(call, *found) if row.asks else row.build(*found)
        value = row.finish(built, found)
        if (
            isinstance(value, Tensor)
            and kind_named(keywords.get("dtype")) == "int"
            and (value.node.operation is ARRAY or any(is_of_floats(one) for one in found))
        ):
            value = call.rounded(value, "dtype=int")
        if isinstance(value, Tensor) and (keywords.get("requires_grad") is True or call.name in LEAVES):
            value = self.leaf(value)
        return self._all_checked(of_kind(value, keywords.get("dtype")))

    def _counted_or_itself(self, value: Any) -> Any:
        """The whole number that an array is, if inputs that were given say so."""
        known = self.counted(value) if isinstance(value, Tensor) and not value.rank else None
        if known is None:
            return value
        self.decide(value)
        return int(known)

    def _all_checked(self, value: Any) -> Any:
        for one in value if isinstance(value, list | tuple) else [value]:
            self.checked(one)
        return value

    def unknown(self, name: str) -> str:
        import difflib

        if name in ("rsample", "sample"):
            said = "write mu + sigma * eps, and give eps" if name == "rsample" else "give what was drawn"
            return f"{name} draws at random: {said} with --at"
        if name in RANDOM:
            return f"{name} draws at random: give the numbers with --at, under the name that this is assigned to"
        if name in BY_ORDER:
            return f"{name} goes by the values: give the order, or the places, with --at, as in x[order]"
        if name in LAYERS_WITH_WEIGHTS:
            return f"{name} has weights of its own: write {LAYERS_WITH_WEIGHTS[name]}, and give these with --at"
        if name in ("linearize", "backward"):
            return f"{name} is what netcalc derives: hand it the forward pass alone"
        if name in LOOPS:
            return f"{name} is not understood; write {LOOPS[name]}"
        if name in ROWS or elementwise_function(name) is not None:
            return f"'{name}' is not defined here; define or import it, or write it as a library's, as np.exp is"
        near = difflib.get_close_matches(name, [*ROWS, *BUILTINS], n=1, cutoff=0.8)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"'{name}' is not understood; {hint}docs/reference/programs.md lists what is"
