"""Formulas on their way to being written: the number and the scalars in front of them, axes that bear letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Tree, add, divide, multiply, negate, power
from netcalc.expression.numerals import of_float64
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS
from netcalc.graph.sizes import Shape, Size, settled
from netcalc.records import NamedTuple

ONE = "1"  # in the place of a letter: an axis of one entry
MAX_WHOLE_DIVISOR = 1000  # up to which a factor 1/n is written as a divisor rather than as a decimal


def axes_of(shape: Shape) -> str:
    """The letters of a node's own axes; 1 for an axis of one entry."""
    return "".join(ONE if settled(extent) == 1 else one for one, extent in zip(LETTERS, shape, strict=False))


class Term(NamedTuple):
    """number · above / below · core, where `core`, if there is one, has `axes`; `above` and `below` are scalars."""

    core: Tree | None
    axes: str = ""
    number: Fraction = Fraction(1)
    above: tuple[Tree, ...] = ()
    below: tuple[Tree, ...] = ()

    @property
    def letters(self) -> str:
        """The axes of more than one entry."""
        return self.axes.replace(ONE, "")

    def renamed(self, names: Mapping[str, str]) -> Term:
        """The term with other letters."""
        return self._replace(axes="".join(names.get(one, one) for one in self.axes))

    def tree(self) -> Tree:
        """It as one formula."""
        top, bottom = self.number.numerator, self.number.denominator
        front: list[Tree] = []
        above, below = powers(self.above, self.below)
        if digits := of_float64(abs(self.number)):
            front = [Number(abs(self.number), digits)]
        elif bottom != 1 and _is_decimal(self.number):
            front = [Number(abs(self.number))]
        else:
            front = [Number(Fraction(abs(top)))] * (abs(top) != 1)
            below = [Number(Fraction(bottom))] * (bottom != 1) + below
        if top == -1 and not front and not above and not below and is_of(self.core, "add"):
            return _minus_sum(self.core)  # type: ignore[arg-type]
        written = in_front([*front, *above], self.core)
        if below:
            written = _divided(written, multiply(*below))
        return negated(written) if top < 0 else written


def plain(core: Tree, node: Node) -> Term:
    """A formula that has all the axes of its node."""
    return Term(core, axes_of(node.shape)) if node.rank else scalar(core)


def without_ones(letters: str, sizes: Mapping[str, Size]) -> str:
    """The letters but for those of axes of one entry."""
    return "".join(one for one in letters if settled(sizes[one]) != 1)


def _minus_sum(tree: Apply) -> Tree:
    """-(a + b) is -a - b; what has a minus already keeps its brackets."""
    if any(is_of(one, "negate") or starts_with_minus(one) for one in tree.arguments):
        return negate(tree)
    return add(*(negated(one) for one in tree.arguments))


def starts_with_minus(tree: Tree) -> bool:
    """Whether a minus, or a negative number, stands at its front."""
    while isinstance(tree, Apply) and tree.operator in ("multiply", "divide", "matmul", "hadamard"):
        tree = tree.arguments[0]
    return (isinstance(tree, Number) and tree.value < 0) or is_of(tree, "negate")


def powers(above: Sequence[Tree], below: Sequence[Tree]) -> tuple[list[Tree], list[Tree]]:
    """The scalars of a fraction, each once: what occurs again is a power, what stands on both sides is cancelled."""
    counts: dict[Tree, int] = {}
    for sign, trees in ((1, above), (-1, below)):
        for tree in trees:
            base, exponent = base_and_exponent(tree)
            counts[base] = counts.get(base, 0) + sign * exponent
    return (
        [raised(base, n) for base, n in counts.items() if n > 0],
        [raised(base, -n) for base, n in counts.items() if n < 0],
    )


def raised(base: Tree, exponent: int) -> Tree:
    """base ^ exponent; (√x)² is x."""
    match base:
        case Apply("sqrt", (inner,)) if exponent % 2 == 0:
            base, exponent = inner, exponent // 2
    return base if exponent == 1 else power(base, Number(Fraction(exponent)))


def base_and_exponent(tree: Tree) -> tuple[Tree, int]:
    """A formula as a whole power."""
    match tree:
        case Apply("power", (base, Number(value))) if value.denominator == 1 and value > 0:
            return base, value.numerator
        case _:
            return tree, 1


def cancelled(term: Term) -> Term:
    """The term with its scalars cancelled."""
    above, below = powers(term.above, term.below)
    return term._replace(above=tuple(above), below=tuple(below))


def scalar(tree: Tree) -> Term:
    """A formula of one entry."""
    match tree:
        case Number(value):
            return Term(None, number=value)
        case Apply("divide", (a, b)):
            above, below = scalar(a), scalar(b)
            return Term(
                None,
                "",
                above.number / below.number if below.number else above.number,
                above.above + below.below,
                above.below + below.above,
            )
        case Apply("multiply", parts):
            terms = [scalar(part) for part in parts]
            number = Fraction(1)
            for term in terms:
                number *= term.number
            return Term(
                None,
                "",
                number,
                tuple(one for term in terms for one in term.above),
                tuple(one for term in terms for one in term.below),
            )
        case Apply("negate", (inner,)):
            return scalar(inner)._replace(number=-scalar(inner).number)
        case _:
            return Term(None, above=(tree,))


def with_number_apart(core: Tree, axes: str) -> Term:
    """A formula with axes as a term: the number at its front, and one below the bar, apart."""
    match core:
        case Apply("negate", (inner,)):
            term = with_number_apart(inner, axes)
            return term._replace(number=-term.number)
        case Apply("multiply", (Number(value), *others)) if value:
            term = with_number_apart(others[0] if len(others) == 1 else Apply("multiply", tuple(others)), axes)
            return term._replace(number=term.number * value)
        case Apply("divide", (above, below)) if not isinstance(above, Number):
            top = with_number_apart(above, axes)
            bottom = with_number_apart(below, axes) if not isinstance(below, Number) else scalar(below)
            if not bottom.number or bottom.above or bottom.below or top.core is None:
                return Term(core, axes)
            core = top.core if bottom.core is None else divide(top.core, bottom.core)
            return Term(core, axes, top.number / bottom.number)
        case Apply("divide", (Number(value), below)) if value and not isinstance(below, Number):
            bottom = with_number_apart(below, axes)
            return Term(divide(Number(Fraction(1)), bottom.core or below), axes, value / bottom.number)
        case _:
            return Term(core, axes)


def _is_decimal(number: Fraction) -> bool:
    """Whether a fraction is written as a decimal: 0.3 and 1e-6 are, 1/2, 1/3 and 1/10 are not."""
    if set(_primes(number.denominator)) <= {2} or not set(_primes(number.denominator)) <= {2, 5}:
        return False
    return abs(number.numerator) != 1 or number.denominator > MAX_WHOLE_DIVISOR


def _primes(n: int) -> Iterable[int]:
    for prime in (2, 5):
        while n % prime == 0:
            yield prime
            n //= prime
    if n > 1:
        yield n


def negated(tree: Tree) -> Tree:
    """-tree, in normal form: the minus joins the number at the front of a product."""
    return negate(tree) if not isinstance(tree, Apply) or tree.operator != "matmul" else _minus_in_chain(tree)


def _minus_in_chain(tree: Tree) -> Tree:
    left = tree
    parts: list[Tree] = []
    while isinstance(left, Apply) and left.operator == "matmul":
        parts.append(left.arguments[1])
        left = left.arguments[0]
    first = left.arguments[0] if isinstance(left, Apply) and left.operator == "multiply" else None
    if not isinstance(first, Number):
        return Apply("negate", (tree,))
    result = negate(left)
    for part in reversed(parts):
        result = Apply("matmul", (result, part))
    return result


def in_front(factors: Sequence[Tree], core: Tree | None) -> Tree:
    """Scalars in front of a formula, at its very left, as the text is read: `2*A@B` is (2·A) @ B."""
    if core is None:
        return multiply(*factors) if factors else Number(Fraction(1))
    if not factors:
        return core
    match core:
        case Apply("matmul" | "hadamard" as operator, (first, *others)):
            return Apply(operator, (in_front(factors, first), *others))
        case Apply("divide", (above, below)):
            return Apply("divide", (in_front(factors, None if above == Number(Fraction(1)) else above), below))
        case Apply("multiply", parts):
            return multiply(*factors, *parts)
        case _:
            return multiply(*factors, core)


def _divided(above: Tree, below: Tree) -> Tree:
    match above:
        case Apply("divide", (top, bottom)):
            return Apply("divide", (top, multiply(below, bottom)))
        case _:
            return divide(above, below)


def hadamard(cores: Sequence[Tree]) -> Tree:
    """a ∘ b ∘ …; what occurs more than once is a power, and all that is divided by stands below one bar."""
    number = Fraction(1)
    above: dict[Tree, int] = {}
    below: dict[Tree, int] = {}
    for core in cores:
        top, bottom = core.arguments if isinstance(core, Apply) and core.operator == "divide" else (core, None)
        for counts, tree in ((above, top), (below, bottom)):
            for part in _factors(tree):
                if isinstance(part, Number) and (part.value or counts is above):
                    number = number * part.value if counts is above else number / part.value
                    continue
                base, exponent = base_and_exponent(part)
                counts[base] = counts.get(base, 0) + exponent
    for base in [one for one in above if one in below]:
        shared = min(above[base], below[base])
        above[base] -= shared
        below[base] -= shared
    over, under = ([raised(base, n) for base, n in counts.items() if n] for counts in (above, below))
    written = in_front([Number(number)] * (number != 1), _joined(over))
    return written if not under else divide(written, _joined(under))  # type: ignore[arg-type]


def _factors(tree: Tree | None) -> Sequence[Tree]:
    if tree is None:
        return ()
    return tree.arguments if isinstance(tree, Apply) and tree.operator == "hadamard" else (tree,)


def _joined(factors: Sequence[Tree]) -> Tree | None:
    if len(factors) > 1:
        return Apply("hadamard", tuple(factors))
    return factors[0] if factors else None


def is_of(tree: Tree | None, operator: str) -> bool:
    """Whether a formula is of this operator."""
    return isinstance(tree, Apply) and tree.operator == operator
