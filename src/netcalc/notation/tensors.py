"""How operators of tensors are printed: as NumPy has them, or in matrix notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netcalc.expression.tree import Leaf, Level, Number, Symbol
from netcalc.records import NamedTuple

EINSUM = "einsum:"  # an operator with its subscripts behind it: `einsum:ij,jk->ik`
OPTIONS = frozenset({"axis", "keepdims", "shape", "axes", "n", "k", "ord", "ddof"})  # of functions, behind the tensors
LISTED = frozenset({"concat", "stack", "vstack", "hstack"})  # they take their tensors in a list
PRODUCTS = frozenset({"matmul", "outer", "hadamard"})  # in brackets within another product
# An end of a slice that is left out, an axis of one entry, all axes between, norms.
WORDS: Mapping[str, str] = {"none": "", "newaxis": "None", "ellipsis": "...", "inf": "inf", "fro": "'fro'"}
BY_NAME = frozenset({"axis", "ddof", "stride", "padding", "dilation"})  # arguments that are given by name: axis=(0, 1)
# Each operator's method, and how many arguments it has; with another number, or without that method, it is a call.
METHODS: Mapping[str, tuple[str, int | None]] = {
    "matmul": ("matmul", 2),
    "hadamard": ("hadamard", None),
    "transpose": ("transpose", 1),
    "row": ("row", 1),
    "swapped": ("swapped", 1),
    "inv": ("inverse", 1),
    "outer": ("outer", 2),
    "norm": ("norm", 1),
    "trace": ("trace", 1),
    "eye": ("eye", 1),
    "zeros": ("zeros", 1),
    "index": ("index", None),
    "written_into": ("written_into", None),
    "added_into": ("added_into", None),
    "slice": ("slice", 3),
    "size": ("size", 2),
    "keepdims": ("keepdims", 1),
    "shape": ("several", None),
    "axes": ("several", None),
    "n": ("several", 1),
    "k": ("several", 1),
    "ord": ("several", 1),
}


class Piece(NamedTuple):
    """Printed text, how tightly it holds together, and what it was printed from.

    `positive` is the piece without its leading minus, if it has one; `literal` tells that this minus belongs to a
    number, so that a product may go on from it.
    """

    text: str
    level: Level
    positive: Piece | None = None
    literal: bool = False
    leaf: Leaf | None = None
    operator: str = ""
    arguments: tuple[Piece, ...] = ()

    @property
    def integer(self) -> int | None:
        """The value, if it is a whole number."""
        if isinstance(self.leaf, Number) and self.leaf.value.denominator == 1:
            return self.leaf.value.numerator
        return None


class Tensors:
    """The part of a printer that is for tensors, as NumPy has them."""

    matrix_sign = "@"
    entry_sign = "*"
    comma = ", "
    words: Mapping[str, str] = WORDS

    hold: Callable[[Piece, Level], Piece]
    brackets: Callable[[str], str]
    call: Callable[[str, Sequence[Piece]], Piece]
    signed: Callable[[Piece, Callable[[Piece], Piece]], Piece]

    def tensor(self, operator: str, arguments: tuple[Piece, ...]) -> Piece | None:
        """An operator of tensors; None if it is another one."""
        if operator.startswith(EINSUM):
            return self.einsum(operator.removeprefix(EINSUM), arguments)
        if ":" in operator:
            return self.of_programs(operator, arguments)
        if operator in LISTED:
            arrays = [piece for piece in arguments if piece.operator not in OPTIONS]
            options, listed = arguments[len(arrays) :], self.listing(*arrays)
            return self.call(operator, [listed, *options]) if options or operator != "stack" else listed
        if operator in self.words and not arguments:
            return Piece(self.words[operator], Level.ATOM)
        if operator in BY_NAME:
            return self.keyword(operator, self.several(*arguments).text)
        name, count = METHODS.get(operator, ("", None))
        method: Callable[..., Piece] | None = getattr(self, name, None) if count in (None, len(arguments)) else None
        return None if method is None else method(*arguments)

    def of_programs(self, operator: str, arguments: tuple[Piece, ...]) -> Piece:
        """A call of the table of programs: conv2d(x, W, stride=2), with texts in quotes."""
        kind, _, word = operator.partition(":")
        match kind:
            case "named":
                return self.keyword(word, arguments[0].text)
            case "text":
                return Piece(self.quoted(word), Level.CASES)
        return self.call(word, arguments)

    # --- products

    def matmul(self, a: Piece, b: Piece) -> Piece:
        """A B."""
        return self.signed(a, lambda first: self.side_by_side(first, b))

    def side_by_side(self, a: Piece, b: Piece) -> Piece:
        """A B, of which A starts with no minus."""
        left = self.hold(a, Level.POWER if a.operator in ("hadamard", "divide") else Level.MULTIPLY)
        return Piece(left.text + self.matrix_sign + self.hold(b, Level.POWER).text, Level.MULTIPLY)

    def hadamard(self, *factors: Piece) -> Piece:
        """a ∘ b ∘ …"""
        return self.signed(factors[0], lambda first: self.entry_by_entry(first, factors[1:]))

    def entry_by_entry(self, first: Piece, others: Sequence[Piece]) -> Piece:
        """The same, of which the first starts with no minus."""
        left = self.hold(first, Level.POWER if first.operator in PRODUCTS | {"divide"} else Level.MULTIPLY)
        texts = [left.text, *(self.hold(piece, Level.POWER).text for piece in others)]
        return Piece(self.entry_sign.join(texts), Level.MULTIPLY)

    def einsum(self, subscripts: str, arrays: Sequence[Piece]) -> Piece:
        """einsum('ij,jk->ik', A, B)."""
        return self.call("einsum", [Piece(f"'{subscripts}'", Level.ATOM), *arrays])

    # --- of one matrix

    def transpose(self, a: Piece) -> Piece:
        """Aᵀ."""
        return Piece(self.whole_name(a).text + ".T", Level.ATOM)

    def row(self, a: Piece) -> Piece:
        """xᵀ, where NumPy has x for a vector that stands before a product."""
        return a

    def whole_name(self, a: Piece) -> Piece:
        """A piece that something is put behind: the name of a derivative, a fraction, in brackets."""
        is_fraction = isinstance(a.leaf, Symbol) and "/" in a.text
        return Piece(self.brackets(a.text), Level.ATOM) if is_fraction else self.hold(a, Level.ATOM)

    def swapped(self, a: Piece) -> Piece:
        """The last two axes exchanged."""
        return Piece(self.hold(a, Level.ATOM).text + ".mT", Level.ATOM)

    # --- indices and keywords

    def index(self, array: Piece, *parts: Piece) -> Piece:
        """x[1:]."""
        return Piece(self.hold(array, Level.ATOM).text + self.square([piece.text for piece in parts]), Level.ATOM)

    def written_into(self, array: Piece, value: Piece, *parts: Piece) -> Piece:
        """x.at[1:].set(0), as JAX has it."""
        return self._changed("set", array, value, parts)

    def added_into(self, array: Piece, value: Piece, *parts: Piece) -> Piece:
        """x.at[1:].add(1)."""
        return self._changed("add", array, value, parts)

    def _changed(self, how: str, array: Piece, value: Piece, parts: Sequence[Piece]) -> Piece:
        at = self.hold(array, Level.ATOM).text + ".at" + self.square([piece.text for piece in parts])
        return Piece(f"{at}.{how}({value.text})", Level.ATOM)

    def slice(self, start: Piece, stop: Piece, step: Piece) -> Piece:
        """1:3, or 1:3:2."""
        text = f"{start.text}:{stop.text}"
        return Piece(f"{text}:{step.text}" if step.text else text, Level.CASES)

    def size(self, array: Piece, axis: Piece) -> Piece:
        """x.shape[0]."""
        return Piece(f"{self.hold(array, Level.ATOM).text}.shape{self.square([axis.text])}", Level.ATOM)

    def several(self, *parts: Piece) -> Piece:
        """An option that is given by place: (2, 3), or 3."""
        text = self.comma.join(piece.text for piece in parts)
        return Piece(text if len(parts) == 1 else self.brackets(text), Level.CASES)

    def keepdims(self, _: Piece) -> Piece:
        """keepdims=True."""
        return self.keyword("keepdims", "True")

    def keyword(self, name: str, value: str) -> Piece:
        """An argument that is given by name."""
        return Piece(f"{name}={value}", Level.CASES)

    def quoted(self, word: str) -> str:
        """A text: 'sum'."""
        return f"'{word}'"

    def listing(self, *entries: Piece) -> Piece:
        """[a, b]."""
        return Piece(self.square([piece.text for piece in entries]), Level.ATOM)

    def square(self, texts: Sequence[str]) -> str:
        """Square brackets around texts."""
        return f"[{self.comma.join(texts)}]"


def index_form(subscripts: str) -> tuple[list[str], str, str]:
    """The letters of each array, those of the result, and those that are summed over."""
    before, _, out = subscripts.partition("->")
    summed = "".join(dict.fromkeys(one for one in before if one not in out and one != ","))
    return before.split(","), out, summed


class MatrixNotation(Tensors):
    """As mathematics has them, in plain text: W x, Wᵀ, a ∘ b, A⁻¹, ‖x‖, Σ."""

    matrix_sign = " "
    entry_sign = " ∘ "
    top, minus_top, minus_one = "ᵀ", "⁻ᵀ", "⁻¹"
    below: Mapping[int, str] = {
        ord(a): b for a, b in zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
    }

    def transpose(self, a: Piece) -> Piece:
        if a.operator == "inv":
            return self.raised(a.arguments[0], self.minus_top)
        return self.raised(a, self.top)

    def row(self, a: Piece) -> Piece:
        return self.transpose(a)

    def swapped(self, a: Piece) -> Piece:
        return self.transpose(a)

    def inverse(self, a: Piece) -> Piece:
        return self.raised(a, self.minus_one)

    def raised(self, a: Piece, exponent: str) -> Piece:
        """A piece with what stands above it at its right."""
        return Piece(self.whole_name(a).text + exponent, Level.POWER)

    def outer(self, a: Piece, b: Piece) -> Piece:
        return self.matmul(a, self.transpose(b))

    def norm(self, a: Piece) -> Piece:
        return Piece(f"‖{a.text}‖", Level.ATOM)

    def trace(self, a: Piece) -> Piece:
        return self.call("tr", [a])

    def eye(self, size: Piece) -> Piece:
        below = size.text.translate(self.below)
        is_below = all(ord(one) in self.below for one in size.text)
        return Piece(f"I{below}", Level.ATOM) if is_below else self.call("eye", [size])

    def zeros(self, _: Piece) -> Piece:
        return Piece("0", Level.ATOM)

    def einsum(self, subscripts: str, arrays: Sequence[Piece]) -> Piece:
        letters, out, summed = index_form(subscripts)
        pairs = [(array, own) for array, own in zip(arrays, letters, strict=True) if array.operator != "ones"]
        entries = [self.entry(self.unsized(array), own) for array, own in pairs]
        sum_of_products = self.summed(summed, entries)
        return self.entry(sum_of_products, out) if out else sum_of_products

    def unsized(self, array: Piece) -> Piece:
        """The identity matrix without its size, which indices leave no doubt of."""
        return self.eye(Piece("", Level.ATOM)) if array.operator == "eye" else array

    def entry(self, array: Piece, letters: str) -> Piece:
        """A[i,j]."""
        return Piece(f"{self.hold(array, Level.ATOM).text}[{','.join(letters)}]", Level.ATOM)

    def summed(self, letters: str, entries: Sequence[Piece]) -> Piece:
        """Σⱼ A[i,j]·B[j,k]."""
        product = "·".join(piece.text for piece in entries)
        return Piece(f"Σ{letters.translate(self.below)} {product}" if letters else product, Level.MULTIPLY)
