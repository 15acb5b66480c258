"""A result made ready to check answers against: claims, verdicts, causes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.catalogue.activations import BoundActivation
from netcalc.checking.answers.claims import Claim, claims_of
from netcalc.checking.answers.names import Names
from netcalc.checking.answers.sources import Brought
from netcalc.checking.answers.whole import Tensors
from netcalc.checking.answers.written import FLOAT32_BITS, Large
from netcalc.checking.causes.bulk import bulk
from netcalc.checking.causes.diagnoses import diagnoses, shown, turned, without_a_step
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS, Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.causes.library import Library
from netcalc.checking.causes.patterns import patterns
from netcalc.checking.causes.taken import taken
from netcalc.checking.causes.transposes import by_transposes
from netcalc.checking.checked import by_formula, checked
from netcalc.checking.elsewhere import IN_A_CIRCLE, ONLY_HERE, circular, right_here_alone
from netcalc.checking.judging import graphs
from netcalc.checking.judging.bench import BITS, Bench
from netcalc.checking.judging.decimals import opened
from netcalc.checking.judging.functions import compared
from netcalc.checking.judging.parts import part
from netcalc.checking.judging.verdicts import COARSELY, Judgement, Tolerance, claimed_value, is_computed_coarsely, judge
from netcalc.checking.one_change import by_one_change
from netcalc.checking.workings.kinds import as_people_write, functions_of, kind_of
from netcalc.errors import NetcalcError, ShapeError, UndefinedError
from netcalc.graph.windows import Sliding
from netcalc.models.graphed import GraphProblem
from netcalc.problem import Problem
from netcalc.result import Result, Tensor

OTHERS = 2  # sets of numbers beside those given, by which causes of wrong formulas are held
SEVERAL = 4  # different entries of a formula, which meet no slip by chance
MAX_EDITED_ENTRIES = 1_000_000  # of all answers together, where what went wrong is looked for
NOWHERE = "these answers can't be checked: the problem has no value where it was tried"
TOO_SHORT = "one digit is too few to tell"


class Checker:
    """A result made ready to check answers against, those of many if need be.

    Steps are told where they are to be explained, else their names alone. Raises UndefinedError where it has no values.
    """

    def __init__(self, result: Result, tolerance: Tolerance | None = None, *, is_explained: bool = True) -> None:
        self.result = result
        self.is_explained = is_explained
        self.names = Names(result)
        self.library = Library(kind_of(result.problem).here(as_people_write(result.problem)))
        for bench in self.library.benches:
            if isinstance(bench, graphs.LargeGraphs):
                bench.take(result)
        self.functions = functions_of(result)
        self.tolerance = tolerance or Tolerance()
        if not self.library.benches:
            raise UndefinedError(NOWHERE)

    def refused(self, name: str, text: str) -> str:
        """What keeps one element's answer from being read; nothing if it reads."""
        try:
            (claim,) = claims_of(self.names, [(name, text)], tensors=self.tensors)
            for bench in self.library.benches:
                with precision(BITS):
                    claimed_value(claim, bench)
        except (NetcalcError, ZeroDivisionError) as error:
            return str(getattr(error, "message", "a division by zero")).removeprefix(f"{name}: ")
        return ""

    def checked(self, given: Iterable[tuple[str, Any]]) -> Result:
        """The result with a verdict on each answer, (name, what was written for it).

        Raises NetcalcError: a name that isn't there, or twice, a text that is no expression, another shape.
        """
        pairs = list(given)
        large = [(name, content) for name, content in pairs if isinstance(content, Large)]
        small = [(name, content) for name, content in pairs if not isinstance(content, Large)]
        claims = claims_of(self.names, small, tensors=self.tensors)
        evidence = Evidence(self.library, claims, self.tolerance)
        judgements, found = self._judged(claims)
        notes = dict.fromkeys(right_here_alone(self.result, claims, judgements) if self.is_closed else (), ONLY_HERE)
        for place in circular(claims) & notes.keys() if notes else ():
            del notes[place]
            judgements[place], found[place] = "wrong", Diagnosis(IN_A_CIRCLE)
        found |= without_a_step(self.library.benches[0], claims, judgements) | turned(claims, judgements)
        found |= self._causes(evidence, judgements, found)
        explained = shown(claims, found)
        rows = [
            checked(
                self.result,
                claim,
                self.library,
                judgement,
                found.get(place),
                notes.get(place) or _note(claim, self.library.benches, judgement),
                taken(self.library, found[place].edits, claim.tensor, claim.index) if place in explained else (),
                is_explained=self.is_explained,
            )
            for place, (claim, judgement) in enumerate(zip(claims, judgements, strict=True))
        ]
        rows = list(by_formula(self.result, claims, rows, is_explained=self.is_explained))
        lines = patterns(self.result, evidence, found) if len(self.library.benches) == 1 else ()
        whole = [
            one
            for tensor, content in self._whole(large, {claim.tensor for claim in claims})
            for one in bulk(self.library, self.tolerance, tensor, content, is_searched=not self._is_large)
        ]
        return replace(self.result, checked=(*whole, *rows), notes=(*lines, *self.result.notes))

    @property
    def is_closed(self) -> bool:
        """Whether all numbers are given."""
        return self.functions is None

    @property
    def _is_large(self) -> bool:
        """Whether edits of the problem take too long to be tried one after the other."""
        return sum(tensor.entries.size for tensor in self.result.tensors) > MAX_EDITED_ENTRIES

    def _judged(self, claims: Sequence[Claim]) -> tuple[list[Judgement], dict[int, Diagnosis]]:
        """How each claim stands, and what is said of those that are right on a part only."""
        functions = self.functions
        if functions is None:
            return [judge(claim, self.library.benches, self.tolerance) for claim in claims], {}
        points = functions.points(claims)
        judgements: list[Judgement] = []
        partly: dict[int, Diagnosis] = {}
        for place, claim in enumerate(claims):
            found = compared(claim, functions, points, self.tolerance)
            judgements.append(found.verdict or judge(claim, self.library.benches, self.tolerance))
            if found.is_partly_right:
                partly[place] = Diagnosis(part(claim, found, functions, self.tolerance))
        return judgements, partly

    def _causes(
        self, evidence: Evidence, judgements: Sequence[Judgement], known: dict[int, Diagnosis]
    ) -> dict[int, Diagnosis]:
        """What is said of each wrong claim."""
        claims = evidence.claims
        wrong = [place for place, judgement in enumerate(judgements) if judgement == "wrong"]
        found = known | {place: _unbounded(claims[place]) for place in wrong if not claims[place].written.finite}
        left = [place for place in wrong if place not in found]
        if self._is_large:
            return found | dict.fromkeys(left, NO_DIAGNOSIS)
        formulas = [place for place in left if self._is_general(claims[place])]
        found |= diagnoses(evidence, [place for place in left if place not in formulas])
        found |= self._of_formulas(evidence, formulas) if formulas else {}
        misfits = [place for place in wrong if _is_misfit(claims[place], found[place])]
        found |= {place: Diagnosis(claims[place].misfit) for place in misfits}
        found |= by_transposes(evidence, misfits, self.tensors()) if misfits else {}
        untold = [place for place in left if found[place] is NO_DIAGNOSIS]
        if not untold:
            return found
        found |= by_one_change(self.result, evidence, untold, self.functions, self.tensors())
        rest = [place for place in formulas if found[place] is NO_DIAGNOSIS and claims[place].whole]
        tensors = {claims[place].tensor for place in rest}
        entries = [place for place, claim in enumerate(claims) if claim.tensor in tensors]
        if len(np.unique(evidence.claimed[0, entries])) < SEVERAL:
            return found
        return found | diagnoses(evidence, rest)  # as p + Y is told, where Y is one-hot alone

    def _is_general(self, claim: Claim) -> bool:
        """Whether a claim is a formula, without decimals in it, of a problem whose numbers are all given."""
        is_formula = not claim.written.is_constant and not opened(claim.written.tree)[1]
        return is_formula and not claim.misfit and self.is_closed

    def _of_formulas(self, evidence: Evidence, places: Sequence[int]) -> dict[int, Diagnosis]:
        """What is said of wrong formulas: what explains them by other numbers too."""
        claims = [evidence.claims[place] for place in places]
        general = Evidence(Library([*self.library.benches, *self.elsewhere]), claims, self.tolerance)
        return {places[n]: said for n, said in diagnoses(general, range(len(places))).items()}

    @cached_property
    def elsewhere(self) -> list[Bench]:
        """The problem with other numbers for all that is given."""
        return list(islice(kind_of(self.result.problem).elsewhere(self.result.problem), OTHERS))

    def _whole(self, large: Iterable[tuple[str, Large]], answered: set[str]) -> Iterator[tuple[Tensor, Large]]:
        """The tensors that are compared as a whole. Raises NetcalcError for one that is `answered`, or for a number."""
        for name, content in large:
            target = self.names.find(name)
            if target.index is not None:
                raise ShapeError(f"{target.name} is a single number, and {content.array.size} numbers are given for it")
            if target.name in answered:
                raise NetcalcError(f"{target.name} is answered twice")
            answered.add(target.name)
            yield target.tensor, content

    def tensors(self) -> Tensors:
        """What a formula may use."""
        bench = self.library.benches[0]
        problem = self.result.problem
        indices = {name: array for name, array in bench.given.items() if array.dtype.kind in "iub"}
        slidings: Collection[Sliding] = ()
        if isinstance(problem, GraphProblem):
            indices |= graphs.whole_numbers(problem)
            slidings = graphs.slidings(problem)
        layers = problem.layers if isinstance(problem, Problem) else ()
        activations = {
            one for layer in layers if isinstance(one := layer.activation, BoundActivation) and one.formula != "q"
        }
        activation = activations.pop() if len(activations) == 1 else None
        return Tensors(
            {**bench.tensors, **indices},
            bench.names,
            problem.index_from,
            bench.sizes,
            activation=activation,
            slidings=slidings,
        )


def checked_by(checker: Checker, read: Callable[[Names], Brought]) -> Result:
    """The result with a verdict on each answer that `read` finds, and its notes."""
    brought = read(checker.names)
    found = checker.checked(brought.given)
    return replace(found, notes=(*brought.notes, *found.notes))


def _is_misfit(claim: Claim, found: Diagnosis) -> bool:
    """Whether nothing better is known of a claim than that its shape is wrong."""
    return bool(claim.misfit) and (found is NO_DIAGNOSIS or not claim.written.finite)


def _unbounded(claim: Claim) -> Diagnosis:
    return Diagnosis("not a number" if "nan" in claim.written.text.lower() else "infinite")


def _note(claim: Claim, benches: Sequence[Bench], judgement: Judgement) -> str:
    """How a claim was understood, and how precisely it is right."""
    said = TOO_SHORT if judgement == "rounded" and claim.written.is_short else ""
    if judgement == "right" and is_computed_coarsely(claim, benches[0]):
        said = COARSELY[claim.written.bits or FLOAT32_BITS]
    return "; ".join(part for part in (claim.note, said) if part)
