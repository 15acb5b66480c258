"""The shorter of two ways to write a graph: rewrites are tried from the leaves up, what is longer is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from netcalc.expression import Tree
from netcalc.expression.tree import fold
from netcalc.graph.by_name import Names
from netcalc.graph.factors import sizes_by_letter, sums_over_ones
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, Factor, number, product, renamed
from netcalc.graph.rebuilt import with_arguments
from netcalc.graph.rewrites import REWRITES
from netcalc.graph.shaping import EVERYTHING, INDEX, RESHAPE, SCATTER
from netcalc.graph.sizes import settled
from netcalc.notation import to_unicode
from netcalc.records import NamedTuple

MAX_NODES = 250  # of a graph that is rewritten
MAX_LENGTH = 1000  # characters of a formula that is
MAX_DETOUR = 60  # characters that a formula may be longer for having no diagonal matrix, new axis or index form
ROWS_OF_IDENTITY = 4  # characters that it may be longer for having no I₃[:2], which concat([a, b]) has not
MAX_PASSES = 3  # over a graph
MAX_ROUNDS = 8  # in which a node is made shorter


class Length(NamedTuple):
    """How long a formula is to read: its letters without brackets, its text, its parts. The first counts most."""

    reading: int
    text: int
    parts: int


Counted = tuple[int, int, int, int]  # parts, forms that are hard to read, rows of identities, 1 for an identity itself
Measure = Callable[[Node], Length]

Rewritten = Callable[[Node], Iterable[Node]]  # a node in other forms


def length(tree: Tree, *, diagonal: bool) -> Length:
    """How long a formula is. A form that is hard to read is worth a detour; a diagonal matrix where `diagonal` is."""
    text = to_unicode(tree)
    brackets = text.count("(") + text.count(")")
    parts, hard, rows, _ = fold(tree, lambda _: (1, 0, 0, 0), partial(_counted, diagonal=diagonal))
    extra = ROWS_OF_IDENTITY * rows
    return Length(len(text) - brackets + MAX_DETOUR * hard + extra, len(text) + extra, parts)


def _counted(operator: str, arguments: tuple[Counted, ...], *, diagonal: bool) -> Counted:
    """The same of a formula from those of its arguments."""
    is_hard = operator.startswith("einsum:") or (operator in ("diag", "newaxis") and not diagonal)
    parts, hard, rows, identities = (sum(column) for column in zip((1, is_hard, 0, 0), *arguments, strict=True))
    return parts, hard, rows + bool(operator == "index" and identities), int(operator == "eye")


def readable(root: Node, is_leaf: Callable[[Node], bool], measure: Measure, names: Names) -> Node:
    """The graph in the shortest form that rewrites find. `is_leaf` tells what is written by a name of its own."""

    def rewritten(node: Node) -> Iterator[Node]:
        yield from (one for rewrite in REWRITES for one in rewrite(node))
        yield from names.within(node, root)

    if len(_in_order(root, is_leaf)) > MAX_NODES or (plain := measure(root)).text > MAX_LENGTH:
        return root
    best, own = root, plain
    for _ in range(MAX_PASSES):
        found = _passed(best, is_leaf, measure, rewritten)
        known = measure(found)
        if known >= own:
            break
        best, own = found, known
    return best if own.text <= plain.text else root


def plain_form(root: Node, is_leaf: Callable[[Node], bool]) -> Node:
    """The graph as rewrites meet it: without what only makes or drops axes of one entry."""
    done: dict[Node, Node] = {}
    for node in _in_order(root, is_leaf):
        done[node] = node if node is not root and is_leaf(node) else _rebuilt(node, done, is_leaf)
    return done[root]


def _passed(root: Node, is_leaf: Callable[[Node], bool], measure: Measure, rewritten: Rewritten) -> Node:
    """Every node in its shortest form, the leaves first."""
    done: dict[Node, Node] = {}
    for node in _in_order(root, is_leaf):
        leaf = node is not root and is_leaf(node)
        done[node] = node if leaf else _shortest(_rebuilt(node, done, is_leaf), measure, rewritten)
    return done[root]


def _in_order(root: Node, is_leaf: Callable[[Node], bool]) -> list[Node]:
    return in_order([root], lambda node: () if node is not root and is_leaf(node) else node.args)


def _rebuilt(node: Node, done: Mapping[Node, Node], is_leaf: Callable[[Node], bool]) -> Node:
    """The node of the shorter arguments, without what only makes or drops axes of one entry."""
    args = [done[arg] for arg in node.args]
    if node.operation is PRODUCT:
        pairs = zip(args, node.params.letters, strict=True)
        factors = [factor for arg, own in pairs for factor in _opened(arg, own, is_leaf)]
        out, number, averaged = node.params.out, node.params.number, node.params.averaged
        return product(_with_scalars(factors, out, is_leaf), out, node.shape, number, averaged=averaged)
    if node.operation in (INDEX, SCATTER) and all(part is None or part == EVERYTHING for part in node.params.key):
        letters = LETTERS[: max(node.rank, args[0].rank)]
        new = [node.params.extra + n for n, part in enumerate(node.params.key) if part is None]
        kept = "".join(one for n, one in enumerate(letters) if n not in new)
        own, out = (kept, letters) if node.operation is INDEX else (letters, kept)
        return product([(args[0], own)], out, node.shape)
    if node.operation is RESHAPE:
        narrow, wide = (
            [n for n, one in enumerate(shape) if settled(one) != 1] for shape in (args[0].shape, node.shape)
        )
        if [settled(args[0].shape[n]) for n in narrow] == [settled(node.shape[n]) for n in wide]:
            letters, spare = LETTERS[: node.rank], iter(LETTERS[node.rank :])
            names = dict(zip(narrow, wide, strict=True))
            own = "".join(letters[names[n]] if n in names else next(spare) for n in range(args[0].rank))
            return product([(args[0], own)], letters, node.shape)
    return with_arguments(node, args)


def _with_scalars(factors: Sequence[Factor], out: str, is_leaf: Callable[[Node], bool]) -> Sequence[Factor]:
    """Scalars times a sum of products as one sum of products; of scalars and a product alone."""
    summing = [factor for factor in factors if factor[1]]
    if len(summing) != 1 or summing[0][0].operation is not PRODUCT or is_leaf(summing[0][0]):
        return factors
    (node, letters), scalars = summing[0], [factor for factor in factors if not factor[1]]
    if not scalars or any(
        one not in out and settled(extent) != 1 for one, extent in zip(letters, node.shape, strict=True)
    ):
        return factors
    spare = [one for one in LETTERS if one not in out + letters]
    inner = renamed(node, letters, dict(zip(node.params.summed, spare, strict=False)))
    return [*inner, *scalars, (number(node.params.number), "")]


def _opened(node: Node, letters: str, is_leaf: Callable[[Node], bool]) -> Sequence[Factor]:
    """A factor; that of a product that sums over axes of one entry alone as its factors."""
    if node.operation is not PRODUCT or is_leaf(node) or not sums_over_ones(node):
        return [(node, letters)]
    params, sizes, names = node.params, sizes_by_letter(node), dict(zip(node.params.out, letters, strict=True))
    factors = []
    for arg, own in node.factors:
        kept = "".join(one for one in own if one not in params.summed)
        bare = product([(arg, own)], kept, tuple(sizes[one] for one in kept))
        factors.append((bare, "".join(names[one] for one in kept)))
    return [*factors, (number(params.number), "")]


def _shortest(node: Node, measure: Measure, rewritten: Rewritten) -> Node:
    for _ in range(MAX_ROUNDS):
        own = measure(node)
        found = [(measure(one), place, one) for place, one in enumerate(rewritten(node))]
        best = min(found, key=lambda one: one[:2], default=None)
        if best is None or best[0] >= own:
            break
        node = best[2]
    return node
