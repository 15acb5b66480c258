"""Rules of powers, exponentials and quotients gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Changed, Context, Row, Shared, bare, scaled, times
from netcalc.checking.edits.slopes import phi, wrong
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, multiply, power
from netcalc.graph.backward import Use, gradients
from netcalc.graph.elementwise import operator_of, plain, slot
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT
from netcalc.records import NamedTuple

MAX_POWER = 4  # that is read inside of a function
READ_SO = frozenset("sin cos tan sinh cosh tanh sigmoid log exp".split())


def powers(context: Context, use: Use) -> Iterator[Shared]:
    """A power's rule gone wrong, by its base or by its exponent."""
    if operator_of(use.node) != "power":
        return
    base, exponent = use.node.params.tree.arguments
    own, q = use.node.params.tree, Symbol(slot(use.place))
    lowered = power(base, _minus_one(exponent))
    as_power = multiply(exponent, lowered)
    as_exponential = multiply(own, Apply("log", (base,)))
    if base == q:
        yield Shared("the power's exponent not lowered by 1", wrong(use, context, multiply(exponent, own)), USUAL)
        yield Shared("the power's exponent not brought down as a factor", wrong(use, context, lowered), USUAL)
        yield Shared("the power itself taken for its derivative", wrong(use, context, own), SEEN)
        yield Shared("the power's slope left out of the chain rule", wrong(use, context, Number(Fraction(1))), SEEN)
        yield Shared("a power differentiated as an exponential", wrong(use, context, as_exponential), SEEN)
        if isinstance(exponent, Number):
            yield from _of_exponent(context, use, base, exponent.value)
    else:
        yield Shared("an exponential differentiated as a power", wrong(use, context, as_power), USUAL)
        yield Shared("the logarithm of an exponential's base left out", wrong(use, context, own), USUAL)
        log = Apply("log", (base,))
        yield Shared("the exponential itself left out: its base in its place", wrong(use, context, multiply(base, log)))
        yield Shared("the exponential itself left out", wrong(use, context, log))
        divided = Apply("divide", (own, log))
        yield Shared("divided by the logarithm of an exponential's base, a factor", wrong(use, context, divided))
        if isinstance(base, Number):
            swapped = multiply(base, power(exponent, Number(base.value - 1)))
            yield Shared("an exponential differentiated as a power of its exponent", wrong(use, context, swapped))
        from_ten = multiply(own, Apply("log10", (base,)))
        yield Shared("the logarithm of an exponential's base taken to base 10", wrong(use, context, from_ten), RARE)


def _of_exponent(context: Context, use: Use, base: Tree, n: Fraction) -> Iterator[Shared]:
    """Slips with an exponent that is a number."""
    lowered = power(base, Number(n - 1))
    less = multiply(Number(n - 1), lowered)
    yield Shared("the power's exponent lowered before it was brought down", wrong(use, context, less), SEEN)
    alone = wrong(use, context, Number(n))
    yield Shared("the power itself left out of its derivative: its exponent alone", alone, SEEN if n == 2 else RARE)
    if n > 2:
        first = multiply(Number(n), base)
        yield Shared("the power's exponent lowered to 1 in place of by 1", wrong(use, context, first))
    node = context.names.get(use.node)
    if n > 0 and node is not None and _stands_below(context, node):
        up = multiply(Number(n), power(base, Number(n + 1)))
        yield Shared("a negative exponent raised by 1 where it is lowered", wrong(use, context, up), USUAL)
    if n < 0:
        up = multiply(Number(n), power(base, Number(n + 1)))
        yield Shared("a negative exponent raised by 1 where it is lowered", wrong(use, context, up), SEEN)
    if n != -1:
        raised = Apply("divide", (power(base, Number(n + 1)), Number(n + 1)))
        yield Shared("a power integrated, not differentiated", wrong(use, context, raised))
    negative = multiply(Number(-n), lowered)
    yield Shared("the sign of the power's exponent is lost", wrong(use, context, negative), SEEN)


def _stands_below(context: Context, node: Node) -> bool:
    """Whether a node is used as what numbers are divided by alone."""
    users = [user.args[0] for user in context.users.get(node, ())]
    return bool(users) and all(
        operator_of(core) == "divide" and is_constant(core.params.tree.arguments[0]) for core in users
    )


def _minus_one(exponent: Tree) -> Tree:
    if isinstance(exponent, Number):
        return Number(exponent.value - 1)
    return Apply("add", (exponent, Number(Fraction(-1))))


def quotients(context: Context, use: Use) -> Iterator[Shared]:
    """A quotient's rule gone wrong, by what is above the bar or below it."""
    if operator_of(use.node) != "divide":
        return
    above, below = use.node.params.tree.arguments
    q = Symbol(slot(use.place))
    if below == q:
        square = power(below, Number(Fraction(2)))
        yield Shared(
            "the quotient rule with a plus: its numerator is u′v − uv′",
            wrong(use, context, Apply("divide", (above, square))),
            USUAL,
        )
        yield Shared(
            "the quotient rule's denominator not squared",
            wrong(use, context, Apply("negate", (Apply("divide", (above, below)),))),
            USUAL,
        )
        yield Shared("the quotient rule's denominator left out", wrong(use, context, Apply("negate", (above,))), RARE)
        if not is_constant(above):
            constant = wrong(use, context, Number(Fraction(0)))
            yield Shared("what is below the bar taken as a constant", constant, SEEN)
        if above != Number(Fraction(1)):
            one = Apply("divide", (Number(Fraction(-1)), square))
            yield Shared("what is above the bar left out: −1/v² taken for −u/v²", wrong(use, context, one))
        log = multiply(above, Apply("log", (below,)))
        yield Shared("1/v integrated, not differentiated: log v; it is −1/v²", wrong(use, context, log))
        if is_constant(above):
            alone = Apply("divide", (above, below))
            yield Shared("1/v itself taken for its derivative, −1/v²", wrong(use, context, alone))
    if above == q:
        yield Shared("what is below the bar left out", wrong(use, context, Number(Fraction(1))))
        yield Shared("what is below the bar taken as a factor", wrong(use, context, below), RARE)


def power_inside(context: Context) -> Iterator[Changed]:
    """A function's power taken of what is inside, log(x)² as log(x²), or the other way round."""
    for core, node in context.names.items():
        if (own := _power_of(core)) is not None and _is_read_so(inner := bare(own.of)):
            g = inner.args[0]
            taken = scaled(_applied(inner, times(*[g] * own.exponent)), own.number)
            said = f"the power taken inside of {phi(inner)}: it is that of {context.called(own.of)}"
            between, often = inner, USUAL
        elif _is_read_so(core) and (own := _power_of(bare(core.args[0]))) is not None and own.number == 1:
            g, between, often = own.of, bare(core.args[0]), SEEN
            taken = times(*[_applied(core, g)] * own.exponent)
            said = f"the power taken outside of {phi(core)}: it is that of {context.called(g)}"
        else:
            continue
        uses = [use for _, use in context.uses if use.node is between]
        if context.users_of(between) != [node] or not uses:
            continue
        share = gradients(taken, [g], context.gradient(node))[0]
        shares = {uses[0]: share, **dict.fromkeys(uses[1:])}
        yield Changed(said, {node: taken, **context.replaced(shares)}, node, often)


class Power(NamedTuple):
    """`number` times a whole power of a node, entry by entry."""

    of: Node
    exponent: int
    number: Fraction


def _is_read_so(core: Node) -> bool:
    """Whether a node is a function of one argument whose power may be read in two ways, as sin² x."""
    return operator_of(core) in READ_SO and len(core.args) == 1


def _applied(function: Node, argument: Node) -> Node:
    letters = LETTERS[: argument.rank]
    return plain(function.params.tree, [(argument, letters)], letters, argument.shape)


def _power_of(core: Node) -> Power | None:
    """A node as a power; None of what is none."""
    if core.operation is PRODUCT and len(core.args) > 1 and len(set(core.args)) == 1:
        is_plain = set(core.params.letters) == {core.params.out}
        return Power(core.args[0], len(core.args), core.params.number) if is_plain else None
    if operator_of(core) != "power" or len(core.args) != 1:
        return None
    exponent = core.params.tree.arguments[1]
    if not isinstance(exponent, Number) or exponent.value.denominator != 1 or not 1 < exponent.value <= MAX_POWER:
        return None
    return Power(core.args[0], int(exponent.value), Fraction(1))


POWERS = (
    Row("power-rule", SEEN, powers),
    Row("quotient-rule", SEEN, quotients),
    Row("power-inside", SEEN, changes=power_inside),
)
