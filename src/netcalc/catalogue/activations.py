"""The activations: a row each. Slope and curvature are derived from the formula; kernels evaluate them in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from netcalc.catalogue.names import Bound, bind, exact
from netcalc.errors import ValueSyntaxError
from netcalc.expression.functions import folded
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from netcalc.catalogue.kernels.elementwise import Kernels

    Kernel = Callable[..., NDArray[np.float64]]


NONE: Mapping[str, str] = {}  # plain, and so are the rows' own: results can be pickled


class Activation(NamedTuple):
    """One row: f(q) = `formula`, an expression in `q` and the parameters' names.

    `kinks` are where the slope jumps; the slope there is that of the branch `formula` takes, as in PyTorch 2.13.
    `smooth_at` are parameter values at which there are none. `familiar_slope` is a form of the slope to display
    once it is proven equal to the derivation. `kernels` is `module:name` under `catalogue.kernels`; without
    kernels only the formula can be evaluated. `elsewhere` is where float64 in PyTorch 2.13 and JAX 0.10.2 differs.
    """

    name: str
    formula: str
    source: str = ""
    kernels: str | None = None
    kinks: tuple[str, ...] = ()
    familiar_slope: str | None = None
    range: str = ""
    elsewhere: str = ""
    parameters: Mapping[str, str] = NONE
    smooth_at: Mapping[str, str] = NONE
    nonzero: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash((self.name, self.formula))  # mappings have none

    def bind(self, arguments: Iterable[str] = ()) -> BoundActivation:
        """This activation with its parameters given as text, `value` or `name=value`.

        Raises UnknownNameError, ValueSyntaxError.
        """
        values = bind(self.name, self.parameters, arguments)
        for name, value in values:
            if name in self.nonzero and value == 0:
                raise ValueSyntaxError(f"{self.name} divides by {name}, which can't be 0")
        return BoundActivation(self, values)


class BoundActivation(Bound[Activation]):
    """An activation whose parameters are exact numbers: what a layer applies, and `netcalc.activation` gives."""

    __slots__ = ()

    @property
    def kinks(self) -> tuple[str, ...]:
        """Where the slope jumps, as exact texts."""
        smooth_at = {(name, exact(text)) for name, text in self.row.smooth_at.items()}
        return () if smooth_at & set(self.parameters) else self.row.kinks

    @property
    def has_kernels(self) -> bool:
        """Whether `value`, `slope` and `curvature` are there; a custom formula has none."""
        return self.row.kernels is not None

    def value(self, q: ArrayLike) -> NDArray[np.float64]:
        """f(q), elementwise: any shape -> that shape, float64, within 5 ulp. Raises TypeError without kernels."""
        return self._evaluate(self._kernels().value, q)

    def slope(self, q: ArrayLike) -> NDArray[np.float64]:
        """df/dq, elementwise: any shape -> that shape, float64, within 8 ulp. Raises TypeError without kernels."""
        return self._evaluate(self._kernels().slope, q)

    def curvature(self, q: ArrayLike) -> NDArray[np.float64]:
        """d²f/dq², elementwise: any shape -> that shape, float64, within 8 ulp. Raises TypeError without kernels."""
        return self._evaluate(self._kernels().curvature, q)

    @property
    def derivatives(self) -> tuple[Kernel, Kernel, Kernel]:
        """Those three, by their order."""
        return self.value, self.slope, self.curvature

    @property
    def is_straight(self) -> bool:
        """Whether its kernels are in straight pieces."""
        from netcalc.catalogue.kernels.linear import zero

        return self._kernels().curvature is zero

    def _kernels(self) -> Kernels:
        from netcalc.catalogue.kernels.elementwise import resolve  # NumPy: not for listing names

        if self.row.kernels is None:
            raise TypeError(f"{self.name} has no float64 kernels: evaluate its formula")
        kernels: Kernels = resolve(self.row.kernels)
        return kernels

    def _evaluate(self, kernel: Kernel, q: ArrayLike) -> NDArray[np.float64]:
        try:
            if getattr(getattr(q, "dtype", None), "kind", "") not in tuple("cmMSU"):
                return kernel(q, **dict(self.parameters))
        except (TypeError, ValueError, OverflowError):
            pass
        raise ValueSyntaxError(f"q is a real number, or an array of them, and not {q!r}")


_SELU_SCALE = "1.0507009873554804934193349852946"
_SELU_ALPHA = "1.6732632423543772848170429916717"
_GELU_GATE = "sqrt(8/pi)*(q + 0.044715*q^3)"

_ROWS = (
    Activation(
        "identity",
        "q",
        source="no activation: a linear layer; torch.nn.Identity",
        kernels="linear:IDENTITY",
        familiar_slope="1",
        range="(-inf, inf)",
        aliases=("linear", "none"),
    ),
    Activation(
        "sigmoid",
        "1/(1 + exp(-q))",
        source="Verhulst 1845; torch.nn.functional.sigmoid",
        kernels="logistic:SIGMOID",
        familiar_slope="sigmoid(q)*(1 - sigmoid(q))",
        range="(0, 1)",
        elsewhere="PyTorch's and JAX's slope is 0 from q = 37 on, where it is 8.53305e-17",
        aliases=("logistic", "expit"),
    ),
    Activation(
        "tanh",
        "tanh(q)",
        source="LeCun et al. 1998, Efficient BackProp; torch.nn.functional.tanh",
        kernels="logistic:TANH",
        familiar_slope="1 - tanh(q)^2",
        range="(-1, 1)",
        elsewhere="PyTorch's and JAX's slope is 0 from |q| = 20 on, where it is 1.69934e-17",
    ),
    Activation(
        "relu",
        "where(q > 0, q, 0)",
        source="Nair & Hinton 2010; torch.nn.functional.relu",
        kernels="linear:RELU",
        kinks=("0",),
        familiar_slope="where(q > 0, 1, 0)",
        range="[0, inf)",
    ),
    Activation(
        "leaky_relu",
        "where(q > 0, q, negative_slope*q)",
        source="Maas et al. 2013; torch.nn.functional.leaky_relu",
        kernels="linear:LEAKY_RELU",
        kinks=("0",),
        familiar_slope="where(q > 0, 1, negative_slope)",
        range="(-inf, inf)",
        elsewhere="JAX takes the slope 1 at 0, PyTorch negative_slope",
        parameters={"negative_slope": "1/100"},
        smooth_at={"negative_slope": "1"},
        aliases=("leakyrelu",),
    ),
    Activation(
        "relu6",
        "where(q > 0, where(q < 6, q, 6), 0)",
        source="Krizhevsky 2010; torch.nn.functional.relu6",
        kernels="linear:RELU6",
        kinks=("0", "6"),
        familiar_slope="where(q > 0, where(q < 6, 1, 0), 0)",
        range="[0, 6]",
    ),
    Activation(
        "elu",
        "where(q > 0, q, alpha*(exp(q) - 1))",
        source="Clevert et al. 2016; torch.nn.functional.elu",
        kernels="exponential:ELU",
        kinks=("0",),
        familiar_slope="where(q > 0, 1, alpha*exp(q))",
        range="(-alpha, inf)",
        elsewhere="JAX's slope is 0 at q = -38, where it is 3.13913e-17",
        parameters={"alpha": "1"},
        smooth_at={"alpha": "1"},
    ),
    Activation(
        "selu",
        f"where(q > 0, {_SELU_SCALE}*q, {_SELU_SCALE}*{_SELU_ALPHA}*(exp(q) - 1))",
        source="Klambauer et al. 2017; torch.nn.functional.selu",
        kernels="exponential:SELU",
        kinks=("0",),
        familiar_slope=f"where(q > 0, {_SELU_SCALE}, {_SELU_SCALE}*{_SELU_ALPHA}*exp(q))",
        range="(-1.7581, inf)",
        elsewhere="JAX's slope is 0 at q = -38, where it is 5.51891e-17",
    ),
    Activation(
        "celu",
        "where(q > 0, q, alpha*(exp(q/alpha) - 1))",
        source="Barron 2017; torch.nn.functional.celu",
        kernels="exponential:CELU",
        familiar_slope="where(q > 0, 1, exp(q/alpha))",
        range="(-alpha, inf)",
        elsewhere="JAX's slope is 0 at q = -38, where it is 3.13913e-17",
        parameters={"alpha": "1"},
        nonzero=("alpha",),
    ),
    Activation(
        "softplus",
        "log(1 + exp(q))",
        source="Dugas et al. 2001; torch.nn.functional.softplus, without its threshold",
        kernels="logistic:SOFTPLUS",
        familiar_slope="sigmoid(q)",
        range="(0, inf)",
        elsewhere="PyTorch takes q itself above its threshold of 20",
    ),
    Activation(
        "log_sigmoid",
        "-log(1 + exp(-q))",
        source="torch.nn.functional.logsigmoid",
        kernels="logistic:LOG_SIGMOID",
        familiar_slope="1 - sigmoid(q)",
        range="(-inf, 0)",
        aliases=("logsigmoid",),
    ),
    Activation(
        "softsign",
        "q/(1 + abs(q))",
        source="Bergstra et al. 2009; torch.nn.functional.softsign",
        kernels="rational:SOFTSIGN",
        familiar_slope="1/(1 + abs(q))^2",
        range="(-1, 1)",
        elsewhere="JAX's slope at q = 1e200 is 1e-200, where it is 1e-400",
    ),
    Activation(
        "silu",
        "q/(1 + exp(-q))",
        source="Elfwing et al. 2018; torch.nn.functional.silu",
        kernels="gated:SILU",
        familiar_slope="sigmoid(q)*(1 + q*(1 - sigmoid(q)))",
        range="[-0.27846, inf)",
        elsewhere="PyTorch and JAX give 0 at q = -746, where it is -7.76e-322",
        aliases=("swish",),
    ),
    Activation(
        "gelu",
        "q*erfc(-q/sqrt(2))/2",
        source="Hendrycks & Gimpel 2016; torch.nn.functional.gelu",
        kernels="gelu:GELU",
        familiar_slope="erfc(-q/sqrt(2))/2 + q*exp(-q^2/2)/sqrt(2*pi)",
        range="[-0.16997, inf)",
        elsewhere="JAX's gelu is gelu_tanh by default; PyTorch gives 0 at q = -20, where it is -5.50725e-88",
    ),
    Activation(
        "gelu_tanh",
        f"q/(1 + exp(-{_GELU_GATE}))",
        source="Hendrycks & Gimpel 2016; torch.nn.functional.gelu approximate tanh, as 1 + tanh(y) = 2/(1 + exp(-2y))",
        kernels="gelu_tanh:GELU_TANH",
        familiar_slope=f"sigmoid({_GELU_GATE})*(1 + q*(1 - sigmoid({_GELU_GATE}))*sqrt(8/pi)*(1 + 0.134145*q^2))",
        range="[-0.17004, inf)",
        elsewhere="PyTorch and JAX give 0 at q = -20, where it is -3.37545e-261, and nan as the slope at q = 1e200",
    ),
    Activation(
        "mish",
        "q*tanh(log(1 + exp(q)))",
        source="Misra 2019; torch.nn.functional.mish",
        kernels="mish:MISH",
        familiar_slope="tanh(log(1 + exp(q))) + q*sigmoid(q)*(1 - tanh(log(1 + exp(q)))^2)",
        range="[-0.30884, inf)",
        elsewhere="PyTorch and JAX give 0 at q = -746, where it is -7.76e-322",
    ),
    Activation(
        "hard_sigmoid",
        "where(q > -3, where(q < 3, (q + 3)/6, 1), 0)",
        source="Courbariaux et al. 2015; torch.nn.functional.hardsigmoid",
        kernels="linear:HARD_SIGMOID",
        kinks=("-3", "3"),
        familiar_slope="where(q > -3, where(q < 3, 1/6, 0), 0)",
        range="[0, 1]",
        elsewhere="PyTorch's slope carries 1/6 in float32: 0.16666667163",
        aliases=("hardsigmoid",),
    ),
    Activation(
        "hard_tanh",
        "where(q > -1, where(q < 1, q, 1), -1)",
        source="Collobert 2004; torch.nn.functional.hardtanh",
        kernels="linear:HARD_TANH",
        kinks=("-1", "1"),
        familiar_slope="where(q > -1, where(q < 1, 1, 0), 0)",
        range="[-1, 1]",
        elsewhere="JAX takes the slope 1 at -1 and 1, PyTorch 0",
        aliases=("hardtanh",),
    ),
    Activation(
        "hard_swish",
        "where(q > -3, where(q < 3, q*(q + 3)/6, q), 0)",
        source="Howard et al. 2019; torch.nn.functional.hardswish",
        kernels="linear:HARD_SWISH",
        kinks=("-3", "3"),
        familiar_slope="where(q > -3, where(q < 3, (2*q + 3)/6, 1), 0)",
        range="[-0.375, inf)",
        aliases=("hardswish",),
    ),
    Activation(
        "exp", "exp(q)", source="torch.exp", kernels="exponential:EXP", familiar_slope="exp(q)", range="(0, inf)"
    ),
    Activation(
        "sin",
        "sin(q)",
        source="Sitzmann et al. 2020; torch.sin",
        kernels="trigonometric:SIN",
        familiar_slope="cos(q)",
        range="[-1, 1]",
    ),
    Activation(
        "arctan",
        "atan(q)",
        source="torch.atan",
        kernels="trigonometric:ARCTAN",
        familiar_slope="1/(1 + q^2)",
        range="(-pi/2, pi/2)",
        aliases=("atan",),
    ),
    Activation(
        "gaussian",
        "exp(-q^2)",
        source="Broomhead & Lowe 1988",
        kernels="exponential:GAUSSIAN",
        familiar_slope="-2*q*exp(-q^2)",
        range="(0, 1]",
    ),
)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({row.name: row for row in _ROWS})
BY_NAME = {folded(name): row for row in _ROWS for name in (row.name, *row.aliases)}
