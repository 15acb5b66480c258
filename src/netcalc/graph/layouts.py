"""How the axes of formulas stand: turned, stretched, kept or dropped only where a formula is used.

So `(A.T).T` or a mean's `keepdims` is written only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Tree, add
from netcalc.graph import sizes as size_of
from netcalc.graph.chains import flipped
from netcalc.graph.sizes import Size
from netcalc.graph.terms import ONE, Term, cancelled, is_of, starts_with_minus

REDUCTIONS = frozenset({"sum", "mean", "max", "min", "norm", "logsumexp", "var", "std", "prod"})
SCALAR_OPERATORS = frozenset({"add", "subtract", "negate", "multiply", "divide", "power", "sqrt", "exp", "log", "abs"})


def fits(axes: str, layout: str) -> bool:
    """Whether an array with `axes` broadcasts to `layout` as NumPy aligns them, from the last axis."""
    return len(axes) <= len(layout) and all(
        a in (ONE, b) for a, b in zip(reversed(axes), reversed(layout), strict=False)
    )


def common_layout(terms: Sequence[Term], out: str) -> str:
    """The axes in which terms are put together with the least turning and indexing; else in the order of `out`."""
    held = "".join(one for one in out if any(one in term.axes for term in terms))
    own = [term.axes for term in terms if set(term.letters) == set(held) and len(term.letters) == len(held)]
    return min(dict.fromkeys([held, *own]), key=lambda layout: sum(_effort(term, layout) for term in terms))


def _effort(term: Term, layout: str) -> int:
    """How much has to be done to a term so that it fits."""
    if term.core is None or fits(term.axes, layout):
        return 0
    if fits(with_kept_axes(term.core, term.axes)[1], layout) or not is_of(squeezed(term.core, term.axes)[0], "index"):
        return 1 if len(term.letters) < len(layout) or term.letters == layout else 2
    return 2 if fits(term.axes[::-1], layout) else 3


def placed(term: Term, layout: str) -> Tree:
    """A term so that it broadcasts to the layout."""
    if term.core is None:
        return term.tree()
    return term._replace(core=_placed(term.core, term.axes, layout)).tree()


def _placed(tree: Tree, axes: str, layout: str) -> Tree:
    if ONE in axes and ONE not in layout and fits(axes.replace(ONE, ""), layout):
        bare = _without_ones(tree, axes)
        return tree if bare is None and fits(axes, layout) else squeezed(tree, axes)[0]
    if fits(axes, layout):
        return tree
    kept, kept_axes = with_kept_axes(tree, axes)
    if kept is not tree and fits(kept_axes, layout):
        return kept
    if len(axes) == 2 and fits(axes[::-1], layout):
        return flipped(tree)
    bare, letters = squeezed(tree, axes)
    order = "".join(one for one in layout if one in letters)
    turned = ordered(bare, letters, order)
    first = min(map(layout.index, order), default=len(layout))
    wanted = "".join(one if one in order else ONE for one in layout[first:])
    return turned if wanted == order else indexed_anew(turned, wanted)


def exactly(term: Term, wanted: str, sizes: Mapping[str, Size]) -> Tree:
    """A term with just these axes, stretched where it lacks some."""
    core, axes = term.core, term.axes
    if not term.number and wanted:
        return Apply("zeros", (Apply("shape", tuple(size_tree(one, sizes) for one in wanted)),))
    if core is not None and not axes and wanted:  # a sum of single numbers, for every entry
        term, core = term._replace(above=(*term.above, core)), None
    if core is None and wanted:
        core, axes = ones_of([size_tree(one, sizes) for one in wanted]), wanted
    if core is not None:
        core = _exactly(core, axes, wanted, sizes)
    return term._replace(core=core).tree()


def _exactly(core: Tree, axes: str, wanted: str, sizes: Mapping[str, Size]) -> Tree:
    if axes == wanted:
        return core
    missing = [one for one in wanted if one != ONE and one not in axes]
    if not missing:
        kept, kept_axes = with_kept_axes(core, axes)
        if kept_axes == wanted:
            return kept
        if len(axes) == 2 and axes[::-1] == wanted:
            return flipped(core)
        bare, letters = squeezed(core, axes)
        order = wanted.replace(ONE, "")
        turned = ordered(bare, letters, order)
        return turned if order == wanted else indexed_anew(turned, wanted)
    held = [one for one in wanted if one != ONE and one in axes]
    if ONE not in wanted and len(held) == len(missing) == 1:
        vector, ones = squeezed(core, axes)[0], ones_of([size_tree(missing[0], sizes)])
        return Apply("outer", (vector, ones) if wanted[0] in held else (ones, vector))
    if ONE not in wanted:  # every axis by its letter, what is missing from ones
        subscripts = ",".join([axes.replace(ONE, ""), *missing])
        stretched = [ones_of([size_tree(one, sizes)]) for one in missing]
        return Apply(f"einsum:{subscripts}->{wanted}", (squeezed(core, axes)[0], *stretched))
    return Apply("hadamard", (_placed(core, axes, wanted), ones_of([size_tree(one, sizes) for one in wanted])))


def size_tree(letter: str, sizes: Mapping[str, Size]) -> Tree:
    """The size of a letter's axis as a formula."""
    return Number(Fraction(1)) if letter == ONE else size_of.tree(sizes[letter])


def ordered(bare: Tree, letters: str, order: str) -> Tree:
    """An array with its axes in another order."""
    if letters == order:
        return bare
    if len(letters) == 2:
        return flipped(bare)
    if letters[:-2] == order[:-2]:
        return (
            bare.arguments[0] if isinstance(bare, Apply) and bare.operator == "swapped" else Apply("swapped", (bare,))
        )
    axes = Apply("axes", tuple(Number(Fraction(letters.index(one))) for one in order))
    return Apply("transpose", (bare, axes))


def squeezed(tree: Tree, axes: str) -> tuple[Tree, str]:
    """An array without its axes of one entry."""
    if ONE not in axes:
        return tree, axes
    bare = _without_ones(tree, axes)
    if bare is not None:
        return bare, axes.replace(ONE, "")
    parts = [Number(Fraction(0)) if one == ONE else WHOLE_AXIS for one in axes]
    return _indexed(tree, parts), axes.replace(ONE, "")


def _without_ones(tree: Tree, axes: str) -> Tree | None:
    """A reduction without its `keepdims`, an index without its new axes: what makes axes of one entry, undone."""
    match tree:
        case Apply(operator, arguments) if operator in REDUCTIONS and is_of(arguments[-1], "keepdims"):
            return Apply(operator, arguments[:-1])
        case Apply("index", (array, *parts)):
            if sum(not isinstance(part, Number) for part in parts) > len(axes):  # arrays as indices share one
                return None
            own = iter(axes)
            narrow = [part if isinstance(part, Number) else _narrowed(part, next(own)) for part in parts]
            if any(one is None for one in narrow) or ONE in own:
                return None
            return _indexed(array, [one for one in narrow if one is not None and one != NEW_AXIS])
    found = _of_one_array(tree)
    bare = _without_ones(found[1], axes) if found is not None else None
    return found[0](bare) if found is not None and bare is not None else None


def _narrowed(part: Tree, axis: str) -> Tree | None:
    """A part of an index without the axis of one entry that it makes; None if it can't be told."""
    match part:
        case Apply("newaxis"):
            return part
        case Apply("slice", (Number(start), Number(stop), _)) if axis == ONE and stop - start == 1:
            return Number(start)
        case Apply("slice") if axis != ONE:
            return part
    return None


def _indexed(array: Tree, parts: Sequence[Tree]) -> Tree:
    kept = list(parts)
    while kept and kept[-1] == WHOLE_AXIS:
        kept.pop()
    return Apply("index", (array, *kept)) if kept else array


def _of_one_array(tree: Tree) -> tuple[Callable[[Tree], Tree], Tree] | None:
    """A scalar formula of one array, sqrt(x), 1/x, x^2, as what is done to it and the array."""
    if not isinstance(tree, Apply) or tree.operator not in SCALAR_OPERATORS:
        return None
    arrays = [n for n, one in enumerate(tree.arguments) if not isinstance(one, Number)]
    if len(arrays) != 1:
        return None
    (place,) = arrays
    return lambda new: Apply(
        tree.operator, (*tree.arguments[:place], new, *tree.arguments[place + 1 :])
    ), tree.arguments[place]


def with_kept_axes(tree: Tree, axes: str) -> tuple[Tree, str]:
    """A reduction, or a scalar formula of one, with `keepdims`, if it is one along some axes; else as it is."""
    match tree:
        case Apply(operator, (inner, Apply("axis", along))) if operator in REDUCTIONS:
            places = [int(one.value) for one in along if isinstance(one, Number)]
            if max(places) >= len(axes) + len(places):  # axes of one entry were left out before
                return tree, axes
            kept, rest = "", iter(axes)
            for place in range(len(axes) + len(places)):
                kept += ONE if place in places else next(rest)
            return Apply(operator, (inner, Apply("axis", along), KEEP)), kept
    if (found := _of_one_array(tree)) is not None:
        inner, kept = with_kept_axes(found[1], axes)
        return (found[0](inner), kept) if inner is not found[1] else (tree, axes)
    return tree, axes


def ones_of(sizes: Sequence[Tree]) -> Tree:
    """An array of ones."""
    return Apply("ones", (Apply("shape", tuple(sizes)),))


def eye_of(size: Size) -> Tree:
    """The identity matrix."""
    return Apply("eye", (Apply("n", (size_of.tree(size),)),))


NONE = Apply("none", ())
WHOLE_AXIS = Apply("slice", (NONE, NONE, NONE))
NEW_AXIS = Apply("newaxis", ())
KEEP = Apply("keepdims", (Number(Fraction(1)),))


def indexed_anew(tree: Tree, wanted: str) -> Tree:
    """A tree without axes of one entry, with such axes where `wanted` has them."""
    return _indexed(tree, [NEW_AXIS if one == ONE else WHOLE_AXIS for one in wanted])


# --- sums


def sum_of(terms: Sequence[Term], out: str) -> Term:
    """The terms added up, with the factors that all of them share in front."""
    terms = [term for term in terms if term.number]
    if not terms:
        return Term(None, number=Fraction(0))
    above = _shared([term.above for term in terms])
    below = _shared([term.below for term in terms])
    size = abs(terms[0].number)
    number = size if size and all(abs(term.number) == size for term in terms) else Fraction(1)
    number = -number if all(term.number < 0 for term in terms) else number
    rest = [
        term._replace(number=term.number / number, above=_without(term.above, above), below=_without(term.below, below))
        for term in terms
    ]
    layout = common_layout(rest, out)
    rest = _like_terms(rest, layout)
    if len(rest) == 1:
        (only,) = rest
        return only._replace(number=only.number * number, above=above + only.above, below=below + only.below)
    trees = [one for term in rest for one in _summands(placed(term, layout))]
    first = next((place for place, tree in enumerate(trees) if not starts_with_minus(tree)), 0)
    trees = [trees[first], *trees[:first], *trees[first + 1 :]]
    core = add(trees[0], *trees[1:])
    return Term(core, layout, number, above, below)


def _summands(tree: Tree) -> Sequence[Tree]:
    return tree.arguments if isinstance(tree, Apply) and tree.operator == "add" else (tree,)


def _like_terms(terms: Sequence[Term], layout: str) -> list[Term]:
    """Each term once, with the sum of its numbers."""
    found: dict[Term, Fraction] = {}
    for term in map(cancelled, terms):
        core = None if term.core is None else placed(Term(term.core, term.axes), layout)
        alike = term._replace(core=core, axes=layout if core is not None else "", number=Fraction(1))
        found[alike] = found.get(alike, Fraction(0)) + term.number
    kept = [alike._replace(number=number) for alike, number in found.items() if number]
    return kept or [Term(None, number=Fraction(0))]


def _shared(lists: Sequence[tuple[Tree, ...]]) -> tuple[Tree, ...]:
    found = []
    others = [list(one) for one in lists[1:]]
    for tree in lists[0]:
        if all(tree in one for one in others):
            found.append(tree)
            for one in others:
                one.remove(tree)
    return tuple(found)


def _without(trees: tuple[Tree, ...], gone: tuple[Tree, ...]) -> tuple[Tree, ...]:
    left = list(trees)
    for tree in gone:
        left.remove(tree)
    return tuple(left)
