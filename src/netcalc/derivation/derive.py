"""SymPy derives; what it found is remembered as text and read back through the parser."""

# SymPy costs more to import than the rest of a run, so only a derivation that is not remembered pays for it.
from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from netcalc.catalogue.activations import ACTIVATIONS, BoundActivation, activation
from netcalc.derivation.remembered import remembered
from netcalc.errors import TookTooLong
from netcalc.expression import Apply, Number, Symbol, Tree, parse, substitute
from netcalc.expression.tree import add, divide, fold, fold_all, multiply, negate, power
from netcalc.notation import to_ascii

if TYPE_CHECKING:
    from netcalc.catalogue.losses import BoundLoss

SIMPLIFY_SECONDS = 2.0
FACTOR_SECONDS = 0.5
RING_AGAIN = 0.05  # seconds between an alarm and the next
HIGHEST_DEGREE = 200
LONGEST_EXPANSION = 30  # exponent of a sum that may be multiplied out
LONGEST_NUMBER = 400  # bits
ONE = Number(Fraction(1))


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


@cache
def derivation(activation: BoundActivation) -> Derivation:
    """The derivation of an activation, from memory, from the cache directory, or from SymPy."""
    subject = f"{activation.formula} | {activation.familiar_slope}"
    return Derivation(*remembered(subject, 4, {"q"}, lambda: _derive(activation)))


def _derive(activation: BoundActivation) -> list[str]:
    from netcalc.derivation.algebra import derivative, from_sympy, to_sympy

    formula = without_ones(parse(activation.formula))
    slope = derivative(to_sympy(expand(formula)), "q")
    curvature = factored(derivative(slope, "q"))
    trees = (formula, from_sympy(slope), from_sympy(curvature), _known(slope, activation))
    return [to_ascii(tree) for tree in trees]


@cache
def loss_derivation(loss: BoundLoss) -> tuple[Tree, Tree, Tree]:
    """An elementwise loss as a tree in `a` and `t`, its slope in `a`, and that slope as people know it."""
    subject = f"loss | {loss.formula} | {loss.familiar_slope}"
    value, slope, shown = remembered(subject, 3, {"a", "t"}, lambda: _derive_loss(loss))
    return stable(value), stable(slope), shown


def _derive_loss(loss: BoundLoss) -> list[str]:
    from netcalc.derivation.algebra import derivative, from_sympy, to_sympy

    slope = derivative(to_sympy(parse(loss.formula)), "a")
    return [loss.formula, *(to_ascii(tree) for tree in (from_sympy(slope, ("a", "t")), _known(slope, loss)))]


def _known(slope: Any, row: BoundActivation | BoundLoss) -> Tree:
    """The slope in the form people know, where SymPy proves it equal; else as SymPy writes it."""
    from netcalc.derivation.algebra import from_sympy, to_sympy

    familiar = row.familiar_slope and without_ones(parse(row.familiar_slope))
    return familiar if familiar and _equal(to_sympy(expand(familiar)), slope) else from_sympy(shorter(slope))


def is_softmax_simplified(outputs: int) -> bool:
    """Whether SymPy proves, for so many outputs, that cross-entropy of a softmax has the slope softmax(z) - t.

    Targets are a distribution: they sum to 1.
    """
    subject = f"cross-entropy after softmax | {outputs}"
    (answer,) = remembered(subject, 1, set(), lambda: [str(int(_proves_softmax(outputs)))])
    return answer == ONE


def _proves_softmax(outputs: int) -> bool:
    import sympy as sp

    z, t = sp.symbols(f"z0:{outputs}", real=True), sp.symbols(f"t0:{outputs}", real=True)
    shares = [sp.exp(one) / sum(map(sp.exp, z)) for one in z]
    aims = [*t[:-1], 1 - sum(t[:-1])]
    loss = -sum(aim * sp.log(share) for aim, share in zip(aims, shares, strict=True))
    return all(_equal(sp.diff(loss, z[k]), shares[k] - aims[k]) for k in range(outputs))


def expand(tree: Tree) -> Tree:
    """The tree with every catalogue function, and `sigmoid'` and `sigmoid''`, replaced by its formula."""
    return fold(tree, lambda leaf: leaf, _expanded)


def _expanded(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    node = Apply(operator, arguments)
    if operator == "power'":
        return _power_by_exponent(*arguments)
    if not is_activation(node):
        return node
    if operator.endswith("'"):
        known = derivation(bound(node))
        formula = known.curvature if operator.endswith("''") else known.slope
    else:
        formula = parse(bound(node).formula)
    return substitute(expand(formula), {"q": arguments[0]})


def _power_by_exponent(base: Tree, exponent: Tree) -> Tree:
    """∂(base^exponent)/∂exponent, which is 0 at base 0 although its logarithm has no value there."""
    zero = Number(Fraction(0))
    at_zero = Apply("and", (Apply("equal", (base, zero)), Apply("greater", (exponent, zero))))
    return Apply("where", (at_zero, zero, multiply(power(base, exponent), Apply("log", (base,)))))


def is_activation(tree: Tree) -> bool:
    """Whether a tree applies a function of the catalogue by name, or its derivative: `gelu(x)`, `gelu'(x)`."""
    return isinstance(tree, Apply) and (name := tree.operator.rstrip("'")) in ACTIVATIONS and name not in ELEMENTARY


def bound(node: Apply) -> BoundActivation:
    """The activation that a tree applies, or a derivative of which it applies; its parameters follow q."""
    name = node.operator.rstrip("'")
    parameters = ", ".join(to_ascii(argument) for argument in node.arguments[1:])
    return activation(f"{name}({parameters})" if parameters else name)


def without_ones(tree: Tree) -> Tree:
    """The tree without factors and divisors of one, which parameters leave behind."""
    if not isinstance(tree, Apply):
        return tree
    arguments = tuple(without_ones(argument) for argument in tree.arguments)
    if tree.operator == "divide" and arguments[1] == ONE:
        return arguments[0]
    if tree.operator == "multiply":
        return multiply(*([factor for factor in arguments if factor != ONE] or [ONE]))
    return Apply(tree.operator, arguments)


def applied(activation: BoundActivation) -> Apply:
    """A catalogue activation as its name applied to q, its parameters after it: `leaky_relu(q, 0.2)`."""
    parameters = tuple(Number(value) for _, value in activation.parameters) if "(" in activation.label else ()
    return Apply(activation.name, (Symbol("q"), *parameters))


ELEMENTARY = frozenset({"exp", "sin", "tanh"})  # activations that every arithmetic knows by themselves


def _equal(a: Any, b: Any) -> bool:
    """Whether SymPy proves it within its time."""
    import sympy as sp

    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_SECONDS):
        over_one_bar = sp.expand(sp.numer(sp.together(a - b)))  # far quicker than simplify, where it is enough
        return bool(over_one_bar == 0 or sp.simplify(a - b) == 0)
    return False


def shorter(expression: Any) -> Any:
    """The expression simplified, if that takes little time and makes it no longer."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_SECONDS):
        return min([expression, sp.factor(expression), sp.simplify(expression)], key=sp.count_ops)
    return expression


def factored(expression: Any) -> Any:
    """The expression as a product, if that takes little time and makes it shorter: products cancel nothing."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(FACTOR_SECONDS):
        return min([expression, sp.factor(expression)], key=sp.count_ops)
    return expression


def is_tame(expression: Any) -> bool:
    """Whether its polynomials are of a degree that is factored at once: compiled code hears no alarm until it is done.

    e^100000 is a polynomial of degree 100,000 in e; so is e^(1/100000), of its root.
    """
    import sympy as sp

    numbers = expression.atoms(sp.Rational)
    if any(max(int(one.p).bit_length(), int(one.q).bit_length()) > LONGEST_NUMBER for one in numbers):
        return False
    powers = expression.atoms(sp.Pow, sp.exp)
    if any(one.base.is_Add and one.exp.is_Integer and abs(int(one.exp)) > LONGEST_EXPANSION for one in powers):
        return False
    exponents = [power.exp.as_coeff_Mul()[0] for power in powers]
    return all(max(abs(int(c.p)), int(c.q)) <= HIGHEST_DEGREE for c in exponents if c.is_Rational)


# What SymPy, asked for too much, may end with; the formula then stays as it is.
SYMPY_FAILURES = (ArithmeticError, AttributeError, NotImplementedError, RecursionError, TypeError, ValueError)


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises TookTooLong inside after that many seconds of computing (in the main thread of a POSIX system).

    The processor's time, not the wall's: what a formula simplifies to doesn't depend on what else the machine does.
    The alarm rings again until it is heard: an exception in a finalizer or a collector's callback is dropped.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TookTooLong(f"the algebra took more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, ring)
    left, _ = signal.setitimer(signal.ITIMER_PROF, seconds, RING_AGAIN)  # of a bound around this one
    started = time.process_time()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        if left:
            signal.setitimer(signal.ITIMER_PROF, max(left - (time.process_time() - started), RING_AGAIN), RING_AGAIN)


# --- forms that keep their digits -------------------------------------------------------------------------------------


def stable(tree: Tree) -> Tree:
    """The same function without its cancellations: log(1 + u) as log1p(u), 1 - tanh² as 1/cosh², and the like."""
    return fold(tree, lambda leaf: leaf, _stable)


def evaluable(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees in terms of the elementary functions alone, without their cancellations."""
    return fold_all(fold_all(trees, lambda leaf: leaf, _expanded), lambda leaf: leaf, _stable)


def settled(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees in forms that keep their digits in float64 as well: what overflows becomes a sigmoid or softplus."""
    return fold_all(trees, lambda leaf: leaf, _settled)


def _settled(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    match _stable(operator, arguments):
        case Apply("power'", (base, exponent)):
            return _power_by_exponent(base, exponent)
        case Apply("log1p", (Apply("exp", (u,)),)):
            return Apply("softplus", (u,))
        case Apply("divide", (above, below)):
            return _with_sigmoids(above, below)
        case node:
            return node


def _with_sigmoids(above: Tree, below: Tree) -> Tree:
    """above/below, where exp(u)/(1 + exp(u)) is sigmoid(u) and 1/(1 + exp(u)) is sigmoid(-u)."""
    over, under = _factors(above), []
    for factor in _factors(below):
        base, exponent = factor.arguments if isinstance(factor, Apply) and factor.operator == "power" else (factor, ONE)
        growing = _one_plus_exp(base)
        if growing is None or not isinstance(exponent, Number) or exponent.value not in range(1, 9):
            under.append(factor)
            continue
        for _ in range(int(exponent.value)):
            if (power := Apply("exp", (growing,))) in over:
                over.remove(power)
                over.append(Apply("sigmoid", (growing,)))
            else:
                over.append(Apply("sigmoid", (negate(growing),)))
    product = multiply(*over) if over else ONE
    return divide(product, multiply(*under)) if under else product


def _factors(tree: Tree) -> list[Tree]:
    return list(tree.arguments) if isinstance(tree, Apply) and tree.operator == "multiply" else [tree]


def _one_plus_exp(tree: Tree) -> Tree | None:
    """The u of 1 + exp(u)."""
    match tree:
        case Apply("add", (Number(one), Apply("exp", (u,)))) | Apply("add", (Apply("exp", (u,)), Number(one))):
            return u if one == 1 else None
        case _:
            return None


def _stable(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    match Apply(operator, arguments):
        case Apply("log", (Apply("add", terms),)) if ONE in terms:
            return Apply("log1p", (add(*_without(terms, ONE)),))
        case Apply("add", terms):
            return _cancelled(terms)
        case node:
            return node


def _cancelled(terms: tuple[Tree, ...]) -> Tree:
    """A sum in which a constant and one other term are joined into what they come to, if any rule fits."""
    for constant in terms:
        if not isinstance(constant, Number):
            continue
        for term in terms:
            if joined := _joined(constant.value, *_scaled(term)):
                others = _without(_without(terms, constant), term)
                return add(*others, joined) if others else joined
    return Apply("add", terms)


def _joined(c: Fraction, k: Fraction, function: Tree) -> Tree | None:
    """c + k·function as one term that does not cancel; None if no rule fits."""
    match function:
        case Apply("power", (Apply("tanh", (u,)), Number(two))) if two == 2 and k == -c:
            return divide(Number(c), power(Apply("cosh", (u,)), Number(two)))
        case Apply("tanh", (u,)) if abs(k) == abs(c):
            growing = multiply(Number(Fraction(2 if k == -c else -2)), u)
            return divide(Number(2 * c), add(ONE, Apply("exp", (growing,))))
        case Apply("exp", (u,)) if k == -c:
            return _times(k, Apply("expm1", (u,)))
        case Apply("erf", (u,)) if abs(k) == abs(c):
            return _times(c, Apply("erfc", (u if k == -c else negate(u),)))
        case Apply("erfc", (u,)) if c == -2 * k:
            return _times(-k, Apply("erfc", (negate(u),)))
        case _:
            return None


def _scaled(term: Tree) -> tuple[Fraction, Tree]:
    """A term as a number times the rest."""
    match term:
        case Apply("negate", (rest,)):
            k, function = _scaled(rest)
            return -k, function
        case Apply("divide", (above, Number(c))):
            k, function = _scaled(above)
            return k / c, function
        case Apply("multiply", (Number(k), *rest)) if rest:
            return k, multiply(*rest)
        case _:
            return Fraction(1), term


def _times(k: Fraction, tree: Tree) -> Tree:
    return tree if k == 1 else multiply(Number(k), tree)


def _without(terms: tuple[Tree, ...], term: Tree) -> tuple[Tree, ...]:
    place = terms.index(term)
    return terms[:place] + terms[place + 1 :]
