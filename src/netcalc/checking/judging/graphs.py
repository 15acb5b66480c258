"""A problem stated as a graph made ready for checking: what is right, in balls, as formulas, and at other points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import prod

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.arrays import each, from_list
from netcalc.checking.answers.whole import Tensors
from netcalc.checking.judging.bench import BITS, Array, Bench, InFloat64, is_sound, number_at, settled
from netcalc.checking.judging.functions import Functions
from netcalc.checking.judging.pieces import Point
from netcalc.errors import NetcalcError
from netcalc.expression import Number
from netcalc.graph import build
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.trees import Trees
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.node import Node, in_order
from netcalc.graph.shaping import Keyed, Place
from netcalc.graph.sizes import Shape, Size, letter, letters_of
from netcalc.graph.windows import OVERLAP, WINDOWS, Sliding
from netcalc.models.graphed import GraphProblem
from netcalc.problem import by_element, symbol_tensor
from netcalc.records import dataclass
from netcalc.result import Result
from netcalc.solving.graph_values import is_small, nodes_in
from netcalc.solving.graphed import quantities_of

LARGE = 30
SIZES = (3, 4, 5)  # for letters
POINTS_ELSEWHERE = 3  # of each kind, at which formulas are compared that are right for the numbers given
MAX_NUMBERS = 24  # that answers are functions of
MAX_ELSEWHERE = 30_000  # operations of a graph that is run at other points
MAX_OPERATIONS = 3000  # of both passes, each entry written out


@dataclass(frozen=True)
class Graphs(Bench):
    """A graph whose inputs all have numbers."""

    problem: GraphProblem

    @cached_property
    def truth(self) -> dict[str, Array]:
        with precision(BITS):
            return settled(self._answers(Balls(self.problem.sizes)))

    def _answers(self, arithmetic: Arithmetic) -> dict[str, Array]:
        quantities = list(quantities_of(self.problem))
        found = nodes_in(arithmetic, self.problem, [one.node for one in quantities])
        return {one.name: array for one, array in zip(quantities, found, strict=True)}

    @property
    def sizes(self) -> Mapping[str, int]:
        return self.problem.sizes

    @cached_property
    def tensors(self) -> Mapping[str, Array]:
        with precision(BITS):
            given = {name: Balls().array(array) for name, array in self.problem.values.items()}
        return given | self.truth

    @property
    def given(self) -> Mapping[str, Array]:
        return self.problem.values


@dataclass(frozen=True)
class LargeGraphs(InFloat64, Graphs):
    """One so large that its answers are float64."""

    @cached_property
    def truth(self) -> dict[str, Array]:
        from netcalc.graph.arithmetic.float64 import Float64

        with np.errstate(all="ignore"):
            return self._answers(Float64(self.problem.sizes))

    def take(self, result: Result) -> None:
        """Take the answers that were computed already, which are float64 too."""
        self.__dict__["truth"] = {tensor.name: tensor.numbers() for tensor in result.tensors}


def functions(problem: GraphProblem) -> Functions | None:
    """The answers as functions of every number that is given, but for indices; None where there are too many."""
    arrays = {name: array for name, array in problem.values.items() if array.dtype.kind not in "iub"}
    symbols = {name: symbol_tensor(name, array.shape, problem.index_from) for name, array in arrays.items()}
    names = tuple(one.name for array in symbols.values() for one in array.flat)
    quantities = list(quantities_of(problem))
    takes = cost([one.node for one in quantities], Arithmetic(problem.sizes))
    if len(names) > MAX_NUMBERS or takes.multiplications + takes.operations > MAX_OPERATIONS:
        return None
    trees = Trees(problem.sizes)
    given = {problem.inputs[name]: trees.array(array) for name, array in {**problem.values, **symbols}.items()}
    try:
        found = evaluate([one.node for one in quantities], trees, given)
    except NetcalcError:
        return None
    answers = {one.name: each(lambda own: own.tree, array) for one, array in zip(quantities, found, strict=True)}

    def place(point: Point) -> Bench:
        numbers = {name: Number(number) for name, number in point.items()}
        moved = {name: each(lambda one: numbers[one.name], array) for name, array in symbols.items()}
        return Graphs(replace(problem, values={**problem.values, **moved}))

    return Functions(names, answers, by_element(answers, problem.index_from), place)


def is_right_as_formula(problem: GraphProblem, text: str, answer: str) -> bool:
    """Whether a formula of a whole tensor is that answer by algebra; False where that isn't found."""
    from netcalc.solving.vanishing import is_zero

    tensors, right = _in_letters(problem, answer)
    try:
        node = tensors.node(text, right.shape)
        return node is not None and is_zero(problem, build.subtract(node, right))
    except NetcalcError:
        return False


def shapes_in_letters(problem: GraphProblem, text: str, answer: str) -> tuple[Shape, Shape] | None:
    """The shapes of a formula and of the answer, with the letters of their sizes. Raises NetcalcError."""
    tensors, right = _in_letters(problem, answer)
    node = tensors.any_node(text, right.shape)
    return None if node is None else (node.shape, right.shape)


def _in_letters(problem: GraphProblem, answer: str) -> tuple[Tensors, Node]:
    """What a formula may use, as nodes, and the answer."""
    right = {one.name: one.node for one in quantities_of(problem)}
    letters: dict[str, Size] = {name: letter(name) for name in problem.sizes}
    return Tensors(whole_numbers(problem), (), problem.index_from, letters, {**problem.inputs, **right}), right[answer]


def whole_numbers(problem: GraphProblem) -> dict[str, Array]:
    """What was given as whole numbers, and what is an index, by name: formulas may index by these too."""
    found = {name: array for name, array in problem.values.items() if array.dtype.kind in "iub"}
    for name, _ in _indices(problem):
        array = problem.values.get(name)
        if array is not None and array.dtype == object and all(isinstance(one, Number) for one in array.flat):
            found[name] = np.array([int(one.value) for one in array.flat], dtype=np.int64).reshape(array.shape)
    return found


def slidings(problem: GraphProblem) -> set[Sliding]:
    """The windows of convolutions and pooling, at the sizes that are known."""
    nodes = in_order([one.node for one in quantities_of(problem)])
    found = {node.params for node in nodes if node.operation in (WINDOWS, OVERLAP)}
    sizes = Arithmetic(problem.sizes)
    return {one.within(sizes.shape(one.whole)) for one in found}


def in_numbers(problem: GraphProblem, attempt: int, larger: int = 0, *, signed: bool = False) -> GraphProblem:
    """The graph with numbers for the letters of its sizes, so much `larger`, and for what has no values.

    They are positive; where they are `signed` every other entry is negative.
    """
    letters = dict.fromkeys(one for node in problem.inputs.values() for one in letters_of(node.shape))
    sizes = {name: larger + SIZES[(place + attempt) % len(SIZES)] for place, name in enumerate(letters)}
    sizes |= problem.sizes
    arithmetic = Arithmetic(sizes)
    counts = dict(_index_counts(problem, arithmetic))
    drawn: dict[str, Array] = {}
    for n, name in enumerate(problem.free):
        shape = arithmetic.shape(problem.inputs[name].shape)
        places = range(7 * n, 7 * n + prod(shape))
        if name in counts:
            whole = [int(abs(number_at(place, attempt)) * 40) % counts[name] for place in places]
            drawn[name] = np.array(whole, dtype=np.int64).reshape(shape)
        else:
            signs = [(-1) ** (place + attempt) if signed and shape else 1 for place in range(len(places))]
            numbers = [Number(sign * _positive(place, attempt)) for sign, place in zip(signs, places, strict=True)]
            drawn[name] = from_list(numbers, shape)
    return replace(problem, sizes=sizes, values={**problem.values, **drawn})


def _positive(place: int, attempt: int) -> Fraction:
    """A number between 0 and 5/4 that nothing makes special; of a hundred side by side no two are one."""
    along = (37 * (place + 1) + 23 * (attempt + 1) * (place + 3)) % 101
    return Fraction(2 * pow(along, 99, 101) + 1, 162)  # the inverse modulo 101: numbers in a row make matrices special


def _index_counts(problem: GraphProblem, numbers: Arithmetic) -> Iterator[tuple[str, int]]:
    """The inputs that something is indexed by, each with how many places there are; the fewest last."""
    found = [
        (
            min(
                numbers.shape((keyed.whole[keyed.extra + axis],))[0]
                for axis, one in enumerate(one for one in keyed.key if one is not None)
                if isinstance(one, Place)
            ),
            name,
        )
        for name, keyed in _indices(problem)
    ]
    yield from ((name, count) for count, name in sorted(found, reverse=True))


def _indices(problem: GraphProblem) -> Iterator[tuple[str, Keyed]]:
    """The inputs that something is indexed by, each with what picks by it."""
    names = {node: name for name, node in problem.inputs.items()}
    for node in in_order([one.node for one in quantities_of(problem)]):
        if isinstance(node.params, Keyed):
            for arg in node.args[1:]:
                yield from ((names[one], node.params) for one in in_order([arg]) if one in names)


def elsewhere(problem: GraphProblem) -> Iterator[Bench]:
    """The graph with other numbers for all that is given: positive ones, those of both signs, small and large ones."""
    takes = cost([one.node for one in quantities_of(problem)], Arithmetic(problem.sizes))
    if takes.multiplications + takes.operations <= MAX_ELSEWHERE:
        yield from (bench for point in _points(problem) if is_sound_at(bench := Graphs(replace(problem, values=point))))


def is_sound_at(bench: Bench) -> bool:
    """Whether every answer has a value."""
    try:
        return is_sound(bench)
    except (NetcalcError, ZeroDivisionError):
        return False


def _points(problem: GraphProblem) -> Iterator[dict[str, Array]]:
    for attempt in range(POINTS_ELSEWHERE):
        for is_signed, scale in ((False, 1), (True, 1), (True, LARGE), (True, Fraction(1, LARGE))):
            point: dict[str, Array] = {}
            for place, (name, array) in enumerate(problem.values.items()):
                numbers = (_positive(place * 7 + n, attempt) for n in range(array.size))
                shift = Fraction(-5, 8) if is_signed else Fraction(1, 7)
                moved = [Number(2 * scale * (one + shift)) for one in numbers]
                point[name] = array if array.dtype.kind in "iub" else from_list(moved, array.shape)
            yield point


def here(problem: GraphProblem) -> Sequence[Bench]:
    """The graph at the numbers that are given. Raises NetcalcError where some are not."""
    if problem.free:
        raise NetcalcError(f"answers are checked where all names have values; {problem.free[0]} has none")
    roots = [one.node for one in quantities_of(problem)]
    return [Graphs(problem) if is_small(problem, roots) else LargeGraphs(problem)]
