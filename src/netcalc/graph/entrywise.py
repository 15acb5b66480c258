"""Products entry by entry, outer products and diagonal matrices in a product whose axes bear letters: a rule each.

A rule puts factors together and says whether it did.
"""

from __future__ import annotations

from collections.abc import Sequence

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.chains import chain, transposed
from netcalc.graph.contractions import diagonal
from netcalc.graph.layouts import common_layout, fits, placed, squeezed, with_kept_axes
from netcalc.graph.product import LETTERS
from netcalc.graph.remaining import Rest, as_column, has_no_twice, is_identity, is_reciprocal
from netcalc.graph.terms import ONE, Term, hadamard, scalar


def same_axes(rest: Rest) -> bool:
    """Factors with the same axes: a ∘ b."""
    for term in rest.terms:
        group = [one for one in rest.terms if set(one.letters) == set(term.letters) and not is_identity(one)]
        if len(group) > 1 and not is_identity(term) and all(has_no_twice(one) for one in group):
            rest.swap(group, _by_entry(group, rest.out))
            return True
    return False


def _by_entry(group: Sequence[Term], out: str) -> Term:
    letters = "".join(sorted({one for term in group for one in term.letters}))
    layout = common_layout(group, "".join(one for one in out if one in letters) or letters)
    for one in group:  # what is summed over has the order in which it stands
        if not set(letters) <= set(layout):
            layout = one.letters
    cores = [placed(one, layout) for one in group]
    triangles = [one for one in cores if _triangle(one) is not None]
    if triangles and len(layout) == 2:
        cores.remove(triangles[0])
        name, offset = _triangle(triangles[0])  # type: ignore[misc]
        return Term(Apply(name, (hadamard(cores), *offset)), layout)
    found = hadamard(cores)
    return scalar(found) if isinstance(found, Number) else Term(found, layout)


def _triangle(tree: Tree) -> tuple[str, tuple[Tree, ...]] | None:
    """Whether it is triangular ones, as `tril(ones(3, 3), 1)`: the name, and where the diagonal is."""
    match tree:
        case Apply("tril" | "triu" as name, (Apply("ones", _), *offset)):
            return name, tuple(offset)
        case _:
            return None


def identities(rest: Rest) -> bool:
    """An identity matrix beside a vector along one of its axes is a diagonal matrix."""
    for term in rest.terms:
        if is_identity(term) and len(set(term.letters)) == 2:
            i, j = term.axes[0], term.axes[1]
            group = [one for one in rest.terms if one is not term and one.letters and set(one.letters) <= {i, j}]
            if group:
                rest.swap([term, *group], _diagonal_matrix(group, i, j, term.core))  # type: ignore[arg-type]
                return True
    return False


def _diagonal_matrix(group: Sequence[Term], i: str, j: str, identity: Tree) -> Term:
    if len(group) == 1 and len(group[0].letters) == 2:  # A ∘ I, the matrix with all else 0
        return Term(hadamard([group[0].core, identity]), group[0].axes)  # type: ignore[list-item]
    vectors = [
        one.renamed({j: i}) if len(one.letters) == 1 else Term(diagonal(squeezed(one.core, one.axes)[0]), i)  # type: ignore[arg-type]
        for one in group
    ]
    layout = common_layout(vectors, i)
    core, _ = squeezed(hadamard([placed(one, layout) for one in vectors]), layout)
    return Term(Apply("diag", (core,)), i + j)


def scaled_rows(rest: Rest) -> bool:
    """A vector along an axis of a matrix: by broadcasting, or as a diagonal matrix; one along each axis: a bᵀ ∘ A."""
    for term in rest.terms:
        if len(set(term.letters)) != 2 or not has_no_twice(term) or is_identity(term):
            continue
        i, j = term.letters[0], term.letters[1]
        rows, columns = ([one for one in rest.terms if one.letters == letter] for letter in (i, j))
        if rows and columns and not all(_is_broadcast(rest, one, term.letters) for one in (rows[0], columns[0])):
            rest.swap([rows[0], columns[0]], _outer(rows[0], columns[0]))
            return True
        if rows or columns:
            vector, letter = (columns or rows)[0], j if columns else i
            rest.swap([term, vector], _scaled(rest, term, vector, letter))
            return True
    return False


def _scaled(rest: Rest, term: Term, vector: Term, letter: str) -> Term:
    core, axes = squeezed(term.core, term.axes)  # type: ignore[arg-type]
    along, _ = squeezed(vector.core, vector.axes)  # type: ignore[arg-type]
    is_broadcast = _is_broadcast(rest, vector, axes)
    reciprocal = is_reciprocal(along) or is_reciprocal(core)
    is_column = not rest.columns and ONE in vector.axes and is_broadcast
    if reciprocal or rest.keeps or is_column or (is_broadcast and not rest.diagonal and not rest.is_summed(letter)):
        layout = common_layout([term, vector], rest.out if set(term.letters) <= set(rest.out) else axes)
        return Term(hadamard([placed(term, layout), placed(vector, layout)]), layout)
    diagonal = Apply("diag", (along,))
    return Term(chain(diagonal, core) if axes[0] == letter else chain(core, diagonal), axes)


def _is_broadcast(rest: Rest, vector: Term, axes: str) -> bool:
    """Whether a vector stretches along a matrix as it is, or as it is with `keepdims`."""
    along, own = squeezed(vector.core, vector.axes)  # type: ignore[arg-type]
    kept = with_kept_axes(along, own)[1]
    return any(fits(one, layout) for one in (vector.axes, kept) for layout in (rest.out, axes))


def _outer(a: Term, b: Term) -> Term:
    (x, own), (y, its) = as_column(a), as_column(b)
    if ONE in own and ONE in its:
        return Term(chain(x, transposed(y)), a.letters + b.letters)
    x, y = (squeezed(one.core, one.axes)[0] for one in (a, b))  # type: ignore[arg-type]
    return Term(Apply("outer", (x, y)), a.letters + b.letters)


def outer_products(rest: Rest) -> bool:
    """Two vectors along two axes of the result: a bᵀ."""
    vectors = [term for term in rest.terms if len(term.letters) == 1]
    if len(rest.terms) == 2 == len(vectors) and not any(is_reciprocal(one.core) for one in vectors):
        a, b = sorted(vectors, key=lambda term: rest.out.find(term.letters))
        rest.swap([a, b], _outer(a, b))
        return True
    return False


def broadcasts(rest: Rest) -> bool:
    """Factors whose axes are all axes of one of them, by NumPy's broadcasting."""
    full = max(rest.terms, key=lambda term: len(set(term.letters)))
    inside = all(set(term.letters) <= set(full.letters) and has_no_twice(term) for term in rest.terms)
    if not inside or any(map(rest.is_summed, full.letters)):
        return False
    layout = common_layout([full], rest.out)
    core = hadamard([placed(one, layout) for one in rest.terms])
    rest.swap(list(rest.terms), Term(core, layout))
    return True


def index_form(rest: Rest) -> None:
    """einsum of what is left."""
    parts = [squeezed(one.core, one.axes) for one in rest.terms]  # type: ignore[arg-type]
    held = {one for _, axes in parts for one in axes}
    out = "".join(one for one in rest.out if one in held)
    names = dict(zip(dict.fromkeys(out + "".join(axes for _, axes in parts)), LETTERS, strict=False))
    subscripts = ",".join("".join(names[one] for one in axes) for _, axes in parts)
    operator = f"einsum:{subscripts}->{''.join(names[one] for one in out)}"
    core = Apply(operator, tuple(core for core, _ in parts))
    rest.swap(list(rest.terms), Term(core, out) if out else Term(None, above=(core,)))
