"""The backward pass of a graph, which is a graph too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from netcalc.derivation.reverse import Accumulated, Contribution, reverse
from netcalc.errors import ShapeError
from netcalc.graph.leaves import NAMED, eye, name_of, named
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, number, product, total
from netcalc.problem import derivative

Use = Contribution[Node, Node]
Backward = Accumulated[Node, Node]


def backward(
    output: Node, delta: Node | None = None, wrt: Collection[Node] | None = None, *, names: bool = True
) -> Backward:
    """The gradient of every node that the output depends on; that of a named node bears its name after a `d`, if
    `names`.

    Where another node is called so, it bears its full name: `dloss/dy` beside a `dy` of the program's own.

    `delta` is the gradient of the output, which may have more axes in front; without it the output is a number, or
    what is differentiated is the sum of its entries. Only what leads to a node of `wrt` is passed, where that is given.
    """

    def gradient(node: Node, parts: Sequence[Node]) -> Node:
        whole = added(parts)
        if node.operation is not NAMED or node is output or not names:
            return whole
        own = node.params.text
        text = derivative(of, (own,)) if f"d{own}" in taken else f"d{own}"
        return named(text, whole, node.params.moment, own)

    seed = number(1, output.shape) if delta is None else delta
    order = in_order([output])
    taken = {name_of(node) for node in order}
    of = name_of(output) or ("out" if output.shape else "loss")
    return reverse(order, lambda node: node.args, wrt, seed, gradient, passed_on)


def passed_on(node: Node, above: Node, places: Sequence[int]) -> Iterator[tuple[int, Node]]:
    """What a node's gradient means for those of its arguments that it means something for."""
    return ((place, share) for place in places if (share := node.vjp(place, above)) is not None)


def added(parts: Sequence[Node]) -> Node:
    """The shares of all uses added up, the first use first."""
    if len(parts) == 1:
        return parts[0]
    letters = LETTERS[: parts[0].rank]
    return total([(part, letters) for part in reversed(parts)], letters, parts[0].shape)


def gradients(output: Node, wrt: Sequence[Node], delta: Node | None = None, *, names: bool = True) -> list[Node | None]:
    """The gradient of each node of `wrt`; None where the output does not depend on it."""
    found = backward(output, delta, set(wrt), names=names).gradients
    return [found.get(node) for node in wrt]


def jacobian(output: Node, wrt: Sequence[Node], *, names: bool = True) -> list[Node | None]:
    """∂output/∂node for each node of `wrt`: the output's axes, then the node's."""
    if 2 * output.rank > len(LETTERS):
        raise ShapeError(f"the output has {output.rank} axes; a Jacobian is of one of {len(LETTERS) // 2} at most")
    return gradients(output, wrt, one_by_one(output), names=names)


def one_by_one(node: Node) -> Node:
    """1 at each entry of a node in turn, its axes in front."""
    letters = LETTERS[: 2 * node.rank]
    ones = [(eye(one), letters[n] + letters[node.rank + n]) for n, one in enumerate(node.shape)]
    return product(ones, letters, node.shape * 2)


def along(output: Node, tangents: Mapping[Node, Node]) -> Node | None:
    """The derivative of the output in the direction of the tangents: J v, in the output's shape.

    It is the gradient, by u, of (uᵀ J) v, which is linear in u.
    """
    from netcalc.graph.leaves import given

    u = given("u", output.shape)
    backs = gradients(output, list(tangents), u)
    terms = []
    for back, tangent in zip(backs, tangents.values(), strict=True):
        if back is not None:
            letters = LETTERS[: back.rank]
            terms.append(product([(back, letters), (tangent, letters)], "", ()))
    return gradients(added(terms), [u])[0] if terms else None
