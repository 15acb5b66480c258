"""Problems drawn from bytes: expressions by their grammar, numbers that are hard, command lines."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Protocol

from netcalc.expression import FUNCTIONS

VARIABLES = ("x", "y", "w1", "W[0,1]", "theta")
NUMBERS = (
    *("0", "1", "2", "-1", "1/2", "1/3", "-2/7", "0.1", "3", "10", "100", "-40", "1000", "-1000", "1e-20", "-1e-8"),
    *(
        "1e300",
        "-1e300",
        "1e-300",
        "1e399",
        "1e-400",
        "0.5",
        "-0.25",
        "pi",
        "e",
        "sqrt(2)",
        "-pi/2",
        "1e16",
        "745",
        "-745",
    ),
    *("37", "1/1024", "7e5", "1.0000000001", "0.99999999999999999999"),
)
EXPONENTS = ("2", "3", "-1", "-2", "1/2", "1/3", "0.5", "-3/2", "0", "1", "10", "100", "1000", "pi", "-0.1")
PARAMETERS = ("0.5", "2", "-1", "1/3", "0.01", "1e-20", "0")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
DEPTH = 4


class Provider(Protocol):
    """What atheris.FuzzedDataProvider offers, as far as it is used here."""

    def ConsumeIntInRange(self, low: int, high: int) -> int: ...
    def ConsumeBool(self) -> bool: ...


class Dice:
    """The same from a random generator, where there are no bytes to be had."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def ConsumeIntInRange(self, low: int, high: int) -> int:
        return self._draw.randint(low, high)

    def ConsumeBool(self) -> bool:
        return self._draw.random() < 0.5


@dataclass(frozen=True)
class Drawn:
    """A problem as `netcalc.grad` takes it."""

    texts: list[str]
    at: dict[str, str]
    wrt: list[str] | None
    order: int
    digits: int | None
    exact: bool
    verify: bool
    formats: list[str] = field(default_factory=list)


def pick(source: Provider, choices: tuple[str, ...] | list[str]) -> str:
    """One of them."""
    return choices[source.ConsumeIntInRange(0, len(choices) - 1)]


def problem(source: Provider, formats: list[str]) -> Drawn:
    """A problem of one expression, or of two."""
    names = VARIABLES[: source.ConsumeIntInRange(1, 3)]
    texts = [expression(source, names) for _ in range(2 if source.ConsumeIntInRange(0, 9) == 0 else 1)]
    at = {name: number(source) for name in names if source.ConsumeIntInRange(0, 19)}
    return Drawn(
        texts,
        at,
        wrt=[pick(source, names)] if source.ConsumeIntInRange(0, 5) == 0 else None,
        order=(1, 1, 1, 1, 2, 2, 3)[source.ConsumeIntInRange(0, 6)],
        digits=(None, None, None, 1, 20, 60)[source.ConsumeIntInRange(0, 5)],
        exact=source.ConsumeIntInRange(0, 5) == 0,
        verify=source.ConsumeIntInRange(0, 2) == 0,
        formats=[pick(source, formats) for _ in range(2)],
    )


def number(source: Provider) -> str:
    """A number as people type it: one of the hard ones, or any small decimal."""
    if source.ConsumeIntInRange(0, 2) == 0:
        return pick(source, NUMBERS)
    return f"{source.ConsumeIntInRange(-4000, 4000) / 1000:g}"


def expression(source: Provider, names: tuple[str, ...], depth: int = DEPTH) -> str:
    """An expression by the grammar."""
    kind = source.ConsumeIntInRange(0, 11 if depth else 1)
    if kind == 0:
        return pick(source, NUMBERS[:20])
    if kind in (1, 2):
        return pick(source, names)

    def below() -> str:
        return expression(source, names, depth - 1)

    if kind in (3, 4):
        return f"({below()}) {pick(source, ('+', '-', '*', '/'))} ({below()})"
    if kind == 5:
        return f"({below()})^({pick(source, EXPONENTS) if source.ConsumeBool() else below()})"
    if kind == 6:
        return f"-({below()})"
    if kind == 7 and source.ConsumeBool():
        return f"where({condition(source, names, depth - 1)}, {below()}, {below()})"
    return call(source, names, depth)


def call(source: Provider, names: tuple[str, ...], depth: int) -> str:
    """A function of the whitelist, by any of its spellings, with as many arguments as it takes."""
    spelling = pick(source, sorted(FUNCTIONS))
    function = FUNCTIONS[spelling]

    def below() -> str:
        return expression(source, names, depth - 1)

    match function.name:
        case "where":
            return f"{spelling}({condition(source, names, depth - 1)}, {below()}, {below()})"
        case "polygamma":
            return f"{spelling}({source.ConsumeIntInRange(0, 4)}, {below()})"
        case "clip":
            return f"{spelling}({below()}, {below()}, {below()})"
        case "dot" | "dist":
            return f"{spelling}([{below()}, {below()}], [{below()}, {below()}])"
        case "leaky_relu" | "elu" | "celu" if source.ConsumeBool():
            return f"{spelling}({below()}, {pick(source, PARAMETERS)})"
    most = function.least + 1 if function.most is None else function.least
    return f"{spelling}({', '.join(below() for _ in range(source.ConsumeIntInRange(function.least, most)))})"


def condition(source: Provider, names: tuple[str, ...], depth: int) -> str:
    """A comparison, or two joined."""
    left, right = expression(source, names, max(depth - 1, 0)), expression(source, names, 0)
    one = f"({left}) {pick(source, COMPARISONS)} ({right})"
    if depth > 0 and source.ConsumeIntInRange(0, 3) == 0:
        joined = pick(source, ("and", "or"))
        return f"{one} {joined} {'not ' * source.ConsumeBool()}({condition(source, names, 0)})"
    return one


# --- text that is nearly an expression

WORDS = (
    *sorted(FUNCTIONS),
    *NUMBERS,
    *(
        "x",
        "y",
        "W[0,1]",
        "x₁",
        "θ",
        "σ",
        "π",
        "e",
        "(",
        ")",
        "[",
        "]",
        ",",
        "+",
        "-",
        "−",
        "*",
        "·",
        "/",
        "^",
        "**",
        "²",
        "⁻¹",
    ),
    *(
        "√",
        "∛",
        "½",
        "<",
        "<=",
        "==",
        "!=",
        "≤",
        " and ",
        " or ",
        " not ",
        "=",
        " ",
        "\n",
        "\t",
        "1e",
        ".",
        "..",
        "1_000",
        "0x1",
    ),
    *(
        "lambda",
        "nan",
        "inf",
        "x.y",
        "'",
        '"',
        "\\",
        "{",
        "}",
        "|",
        "&",
        "%",
        "@",
        "!",
        "?",
        ":",
        ";",
        "х",
        "\u200b",
        "\x00",
        "é",
    ),
    *("(" * 60, ")" * 60, "-" * 60, "9" * 400, "x^" * 30, "+1" * 200, "1e400", "1e-9999", "[0,1]", "_", "__class__"),
)


def mutated(text: str, draw: random.Random) -> str:
    """The text with words put in, taken out, doubled, swapped or wrapped."""
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(text))
        end = min(len(text), start + draw.randint(0, 8))
        way = draw.randint(0, 5)
        if way == 0:
            text = text[:start] + draw.choice(WORDS) + text[start:]
        elif way == 1:
            text = text[:start] + text[end:]
        elif way == 2:
            text = text[:end] + text[start:]
        elif way == 3:
            text = text[:start] + draw.choice(WORDS) + text[end:]
        elif way == 4:
            text = f"{text[:start]}{draw.choice(WORDS[: len(FUNCTIONS)])}({text[start:end] or 'x'}){text[end:]}"
        else:
            text = expression(Dice(draw.getrandbits(32)), VARIABLES, draw.randint(1, 3))
    return text
