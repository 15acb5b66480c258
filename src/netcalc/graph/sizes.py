"""Sizes of axes: whole numbers, letters, and sums and products of them; sizes that are still to be found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from netcalc.errors import ShapeError
from netcalc.expression import Number, Symbol, Tree, add, multiply


class UnknownSizeError(ShapeError):
    """A size is needed that is still to be found."""


class Letters:
    """A size in letters, a polynomial: `terms` are pairs of a sorted product of letters and its whole coefficient.

    It is no tuple, as shapes are.
    """

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[tuple[tuple[str, ...], int], ...]) -> None:
        self.terms = terms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Letters) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __repr__(self) -> str:
        return f"<size {self}>"

    def __str__(self) -> str:
        return " + ".join(_term(letters, count) for letters, count in self.terms).replace("+ -", "- ")


class Unknown:
    """A size that is still to be found: it becomes whatever it has to be equal to. `name` is what it is called."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.found: Size | None = None

    def __str__(self) -> str:
        return self.name or "?"


Size = int | Letters | Unknown
Shape = tuple[Size, ...]


def letter(name: str) -> Letters:
    """A letter as a size."""
    return Letters((((name,), 1),))


def named_size(text: str) -> Size:
    """A letter as a size, or so many times one: 3*D."""
    count, _, name = text.rpartition("*")
    return times(int(count or 1), letter(name))


def settled(size: Size) -> Size:
    """What a size was found to be, as far as it is known."""
    while isinstance(size, Unknown) and size.found is not None:
        size = size.found
    return size


def same(a: Size, b: Size) -> bool:
    """Whether two sizes are equal; one that is still to be found becomes the other."""
    if type(a) is type(b) is int:
        return a == b
    a, b = settled(a), settled(b)
    if a is b or a == b:
        return True
    if isinstance(a, Unknown):
        a.found = b
        return True
    if isinstance(b, Unknown):
        b.found = a
        return True
    return False


def plus(a: Size, b: Size) -> Size:
    """a + b. Raises UnknownSizeError if one is not known."""
    terms = dict(_terms(a))
    for letters, count in _terms(b):
        terms[letters] = terms.get(letters, 0) + count
    return _size(terms)


def times(a: Size, b: Size) -> Size:
    """a · b. Raises UnknownSizeError if one is not known."""
    if a == 1:
        return b
    if b == 1:
        return a
    terms: dict[tuple[str, ...], int] = {}
    for left, m in _terms(a):
        for right, n in _terms(b):
            both = tuple(sorted((*left, *right)))
            terms[both] = terms.get(both, 0) + m * n
    return _size(terms)


def over(a: Size, b: Size) -> Size | None:
    """a / b where that is a size: whole numbers that divide, a letter that is a factor of every term; else None."""
    above, below = _terms(a), _terms(b)
    if len(below) != 1:
        return 1 if a == b else None
    ((divisor, divided),) = below
    terms: dict[tuple[str, ...], int] = {}
    for letters, count in above:
        left = list(letters)
        for one in divisor:
            if one not in left:
                return None
            left.remove(one)
        if count % divided:
            return None
        terms[tuple(left)] = count // divided
    return _size(terms)


def is_counted(size: Size) -> bool:
    """Whether a size is 0 or more, whatever its letters are: H and 3H are, H - D may be or not."""
    return all(count >= 0 for _, count in _terms(size))


def total(sizes: Sequence[Size]) -> Size:
    """The product of sizes: how many entries a shape has."""
    product: Size = 1
    for size in sizes:
        product = times(product, settled(size))
    return product


def tree(size: Size) -> Tree:
    """A size as a formula."""
    return add(*(_term_tree(letters, count) for letters, count in _terms(size)))


def concrete(size: Size, numbers: Mapping[str, int]) -> int:
    """The number that a size is where its letters are `numbers`. Raises ShapeError for a letter without one."""
    if isinstance(size, int):
        return size
    product = 0
    for letters, count in _terms(size):
        part = count
        for one in letters:
            if one not in numbers:
                raise UnknownSizeError(f"the size {one} has no number")
            part *= numbers[one]
        product += part
    return product


def letters_of(shape: Shape) -> tuple[str, ...]:
    """The letters in a shape, in order of appearance."""
    found: dict[str, None] = {}
    for size in map(settled, shape):
        if isinstance(size, Letters):
            found |= dict.fromkeys(name for letters, _ in size.terms for name in letters)
    return tuple(found)


def fits(numbers: tuple[int, ...], shape: Shape) -> bool:
    """Whether a shape in numbers can be this one."""
    sizes = tuple(map(settled, shape))
    return len(numbers) == len(sizes) and all(
        not isinstance(size, int) or size == one for one, size in zip(numbers, sizes, strict=True)
    )


def written(shape: Shape) -> str:
    """A shape as people say it: `3×4`, `m×n`; `3` for a vector, `a number` for none."""
    return "×".join(str(settled(size)) for size in shape) if shape else "a number"


def described(shape: Shape) -> str:
    """A shape where it could be taken for a value: `a vector of 3`, `3×4`, `a number`."""
    return f"a vector of {written(shape)}" if len(shape) == 1 else written(shape)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The common shape. Raises ShapeError that names the shapes that do not fit."""
    rank = max(map(len, shapes), default=0)
    found: list[Size] = [1] * rank
    for shape in shapes:
        for place, extent in enumerate(map(settled, shape), rank - len(shape)):
            known = settled(found[place])
            if known == 1:
                found[place] = extent
            elif extent != 1 and not same(known, extent):
                one, other = (next(s for s in shapes if s is not shape), shape)
                raise ShapeError(f"{written(one)} and {written(other)} do not fit together element by element")
    return tuple(found)


def _terms(size: Size) -> tuple[tuple[tuple[str, ...], int], ...]:
    size = settled(size)
    if isinstance(size, Unknown):
        raise UnknownSizeError("a size that is needed here is not known; say it with --shape, as in --shape x=3")
    return (((), size),) if isinstance(size, int) else size.terms


def _size(terms: Mapping[tuple[str, ...], int]) -> Size:
    kept = {letters: count for letters, count in terms.items() if count}
    if not any(kept):
        return kept.get((), 0)
    ordered = sorted(kept.items(), key=lambda term: (term[0] == (), term[0]))
    return Letters(tuple(ordered))


def _term(letters: tuple[str, ...], count: int) -> str:
    return "·".join([str(count)] * (count != 1 or not letters) + list(letters))


def _term_tree(letters: tuple[str, ...], count: int) -> Tree:
    factors: list[Tree] = [Symbol(one) for one in letters]
    return multiply(*([Number(Fraction(count))] * (count != 1 or not letters)), *factors)
