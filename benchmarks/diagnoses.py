"""How often answers made at random are told a cause: python -m benchmarks.diagnoses [answers a row]

Each row of the table: answers with so many digits, one or all of a problem's answers replaced, each by a number that is
uniform between plus and minus twice the largest right answer of its tensor, or by the right one times a number that is
normal around 1 with deviation 1. What comes out right by chance is left out. The rest should have no cause named.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import netcalc
from netcalc.checking import Checker
from netcalc.checking.check import NO_DIAGNOSIS
from netcalc.result import Result

MATRIX = [["0.5", "-1.2", "0.8"], ["1.1", "0.3", "-0.7"], ["-0.4", "0.9", "1.6"]]
OTHER = [["1.5", "0.2", "-0.9"], ["-0.6", "0.75", "1.25"], ["0.35", "-1.4", "0.85"]]
DIGITS = (2, 3, 4, 6)


def problems() -> Iterator[tuple[str, Result]]:
    """What is asked."""
    yield "neuron", netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3)
    yield "neuron with a loss", netcalc.neuron(x=["0.6", "-1.3"], w=["1.2", "0.7"], b="0.4", target="0.3", loss="mse")
    yield "layer", netcalc.linear(W=MATRIX, v=["0.6", "-1.3", "2.1"], b=["0.2", "-0.1", "0.4"], delta=[1, -2, 3])
    layers = [
        {"W": MATRIX, "b": [0, 1, 2], "activation": "tanh"},
        {"W": OTHER, "b": [1, 0, 1], "activation": "sigmoid"},
    ]
    yield "net", netcalc.net(layers, input=["0.6", "-1.3", "2.1"], target=[0, 1, 0], loss="half-mse")
    yield "expression", netcalc.grad("x^2*sin(y)/(1 + x)", at={"x": "1.3", "y": "2"})


def drawn(truth: float, largest: float, digits: int) -> str:
    """A wrong answer."""
    number = random.uniform(-2, 2) * largest if random.random() < 0.5 else truth * random.gauss(1, 1)
    return f"{number:.{digits}g}"


def wrongly_told(checker: Checker, digits: int, count: int, *, every: bool) -> tuple[int, int]:
    """How many of so many answers made at random were told a cause, and how many weren't right by chance."""
    told = made = 0
    tensors = [tensor for tensor in checker.result.tensors if tensor.of or tensor.name in {"f", "q", "u"}]
    elements = [(one, max(abs(v.nearest) for v in tensor.values)) for tensor in tensors for one in tensor.elements()]
    while made < count:
        wrong = elements if every else [random.choice(elements)]
        brought = {one.name: f"{one.value.nearest:.{digits}g}" for one, _ in elements}
        brought |= {one.name: drawn(one.value.nearest, largest or 1, digits) for one, largest in wrong}
        checked = [one for one in checker.checked(brought.items()).checked if one.is_wrong]
        made += len(checked)
        told += sum(one.diagnosis != NO_DIAGNOSIS.said for one in checked)
    return told, made


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    random.seed(1)
    print(f"{'problem':<20}{'wrong':<7}" + "".join(f"{digits} digits".rjust(12) for digits in DIGITS))
    all_told = all_made = 0
    for name, result in problems():
        checker = Checker(result)
        for every in (False, True):
            cells = []
            for digits in DIGITS:
                told, made = wrongly_told(checker, digits, count, every=every)
                all_told, all_made = all_told + told, all_made + made
                cells.append(f"{100 * told / made:.2f} %".rjust(12))
            print(f"{name:<20}{'all' if every else 'one':<7}" + "".join(cells), flush=True)
    print(f"{all_told} of {all_made} answers made at random were told a cause: {100 * all_told / all_made:.2f} %")


if __name__ == "__main__":
    main()
