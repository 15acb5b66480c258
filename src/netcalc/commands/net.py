"""`netcalc net`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from netcalc.commands.options import Checking, Presentation, command

if TYPE_CHECKING:
    from netcalc.models.net import Asked


@dataclass(frozen=True, slots=True)
class Net:
    """What is asked of a net alone."""

    lr: Annotated[
        str | None,
        typer.Option(
            "--lr", help="Show the weights after a step of gradient descent.", metavar="η", show_default=False
        ),
    ] = None
    per_sample: Annotated[bool, typer.Option("--per-sample", help="Keep the samples' gradients apart.")] = False
    trace: Annotated[
        str | None,
        typer.Option(
            "--trace",
            help="Show every path from one weight to the loss, as in dW1[0,1].",
            metavar="NAME",
            show_default=False,
        ),
    ] = None

    def read(self, index_from: int) -> Asked:
        """The same as the library takes it. Raises ValueSyntaxError, ExpressionError."""
        from netcalc.models.net import Asked, read_trace
        from netcalc.values import read_scalar

        lr = None if self.lr is None else read_scalar(self.lr, "--lr")
        trace = None if self.trace is None else read_trace(self.trace)
        return Asked(self.per_sample, lr, trace, index_from)


@command(
    order=30,
    examples={
        "netcalc net mazur.toml": "every z, a, δ, dW and db of the net in a file",
        "netcalc net mazur.toml --steps --lr 0.5": "the derivation with its matrices, and the weights after a step",
    },
)
def net(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="The net's file, TOML or JSON.", show_default=False)],
    *,
    asked: Net,
    checking: Checking,
    presentation: Presentation,
) -> int | None:
    """A whole net from a file: forward, loss, and the gradient of every weight and bias."""
    from netcalc.commands._answer import answer
    from netcalc.spec import read_problem

    return answer(read_problem(spec, asked.read(presentation.index_from)), checking, presentation)
