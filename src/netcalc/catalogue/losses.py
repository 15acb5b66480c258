"""The losses: a row each, and the reductions that make one number of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from netcalc.catalogue.names import Bound, bind, normalised, plain, split_reference, unknown
from netcalc.errors import ValueSyntaxError
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from netcalc.catalogue.kernels.elementwise import LossKernels

    Kernel = Callable[..., NDArray[np.float64]]

Target = Literal["number", "sign", "probability", "class"]


NONE: Mapping[str, str] = {}  # plain, and so are the rows' own: results can be pickled


class Loss(NamedTuple):
    """One row: the loss of an output `a` against a target `t` is `formula`, an expression in `a`, `t` and parameters.

    A row `by_sample` takes a whole sample's outputs at once, and its target is a class index or a distribution:
    its formula is one to read, with sums over `i`, not one to evaluate. `kink` says where the slope jumps and what
    is taken there. `target` says what targets are: any number, a sign (-1 or 1), a probability, or a class.
    `corner` are the loss and its slope where a = t is 0 or 1 and the formula has 0·log(0), which is 0.
    `reduction` is the one a name such as `sse` implies. `kernels` is `module:NAME` under `catalogue.kernels`.
    """

    name: str
    formula: str
    source: str
    kernels: str
    by_sample: bool = False
    kink: str = ""
    familiar_slope: str | None = None
    target: Target = "number"
    corner: tuple[str, str] | None = None
    reduction: str | None = None
    parameters: Mapping[str, str] = NONE
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash((self.name, self.formula))  # mappings have none

    def bind(self, arguments: Iterable[str] = ()) -> BoundLoss:
        """This loss with its parameters given as text, `value` or `name=value`.

        Raises UnknownNameError, ValueSyntaxError.
        """
        values = bind(self.name, self.parameters, arguments)
        for name, value in values:
            if value <= 0:
                raise ValueSyntaxError(f"{self.name} needs {name} > 0, and it is {plain(value)}")
        return BoundLoss(self, values)


class BoundLoss(Bound[Loss]):
    """A loss whose parameters are exact numbers."""

    __slots__ = ()

    @property
    def by_sample(self) -> bool:
        """Whether one value belongs to a whole sample's outputs."""
        return self.row.by_sample

    def at_corner(self, order: int, a: object, t: object) -> str | None:
        """The formula, of the loss (0) or its slope (1), that holds at a = t = 0 and a = t = 1, if this is there."""
        return self.row.corner[order] if self.row.corner and a == t and a in (0, 1) else None

    @property
    def of_probabilities(self) -> bool:
        """Whether it is cross-entropy of what a softmax layer yields, and not of logits."""
        return self.row is OF_PROBABILITIES

    def value(self, a: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """The losses, unreduced: `a`, `t` of one shape -> that shape; by sample `a` (…, n) -> (…).

        By sample, `t` holds class indices (…), integers, or distributions (…, n). Raises ShapeError, ValueSyntaxError.
        """
        return self._evaluate(self._kernels().value, a, t)

    def slope(self, a: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """d(loss)/da, unreduced, in `a`'s shape. Raises ShapeError, ValueSyntaxError as `value` does."""
        return self._evaluate(self._kernels().slope, a, t)

    def _kernels(self) -> LossKernels:
        from netcalc.catalogue.kernels.elementwise import resolve  # NumPy: not for listing names

        kernels: LossKernels = resolve(self.row.kernels)
        return kernels

    def _evaluate(self, kernel: Kernel, a: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        return kernel(a, t, **dict(self.parameters))


class Reduction(NamedTuple):
    """How many losses become one number: their sum times `elementwise` or, for losses by sample, `by_sample`.

    The factors are expressions in `m`, the number of samples, and `n`, the outputs of one sample.
    """

    name: str
    elementwise: str
    by_sample: str
    meaning: str

    def __str__(self) -> str:
        return self.name

    def factor_text(self, *, by_sample: bool) -> str:
        """The factor as a formula: `1/(m*n)`."""
        return self.by_sample if by_sample else self.elementwise

    def factor(self, samples: int, outputs: int, *, by_sample: bool) -> Fraction:
        """The factor as a number; no samples or outputs count as one."""
        divisors = {"1": 1, "1/m": samples, "1/(m*n)": samples * outputs}
        return Fraction(1, max(1, divisors[self.factor_text(by_sample=by_sample)]))


def loss(text: str) -> BoundLoss:
    """The loss that `text` names, also as PyTorch calls it: `mse`, `huber(2)`, `nn.MSELoss`, `F.l1_loss`.

    Raises UnknownNameError for a name or parameter that is not there, ValueSyntaxError for a bad parameter.
    """
    name, arguments = split_reference(text) or (text, ())
    row = _BY_NAME.get(_folded(name))
    if row is None:
        raise unknown("loss", name, LOSSES, f"the losses are {', '.join(LOSSES)}")
    return row.bind(arguments)


def _folded(name: str) -> str:
    """A name without `loss` at its end, and without hyphens."""
    return normalised(name).replace("_", "").removesuffix("loss")


def reduction(text: str) -> Reduction:
    """The reduction that `text` names. Raises UnknownNameError."""
    row = REDUCTIONS.get(normalised(text))
    if row is None:
        raise unknown("reduction", text, REDUCTIONS, f"the reductions are {', '.join(REDUCTIONS)}")
    return row


_ROWS = (
    Loss(
        "mse",
        "(a - t)^2",
        source="torch.nn.functional.mse_loss",
        kernels="residual:MSE",
        familiar_slope="2*(a - t)",
        aliases=("mean_squared_error",),
    ),
    Loss("half-mse", "(a - t)^2/2", source="Bishop 2006, ch. 5", kernels="residual:HALF_MSE", familiar_slope="a - t"),
    Loss(
        "sse",
        "(a - t)^2",
        source="mse with reduction sum",
        kernels="residual:MSE",
        familiar_slope="2*(a - t)",
        reduction="sum",
    ),
    Loss(
        "half-sse",
        "(a - t)^2/2",
        source="half-mse with reduction sum; Rumelhart et al. 1986",
        kernels="residual:HALF_MSE",
        familiar_slope="a - t",
        reduction="sum",
    ),
    Loss(
        "mae",
        "abs(a - t)",
        source="torch.nn.functional.l1_loss",
        kernels="residual:MAE",
        kink="a = t: slope 0, as PyTorch takes",
        familiar_slope="where(a > t, 1, where(a < t, -1, 0))",
        aliases=("l1", "mean_absolute_error"),
    ),
    Loss(
        "huber",
        "where(abs(a - t) < delta, (a - t)^2/2, delta*(abs(a - t) - delta/2))",
        source="Huber 1964; torch.nn.functional.huber_loss",
        kernels="residual:HUBER",
        familiar_slope="where(abs(a - t) < delta, a - t, where(a > t, delta, -delta))",
        parameters={"delta": "1"},
    ),
    Loss(
        "hinge",
        "where(a*t < 1, 1 - a*t, 0)",
        source="Cortes & Vapnik 1995",
        kernels="residual:HINGE",
        kink="a*t = 1: slope 0, as for relu",
        familiar_slope="where(a*t < 1, -t, 0)",
        target="sign",
    ),
    Loss(
        "bce",
        "-(t*log(a) + (1 - t)*log(1 - a))",
        source="torch.nn.functional.binary_cross_entropy, without its bounds",
        kernels="logistic:BCE",
        familiar_slope="(a - t)/(a*(1 - a))",
        target="probability",
        corner=("0", "1 - 2*a"),
        aliases=("binary_cross_entropy", "log_loss"),
    ),
    Loss(
        "bce-with-logits",
        "t*log(1 + exp(-a)) + (1 - t)*log(1 + exp(a))",
        source="torch.nn.functional.binary_cross_entropy_with_logits",
        kernels="logistic:BCE_WITH_LOGITS",
        familiar_slope="sigmoid(a) - t",
        target="probability",
        aliases=("binary_cross_entropy_with_logits",),
    ),
    Loss(
        "cross-entropy",
        "-sum(t[i]*log(exp(a[i])/sum(exp(a[j]))))",
        source="torch.nn.functional.cross_entropy",
        kernels="softmax:CROSS_ENTROPY",
        by_sample=True,
        familiar_slope="softmax(a)[i] - t[i]",
        target="class",
        aliases=("ce",),
    ),
    Loss(
        "nll",
        "-sum(t[i]*a[i])",
        source="torch.nn.functional.nll_loss",
        kernels="softmax:NLL",
        by_sample=True,
        familiar_slope="-t[i]",
        target="class",
    ),
)

OF_PROBABILITIES = Loss(
    "cross-entropy",
    "-sum(t[i]*log(a[i]))",
    source="Goodfellow et al. 2016, ch. 6: the softmax is a layer of its own, ahead of the loss",
    kernels="softmax:LOG_LOSS",
    by_sample=True,
    familiar_slope="-t[i]/a[i]",
    target="class",
)

LOSSES: Mapping[str, Loss] = MappingProxyType({row.name: row for row in _ROWS})
CROSS_ENTROPY = LOSSES["cross-entropy"].bind()
_BY_NAME = {_folded(name): row for row in _ROWS for name in (row.name, *row.aliases)}

REDUCTIONS: Mapping[str, Reduction] = MappingProxyType(
    {
        row.name: row
        for row in (
            Reduction("sum", "1", "1", "the sum over everything"),
            Reduction("mean", "1/(m*n)", "1/m", "the mean over all elements; for cross-entropy and nll, over samples"),
            Reduction("batch", "1/m", "1/m", "the sum over a sample's outputs, the mean over samples"),
        )
    }
)
