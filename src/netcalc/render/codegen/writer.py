"""A graph's nodes as code, each once: the one walk; a language says how a node is formatted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, slot
from netcalc.graph.factors import sizes_by_letter
from netcalc.graph.inverses import COFACTORS, DETERMINANT, INVERSE, LOGDET, SOLVE
from netcalc.graph.leaves import ARANGE, ARRAY, EYE, INPUT, NAMED, SIZE, STOPPED, TRIANGLE
from netcalc.graph.node import Node, in_order
from netcalc.graph.order import ARGSORT, PLACE_OF_MAX, PLACE_OF_MIN
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Product
from netcalc.graph.products_along import CUMPROD, CUMPROD_SLOPE, OTHERS, PROD
from netcalc.graph.reductions import ARGMAX, ARGMIN, CUMSUM, LOG_SOFTMAX, LOGSUMEXP, MAX, MIN, NORM, RECIPROCAL, SOFTMAX
from netcalc.graph.shaping import CONCATENATE, EVERYTHING, INDEX, RESHAPE, SCATTER, Keyed
from netcalc.graph.sizes import Size, settled
from netcalc.graph.terms import ONE, axes_of
from netcalc.graph.windows import OVERLAP, WINDOWS
from netcalc.render.codegen import formulas
from netcalc.render.codegen.language import Language, axes_text
from netcalc.render.codegen.products import Contraction, is_sum_along, scaled
from netcalc.render.codegen.sizes import Sizes
from netcalc.render.codegen.terms import Code, Piece, arranged, common_layout, placed


class Writer:
    """Writes nodes as code in a language. `names` are what nodes are called; `sizes` the letters of sizes by where."""

    def __init__(self, language: Language, inputs: Mapping[Node, str], letter: Callable[[str], str]) -> None:
        self.language = language
        self.codes = language.codes
        self.pieces: dict[Node, Piece] = {}
        self.nodes: dict[Code, Node] = {}
        self.named: set[Node] = set()
        self.sizes = sizes = Sizes(language, letter)
        language.size = sizes.size
        for node, name in inputs.items():
            self.call(node, name)
        for multiples in (False, True):
            for node in inputs:
                sizes.learn(node.shape, self.pieces[node].code, multiples=multiples)

    def call(self, node: Node, name: str) -> None:
        """From here on the node is written by its name."""
        code = self.codes.leaf(name)
        self.named.add(node)
        self.pieces[node] = Piece(code, axes_of(node.shape))
        self.sizes.found_at(node.shape, code)

    # --- nodes

    def exact(self, node: Node) -> Code:
        """The node with exactly its axes."""
        piece, axes = self._piece(node), axes_of(node.shape)
        is_bare = bool(axes) and not piece.axes and _is_number(node)  # which is no array that takes an axis
        if set(piece.letters) == set(axes.replace(ONE, "")) and not is_bare:
            return arranged(self.language, piece, axes).code
        found = placed(self.language, piece, axes)
        return self.language.broadcast(found.code, self.sizes.shape(node.shape))

    def _piece(self, root: Node) -> Piece:
        for node in in_order([root], lambda node: () if node in self.pieces else reversed(node.args)):
            if node not in self.pieces:
                self.pieces[node] = piece = self._written(node)
                self.nodes.setdefault(piece.code, node)
        return self.pieces[root]

    def _written(self, node: Node) -> Piece:
        rule = RULES.get(node.operation.name)
        if rule is not None:
            return rule(self, node)
        template = TEMPLATES.get(node.operation.name)
        code = self._by_template(template, node) if template else CALLS[node.operation.name](self, node)
        return Piece(code, axes_of(node.shape))

    def _by_template(self, template: str, node: Node) -> Code:
        codes = [self.exact(arg) for arg in node.args]
        axes = axes_text(self.along(node)[1]) if "{axes}" in template else ""
        return self.language.called(template, codes, hint=HINTS.get(node.operation.name, ""), axes=axes, p=node.params)

    def _term(self, node: Node, letters: str) -> Piece:
        piece = self.pieces[node]
        if _bare(node).operation is ARANGE:
            piece = piece._replace(code=self.language.floating(piece.code))
        return piece.renamed(dict(zip(LETTERS, letters, strict=False)))

    # --- products and sums

    def _product(self, node: Node) -> Piece:
        params: Product = node.params
        sizes = sizes_by_letter(node)
        out = "".join(one for one in params.out if settled(sizes[one]) != 1)
        contraction = Contraction(self.language, sizes, out)
        number, tops, below = params.number, [], []
        factors = [pair for arg, own in zip(node.args, params.letters, strict=True) for pair in self._opened(arg, own)]
        for arg, own in factors:
            divisor = self._divisor(arg, own)
            if divisor is None:
                tops.append(contraction.diagonal(self._term(arg, own)))
            else:
                number *= divisor[0]
                below.append(divisor[1])
        summed = [one for one in params.summed if settled(sizes[one]) != 1]
        held = {one for piece in (*tops, *below) for one in piece.letters}
        number, tops = self._counted(number, tops, [sizes[one] for one in summed if one not in held])
        for divided in [one for one in below if any(letter in summed for letter in one.letters)]:
            below.remove(divided)
            tops = contraction.divided(tops, divided)
        inner = [one for one in tops if any(letter in summed for letter in one.letters)]
        found = [one for one in tops if one.letters and one not in inner]
        scalars = [arranged(self.language, one, "").code for one in tops if not one.letters]
        if inner:
            gone = [one for one in summed if one in held]
            if is_sum_along(inner):
                piece = inner[0] if len(inner) == 1 else contraction.elementwise(inner)
                kept = "".join(ONE if one in gone else one for one in piece.axes)
                keep = ONE in kept and kept == axes_of(node.shape)
                found.insert(0, contraction.summed(piece, gone, keep=keep))
            else:
                found.insert(0, contraction.of(inner))
        whole = None if not found else found[0] if len(found) == 1 else contraction.elementwise(found)
        if whole is None and scalars:
            *scalars, last = scalars
            whole = Piece(last)
        if whole is not None and not any(one.letters for one in below):
            code, number, divisors = self.language.mean(whole.code, number, [one.code for one in below])
            whole, below = Piece(code, whole.axes), [Piece(one) for one in divisors]
        return scaled(self.language, number, scalars, whole, below, out)

    def _opened(self, node: Node, letters: str) -> list[tuple[Node, str]]:
        """A factor; that of a product that only drops axes of one entry as what it is made of."""
        if node.operation is not PRODUCT or node in self.named or node.params.number != 1 or not node.args:
            return [(node, letters)]
        params: Product = node.params
        sizes = sizes_by_letter(node)
        if any(settled(sizes[one]) != 1 for one in params.summed):
            return [(node, letters)]
        names = dict(zip(params.out, letters, strict=True)) | dict.fromkeys(params.summed, ONE)
        return [
            pair
            for arg, own in zip(node.args, params.letters, strict=True)
            for pair in self._opened(arg, "".join(names[one] for one in own))
        ]

    def _divisor(self, arg: Node, own: str) -> tuple[Fraction, Piece] | None:
        """The number c and the x of c/x."""
        if arg.operation is not ELEMENTWISE or arg in self.named:
            return None
        params: Elementwise = arg.params
        match params.tree:
            case Apply("divide", (Number(value), under)):
                names = dict(zip(params.out, own, strict=True))
                return value, self._formula(arg, under).renamed(names)
            case _:
                return None

    def _counted(self, number: Fraction, tops: list[Piece], sizes: Sequence[Size]) -> tuple[Fraction, list[Piece]]:
        """A sum over what nothing has is as many equal terms."""
        for extent in map(settled, sizes):
            if isinstance(extent, int):
                number *= extent
            else:
                tops = [Piece(self.sizes.size(extent)), *tops]
        return number, tops

    def _sum(self, node: Node) -> Piece:
        pieces, layout = self._laid(node)
        terms = []
        for piece, by in zip(pieces, node.params.numbers, strict=True):
            code = formulas.scaled(self.language, by, [placed(self.language, piece, layout).code])
            is_minus = formulas.is_negation(code)
            terms.append((is_minus, code.operands[0] if is_minus else code))
        return Piece(formulas.added(self.language, terms), layout)

    # --- formulas

    def _formula(self, node: Node, tree: Tree) -> Piece:
        pieces, layout = self._laid(node)
        slots = {slot(n): placed(self.language, piece, layout).code for n, piece in enumerate(pieces)}
        return Piece(formulas.written(self.language, tree, slots), layout)

    def _laid(self, node: Node) -> tuple[list[Piece], str]:
        """The arguments, and the axes in which they broadcast together."""
        pieces, sizes = [self._term(arg, own) for arg, own in node.factors], sizes_by_letter(node)
        layout = common_layout(pieces, "".join(one for one in node.params.out if settled(sizes[one]) != 1))
        return pieces, layout

    def _reciprocal(self, node: Node) -> Piece:
        piece = self.pieces[node.args[0]]
        return piece._replace(code=self.language.called("=reciprocal({{0}})", [piece.code]))

    # --- what moves entries

    def _index(self, node: Node) -> Piece:
        keyed: Keyed = node.params
        if all(part is None or part == EVERYTHING for part in keyed.key):  # axes of one entry alone
            new = [keyed.extra + n for n, part in enumerate(keyed.key) if part is None]
            return self._term(node.args[0], "".join(one for n, one in enumerate(LETTERS[: node.rank]) if n not in new))
        indices = [self._as_index(one) for one in node.args[1:]]
        key = [*[EVERYTHING] * keyed.extra, *keyed.key]
        return Piece(self.language.index(self.exact(node.args[0]), key, indices), axes_of(node.shape))

    def _as_index(self, node: Node) -> Code:
        """Arrays that are made here are of floats, and an index is of integers, as inputs that are indices are."""
        code = self.exact(node)
        return code if _bare(node).operation in (INPUT, ARANGE, SIZE) else self.language.whole(code)

    def _scatter(self, node: Node) -> Code:
        keyed: Keyed = node.params
        indices = [self._as_index(one) for one in node.args[1:]]
        key = [*[EVERYTHING] * keyed.extra, *keyed.key]
        piece = placed(self.language, self._piece(node.args[0]), axes_of(node.args[0].shape))
        code = piece.code if self.language.broadcasts(piece.code, key) else self.exact(node.args[0])
        return self.language.scatter(code, self.sizes.shape(node.shape), key, indices)

    def _concatenate(self, node: Node) -> Code:
        axis: int = node.params
        bare = [_unstacked(arg, axis) for arg in node.args]
        if all(one is not None and not _is_number(one) for one in bare):
            inner = [self.exact(one) for one in bare if one is not None]
            return self.language.stack(inner, axis)
        return self.language.concatenate([self.exact(arg) for arg in node.args], axis)

    def _reshape(self, node: Node) -> Code:
        (arg,) = node.args
        if not arg.rank and _is_number(arg):
            return self.language.broadcast(self.exact(arg), self.sizes.shape(node.shape))
        return self.language.reshape(self.exact(arg), [self.sizes.size(one) for one in node.shape])

    def _array(self, node: Node) -> Code:
        values = node.params.array
        return self.language.array(_listed(self.language, values))

    # --- along axes

    def along(self, node: Node) -> tuple[Code, tuple[int, ...], int, bool]:
        along, rank = node.params, node.args[0].rank
        return self.exact(node.args[0]), tuple(rank + axis for axis in along.axes), rank, along.keep

    def place_of(self, name: str, node: Node) -> Code:
        """Where the largest entry is, or the smallest."""
        code, axes, rank, keep = self.along(node)
        return self.language.reduced(name, code, axes, rank, keep=keep, hint="place")

    def _extreme(self, node: Node) -> Code:
        code, axes, rank, keep = self.along(node)
        name = self.language.largest if node.operation is MAX else self.language.smallest
        return self.language.reduced(name, code, axes, rank, keep=keep, hint="best")


def _is_number(node: Node) -> bool:
    return all(one.operation not in (INPUT, ARRAY) for one in in_order([node]))


def _bare(node: Node) -> Node:
    """What is called by a name, or is a constant."""
    while node.operation in (NAMED, STOPPED):
        node = node.args[0]
    return node


def _unstacked(node: Node, axis: int) -> Node | None:
    """What has a new axis there, without it."""
    key = (*[EVERYTHING] * axis, None)
    return node.args[0] if node.operation is INDEX and node.params.key == key and not node.params.extra else None


def _listed(language: Language, values: np.ndarray) -> str:
    """An array as nested lists."""
    if values.ndim:
        return f"[{', '.join(_listed(language, values[place, ...]) for place in range(len(values)))}]"
    return formulas.float_text(language, formulas.as_float(values.item()) if values.dtype == object else float(values))


Rule = Callable[[Writer, Node], Piece]
Call = Callable[[Writer, Node], Code]
RULES: Mapping[str, Rule] = {
    PRODUCT.name: Writer._product,  # noqa: SLF001 - the table of its own methods
    SUM.name: Writer._sum,  # noqa: SLF001
    ELEMENTWISE.name: lambda writer, node: writer._formula(node, node.params.tree),  # noqa: SLF001
    INDEX.name: Writer._index,  # noqa: SLF001
    NAMED.name: lambda writer, node: writer.pieces[node.args[0]],
    STOPPED.name: lambda writer, node: writer.pieces[node.args[0]],
    SIZE.name: lambda writer, node: Piece(writer.sizes.size(node.params)),
    RECIPROCAL.name: Writer._reciprocal,  # noqa: SLF001
}
CALLS: Mapping[str, Call] = {
    INPUT.name: lambda _, node: _no_input(node),
    ARRAY.name: Writer._array,  # noqa: SLF001
    EYE.name: lambda writer, node: writer.language.eye(writer.sizes.size(node.shape[0])),
    ARANGE.name: lambda writer, node: writer.language.arange(writer.sizes.size(node.shape[0])),
    TRIANGLE.name: lambda writer, node: writer.language.triangle(
        writer.sizes.size(node.shape[0]), writer.sizes.size(node.shape[1]), node.params.offset, lower=node.params.lower
    ),
    RESHAPE.name: Writer._reshape,  # noqa: SLF001
    CONCATENATE.name: Writer._concatenate,  # noqa: SLF001
    SCATTER.name: Writer._scatter,  # noqa: SLF001
    MAX.name: Writer._extreme,  # noqa: SLF001
    MIN.name: Writer._extreme,  # noqa: SLF001
    PLACE_OF_MAX.name: lambda writer, node: writer.place_of("argmax", node),
    PLACE_OF_MIN.name: lambda writer, node: writer.place_of("argmin", node),
    SOFTMAX.name: lambda writer, node: writer.language.softmax(*writer.along(node)[:2]),
    LOG_SOFTMAX.name: lambda writer, node: writer.language.log_softmax(*writer.along(node)[:2]),
    LOGSUMEXP.name: lambda writer, node: writer.language.logsumexp(*writer.along(node)[:2], keep=node.params.keep),
    NORM.name: lambda writer, node: writer.language.norm(*writer.along(node)[:3], keep=node.params.keep),
    PROD.name: lambda writer, node: writer.language.prod(*writer.along(node)[:3], keep=node.params.keep),
    SOLVE.name: lambda writer, node: writer.language.solve(*map(writer.exact, node.args), columns=not node.params),
    WINDOWS.name: lambda writer, node: writer.language.windows(writer.exact(node.args[0]), node.params),
}
# What is one call in every library: of `m`, along `axes`, which are its `axis`, with the node's parameters `p`.
TEMPLATES: Mapping[str, str] = {
    ARGMAX.name: "=share_of_max({{0}}, {axis}={axes})",
    ARGMIN.name: "=share_of_min({{0}}, {axis}={axes})",
    ARGSORT.name: "{m}.argsort({{0}}, {axis}={axes}{stably})",
    CUMSUM.name: "{m}.cumsum({{0}}, {axis}={axes})",
    CUMPROD.name: "{m}.cumprod({{0}}, {axis}={axes})",
    CUMPROD_SLOPE.name: "=slope_of_cumprod({{0}}, {{1}}, {axis}={p.axes[0]})",
    OTHERS.name: "=products_of_others({{0}}, {axis}={axes})",
    INVERSE.name: "{m}.linalg.inv({{0}})",
    DETERMINANT.name: "{m}.linalg.det({{0}})",
    LOGDET.name: "{m}.linalg.slogdet({{0}})[1]",
    COFACTORS.name: "=cofactors({{0}})",
    OVERLAP.name: "=overlapped({{0}}, {p.whole}, {p.stride}, {p.dilation})",
}
HINTS = {ARGMAX.name: "is_best", ARGMIN.name: "is_best", INVERSE.name: "inverse"}


def _no_input(node: Node) -> Code:
    raise KeyError(node.params.text)
