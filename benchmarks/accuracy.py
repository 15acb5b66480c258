"""How far float64 functions are from the truth, counted for netcalc and, where they are installed, PyTorch and JAX.

    python -m benchmarks accuracy         the tables are printed and put into docs/numerics.md

Activations are held to the reference points of the tests (`tests/data/oracle`, 40 digits); losses and softmax to
definitions at 2600 bits (`tests/reference.py`), at the tests' points. A slope is what backpropagation gives.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.report import table

PAGE = Path(__file__).parent.parent / "docs" / "numerics.md"
TESTS = Path(__file__).parent.parent / "tests"
ROOTS = {"silu": -1.2784645, "gelu": -0.7517915, "gelu_tanh": -0.7524614, "mish": -1.1924312}
NEAR_ROOT = 0.8  # of the slope; there its error counts in units of 1
OF_ORACLE = {"celu": "celu(2)"}

Values = Sequence[float]
Both = tuple[Values, Values]


@dataclass
class Misses:
    """The worst error in ulp, and how many results are wrong in kind: a false NaN, infinity or 0."""

    worst: float = 0.0
    wrong: int = 0
    checked: int = 0

    def see(self, error: float) -> None:
        """Count one result."""
        self.checked += 1
        if math.isinf(error):
            self.wrong += 1
        else:
            self.worst = max(self.worst, error)


@dataclass
class Tool:
    """Functions by name: activations of x, losses of (a, t), and rows' softmax; each as (values, slopes)."""

    name: str
    activations: Mapping[str, Callable[[Values], Both]]
    losses: Mapping[str, Callable[[Values, Values], Both]]
    rows: Mapping[str, Callable[[Values], Values]]
    found: dict[str, tuple[Misses, Misses]] = field(default_factory=dict)


def tables() -> Iterator[tuple[str, str]]:
    """The sections of the page: their names and contents."""
    sys.path.insert(0, str(TESTS))
    warnings.simplefilter("ignore")
    tools = [netcalc(), *(make() for package, make in PEERS.items() if find_spec(package))]
    names = [*activations(tools), *losses(tools), *rows(tools)]
    header = ["function", *(f"{tool.name} {what}" for tool in tools for what in ("value", "slope", "wrong"))]
    body = table(header, ([name, *(cell for tool in tools for cell in cells(tool.found.get(name)))] for name in names))
    yield "accuracy", f"{body}\n\n{totals(tools)}"


def cells(found: tuple[Misses, Misses] | None) -> list[str]:
    """The worst ulp of values and of slopes, and how many are wrong."""
    if found is None:
        return ["", "", ""]
    value, slope = found
    wrong = value.wrong + slope.wrong
    return [written(value), written(slope), f"{wrong:,}" if wrong else "0"]


def written(misses: Misses) -> str:
    """Ulp, to two digits."""
    if not misses.checked:
        return ""
    return f"{misses.worst:.1f}" if misses.worst < 1000 else f"{misses.worst:.0e}".replace("e+", "e")


def totals(tools: Iterable[Tool]) -> str:
    """How many results of each tool were looked at, and how many are wrong."""
    parts = []
    for tool in tools:
        both = [one for pair in tool.found.values() for one in pair]
        parts.append(f"{tool.name}: {sum(one.wrong for one in both):,} of {sum(one.checked for one in both):,} wrong")
    return "; ".join(parts) + "."


def activations(tools: Sequence[Tool]) -> list[str]:
    """Every activation, at the reference points."""
    from reference import mp, ulps

    names = []
    for path in sorted((TESTS / "data" / "oracle").glob("*.json")):
        points, name = json.loads(path.read_text())["points"], path.stem
        x = [float.fromhex(point["x"]) for point in points]
        for tool in tools:
            if (function := tool.activations.get(name)) is None:
                continue
            value, slope = tool.found.setdefault(name, (Misses(), Misses()))
            for point, q, f, df in zip(points, x, *function(x), strict=True):
                value.see(ulps(f, mp.mpf(point["f"])))
                if point["df"] is not None:
                    near = name in ROOTS and abs(q - ROOTS[name]) < NEAR_ROOT
                    slope.see(ulps(df, mp.mpf(point["df"]), mp.mpf(1) if near else None))
        names.append(name)
    return names


def losses(tools: Sequence[Tool]) -> list[str]:
    """Every elementwise loss, at the tests' pairs of output and target."""
    from reference import Jet, jet, number, ulps
    from test_losses import DEFINITIONS, pairs

    names = [name for name in DEFINITIONS if "sse" not in name]
    for name in names:
        a, t = (list(part) for part in zip(*pairs(name), strict=True))
        true = [DEFINITIONS[name](Jet(number(x), number(1)), jet(aim)) for x, aim in zip(a, t, strict=True)]
        for tool in tools:
            if (function := tool.losses.get(name)) is None:
                continue
            value, slope = tool.found.setdefault(name, (Misses(), Misses()))
            for one, aim, f, df in zip(true, t, *function(a, t), strict=True):
                value.see(ulps(f, one.f))
                # Where σ and t nearly meet, in units of the larger: the difference of what is given has no more.
                scale = max(abs(one.d), abs(number(aim)) / 2) if name == "bce-with-logits" else None
                slope.see(ulps(df, one.d, scale))
    return names


def rows(tools: Sequence[Tool]) -> list[str]:
    """softmax and log_softmax of the tests' samples."""
    from reference import ulps
    from test_losses import samples, true_softmax

    given = [row for seed in range(12) for row in samples(seed)]
    true = [true_softmax(row) for row in given]
    names = ["softmax", "log_softmax"]
    for place, name in enumerate(names):
        for tool in tools:
            value, _ = tool.found.setdefault(name, (Misses(), Misses()))
            for row, truths in zip(given, true, strict=True):
                for got, one in zip(tool.rows[name](row), truths[place], strict=True):
                    value.see(ulps(float(got), one))
    return names


# --- the tools --------------------------------------------------------------------------------------------------------


def netcalc() -> Tool:
    """The float64 kernels of this package."""
    import numpy as np

    import netcalc
    from netcalc.catalogue.activations import ACTIVATIONS
    from netcalc.catalogue.kernels.softmax import log_softmax, softmax
    from netcalc.catalogue.losses import LOSSES, loss

    def of_activation(name: str) -> Callable[[Values], Both]:
        bound = netcalc.activation(OF_ORACLE.get(name, name))
        return lambda x: (bound.value(np.array(x)).tolist(), bound.slope(np.array(x)).tolist())

    def of_loss(name: str) -> Callable[[Values, Values], Both]:
        bound = loss(name)
        return lambda a, t: tuple(f(np.array(a), np.array(t)).tolist() for f in (bound.value, bound.slope))

    return Tool(
        "netcalc",
        {name: of_activation(name) for name in ACTIVATIONS},
        {name: of_loss(name) for name, row in LOSSES.items() if not row.by_sample},
        {"softmax": softmax, "log_softmax": log_softmax},
    )


def pytorch() -> Tool:
    """torch.nn.functional in float64, slopes by autograd."""
    import torch
    import torch.nn.functional as F

    def both(function: Callable[..., Any]) -> Callable[..., Both]:
        def evaluated(x: Values, *others: Values) -> Both:
            q = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            out = function(q, *(torch.tensor(other, dtype=torch.float64) for other in others))
            out.sum().backward()
            return out.detach().tolist(), q.grad.tolist()

        return evaluated

    def rowwise(function: Callable[..., Any]) -> Callable[[Values], Values]:
        return lambda row: function(torch.tensor(row, dtype=torch.float64), dim=0).tolist()

    functions = {
        "identity": lambda q: q * 1,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": F.relu,
        "leaky_relu": F.leaky_relu,
        "relu6": F.relu6,
        "elu": F.elu,
        "selu": F.selu,
        "celu": lambda q: F.celu(q, alpha=2.0),
        "softplus": F.softplus,
        "log_sigmoid": F.logsigmoid,
        "softsign": F.softsign,
        "silu": F.silu,
        "gelu": F.gelu,
        "gelu_tanh": lambda q: F.gelu(q, approximate="tanh"),
        "mish": F.mish,
        "hard_sigmoid": F.hardsigmoid,
        "hard_tanh": F.hardtanh,
        "hard_swish": F.hardswish,
        "exp": torch.exp,
        "sin": torch.sin,
        "arctan": torch.atan,
        "gaussian": lambda q: torch.exp(-q * q),
    }
    of_loss = {
        "mse": F.mse_loss,
        "mae": F.l1_loss,
        "huber": F.huber_loss,
        "bce": F.binary_cross_entropy,
        "bce-with-logits": F.binary_cross_entropy_with_logits,
    }
    return Tool(
        f"PyTorch {version('torch').partition('+')[0]}",
        {name: both(function) for name, function in functions.items()},
        {name: both(lambda a, t, f=f: f(a, t, reduction="none")) for name, f in of_loss.items()},
        {"softmax": rowwise(F.softmax), "log_softmax": rowwise(F.log_softmax)},
    )


def jax_nn() -> Tool:
    """jax.nn with float64 turned on, slopes by jax.grad."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from jax import nn
    from jax import numpy as jnp

    def both(function: Callable[[Any], Any]) -> Callable[[Values], Both]:
        slope = jax.vmap(jax.grad(function))
        return lambda x: (function(jnp.array(x)).tolist(), slope(jnp.array(x)).tolist())

    functions = {
        "identity": lambda q: q * 1,
        "sigmoid": nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": nn.relu,
        "leaky_relu": nn.leaky_relu,
        "relu6": nn.relu6,
        "elu": nn.elu,
        "selu": nn.selu,
        "celu": lambda q: nn.celu(q, alpha=2.0),
        "softplus": nn.softplus,
        "log_sigmoid": nn.log_sigmoid,
        "softsign": nn.soft_sign,
        "silu": nn.silu,
        "gelu": lambda q: nn.gelu(q, approximate=False),
        "gelu_tanh": lambda q: nn.gelu(q, approximate=True),
        "mish": nn.mish,
        "hard_sigmoid": nn.hard_sigmoid,
        "hard_tanh": nn.hard_tanh,
        "hard_swish": nn.hard_swish,
        "exp": jnp.exp,
        "sin": jnp.sin,
        "arctan": jnp.arctan,
        "gaussian": lambda q: jnp.exp(-q * q),
    }
    return Tool(
        f"JAX {version('jax')}",
        {name: both(function) for name, function in functions.items()},
        {},
        {
            "softmax": lambda row: nn.softmax(jnp.array(row)).tolist(),
            "log_softmax": lambda row: nn.log_softmax(jnp.array(row)).tolist(),
        },
    )


PEERS: Mapping[str, Callable[[], Tool]] = {"torch": pytorch, "jax": jax_nn}
