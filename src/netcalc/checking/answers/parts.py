"""Names that steps give to parts, v1 and ∂f/∂v1, written out in the problem's own names."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from netcalc.derivation.accumulate import gradient, shown
from netcalc.derivation.forms import Forms
from netcalc.expression import Apply, Constant, Number, Symbol, Tree, substitute, symbols
from netcalc.notation import to_unicode
from netcalc.result import Result

NAME = r"[^\W\d_]\d+"
PART = rf"(?<![\w∂])(?:(?P<d>[d∂])(?P<of>[^\W\d]\w*)\s*/\s*(?P=d))?(?P<name>{NAME}|(?<=[d∂])[^\W\d]\w*)(?![0-9A-Za-z_])"


def parts_written_out(text: str, result: Result, known: Container[str]) -> str:
    """A formula with the parts that only steps name in brackets: (W x + b − t) xᵀ for v1 xᵀ."""
    if not any(found["name"] not in known for found in re.finditer(PART, text)):
        return text
    defined = _definitions(result, known)

    def written(found: re.Match[str]) -> str:
        of, name = found["of"], found["name"]
        if of is None:
            tree = None if name in known else defined.get(name)
        else:
            tree = defined.get(f"d{of}/d{name}") or _slope(defined, of, name)
        if tree is None:
            return found[0]
        whole = _in_full(tree, defined)
        return to_unicode(whole) if isinstance(whole, Number | Constant | Symbol) else f"({to_unicode(whole)})"

    return re.sub(PART, written, text)


def _definitions(result: Result, known: Container[str]) -> dict[str, Tree]:
    """What each part is, and its derivative, as their steps have them: by the names of others."""
    found: dict[str, Tree] = {}
    parts = {step.name for step in result.steps if re.fullmatch(NAME, step.name) and step.name not in known}
    for step in result.steps:
        if step.name not in parts and step.name.rpartition("/d")[2] not in parts:
            continue
        trees = [one for one in step.chain if isinstance(one, Apply | Symbol | Number | Constant)]
        for tree in trees:
            local = {one for one in symbols(tree) if "/" in one and one not in found}
            if not local:
                found.setdefault(step.name, tree)
    return found


def _slope(defined: Mapping[str, Tree], of: str, by: str) -> Tree | None:
    """∂v2/∂x of a part that is a function of numbers."""
    if of not in defined or by not in (used := symbols(defined[of])):
        return None
    try:
        forms = Forms(list(used))
        return shown(forms, gradient(forms, defined[of], [by]))[0]
    except (KeyError, ValueError):
        return None


def _in_full(tree: Tree, defined: Mapping[str, Tree]) -> Tree:
    """A formula without the names of parts."""
    while used := [name for name in symbols(tree) if name in defined]:
        tree = substitute(tree, {name: defined[name] for name in used})
    return tree
