"""Gradients that a program takes itself, as torch.autograd.grad and jax.grad give them: nodes of its graph."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.backward import along, gradients, jacobian
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.rebuilt import with_arguments
from netcalc.program.frames import Assigned
from netcalc.program.transforms import leaves_of, over_tree
from netcalc.program.values import REALS, Derived, Tensor, described, is_scalar, node_of

if TYPE_CHECKING:
    from netcalc.program.calls import Calls

NO_WORDS: Mapping[str, Any] = MappingProxyType({})


def autograd(
    reader: Calls,
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: Any = None,  # noqa: ARG001 - it is for memory alone
    create_graph: Any = False,
    *_: Any,
    allow_unused: Any = None,
    **__: Any,
) -> tuple[Any, ...]:
    """torch.autograd.grad: a gradient for each of the inputs; a constant without create_graph=True."""
    wrt = [one.node for one in ([inputs] if isinstance(inputs, Tensor) else reader.items(inputs))]
    roots = [outputs] if isinstance(outputs, Tensor) else reader.items(outputs)
    above = [grad_outputs] * len(roots) if not isinstance(grad_outputs, tuple | list) else grad_outputs
    found: list[Any] = [None] * len(wrt)
    for output, delta in zip(roots, above, strict=True):
        if delta is None and output.rank:
            raise NetcalcError(f"{described(output)} is no single number: give grad_outputs, or take its sum")
        own = gradients(output.node, wrt, None if delta is None else node_of(delta), names=False)
        found = [b.add(x, y) if x and y else x or y for x, y in zip(found, own, strict=True)]
    if not allow_unused and None in found:
        raise NetcalcError("what is differentiated does not depend on this input, as PyTorch says too")
    reader.deriving.add(getattr(reader.reading, "lineno", 1))
    made = [None if one is None else Tensor(one) for one in found]
    if create_graph is not True:
        said = f"line {getattr(reader.reading, 'lineno', 1)}: autograd.grad gives constants without create_graph=True"
        made = [one and reader.without_gradient(one, said) for one in made]
    return tuple(made)


def called(reader: Calls, how: Derived, args: list[Any], keywords: Mapping[str, Any]) -> Any:
    """What jax.grad(f) and the like give for f's arguments."""
    reader.deriving.add(getattr(reader.reading, "lineno", 1))
    if how.how == "vjp":
        return _backwards(reader, how, *args)
    places = how.argnums if isinstance(how.argnums, tuple | list) else [how.argnums]
    if any(not isinstance(one, int) or not -len(args) <= one < len(args) for one in places):
        raise NetcalcError(f"argnums says which of {len(args)} arguments is differentiated by, counted from 0")
    whole = reader.call(how.function, args, dict(keywords), ast.Pass()) if how.how == "value_and_grad" else None
    reader.differentiates.append((how.function, args, dict(keywords)))
    start, by, outcome = _at_fresh(reader, how.function, args, places, keywords)
    output = node_of(outcome[0] if how.has_aux else outcome)
    if output.rank and how.how != "jacobian":
        raise NetcalcError(f"{how.how} is of a function that gives one number; sum what it gives")
    wrt = [one.node for tree in by for one in leaves_of(tree)]
    pairs = zip(_by_each(how.how, output, wrt), wrt, strict=True)
    nodes = iter(_without_names([b.number(0, one.shape) if node is None else node for node, one in pairs], start))
    trees = [over_tree(lambda _: Tensor(next(nodes)), tree) for tree in by]
    result = tuple(trees) if isinstance(how.argnums, tuple | list) else trees[0]
    if how.how == "value_and_grad":
        return whole, result
    return (result, outcome[1]) if how.has_aux else result


def vjp(reader: Calls, fun: Any, *primals: Any, has_aux: Any = False) -> tuple[Any, ...]:
    """jax.vjp: what a function gives, and that gradient from above as one by each argument."""
    outcome = reader.call(fun, list(primals), {}, ast.Pass())
    back = Derived("vjp", fun, primals, has_aux is True)
    return (outcome[0], back, outcome[1]) if has_aux is True else (outcome, back)


def jvp(reader: Calls, fun: Any, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """jax.jvp: what a function gives, and how it changes in a direction."""
    start, by, outcome = _at_fresh(reader, fun, list(primals), range(len(primals)))
    pairs = zip(leaves_of(by), leaves_of(tangents), strict=True)
    directions = {one.node: node_of(tangent) for one, tangent in pairs}

    def moved(one: Any) -> Tensor:
        found = along(node_of(one), directions)
        return Tensor(b.number(0, node_of(one).shape) if found is None else _without_names([found], start)[0])

    return reader.call(fun, list(primals), {}, ast.Pass()), over_tree(moved, outcome)


def _backwards(reader: Calls, how: Derived, delta: Any) -> tuple[Any, ...]:
    """What the function that jax.vjp gives makes of a gradient from above."""
    start, by, outcome = _at_fresh(reader, how.function, list(how.argnums), range(len(how.argnums)))
    wrt = [one.node for one in leaves_of(by)]
    found: list[Node | None] = [None] * len(wrt)
    for one, above in zip(leaves_of(outcome[0] if how.has_aux else outcome), leaves_of(delta), strict=True):
        own = gradients(node_of(one), wrt, b.broadcast(node_of(above), node_of(one).shape), names=False)
        found = [b.add(x, y) if x and y else x or y for x, y in zip(found, own, strict=True)]
    nodes = iter(_without_names([node or b.number(0, one.shape) for node, one in zip(found, wrt, strict=True)], start))
    return tuple(over_tree(lambda _: Tensor(next(nodes)), tree) for tree in by)


def _at_fresh(
    reader: Calls, function: Any, args: list[Any], places: Iterable[int], keywords: Mapping[str, Any] = NO_WORDS
) -> tuple[int, list[Any], Any]:
    """A function called with arguments of its own at some places: when that was, these, and what it gives."""
    reader.deriving.add(getattr(reader.reading, "lineno", 1))
    start = len(reader.assigned)
    by = [over_tree(lambda one: _fresh(reader, one), args[place]) for place in places]
    for place, one in zip(places, by, strict=True):
        args = [*args[:place], one, *args[place % len(args) + 1 :]]
    outcome = reader.call(function, args, dict(keywords), ast.Pass())
    del reader.assigned[start:]
    return start, by, outcome


def _by_each(how: str, output: Node, wrt: list[Node]) -> list[Node | None]:
    if how == "jacobian" and output.rank:
        return jacobian(output, wrt, names=False)
    found = gradients(output, wrt, names=False)
    if how != "hessian":
        return found
    return [None if g is None else jacobian(g, [one], names=False)[0] for g, one in zip(found, wrt, strict=True)]


def _fresh(reader: Calls, value: Any) -> Tensor:
    """An argument as an array of its own, so that what the function has of it otherwise is no use of the argument."""
    if not isinstance(value, Tensor) and not is_scalar(value):
        raise NetcalcError(f"{described(value)} is nothing to differentiate by")
    kind = value.kind if isinstance(value, Tensor) and value.kind in REALS else "float"
    node = b.named("argument", node_of(value), len(reader.assigned) + 1)
    reader.assigned.append(Assigned("argument", 0, node, reader.frame.level + 1, kind))
    return Tensor(node, kind)


def _without_names(roots: list[Node], start: int) -> list[Node]:
    """The nodes, in which what got a name since `start` has none: the function's own lines stand for no row."""
    made: dict[Node, Node] = {}
    for node in in_order(roots):
        is_inner = node.operation is NAMED and node.params.moment > start
        made[node] = made[node.args[0]] if is_inner else with_arguments(node, [made[arg] for arg in node.args])
    return [made[one] for one in roots]
