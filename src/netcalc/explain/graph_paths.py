"""Every path from one entry of a program's tensor to what it returns, the derivatives along it, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from netcalc.explain.explanation import distinct, literal
from netcalc.explain.operands import operand
from netcalc.expression import Symbol, Tree
from netcalc.expression.tree import add, multiply
from netcalc.result import Step, Value


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
        chain = distinct(multiply(*names), multiply(*numbers), literal(product))
        yield Step(f"path_{number}", chain, f"{heading}{number}: {' → '.join(way)}", drawn=True)
        heading = ""
    sums = (add(*map(literal, products)),) if count > 1 else ()
    said = "Their sum" if sums else "The only path"
    yield Step(f"d{of}/d{start}", (*sums, literal(total)), said, f"d{start}", drawn=True)
