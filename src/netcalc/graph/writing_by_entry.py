"""What goes entry by entry as a formula: a scalar formula with its arguments put in, activations by their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from netcalc.expression import Apply, Constant, Number, Symbol, Tree, add, apply, multiply, negate
from netcalc.expression.tree import Leaf, fold
from netcalc.graph.elementwise import Elementwise, slot, with_slopes_written_out
from netcalc.graph.factors import sizes_by_letter
from netcalc.graph.functions import formula_of, vector_activation, written_out
from netcalc.graph.layouts import common_layout, placed
from netcalc.graph.leaves import ARRAY
from netcalc.graph.matrixform import as_mean
from netcalc.graph.node import Node
from netcalc.graph.reductions import softmax
from netcalc.graph.selection import key_trees
from netcalc.graph.shaping import SCATTER
from netcalc.graph.terms import Term, hadamard, plain, scalar, with_number_apart, without_ones

if TYPE_CHECKING:
    from netcalc.graph.writing import Writer

ONE_ALONE = Number(Fraction(1))
CONSTANTS = {"e": Apply("exp", (ONE_ALONE,)), "pi": Apply("acos", (Number(Fraction(-1)),))}  # as formulas


def elementwise(writer: Writer, node: Node) -> Term:
    """A scalar formula with its arguments put in; what was written into an array as that."""
    params: Elementwise = node.params
    if (written := _written_into(writer, node)) is not None:
        return plain(written, node)
    sizes = sizes_by_letter(node)
    terms = [writer.term(arg, own) for arg, own in node.factors]
    layout = common_layout(terms, without_ones(params.out, sizes))
    arguments = {slot(n): (placed(term, layout), bool(term.letters)) for n, term in enumerate(terms)}
    return _by_entry(writer, params.tree, arguments, layout)


def _written_into(writer: Writer, node: Node) -> Tree | None:
    """x.at[0].set(v) for x with v written there, where(mask ≠ 0, v in zeros, x); numbers alike."""
    match node.params.tree:
        case Apply("where", (Apply("unequal", (Symbol("#0"), Number(zero))), new, old)) if not zero:
            pass
        case _:
            return None
    mask, others = node.args[0], node.args[1:]
    key = mask.operation is ARRAY and key_trees(mask.params.key)
    if not key or mask.rank != node.rank or any(own != node.params.out for own in node.params.letters):
        return None
    if isinstance(new, Number) and isinstance(old, Number) and {new.value, old.value} == {0, 1}:
        name = f"{'ones' if old.value else 'zeros'}({', '.join(map(str, node.shape))})"
        return Apply("written_into", (Symbol(name), new, *key))
    if new != Symbol("#1") or others[0].operation is not SCATTER:
        return None
    (value,) = writer.exact([others[0].args[0]])
    if old == Symbol("#2"):
        return Apply("written_into", (*writer.exact([others[1]]), value, *key))
    return None


def _by_entry(writer: Writer, written: Tree, arguments: Mapping[str, tuple[Tree, bool]], layout: str) -> Term:
    """A scalar formula of arguments, each with whether it has axes, laid out alike."""
    found, is_tensor = fold(with_slopes_written_out(written), _leaf(writer, arguments), partial(_combined, writer))
    return with_number_apart(found, layout) if is_tensor else scalar(found)


def _leaf(writer: Writer, arguments: Mapping[str, tuple[Tree, bool]]) -> Callable[[Leaf], tuple[Tree, bool]]:
    """What stands for a leaf, with whether it has axes; e and π by what they are where a name is written so."""

    def leaf(one: Leaf) -> tuple[Tree, bool]:
        if isinstance(one, Symbol):
            return arguments[one.name]
        return (CONSTANTS[one.name] if isinstance(one, Constant) and one.name in writer.inputs else one), False

    return leaf


def activation(writer: Writer, node: Node) -> Term:
    """An activation of the catalogue or typed, or its slope as people know it."""
    term = writer.terms[node.args[0]]
    arguments = {"q": (placed(term, term.axes), bool(term.letters))}
    return _by_entry(writer, formula_of(node.params), arguments, term.axes)


def jacobian_product(writer: Writer, node: Node) -> Term:
    """p ∘ (δ - Σ δ ∘ p)."""
    (z, _) = node.args
    answer = writer.by_name(vector_activation("softmax", z))
    if answer is not None:
        writer.terms[softmax(z, -1)] = answer
    return writer.direct(written_out(node))


def _combined(writer: Writer, operator: str, arguments: tuple[tuple[Tree, bool], ...]) -> tuple[Tree, bool]:
    """An operator on formulas, each with whether it has axes."""
    if writer.aliases:
        arguments = tuple((writer.aliases.get(tree, tree), one) for tree, one in arguments)
    is_tensor = any(one for _, one in arguments)
    if operator == "multiply" and is_tensor:
        scalars = multiply(*(tree for tree, one in arguments if not one), Number(Fraction(1)))
        core = with_number_apart(hadamard([tree for tree, one in arguments if one]), "")
        front = scalar(scalars)
        term = core._replace(number=core.number * front.number, above=front.above, below=front.below)
        return as_mean(term, writer.counts).tree(), True
    if operator == "multiply" and any(isinstance(tree, Apply) and tree in writer.counts for tree, _ in arguments):
        return as_mean(scalar(multiply(*(tree for tree, _ in arguments))), writer.counts).tree(), False
    found = apply(operator, [tree for tree, _ in arguments])
    match found:
        case Apply("unequal", (Apply("where", (condition, Number(one), Number(zero))), Number(other))) if (
            one == 1 and zero == other == 0
        ):
            return condition, is_tensor
        case Apply("divide", (e, Apply("power", (Apply("add", terms) as below, Number(value))))) if value == 2:
            answer = writer.aliases.get(Apply("divide", (ONE_ALONE, below)))
            if answer is not None and set(terms) == {ONE_ALONE, e}:  # e/(1 + e)² is p·(1 - p) for p = 1/(1 + e)
                return hadamard([answer, add(ONE_ALONE, negate(answer))]), is_tensor
        case Apply("sqrt", (Apply("power", (Apply("norm", _) as norm, Number(value))),)) if value == 2:
            return norm, is_tensor
        case Apply("sqrt", (Apply("var", of),)):
            return Apply("std", of), is_tensor
    return found, is_tensor
