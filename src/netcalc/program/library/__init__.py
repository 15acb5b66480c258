"""What a program may call, by name: the table, and the classes of layers that have no weights of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from netcalc.expression.functions import function_named
from netcalc.program.library.table import Row, by_name

FILES: Mapping[str, tuple[str, ...]] = {  # of each part of the table
    "elementwise": ("elementwise",),
    "reductions": ("reductions",),
    "order": ("orders",),
    "data along an axis": ("data",),
    "linear algebra": ("algebra",),
    "shapes": ("shaping",),
    "parts": ("parts", "places"),
    "edges": ("padding",),
    "arrays": ("creation",),
    "layers": ("layers",),
    "convolution and pooling": ("windows", "pooling", "lax"),
    "losses": ("losses",),
}
# What most programs call is in these.
OFTEN = (
    "elementwise",
    "shaping",
    "reductions",
    "layers",
    "creation",
    "parts",
    "places",
)
# Names of rows that are functions of expressions too: another function's is looked for in no file.
ALSO_FUNCTIONS = frozenset(
    "gelu logaddexp hypot prelu clip clamp clamp_ where sum prod max min dist fsum sumprod dot identity".split()
)


class Table(Mapping[str, Row]):
    """The rows by each spelling. A file is imported where those before it lack the name, as a run asks for few."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        files = [one for several in FILES.values() for one in several]
        self._left = [*OFTEN, *(one for one in files if one not in OFTEN)]

    def __getitem__(self, name: str) -> Row:
        while self._left and name not in self._rows and (name in ALSO_FUNCTIONS or function_named(name) is None):
            self._add(self._left.pop(0))
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def _whole(self) -> Mapping[str, Row]:
        while self._left:
            self._add(self._left.pop(0))
        return self._rows

    def _add(self, file: str) -> None:
        rows = by_name(rows_of(file))
        if twice := rows.keys() & self._rows.keys():
            raise ValueError(*twice)
        self._rows |= rows


def rows_of(file: str) -> list[Row]:
    """Those that a file has."""
    return list(import_module(f"netcalc.program.library.{file}").ROWS)


def by_part() -> dict[str, list[Row]]:
    """The rows of each part of the table."""
    return {part: [row for one in files for row in rows_of(one)] for part, files in FILES.items()}


ROWS = Table()


@cache
def _by_bare_name() -> Mapping[str, str]:
    return {name.replace("_", ""): name for name in ROWS}


def function_of(name: str) -> str:
    """The function that a class of PyTorch's is: its name, but for capitals, underscores and a loss at the end."""
    if name in OTHER_CLASSES:
        return OTHER_CLASSES[name]
    bare = name.lower()
    bare = bare if bare in _by_bare_name() else bare.removesuffix("loss")
    function = function_named(bare)
    return _by_bare_name()[bare] if function is None else function.name


OTHER_CLASSES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Identity": "contiguous",
    "Upsample": "interpolate",
}
# PyTorch's classes that are functions, most by the function's own name: NLLLoss is nll_loss, KLDivLoss kl_div.
CLASSES = frozenset(OTHER_CLASSES) | frozenset(
    (
        "CrossEntropyLoss NLLLoss MSELoss L1Loss SmoothL1Loss HuberLoss KLDivLoss Softmax LogSoftmax ReLU ReLU6 "
        "LeakyReLU ELU SELU CELU GELU SiLU Mish Sigmoid LogSigmoid Tanh Softplus Softsign Hardtanh Hardswish "
        "Hardsigmoid MaxPool1d MaxPool2d AvgPool1d AvgPool2d AdaptiveAvgPool2d MaxPool3d AvgPool3d AdaptiveAvgPool1d "
        "AdaptiveMaxPool1d AdaptiveMaxPool2d Flatten Unflatten PixelShuffle Unfold Fold GLU Softmin Hardshrink "
        "Softshrink Tanhshrink Threshold PairwiseDistance TripletMarginLoss MarginRankingLoss CosineEmbeddingLoss "
        "HingeEmbeddingLoss SoftMarginLoss MultiMarginLoss GaussianNLLLoss PoissonNLLLoss CosineSimilarity"
    ).split()
)
DEFAULTS: Mapping[str, Mapping[str, int]] = {"Flatten": {"start_dim": 1}}  # where the class has others
IN_PLACE = frozenset({"fill", "fill_diagonal", "copyto"})  # by their names; of PyTorch's a _ at the end says so
RANDOM = frozenset(
    (
        "randn rand normal uniform randint standard_normal random randperm permutation bernoulli choice shuffle "
        "randn_like rand_like normal_ uniform_ kaiming_normal_ xavier_uniform_ multinomial default_rng RandomState "
        "truncated_normal"
    ).split()
)
BY_ORDER = frozenset("searchsorted histogram partition argpartition lexsort nanmedian".split())
LAYERS_WITH_WEIGHTS: Mapping[str, str] = {
    "Module": "def forward(x, W, b): …",
}
