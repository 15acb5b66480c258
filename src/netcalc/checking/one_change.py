"""Wrong formulas that are right with one part changed: which one, where nothing else explains them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.arithmetic.watched import leaf, operation
from netcalc.checking.answers import changes
from netcalc.checking.answers.changes import Change, parts_of
from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.whole import Made, Tensors
from netcalc.checking.answers.written import Written
from netcalc.checking.causes.diagnosis import Diagnosis
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.elsewhere import right_here_alone
from netcalc.checking.judging.bench import BITS, Array, Bench, to_floats
from netcalc.checking.judging.functions import Functions, compared
from netcalc.checking.judging.verdicts import Tolerance, judge
from netcalc.checking.workings.kinds import functions_elsewhere
from netcalc.derivation.stable import Compiled
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Leaf, Symbol, Tree, fold, share, symbols
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import evaluate
from netcalc.notation import to_ascii, to_unicode
from netcalc.result import Result

MAX_NODES = 60  # of a formula that is looked at
MAX_PARTS = 16  # of what is right, tried as factors and terms
MAX_CHANGES = 2000  # of a formula of numbers; each is a few operations more
MAX_OF_TENSORS = 500
MAX_PROVEN = 4  # that are held to the answer as formulas
MAX_NAMED = 3  # changes that give the same numbers
FEW_CHANGES = 50  # that a formula has at least
MAX_CHANCE = 0.0005  # how probable it may be that numbers made at random are met by one of the changes tried
CLOSE = 1e-9
ONE_CHANGE = "one-change"


def by_one_change(
    result: Result, evidence: Evidence, places: Sequence[int], functions: Functions | None, tensors: Tensors
) -> dict[int, Diagnosis]:
    """What is said of claims: formulas that one change makes right, numbers that the right formula has with one."""
    found: dict[int, Diagnosis] = {}
    for _, group in groupby(places, lambda place: _key(evidence.claims[place])):
        own = list(group)
        claims = [evidence.claims[place] for place in own]
        search = _Search(result, evidence.benches, functions, tensors, claims)
        if claims[0].written.is_constant:
            said = search.of_values(evidence, own)
        else:
            whole = isinstance(claims[0].formula, Apply) and not claims[0].misfit
            said = search.of_tensor() if whole else search.of_number()
        if said:
            found |= dict.fromkeys(own, Diagnosis(said, mistake=ONE_CHANGE))
    return found


def _key(claim: Claim) -> object:
    return claim.tensor if claim.formula is not None or claim.written.is_constant else claim.name


class _Search:
    def __init__(
        self,
        result: Result,
        benches: Sequence[Bench],
        functions: Functions | None,
        tensors: Tensors,
        claims: Sequence[Claim],
    ) -> None:
        self.result, self.benches, self.functions = result, benches, functions
        self.tensors, self.claims = tensors, claims
        self.claim = claims[0]
        self.known: dict[str, Array] = {}  # what is given, in float64

    # --- a formula of numbers

    def of_number(self) -> str:
        tree = self.claim.written.tree
        if not _is_looked_at(tree) or self.claim.formula is not None:
            return ""
        names = [name for name in self.benches[0].names if name != self.claim.name]
        tried = changes.changes(tree, names, self.parts(set(names)), of_numbers=True)
        found = list(islice(tried, MAX_CHANGES))
        met = (found[place] for place in np.flatnonzero(self._met([one.tree for one in found])))
        for one in islice(met, MAX_PROVEN):
            if self._is_right([replace(self.claim, written=Written(to_ascii(one.tree), one.tree))]):
                return told(one, to_unicode)
        return ""

    def _met(self, trees: Sequence[Tree]) -> Array:
        """Which formulas are the answer at every point, in float64."""
        used = set(symbols(Apply("add", tuple(trees)))) if trees else set()
        with precision(BITS), np.errstate(all="ignore"):
            numbers = [to_floats(np.array([bench.names[one] for one in used], dtype=object)) for bench in self.benches]
            columns = dict(zip(used, np.array(numbers).T, strict=True))
            truth = np.array([to_floats(bench.truth[self.claim.tensor])[self.claim.index] for bench in self.benches])
            values = Compiled(trees, operation, as_written=True).run(lambda node: leaf(node, columns))
            return np.array([_is_close(one.value, truth) for one in values], dtype=bool)

    # --- a formula of tensors

    def of_tensor(self) -> str:
        bench = self.benches[0]
        truth = to_floats(bench.truth[self.claim.tensor])
        known = {*self.tensors.shapes, *self.tensors.sizes}
        read = self._variants(self.claim.written.text, truth.shape, self.parts(known))
        met = ((one, made) for one, made in read if self._meets(made, truth))
        for one, made in islice(met, MAX_PROVEN):
            try:
                whole = self.tensors.whole(made)
            except NetcalcError:  # too much to write out
                return ""
            if whole is None or whole.entries.shape != truth.shape:
                continue
            text = to_ascii(made.tree)
            claims = [
                replace(claim, written=Written(text, whole.entries[claim.index]), formula=whole.tree)
                for claim in self.claims
            ]
            if self._is_right(claims):
                return told(one, lambda part, made=made: to_unicode(made.plain(part)))
        return ""

    def _variants(self, text: str, shape: tuple[int, ...], parts: Sequence[Tree]) -> Iterator[tuple[Change, Made]]:
        names = [name for name in self.tensors.arrays if name != self.claim.tensor]

        def variants(tree: Tree, _: bool) -> Iterator[tuple[Change, Tree]]:
            if _is_looked_at(tree):
                for one in islice(changes.changes(tree, names, parts), MAX_OF_TENSORS):
                    yield one, one.tree

        return self.tensors.variants(text, shape, variants)

    def _meets(self, made: Made, truth: Array) -> bool:
        """Whether a formula is the answer at the first point, in float64."""
        value = self._value(made)
        return value is not None and _is_close(value, truth)

    def _value(self, made: Made) -> Array | None:
        """What a formula comes to at the first point, in float64; None where it has no value."""
        try:
            with np.errstate(all="ignore"):
                given = {node: self._given(name) for name, node in made.reader.inputs.items()}
                return evaluate([made.node], Float64(self.benches[0].sizes), given)[0]
        except (NetcalcError, ArithmeticError, np.linalg.LinAlgError):
            return None

    def _given(self, name: str) -> Array:
        if name not in self.known:
            array = self.tensors.arrays.get(name)
            value = np.array(self.benches[0].names[name], dtype=object) if array is None else array
            with precision(BITS):
                self.known[name] = value if value.dtype.kind in "iub" else to_floats(value)
        return self.known[name]

    # --- numbers

    def of_values(self, evidence: Evidence, at: Sequence[int]) -> str:
        """Which changes of the right formula give numbers as answered; nothing where chance may meet them."""
        chance = float(np.prod(evidence.chances()[list(at)]))
        if len(self.benches) > 1 or chance * FEW_CHANGES > MAX_CHANCE:
            return ""
        changed, arrays = self._yielded(evidence.library.changed)
        truth = to_floats(self.benches[0].truth[self.claim.tensor])
        held = [n for n, one in enumerate(evidence.claims) if one.tensor == self.claim.tensor]
        entries = (
            np.ravel_multi_index(np.array([evidence.claims[n].index for n in held], dtype=np.intp).T, truth.shape)
            if truth.ndim
            else [0]
        )
        claimed, radius, wrong = evidence.claimed[0, held], evidence.radius[0, held], np.isin(held, at)
        values = arrays.reshape(len(changed), truth.size)[:, entries]
        with np.errstate(all="ignore"):
            moved = (np.abs(values - truth.reshape(-1)[entries]) > radius)[:, wrong].all(axis=1)
            met = moved & (np.abs(values - claimed) <= radius * (1 + CLOSE)).all(axis=1)
        said = [changed[place] for place in np.flatnonzero(met)]
        if moved.sum() * chance > MAX_CHANCE or len(said) > MAX_NAMED:
            return ""
        return f"either {', or '.join(said)}" if len(said) > 1 else "".join(said)

    def _yielded(self, known: dict[str, tuple[list[str], Array]]) -> tuple[list[str], Array]:
        """What changes of a tensor's right formula are called, and what they come to: (changes, …)."""
        tensor = self.claim.tensor
        if tensor not in known:
            shape = self.benches[0].truth[tensor].shape
            said, values = list[str](), list[Array]()
            for one, made in self._variants(to_ascii(_of_all_entries(self.result[tensor].formula)), shape, ()):
                value = self._value(made) if one.kind in IN_VALUES else None
                if value is not None:
                    said.append(told(one, lambda part, made=made: to_unicode(made.plain(part)), IN_VALUES))
                    values.append(np.broadcast_to(value, shape))
            known[tensor] = said, np.array(values).reshape(-1, *shape)
        return known[tensor]

    # --- both

    def parts(self, known: set[str]) -> list[Tree]:
        """What the right formula is made of, in names that a formula may use."""
        tensor = self.result[self.claim.tensor]
        others = self.functions or functions_elsewhere(self.result)
        entries = others.answers.get(self.claim.tensor) if others and self.claim.formula is None else None
        own = None if entries is None else entries[self.claim.index]
        found = [*parts_of(tensor.formula), *parts_of(own)]
        return [one for one in dict.fromkeys(found) if symbols(one) and known.issuperset(symbols(one))][:MAX_PARTS]

    def _is_right(self, claims: Sequence[Claim]) -> bool:
        """Whether formulas are the answers, not at these numbers alone."""
        try:
            if self.functions is not None:
                points = self.functions.points(claims)
                return all(compared(one, self.functions, points, Tolerance()).verdict == "right" for one in claims)
            stand = [judge(one, self.benches, Tolerance()) for one in claims]
            return "wrong" not in stand and not right_here_alone(self.result, claims, stand)
        except NetcalcError:
            return False


def _of_all_entries(formula: Tree) -> Tree:
    """A formula of the entry i of vectors, of the vectors."""

    def leaf(one: Leaf) -> Tree:
        return Symbol(one.name.removesuffix("[i]")) if isinstance(one, Symbol) else one

    return fold(formula, leaf, Apply)


def _is_looked_at(tree: Tree) -> bool:
    return isinstance(tree, Apply) and bool(symbols(tree)) and len(share((tree,)).nodes) <= MAX_NODES


def _is_close(value: Any, truth: Array) -> bool:
    apart = np.abs(np.broadcast_to(value, truth.shape) - truth) if np.ndim(value) <= truth.ndim else np.inf
    return bool(np.all(apart <= CLOSE * (np.abs(truth).max(initial=0) + 1e-300)))


def told(change: Change, write: Any, said: Mapping[str, str] | None = None) -> str:
    """What is said of a formula that is right with a change."""
    old, new = write(change.old), write(change.new)
    part = "" if change.part is None else write(change.part)
    return (said or SAID)[change.kind].format(old=old, new=new, part=part)


SAID = {
    changes.SIGN: "a sign is wrong: {new} where {old} stands",
    changes.TURNED: "a transpose is wrong: {new} where {old} stands",
    changes.OPERATION: "the wrong operation: {new} where {old} stands",
    changes.NUMBER: "the number {old} should be {new}",
    changes.FUNCTION: "the wrong function: {new} where {old} stands",
    changes.NAME: "{old} taken for {new}",
    changes.TERM: "the term {part} left out: {new} where {old} stands",
    changes.FACTOR: "the factor {part} left out: {new} where {old} stands",
    changes.TERM_TOO_MANY: "the term {part} is one too many: {new} where {old} stands",
    changes.FACTOR_TOO_MANY: "the factor {part} is one too many: {new} where {old} stands",
}
IN_VALUES = {  # of numbers, what the right formula was changed to
    changes.SIGN: "a sign is wrong, as in {new} for {old}",
    changes.TURNED: "a transpose is wrong, as in {new} for {old}",
    changes.OPERATION: "the wrong operation, as in {new} for {old}",
    changes.NUMBER: "the number {new} taken for {old}",
    changes.FUNCTION: "the wrong function, as in {new} for {old}",
    changes.NAME: "{new} taken for {old}",
    changes.TERM_TOO_MANY: "the term {part} left out, as in {new} for {old}",
    changes.FACTOR_TOO_MANY: "the factor {part} left out, as in {new} for {old}",
}
