"""`netcalc linear`."""

from typing import Annotated

from netcalc.commands.command import command
from netcalc.commands.inputs import MaybeActivation, Reading, Upstream
from netcalc.commands.options import Checking, Presentation, Values, switch, values


@command(
    order=20,
    examples={
        "netcalc linear --matrix '1,2,3; 4,5,6'": "the layer and its backward pass, as formulas in v, b and δ",
        "netcalc linear --matrix '1,2,3; 4,5,6' --v 1 0 -1 --b 0 1 --delta 1 -2": "with numbers",
        "echo 1 2 3 | netcalc linear --matrix - --v 1 2 3 --no-bias -f json": "the matrix from a pipe",
    },
)
def linear(
    *,
    matrix: Annotated[Values, values("--matrix", "The weights W, outputs × inputs.")] = None,
    v: Annotated[Values, values("--v", "The inputs, a row a sample.")] = None,
    b: Annotated[Values, values("--b", "The bias.")] = None,
    no_bias: Annotated[bool, switch("--no-bias", "The layer is u = W v, without b.")] = False,
    bias_column: Annotated[bool, switch("--bias-column", "The matrix is [W | b]: its last column is b.")] = False,
    activation: MaybeActivation = None,
    upstream: Upstream,
    reading: Reading,
    checking: Checking,
    presentation: Presentation,
) -> int | None:
    """A linear layer: u = W v + b, then Wᵀδ, δvᵀ and δ; what is left out stays a symbol."""
    from netcalc.commands._answer import answer
    from netcalc.commands._given import Inputs
    from netcalc.models.activations import read_layer_activation
    from netcalc.models.linear import linear as state
    from netcalc.models.linear import shape_of, without_bias_column

    inputs = Inputs(reading)
    W = inputs.matrix(matrix, "--matrix")
    W, last = without_bias_column(W, b) if bias_column else (W, None)
    outputs, width = shape_of(W)
    given_v, given_b = inputs.vector(v, "--v", width), inputs.vector(b, "--b", outputs) if b else last
    reached = inputs.upstream(upstream, outputs)
    applied = None if activation is None else read_layer_activation(activation)
    stated = state(W, given_v, given_b, applied, reached, bias=not no_bias, index_from=presentation.index_from)
    return answer(stated, checking, presentation, inputs.stdin)
