"""A node as a formula, as people write it: `outer(W@x + b - t, x)`, W xᵀ, f·(1 − f) by the answer's own name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from netcalc.expression import Apply, Constant, Number, Symbol, Tree, add, apply, multiply, negate, substitute
from netcalc.expression.tree import Leaf, fold
from netcalc.graph.as_typed import convolution, written
from netcalc.graph.by_name import Names, is_gradient
from netcalc.graph.chains import flipped, inverse_of, transposed
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, slot, with_slopes_written_out
from netcalc.graph.functions import ACTIVATION, JACOBIAN_PRODUCT, formula_of, vector_activation, written_out
from netcalc.graph.inverses import COFACTORS, SOLVE
from netcalc.graph.layouts import NEW_AXIS, WHOLE_AXIS, common_layout, exactly, eye_of, placed, sum_of, with_kept_axes
from netcalc.graph.leaves import ARRAY, EYE, INPUT, NAMED, SIZE, STOPPED, name_of
from netcalc.graph.matrixform import as_mean, in_matrix_form
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, Product, Sum, renamed, sizes_by_letter, sums_over_ones
from netcalc.graph.products_along import CUMPROD_SLOPE, OTHERS, divided, row_by_row
from netcalc.graph.readable import Length, length, plain_form, readable
from netcalc.graph.reductions import CUMSUM, RECIPROCAL, softmax
from netcalc.graph.selection import array_tree, index_tree, key_trees, scatter_terms
from netcalc.graph.shaping import CONCATENATE, EVERYTHING, INDEX, RESHAPE, SCATTER, Keyed
from netcalc.graph.sizes import Size, letters_of, settled, tree
from netcalc.graph.sizes import letter as letter_size
from netcalc.graph.terms import ONE, Term, axes_of, hadamard, scalar, with_number_apart

ONE_ALONE = Number(Fraction(1))
NOTHING: Mapping[Node, str] = MappingProxyType({})
CONSTANTS = {"e": Apply("exp", (ONE_ALONE,)), "pi": Apply("acos", (Number(Fraction(-1)),))}  # as formulas
MAX_PARTS = 1_000  # names, numbers and operations of a formula that is written: about a page
MAX_ALIAS_PARTS = 60  # of a formula that is looked for within others


def formula(
    node: Node, *, diagonal: bool = False, beside: Sequence[Node] = (), called: Mapping[Node, str] = NOTHING
) -> Tree:
    """The node as one formula; of a named node what it is the name of.

    Named nodes within it, and within the nodes `beside` it, are written by their names, or as they are `called`.
    `diagonal` has a vector along an axis of a matrix as a diagonal matrix, as Jacobians are written.
    """
    return Writer([*beside, node], called).shortest(node, diagonal=diagonal)


class Writer:
    """Writes the nodes of a graph, each once. `called` has other names of named nodes than their own.

    `as_coded` keeps to the names that were used: what a name stands for, met again without it, is written out.
    """

    def __init__(self, roots: Sequence[Node], called: Mapping[Node, str] = NOTHING, *, as_coded: bool = False) -> None:
        self._called = called
        self._terms: dict[Node, Term] = {}
        self._names: dict[Node, Symbol] = {}
        self._aliases: dict[Tree, Symbol] = {}
        self._counts: dict[Apply, Size] = {}
        self._parts: dict[Node, int] = {}
        self._lengths: dict[tuple[Node, bool], Length] = {}
        order = in_order(roots)
        self._nodes = {name: node for node in order if (name := name_of(node)) is not None}
        numbers = _numbers(order)
        names = [node for node in order if node.operation is NAMED]
        self._forward = {node: None for node in names if not is_gradient(node)}
        self._has_gradients = len(self._forward) < len(names)
        self._typed = set(in_order(list(self._forward)))  # whose sums are means where they were typed so
        stops = [node for node in order if node.operation is STOPPED]
        self._within_stops = set(in_order([arg for node in stops for arg in node.args]))
        defined = [] if as_coded else names
        named = [node for node in defined if _is_definition(node.args[0]) and node.args[0] not in numbers]
        for node in named:
            self._names.setdefault(node.args[0], self._symbol(node))
        for node in named:
            self._learn(node)
        self._known = Names(named, lambda node: plain_form(node, self.has_name))

    @cached_property
    def _ahead(self) -> Writer:
        """Writes the forward pass alone, by the names that its lines use: the gradients are those of these names."""
        return Writer(list(self._forward), self._called, as_coded=True)

    def name(self, node: Node) -> str:
        """What a named node is written as."""
        text: str = node.params.text
        return self._called.get(node, text)

    def _symbol(self, node: Node) -> Symbol:
        return Symbol(self.name(node))

    def _learn(self, node: Node) -> None:
        """A formula that has a name is written by that name within other formulas too."""
        (own,) = node.args
        if own.operation is ELEMENTWISE and self.parts(own) <= MAX_ALIAS_PARTS:
            self._aliases.setdefault(self.formula(own), self._names[own])

    def has_name(self, node: Node) -> bool:
        """Whether a node is written by a name of its own."""
        return node.operation is NAMED or node in self._names

    def shortest(self, node: Node, *, diagonal: bool = False) -> Tree:
        """The node as one formula, as short as identities make it; three dots where it would fill pages.

        One of the forward pass is written without the names of gradients.
        """
        if self._has_gradients and node in self._forward:
            return self._ahead.shortest(node, diagonal=diagonal)
        own = node.args[0] if node.operation is NAMED else node
        if own is not node and own.operation is NAMED:
            return self._symbol(own)
        if self.parts(own) > MAX_PARTS:
            return Symbol("…")
        return self.formula(self.shorter(own, diagonal=diagonal), diagonal=diagonal)

    def shorter(self, node: Node, *, diagonal: bool = False) -> Node:
        """The node in the form whose formula is shortest."""

        def measure(one: Node) -> Length:
            if (one, diagonal) not in self._lengths:
                tree = self._symbol(one) if one.operation is NAMED else self.formula(one, diagonal=diagonal)
                self._lengths[one, diagonal] = length(tree, diagonal=diagonal)
            return self._lengths[one, diagonal]

        return node if self.parts(node) > MAX_PARTS else readable(node, self.has_name, measure, self._known)

    def parts(self, node: Node) -> int:
        """About how many names, numbers and operations a node is written with, what it repeats counted each time."""
        for one in self._unwritten(node, self._parts):
            if one is not node and self.has_name(one):
                self._parts[one] = 1
            else:
                self._parts[one] = _parts(one, [self._parts[arg] for arg in one.args])
        return self._parts[node]

    def _unwritten(self, root: Node, known: Collection[Node]) -> list[Node]:
        """What is below a node and not known yet, down to what has a name, arguments first; then the node."""

        def args(node: Node) -> Sequence[Node]:
            return () if node is not root and (node in known or self.has_name(node)) else node.args

        return [node for node in in_order([root], args) if node is root or node not in known]

    def formula(self, node: Node, *, diagonal: bool = False) -> Tree:
        """The node as one formula with all its axes; of a named node what it is the name of."""
        if node.operation is NAMED:
            (node,) = node.args
        term = self._direct(node, diagonal=diagonal)
        sizes = dict(zip(LETTERS, node.shape, strict=False))
        return exactly(term, axes_of(node.shape), sizes)

    def _direct(self, node: Node, *, diagonal: bool = False) -> Term:
        """A node by what it is, not by its name."""
        for below in self._unwritten(node, self._terms):
            if below is not node:
                self._terms[below] = self._by_name(below) or self._written(below)
        return self._written(node, diagonal=diagonal)

    def _by_name(self, node: Node) -> Term | None:
        name = self._symbol(node) if node.operation is NAMED else self._names.get(node)
        return _plain(name, node) if name is not None else None

    def _written(self, node: Node, *, diagonal: bool = False) -> Term:
        if node.operation is PRODUCT:
            return self._product(node, diagonal=diagonal)
        if node.operation is SUM:
            return self._sum(node, diagonal=diagonal)
        rule = RULES.get(node.operation.name)
        return rule(self, node) if rule is not None else _plain(node.formula(self.exact(node.args)), node)

    def term(self, node: Node, letters: str) -> Term:
        """An argument with its axes' letters as its user has them."""
        names = dict(zip(LETTERS, letters, strict=False))
        return self._terms[node].renamed(names)

    def size(self, size: Size) -> Tree:
        """A size by its letter; where a tensor has that name too, as the size of a tensor's axis."""
        letters = [name for name in letters_of((size,)) if name in self._nodes]
        places: dict[str, Tree] = {}
        for letter in letters:
            for name, node in self._nodes.items():
                if letter_size(letter) in node.shape:
                    axis = node.shape.index(letter_size(letter))
                    places.setdefault(letter, Apply("size", (Symbol(name), Number(Fraction(axis)))))
        return substitute(tree(size), places)

    def exact(self, nodes: Sequence[Node]) -> tuple[Tree, ...]:
        """Arguments as formulas that have their shapes."""
        return tuple(
            exactly(self._terms[node], axes_of(node.shape), dict(zip(LETTERS, node.shape, strict=False)))
            for node in nodes
        )

    def _product(self, node: Node, *, diagonal: bool) -> Term:
        params: Product = node.params
        if node in self._typed and (typed := convolution(node, self.has_name, self.exact)) is not None:
            return Term(typed, axes_of(node.shape), params.number)
        sizes = sizes_by_letter(node)
        factors = [pair for arg, own in node.factors for pair in self._opened(arg, own)]
        terms = [self.term(arg, own) for arg, own in factors]
        out = _without_ones(params.out, sizes)
        summed = _without_ones(params.summed, sizes)
        number = Term(None, number=params.number)
        keeps = bool(summed) and any(one not in "".join(params.letters) for one in params.out if one not in out)
        axes = axes_of(node.shape)
        term = in_matrix_form(
            [number, *terms],
            out,
            sizes,
            None if self._stays_a_sum(node) else self._counts,
            summed=summed,
            diagonal=diagonal,
            keeps=keeps,
            columns=ONE in axes or len(out) != 1,
            averaged=any(one.operation is PRODUCT and one.params.averaged for one in (node, *node.args)),
        )
        return _as_kept(term, axes)

    def _stays_a_sum(self, node: Node) -> bool:
        """Whether a sum was typed as one: 0.01·sum(W²) is no mean, whatever its number happens to be."""
        is_typed = node in self._typed or (bool(self._forward) and not self._has_gradients)
        if not is_typed or node.params.averaged:
            return False
        sizes = sizes_by_letter(node)
        return bool(node.params.summed) and all(isinstance(settled(sizes[one]), int) for one in node.params.summed)

    def _opened(self, node: Node, letters: str) -> list[Factor]:
        """A factor; that of a product that sums over axes of one entry alone as its factors."""
        is_plain = node.operation is not PRODUCT or self.has_name(node) or node.params.number != 1
        if is_plain or not sums_over_ones(node):
            return [(node, letters)]
        return renamed(node, letters, dict.fromkeys(node.params.summed, ONE))

    def _sum(self, node: Node, *, diagonal: bool) -> Term:
        params: Sum = node.params
        if node in self._typed and (typed := written(node, self.exact)) is not None:
            return _plain(typed, node)
        terms = []
        for arg, own, by in zip(node.args, params.letters, params.numbers, strict=True):
            term = self._direct(arg, diagonal=True) if diagonal and self._by_name(arg) is None else self._terms[arg]
            term = term.renamed(dict(zip(LETTERS, own, strict=False)))
            terms.append(as_mean(term._replace(number=term.number * by), self._counts))
        sizes = sizes_by_letter(node)
        return sum_of(terms, _without_ones(params.out, sizes))

    def _elementwise(self, node: Node) -> Term:
        params: Elementwise = node.params
        if (written := self._written_into(node)) is not None:
            return _plain(written, node)
        sizes = sizes_by_letter(node)
        terms = [self.term(arg, own) for arg, own in node.factors]
        layout = common_layout(terms, _without_ones(params.out, sizes))
        arguments = {slot(n): (placed(term, layout), bool(term.letters)) for n, term in enumerate(terms)}
        return self._by_entry(params.tree, arguments, layout)

    def _written_into(self, node: Node) -> Tree | None:
        """x.at[0].set(v) for x with v written there, where(mask ≠ 0, v in zeros, x); numbers alike."""
        match node.params.tree:
            case Apply("where", (Apply("unequal", (Symbol("#0"), Number(zero))), new, old)) if not zero:
                pass
            case _:
                return None
        mask, others = node.args[0], node.args[1:]
        key = mask.operation is ARRAY and key_trees(mask.params.key)
        if not key or mask.rank != node.rank or any(own != node.params.out for own in node.params.letters):
            return None
        if isinstance(new, Number) and isinstance(old, Number) and {new.value, old.value} == {0, 1}:
            name = f"{'ones' if old.value else 'zeros'}({', '.join(map(str, node.shape))})"
            return Apply("written_into", (Symbol(name), new, *key))
        if new != Symbol("#1") or others[0].operation is not SCATTER:
            return None
        (value,) = self.exact([others[0].args[0]])
        if old == Symbol("#2"):
            return Apply("written_into", (*self.exact([others[1]]), value, *key))
        return None

    def _by_entry(self, written: Tree, arguments: Mapping[str, tuple[Tree, bool]], layout: str) -> Term:
        """A scalar formula of arguments, each with whether it has axes, laid out alike."""
        found, is_tensor = fold(with_slopes_written_out(written), self._leaf(arguments), self._combined)
        return with_number_apart(found, layout) if is_tensor else scalar(found)

    def _leaf(self, arguments: Mapping[str, tuple[Tree, bool]]) -> Callable[[Leaf], tuple[Tree, bool]]:
        """What stands for a leaf, with whether it has axes; e and π by what they are where a name is written so."""

        def leaf(one: Leaf) -> tuple[Tree, bool]:
            if isinstance(one, Symbol):
                return arguments[one.name]
            return (CONSTANTS[one.name] if isinstance(one, Constant) and one.name in self._nodes else one), False

        return leaf

    def _activation(self, node: Node) -> Term:
        """An activation of the catalogue or typed, or its slope as people know it."""
        term = self._terms[node.args[0]]
        arguments = {"q": (placed(term, term.axes), bool(term.letters))}
        return self._by_entry(formula_of(node.params), arguments, term.axes)

    def _jacobian_product(self, node: Node) -> Term:
        """p ∘ (δ - Σ δ ∘ p)."""
        (z, _) = node.args
        answer = self._by_name(vector_activation("softmax", z))
        if answer is not None:
            self._terms[softmax(z, -1)] = answer
        return self._direct(written_out(node))

    def _combined(self, operator: str, arguments: tuple[tuple[Tree, bool], ...]) -> tuple[Tree, bool]:
        """An operator on formulas, each with whether it has axes."""
        if self._aliases:
            arguments = tuple((self._aliases.get(tree, tree), one) for tree, one in arguments)
        is_tensor = any(one for _, one in arguments)
        if operator == "multiply" and is_tensor:
            scalars = multiply(*(tree for tree, one in arguments if not one), Number(Fraction(1)))
            core = with_number_apart(hadamard([tree for tree, one in arguments if one]), "")
            front = scalar(scalars)
            term = core._replace(number=core.number * front.number, above=front.above, below=front.below)
            return as_mean(term, self._counts).tree(), True
        if operator == "multiply" and any(isinstance(tree, Apply) and tree in self._counts for tree, _ in arguments):
            return as_mean(scalar(multiply(*(tree for tree, _ in arguments))), self._counts).tree(), False
        found = apply(operator, [tree for tree, _ in arguments])
        match found:
            case Apply("unequal", (Apply("where", (condition, Number(one), Number(zero))), Number(other))) if (
                one == 1 and zero == other == 0
            ):
                return condition, is_tensor
            case Apply("divide", (e, Apply("power", (Apply("add", terms) as below, Number(value))))) if value == 2:
                answer = self._aliases.get(Apply("divide", (ONE_ALONE, below)))
                if answer is not None and set(terms) == {ONE_ALONE, e}:  # e/(1 + e)² is p·(1 - p) for p = 1/(1 + e)
                    return hadamard([answer, add(ONE_ALONE, negate(answer))]), is_tensor
            case Apply("sqrt", (Apply("power", (Apply("norm", _) as norm, Number(value))),)) if value == 2:
                return norm, is_tensor
            case Apply("sqrt", (Apply("var", of),)):
                return Apply("std", of), is_tensor
        return found, is_tensor

    def _cofactors(self, node: Node) -> Term:
        """det(A)·A⁻ᵀ."""
        (inner,) = self.exact(node.args)
        core = transposed(inverse_of(inner))
        return _plain(core, node)._replace(above=(Apply("det", (inner,)),)) if node.rank == 2 else _plain(core, node)

    def _others(self, node: Node) -> Term:
        """The products of rows with 1 in place of an entry each, which is true of entries that are 0 too."""
        return self._direct(row_by_row(node))

    def _moved(self, node: Node, build: Callable[[Tree], Tree]) -> Term:
        """What moves entries about, with the number and the scalars in front of it."""
        (arg, *_) = node.args
        term, sizes = self._terms[arg], dict(zip(LETTERS, arg.shape, strict=False))
        core = exactly(Term(term.core, term.axes), axes_of(arg.shape), sizes)
        moved = _plain(build(core), node)
        return moved._replace(
            number=term.number * moved.number, above=term.above + moved.above, below=term.below + moved.below
        )

    def _index(self, node: Node) -> Term:
        keyed: Keyed = node.params
        if all(part is None or part == EVERYTHING for part in keyed.key):  # axes of one entry alone
            new = [keyed.extra + n for n, part in enumerate(keyed.key) if part is None]
            kept = "".join(one for n, one in enumerate(LETTERS[: node.rank]) if n not in new)
            return self.term(node.args[0], kept)
        indices = self.exact(node.args[1:])
        return self._moved(node, lambda array: index_tree(node, (array, *indices)))

    def _scatter(self, node: Node) -> Term:
        """Zeros with entries added in: a product with rows of the identity matrix."""
        if node in self._typed and (typed := written(node, self.exact)) is not None:
            return _plain(typed, node)
        inner = self._terms[node.args[0]]
        terms, names = scatter_terms(node, [self._terms[one] for one in node.args[1:]])
        out = axes_of(node.shape)
        own = {names[one]: extent for one, extent in zip(LETTERS, node.args[0].shape, strict=False)}
        sizes = own | dict(zip(LETTERS, node.shape, strict=False))
        summed = "".join(dict.fromkeys(one for one in names.values() if one not in out and one != ONE))
        return in_matrix_form([inner.renamed(names), *terms], out.replace(ONE, ""), sizes, self._counts, summed=summed)

    def _solve(self, node: Node) -> Term:
        """solve(A, b); of rows that are vectors each solve(A, B.T).T, of more than that A⁻¹."""
        a, b = self.exact(node.args)
        matrix, right = node.args
        if not node.params or right.rank == 1:
            return _plain(Apply("solve", (a, b)), node)
        if matrix.rank == right.rank == 2:
            return Term(Apply("solve", (a, flipped(b))), axes_of(node.shape)[::-1])
        rows, own = LETTERS[: node.rank - 1], LETTERS[node.rank : node.rank + 2]
        terms = [Term(Apply("inv", (a,)), rows[: matrix.rank - 2] + own), Term(b, rows + own[1])]
        sizes = dict(zip(rows + own[1] + own[0], (*right.shape, right.shape[-1]), strict=True))
        found = in_matrix_form(terms, rows + own[0], sizes, self._counts)
        return found.renamed({own[0]: LETTERS[node.rank - 1]})

    def _concat(self, node: Node) -> Term:
        """concat([a, b], axis=…), or stack where each has a new axis there."""
        axis: int = node.params
        terms = [self._terms[arg] for arg in node.args]
        if (
            node.rank == 1
            and all(settled(arg.shape[0]) == 1 for arg in node.args)
            and not any(one.axes for one in terms)
        ):
            return _plain(Apply("stack", tuple(one.tree() for one in terms)), node)
        arrays = self.exact(node.args)
        bare = [_unstacked(array, axis) for array in arrays]
        along = Apply("axis", (Number(Fraction(axis)),))
        if all(one is not None for one in bare):
            return _plain(Apply("stack", (*bare, along) if axis else tuple(bare)), node)  # type: ignore[arg-type]
        return _plain(Apply("concat", (*arrays, along) if axis else arrays), node)

    def _reshape(self, node: Node) -> Term:
        shape = Apply("shape", tuple(map(tree, node.shape)))
        return self._moved(node, lambda array: Apply("reshape", (array, shape)))

    def _stopped(self, node: Node) -> Term:
        """detach(x), which has no gradient; within another one it changes nothing."""
        (inner,) = node.args
        term = self._terms[inner]
        if node in self._within_stops or not node.params:
            return term
        stopped = Apply("detach", (term.tree(),))
        return Term(stopped, term.axes) if term.axes else scalar(stopped)

    def _cumsum(self, node: Node) -> Term:
        return self._moved(node, lambda array: node.formula((array,)))


Rule = Callable[[Writer, Node], Term]
RULES: Mapping[str, Rule] = {
    ELEMENTWISE.name: Writer._elementwise,  # noqa: SLF001 - the table of its own methods
    RECIPROCAL.name: Writer._elementwise,  # noqa: SLF001
    ACTIVATION.name: Writer._activation,  # noqa: SLF001
    JACOBIAN_PRODUCT.name: Writer._jacobian_product,  # noqa: SLF001
    COFACTORS.name: Writer._cofactors,  # noqa: SLF001
    OTHERS.name: Writer._others,  # noqa: SLF001
    CUMPROD_SLOPE.name: lambda writer, node: writer._direct(divided(node)),  # noqa: SLF001
    INDEX.name: Writer._index,  # noqa: SLF001
    SCATTER.name: Writer._scatter,  # noqa: SLF001
    SOLVE.name: Writer._solve,  # noqa: SLF001
    CONCATENATE.name: Writer._concat,  # noqa: SLF001
    RESHAPE.name: Writer._reshape,  # noqa: SLF001
    CUMSUM.name: Writer._cumsum,  # noqa: SLF001
    STOPPED.name: Writer._stopped,  # noqa: SLF001
    SIZE.name: lambda writer, node: scalar(writer.size(node.params)),
    EYE.name: lambda _, node: Term(eye_of(node.shape[0]), axes_of(node.shape)),
    ARRAY.name: lambda _, node: _plain(array_tree(node), node),
}


def _parts(node: Node, arguments: Sequence[int]) -> int:
    """The parts of a node's formula, from those of its arguments'."""
    if node.operation is not ELEMENTWISE:
        return 1 + sum(arguments)
    counts = {slot(n): many for n, many in enumerate(arguments)}

    def leaf(one: Leaf) -> int:
        return counts[one.name] if isinstance(one, Symbol) else 1

    return fold(node.params.tree, leaf, lambda _, parts: 1 + sum(parts))


def _is_definition(node: Node) -> bool:
    """Whether it is more than another name."""
    return node.operation not in (INPUT, NAMED, ARRAY, SIZE, EYE)


def _numbers(order: Sequence[Node]) -> set[Node]:
    """Numbers, and those in letters for sizes, as 1/N: they are written out wherever they are."""
    found = set[Node]()
    for node in order:
        if not node.rank and node.operation in (PRODUCT, ELEMENTWISE, SIZE) and found.issuperset(node.args):
            found.add(node)
    return found


def _as_kept(term: Term, axes: str) -> Term:
    """A sum whose axes stay, if those of the node do."""
    if term.core is None or ONE not in axes:
        return term
    kept, kept_axes = with_kept_axes(term.core, term.axes)
    return term._replace(core=kept, axes=kept_axes) if kept_axes == axes else term


def _unstacked(array: Tree, axis: int) -> Tree | None:
    match array:
        case Apply("index", (inner, *parts)) if parts == [WHOLE_AXIS] * axis + [NEW_AXIS]:
            return inner
        case _:
            return None


def _plain(core: Tree, node: Node) -> Term:
    """A formula that has all the axes of its node."""
    return Term(core, axes_of(node.shape)) if node.rank else scalar(core)


def _without_ones(letters: str, sizes: Mapping[str, Size]) -> str:
    return "".join(one for one in letters if settled(sizes[one]) != 1)
