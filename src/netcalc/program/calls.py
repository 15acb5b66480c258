"""Calls: of a library's functions and methods, of Python's own, of the program's."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.program.builtins import BUILTINS, OF_MODULES
from netcalc.program.finfo import finfo
from netcalc.program.kinds import is_instance
from netcalc.program.library import (
    CLASSES,
    DEFAULTS,
    IN_PLACE,
    ROWS,
    function_of,
)
from netcalc.program.library.elementwise import elementwise_function
from netcalc.program.library_calls import LibraryCalls
from netcalc.program.modules import OF_MODULES as OF_WEIGHTS
from netcalc.program.modules import WALKS, parameters, set_training
from netcalc.program.operators import missing
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
)

HARMLESS = frozenset({"jit", "compile", "checkpoint", "remat", "custom_fwd", "script"})
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


class Calls(LibraryCalls):
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
