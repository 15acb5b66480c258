"""Products, sums and what is summed over gone wrong: operands, transposes, factors, axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Changed,
    Context,
    Frequency,
    Row,
    Shared,
    bare,
    scaled,
    times,
    whole,
)
from netcalc.expression import Number, Symbol, power
from netcalc.graph.backward import Use
from netcalc.graph.build import divide
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, plain
from netcalc.graph.inverses import matmul
from netcalc.graph.inverses import swapped as swapped_axes
from netcalc.graph.leaves import NAMED, array, eye
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, number, product, total
from netcalc.graph.sizes import Shape, same
from netcalc.records import NamedTuple

MAX_UNITS = 4  # entries of an axis that are tried one by one as the only path, or as the one left out
MAX_GRADIENTS = 4  # gradients of other steps, the nearest ones, that are tried in another one's place
MAX_OTHERS = 12  # tensors that are tried in another one's place
TARGETS = ("t", "target", "y", "Y", "T")
RATES = ("1", "0.1", "0.5", "0.01")
POWERS = ("the 2 of the square's derivative left out", "a factor of the power left out")


class Share(NamedTuple):
    """What comes back from a product or a sum, rightly: `number` · the factors, the first of which is the gradient."""

    factors: list[Factor]
    own: str
    shape: Shape
    number: Fraction
    out: str

    def built(
        self, factors: Sequence[Factor] | None = None, number: Fraction | None = None, own: str | None = None
    ) -> Node:
        """The share, with other factors or another number."""
        return product(
            self.factors if factors is None else factors,
            self.own if own is None else own,
            self.shape,
            self.number if number is None else number,
        )

    @property
    def summed(self) -> list[str]:
        """The letters that are summed over."""
        letters = dict.fromkeys("".join(own for _, own in self.factors))
        return [one for one in letters if one not in self.own]

    def size(self, letter: str) -> int:
        """How many entries a letter has; 0 where that is not known."""
        for node, own in self.factors:
            if letter in own:
                return whole(node.shape[own.index(letter)])
        return 0

    def restricted(self, letter: str, weights: np.ndarray) -> Node:
        """The sum over a letter with weights."""
        return self.built([*self.factors, (array(weights), letter)])


def share_of(context: Context, use: Use) -> Share | None:
    """The share of a use in a product or sum; None of another operation."""
    node, delta = use.node, context.delta(use)
    if node.operation is PRODUCT:
        params = node.params
        others = [pair for n, pair in enumerate(zip(node.args, params.letters, strict=True)) if n != use.place]
        by = params.number
    elif node.operation is SUM:
        params, others = node.params, []
        by = params.numbers[use.place]
    else:
        return None
    own = params.letters[use.place]
    if len(set(own)) < len(own):
        return None
    return Share([(delta, params.out), *others], own, node.args[use.place].shape, by, params.out)


# --- operands


def left_out(context: Context, use: Use) -> Iterator[Shared]:
    """One of the other factors left out."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        kept = [one for n, one in enumerate(share.factors) if n != place]
        if other is use.node.args[use.place]:
            squares = use.node.args.count(other) == 2
            if squares and letters != share.own and any(user.rank for user in _users(context, use.node)):
                continue  # of x xᵀ one of two places, which is told as that
            yield Shared(POWERS[not squares], _half(share), USUAL if squares else SEEN)
            if squares:
                yield Shared("a square's derivative without what is squared", _without(share, place), SEEN)
                if share.own == share.factors[place][1]:
                    itself = share.built([*share.factors, share.factors[place]], share.number / 2)
                    yield Shared("the power itself taken for its derivative", itself, SEEN)
                if not use.node.rank and other.rank:
                    said = "divided by the norm, as the norm itself is; the square's derivative is 2x"
                    yield Shared(said, divide(share.built(), elementwise("sqrt", use.node)), SEEN)
            continue
        parent, arg = context.called(use.node), context.called(use.node.args[use.place])
        if context.called(other) == "delta" and context.is_input(other):
            said = "what comes from above is left out: ∂L/∂ the output taken as 1"
            yield Shared(said, share.built(kept), USUAL)
        elif other not in context.varying:
            name = context.called(other)
            is_mean = other.operation is NAMED and name.startswith("1/") and "(" not in name
            kind = "the mean's" if is_mean else "the factor"
            yield Shared(f"{kind} {name} left out", share.built(kept), USUAL)
        else:
            often = USUAL if context.is_input(other) and not other.rank else SEEN
            said = f"∂{parent}/∂{arg} left out: it is {context.called(other)}"
            yield Shared(said, share.built(kept), often)
            if (passed_on := _passed_on(share, place)) is not None:
                yield Shared(said, passed_on, often)
            if (
                context.is_input(other)
                and set(share.factors[place][1]) <= set(share.own)
                and not context.is_silent(other)
            ):
                again = share.built([*share.factors, share.factors[place]])
                yield Shared(f"∂{parent}/∂{arg} applied twice: it is {context.called(other)}", again, RARE)


def _users(context: Context, core: Node) -> list[Node]:
    return context.users.get(context.names.get(core, core), [])


def _passed_on(share: Share, place: int) -> Node | None:
    """The share without a square matrix, the gradient itself in the place of Aᵀ δ; None where it does not fit."""
    (delta, above), (other, letters) = share.factors[0], share.factors[place]
    if len(share.factors) > 2 or other.rank != 2 or not same(*other.shape):
        return None
    gone = [one for one in letters if one in share.summed]
    new = [one for one in letters if one in share.own and one not in above]
    if len(gone) != 1 or len(new) != 1 or gone[0] not in above:
        return None
    return share.built([(delta, above.replace(gone[0], new[0]))])


def power_left_out(context: Context, use: Use) -> Iterator[Shared]:
    """A factor that is a power, with one factor less: α for α²."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        core = bare(other)
        if core.operation is not ELEMENTWISE or core.params.tree.operator != "power" or len(core.args) != 1:
            continue
        base, exponent = core.params.tree.arguments
        if isinstance(exponent, Number) and exponent.value > 1 and isinstance(base, Symbol):
            less = plain(
                power(base, Number(exponent.value - 1)),
                [(core.args[0], core.params.letters[0])],
                core.params.out,
                core.shape,
            )
            factors = [*share.factors]
            factors[place] = (less, letters)
            yield Shared(f"a factor {context.called(core.args[0])} left out", share.built(factors))


def _without(share: Share, place: int) -> Node:
    """The share with ones in the place of a factor."""
    node, letters = share.factors[place]
    return share.built([*share.factors[:place], (number(1, node.shape), letters), *share.factors[place + 1 :]])


def _half(share: Share) -> Node:
    """One of the two equal shares of a square, halved; both are edited together."""
    return share.built(number=share.number / 2)


def swapped(context: Context, use: Use) -> Iterator[Shared]:
    """A factor's own partner in its place: w for x."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if context.is_silent(other):
            continue
        parent, name = context.called(use.node), context.called(arg)
        if other is arg or len(letters) != arg.rank or arg.shape != other.shape:
            spread = _spread(share, place, arg, use)
            if spread is not None and other is not arg:
                yield Shared(
                    f"{name} taken for {context.called(other)}: ∂{parent}/∂{name} is {context.called(other)}", spread
                )
            continue
        factors = [*share.factors]
        factors[place] = (arg, letters)
        yield Shared(
            f"{name} taken for {context.called(other)}: ∂{parent}/∂{name} is {context.called(other)}",
            share.built(factors),
        )


def _spread(share: Share, place: int, arg: Node, use: Use) -> Node | None:
    """The share with the argument itself in place of a factor of another shape, as W for v: δᵢ Wᵢⱼ, and Σᵢ δᵢ vⱼ."""
    letters = use.node.params.letters[use.place]
    factors = [*share.factors]
    factors[place] = (arg, letters)
    return share.built(factors) if set(letters) <= set("".join(own for _, own in factors)) else None


def other_tensor(context: Context, use: Use) -> Iterator[Shared]:
    """Another tensor of the same shape in a factor's place."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if other is arg or other.operation is not NAMED or context.is_silent(other):
            continue
        near = _near(context, other)
        tried = [
            one
            for one in context.one.nodes
            if one.shape == other.shape
            and one not in (other, arg, context.one.output)
            and not context.is_silent(one)
            and (one in near or (one.params.moment >= 0 and one.rank))
        ]
        for one in sorted(tried, key=lambda node: node not in near)[:MAX_OTHERS]:
            factors = [*share.factors]
            factors[place] = (one, letters)
            often: Frequency = SEEN if one in near or one.rank else RARE
            yield Shared(f"{context.called(one)} taken for {context.called(other)}", share.built(factors), often)


def other_gradient(context: Context, use: Use) -> Iterator[Shared]:
    """What comes back from another step of the same shape in the place of the gradient from above."""
    own = context.names.get(use.node)
    if own is None or not own.rank:
        return
    order, called = context.one.nodes, context.called(own)
    here = order.index(own)
    users = {*context.users.get(own, ())}
    users |= {user for one in users if context.called(one) == called for user in context.users.get(one, ())}
    others = [
        (abs(place - here), one)
        for place, one in enumerate(order)
        if one is not own
        and one not in users  # that is a slope left out
        and one.shape == own.shape
        and one.params.moment >= 0
        and not context.is_silent(one)
        and not context.is_input(one)
        and context.one.backward.gradients.get(one) is not None
    ]
    back = context.gradient(use.node.args[use.place])
    nearest = [one for _, one in sorted(others, key=lambda pair: pair[0])[:MAX_GRADIENTS]]
    for one in nearest:
        if back in in_order([context.gradient(one)]):
            continue  # it is not there yet
        if (share := use.node.vjp(use.place, context.gradient(one))) is not None:
            yield Shared(f"the gradient of {context.called(one)} taken for that of {called}", share)


def _near(context: Context, node: Node) -> set[Node]:
    """What a node is made of directly, and what is made of it."""
    return {*node.args[0].args, *context.users.get(node, ())}


def part_of_sum(context: Context, use: Use) -> Iterator[Shared]:
    """A factor that is a sum, with one of its terms left out: the target, of a − t."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if other.operation is not NAMED or other.args[0].operation is not SUM:
            continue
        inner, core = other.args[0].params, other.args[0]
        for n, term in enumerate(core.args):
            kept = [
                ((one, own), by)
                for m, (one, own, by) in enumerate(zip(core.args, inner.letters, inner.numbers, strict=True))
                if m != n
            ]
            if not kept:
                continue
            without = total([one for one, _ in kept], inner.out, core.shape, [by for _, by in kept])
            factors = [*share.factors]
            factors[place] = (without, letters)
            if other is use.node.args[use.place]:  # of a square, where both shares are one
                factors = [(without if one is other else one, own) for one, own in share.factors]
            sign = "−" if inner.numbers[n] < 0 else "+"
            name = context.called(term)
            if other is use.node.args[use.place] and len(core.args) > 1:
                halves = [by / 2 if m == n else by for m, by in enumerate(inner.numbers)]
                half = total(list(zip(core.args, inner.letters, strict=True)), inner.out, core.shape, halves)
                own = share.built([(half if one is other else one, its) for one, its in share.factors])
                yield Shared(f"the 2 of the square left out of the term {sign} {name}", own, SEEN)
            target = name in TARGETS
            yield Shared(
                f"the target left out of the gradient: without {sign} {name}"
                if target
                else f"{sign} {name} left out of the gradient",
                share.built(factors),
                USUAL if target else SEEN,
            )


def updated(context: Context, use: Use) -> Iterator[Shared]:
    """The weights after a step in a factor's place."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if (
            not context.is_input(other)
            or context.is_silent(other)
            or other is use.node.args[use.place]
            or context.is_input(use.node.args[use.place])
        ):
            continue
        gradient = context.gradient(other)
        names = LETTERS[: other.rank]
        own = context.workings.inputs.get("lr")
        for rate in RATES if own is None else ("lr", *RATES):
            step = times(gradient, own) if own is not None and rate == "lr" else scaled(gradient, Fraction(rate))
            stepped = total([(other, names), (step, names)], names, other.shape, [1, -1])
            factors = [*share.factors]
            factors[place] = (stepped, letters)
            yield Shared(f"the weights already updated, with a step of {rate}", share.built(factors))


def transposed(context: Context, use: Use) -> Iterator[Shared]:
    """A square matrix in a factor's place turned over; or the outer product."""
    share = share_of(context, use)
    if share is None or use.node.operation is not PRODUCT:
        return
    for place, (other, letters) in enumerate(share.factors):
        if (
            other.rank >= 2
            and other.shape[-1] == other.shape[-2]
            and whole(other.shape[-1]) != 1
            and not set(letters[-2:]) <= set(share.own)
        ):
            factors = [*share.factors]
            factors[place] = (other, letters[:-2] + letters[-1] + letters[-2])
            if not place:
                name = f"∂{context.called(context.one.output)}/∂{context.called(use.node)}"
                yield Shared(f"{name} transposed", share.built(factors), SEEN)
                continue
            name = context.called(other)
            taken, right = (name, f"{name}ᵀ") if _is_turned(context, share, letters[-2:]) else (f"{name}ᵀ", name)
            beside = symmetric(name) if is_quadratic(context, use.node, other) else ""
            yield Shared(f"{taken} taken for {right}{beside}", share.built(factors), USUAL)
    arg = use.node.args[use.place]
    is_matrix = arg.rank >= 2 and arg.shape[-1] == arg.shape[-2] and whole(arg.shape[-1]) != 1
    if is_matrix and len(share.factors) > 1 and not set(share.own[-2:]) <= set(share.factors[-1][1]):
        own = share.own[:-2] + share.own[-1] + share.own[-2]
        name = context.called(arg)
        above = context.called(context.one.output)
        said = f"the outer product transposed: ∂{above}/∂{name} is δ {context.called(share.factors[-1][0])}ᵀ"
        is_outer = share.factors[-1][0].rank < 2 or context.workings.of_columns
        yield Shared(said, share.built(own=own), USUAL if is_outer else SEEN)
        if is_outer and arg.rank == 2:
            diagonal = share.built([*share.factors, (eye(arg.shape[0]), share.own)])
            yield Shared("the outer product's diagonal alone", diagonal, SEEN)


def _is_turned(context: Context, share: Share, letters: str) -> bool:
    """Whether a square matrix stands transposed in a share as people write it: Wᵀ δ, of W v; δ W, of V Wᵀ."""
    row, column = letters[0], letters[1]
    own = share.own
    if row in own and column in own:
        return own.index(row) > own.index(column)
    is_right = len(own) > 1 and own[-1] in letters and not context.workings.of_columns
    return (row in own) == is_right


def symmetric(name: str) -> str:
    """What is said besides of a matrix turned over between two of one vector, as in xᵀ A x."""
    return f", as if {name} were symmetric: the gradient has both {name} and {name}ᵀ"


def is_quadratic(context: Context, core: Node, matrix: Node) -> bool:
    """Whether a product of a matrix and a vector is multiplied by that vector in turn, as in xᵀ A x."""
    if core.operation is not PRODUCT or len(core.args) != 2 or matrix not in core.args:
        return False
    vector = core.args[core.args[0] is matrix]
    users = _users(context, core)
    return any(user.args[0].operation is PRODUCT and vector in user.args[0].args for user in users)


# --- sums over axes


def axes(context: Context, use: Use) -> Iterator[Shared]:
    """What is summed over: averaged, not summed, of one entry alone, all but one; or one sum too many."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    counts = [many for letter in share.summed if (many := share.size(letter)) > 1]
    if len(counts) > 1:
        said = f"averaged where it is summed, over {len(counts)} axes"
        yield Shared(said, share.built(number=share.number / prod(counts)), SEEN)
    for letter in share.summed:
        many = share.size(letter)
        if many < 2:
            continue
        name, axis = context.called(arg), share.factors[0][1].find(letter)
        first, last = share.restricted(letter, _unit(many, 0)), share.restricted(letter, _unit(many, many - 1))
        if _is_batch(context, use, letter, share):
            averaged = share.built(number=share.number / many)
            yield Shared("averaged over the samples where they are summed", averaged, USUAL)
            yield Shared("not summed over the samples: the last one's gradient alone", last, USUAL)
            yield Shared("not summed over the samples: the first one's gradient alone", first, USUAL)
            yield Shared("summed over the samples once more", share.built(number=share.number * many), RARE)
            if share.own != letter and len(share.own) == len(share.factors) == 1 and whole(arg.shape[0]) == many:
                said = "summed along the other axis: over the outputs of each sample, not over the samples"
                yield Shared(said, share.built(own=letter), USUAL)
            continue
        if use.node.operation is SUM and not arg.rank and not context.is_input(arg):
            continue
        averaged = share.built(number=share.number / many)
        yield Shared(f"averaged where it is summed, in ∂{context.called(use.node)}/∂{name}", averaged, SEEN)
        if use.node.operation is SUM:
            if arg in context.varying:
                not_summed = f"not summed over axis {axis}, along which {name} is broadcast"
                yield Shared(f"{not_summed}: the first entry alone", first)
                yield Shared(f"{not_summed}: the last entry alone", last)
            continue
        is_sample = context.is_of_input(arg) and _is_sample(context, share, letter)
        for unit in dict.fromkeys((*range(min(many, MAX_UNITS)), many - 1)):
            alone = f"a path left out: only the one through unit {unit} is taken"
            if is_sample:
                alone = f"not summed over the samples: the gradient of sample {unit} alone"
                lone = f"not averaged over the samples: the gradient of sample {unit} alone"
                yield Shared(lone, share.restricted(letter, many * _unit(many, unit)), RARE)
            yield Shared(alone, share.restricted(letter, _unit(many, unit)))
            if many > 2 and unit < MAX_UNITS:
                without = share.restricted(letter, 1 - _unit(many, unit))
                yield Shared(f"a path left out: the one through unit {unit}", without)
    for letter in share.own:
        if letter in share.out and whole(arg.shape[share.own.index(letter)]) > 1:
            kept = tuple(size for one, size in zip(share.own, share.shape, strict=True) if one != letter)
            once = product(share.factors, share.own.replace(letter, ""), kept, share.number)
            again = product([(once, share.own.replace(letter, ""))], share.own, share.shape)
            is_vector = len(share.own) == 1
            said = "summed over all entries, which are apart" if is_vector else "one sum too many, over axis {}"
            yield Shared(said.format(share.own.index(letter)), again, SEEN if is_vector else RARE)


def _unit(size: int, place: int) -> np.ndarray:
    unit: np.ndarray = np.eye(size, dtype=np.int64)[place]
    return unit


def _is_batch(context: Context, use: Use, letter: str, share: Share) -> bool:
    """Whether a letter counts samples: the gradient has it, and an input that is summed for does not."""
    gradient_letters = share.factors[0][1]
    if letter not in gradient_letters or not context.is_of_input(use.node.args[use.place]):
        return False
    if use.node.operation is SUM and len(gradient_letters) < 3:
        return True
    return gradient_letters.index(letter) == 0 and len(gradient_letters) > 1


def in_another_order(context: Context, use: Use) -> Iterator[Shared]:
    """The gradient of a product of square matrices with its factors in the other order: δ Aᵀ for Aᵀ δ."""
    node, params = use.node, use.node.params
    if node.operation is not PRODUCT or len(node.args) != 2 or any(one.rank != 2 for one in (node, *node.args)):
        return
    first, second = params.letters
    is_matmul = first[0] + second[1] == params.out and first[1] == second[0]
    if not is_matmul or not all(same(one.shape[0], one.shape[1]) for one in (node, *node.args)):
        return
    delta, turned = context.delta(use), swapped_axes(node.args[1 - use.place])
    wrong = matmul(turned, delta) if use.place == 0 else matmul(delta, turned)
    name = context.called(node.args[1 - use.place])
    right = f"δ {name}ᵀ" if use.place == 0 else f"{name}ᵀ δ"
    said = f"the factors in the other order: ∂{context.called(node)}/∂{context.called(node.args[use.place])} is {right}"
    yield Shared(said, scaled(wrong, params.number), SEEN)


def _is_sample(context: Context, share: Share, letter: str) -> bool:
    """Whether a letter counts the rows of a matrix that was given."""
    return any(own[0] == letter and node.rank > 1 and context.is_input(node) for node, own in share.factors if own)


def weights_transposed(context: Context) -> Iterator[Changed]:
    """Weights taken for their transposes wherever something goes back through them."""

    def turned(use: Use, _: Share) -> Node | None:
        return next((one.share for one in transposed(context, use) if "taken for" in one.said), None)

    yield from _throughout(context, "square weights taken for their transposes throughout", turned)


def weights_left_out(context: Context) -> Iterator[Changed]:
    """Weights left out wherever something goes back through them."""

    def left(use: Use, share: Share) -> Node | None:
        return (
            None
            if context.is_input(use.node.args[use.place])
            else _passed_on(share, 1) or share.built(share.factors[:1])
        )

    yield from _throughout(context, "the weights left out wherever something goes back through them", left)


def _throughout(context: Context, said: str, wrong: Callable[[Use, Share], Node | None]) -> Iterator[Changed]:
    """What goes wrong at every product with weights, of which there are several."""
    found = dict[Use, Node | None]()
    for _, use in context.uses:
        share = share_of(context, use)
        if share is None or len(share.factors) != 2 or not context.is_input(share.factors[1][0]):
            continue
        if (taken := wrong(use, share)) is not None:
            found[use] = taken
    if len({use.node for use in found}) > 1:
        yield Changed(said, context.replaced(found), None, SEEN)


def scaled_share(context: Context, use: Use) -> Iterator[Shared]:
    """The share of one use twice, or half."""
    arg = use.node.args[use.place]
    if len(context.one.backward.uses.get(arg, ())) > 1 and use.node.args.count(arg) == 1:
        name = context.called(use.node)
        yield Shared(f"what comes back from {name} counted twice", scaled(use.share, 2), RARE)


def both_operands(context: Context) -> Iterator[Changed]:
    """A product of two with both of its own derivatives left out, or each other's taken."""
    for core, node in context.names.items():
        uses = [use for _, use in context.uses if use.node is core]
        if core.operation is not PRODUCT or len(core.args) != 2 or len(uses) != 2 or core.args[0] is core.args[1]:
            continue
        if not context.varying.issuperset(core.args):
            continue
        shares = [share_of(context, use) for use in uses]
        if any(share is None for share in shares):
            continue
        known = [share for share in shares if share is not None]
        parent = context.called(node)
        a, b = map(context.called, core.args)
        bare = {use: share.built(share.factors[:1]) for use, share in zip(uses, known, strict=True)}
        said = f"the product's own derivative left out: ∂{parent}/∂{a} is {b}, and ∂{parent}/∂{b} is {a}"
        yield Changed(said, context.replaced(bare), node, SEEN)
        wrong: dict[Use, Node] = {}
        for use, share in zip(uses, known, strict=True):
            arg, other = use.node.args[use.place], share.factors[1]
            factors = [share.factors[0], (arg, other[1])] if arg.shape == other[0].shape else None
            swapped_share = share.built(factors) if factors else _spread(share, 1, arg, use)
            if swapped_share is not None:
                wrong[use] = swapped_share
        if len(wrong) == 2:
            said = f"{a} and {b} confused: ∂{parent}/∂{b} is {a}, and ∂{parent}/∂{a} is {b}"
            yield Changed(said, context.replaced(wrong), node, USUAL)


PRODUCTS = (
    Row("operands-confused", USUAL, changes=both_operands),
    Row("operand-transposed", USUAL, transposed),
    Row("operands-transposed", SEEN, changes=weights_transposed),
    Row("weights-left-out", SEEN, changes=weights_left_out),
    Row("operand-swapped", USUAL, swapped),
    Row("operands-reordered", SEEN, in_another_order),
    Row("factor-left-out", SEEN, left_out),
    Row("power-left-out", USUAL, power_left_out),
    Row("axis", SEEN, axes),
    Row("term-left-out-of-factor", SEEN, part_of_sum),
    Row("other-tensor", RARE, other_tensor),
    Row("other-gradient", RARE, other_gradient),
    Row("weights-updated", RARE, updated),
    Row("counted-twice", RARE, scaled_share),
)
