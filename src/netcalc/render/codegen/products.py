"""Products as code: matrix products where they are, sums along axes, else einsum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from netcalc.graph.sizes import Size, settled, total
from netcalc.graph.terms import ONE
from netcalc.render.codegen import formulas
from netcalc.render.codegen.terms import Code, Piece, arranged, common_layout, placed

if TYPE_CHECKING:
    from netcalc.render.codegen.language import Language

USUAL_SIZE = 10  # what a size in letters counts as


class Contraction:
    """The product of pieces, summed over the letters that `out` lacks; `sizes` are those of the letters."""

    def __init__(self, language: Language, sizes: Mapping[str, Size], out: str) -> None:
        self.language = language
        self.out = out
        self.extents = sizes
        self.sizes = {
            one: size if isinstance(size := settled(extent), int) else USUAL_SIZE for one, extent in sizes.items()
        }

    def of(self, pieces: Sequence[Piece]) -> Piece:
        """One piece, without a sum over what only one of them has."""
        left = list(pieces)
        while True:
            left = [self._summed_alone(n, left) for n in range(len(left))]
            if len(left) == 1:
                return left[0]
            a, b = self._cheapest(left)
            rest = [one for n, one in enumerate(left) if n not in (a, b)]
            held = set(self.out).union(*(one.letters for one in rest))
            left = [*rest[:a], self.pair(left[a], left[b], held), *rest[a:]]

    def _summed_alone(self, place: int, left: Sequence[Piece]) -> Piece:
        piece = left[place]
        held = set(self.out).union(*(one.letters for n, one in enumerate(left) if n != place))
        gone = [one for one in piece.letters if one not in held]
        return self.summed(piece, gone) if gone else piece

    def summed(self, piece: Piece, gone: Sequence[str], *, keep: bool = False) -> Piece:
        """The sum over letters."""
        axes = [n for n, one in enumerate(piece.axes) if one in gone]
        rest = [n for n in range(len(piece.axes)) if n not in axes]
        pattern = tuple(rest.index(n) if n in rest else None for n in range(len(piece.axes)))
        sums, means = ([self._along(name, piece, axes, keep=one) for one in (False, True)] for name in ("sum", "mean"))
        many = total([self.extents[one] for one in gone])
        for bare, kept in (sums, means):
            self.language.kept[bare] = (kept, pattern)
        for one, mean in zip(sums, means, strict=True):
            self.language.means[one] = (mean, many)
        if keep:
            return Piece(sums[1], "".join(ONE if one in gone else one for one in piece.axes))
        return Piece(sums[0], "".join(piece.axes[n] for n in rest))

    def _along(self, name: str, piece: Piece, axes: Sequence[int], *, keep: bool) -> Code:
        return self.language.reduced(
            name, piece.code, axes, len(piece.axes), keep=keep, hint="total" if name == "sum" else name
        )

    def _cheapest(self, left: Sequence[Piece]) -> tuple[int, int]:
        def weight(pair: tuple[int, int]) -> tuple[int, int, int, int]:
            a, b = (left[n].letters for n in pair)
            held = set(self.out).union(*(one.letters for n, one in enumerate(left) if n not in pair))
            size = self._entries(one for one in {*a, *b} if one in held)
            return size - self._entries(a) - self._entries(b), self._entries({*a, *b}), *pair

        return min(((a, b) for b in range(len(left)) for a in range(b)), key=weight)

    def _entries(self, letters: Iterable[str]) -> int:
        return prod(self.sizes[one] for one in letters)

    def pair(self, a: Piece, b: Piece, held: set[str]) -> Piece:
        """The product of two, summed over what nothing else holds."""
        gone = [one for one in a.letters if one in b.letters and one not in held]
        if not gone:
            return self.elementwise([a, b])
        shared = [one for one in a.letters if one in b.letters and one in held]
        left, right = (
            [one for one in own if one not in its] for own, its in ((a.letters, b.letters), (b.letters, a.letters))
        )
        if not left and not right and (shared or len(gone) > 1 or len(a.letters) > 1):
            return self.summed(self.elementwise([a, b]), gone)
        if len(gone) == 1 and not shared:
            return self._matrix_product(a, b, left, gone[0], right)
        if len(gone) == 1 and len(left) == len(right) == 1:
            return self._batched(a, b, shared, left[0], gone[0], right[0])
        return self._einsum([a, b], held)

    def elementwise(self, pieces: Sequence[Piece]) -> Piece:
        """The product element by element."""
        held = {one for piece in pieces for one in piece.letters}
        whole = next((piece.letters for piece in pieces if {*piece.letters} == held), "")
        layout = common_layout(pieces, whole or self._order(held))
        codes = [placed(self.language, piece, layout).code for piece in pieces]
        return Piece(formulas.multiplied(self.language.codes, codes), layout)

    def _order(self, letters: set[str]) -> str:
        """Letters as the result has them, then those that are summed over."""
        return "".join([one for one in self.out if one in letters] + sorted(letters - set(self.out)))

    def _is_before(self, left: Sequence[str], right: Sequence[str]) -> bool:
        places = [self.out.find(one) for one in (left[-1], right[-1])]
        return -1 in places or places[0] < places[1]

    def _matrix_product(self, a: Piece, b: Piece, left: list[str], gone: str, right: list[str]) -> Piece:
        if left and right and not self._is_before(left, right):
            a, b, left, right = b, a, right, left
        if not left and len(right) == 1 and b.letters == right[0] + gone:  # W x rather than x Wᵀ
            a, b, left, right = b, a, right, left
        if len(right) > 1 and len(left) > 1:
            return self._einsum([a, b], {*left, *right})
        if len(right) <= 1:
            layouts = ("".join(left) + gone, gone + "".join(right))
        else:
            layouts = ("".join(left) + gone, "".join(right[:-1]) + gone + right[-1])
        codes = [arranged(self.language, one, layout).code for one, layout in zip((a, b), layouts, strict=True)]
        axes = "".join(right[:-1] + left + right[-1:]) if len(right) > 1 else "".join(left + right)
        return Piece(self.language.matmul(*codes), axes)

    def _batched(self, a: Piece, b: Piece, shared: list[str], left: str, gone: str, right: str) -> Piece:
        if not self._is_before([left], [right]):
            a, b, left, right = b, a, right, left
        front = self._order(set(shared))
        codes = [
            arranged(self.language, one, layout).code
            for one, layout in ((a, front + left + gone), (b, front + gone + right))
        ]
        return Piece(self.language.matmul(*codes), front + left + right)

    def _einsum(self, pieces: Sequence[Piece], held: set[str]) -> Piece:
        letters = self._order({one for piece in pieces for one in piece.letters if one in held or one in self.out})
        bare = [arranged(self.language, piece, piece.letters) for piece in pieces]
        names = dict(zip(dict.fromkeys("".join(one.axes for one in bare)), "ijklmnopqrstuvwxyz", strict=False))
        spelled = ["".join(names[one] for one in axes) for axes in (*(one.axes for one in bare), letters)]
        subscripts = f"{','.join(spelled[:-1])}->{spelled[-1]}"
        return Piece(self.language.einsum(subscripts, [one.code for one in bare]), letters)

    def diagonal(self, piece: Piece) -> Piece:
        """A piece that has a letter twice, with each once."""
        once = "".join(dict.fromkeys(piece.letters))
        if len(once) == len(piece.letters):
            return piece
        if piece.axes == once * 2:
            return Piece(self.language.diagonal(piece.code), once)
        codes = arranged_twice(self.language, piece)
        names = dict(zip(once, "ijklmnopqrstuvwxyz", strict=False))
        own, out = ("".join(names[one] for one in axes) for axes in (piece.letters, once))
        return Piece(self.language.einsum(f"{own}->{out}", [codes]), once)

    def divided(self, tops: list[Piece], by: Piece) -> list[Piece]:
        """What is divided by something that is summed over: the factor that shares most with it."""
        best = max(range(len(tops)), key=lambda n: len(set(tops[n].letters) & set(by.letters)), default=None)
        if best is None or not tops[best].letters:
            one = Piece(self.language.codes.leaf("1"))
            return [*tops, scaled(self.language, Fraction(1), [], one, [by], by.letters)]
        order = self.elementwise([tops[best], by]).axes
        quotient = scaled(self.language, Fraction(1), [], tops[best], [by], order)
        return [*tops[:best], quotient, *tops[best + 1 :]]


def arranged_twice(language: Language, piece: Piece) -> Code:
    """The code without axes of one entry, whatever letters it has twice."""
    if ONE not in piece.axes:
        return piece.code
    return language.indexed(piece.code, ["0" if one == ONE else ":" for one in piece.axes])


def scaled(
    language: Language, number: Fraction, scalars: Sequence[Code], piece: Piece | None, below: Sequence[Piece], out: str
) -> Piece:
    """number · scalars · piece / below."""
    pieces = [one for one in (piece, *below) if one is not None]
    layout = common_layout(pieces, out)
    tops = [*scalars, *([placed(language, piece, layout).code] if piece is not None else [])]
    bottoms = [placed(language, one, layout).code for one in below]
    return Piece(formulas.scaled(language, number, tops, bottoms, scalars=True), layout)


def is_sum_along(inner: Sequence[Piece]) -> bool:
    """Whether a sum along axes of one array is all there is to do."""
    letters = {*inner[0].letters}
    is_square = all(one == inner[0] for one in inner)
    return is_square or (len(letters) > 1 and all({*one.letters} == letters for one in inner))
