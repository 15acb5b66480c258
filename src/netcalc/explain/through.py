"""By which rule a gradient comes back to a node from each place where it is used."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.expression.tree import fold
from netcalc.graph.backward import Backward
from netcalc.graph.leaves import given
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM
from netcalc.graph.rebuilt import with_arguments
from netcalc.graph.writing import formula

# What each operation's slope is called.
NAMES: Mapping[str, str] = {
    "elementwise": "chain rule",
    "softmax": "softmax's Jacobian",
    "log_softmax": "log-softmax's Jacobian",
    "logsumexp": "the slope of logsumexp is softmax",
    "norm": "the slope of a norm",
    "max": "it goes to the largest entry",
    "min": "it goes to the smallest entry",
    "prod": "the slope of a product is the product of the others",
    "cumsum": "a running sum from the other end",
    "inv": "the slope of an inverse",
    "det": "the slope of a determinant",
    "logdet": "the slope of log det",
    "solve": "the slope of a solution",
    "index": "it goes to the entries that were picked",
    "scatter": "the entries that were placed",
    "concat": "each part has its slice",
    "reshape": "in the shape that it had",
}


def rules(found: Backward, node: Node, names: Mapping[Node, str]) -> str:
    """The rules on the ways from a node to what is named next, and that several uses are added up."""
    said: dict[str, None] = {}
    users: dict[str, None] = {}
    _follow(found, node, names, said, users)
    text = ", ".join(said)
    if len(users) > 1:
        order = {name: place for place, name in enumerate(names.values())}
        *before, last = sorted(users, key=lambda name: order.get(name, 0))
        places = f"{', '.join(before)} and {last}"
        text += f"{', ' if text else ''}used in {places}, whose shares are added up"
    return text


def _follow(
    found: Backward, node: Node, names: Mapping[Node, str], said: dict[str, None], users: dict[str, None]
) -> None:
    for use in found.uses.get(node, ()):
        if use.node.operation.name == "named":
            users[names.get(use.node, "")] = None
            continue
        rule = _rule(use.node, use.place)
        if rule:
            said[rule] = None
        if use.node in names:
            users[names[use.node]] = None
        else:
            _follow(found, use.node, names, said, users)


def _rule(node: Node, place: int) -> str:
    """What happens at one operation."""
    if node.operation is PRODUCT:
        return _rule_of_product(node, place)
    if node.operation is SUM:
        is_stretched = len(node.params.letters[place]) < len(node.params.out)
        return "summed over what it is stretched along" if is_stretched else ""
    return NAMES.get(node.operation.name, "chain rule")


def _rule_of_product(node: Node, place: int) -> str:
    params = node.params
    own = params.letters[place]
    if len(node.args) == 1:
        return "the same for every entry of a sum" if any(one not in params.out for one in own) else ""
    if node.args.count(node.args[place]) > 1:
        return "the slope of a square"
    is_summed = any(one not in params.out for one in own)
    return "matrix product" if is_summed and _is_matrix_product(node) else "product rule"


def _is_matrix_product(node: Node) -> bool:
    """Whether it is written as one, W x, not as Σ a ∘ b."""
    names = {arg: given(f"a{n}", arg.shape) for n, arg in enumerate(dict.fromkeys(node.args))}
    written = formula(with_arguments(node, [names[arg] for arg in node.args]))
    return fold(written, lambda _: False, lambda operator, parts: operator == "matmul" or any(parts))
