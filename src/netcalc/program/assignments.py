"""Assignments, which give names to values; those that change a part or write in place put a new array there."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any, TypeGuard

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.product import as_number
from netcalc.graph.sizes import written
from netcalc.program import indexing
from netcalc.program.drawing import Drawing, called_names, is_unfilled
from netcalc.program.library import RANDOM
from netcalc.program.modules import Weight
from netcalc.program.operators import SIGNS, binary, missing, there
from netcalc.program.values import (
    REALS,
    Cell,
    Method,
    Missing,
    Opaque,
    Record,
    Tensor,
    check_fits,
    described,
    kind_of,
    node_of,
    stored,
    widest,
)

MASKS = ast.Name | ast.Compare | ast.UnaryOp | ast.BinOp  # how a condition that picks entries is written
ENTRY_BY_ENTRY = frozenset(
    "exp expm1 log log1p log2 log10 sqrt square abs sin cos tan tanh sinh cosh sigmoid relu".split()
)


class Assignments(Drawing):
    """Reads assignments."""

    def _assign_statement(self, node: ast.Assign) -> None:
        value = self._assigned_value(node.targets[0], node.value)
        for target in node.targets:
            self.store(target, self.guarded(target, value))

    def _annassign_statement(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.guarded(node.target, self._assigned_value(node.target, node.value)))

    def _assigned_value(self, target: ast.expr, node: ast.expr) -> Any:
        """What is assigned; what is drawn at random, or a parameter, is what is given under the name."""
        name = name_of_target(target)
        if isinstance(target, ast.Attribute) and isinstance(node, ast.IfExp) and _is_first(node):
            node = node.body if self.truth(self.value(node.test)) else node.orelse
        if self.draws and (first := self.first_values(target, node, name)) is not None:
            return first
        if not self.draws and name in self.given and _is_first(node):
            return self.input(name)
        if not self.draws and isinstance(target, ast.Attribute) and _is_parameter(node):
            return self._parameter(node)
        if isinstance(target, ast.Subscript) and isinstance(target.slice, MASKS):
            owner, mask = self.value(target.value), self.value(target.slice)
            is_mask = isinstance(mask, Tensor) and mask.kind == "bool" and mask.rank and self.known(mask) is None
            if is_mask and isinstance(owner, Tensor) and owner.shape == mask.shape:
                return self.value(self._of_all(node, ast.dump(target.slice), mask) or node)
        return self.value(node)

    def _parameter(self, node: ast.Call) -> Any:
        """self.scale = nn.Parameter(torch.ones(d)): a weight, of one number throughout or drawn at random."""
        if not RANDOM.isdisjoint(called_names(node)) or is_unfilled(node):
            return Weight(self.shape_of(node), (self.source, node))
        inner = self.value(node.args[0]) if node.args else None
        if not isinstance(inner, Tensor) or (number := as_number(inner.node)) is None:
            return self.value(node)
        return Weight(inner.shape, (self.source, node), number)

    def _of_all(self, node: ast.expr, picked: str, mask: Tensor) -> ast.expr | None:
        """f(x) for f(x[mask]), as z[mask] = f(x[mask]) takes those entries of it; None where f mixes entries."""
        match node:
            case ast.Subscript(whole, key) if ast.dump(key) == picked:
                value = self.value(whole)
                return whole if isinstance(value, Tensor) and value.shape == mask.shape else None
            case ast.UnaryOp(sign, x):
                inner = self._of_all(x, picked, mask)
                return inner and ast.copy_location(ast.UnaryOp(sign, inner), node)
            case ast.BinOp(x, sign, y) if not isinstance(sign, ast.MatMult):
                left, right = (self._of_all(one, picked, mask) for one in (x, y))
                return left and right and ast.copy_location(ast.BinOp(left, sign, right), node)
            case ast.Call(ast.Attribute(ast.Name("np" | "numpy" | "torch" | "jnp"), name), [x], []) if (
                name in ENTRY_BY_ENTRY
            ):
                inner = self._of_all(x, picked, mask)
                return inner and ast.copy_location(ast.Call(node.func, [inner], []), node)
            case ast.Constant():
                return node
            case ast.Name() | ast.Attribute():
                value = self.value(node)
                return None if isinstance(value, Tensor) and value.rank else node
        return None

    def store(self, target: ast.expr, value: Any, *, named: bool = True) -> None:
        match target:
            case ast.Name(name):
                if named:
                    self.bind(name, value, target.lineno)
                else:
                    self.frame.values[name] = value
            case ast.Tuple(targets) | ast.List(targets):
                self._unpack(target, targets, value, named=named)
            case ast.Starred(inner):
                self.store(inner, list(value), named=named)
            case ast.Subscript():
                self._store_part(target, value)
            case ast.Attribute(owner, name):
                self._store_attribute(self.value(owner), name, value, target)
            case _:
                raise self.source.error("this cannot be assigned to", target)

    def _unpack(self, target: ast.expr, targets: list[ast.expr], value: Any, *, named: bool) -> None:
        if isinstance(value, Missing) and all(isinstance(one, ast.Name) for one in targets):
            for one in targets:  # W1, b1 = params
                self.store(one, self.member(one.id), named=named)  # type: ignore[attr-defined]
            return
        items = [value] * len(targets) if isinstance(value, Opaque) else self.items(value)
        starred = [n for n, one in enumerate(targets) if isinstance(one, ast.Starred)]
        if starred:
            place, behind = starred[0], len(targets) - starred[0] - 1
            if len(items) >= len(targets) - 1:
                end = len(items) - behind
                items = [*items[:place], items[place:end], *items[end:]]
        if len(items) != len(targets):
            raise self.source.error(f"{len(targets)} names do not fit {len(items)} values", target)
        before, self.unpacked = self.unpacked, items
        for one, item in zip(targets, items, strict=True):
            if isinstance(item, Tensor) and item.stale is not None:
                text = ast.unparse(one)
                raise self.source.error(
                    f"what {text} gets is a part that was written before; take it as a .copy()", one
                )
            self.store(one, item, named=named)
        self.unpacked = before

    def _store_attribute(self, owner: Any, name: str, value: Any, target: ast.expr) -> None:
        match owner:
            case Record():
                is_new = isinstance(value, Tensor) and not value.is_named
                owner.parts[name] = self.named(name, value, target.lineno) if is_new else value
            case Missing():
                self.top.values[name] = self.named(name, value, target.lineno) if isinstance(value, Tensor) else value
            case Tensor() if name in ("requires_grad", "grad", "data"):
                if name == "data":
                    raise self.source.error("writing to .data is not understood; assign to the name", target)
            case Tensor() if name == "shape":
                raise self.source.error("an array's shape is not assigned to; write x = x.reshape(…)", target)
            case _:
                raise self.source.error(f"{described(owner)} has no '{name}' to assign to", target)

    def _store_part(self, target: ast.Subscript, value: Any) -> None:
        owner, key = self.value(target.value), self.value(target.slice)
        match owner:
            case dict():
                if isinstance(value, Tensor) and isinstance(key, str):
                    value = self.named(key, value, target.lineno)
                owner[self._key(key)] = self._named_entry(target, value)
            case list():
                owner[there(owner, self._whole_key(key))] = self._named_entry(target, value)
            case Tensor():
                part = indexing.part_of(self, owner, key)
                new = indexing.written_into(self, owner, part, stored(owner.kind, value))
                self._replace(target.value, owner, new, part, target)
            case Missing(name) if isinstance(key, str):
                self.top.values[key] = self.named(key, value, target.lineno) if isinstance(value, Tensor) else value
            case Missing(name):
                raise NetcalcError(missing(self, name))
            case _:
                raise NetcalcError(f"{described(owner)} has no parts to assign to")

    def _named_entry(self, target: ast.Subscript, value: Any) -> Any:
        """hs[t] = … by the name of what holds it, but where that says gradients."""
        match target.value:
            case ast.Name(name) if isinstance(value, Tensor) and not value.is_named and not self.is_gradient(name):
                return self.named(name, value, target.lineno)
        return value

    def _replace(self, target: ast.expr, old: Tensor, new: Tensor, part: Any, where: ast.AST) -> None:
        """Put a new array in an old one's place, where no other name stands for the old one's memory.

        In place of a part, as of a[0] in a[0][1] = …, it is written into the whole, unless that part is a copy.
        """
        check_fits(old.kind, new.kind)
        if isinstance(target, ast.Subscript | ast.Attribute) and isinstance(owner := self.value(target.value), Tensor):
            if isinstance(target, ast.Attribute):
                if target.attr not in ("T", "mT"):
                    raise self.source.error(f"writing to .{target.attr} is not understood; write to the array", target)
                whole = Tensor(b.transpose(new.node) if target.attr == "T" else b.swapped(new.node), new.kind)
                self._replace(target.value, owner, whole, None, where)
                return
            outer = indexing.part_of(self, owner, self.value(target.slice))
            if outer.mask is None and outer.is_basic:
                whole = indexing.written_into(self, owner, outer, new.node)
                self._replace(target.value, owner, whole, outer, where)
            return
        name = target.id if isinstance(target, ast.Name) else ast.unparse(target)
        key = (
            indexing.numpy_key(part)
            if part is not None and part.key and part.is_basic and indexing.is_concrete(old)
            else None
        )
        self.changed(old, key, where, name, new.node)
        new = self._in_place(old, new)
        self._put(target, Tensor(new.node, widest((old.kind, new.kind)), old.buffer, old.cells, new.zero))

    def _in_place(self, old: Tensor, new: Tensor) -> Tensor:
        """What stands in place of an array; within torch.no_grad() its numbers change, and its gradient does not."""
        if not self.no_grad or new.kind not in REALS:
            return new
        by = self.made(Tensor(b.subtract(new.node, old.node)))
        return replace(new, node=b.add(old.node, by.node))

    def _put(self, target: ast.expr, value: Any) -> None:
        """Assign without the check, as what is there has just been replaced; what has no name is not kept."""
        match target:
            case ast.Name(name):
                frame = self.frame_of(name) or self.frame
                frame.values[name] = self.named(name, value, target.lineno, frame.level)
            case ast.Attribute():
                self.store(target, value)
            case ast.Subscript():
                owner, key = self.value(target.value), self.value(target.slice)
                if isinstance(owner, dict | list):
                    owner[key] = value
                else:
                    self.store(target, value)

    def _augassign_statement(self, node: ast.AugAssign) -> None:
        sign = SIGNS[type(node.op)]
        by = self.guarded_change(sign, self.value(node.value))
        if isinstance(node.target, ast.Subscript):
            self._change_part(node, sign, by)
            return
        if isinstance(node.target, ast.Name) and len(self.frames) > 1 and node.target.id not in self.frame.values:
            name = node.target.id
            raise NetcalcError(
                f"'{name}' is no name of {self.frame.name}'s own, which Python changes alone; take it as an argument"
            )
        old = self.value(ast.copy_location(_as_loaded(node.target), node.target))
        if isinstance(old, list) and sign == "+":
            old += self.items(by)
            return
        new = self.checked(binary(self, sign, old, by))
        if isinstance(old, Tensor) and self._is_in_place(old) and isinstance(new, Tensor):
            if tuple(new.shape) != tuple(old.shape):
                raise NetcalcError("this would change the array's shape; write x = x + … instead")
            self._replace(node.target, old, Tensor(new.node, new.kind), None, node)
        else:
            both = isinstance(old, Tensor) and isinstance(new, Tensor)
            self.store(node.target, self._in_place(old, new) if both else self.made(new))

    def _is_in_place(self, old: Tensor) -> bool:
        """Whether += writes into an array: not into a number of NumPy's, nor into JAX's arrays, which never change."""
        return self.library != "jax" and (bool(old.rank) or self.is_torch or isinstance(old.buffer, Cell))

    def _change_part(self, node: ast.AugAssign, sign: str, by: Any) -> None:
        target = node.target
        assert isinstance(target, ast.Subscript)  # noqa: S101 - see the caller
        owner, key = self.value(target.value), self.value(target.slice)
        if not isinstance(owner, Tensor):
            old = self.part(owner, key)
            new = binary(self, sign, old, by)
            if isinstance(old, Tensor) and isinstance(new, Tensor) and old.rank:
                self.changed(old, None, node, ast.unparse(target), new.node)
            self._store_part(target, new)
            return
        check_fits(owner.kind, "float" if sign == "/" else kind_of(by))
        part = indexing.part_of(self, owner, key)
        old_part = owner if part.mask is not None else indexing.read(self, owner, key)
        if part.mask is None and part.is_basic and isinstance(owner.zero, bool) and owner.zero and sign == "+":
            value = node_of(by)  # 0 + x
        elif sign in ("+", "-") and owner.kind != "bool" and indexing.is_added(self, part):
            new = indexing.added_into(self, owner, part, node_of(by) if sign == "+" else b.negate(node_of(by)))
            self._replace(target.value, owner, new, part, node)
            return
        else:
            value = node_of(binary(self, sign, old_part, by))
        self._replace(target.value, owner, indexing.written_into(self, owner, part, value), part, node)

    # --- in place

    def written(self, node: ast.Call, called: Any, old: Any, found: Any) -> Any:
        """What a call gives that writes it into `old`: x.add_(1), np.exp(x, out=y), np.fill_diagonal(x, 0)."""
        if not isinstance(old, Tensor) or not isinstance(found, Tensor):
            return found
        word = next((one.value for one in node.keywords if one.arg == "out"), None)
        place = word or (node.func.value if isinstance(called, Method) else node.args[0])  # type: ignore[attr-defined]
        if word is not None and tuple(found.shape) != tuple(old.shape):
            raise ShapeError(f"out is {written(old.shape)}, and what is written into it {written(found.shape)}")
        while isinstance(place, ast.Call) and isinstance(place.func, ast.Attribute) and place.func.attr.endswith("_"):
            place = place.func.value  # x.mul_(2).add_(1)
        self._replace(place, old, Tensor(found.node, found.kind), None, node)
        return self.value(place) if isinstance(place, ast.Name | ast.Attribute | ast.Subscript) else found

    def added_at(self, node: ast.Call) -> bool:
        """np.add.at(x, ix, y)."""
        match node.func:
            case ast.Attribute(ast.Attribute(_, function), "at") if len(node.args) == 3:
                target, key, value = node.args
            case _:
                return False
        old, raw = self.value(target), self.value(key)
        if function not in ("add", "subtract") or not isinstance(old, Tensor):
            raise NetcalcError(f"np.{function}.at is not understood; np.add.at is")
        added = self.guarded_change("+", self.value(value))
        check_fits(old.kind, kind_of(added))
        by = node_of(added)
        part = indexing.part_of(self, old, raw)
        new = indexing.added_into(self, old, part, by if function == "add" else b.negate(by))
        self._replace(target, old, new, None, node)
        return True


def name_of_target(target: ast.expr) -> str:
    """The name that what is assigned may be given by: of W, self.W and params['W']."""
    match target:
        case ast.Name(name) | ast.Attribute(_, name) | ast.Subscript(_, ast.Constant(str() as name)):
            return name
    return ""


def _is_first(node: ast.expr) -> bool:
    """Whether an expression is first values: it draws at random, or makes a parameter, as far as its own calls tell."""
    return not called_names(node).isdisjoint({*RANDOM, "Parameter"})


def _is_parameter(node: ast.expr) -> TypeGuard[ast.Call]:
    """Whether it is nn.Parameter(…)."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Parameter"


def _as_loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    assert isinstance(target, ast.Attribute)  # noqa: S101 - a subscript is another case
    return ast.Attribute(target.value, target.attr, ast.Load())
