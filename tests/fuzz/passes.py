"""Forward passes drawn by a grammar, backward passes with a slip in them, held to the same text run by NumPy.

Only what is made here of fixed words is run; bytes from outside are read by netcalc alone.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from demands import called
from drawn import Dice, Provider, pick
from record import Contradiction, tally, tried

import netcalc
from netcalc.errors import NetcalcError

DATA = Path(__file__).resolve().parent.parent / "data" / "backward.json"
ROUGHLY = 1e-4  # of differences in float64, which are compared where two of them agree to a hundredth of it
STEPS = (2e-5, 1e-5)
SHAPES = {"x": (2, 3), "y": (2, 3), "W": (3, 2), "A": (2, 2), "b": (3,), "c": (2, 1), "s": ()}
ELEMENTWISE = (
    *("np.tanh({p})", "np.exp(-{p}**2)", "np.sin({p})", "np.maximum({p}, 0.1)", "1 / (1 + np.exp(-{p}))", "({p})**2"),
    *("np.log(1 + {p}**2)", "np.where({p} > 0.05, {p}, 0.2*{p})", "np.abs({p})", "np.sqrt({p}**2 + 1)", "-{p}"),
    *("{p} / (1 + np.abs({p}))", "np.clip({p}, -0.4, 0.6)", "0.5*{p} - 1", "np.cos({p})*{p}", "{p}**3", "2**{p}"),
)
WHOLE = (
    *("{p}.sum(axis={a}, keepdims=True)", "{p} - {p}.mean(axis={a}, keepdims=True)", "{p}.T", "{p}.mean(axis={a})"),
    *("{p}.max(axis={a}, keepdims=True)", "np.exp({p}) / np.exp({p}).sum(axis={a}, keepdims=True)", "{p}.reshape(-1)"),
    *("{p}[0]", "{p}[:, 1:]", "{p}[::-1]", "np.concatenate([{p}, {p}], axis={a})", "np.cumsum({p}, axis={a})"),
    *(
        "np.linalg.norm({p}, axis={a})",
        "np.prod({p}, axis={a})",
        "{p}.var(axis={a})",
        "{p}[None]",
        "np.stack([{p}, {p}])",
    ),
)
PAIRS = (
    "{p} + {q}",
    "{p} * {q}",
    "{p} - {q}",
    "{p} @ {q}",
    "{p} / (2 + {q}**2)",
    "np.maximum({p}, {q})",
    "np.outer({p}, {q})",
)
SLIPS = (  # of a text, by patterns: each a slip that somebody makes
    *(
        (" * ", " / "),
        (" * ", " + "),
        (" - ", " + "),
        (" + ", " - "),
        (".T", ""),
        ("axis=0", "axis=1"),
        ("axis=1", "axis=0"),
    ),
    *(
        ("2", "1"),
        ("1", "2"),
        ("3", "4"),
        (" @ ", " * "),
        ("-", ""),
        (", keepdims=True", ""),
        (" / ", " * "),
        ("sum", "mean"),
    ),
    *(
        ("mean", "sum"),
        ("dz", "da"),
        ("dout", "dx"),
        ("W1", "W2"),
        ("W2", "W1"),
        (" > ", " >= "),
        ("+=", "="),
        ("0.5 * ", ""),
    ),
)


@dataclass(frozen=True)
class Drawn:
    """A program and numbers for its inputs."""

    text: str
    at: dict[str, np.ndarray]


def program(source: Provider, data: bytes) -> None:
    """Bytes as a forward pass, or one by the grammar whose gradients are held to differences of NumPy's own run."""
    if data[:1] != b"\x00" and data:
        at = [f"{name}={_typed(value)}" for name, value in _numbers(Dice(5), SHAPES).items() if name.encode() in data]
        _written("forward.py", data)
        named = pick(source, ("--at", "--shape"))
        words = at if named == "--at" else [f"{name}={_sizes(name)}" for name in SHAPES if name.encode() in data]
        form = pick(source, ("json", "table", "latex", "numpy", "torch", "jax", "html"))
        called(["net", "forward.py", *([named, *words] if words else []), "-f", form], data)
        return
    asked = drawn(Dice(zlib.crc32(data)))
    tried[:] = [asked.text, repr(asked.at)]
    expected = _differences(asked.text, asked.at)
    try:
        result = netcalc.gradients(asked.text, asked.at)
    except NetcalcError as error:
        tally["refused"] += 1
        tried.append(error.message)
        if expected is not None and "undefined" not in error.message:
            raise Contradiction(f"refused, and Python runs it: {error.message}") from None
        return
    tally["answered"] += 1
    if expected is None:
        return
    for name, true in expected.items():
        given = np.asarray(result.partials[name], dtype=float)
        undecided = np.isnan(given)  # a tie of numbers that aren't rational
        tally["undecided" if undecided.any() else "compared"] += 1
        if given.shape == true.shape and undecided.any() and result.notes:
            given = np.where(undecided, true, given)
        _near(name, given, true)


def drawn(source: Provider) -> Drawn:
    """A program of a few statements; what does not fit its shapes is drawn again, so that all of it runs."""
    at = _numbers(source, SHAPES)
    lines, values = ["import numpy as np"], dict(at)
    with np.errstate(all="ignore"):
        for place in range(source.ConsumeIntInRange(1, 7)):
            names = list(values)
            form = pick(source, pick(source, [ELEMENTWISE, WHOLE, PAIRS]))  # type: ignore[arg-type]
            recent = names[-1 - source.ConsumeIntInRange(0, min(2, len(names) - 1))]
            if not np.ndim(values[recent]) and "{a}" in form:
                continue  # NumPy lets a number have an axis 0
            text = form.format(p=recent, q=pick(source, names), a=source.ConsumeIntInRange(0, 1))
            try:
                found = eval(text, {"np": np, **values})  # noqa: S307 - of the words above
            except (ValueError, IndexError, np.exceptions.AxisError):
                continue
            if (
                np.size(found) > 40
                or np.size(found) == 0
                or not np.all(np.isfinite(found))
                or np.max(np.abs(found)) > 1e3
            ):
                continue
            values[f"v{place}"] = np.asarray(found, dtype=float)
            lines.append(f"v{place} = {text}")
    last = list(values)[-1]
    lines.append(f"loss = ({last} * {last}).sum()" if source.ConsumeBool() else f"loss = np.sum({last})")
    used = {name: value for name, value in at.items() if re.search(rf"\b{name}\b", "\n".join(lines))}
    return Drawn("\n".join(lines) + "\n", used)


def _numbers(source: Provider, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    return {
        name: np.array(
            [source.ConsumeIntInRange(-900, 900) / 1000 for _ in range(int(np.prod(shape)))], dtype=float
        ).reshape(shape)
        for name, shape in shapes.items()
    }


def _typed(value: np.ndarray) -> str:
    return json.dumps(value.tolist()).replace(" ", "")


def _sizes(name: str) -> str:
    return ",".join(map(str, SHAPES[name])) or "number"


def _written(name: str, data: bytes) -> None:
    with open(name, "wb") as file:  # noqa: PTH123 - in the folder of this run
        file.write(data)


# --- by NumPy


def _run(text: str, at: Mapping[str, np.ndarray]) -> dict[str, object]:
    names: dict[str, object] = dict(at)
    with np.errstate(all="ignore"):
        exec(text, names)  # noqa: S102 - of words that stand in this file or in the tests' data
    return names


def _differences(text: str, at: Mapping[str, np.ndarray], output: str = "loss") -> dict[str, np.ndarray] | None:
    """The gradient by every input that isn't whole; None where two steps disagree: there is a kink or too little precision."""
    found = {}
    for name, value in at.items():
        if np.asarray(value).dtype.kind != "f":
            continue
        rough, fine = (_difference(text, at, name, output, step) for step in STEPS)
        if not np.all(np.isfinite(fine)) or np.max(np.abs(rough - fine), initial=0) > ROUGHLY / 100 * (
            1 + np.max(np.abs(fine))
        ):
            return None
        found[name] = fine
    return found


def _difference(text: str, at: Mapping[str, np.ndarray], name: str, output: str, step: float) -> np.ndarray:
    value = np.asarray(at[name], dtype=float)
    gradient = np.zeros(value.shape)
    for place in np.ndindex(value.shape):
        sides = []
        for by in (step, -step):
            moved = value.copy()
            moved[place] += by
            sides.append(float(np.sum(_run(text, {**at, name: moved})[output])))  # type: ignore[call-overload]
        gradient[place] = (sides[0] - sides[1]) / (2 * step)
    return gradient


def _near(name: str, found: np.ndarray, true: np.ndarray) -> None:
    if found.shape != true.shape or not np.all(np.abs(found - true) <= ROUGHLY * (1 + np.max(np.abs(true), initial=0))):
        raise Contradiction(f"∂/∂{name} is {found.tolist()}; differences of NumPy's run are {true.tolist()}")


# --- backward passes


def backward(source: Provider, data: bytes) -> None:
    """Bytes as a backward pass, or a right one with slips: what is called right throughout is what differences are."""
    case = pick(source, cases())  # type: ignore[arg-type]
    draw = random.Random(data)
    ours = data[:1] < b"\x80"
    text = _slipped(case["backward"], draw) if ours else data.decode("utf-8", "surrogateescape")
    _written("forward.py", case["forward_text"].encode())
    _written("backward.py", text.encode("utf-8", "surrogateescape"))
    at = [f"{name}={_plain(value)}" for name, value in case["at"].items()]
    status, out = called(
        ["net", "forward.py", "--at", *at, "--check", "backward.py", "-f", "json"],
        text.encode("utf-8", "surrogateescape"),
    )
    if not ours or status == 2:
        return
    lines = json.loads(out)["check"]  # a name may have several
    are_right = status == 0 and all(one["verdict"] == "right" for one in lines)
    verdicts = {one["name"]: one["verdict"] for one in lines}
    true = _differences_of(case["id"])
    if true is None:
        return
    try:
        names = _run(case["forward_text"] + text, _arrays(case))
    except Exception as error:  # noqa: BLE001 - whatever Python raises: then a line of it is wrong
        if are_right:
            raise Contradiction(f"all right, and Python says {error!r}") from None
        return
    for name, verdict in verdicts.items():
        wrt = case["gradients"].get(name)
        if wrt not in true or name not in names:
            continue
        tally[verdict] += 1
        if verdict == "right" and are_right:
            _near(wrt, np.asarray(names[name], dtype=float), true[wrt])


@cache
def cases() -> list[dict[str, object]]:
    """The right backward passes of the tests' data, of NumPy and with a loss."""
    found = json.loads(DATA.read_text("utf-8"))["cases"]
    return [
        one
        for one in found
        if one["verdict"] == "right" and "torch" not in one["forward_text"] and not one.get("delta") and _loss(one)
    ]


def _loss(case: dict[str, object]) -> str | None:
    """The name of the loss, if its forward pass runs in Python as it stands."""
    try:
        names = _run(str(case["forward_text"]), _arrays(case))
    except Exception:  # noqa: BLE001 - nothing to compare with
        return None
    assigned = re.findall(r"^(\w+) =", str(case["forward_text"]), re.MULTILINE)
    return assigned[-1] if assigned and np.size(names[assigned[-1]]) == 1 else None  # type: ignore[arg-type]


@cache
def _differences_of(identifier: str) -> dict[str, np.ndarray] | None:
    case = next(one for one in cases() if one["id"] == identifier)
    return _differences(str(case["forward_text"]), _arrays(case), _loss(case) or "")


def _arrays(case: dict[str, object]) -> dict[str, np.ndarray]:
    found = {}
    for name, value in case["at"].items():  # type: ignore[attr-defined]
        text = _plain(value)
        found[name] = np.array(json.loads(text), dtype=float if "." in text else int)
    return found


def _plain(value: object) -> str:
    return "[" + ",".join(map(_plain, value)) + "]" if isinstance(value, list) else str(value)


def _slipped(text: str, draw: random.Random) -> str:
    """The text with up to three slips, or lines left out, doubled or swapped."""
    for _ in range(draw.randint(0, 3)):
        if draw.random() < 0.25:
            lines = text.splitlines(keepends=True) or ["\n"]
            places = list(_whole(lines)) or [0]
            one, other = draw.choice(places), draw.choice(places)
            way = draw.randint(0, 2)
            if way == 0:
                del lines[one]
            elif way == 1:
                lines[one], lines[other] = lines[other], lines[one]
            else:
                lines.insert(other, lines[one])
            text = "".join(lines) or text
            continue
        was, new = draw.choice(SLIPS)
        found = [match.start() for match in re.finditer(re.escape(was), text)]
        if found:
            start = draw.choice(found)
            text = text[:start] + new + text[start + len(was) :]
    return text


def _whole(lines: list[str]) -> Iterator[int]:
    """The places of lines that are not inside another statement."""
    yield from (place for place, line in enumerate(lines) if line[:1].strip())
