"""`netcalc net`."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from netcalc.commands.command import command
from netcalc.commands.inputs import OfTensors, Reading
from netcalc.commands.options import Checking, Presentation, Values, completion, option, values
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.models.net import NetOptions


def examples() -> Iterable[str]:
    """The names that --example takes."""
    from netcalc.examples import names

    return names()


class Net(NamedTuple):
    """What is asked of a net alone."""

    lr: Annotated[str | None, option("--lr", "Show the weights after a step of gradient descent.", "η")] = None
    per_sample: Annotated[bool, typer.Option("--per-sample", help="Keep the samples' gradients apart.")] = False
    trace: Annotated[
        str | None,
        option(
            "--trace", "Show every path from one weight, or entry of a program, to the loss, as in dW1[0,1].", "NAME"
        ),
    ] = None
    example: Annotated[
        str | None,
        option(
            "--example",
            "Print a commented file to start from; without a name, list them.",
            "[NAME]",
            autocompletion=completion(examples),
        ),
    ] = None

    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file.")] = False

    @property
    def page(self) -> str | None:
        """What is printed as it is, in place of an answer. Raises UnknownNameError."""
        if self.schema:
            import json

            from netcalc.spec.schema import schema

            return json.dumps(schema("net"), ensure_ascii=False, indent=2)
        if self.example is None:
            return None
        from netcalc.commands._answer import page_width
        from netcalc.examples import example, listing

        return example(self.example) if self.example else "\n".join(listing(page_width(sys.stdout)))

    def read(self, index_from: int) -> "NetOptions":
        """The same as the library takes it. Raises ValueSyntaxError, ExpressionError."""
        from netcalc.models.net import NetOptions, read_trace
        from netcalc.values import read_scalar

        lr = None if self.lr is None else read_scalar(self.lr, "--lr")
        trace = None if self.trace is None else read_trace(self.trace)
        return NetOptions(self.per_sample, lr, trace, index_from)


class OfProgram(NamedTuple):
    """What a program is given, and which of its names is differentiated."""

    at: Annotated[
        Values,
        values(
            "--at",
            "Values of a program's inputs: x=x.npy b=0,1. Without one an input stays a symbol.",
            metavar="NAME=VALUE…",
        ),
    ] = None
    of: Annotated[str | None, option("--of", "The name in a program to differentiate.", "NAME")] = None


@command(
    order=30,
    examples={
        "netcalc net --example mlp > mlp.toml": "a commented file to start from",
        "netcalc net --example": "what there is to start from",
        "netcalc net mlp.toml": "every z, a, δ, dW and db of the net in it",
        "netcalc net mlp.toml --steps --lr 0.5": "the derivation with its matrices, and the weights after a step",
        "netcalc net --example layernorm > forward.py": "a forward pass in Python",
        "netcalc net forward.py --shape x=B,C gamma=C beta=C": "the formulas of its backward pass",
        "netcalc net forward.py --at 'x=1,2;3,5' gamma=1,1 beta=0,0 --delta '1,0;0,1'": "every name and its gradient",
    },
)
def net(
    spec: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="The net, in TOML or JSON, or a program in Python.")
    ] = None,
    *,
    own: Net,
    program: OfProgram,
    tensors: OfTensors,
    reading: Reading,
    checking: Checking,
    presentation: Presentation,
) -> int | None:
    """A whole net from a file: forward, loss, and the gradient of every weight and bias; or a forward pass as coded."""
    from netcalc.commands._answer import TEXT, answer, write_out

    if (page := own.page) is not None:
        write_out(page.splitlines, TEXT, presentation.output)
        return None
    if not spec or len(spec) > 1:
        raise NetcalcError("net takes one file, as in: netcalc net mlp.toml; netcalc net --example mlp prints one")
    from netcalc.commands._program import problem_of

    checks = checking.check or ()
    problem, stdin = problem_of(spec[0], own, program, tensors, reading.decimal, presentation.index_from, checks)
    try:
        return answer(problem, checking, presentation, stdin)
    except UndefinedError as error:
        error.message = f"{'standard input' if spec[0] == '-' else spec[0]}: {error.message}"
        raise
