"""The forward pass gone wrong: a function, a mask, a term, a factor left out, a sign, a transpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain, islice
from math import prod

import numpy as np

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Changed, Context, Row, bare, scaled, times, whole
from netcalc.checking.edits.factors import TARGETS
from netcalc.checking.edits.forms import written
from netcalc.checking.edits.numbers import averaged
from netcalc.checking.edits.products import is_quadratic, symmetric
from netcalc.checking.edits.shares import share_of
from netcalc.checking.edits.slopes import ARITHMETIC, phi, slipped
from netcalc.derivation.derive import bound, derivation, is_activation
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, parse, substitute, symbols
from netcalc.graph.backward import Use
from netcalc.graph.build import divide
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, operator_of, plain, slot, through
from netcalc.graph.leaves import array
from netcalc.graph.node import Node, make
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, product, total
from netcalc.graph.reductions import LOG_SOFTMAX, SOFTMAX

FORMS: Mapping[str, tuple[tuple[str, str], ...]] = {  # of an activation's value what is taken for it, and its name
    "gelu": (
        ("q*sigmoid(1.702*q)", "q·σ(1.702q), an approximation"),
        ("q*sigmoid(sqrt(8/pi)*(q + 0.044715*q^3))", "its approximation by tanh"),
    ),
    "gelu_tanh": (("q*(1 + erf(q/sqrt(2)))/2", "the exact gelu, with erf"),),
    "tanh": (("(exp(q) - exp(-q))/2", "sinh"),),
}
TANH = "(exp(q) - exp(-q))/(exp(q) + exp(-q))"
MAX_VARIANTS = 12  # of an activation with one slip in its formula
MAX_TERMS = 8  # of a product of two vectors, each of which may be wrong


def functions(context: Context) -> Iterator[Changed]:
    """An activation left out, taken at −q, or with one slip in its formula."""
    for core, node in context.names.items():
        if core.operation in (SOFTMAX, LOG_SOFTMAX):
            yield Changed(f"{core.operation.name} left out", {node: core.args[0]}, node)
        if core.operation is SOFTMAX:
            said = "softmax not divided by the sum of the exponentials"
            yield Changed(said, {node: elementwise("exp", core.args[0])}, node)
        if operator_of(core) == "power" and len(core.args) == 1 and core.args[0].shape == core.shape:
            yield Changed(f"the exponent left out of {context.called(node)}", {node: core.args[0]}, node, RARE)
        if len(core.args) != 1 or operator_of(core) in ("", *ARITHMETIC):
            continue
        if is_activation(core.params.tree) or operator_of(core) in ("tanh", "exp", "sin"):
            uses = [use for _, use in context.uses if use.node is core]
            without = {use: through(core, use.place, context.delta(use), Number(Fraction(1))) for use in uses}
            yield Changed(f"{phi(core)} left out", {node: core.args[0], **context.replaced(without)}, node, RARE)
        negative = substitute(core.params.tree, {slot(0): Apply("negate", (Symbol(slot(0)),))})
        opposite = plain(negative, [(core.args[0], core.params.letters[0])], core.params.out, core.shape)
        name = phi(core)
        said = f"{name} taken at −q: exp(q) for exp(−q)" if name == "σ" else f"{name} taken at −q"
        yield Changed(said, {node: opposite}, node, SEEN if name == "σ" else RARE)
        for tree, words in chain(FORMS.get(operator_of(core), ()), islice(slipped(_formula(core)), MAX_VARIANTS)):
            other, own = (parse(tree), words) if isinstance(tree, str) else (tree, f"{written(tree)}, {words}")
            if is_constant(other):
                continue  # 1 for 1/(1 + exp(−q)), which nobody takes
            taken = substitute(other, {"q": Symbol(slot(0))})
            wrong = plain(taken, [(core.args[0], core.params.letters[0])], core.params.out, core.shape)
            yield Changed(f"{name} taken as {own}", {node: wrong}, node, RARE)


def _formula(core: Node) -> Tree:
    """An activation as its formula in q; 1 for what has none."""
    tree = core.params.tree
    if operator_of(core) == "tanh":
        return parse(TANH)
    return derivation(bound(tree)).value if is_activation(tree) else Number(Fraction(1))


def masks(context: Context) -> Iterator[Changed]:
    """A mask left out: where(mask, −∞, x) taken as x."""
    for core, node in context.names.items():
        tree = core.params.tree if core.operation is ELEMENTWISE else None
        if not isinstance(tree, Apply) or tree.operator != "where":
            continue
        args = {slot(n): arg for n, arg in enumerate(core.args)}
        condition = {args[name] for name in symbols(tree.arguments[0])}
        branches = [args[name] for one in tree.arguments[1:] for name in symbols(one)]
        kept = [one for one in branches if one in context.varying]
        if len(kept) != 1 or kept[0].shape != core.shape or kept[0] in condition:
            continue
        shares = {use: context.delta(use) for _, use in context.uses if use.node is core}
        said = f"the mask left out of {context.called(node)}"
        yield Changed(said, {node: kept[0], **context.replaced(shares)}, node, USUAL)


def sums(context: Context) -> Iterator[Changed]:
    """A term of a sum left out, or with the other sign."""
    for core, node in context.names.items():
        if core.operation is not SUM:
            continue
        params = core.params
        if len(core.args) < 2:
            if params.numbers[0] < 0:
                yield _without_minus(context, core, total(_factors(core), params.out, core.shape, [-params.numbers[0]]))
            continue
        terms = _factors(core)
        for place, arg in enumerate(core.args):
            kept = [n for n in range(len(terms)) if n != place]
            without = total([terms[n] for n in kept], params.out, core.shape, [params.numbers[n] for n in kept])
            name, parent = context.term(core, place, with_number=False), context.called(node)
            is_bias = context.is_bias(arg)
            left_out = f"the bias forgotten in {parent}" if is_bias else f"{name} left out of {parent}"
            yield Changed(left_out, {node: without}, node, USUAL if is_bias or name.lstrip("−") in TARGETS else SEEN)
            if arg in context.varying and not context.is_input(arg):
                uses = [use for _, use in context.uses if use.node is core and use.place == place]
                gone = context.replaced(dict.fromkeys(uses))
                yield Changed(f"{left_out}, and its gradient", {node: without, **gone}, node, SEEN)
            signs = [-one if n == place else one for n, one in enumerate(params.numbers)]
            turned = total(terms, params.out, core.shape, signs)
            other = "subtracted" if params.numbers[place] > 0 else "added"
            said = f"the bias {other} in {parent}" if is_bias else f"{name} {other} in {parent}"
            yield Changed(said, {node: turned}, node, SEEN)


def roots(context: Context) -> Iterator[Changed]:
    """The constant under a root, as the ε of a normalisation, added outside of it or left out."""
    for core, node in context.names.items():
        if operator_of(core) != "sqrt" or len(core.args) != 1:
            continue
        under = bare(core.args[0])
        if under.operation is not SUM or sum(arg in context.varying for arg in under.args) != 1 < len(under.args):
            continue
        place = next(n for n, arg in enumerate(under.args) if arg in context.varying)
        params, terms = under.params, _factors(under)
        rest = total([terms[place]], params.out, under.shape, [params.numbers[place]])
        constants = [n for n in range(len(terms)) if n != place]
        root, letters = elementwise("sqrt", rest), params.out
        beside = [(root, letters), *(terms[n] for n in constants)]
        outside = total(beside, letters, core.shape, [1, *(params.numbers[n] for n in constants)])
        uses = [use for _, use in context.uses if use.node is core]
        shares = {use: divide(scaled(context.delta(use), Fraction(1, 2)), root) for use in uses}
        back = context.replaced(shares)
        yield Changed("ε added outside the root: √v + ε taken for √(v + ε)", {node: outside, **back}, node)
        yield Changed("ε left out of the root: √v taken for √(v + ε)", {node: root, **back}, node)


def products(context: Context) -> Iterator[Changed]:
    """A factor left out, a number, a matrix turned over."""
    for core, node in context.names.items():
        if core.operation is not PRODUCT or not core.args:
            continue
        params = core.params
        factors, parent = _factors(core), context.called(node)
        if params.number < 0:
            yield _without_minus(context, core, _with_number(core, -params.number))
        if params.summed and len(factors) == 2 and prod(map(whole, core.shape)) == 1:
            yield from _terms(context, core)
        if len(factors) > 1:
            for place, arg in enumerate(core.args):
                kept = [factors[n] for n in range(len(factors)) if n != place]
                if set(params.out) <= set("".join(own for _, own in kept)):
                    without = product(kept, params.out, core.shape, params.number)
                    said = f"{context.called(arg)} left out of {parent}"
                    yield Changed(said, {node: without}, node, RARE)
                    if arg not in context.varying:
                        yield Changed(said, {node: without, **_shares_without(context, core, place)}, node, SEEN)
        for place, (arg, letters) in enumerate(factors):
            if arg.rank == 2 and arg.shape[0] == arg.shape[1] and whole(arg.shape[0]) != 1 and params.summed:
                turned = [*factors]
                turned[place] = (arg, letters[::-1])
                name = context.called(arg)
                wrong = product(turned, params.out, core.shape, params.number)
                taken, right = (name, f"{name}ᵀ") if f"{name}.T" in parent else (f"{name}ᵀ", name)
                where, often = f" in {parent}", USUAL if context.is_input(arg) else SEEN
                if is_quadratic(context, core, arg):
                    where, often = symmetric(name), USUAL
                yield Changed(f"{taken} taken for {right}{where}", {node: wrong}, node, often)
        if abs(params.number) != 1:
            plainly = _with_number(core, Fraction(1 if params.number > 0 else -1))
            said = f"the factor {abs(params.number)} left out of {parent}"
            yield Changed(said, {node: plainly}, node, SEEN)
            uses = [use for _, use in context.uses if use.node is core]
            grown = {use: scaled(use.share, 1 / abs(params.number)) for use in uses}
            yield Changed(said, {node: plainly, **context.replaced(grown)}, node, SEEN)
            for one in averaged(context, uses[0]) if len(uses) == 1 else ():
                if one > 2 and params.number.denominator % one == 0:
                    by = Fraction(one, one - 1)
                    less = _with_number(core, params.number * by)
                    said = f"a mean of {one} divided by {one - 1}"
                    yield Changed(
                        said, {node: less, **context.replaced({uses[0]: scaled(uses[0].share, by)})}, node, SEEN
                    )


def operations(context: Context) -> Iterator[Changed]:
    """An operation taken for another: factors added, the square of a mean for the mean of the squares."""
    for core, node in context.names.items():
        if core.operation is not PRODUCT or len(core.args) < 2:
            continue
        params, factors = core.params, _factors(core)
        if not params.summed and all(own == params.out for _, own in factors):
            added = total(factors, params.out, core.shape)
            said = f"factors of {context.called(node)} added where they are multiplied"
            yield Changed(said, {node: added}, node, RARE)
            shares = {use: context.delta(use) for _, use in context.uses if use.node is core}
            yield Changed(said, {node: added, **context.replaced(shares)}, node, RARE)
        if params.summed and len(factors) == 2 and factors[0] == factors[1]:
            sums = product(factors[:1], params.out, core.shape)
            sizes = dict(zip(factors[0][1], core.args[0].shape, strict=True))
            count = prod(whole(sizes[one]) for one in params.summed) if params.averaged else 1
            what = "mean" if params.averaged else "sum"
            said = f"the square of the {what} taken for the {what} of the squares"
            if count:
                yield Changed(said, {node: scaled(times(sums, sums), params.number / count)}, node, SEEN)


def _factors(core: Node) -> list[Factor]:
    return list(zip(core.args, core.params.letters, strict=True))


def _terms(context: Context, core: Node) -> Iterator[Changed]:
    """One term of a product of two vectors with the other sign, or left out."""
    params, factors, node = core.params, _factors(core), context.names[core]
    letter = params.summed[0]
    many = next(whole(one.shape[own.index(letter)]) for one, own in factors if letter in own)
    for place in range(many) if 1 < many <= MAX_TERMS and len(params.summed) == 1 else ():
        for said, by in (("with the wrong sign", -1), ("left out", 0)):
            signs = [by if n == place else 1 for n in range(many)]
            wrong = product([*factors, (array(np.array(signs)), letter)], params.out, core.shape, params.number)
            yield Changed(f"term {place + 1} of {context.called(node)} {said}", {node: wrong}, node)
    if many > 1 and len(params.summed) == 1:
        (first, own), (second, other) = factors
        spare = next(one for one in LETTERS if one not in own + other)
        turned = array(np.eye(many, dtype=np.int64)[::-1]), letter + spare
        wrong = product([(first, own), turned, (second, other.replace(letter, spare))], params.out, core.shape)
        said = f"{context.called(first)} and {context.called(second)} paired crosswise in {context.called(node)}"
        yield Changed(said, {node: scaled(wrong, params.number)}, node)


def _shares_without(context: Context, core: Node, place: int) -> dict[Node, Node]:
    """What comes back through a product without one of its factors."""
    found: dict[Use, Node | None] = {}
    for _, use in context.uses:
        share = share_of(context, use) if use.node is core and use.place != place else None
        if share is not None:
            own = 1 + place - (place > use.place)
            found[use] = share.built([one for n, one in enumerate(share.factors) if n != own])
    return context.replaced(found)


def _without_minus(context: Context, core: Node, positive: Node) -> Changed:
    """A node without the minus in front of it, in its value and in what comes back through it."""
    node = context.names[core]
    uses = [use for _, use in context.uses if use.node is core]
    turned = context.replaced({use: scaled(use.share, -1) for use in uses})
    said = f"the minus before {context.called(core.args[0])} left out"
    return Changed(said, {node: positive, **turned}, node, USUAL)


def _with_number(core: Node, by: Fraction) -> Node:
    return make(PRODUCT, core.args, core.shape, core.params._replace(number=by))


FORWARD = (
    Row("mask", USUAL, changes=masks),
    Row("forward-sum", SEEN, changes=sums),
    Row("forward-function", SEEN, changes=functions),
    Row("forward-root", SEEN, changes=roots),
    Row("forward-product", RARE, changes=products),
    Row("forward-operation", RARE, changes=operations),
)
