"""`netcalc neuron`."""

from typing import Annotated

from netcalc.commands.command import command
from netcalc.commands.inputs import ActivationName, Reading, Rows, Upstream
from netcalc.commands.options import Checking, Presentation, Values, values


@command(
    order=10,
    examples={
        "netcalc neuron --x -1 -2 --w 4 -4 --b -3": "the value of a sigmoid neuron and its every gradient",
        "netcalc neuron --x 1 2 --w 3 -1 -a tanh --steps": "the derivation, with b left as a symbol",
    },
)
def neuron(
    *,
    x: Annotated[Values, values("--x", "The inputs.")] = None,
    w: Annotated[Values, values("--w", "The weights, one an input.")] = None,
    b: Annotated[Values, values("--b", "The bias.")] = None,
    activation: ActivationName = "sigmoid",
    upstream: Upstream,
    reading: Reading,
    rows: Rows,
    checking: Checking,
    presentation: Presentation,
) -> int | None:
    """One neuron: q = w·x + b, f = φ(q), and every ∂f/∂·; what is left out stays a symbol."""
    from netcalc.commands._answer import answer
    from netcalc.commands._given import Inputs
    from netcalc.commands._rows import Answerable, vector_or_rows
    from netcalc.models.activations import read_activation
    from netcalc.models.neuron import neuron as state

    inputs = Inputs(reading)
    parameters = (
        inputs.vector(w, "--w"),
        inputs.vector(b, "--b"),
        read_activation(activation),
        inputs.upstream(upstream),
    )
    given = vector_or_rows(x, inputs, parameters, rows, checking, presentation)
    if isinstance(given, Answerable):
        return given.answer(presentation.output)
    return answer(state(given, *parameters, presentation.index_from), checking, presentation, inputs.stdin)
