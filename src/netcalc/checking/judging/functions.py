"""Answers as functions of what a problem leaves open: compared at points of every piece, and where they are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.written import numeral
from netcalc.checking.judging.bench import BITS, Array, Bench, is_sound, near_zero
from netcalc.checking.judging.decimals import is_equal, opened, sought
from netcalc.checking.judging.difference import Difference
from netcalc.checking.judging.pieces import Pieces, Point, spread
from netcalc.checking.judging.switches import switches
from netcalc.checking.judging.verdicts import Judgement, Tolerance, judge_at, same
from netcalc.errors import NetcalcError
from netcalc.expression import Number, Tree, is_constant, share, substitute, symbols
from netcalc.records import dataclass

MODERATE = 40  # up to which what has no value is out of its domain, and not out of balls' reach
BITS_FOR_DOMAINS = 4096
TELLING = 3  # digits of a decimal that meets an answer by no chance
MAX_STEPS = 40  # that are put in for their names
MAX_NODES = 1500  # of a formula in the names alone
SPREAD = 3  # points at which algebra is asked first
MAX_SEARCHED = 3  # names along which the pieces of one claim are sought
MAX_SEARCHED_NODES = 150  # of what has to be 0 where a piece ends
OTHERS = 4  # points at which an answer is compared with itself
NEAR = 0.01  # relative: what a rounded formula may be off for it to say something

Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Functions:
    """A problem's answers as functions of `names`.

    `answers` are their formulas, in the shape of the tensors, `given` those of what was stated; `place` puts numbers in
    the place of the names.
    """

    names: tuple[str, ...]
    answers: Mapping[str, Array]
    given: Mapping[str, Tree]
    place: Callable[[Point], Bench]
    known: dict[Key, Bench | None] = field(default_factory=dict)
    differences: dict[tuple[Tree, Tree], Difference] = field(default_factory=dict)

    def tree(self, claim: Claim) -> Tree:
        """What was claimed, in the names alone."""
        return self.in_names(claim.written.tree)

    def in_names(self, tree: Tree) -> Tree:
        """A formula in the names alone: steps are put in for their names, one after the other, as far as that goes."""
        for _ in range(MAX_STEPS):
            if set(symbols(tree)) <= set(self.names):
                break
            grown = substitute(tree, self.given)
            if grown == tree or len(share((grown,)).nodes) > MAX_NODES:
                break
            tree = grown
        return tree

    def trees(self, claims: Iterable[Claim]) -> tuple[Tree, ...]:
        """The formulas that were claimed, so far as they are known."""
        found = [self.tree(claim) for claim in claims if not claim.written.is_constant]
        return tuple(tree for tree in found if set(symbols(tree)) <= set(self.names))

    @cached_property
    def own(self) -> tuple[Tree, ...]:
        """The answers' formulas."""
        trees = [self.in_names(tree) for array in self.answers.values() for tree in array.flat if tree is not None]
        return tuple(tree for tree in dict.fromkeys(trees) if set(symbols(tree)) <= set(self.names))

    @cached_property
    def pieces(self) -> Pieces:
        """Where the answers are looked at."""
        return Pieces(self.names, self.own)

    def points(self, claims: Sequence[Claim]) -> list[Point]:
        """Points that reach every piece of the answers and of the claims."""
        own, brought = self.pieces, self.trees(claims)
        new = set(switches(brought)) - set(own.switches)
        if not new:
            return own.points
        together = Pieces(self.names, (*brought, *self.own))
        return [*together.points, *own.singled_out(brought)]

    def points_of(self, claim: Claim) -> list[Point]:
        """Points that reach every piece of one claim and its answer, along the names that its own switches hang on."""
        drawn = [*near_zero(self.names), *spread(self.names)]
        trees = self.both(claim)
        if trees is None:
            return drawn[:SPREAD]
        own, correct = switches(trees), set(switches(trees[1:]))
        deciding = [tree for tree in own if tree not in correct] or own
        names = tuple(one for one in self.names if any(one in symbols(tree) for tree in deciding))[:MAX_SEARCHED]
        if not names or len(share(deciding).nodes) > MAX_SEARCHED_NODES:
            return drawn[:SPREAD]
        fixed = {name: Number(value) for name, value in drawn[0].items() if name not in names}
        pieces = Pieces(names, tuple(substitute(tree, fixed) for tree in trees))
        found = [*pieces.points, *pieces.singled_out(pieces.trees[:1])]
        return [*drawn[:SPREAD], *({**drawn[0], **point} for point in found)]

    def both(self, claim: Claim) -> tuple[Tree, Tree] | None:
        """What was claimed and what is right, as formulas; None where one isn't known in the names alone."""
        correct = self.answers[claim.tensor][claim.index] if claim.tensor in self.answers else None
        if correct is None:
            return None
        trees = self.tree(claim), self.in_names(correct)
        return None if any(set(symbols(tree)) - set(self.names) for tree in trees) else trees

    def differs(self, claim: Claim, point: Point) -> bool | None:
        """Whether algebra keeps a claim and the answer apart at a point, or proves that they are equal around it."""
        trees = self.both(claim)
        return None if trees is None else self.difference(*trees).differs(point)

    def everywhere(self, claim: Claim) -> bool | None:
        """Whether algebra proves that a claim is the answer wherever both are, or that it isn't; None for neither."""
        trees = self.both(claim)
        if trees is None:
            return None
        difference, points = self.difference(*trees), spread(self.names, SPREAD)
        if difference.holds_everywhere(points[0]):
            return True
        return False if any(difference.differs(point) for point in points) else None

    def difference(self, claimed: Tree, correct: Tree) -> Difference:
        """What two formulas differ by."""
        return self.differences.setdefault((claimed, correct), Difference(claimed, correct))

    def varies(self, claim: Claim, points: Sequence[Point]) -> bool:
        """Whether the answer is another number at the first point than at one of the others."""
        trees = self.both(claim)
        if trees is None:
            return False
        first, *others = points
        found = ({name: Number(value) for name, value in other.items()} for other in others)
        return any(self.difference(trees[1], substitute(trees[1], numbers)).differs(first) for numbers in found)

    def at(self, point: Point) -> Bench | None:
        """The problem at a point; None where an answer has no value."""
        key = tuple(point.items())
        if key not in self.known:
            self.known[key] = _sound(lambda: self.place(point))
        return self.known[key]


def _sound(make: Callable[[], Bench]) -> Bench | None:
    try:
        bench = make()
        return bench if is_sound(bench) else None
    except (NetcalcError, ZeroDivisionError):
        return None


@dataclass(frozen=True)
class Compared:
    """How a claim stands at points, `None` where balls don't tell; `equal` says which verdicts are no chance there."""

    found: Sequence[tuple[Point, Judgement | None]]
    equal: frozenset[Judgement] = frozenset({"right"})

    @property
    def seen(self) -> frozenset[Judgement | None]:
        """How it stands anywhere."""
        return frozenset(stands for _, stands in self.found)

    @property
    def verdict(self) -> Judgement | None:
        """How it stands altogether."""
        ordered: tuple[Judgement, ...] = ("wrong", "rounded", "right")
        return next((one for one in ordered if one in self.seen), None)

    def with_rounded_wrong(self) -> Compared:
        """The same where the decimals are no rounded ones."""
        found: list[tuple[Point, Judgement | None]] = [
            (point, "wrong" if stands == "rounded" else stands) for point, stands in self.found
        ]
        return replace(self, found=found)

    @property
    def is_partly_right(self) -> bool:
        """Whether it is wrong, and equal to the answer somewhere."""
        return "wrong" in self.seen and bool(self.seen & self.equal)


def compared(claim: Claim, functions: Functions, points: Iterable[Point], tolerance: Tolerance) -> Compared:
    """How a claim stands at each point where the answers have values.

    One that is right at some alone is looked at closely there: far out, formulas that are equal nowhere are near.
    """
    sound = [(point, bench) for point in points if (bench := functions.at(point)) is not None]
    found = [(point, stands_at(claim, functions, point, bench, tolerance)) for point, bench in sound]
    tells = claim.written.place is None or claim.written.digits >= TELLING
    one = Compared(found, frozenset({"right", "rounded"} if tells else {"right"}))
    is_number = claim.written.is_constant and one.verdict in ("right", "rounded") and tolerance == Tolerance()
    if is_number and functions.varies(claim, [point for point, _ in found][:OTHERS]):
        return Compared([(point, "wrong") for point, _ in found])
    if one.verdict == "rounded" and tolerance == Tolerance() and not claim.written.is_constant:
        one = one if _is_rounded(claim, functions, sound) else one.with_rounded_wrong()
    if not one.is_partly_right or claim.written.is_constant:
        return one
    if all(map(is_constant, switches((functions.tree(claim), *functions.own)))):
        return replace(one, equal=frozenset())  # analytic functions that are equal on an interval are one
    closely = [(point, stands_closely(claim, functions, point, stands)) for point, stands in one.found]
    near = Compared([seen for seen in closely if _is_within_reach(claim, functions, seen[0])])
    return replace(one, found=closely, equal=one.equal if one.equal & near.seen else frozenset())


def _is_rounded(claim: Claim, functions: Functions, sound: Sequence[tuple[Point, Bench]]) -> bool:
    """Whether numbers that round to a formula's decimals make it the answer, on the pieces that it has by then too."""
    exact = sought(claim, sound)
    if exact is None or exact is claim:
        return exact is claim
    points = functions.points_of(exact)
    again = [(point, bench) for point in points if (bench := functions.at(point)) is not None]
    return is_equal(exact, again)


def stands_at(claim: Claim, functions: Functions, point: Point, bench: Bench, tolerance: Tolerance) -> Judgement | None:
    """How a claim stands at one point; None where balls don't tell."""
    if claim.written.is_constant:
        found = judge_at(claim, bench, tolerance)
        return "wrong" if found == "right" and tolerance == Tolerance() and functions.differs(claim, point) else found
    with precision(BITS):
        claimed = numeral(claim.written, bench.names, sharp=True)
        correct = bench.truth[claim.tensor][claim.index]
        if isinstance(claimed, arb) and not claimed.is_finite():
            return _undefined(functions.tree(claim), functions.names, point)
        differs = functions.differs(claim, point)
        if differs is False or (differs is None and same(claimed, correct)):
            return "right"
        if tolerance != Tolerance():
            return judge_at(claim, bench, tolerance)
        if differs is None and ball(claimed).overlaps(ball(correct)):
            return None
        rounded = ball(numeral(claim.written, bench.names))
        if not rounded.overlaps(ball(correct)):
            return "wrong"
        if rounded.rad() <= 2 * ball(claimed).rad():  # too small to be seen beside the rest
            return "rounded" if opened(claim.written.tree)[1] else "wrong"
        return "rounded" if rounded.rad() <= abs(rounded.mid()) * NEAR else None


def stands_closely(claim: Claim, functions: Functions, point: Point, stands: Judgement | None) -> Judgement | None:
    """How a claim stands at a point, `wrong` for what is right there but for what many bits keep apart."""
    if stands != "right" or functions.differs(claim, point) is False:
        return stands
    if (numbers := _exactly(claim, functions, point)) is None:
        return stands
    with precision(BITS_FOR_DOMAINS):
        return "wrong" if bool(ball(numbers[0]) - ball(numbers[1]) != 0) else stands


def _is_within_reach(claim: Claim, functions: Functions, point: Point) -> bool:
    """Whether many bits tell formulas apart at a point: it is moderate, or they are rational there."""
    if all(abs(number) <= MODERATE for number in point.values()) or functions.differs(claim, point) is not None:
        return True
    numbers = _exactly(claim, functions, point)
    return numbers is not None and all(isinstance(number, fmpq) for number in numbers)


def _exactly(claim: Claim, functions: Functions, point: Point) -> tuple[Any, Any] | None:
    """A claimed formula and the answer at a point, to many bits; None where one isn't known in the names alone."""
    from netcalc.checking.answers.written import Written

    if claim.written.is_constant or (trees := functions.both(claim)) is None:
        return None
    exact = {name: fmpq(number.numerator, number.denominator) for name, number in point.items()}
    with precision(BITS_FOR_DOMAINS):
        claimed, right = (numeral(Written("", tree), exact, sharp=True) for tree in trees)
    return claimed, right


def _undefined(tree: Tree, names: Sequence[str], point: Point) -> Judgement | None:
    """`wrong` for a formula that has no value at a point, unless more bits may find one."""
    if set(symbols(tree)) - set(names) or any(abs(number) > MODERATE for number in point.values()):
        return None
    from netcalc.checking.answers.written import Written

    with precision(BITS_FOR_DOMAINS):
        exact = {name: fmpq(number.numerator, number.denominator) for name, number in point.items()}
        found = numeral(Written("", tree), exact, sharp=True)
        return "wrong" if isinstance(found, arb) and not found.is_finite() else None
