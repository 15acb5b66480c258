"""`netcalc grad`."""

from typing import Annotated

import typer

from netcalc.commands.command import command
from netcalc.commands.inputs import OfTensors, Reading, Rows
from netcalc.commands.options import Checking, Presentation, Values, names_on_line, values


@command(
    order=40,
    examples={
        "netcalc grad 'log(1 + exp(w*x + b))' --at w=2 x=1 b=0": "the value and every partial derivative",
        "netcalc grad 'x^2*y' 'sin(x)+y' --at x=1 y=2": "a Jacobian",
        "netcalc grad '100*(y-x^2)^2 + (1-x)^2' --at x=-1.2 y=1 --order 2": "gradient and Hessian",
        "netcalc grad 'sigmoid(w*x+b)'": "formulas alone",
        "netcalc grad 'sum((W@x - t)^2)/2' --at W='1,2;3,4' x=1,-1 t=1,0": "matrices and vectors",
        "netcalc grad 'x.T@A@x' --shape A=n,n x=n": "their formulas",
        "netcalc grad --at x=2 -- '-x^2'": "an expression that starts with a minus stands behind --",
    },
)
def grad(
    *,
    expressions: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXPR…", help="The expressions; - for those of standard input, one a line."),
    ] = None,
    at: Annotated[
        Values, values("--at", "Where: values by name, or a table of points.", metavar="NAME=VALUE…|FILE")
    ] = None,
    wrt: Annotated[
        Values, values("--wrt", "The variables to differentiate by.", metavar="NAME…", completed=names_on_line)
    ] = None,
    order: Annotated[
        int, typer.Option("--order", help="2 for the Hessian; more for one variable.", metavar="N", min=1)
    ] = 1,
    tensors: OfTensors,
    reading: Reading,
    rows: Rows,
    checking: Checking,
    presentation: Presentation,
) -> int | None:
    """Any expressions: their values and every partial derivative; a variable without a value stays a symbol."""
    from netcalc.commands._answer import answer
    from netcalc.commands._expressions import typed
    from netcalc.commands._points import at_rows
    from netcalc.commands._tensors import place_of, request
    from netcalc.models.expressions import expressions as state

    stdin, place = place_of(at or [], reading.decimal)
    stated = state(
        typed(expressions or [], stdin), request(place.fixed, wrt, order, tensors, presentation, stdin, reading.decimal)
    )
    if place.table is not None:
        return at_rows(stated, place.table, reading, rows, checking, presentation, stdin)
    return answer(stated, checking, presentation, stdin)
