"""A program's forward pass of one sample at a time, with one number moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netcalc.arithmetic.balls import Numeral
from netcalc.models.graphed import GraphProblem
from netcalc.result import Tensor
from netcalc.verify.forward import Index, Point
from netcalc.verify.graph import GraphForward


@dataclass(frozen=True)
class SamplesForward:
    """Each sample's own output, as inputs and named nodes move."""

    problem: GraphProblem
    known: dict[int, GraphForward] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> Sequence[str]:
        """No symbols: what is verified has values."""
        return ()

    @property
    def work(self) -> int:
        """Multiplications and operations of one sample's forward pass."""
        return self._of(0).work

    def order(self, tensor: Tensor) -> int:  # noqa: ARG002 - of each sample there are first derivatives alone
        """1."""
        return 1

    def moved(self, tensor: Tensor, index: Index, steps: Sequence[Numeral], point: Point) -> Numeral:
        """The sample's output: the first axis tells which; what has a row a sample is a row there."""
        sample, *own = index
        forward = self._of(sample)
        has_rows = forward.problem.nodes[tensor.key].rank == len(index)
        return forward.moved(tensor, (0, *own) if has_rows else tuple(own), steps, point)

    def _of(self, sample: int) -> GraphForward:
        if sample not in self.known:
            self.known[sample] = GraphForward(self.problem.samples[sample])
        return self.known[sample]
