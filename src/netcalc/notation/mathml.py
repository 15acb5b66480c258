"""A formula as MathML, which browsers set by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from netcalc.expression.tokens import GREEK
from netcalc.expression.tree import COMPARISONS, Level, Number, Tree, fold
from netcalc.notation import is_spelled_out
from netcalc.notation.printer import AGAIN, DERIVATIVE, GREEK_NAMES, HIGHER_DERIVATIVE, NAME_PARTS, RAISED_NAMES, Ascii
from netcalc.notation.tensors import WORDS, MatrixNotation, Piece

APPLY = "<mo>&#x2061;</mo>"  # function application, unseen
TIMES = "<mo>&#x2062;</mo>"  # a product without a sign
FIRST_IS_DIGIT = re.compile(r"(<(mrow|msup)>)*<mn>")  # what begins with a number: 3 to the x, not x to the 3
OF_LAYER = re.compile(r"([A-Za-z]+)(\d+)")
UPDATED = re.compile(r"([A-Za-z]+)(\d+)_new(?:\[(.*)\])?")  # a weight after a step down the gradient
LETTERS = {name: letter for letter, name in GREEK.items()} | {"lam": "λ"}


def to_mathml(tree: Tree) -> str:
    """The inside of a `math` element: `<msup><mi>x</mi><mn>2</mn></msup>` for x²."""
    style = Mathml()
    return fold(tree, style.leaf, style.node).text


def name_to_mathml(name: str) -> str:
    """A name, `W1` being of layer 1: W with (1) above, b1[0] with a 0 below too, dL/dW1 a fraction."""
    return Mathml().whole(name).text


def operator(text: str) -> str:
    """A sign."""
    return f"<mo>{escape(text)}</mo>"


def row(*parts: str) -> str:
    """Parts side by side, as one."""
    return f"<mrow>{''.join(parts)}</mrow>"


def identifier(text: str) -> str:
    """A name by itself."""
    return f"<mi>{escape(text)}</mi>"


class Mathml(MatrixNotation, Ascii):
    """As a browser sets it."""

    minus = '<mo form="prefix">−</mo>'
    words: Mapping[str, str] = {**WORDS, "newaxis": "<mtext>newaxis</mtext>"}
    comparisons = {  # noqa: RUF012  # as in Ascii, a style's constants
        name: operator({"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(sign, sign))
        for name, sign in COMPARISONS.items()
    }
    joints: Mapping[str, tuple[str, Level]] = {"and": (operator("∧"), Level.AND), "or": (operator("∨"), Level.OR)}
    negation = operator("¬")
    names: Mapping[str, str] = {
        "sigmoid": "σ",
        "phi": "φ",
        "gamma": "Γ",
        "digamma": "ψ",
        "log": "ln",
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "asinh": "arsinh",
        "acosh": "arcosh",
        "atanh": "artanh",
        "sign": "sgn",
    }
    based: Mapping[str, int] = {"log2": 2, "log10": 10}
    matrix_sign = '<mspace width="0.2em"></mspace>'
    entry_sign = operator("∘")
    comma = operator(",")
    top = operator("⊤")
    minus_top = operator("−") + operator("⊤")
    minus_one = operator("−") + "<mn>1</mn>"

    def number(self, number: Number) -> Piece:
        piece = super().number(number)
        return piece._replace(text=_numeral(piece.text))

    def constant(self, name: str) -> Piece:
        return Piece(identifier("π" if name == "pi" else name), Level.ATOM)

    def name(self, name: str) -> Piece:
        if derivative := re.fullmatch(DERIVATIVE, name):
            return _derivative(*(self.name(part).text for part in derivative.groups()))
        if higher := re.fullmatch(HIGHER_DERIVATIVE, name):
            order, of, same, mixed = higher.groups()
            above = row(f"<msup>{operator('∂')}<mn>{order}</mn></msup>", self.name(of).text)
            if same:
                below = row(operator("∂"), f"<msup>{self.name(same).text}<mn>{order}</mn></msup>")
            else:
                below = row(*(operator("∂") + self.name(part[1:]).text for part in mixed.split()))
            return Piece(f"<mfrac>{above}{below}</mfrac>", Level.POWER)
        if updated := UPDATED.fullmatch(name):
            letter, layer, index = updated.groups()
            below = row("<mtext>new</mtext>", operator(","), _index(index)) if index else "<mtext>new</mtext>"
            return Piece(f"<msubsup>{_letter(letter)}{below}{_of_layer(layer)}</msubsup>", Level.ATOM)
        return Piece(self._bare(name), Level.ATOM)

    def whole(self, name: str) -> Piece:
        if derivative := re.fullmatch(DERIVATIVE, name):
            return _derivative(*(self.whole(part).text for part in derivative.groups()))
        if numbered := OF_LAYER.fullmatch(name):
            return Piece(f"<msup>{_letter(numbered[1])}{_of_layer(numbered[2])}</msup>", Level.ATOM)
        return self.name(name)

    def _bare(self, name: str) -> str:
        if again := re.fullmatch(AGAIN, name):
            whole = row(self._bare(again[1]), operator("@"), f"<mn>{again[2]}</mn>")
            return f"<msub>{whole}{_index(again[3])}</msub>" if again[3] else whole
        parts = re.fullmatch(NAME_PARTS, name)
        if parts is None:
            return identifier(name)
        head, rest, index = parts.groups()
        if len(head) > 1 and head not in GREEK_NAMES and not (rest == "" or rest.isdigit()):
            head, rest = name.partition("[")[0], ""
        if rest.isdigit() and index:
            return f"<msubsup>{_letter(head, rest)}{_index(index)}{_of_layer(rest)}</msubsup>"
        below = ",".join(filter(None, (rest, index)))
        return f"<msub>{_letter(head, rest)}{_index(below)}</msub>" if below else _letter(head)

    def scientific(self, mantissa: str, exponent: int) -> Piece:
        sign, size = ("−", -exponent) if exponent < 0 else ("", exponent)
        raised = row(operator(sign) if sign else "", f"<mn>{size}</mn>")
        power = f"<msup><mn>10</mn>{raised}</msup>"
        if mantissa == "1":
            return Piece(power, Level.POWER)
        return Piece(row(f"<mn>{escape(mantissa)}</mn>", operator("×"), power), Level.MULTIPLY)

    def brackets(self, text: str) -> str:
        return row(operator("("), text, operator(")"))

    def sum(self, terms: Sequence[Piece]) -> Piece:
        text = self.hold(terms[0], Level.ADD).text
        for term in terms[1:]:
            sign = operator("+" if term.positive is None else "−")
            text += sign + self.hold(term.positive or term, Level.MULTIPLY).text
        return Piece(text, Level.ADD)

    def between(self, before: Piece, after: Piece, /) -> str:
        is_number = isinstance(after.leaf, Number) or FIRST_IS_DIGIT.match(after.text) is not None
        is_sum = after.operator == "brackets" and after.arguments[0].operator in ("add", "subtract")
        coefficient = isinstance(before.leaf, Number) and not is_number and after.operator not in ("brackets", "divide")
        closed = before.level == Level.ATOM and before.text.removesuffix("</mrow>").endswith("<mo>)</mo></mrow>")
        return TIMES if coefficient or (is_sum and closed) else operator("·")

    def sum_over(self, letters: str, term: Piece) -> Piece:
        sign = f"<munder>{operator('∑')}{row(identifier(','.join(letters)))}</munder>"
        return Piece(sign + self.hold(term, Level.MULTIPLY).text, Level.MULTIPLY)

    def ratio(self, numerator: Piece, denominator: Piece) -> Piece:
        above, below = (row(_numeral(piece.text)) for piece in (numerator, denominator))
        return Piece(f"<mfrac>{above}{below}</mfrac>", Level.POWER)

    def power(self, base: Piece, exponent: Piece) -> Piece:
        raised = row(exponent.text)
        if base.operator in RAISED_NAMES and exponent.integer is not None and exponent.integer > 1:
            name = f"<msup>{self.function(base.operator)}{raised}</msup>"
            return Piece(name + APPLY + self.listed(base.arguments), Level.POWER)
        return Piece(f"<msup>{row(self.hold(base, Level.ATOM).text)}{raised}</msup>", Level.POWER)

    # --- tensors

    def raised(self, a: Piece, exponent: str) -> Piece:
        return Piece(f"<msup>{row(self.hold(a, Level.ATOM).text)}{row(exponent)}</msup>", Level.POWER)

    def norm(self, a: Piece) -> Piece:
        return Piece(row(operator("‖"), a.text, operator("‖")), Level.ATOM)

    def eye(self, size: Piece) -> Piece:
        return Piece(f"<msub>{identifier('I')}{row(size.text)}</msub>", Level.ATOM)

    def index(self, array: Piece, *parts: Piece) -> Piece:
        return Piece(row(super().index(array, *parts).text), Level.ATOM)

    def square(self, texts: Sequence[str]) -> str:
        return row(operator("["), self.comma.join(texts), operator("]"))

    def slice(self, start: Piece, stop: Piece, step: Piece) -> Piece:
        parts = [start.text, stop.text, *([step.text] if step.text else [])]
        return Piece(row(operator(":").join(parts)), Level.CASES)

    def keyword(self, name: str, value: str) -> Piece:
        shown = f"<mtext>{value}</mtext>" if value.isalpha() else value
        return Piece(row(f"<mtext>{name}</mtext>", operator("="), shown), Level.CASES)

    def quoted(self, word: str) -> str:
        return f"<mtext>'{word}'</mtext>"

    def entry(self, array: Piece, letters: str) -> Piece:
        return Piece(
            f"<msub>{row(self.hold(array, Level.ATOM).text)}{row(*map(identifier, letters))}</msub>", Level.ATOM
        )

    def summed(self, letters: str, entries: Sequence[Piece]) -> Piece:
        product = TIMES.join(piece.text for piece in entries)
        sign = f"<munder>{operator('∑')}{row(*map(identifier, letters))}</munder>" if letters else ""
        return Piece(sign + product, Level.MULTIPLY)

    def call(self, function: str, arguments: Sequence[Piece]) -> Piece:
        texts = [piece.text for piece in arguments]
        frames: Mapping[str, Callable[[], tuple[str, Level]]] = {
            "sqrt": lambda: (f"<msqrt>{row(*texts)}</msqrt>", Level.POWER),
            "cbrt": lambda: (f"<mroot>{row(*texts)}<mn>3</mn></mroot>", Level.POWER),
            "abs": lambda: (row(operator("|"), *texts, operator("|")), Level.ATOM),
            "exp": lambda: (f"<msup>{identifier('e')}{row(*texts)}</msup>", Level.POWER),
            "where": lambda: (_cases(*texts), Level.CASES),
        }
        if function in frames:
            return Piece(*frames[function]())
        bare, primes = function.rstrip("'"), len(function) - len(function.rstrip("'"))
        name = self.function(bare)
        if primes:
            name = f"<msup>{name}{operator('′' * primes)}</msup>"
        return Piece(row(name, APPLY, self.listed(arguments)), Level.ATOM)

    def function(self, name: str) -> str:
        """A function's name."""
        if name in self.based:
            return f"<msub>{identifier('log')}<mn>{self.based[name]}</mn></msub>"
        return identifier(self.names.get(name, name))

    def listed(self, arguments: Sequence[Piece]) -> str:
        """Arguments in brackets."""
        return self.brackets(operator(",").join(piece.text for piece in arguments))


def _numeral(text: str) -> str:
    """A number's digits as an element, what is one already as it is."""
    return text if text.startswith("<") else f"<mn>{escape(text)}</mn>"


def _derivative(of: str, by: str) -> Piece:
    return Piece(f"<mfrac>{row(operator('∂'), of)}{row(operator('∂'), by)}</mfrac>", Level.POWER)


def _letter(name: str, number: str = "") -> str:
    letter = name.removeprefix("d") if name[1:] in LETTERS else name
    if letter not in LETTERS or is_spelled_out(letter + number):
        return identifier(name)
    return identifier(name.removesuffix(letter) + LETTERS[letter])


def _of_layer(number: str) -> str:
    return row(operator("("), f"<mn>{number}</mn>", operator(")"))


def _index(text: str) -> str:
    return row(
        *(
            f"<mn>{one}</mn>" if one.isdigit() else operator(one) if one == "," else identifier(one)
            for one in _parts(text)
        )
    )


def _parts(text: str) -> list[str]:
    """`0,1` as 0 and the comma and 1."""
    parts: list[str] = []
    for piece in text.split(","):
        parts += [",", piece]
    return parts[1:]


def _cases(condition: str, then: str, other: str) -> str:
    cell = "<mtd>{}</mtd>".format
    rows = (
        cell(row(then)) + cell(row("<mtext>if&#xa0;</mtext>", condition)),
        cell(row(other)) + cell("<mtext>otherwise</mtext>"),
    )
    table = "".join(f"<mtr>{one}</mtr>" for one in rows)
    return row('<mo stretchy="true">{</mo>', f'<mtable class="cases">{table}</mtable>')
