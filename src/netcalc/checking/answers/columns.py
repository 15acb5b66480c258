"""Products as papers write them, in NumPy's terms: vectors are columns, transposed ones rows; entries by letters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from functools import reduce

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.accumulate import gradient, shown
from netcalc.derivation.derive import derivation
from netcalc.derivation.forms import Forms
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import FUNCTIONS, Apply, Number, Symbol, Tree, substitute
from netcalc.expression.tensor_functions import TENSOR_FUNCTIONS
from netcalc.expression.tree import CONDITIONS
from netcalc.graph.from_tree import Reader, fits_as_product
from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape, Size, broadcast_shapes, same, written
from netcalc.graph.sizes import tree as size_tree
from netcalc.graph.windows import Sliding, overlapped, windows
from netcalc.models.calls import OPERATIONS

AS_COLUMN = "the product of a vector and a transposed one is read as outer(a, b)"
AS_MATRICES = "beside a transpose by ' or ^T, * is read as the product of matrices"
ENTRYWISE = (
    {"add", "negate", "subtract", "multiply", "divide", "power", "where", *FUNCTIONS}
    - CONDITIONS
    - TENSOR_FUNCTIONS.keys()
)
OF_ENTRIES = {"multiply", "beside", "sigma", "divide", "negate", "add"}
IDENTITY = Apply("I", ())
Made = Callable[[Reader, Apply], Node]


class Columns:
    """Reads a formula of that shape. `meant` is what a part is in NumPy's terms, by its id.

    `activation` is what f′ is the slope of, `slidings` are the windows that the problem has.
    """

    def __init__(
        self, shape: Shape, activation: BoundActivation | None = None, slidings: Collection[Sliding] = ()
    ) -> None:
        self.shape, self.activation, self.slidings = shape, activation, slidings
        self.meant: dict[int, Tree] = {}
        rules: Mapping[str, Callable[[Reader, Apply], Tree]] = {
            "beside": self.beside,
            "over_beside": self.over_beside,
            "matmul": self.matmul,
            "multiply": self.multiply,
            "one_hot": self.one_hot,
            "transpose": self.transpose,
            "power_or_inverse": self.power_or_inverse,
            "I": self.identity,
            "sigma": self.sigma,
            "entry": self.entry,
            "prime": self.prime,
            "slope": self.slope,
            "tensor_product": self.tensor_product,
        }
        self.operations: Mapping[str, Made] = {
            **OPERATIONS,
            **{name: self._made(rule) for name, rule in rules.items()},
            "windows": self.windows,
            "overlap": self.overlap,
        }

    def _made(self, rule: Callable[[Reader, Apply], Tree]) -> Made:
        def made(reader: Reader, tree: Apply) -> Node:
            new = self.meant[id(tree)] = rule(reader, tree)
            is_numpys = isinstance(new, Apply) and new.operator in ("matmul", "multiply", "transpose", "one_hot")
            return OPERATIONS[new.operator](reader, new) if is_numpys else reader.node(new)  # type: ignore[union-attr,arg-type]

        return made

    def plain(self, tree: Tree) -> Tree:
        """The formula in NumPy's terms, once its nodes are made."""
        new = self.meant.get(id(tree), tree)
        if not isinstance(new, Apply):
            return new
        return Apply(new.operator, tuple(map(self.plain, new.arguments)))

    # --- side by side

    def beside(self, reader: Reader, tree: Apply) -> Tree:
        """A B, A x, aᵀ B, aᵀ b, a bᵀ, 2 A, and the entries of a b, where neither is a row."""
        a, b = map(reader.node, tree.arguments)
        if not a.rank or not b.rank or (b.rank == 1 < a.rank and same(a.shape[-1], 1) and not same(b.shape[0], 1)):
            return Apply("multiply", tree.arguments)
        if a.rank == b.rank == 1:
            return _of_vectors(reader, tree)
        if fits_as_product(a, b):
            return Apply("matmul", tree.arguments)
        raise ShapeError(
            f"{written(a.shape)} and {written(b.shape)} side by side do not fit as a product of matrices; "
            "element by element it is written a ∘ b, or a*b"
        )

    def over_beside(self, reader: Reader, tree: Apply) -> Tree:
        """1/n A b is (A b)/n; of numbers alone it can be read two ways."""
        if not any(reader.node(one).rank for one in tree.arguments):
            raise NetcalcError("this can be read two ways: put what it is divided by in brackets")
        return self.beside(reader, tree)

    def matmul(self, reader: Reader, tree: Apply) -> Tree:
        """As NumPy has it, but for a column times a row."""
        is_outer = all(reader.node(one).rank == 1 for one in tree.arguments) and not is_row(reader, tree.arguments[0])
        if not is_outer or not is_row(reader, tree.arguments[1]):
            return tree
        reader.note(AS_COLUMN)
        return _of_vectors(reader, tree)

    def multiply(self, reader: Reader, tree: Apply) -> Tree:
        """Element by element; beside `'` or `^T` the product of matrices, where that alone fits."""
        if reader.reading.matrix_style and len(tree.arguments) > 2:  # 2*X'*r, one after the other
            tree = reduce(lambda left, right: Apply("multiply", (left, right)), tree.arguments)  # type: ignore[assignment]
        nodes = list(map(reader.node, tree.arguments))
        if len(nodes) == 2 and all(node.rank == 1 for node in nodes):
            left, right = (is_row(reader, one) for one in tree.arguments)
            return _of_vectors(reader, tree) if right and not left else tree
        if nodes[-1].rank == 2 and (own := _of_columns(reader, tree)):
            return own
        is_plain = len(nodes) != 2 or not reader.reading.matrix_style
        is_of_column = not is_plain and (nodes[0].rank, nodes[1].rank) == (2, 1) and fits_as_product(*nodes)
        if is_plain or (_stretch(nodes[0].shape, nodes[1].shape) and not is_of_column):
            return tree
        reader.note(AS_MATRICES)
        return self.beside(reader, tree)

    def one_hot(self, reader: Reader, tree: Apply) -> Tree:
        """Rows of the identity matrix, where the number of classes is a letter."""
        if len(tree.arguments) != 2 or isinstance(reader.size(tree.arguments[1]), int):
            return tree
        return Apply("index", (Apply("eye", tree.arguments[1:]), tree.arguments[0]))

    def transpose(self, reader: Reader, tree: Apply) -> Tree:
        """Aᵀ; of a stack of matrices that of each."""
        is_stack = reader.node(tree.arguments[0]).rank > 2 and len(tree.arguments) == 1
        return Apply("mT", tree.arguments) if is_stack else tree

    def power_or_inverse(self, reader: Reader, tree: Apply) -> Tree:
        """A⁻¹ of a matrix; one over each entry of a vector."""
        (base,) = tree.arguments
        return Apply("inv", (base,)) if reader.node(base).rank > 1 else Apply("power", (base, _number(-1)))

    def identity(self, _reader: Reader, _tree: Apply) -> Tree:
        """I, in the size of the answer."""
        if len(self.shape) != 2 or not same(self.shape[0], self.shape[1]):
            raise NetcalcError("the size of I is not clear here: write eye(n)")
        return Apply("eye", (_number(self.shape[0]),))

    def prime(self, _reader: Reader, tree: Apply) -> Tree:
        """σ′(z), the slope of σ at z."""
        (call,) = tree.arguments
        if not isinstance(call, Apply) or not call.arguments or call.operator not in ENTRYWISE:
            raise NetcalcError("a prime stands behind the name of a function of one number, as in tanh′(z)")
        forms, argument = Forms(["q"]), call.arguments[0]
        slopes = gradient(forms, Apply(call.operator, (Symbol("q"), *call.arguments[1:])), ["q"])
        return substitute(shown(forms, slopes)[0], {"q": argument})

    def slope(self, _reader: Reader, tree: Apply) -> Tree:
        """f′(z), the slope of the activation at z."""
        if self.activation is None:
            raise NetcalcError("which function f′ is the slope of is not clear here: write its name, as in tanh′(z)")
        return substitute(derivation(self.activation).shown, {"q": tree.arguments[0]})

    def tensor_product(self, reader: Reader, tree: Apply) -> Tree:
        """a ⊗ b of vectors, a bᵀ, where the answer is a matrix."""
        if len(self.shape) != 2 or any(reader.node(one).rank != 1 for one in tree.arguments):
            raise NetcalcError("'⊗' can be read two ways: write outer(a, b) or kron(A, B)")
        return Apply("outer", tree.arguments)

    # --- windows, those of the problem that fit

    def windows(self, reader: Reader, tree: Apply) -> Node:
        """windows(x) of the convolution or the pooling that slides over so large an x."""
        node = reader.node(tree.arguments[0])
        one = self._sliding(node, lambda sliding: sliding.whole)
        return windows(node, one.kernel, one.stride, one.dilation)

    def overlap(self, reader: Reader, tree: Apply) -> Node:
        """What lies in such windows, added up where they overlap."""
        node = reader.node(tree.arguments[0])
        return overlapped(node, self._sliding(node, lambda sliding: (*sliding.places, *sliding.kernel)))

    def _sliding(self, node: Node, shape: Callable[[Sliding], Shape]) -> Sliding:
        fitting = {one for one in self.slidings if node.shape[-len(shape(one)) :] == shape(one)}
        if len(fitting) != 1:
            raise NetcalcError("which windows these are is not clear here: bring numbers, or the backward pass as code")
        return fitting.pop()

    # --- entries: (Σⱼ A[i,j]·x[j])[i]

    def entry(self, reader: Reader, tree: Apply) -> Tree:
        """What has these entries, by their letters; those that it lacks are summed over."""
        base, *places = tree.arguments
        out = _letters(places)
        if not _is_open(base):
            raise NetcalcError(f"write (…)[{','.join(out)}] around the product for the tensor with these entries")
        sizes: dict[str, Size] = dict(zip(out, self.shape, strict=True)) if len(out) == len(self.shape) else {}
        return self.einsum(reader, base, out, sizes)

    def sigma(self, reader: Reader, tree: Apply) -> Tree:
        """Σᵢ a[i]·b[i]; of a tensor, the sum of its entries."""
        (inner,) = tree.arguments
        if isinstance(inner, Apply) and inner.operator == "entry" and _is_open(inner):
            base, *places = inner.arguments
            if base != IDENTITY and reader.node(base).rank > len(places):  # Σₛ δ[s], of rows
                return Apply("sum", (base, Apply("axis", tuple(map(_number, range(len(places)))))))
        return self.einsum(reader, inner, "", {}) if _is_open(inner) else Apply("sum", (inner,))

    def einsum(self, reader: Reader, tree: Tree, out: str, sizes: dict[str, Size]) -> Tree:
        """A product of entries as NumPy has it. `sizes` are those that letters have by the answer's shape."""
        factors = list(_factors(reader, tree))
        for one, own in factors:
            if one != IDENTITY:
                sizes |= zip(own, reader.node(one).shape, strict=True)
        for one, own in factors:
            known = [sizes[letter] for letter in own if letter in sizes]
            if one == IDENTITY and not known:
                raise NetcalcError(f"the size of I is not clear here: write eye(n)[{','.join(own)}]")
            for letter in own:
                sizes.setdefault(letter, known[0])
        if missing := [letter for letter in out if letter not in sizes]:
            raise NetcalcError(f"no factor has the letter {missing[0]} of the result")
        factors = [(Apply("eye", (_number(sizes[own[0]]),)) if one == IDENTITY else one, own) for one, own in factors]
        spare = [letter for letter in out if not any(letter in own for _, own in factors)]
        factors += [(Apply("ones", (_number(sizes[letter]),)), letter) for letter in spare]
        subscripts = ",".join(own for _, own in factors)
        return Apply(f"einsum:{subscripts}->{out}", tuple(one for one, _ in factors))


def is_row(reader: Reader, tree: Tree) -> bool:
    """Whether a vector is a transposed one."""
    if not isinstance(tree, Apply) or reader.node(tree).rank != 1:
        return False
    if tree.operator == "transpose":
        return not is_row(reader, tree.arguments[0])
    if tree.operator in ("beside", "over_beside", "matmul"):
        a, b = tree.arguments
        return is_row(reader, b if not reader.node(a).rank else a)
    return tree.operator in ENTRYWISE and any(is_row(reader, one) for one in tree.arguments)


def _of_columns(reader: Reader, tree: Apply) -> Tree | None:
    """a ∘ b cᵀ, of columns a and b, is (a ∘ b) cᵀ."""
    match tree.arguments:
        case *others, Apply("beside", (b, c)) if is_row(reader, c):
            columns = [reader.node(one) for one in (*others, b)]
            if all(one.rank == 1 and same(one.shape[0], columns[0].shape[0]) for one in columns):
                return Apply("beside", (Apply("multiply", (*others, b)), c))
    return None


def _of_vectors(reader: Reader, tree: Apply) -> Tree:
    a, b = map(reader.node, tree.arguments)
    left, right = (is_row(reader, one) for one in tree.arguments)
    if left and not right:
        return Apply("matmul", tree.arguments)
    if right and not left:
        first, second = tree.arguments
        is_plain = isinstance(second, Apply) and second.operator == "transpose"
        return Apply("outer", (first, second.arguments[0] if is_plain else second))  # type: ignore[union-attr]
    if same(a.shape[0], b.shape[0]):
        return Apply("multiply", tree.arguments)
    raise ShapeError("two vectors side by side: write a bᵀ for their outer product, a ∘ b element by element")


def _stretch(a: Shape, b: Shape) -> bool:
    try:
        broadcast_shapes(a, b)
    except ShapeError:
        return False
    return True


def _number(value: Size) -> Tree:
    return Number(Fraction(value)) if isinstance(value, int) else size_tree(value)


def _letters(places: object) -> str:
    return "".join(one.operator for one in places)  # type: ignore[attr-defined]


def _is_open(tree: Tree) -> bool:
    """Whether it is an entry at places that letters stand for, or made of such."""
    if not isinstance(tree, Apply):
        return False
    if tree.operator == "entry":
        return not _is_open(tree.arguments[0])
    return tree.operator in OF_ENTRIES | ENTRYWISE and any(map(_is_open, tree.arguments))


def _factors(reader: Reader, tree: Tree) -> Iterator[tuple[Tree, str]]:
    """The factors of a product of entries, each with its letters."""
    match tree:
        case Apply("entry", (base, *places)) if _is_open(tree):
            own, rank = _letters(places), len(places) if base == IDENTITY else reader.node(base).rank
            if rank != len(own):
                raise ShapeError(f"[{','.join(own)}] has {len(own)} letters for {written(reader.node(base).shape)}")
            yield base, own
        case Apply("multiply" | "beside" | "sigma", parts) if _is_open(tree):
            for part in parts:
                yield from _factors(reader, part)
        case Apply("divide", (above, below)) if _is_open(tree) and not _is_open(below):
            yield from _factors(reader, above)
            yield from _factors(reader, Apply("divide", (_number(1), below)))
        case Apply("negate", (part,)) if _is_open(tree):
            yield _number(-1), ""
            yield from _factors(reader, part)
        case _ if not _is_open(tree):
            if (node := reader.node(tree)).rank:
                raise ShapeError(f"a factor of these entries is {written(node.shape)}: write the letters of its axes")
            yield tree, ""
        case _:
            found = _entry_by_entry(reader, tree)
            if found is None:
                raise NetcalcError("entries by letters are multiplied, as in (Σⱼ A[i,j]·x[j])[i]")
            yield found


def _entry_by_entry(reader: Reader, tree: Tree) -> tuple[Tree, str] | None:
    """log(a[s,k]) and (a[s,k] − t[s,k])² as log(a) and (a − t)², with their letters; None of other letters."""
    match tree:
        case Apply("entry", (base, *places)) if _is_open(tree):
            own = _letters(places)
            return (base, own) if base != IDENTITY and reader.node(base).rank == len(own) else None
        case Apply(operator, parts) if operator in ENTRYWISE and _is_open(tree):
            found = [_entry_by_entry(reader, one) if _is_open(one) else (one, "") for one in parts]
            known = [one for one in found if one is not None]
            letters = {own for _, own in known if own}
            is_plain = all(own or not reader.node(one).rank for one, own in known)
            if len(known) == len(found) and len(letters) == 1 and is_plain:
                return Apply(operator, tuple(one for one, _ in known)), letters.pop()
    return None
