r"""The simple LaTeX that people paste: `\frac{1}{2}x^{2}`, `\left( \right)`, `\sin`, `\sigma`, `\cdot`, `\sqrt{x}`."""

from __future__ import annotations

import re

from netcalc.expression.functions import function_named

SPACES = frozenset(
    (
        ", ; : ! > quad qquad left right middle displaystyle textstyle limits nolimits big Big bigg Bigg bigl bigr "
        "Bigl Bigr biggl biggr Biggl Biggr"
    ).split()
) | {" "}
SIGNS = {
    **dict.fromkeys(("cdot", "times", "ast", "odot"), "*"),
    "div": "/",
    **dict.fromkeys(("le", "leq", "leqslant"), "<="),
    **dict.fromkeys(("ge", "geq", "geqslant"), ">="),
    **dict.fromkeys(("ne", "neq"), "!="),
    "lt": "<",
    "gt": ">",
    **dict.fromkeys(("land", "wedge"), "and"),
    **dict.fromkeys(("lor", "vee"), "or"),
    **dict.fromkeys(("lnot", "neg"), "not"),
    **dict.fromkeys(("lvert", "rvert", "vert", "mid"), "|"),
    **dict.fromkeys(("{", "lbrace"), "{"),
    **dict.fromkeys(("}", "rbrace"), "}"),
    "lbrack": "[",
    "rbrack": "]",
    "sqrt": "\\sqrt",
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), "\\frac"),
    "pi": "pi",
}
GREEK = {
    name: name
    for name in (
        "alpha beta gamma delta epsilon zeta eta theta mu xi rho sigma tau phi psi omega kappa nu chi iota upsilon "
        "Gamma Delta Theta Phi Psi Omega"
    ).split()
} | {"lambda": "lam", "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho"}
# Commands whose braces hold a name: \\operatorname{ReLU}, \\mathrm{e}.
OF_NAMES = frozenset("operatorname mathrm mathit mathbf mathsf mathtt boldsymbol bm text textrm textit rm".split())
_NAME = re.compile(r"\s*\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}")
_BELOW = re.compile(r"\s*_\s*(?:\{\s*([A-Za-z0-9]{1,40})\s*\}|([A-Za-z0-9]))")
_DIGITS = re.compile(r"\s*([0-9])([0-9])")


def command(text: str, start: int, end: int) -> tuple[list[tuple[str, str, int, int]], int] | None:
    r"""The (kind, text, start, end) of each token that the command text[start:end] makes, and the place after it.

    None for a command that is not read. `\frac12` has its digits with it, a name what stands below it.
    """
    word = text[start + 1 : end].rstrip("*")
    if word in SPACES:
        return [], end
    if word in SIGNS:
        sign = SIGNS[word]
        found = [(sign, sign, start, end)]
        digits = _DIGITS.match(text, end) if sign == "\\frac" else None
        if digits:
            found += [("number", digits[n], digits.start(n), digits.end(n)) for n in (1, 2)]
        return found, digits.end() if digits else end
    name = GREEK.get(word) or (word if function_named(word) else "")
    if word in OF_NAMES and (braces := _NAME.match(text, end)):
        name, end = braces[1], braces.end()
    if not name:
        return None
    if below := _BELOW.match(text, end):
        name, end = f"{name}_{below[1] or below[2]}", below.end()
    return [("name", name, start, end)], end
