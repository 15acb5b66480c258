"""What other books and programs call the answers: `dL_dw1`, `grad_w`, `w.grad`, `dZ1`, `E` for the loss."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from netcalc.program.answers import base
from netcalc.result import Result

LOSSES = ("loss", "cost", "error", "l", "e", "j", "c")
OF = "|".join(LOSSES)
OF_THE_LOSS = (  # its gradient by a thing, which is the group
    rf"d(?:{OF})[/_]d_?(.+)",
    rf"d(?:{OF})_?(?:by|wrt)_?d?_?(.+)",
    rf"d(?:{OF})d(.+)",
)
FORMS = (
    r"d_(.+)",
    r"(?:grad|gradient|g|nabla)_(.+)",
    r"(?:g|grad|gradient|nabla)([wbxzauv]\d*(?:\[.*\])?)",
    r"grad\((.+)\)",
    r"(.+?)(?:\.grad|_grad|_gradient|grad)(\[.*\])?",
    r"d([wbxz])[_.](\d+)",
)
ELEMENT = r"(\[.*\]|\d*)"
SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "neuron": {"q": ("z", "net", "u", "s"), "f": ("y", "a", "out", "output", "yhat", "y_hat", "pred")},
    "linear": {"v": ("x",), "u": ("z", "out", "output"), "a": ("y", "h", "yhat", "y_hat")},
    "net": {},
}


def spellings(name: str, result: Result) -> Iterator[str]:
    """What a name in small letters may be here, as the answer calls it in small letters."""
    own = {tensor.name.lower() for tensor in (*result.tensors, *result.inner)}
    for one in _plain_forms(name, result):
        yield from dict.fromkeys(_by_layer(one, own, result))


def _plain_forms(name: str, result: Result) -> Iterator[str]:
    """The name as it is, and a gradient's as `d` and the thing."""
    yield name
    of_loss = any(tensor.of == "L" for tensor in (*result.tensors, *result.inner))
    if "loss" in {tensor.name for tensor in result.tensors} and name in LOSSES:
        yield "loss"
    if result.command == "grad":
        return  # whose variables have any names: `of_variable` goes by those
    for form in (*(OF_THE_LOSS if of_loss else ()), *FORMS):
        if match := re.fullmatch(form, name):
            yield "d" + "".join(part for part in match.groups() if part)


def second(name: str, derivatives: Mapping[str, tuple[str, ...]]) -> str | None:
    """`dxdy`, or an entry of it, for `d2f/dxdy`, `∂²f/∂x∂y`, `d2f/dx^2`, `d2x`, `f_xy`, `hessian`.

    `derivatives` are those of the second order, each with what it is by.
    """
    plain = name.replace("**", "^").replace("*", "").replace("d^2", "d2", 1).replace("d²", "d2", 1).replace("²", "^2")
    only = {variables[0] for variables in derivatives.values()}
    found: set[str] = set()
    for own, (first, other) in ((own, by) for own, by in derivatives.items() if len(by) == 2):
        a, b = (rf"{re.escape(variable)}(\d*|\[[\d,]+\])" for variable in (first, other))
        forms = [rf"d2\w*/\(?d{a}d{b}\)?", rf"d{a}d{b}", rf"\w_?{re.escape(first)}{re.escape(other)}"]
        if first == other:
            forms += [
                rf"d2\w*/d{a}\^?2",
                rf"d2\w*/\(d{a}\)\^?2",
                rf"d2{a}",
                *["h", "hessian", "h_?f"] * (len(only) == 1),
            ]
        for form in forms:
            if match := re.fullmatch(form, plain) or re.fullmatch(form, plain.lower()):
                places = [one.strip("[]") for one in match.groups() if one]
                if len(places) == 1 and first == other and "d" + b not in form:
                    places *= 2
                found.add(f"{own}[{','.join(places)}]" if places else own)
    return found.pop() if len(found) == 1 else None


def of_variable(name: str, names: Collection[str]) -> str | None:
    """`dx` for `grad_x`, `x.grad`, `dL/dx` and the like, of a variable among those whose `d…` are `names`.

    Of an only variable `f'` too, and `f'(3)`.
    """
    variables = [one[1:] for one in names if one.startswith("d")]
    if len(variables) == 1 and re.fullmatch(r"\w+['′’](\(.*\))?", name):
        return _gradient(variables[0], names)
    found = re.fullmatch(r"d(\w+?)[_/]d_?(.+)", name)
    if found and found[1] not in variables and found[2] in variables:
        return _gradient(found[2], names)
    of = base(name.replace("/", "_"), variables)
    return _gradient(of, names) if of in variables else None


def _gradient(of: str, names: Collection[str]) -> str:
    """`dx`, or `df/dx` where that is what the gradient is called."""
    return next((one for one in names if one.endswith(f"/d{of}")), f"d{of}")


def _by_layer(name: str, own: set[str], result: Result) -> Iterator[str]:
    """With the number of a net's only layer, without one where there are no numbers, and by synonyms."""
    yield name
    derivative = "d" if name.startswith("d") else ""
    base = name.removeprefix("d") if derivative else name
    if result.command == "net" and "w2" not in {one.removeprefix("d") for one in own}:
        numbered = re.sub(r"^(d?[wbza])(?=$|\[)", r"\g<1>1", name)
        if numbered.partition("[")[0] in own:
            yield numbered
    if result.command == "linear":
        yield re.sub(r"^(d?[wb])1(?=$|\[)", r"\1", name)
    for known, others in SYNONYMS.get(result.command, {}).items():
        for other in others:
            if match := re.fullmatch(re.escape(other) + ELEMENT, base):
                yield f"{derivative}{known}{match[1]}"
    if result.command == "net":
        last = max((one for one in own if re.fullmatch(r"a\d+", one)), key=lambda one: int(one[1:]), default="")
        if last and (match := re.fullmatch(r"(?:yhat|y_hat|y|out|output|pred)" + ELEMENT, base)):
            yield f"{derivative}{last}{match[1]}"
