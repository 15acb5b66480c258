"""Files that people write: a net's TOML, answers to a problem, the answers of a class."""

from __future__ import annotations

import json
import random
import re
import zlib
from decimal import Decimal, InvalidOperation
from functools import cache

import truth
from demands import called
from drawn import Dice, Provider, mutated, number, pick
from record import Contradiction, tally

PROBLEM = ("neuron", "--x=0.6,-1.3", "--w=1.2,0.7", "--b=-0.45")
FORMS = ("json", "table", "csv", "md", "latex", "html", "jsonl")
KEYS = (
    *("input", "target", "loss", "reduction", "layers", "W", "b", "activation", "delta", "lr", "check", "x", "w"),
    *("q", "f", "dx", "dw", "db", "dx0", "dw1", "value", "name", "student", "1.q", "1.f", "2.dx"),
)
PIECES = (
    *('"', "'", '"""', "[", "]", "[[", "]]", "{", "}", "=", ".", ",", ";", ":", "\n", "\t", "#", "\\", "\\u0000"),
    *(
        "nan",
        "inf",
        "-inf",
        "1e400",
        "0x10",
        "1_0",
        "true",
        "null",
        "2020-01-01",
        "[[layers]]\n",
        '"relu"',
        '"W.csv"',
        "-0",
    ),
    *(
        "\ufeff",
        "\x00",
        "\x1b[31m",
        "\r\n",
        "é",
        "½",
        "1/3",
        "0,5",
        "a" * 300,
        "[" * 200,
        "1," * 300,
        "a." * 100 + "a = 1\n",
    ),
)


def toml(source: Provider, data: bytes) -> None:
    """Bytes as a net's file."""
    _written("net.toml", data)
    words = ["net", "net.toml", "-f", pick(source, FORMS)]
    called(words + pick(source, [[], ["--steps"], ["--verify"], ["--check", "dW1=1"], ["--lr", "0.1"]]), data)  # type: ignore[arg-type]


def answers(source: Provider, data: bytes) -> None:
    """Bytes as answers; or numbers near the right ones, whose verdicts are held to what they differ by."""
    ending = pick(source, ("csv", "json", "tsv", "npz", "npy", "txt"))
    if data[:1] >= b"\x80" or not data:
        asked = {name: _near(true, Dice(zlib.crc32(data + name.encode()))) for name, true in _right().items()}
        rows = "".join(f"{name},{value}\n" for name, value in asked.items())
        _written("answers.csv", ("name,value\n" + rows).encode())
        _judged(asked)
        return
    _written(f"answers.{ending}", data)
    called([*PROBLEM, "--check", f"answers.{ending}", "-f", pick(source, FORMS)], data)


def grade(source: Provider, data: bytes) -> None:
    """Bytes as the answers of a class, and now and then as the quiz."""
    quiz = data if source.ConsumeIntInRange(0, 7) == 0 else QUIZ.encode()
    _written("quiz.json", quiz)
    ending = pick(source, ("csv", "tsv", "json", "jsonl", "txt"))
    _written(f"class.{ending}", data)
    words = ["grade", "quiz.json", f"class.{ending}", "-f", pick(source, FORMS)]
    called(words + pick(source, [[], ["--follow-through"], ["--decimal", ","], ["--sig", "3"]]), data)  # type: ignore[arg-type]


def changed(data: bytes, draw: random.Random) -> bytes:
    """Text of such a file with keys, signs, numbers and pieces of expressions put in, taken out or doubled."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(draw.choice((1, 1, 2, 4))):
        start = draw.randint(0, len(text))
        end = min(len(text), start + draw.randint(0, 12))
        lines = text.splitlines(keepends=True) or [""]
        match draw.randint(0, 5):
            case 0:
                text = text[:start] + draw.choice(PIECES + KEYS) + text[start:]
            case 1:
                text = text[:start] + text[end:]
            case 2:
                text = text[:start] + draw.choice(PIECES + KEYS) + text[end:]
            case 3:
                lines.insert(draw.randint(0, len(lines)), draw.choice(lines))
                text = "".join(lines)
            case 4:
                found = list(re.finditer(r"[-+]?\d+(\.\d+)?", text))
                if found:
                    one = draw.choice(found)
                    text = text[: one.start()] + number(Dice(draw.getrandbits(32))) + text[one.end() :]
            case _:
                text = text[:start] + mutated(text[start:end], draw) + text[end:]
    return text.encode("utf-8", "surrogateescape")


# --- verdicts on numbers


def _judged(asked: dict[str, str]) -> None:
    status, out = called([*PROBLEM, "--check", "answers.csv", "-f", "json"], b"answers")
    if status == 2:
        return
    for one in json.loads(out)["check"]:
        name = one["name"]
        if name not in asked:
            raise Contradiction(f"{name} was not asked")
        decimal = Decimal(asked[name])
        unit = truth.mp.mpf(10) ** decimal.as_tuple().exponent  # type: ignore[operator]
        off = abs(truth.mp.mpf(asked[name]) - _right()[name]) / unit
        tally[one["verdict"]] += 1
        if off > truth.mp.mpf("0.501") and one["verdict"] == "right":
            raise Contradiction(f"{name}={asked[name]} is called right; the truth is {_right()[name]}")
        if off < truth.mp.mpf("0.499") and one["verdict"] == "wrong" and _significant(decimal) > 1:
            raise Contradiction(f"{name}={asked[name]} is called wrong; the truth is {_right()[name]}")


def _significant(decimal: Decimal) -> int:
    return len(decimal.as_tuple().digits)


def _near(true: truth.Real, draw: Dice) -> str:
    """The right answer to some digits, now and then with the last one moved or the sign turned."""
    digits = draw.ConsumeIntInRange(2, 12)
    text = truth.mp.nstr(true, digits, strip_zeros=False)
    try:
        decimal = Decimal(text)
    except InvalidOperation:
        return "0.5"
    moved = draw.ConsumeIntInRange(-3, 3) if draw.ConsumeBool() else 0
    unit = Decimal(1).scaleb(decimal.as_tuple().exponent)  # type: ignore[arg-type]
    return format(-decimal if draw.ConsumeIntInRange(0, 9) == 0 else decimal + moved * unit, "f")


@cache
def _right() -> dict[str, truth.Real]:
    """A sigmoid neuron's answers, by mpmath."""
    mpf = truth.mp.mpf
    x, w, b = [mpf("0.6"), mpf("-1.3")], [mpf("1.2"), mpf("0.7")], mpf("-0.45")
    q = sum(one * other for one, other in zip(x, w, strict=True)) + b
    f = 1 / (1 + truth.mp.exp(-q))
    slope = f * (1 - f)
    return {
        "q": q,
        "f": f,
        "db": slope,
        **{f"dx{i}": slope * one for i, one in enumerate(w)},
        **{f"dw{i}": slope * one for i, one in enumerate(x)},
    }


QUIZ = json.dumps(
    {
        "netcalc": "0.1.0",
        "command": "quiz",
        "exercises": [
            {
                "number": 1,
                "text": "A neuron.",
                "problem": {"neuron": {"x": [1, -2], "w": [3, "1/2"], "b": 1, "activation": "relu"}},
                "asked": ["q", "f", "dx0", "dx1", "dw0", "dw1", "db"],
            },
            {
                "number": 2,
                "text": "An expression.",
                "problem": {"grad": {"expressions": ["x^2*y"], "at": {"x": 2, "y": -1}}},
                "asked": ["f", "dx", "dy"],
            },
        ],
    }
)


def _written(name: str, data: bytes) -> None:
    with open(name, "wb") as file:  # noqa: PTH123 - in the folder of this run
        file.write(data)
