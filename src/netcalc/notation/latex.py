r"""A formula in LaTeX, for mathematics mode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netcalc.expression.tokens import GREEK
from netcalc.expression.tree import COMPARISONS, Level, Number, Tree
from netcalc.notation import is_spelled_out, printed
from netcalc.notation.printer import (
    AGAIN,
    DERIVATIVE,
    GREEK_NAMES,
    HIGHER_DERIVATIVE,
    MARGIN,
    NAME_PARTS,
    RAISED_NAMES,
    Ascii,
    are_side_by_side,
    is_raised_name,
    is_sum_in_brackets,
)
from netcalc.notation.tensors import WORDS, MatrixNotation, Piece

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{one: f"\\{one}" for one in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
SIGNS = {
    "′": "'",
    "²": "^2",
    "³": "^3",
    "⁻": "^{-}",
    "¹": "^{1}",
    "ᵀ": "^T",
    "½": r"\tfrac12",
    "−": "-",
    "·": r"\cdot",
    "×": r"\times",
    "∂": r"\partial",
    "Σ": r"\sum",
    "Π": r"\prod",
    "√": r"\surd",
    "≤": r"\le",
    "≥": r"\ge",
    "…": r"\dots",
    "π": r"\pi",
    **{letter: f"\\{name}" for letter, name in GREEK.items()},
}


def to_latex(tree: Tree) -> str:
    r"""`-2 x^{2} + b`, for mathematics mode; `where` needs amsmath's `cases`."""
    return printed(tree, Latex())


class Latex(MatrixNotation, Ascii):
    """As a textbook sets it."""

    words: Mapping[str, str] = {**WORDS, "newaxis": r"\mathrm{newaxis}"}
    comparisons = COMPARISONS | {"less_equal": r"\leq", "greater_equal": r"\geq", "equal": "=", "unequal": r"\neq"}
    joints: Mapping[str, tuple[str, Level]] = {"and": (r" \land ", Level.AND), "or": (r" \lor ", Level.OR)}
    negation = r"\lnot "
    own_commands = RAISED_NAMES | {"max", "min", "det"}
    names: Mapping[str, str] = {
        "sigmoid": r"\sigma",
        "phi": r"\varphi",
        "gamma": r"\Gamma",
        "digamma": r"\psi",
        "log": r"\ln",
        "log2": r"\log_{2}",
        "log10": r"\log_{10}",
        "asin": r"\arcsin",
        "acos": r"\arccos",
        "atan": r"\arctan",
        "asinh": r"\operatorname{arsinh}",
        "acosh": r"\operatorname{arcosh}",
        "atanh": r"\operatorname{artanh}",
        "sign": r"\operatorname{sgn}",
    }
    frames: Mapping[str, tuple[str, Level]] = {
        "sqrt": (r"\sqrt{%s}", Level.POWER),
        "cbrt": (r"\sqrt[3]{%s}", Level.POWER),
        "abs": (r"\left|%s\right|", Level.ATOM),
        "floor": (r"\left\lfloor %s\right\rfloor", Level.ATOM),
        "exp": (r"e^{%s}", Level.POWER),
        "polygamma": (r"\psi^{(%s)}\left(%s\right)", Level.POWER),
    }

    entry_sign = r" \circ "
    top, minus_top, minus_one = r"\top", r"-\top", "-1"

    def constant(self, name: str) -> Piece:
        return Piece(r"\pi" if name == "pi" else name, Level.ATOM)

    def name(self, name: str) -> Piece:
        if derivative := re.fullmatch(DERIVATIVE, name):
            of, by = (_latex_name(part).text for part in derivative.groups())
            return Piece(rf"\frac{{\partial {of}}}{{\partial {by}}}", Level.POWER)
        if higher := re.fullmatch(HIGHER_DERIVATIVE, name):
            order, of, same, mixed = higher.groups()
            names = [same] if same else [part[1:] for part in mixed.split()]
            below = r" \, ".join(rf"\partial {_latex_name(part).text}" for part in names)
            below += f"^{{{order}}}" if same else ""
            return Piece(rf"\frac{{\partial^{{{order}}} {_latex_name(of).text}}}{{{below}}}", Level.POWER)
        return _latex_name(name)

    def whole(self, name: str) -> Piece:
        text = tensor_to_latex(name)
        return Piece(text, Level.POWER if "^" in text else Level.ATOM)

    def scientific(self, mantissa: str, exponent: int) -> Piece:
        power = f"10^{{{exponent}}}"
        if mantissa == "1":
            return Piece(power, Level.POWER)
        return Piece(rf"{mantissa}\times {power}", Level.MULTIPLY)

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def between(self, before: Piece, after: Piece, /) -> str:
        is_coefficient = isinstance(before.leaf, Number) and "\\" not in before.text
        is_number = isinstance(after.leaf, Number) or after.text[0].isdigit() or after.operator == "divide"
        is_quantity = is_sum_in_brackets(after) or (after.operator != "brackets" and not is_number)
        if are_side_by_side(before, after) or (is_coefficient and is_quantity):
            return " "
        return r" \cdot "

    def sum_over(self, letters: str, term: Piece) -> Piece:
        return Piece(rf"\sum_{{{','.join(letters)}}} {self.hold(term, Level.MULTIPLY).text}", Level.MULTIPLY)

    def ratio(self, numerator: Piece, denominator: Piece) -> Piece:
        return Piece(rf"\frac{{{numerator.text}}}{{{denominator.text}}}", Level.POWER)

    def power(self, base: Piece, exponent: Piece) -> Piece:
        raised = f"^{{{exponent.text}}}"
        if is_raised_name(base, exponent):
            return self.call(base.operator, base.arguments, raised)._replace(level=Level.POWER)
        return Piece(self.hold(base, Level.ATOM).text + raised, Level.POWER)

    # --- tensors

    def raised(self, a: Piece, exponent: str) -> Piece:
        return Piece(f"{self.hold(a, Level.ATOM).text}^{{{exponent}}}", Level.POWER)

    def norm(self, a: Piece) -> Piece:
        return Piece(rf"\left\|{a.text}\right\|", Level.ATOM)

    def eye(self, size: Piece) -> Piece:
        return Piece(f"I_{{{size.text}}}", Level.ATOM)

    def square(self, texts: Sequence[str]) -> str:
        return rf"\left[{self.comma.join(texts)}\right]"

    def keyword(self, name: str, value: str) -> Piece:
        return Piece(f"{_upright(name)}={_upright(value) if value.isalpha() else value}", Level.CASES)

    def quoted(self, word: str) -> str:
        return rf"\text{{`{word}'}}"

    def entry(self, array: Piece, letters: str) -> Piece:
        return Piece(f"{{{self.hold(array, Level.ATOM).text}}}_{{{letters}}}", Level.ATOM)

    def summed(self, letters: str, entries: Sequence[Piece]) -> Piece:
        product = r" \, ".join(piece.text for piece in entries)
        return Piece(rf"\sum_{{{letters}}} {product}" if letters else product, Level.MULTIPLY)

    def call(self, function: str, arguments: Sequence[Piece], raised: str = "") -> Piece:
        if function == "where":
            condition, a, b = (piece.text for piece in arguments)
            cases = rf"{a} & \text{{if }} {condition} \\ {b} & \text{{otherwise}}"
            return Piece(rf"\begin{{cases}} {cases} \end{{cases}}", Level.CASES)
        if function in self.frames:
            frame, level = self.frames[function]
            return Piece(frame % tuple(piece.text for piece in arguments), level)
        bare, prime = function.removesuffix("'"), "'" * function.endswith("'")
        escaped = bare.replace("_", r"\_")
        name = "\\" + bare if bare in self.own_commands else rf"\operatorname{{{escaped}}}"
        return super().call(self.names.get(bare, name) + prime + raised, arguments)


def tensor_to_latex(name: str) -> str:
    r"""A whole tensor by its name: `W1`, of layer 1, is W^{(1)}; `dL/dW1` the derivative by it."""
    if derivative := re.fullmatch(DERIVATIVE, name):
        of, by = (tensor_to_latex(part) for part in derivative.groups())
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"
    if numbered := _OF_LAYER.fullmatch(name):
        below = r"_{\mathrm{new}}" if numbered[3] else ""
        return f"{_latex_name(numbered[1]).text}^{{({numbered[2]})}}{below}"
    return _latex_name(name).text


_OF_LAYER = re.compile(r"([A-Za-z]+)(\d+)(_new)?")
_NUMERAL = re.compile(r"(-?[0-9.]+)(?:e([-+]?[0-9]+))?")
_NEW_ENTRY = re.compile(r"([A-Za-z])(\d+)_new\[(.*)\]")


def _latex_name(name: str) -> Piece:
    r"""`x0`: x_{0}; `alpha`: \alpha; `W[0,1]`: W_{0,1}; `W1[0,1]`, of layer 1: W^{(1)}_{0,1}; `loss`: \mathrm{loss}."""
    if MARGIN in name:
        return Piece(shown_to_latex(name), Level.ATOM)
    if new := _NEW_ENTRY.fullmatch(name):
        return Piece(f"{new[1]}^{{({new[2]})}}_{{\\mathrm{{new}},{new[3]}}}", Level.POWER)
    if again := re.fullmatch(AGAIN, name):
        return Piece(f"{_latex_name(again[1]).text}@{again[2]}" + (f"_{{{again[3]}}}" if again[3] else ""), Level.ATOM)
    parts = re.fullmatch(NAME_PARTS, name)
    if parts is None:
        return Piece(_upright(name), Level.ATOM)
    head, rest, index = parts.groups()
    if len(head) > 1 and head not in GREEK_NAMES and not (rest == "" or rest.isdigit()):
        head, rest = name.partition("[")[0], ""
    letter = head.removeprefix("d") if head[1:] in GREEK_NAMES else head
    if letter in GREEK_NAMES and not is_spelled_out(letter + rest):
        head = head.removesuffix(letter) + (r"\lambda" if letter == "lam" else "\\" + letter)
    elif len(head) > 1:
        head = _upright(head)
    if rest.isdigit() and index:
        return Piece(f"{head}^{{({rest})}}_{{{index}}}", Level.POWER)
    below = ",".join(filter(None, (rest if len(rest) < 3 or rest.isdigit() else _upright(rest), index)))
    return Piece(f"{head}_{{{below}}}" if below else head, Level.ATOM)


def shown_to_latex(shown: str) -> str:
    r"""A value's digits as mathematics: `5.1e-6` is 5.1 \cdot 10^{-6}, `0.5 ± 2e-9` has its \pm; a word is text."""
    return r" \pm ".join(map(_numeral, shown.split(MARGIN)))


def _numeral(text: str) -> str:
    numeral = _NUMERAL.fullmatch(text)
    if numeral is None:
        return rf"\text{{{text}}}"
    mantissa, exponent = numeral.groups()
    return mantissa if exponent is None else rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _upright(text: str) -> str:
    escaped = text.replace("_", r"\_")
    return rf"\mathrm{{{escaped}}}"


def text_to_latex(text: str) -> str:
    """A text for LaTeX's text mode: what belongs to mathematics stands between dollar signs."""
    escaped = "".join(f"${SIGNS[one]}$" if one in SIGNS else SPECIAL.get(one, one) for one in text)
    return escaped.replace("$$", "")
