"""Entries of a graph's nodes, looked at one by one: at a kink, decided exactly, or tied; and why there is no value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod

import numpy as np

from netcalc.arithmetic.balls import Numeral, ball, is_infinite, is_nowhere, precision, sign
from netcalc.arithmetic.evaluation import Evaluation, Once
from netcalc.arithmetic.sides import BITS
from netcalc.arithmetic.undefined import why_undefined
from netcalc.derivation.derive import evaluable
from netcalc.expression import Apply, Number, Symbol, Tree, fold, share, symbols
from netcalc.expression.tree import COMPARISONS, has_switches
from netcalc.graph.arithmetic import Arithmetic, last
from netcalc.graph.backward import backward
from netcalc.graph.elementwise import ELEMENTWISE, held_letters, plain, slopes, slot, with_slopes_written_out
from netcalc.graph.inverses import DETERMINANT, cofactors
from netcalc.graph.leaves import name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, number
from netcalc.graph.reductions import LOG_SOFTMAX, LOGSUMEXP, MAX, MIN, NORM, SOFTMAX, Along
from netcalc.graph.shaping import INDEX, RESHAPE
from netcalc.graph.windows import WINDOWS
from netcalc.graph.writing import formula
from netcalc.kinks import Kink, kink
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_ascii, to_unicode
from netcalc.solving.graph_values import each_entry, each_node

MAX_ENTRIES = 2_000  # of a node that is looked at for kinks
UNDEFINED_BITS = 256
MAX_SEARCHED_ENTRIES = 20_000  # and for what has no value
MAX_WRITTEN = 60  # characters of a formula in a reason


def kink_notes(problem: GraphProblem) -> Iterator[str]:
    """A line for each kink, and singular matrix, that the forward pass is at, of what is differentiated."""
    nodes = {problem.nodes[name] for name in (*problem.wrt, *problem.along) if name in problem.nodes}
    reached = backward(problem.output, number(1, problem.output.shape), nodes).gradients.keys()
    watched = {node for node in reached if _may_tie(node) and any(arg in reached for arg in node.args)}
    sizes = Arithmetic(problem.sizes)
    if not watched or any(prod(sizes.shape(node.shape)) > MAX_ENTRIES for node in watched):
        return
    once = Once()
    with precision(BITS):
        for node, arguments, entries in each_node(problem, [problem.output], once=once):
            if node not in watched:
                continue
            if node.operation is ELEMENTWISE:
                yield from _of_elementwise(problem, node, arguments, reached, once)
            elif node.operation is NORM:
                yield from _of_norm(_written(problem, node), entries)
            elif node.operation is DETERMINANT:
                yield from _of_determinant(problem, node, entries)
            else:
                places = _places(node.args[0], nodes, sizes)
                yield from _of_extreme(_written(problem, node), node, arguments[0], places)


def _may_tie(node: Node) -> bool:
    if node.operation in (MAX, MIN, NORM, DETERMINANT):
        return True
    return node.operation is ELEMENTWISE and has_switches(evaluable([node.params.tree])[0])


def _of_elementwise(
    problem: GraphProblem, node: Node, arguments: Sequence[np.ndarray], reached: Collection[Node], once: Once
) -> Iterator[str]:
    formula = _written(problem, node)
    leaves = node.factors
    tree, own = _of_compared(evaluable([node.params.tree])[0], len(leaves))
    sizes = dict(zip(node.params.out, node.shape, strict=True))
    args = [*node.args]
    for one in own:
        held = held_letters(one, leaves, node.params.out)
        args.append(plain(one, leaves, held, tuple(sizes[letter] for letter in held)))
    for place, arg in enumerate(args):
        if arg not in reached and (place < len(leaves) or not any(inner in reached for inner in arg.args)):
            continue
        (slope,) = evaluable([slopes(tree, len(args))[place]])
        if not has_switches(slope):
            continue
        at: dict[Kink, list[str]] = {}
        for index, names in each_entry(node, arguments):
            names |= {slot(n): Evaluation((one,)).at(names, once)[0] for n, one in enumerate(own, len(leaves))}
            if found := kink(slope, slot(place), names, once):
                at.setdefault(found, []).append(_entry(problem, arg, index))
        yield from (one.line(list(dict.fromkeys(names)), formula) for one, names in at.items())


def _of_compared(tree: Tree, count: int) -> tuple[Tree, list[Tree]]:
    """The formula in its symbols and in what it compares with a number, which are next: |x - y| is abs(#2)."""
    own: dict[Tree, Tree] = {}
    for node in share((tree,)).nodes:
        match node:
            case Apply("abs" | "sign", (Apply() as one,)):
                pass
            case Apply(operator, (Apply() as one, Number())) if operator in COMPARISONS or operator in ("max", "min"):
                pass
            case _:
                continue
        if symbols(one) and not has_switches(one) and one not in own:
            own[one] = Symbol(slot(count + len(own)))
    made = fold(tree, lambda leaf: leaf, lambda operator, parts: _replaced(Apply(operator, parts), own))
    return made, list(own)


def _replaced(tree: Tree, own: dict[Tree, Tree]) -> Tree:
    return own.get(tree, tree)


def _entry(problem: GraphProblem, arg: Node, index: tuple[int, ...]) -> str:
    name = problem.called.get(arg) or name_of(arg) or f"({_written(problem, arg)})"
    return problem.element(name, index[len(index) - arg.rank :] if arg.rank else ())


def _written(problem: GraphProblem, node: Node) -> str:
    return to_ascii(formula(node, called=problem.called))


def _of_norm(written: str, norms: np.ndarray) -> Iterator[str]:
    if any(sign(one) == 0 for one in norms.reshape(-1)):
        yield f"{written} is at a kink: it is 0; of its slopes netcalc takes 0"


def _of_determinant(problem: GraphProblem, node: Node, determinants: np.ndarray) -> Iterator[str]:
    if any(sign(one) == 0 for one in determinants.reshape(-1)):
        (matrix,) = node.args
        slope = to_unicode(formula(cofactors(matrix), called=problem.called))
        told = f"{_written(problem, node)} is 0, where {_written(problem, matrix)} has no inverse"
        yield f"{told}: {slope} stands for its cofactors"


def _places(node: Node, told: Collection[Node], sizes: Arithmetic) -> np.ndarray | None:
    """Which entries of a node whose gradient is told are these; None where they are made of several, or of none.

    What relu makes 0 is the same number wherever it is, but no entry with another's gradient.
    """
    turns = []
    while node not in told:
        if node.operation not in (RESHAPE, WINDOWS, INDEX) or len(node.args) > 1:
            return None
        turns.append(node)
        (node,) = node.args
    shape = sizes.shape(node.shape)
    found = np.arange(prod(shape)).reshape(shape)
    for turn in reversed(turns):
        found = turn.value(sizes, [found])
    return found


def _of_extreme(written: str, node: Node, argument: np.ndarray, places: np.ndarray | None) -> Iterator[str]:
    """Whether the largest entries tie; what is the same number is no tie, but of entries in `places` of their own."""
    along: Along = node.params
    rows = last(argument, along.axes)
    size = rows.shape[-1]
    own = None if places is None else last(places, along.axes).reshape(-1, size)
    best = {MAX: 1, MIN: -1}[node.operation]
    tied = 0
    for n, row in enumerate(rows.reshape(-1, size)):
        top = row[0]
        for one in row[1:]:
            top = one if sign((one - top) * best) == 1 else top
        ids = map(id, row) if own is None else own[n]
        tied += len({which for one, which in zip(row, ids, strict=True) if sign(one - top) == 0}) > 1
    if tied:
        times = "" if rows.size == size else f" in {tied} of {rows.size // size} places"
        yield f"{written} is at a kink: its entries tie{times}; those that tie share the gradient equally"


def reason(problem: GraphProblem, roots: Sequence[Node]) -> str | None:
    """What has no value and why, as far as it is found: `log(x) with x = -2 …`."""
    with precision(UNDEFINED_BITS):
        for node, arguments, entries in each_node(problem, roots, MAX_SEARCHED_ENTRIES):
            if arguments and any(map(_has_no_value, entries.reshape(-1))):
                return _of_nothing(problem, node, arguments) or _why(node, arguments, problem.called)
    return None


def _of_nothing(problem: GraphProblem, node: Node, arguments: Sequence[np.ndarray]) -> str | None:
    """Why a softmax along entries that are all -inf has no value; it may be the slope of a logsumexp alone."""
    if node.operation not in (SOFTMAX, LOG_SOFTMAX):
        return None
    rows = last(arguments[0], node.params.axes)
    if not any(all(is_infinite(ball(one)) and one < 0 for one in row) for row in rows.reshape(-1, rows.shape[-1])):
        return None
    forward = in_order([problem.output])
    whose = next((one for one in forward if one.operation is LOGSUMEXP and one.args == node.args), None)
    if node in forward or whose is None:
        return f"{_shortly(problem, node)} has none where all that it is taken along is -inf: it divides by 0"
    return f"{_shortly(problem, whose)} has no slope where all that it sums is -inf"


def _shortly(problem: GraphProblem, node: Node) -> str:
    written = _written(problem, node)
    return written if len(written) < MAX_WRITTEN else node.operation.name


def _has_no_value(entry: Numeral) -> bool:
    return is_nowhere(entry) and not (entry > 0 or entry < 0)  # an infinity is one


def _why(node: Node, arguments: Sequence[np.ndarray], called: Mapping[Node, str]) -> str | None:
    if node.operation is PRODUCT:
        return "a factor in a product is infinite, as 1/0 is"
    if node.operation is not ELEMENTWISE:
        return f"{node.operation.name} has no value at this point"
    tree = with_slopes_written_out(node.params.tree)
    reasons = (why_undefined(tree, names) for _, names in each_entry(node, arguments))
    return next((_named(why, node, called) for why in reasons if why), None)


def _named(why: str, node: Node, called: Mapping[Node, str]) -> str:
    """The reason with the arguments by their names, where they have some."""
    for place, arg in enumerate(node.args):
        why = why.replace(slot(place), called.get(arg) or name_of(arg) or _short(arg, place, called))
    return why


def _short(arg: Node, place: int, called: Mapping[Node, str]) -> str:
    text = to_ascii(formula(arg, called=called))
    return text if len(text) < 40 else f"argument {place + 1}"
