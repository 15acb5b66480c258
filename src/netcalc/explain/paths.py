"""Every path from one weight to the loss, with the product of the derivatives along it, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.explain.explanation import distinct, literal, operand, slope_named
from netcalc.explain.indexed import Indexed
from netcalc.expression import Symbol, Tree, substitute
from netcalc.expression.tree import add, multiply
from netcalc.problem import Problem, element
from netcalc.result import Step, Value
from netcalc.trace import Path, is_decayed, paths, route, traced, weight


def trace_steps(problem: Problem, shown: Mapping[str, np.ndarray], formulas: Indexed) -> Iterator[Step]:
    """A step a path, and their sum, which is the weight's gradient."""
    page = _Trace(problem, shown, formulas)
    found = list(paths(problem))
    products = [literal(entry) for entry in shown["paths"]]
    heading = f"{len(products)} path{'s' * (len(products) > 1)} from {page.weight} to the loss"
    for number, (path, product) in enumerate(zip(found, products, strict=False), 1):
        yield Step(f"path_{number}", (*page.chain(path), product), page.route(path, number, heading))
        heading = ""
    if is_decayed(problem):
        number = len(products)
        way = f"{number}: {page.weight} → penalty → L"
        yield Step(f"path_{number}", (*page.through_penalty(), products[-1]), way)
    total = literal(shown[f"d{page.name}"][page.index])
    sums = (add(*products),) if len(products) > 1 else ()
    said = "Their sum" if sums else "The only path"
    yield Step(f"dL/d{page.weight}", (*sums, total), said, f"d{page.weight}")


class _Trace:
    def __init__(self, problem: Problem, shown: Mapping[str, np.ndarray], formulas: Indexed) -> None:
        self.problem, self.formulas = problem, formulas
        self.name, self.index = traced(problem)
        self.first = int(self.name[1:])
        self.weight = weight(problem)
        self.found = shown

    def route(self, path: Path, number: int, heading: str) -> str:
        """The quantities on the way: `W1[0,1] → z1[0] → a1[0] → … → L`."""
        way = f"{number}: {' → '.join(route(self.problem, path))}"
        return f"{heading}\n\n{way}" if heading else way

    def chain(self, path: Path) -> Iterator[Tree]:
        """The product of derivatives, of their formulas, and of their numbers."""
        factors = list(self.factors(path))
        yield multiply(*(Symbol(derivative) for derivative, _, _ in factors))
        yield multiply(*(formula for _, formula, _ in factors))
        yield multiply(*(value for _, _, value in factors))

    def factors(self, path: Path) -> Iterator[tuple[str, Tree, Tree]]:
        """From the loss down to the weight: each derivative by name, its formula, its value."""
        last = self.first + len(path.z) - 1
        a = self.at(f"a{last}", path.sample, path.a[-1])
        above = Symbol(f"dL/d{a.name}")
        yield above.name, above, self.entry(f"da{last}", path.sample, path.a[-1])
        for number in range(last, self.first - 1, -1):
            yield self.through(path, number)
            if number > self.first:
                yield self.between(path, number)
        if self.name[0] == "W":
            v = f"a{self.first - 1}" if self.first > 1 else "x"
            z, x = self.z(path, self.first), self.at(v, path.sample, self.index[1])
            value = self.into(self.first, path.sample, self.index[1])
            yield f"d{z.name}/d{self.weight}", x, value

    def through_penalty(self) -> Iterator[Tree]:
        """λ times the weight."""
        rate = self.problem.decay
        assert rate is not None  # noqa: S101 - who calls it has seen to that
        yield Symbol(f"dpenalty/d{self.weight}")
        for entry in (Symbol(self.weight), operand(self.problem.layers[self.first - 1].W[self.index])):
            yield multiply(rate, entry)

    def z(self, path: Path, number: int) -> Symbol:
        return self.at(f"z{number}", path.sample, path.z[number - self.first])

    def a(self, path: Path, number: int) -> Symbol:
        return self.at(f"a{number}", path.sample, path.a[number - self.first])

    def at(self, name: str, sample: int, place: int) -> Symbol:
        """The name of an element."""
        places = (sample, place) if self.problem.many else (place,)
        return Symbol(element(name, places, self.problem.index_from))

    def through(self, path: Path, number: int) -> tuple[str, Tree, Tree]:
        """∂a/∂z of one layer: the slope there, or an entry of the Jacobian."""
        z, a = self.z(path, number), self.a(path, number)
        activation, name = self.problem.layers[number - 1].activation, f"d{a.name}/d{z.name}"
        before, behind = path.z[number - self.first], path.a[number - self.first]
        if isinstance(activation, BoundActivation):
            return name, substitute(slope_named(activation), {"q": z}), self.entry(f"s{number}", path.sample, before)
        value = self.found[f"J{number}"][path.sample, behind, before]
        return name, self.formulas.jacobian(number, path.sample, behind, before), operand(value)

    def between(self, path: Path, number: int) -> tuple[str, Tree, Tree]:
        """∂z/∂(the a of the layer below): a weight."""
        place = path.z[number - self.first], path.a[number - self.first - 1]
        name = f"d{self.z(path, number).name}/d{self.a(path, number - 1).name}"
        return (
            name,
            Symbol(element(f"W{number}", place, self.problem.index_from)),
            operand(self.problem.layers[number - 1].W[place]),
        )

    def entry(self, name: str, sample: int, place: int) -> Tree:
        array = self.found[name]
        return operand(array[sample, place] if self.problem.many else array[place])

    def into(self, number: int, sample: int, place: int) -> Tree:
        if number > 1:
            return self.entry(f"a{number - 1}", sample, place)
        return operand(self.problem.x[sample, place])


def path_steps(
    ways: Sequence[Sequence[str]], factors: Sequence[Sequence[Value]], products: Sequence[Value], total: Value, of: str
) -> Iterator[Step]:
    """A step a path, and their sum, which is the entry's gradient; `of` is what is differentiated.

    `ways` are what each path passes, `factors` the derivatives of each by the one before it, and behind them what
    comes from above, where that is no 1; `products` are theirs.
    """
    start, count = ways[0][0], len(ways)
    heading = f"{count} path{'s' * (count > 1)} from {start} to {of}\n\n"
    for number, (way, slopes, product) in enumerate(zip(ways, factors, products, strict=True), 1):
        names: list[Tree] = [Symbol(f"d{after}/d{before}") for before, after in reversed(list(pairwise(way)))]
        if len(slopes) > len(names):
            names.insert(0, Symbol(f"d{way[-1]}"))
        numbers = [operand(one) for one in reversed(slopes)]
        is_share = len(way) == 2 and count > 1  # its derivative, all else held, would be written as the sum is
        said = f"{heading}{number}: {' → '.join(way)}{' directly' * is_share}"
        chain = distinct(*[multiply(*names)][is_share:], multiply(*numbers), literal(product))
        yield Step(f"path_{number}", chain, said, drawn=True)
        heading = ""
    sums = (add(*map(literal, products)),) if count > 1 else ()
    said = "Their sum" if sums else "The only path"
    yield Step(f"d{of}/d{start}", (*sums, literal(total)), said, f"d{start}", drawn=True)
