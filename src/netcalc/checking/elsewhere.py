"""Formulas that are right for the numbers given: whether they are for others too."""

from __future__ import annotations

from collections.abc import Sequence

from netcalc.checking.answers.claims import Claim
from netcalc.checking.judging import graphs
from netcalc.checking.judging.bench import Bench
from netcalc.checking.judging.functions import Functions, compared
from netcalc.checking.judging.verdicts import Judgement, Tolerance, is_apart, judge
from netcalc.checking.workings.kinds import functions_elsewhere, kind_of
from netcalc.errors import NetcalcError
from netcalc.expression import symbols
from netcalc.models.graphed import GraphProblem
from netcalc.result import Result

ONLY_HERE = "right for these numbers, though not as a formula"
IN_A_CIRCLE = "given by answers that are given by it: equal for these numbers, though not as formulas"


def right_here_alone(result: Result, claims: Sequence[Claim], judgements: Sequence[Judgement]) -> set[int]:
    """The formulas that are right for the numbers given, though not for others; all numbers are given."""
    problem = result.problem
    pairs = enumerate(zip(claims, judgements, strict=True))
    places = [
        n
        for n, (one, stands) in pairs
        if stands != "wrong" and (one.formula is not None or not one.written.is_constant)
    ]
    if isinstance(problem, GraphProblem):
        formulas = {(claims[n].tensor, claims[n].written.text) for n in places if claims[n].formula}
        proven = {one for one in formulas if graphs.is_right_as_formula(problem, one[1], one[0])}
        places = [n for n in places if (claims[n].tensor, claims[n].written.text) not in proven]
    if not places:
        return set()
    functions = functions_elsewhere(result)
    if functions is None:
        others = list(kind_of(problem).elsewhere(problem))
        return {n for n in places if _is_wrong_at(claims[n], others)}
    return {n for n in places if not _is_right_as_formula(claims[n], functions)}


def circular(claims: Sequence[Claim]) -> set[int]:
    """The answers that rest on each other alone, as dx = dy beside dy = dx does."""
    answered = {one.name for one in claims}
    uses = {n: set(symbols(one.written.tree)) & answered for n, one in enumerate(claims) if not one.written.is_constant}
    known = {one.name for n, one in enumerate(claims) if not uses.get(n)}
    left = {n for n, names in uses.items() if names}
    while settled := {n for n in left if uses[n] <= known}:
        known |= {claims[n].name for n in settled}
        left -= settled
    return left


def _is_right_as_formula(claim: Claim, functions: Functions) -> bool:
    """Whether a claim is the answer wherever both are: by algebra, else so far as points say."""
    known = functions.everywhere(claim)
    return known or (
        known is None and compared(claim, functions, functions.points_of(claim), Tolerance()).verdict != "wrong"
    )


def _is_wrong_at(claim: Claim, benches: Sequence[Bench]) -> bool:
    """Whether a claim is wrong at one of the points, as far as balls tell."""
    try:
        return any(judge(claim, [bench], Tolerance()) == "wrong" and is_apart(claim, bench) for bench in benches)
    except NetcalcError:
        return False
