"""SymPy derives; what it found is remembered as text and read back through the parser."""

# SymPy costs more to import than the rest of a run, so only a derivation that is not remembered pays for it.
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from netcalc.catalogue.activations import ACTIVATIONS, BoundActivation
from netcalc.catalogue.references import activation
from netcalc.derivation.stable import power_by_exponent, stable, stable_node
from netcalc.errors import UndefinedError
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, parse, share, substitute
from netcalc.expression.tree import ONE, TWO, add, apply, divide, fold, fold_all, multiply, negate
from netcalc.notation import to_ascii
from netcalc.records import dataclass

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss


@dataclass(repr=False)
class Derivation:
    """A function of q with its first two derivatives, and its slope as people know it."""

    value: Tree
    slope: Tree
    curvature: Tree
    shown: Tree

    @cached_property
    def stable(self) -> tuple[Tree, Tree, Tree]:
        """Value, slope and curvature in forms that keep their digits in balls of modest precision."""
        return stable(expand(self.value)), stable(self.slope), stable(self.curvature)


@lru_cache(maxsize=256)
def derivation(activation: BoundActivation) -> Derivation:
    """The derivation of an activation, from memory, from the cache directory, or from SymPy."""
    from netcalc.derivation.remembered import remembered

    formula = without_ones(parse(activation.formula))
    subject = f"{activation.formula} | {activation.familiar_slope}"

    def holds(trees: list[Tree]) -> bool:
        from netcalc.derivation.held import are_slopes

        slope, curvature, shown = evaluable(trees)
        return are_slopes(expand(formula), "q", (slope, shown), (curvature,))

    return Derivation(formula, *remembered(subject, 3, {"q"}, lambda: _derive(formula, activation), holds))


def _derive(formula: Tree, activation: BoundActivation) -> list[str]:
    from netcalc.derivation.algebra import derivative, from_sympy, to_sympy
    from netcalc.derivation.bounded import factored

    slope = derivative(to_sympy(expand(formula)), "q")
    if not _is_real(slope):
        raise UndefinedError(f"{to_ascii(formula)} has no slope in real numbers{_since(formula)}")
    curvature = factored(derivative(slope, "q"))
    return [to_ascii(tree) for tree in (from_sympy(slope), from_sympy(curvature), _known(slope, activation))]


def _is_real(expression: Any) -> bool:
    import sympy as sp

    return not expression.has(sp.I, sp.nan, sp.zoo, sp.oo, -sp.oo)


def _since(formula: Tree) -> str:
    """Which constant part of the formula is no real number, if one is."""
    from netcalc.derivation.algebra import to_sympy

    parts = (node for node in share((expand(formula),)).nodes if isinstance(node, Apply) and is_constant(node))
    return next((f": {to_ascii(part)} has no value" for part in parts if not _is_real(to_sympy(part))), "")


@lru_cache(maxsize=256)
def loss_derivation(loss: BoundLoss) -> tuple[Tree, Tree, Tree]:
    """An elementwise loss as a tree in `a` and `t`, its slope in `a`, and that slope as people know it."""
    from netcalc.derivation.remembered import remembered

    formula = parse(loss.formula)
    subject = f"loss | {loss.formula} | {loss.familiar_slope}"

    def holds(trees: list[Tree]) -> bool:
        from netcalc.derivation.held import are_slopes

        return are_slopes(expand(formula), "a", evaluable(trees))

    slope, shown = remembered(subject, 2, {"a", "t"}, lambda: _derive_loss(formula, loss), holds)
    return stable(formula), stable(slope), shown


def loss_formula(loss: BoundLoss) -> Tree:
    """An elementwise loss as a tree in `a` and `t`, as people know it."""
    return without_ones(parse(loss.formula))


def _derive_loss(formula: Tree, loss: BoundLoss) -> list[str]:
    from netcalc.derivation.algebra import derivative, from_sympy, to_sympy

    slope = derivative(to_sympy(formula), "a")
    return [to_ascii(tree) for tree in (from_sympy(slope, ("a", "t")), _known(slope, loss))]


def _known(slope: Any, row: BoundActivation | BoundLoss) -> Tree:
    """The slope in the form people know, where SymPy proves it equal; else as SymPy writes it."""
    from netcalc.derivation.algebra import from_sympy, to_sympy
    from netcalc.derivation.bounded import equal, shorter

    familiar = row.familiar_slope and without_ones(parse(row.familiar_slope))
    return familiar if familiar and equal(to_sympy(expand(familiar)), slope) else from_sympy(shorter(slope))


def is_softmax_simplified(outputs: int) -> bool:
    """Whether SymPy proves, for so many outputs, that cross-entropy of a softmax has the slope softmax(z) - t.

    Targets are a distribution: they sum to 1.
    """
    from netcalc.derivation.remembered import remembered

    subject = f"cross-entropy after softmax | {outputs}"

    def derive() -> list[str]:
        return [str(int(_proves_softmax(outputs)))]

    (answer,) = remembered(subject, 1, set(), derive, lambda kept: kept == [ONE])  # as it is of every number of outputs
    return answer == ONE


def _proves_softmax(outputs: int) -> bool:
    import sympy as sp

    from netcalc.derivation.bounded import equal

    z, t = sp.symbols(f"z0:{outputs}", real=True), sp.symbols(f"t0:{outputs}", real=True)
    shares = [sp.exp(one) / sum(map(sp.exp, z)) for one in z]
    aims = [*t[:-1], 1 - sum(t[:-1])]
    loss = -sum(aim * sp.log(share) for aim, share in zip(aims, shares, strict=True))
    return all(equal(sp.diff(loss, z[k]), shares[k] - aims[k]) for k in range(outputs))


def expand(tree: Tree) -> Tree:
    """The tree with every catalogue function, and `sigmoid'` and `sigmoid''`, replaced by its formula."""
    return fold(tree, lambda leaf: leaf, _expanded)


def _expanded(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    node = Apply(operator, arguments)
    if operator == "power'":
        return power_by_exponent(*arguments)
    if not is_activation(node):
        return node
    if operator.endswith("'"):
        known = derivation(bound(node))
        formula = known.curvature if operator.endswith("''") else known.slope
    else:
        formula = parse(bound(node).formula)
    return substitute(expand(formula), {"q": arguments[0]})


def evaluable(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees in terms of the elementary functions alone, without their cancellations."""
    return fold_all(expanded(trees), lambda leaf: leaf, stable_node)


def expanded(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees in terms of the elementary functions alone."""
    return fold_all(trees, lambda leaf: leaf, _expanded)


def evaluable_far_out(tree: Tree) -> tuple[Tree, ...]:
    """A tree to be evaluated at infinity, where stable forms have no value: eᶻ/(1 + eᶻ)² is 1/((1 + eᶻ)(1 + 1/eᶻ))."""

    def finite(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        match operator, arguments:
            case "divide", (Apply("exp", (z,)) as e, Apply("power", (below, two))):
                if two == TWO and below == add(ONE, e):
                    return divide(ONE, multiply(below, add(ONE, apply("exp", (negate(z),)))))
        return apply(operator, arguments)

    return fold_all(expanded((tree,)), lambda leaf: leaf, finite)


def is_activation(tree: Tree) -> bool:
    """Whether a tree applies a function of the catalogue by name, or its derivative: `gelu(x)`, `gelu'(x)`."""
    return isinstance(tree, Apply) and (name := tree.operator.rstrip("'")) in ACTIVATIONS and name not in ELEMENTARY


def bound(node: Apply) -> BoundActivation:
    """The activation that a tree applies, or a derivative of which it applies; its parameters follow q."""
    name = node.operator.rstrip("'")
    parameters = ", ".join(to_ascii(argument) for argument in node.arguments[1:])
    return activation(f"{name}({parameters})" if parameters else name)


def without_ones(tree: Tree) -> Tree:
    """The tree without factors and divisors of one, nor a number over its divisor, which parameters leave behind."""
    if not isinstance(tree, Apply):
        return tree
    arguments = tuple(without_ones(argument) for argument in tree.arguments)
    if tree.operator == "divide" and arguments[1] == ONE:
        return arguments[0]
    if tree.operator == "divide" and all(isinstance(one, Number) for one in arguments):
        above, below = (one.value for one in arguments if isinstance(one, Number))
        return Number(above / below) if below and not above % below else Apply("divide", arguments)
    if tree.operator == "multiply":
        return multiply(*([factor for factor in arguments if factor != ONE] or [ONE]))
    return Apply(tree.operator, arguments)


def applied(activation: BoundActivation) -> Apply:
    """A catalogue activation as its name applied to q, its parameters after it: `leaky_relu(q, 0.2)`."""
    parameters = tuple(Number(value) for _, value in activation.parameters) if "(" in activation.label else ()
    return Apply(activation.name, (Symbol("q"), *parameters))


ELEMENTARY = frozenset({"exp", "sin", "tanh"})  # activations that every arithmetic knows by themselves
