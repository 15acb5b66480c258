"""What a program may call, by name: the table, and the classes of layers that have no weights of their own."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.program.library import (
    algebra,
    creation,
    data,
    elementwise,
    lax,
    layers,
    losses,
    orders,
    padding,
    parts,
    reductions,
    shaping,
    windows,
)
from netcalc.program.library.table import Row, by_name

PARTS: Mapping[str, list[Row]] = {
    "elementwise": elementwise.ROWS,
    "reductions": reductions.ROWS,
    "order": orders.ROWS,
    "data along an axis": data.ROWS,
    "linear algebra": algebra.ROWS,
    "shapes": shaping.ROWS,
    "parts": parts.ROWS,
    "edges": padding.ROWS,
    "arrays": creation.ROWS,
    "layers": layers.ROWS,
    "convolution and pooling": [*windows.ROWS, *lax.ROWS],
    "losses": losses.ROWS,
}
ROWS: Mapping[str, Row] = by_name([row for rows in PARTS.values() for row in rows])
_BARE = {name.replace("_", ""): name for name in ROWS}


def _function_of(bare: str) -> str:
    """The function whose name that of a class is, but for capitals, underscores and a loss at the end."""
    bare = bare if bare in _BARE else bare.removesuffix("loss")
    function = elementwise.elementwise_function(bare)
    return _BARE[bare] if function is None else function.name


OTHER_CLASSES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Identity": "contiguous",
    "Upsample": "interpolate",
}
# PyTorch's classes that are functions, most by the function's own name: NLLLoss is nll_loss, KLDivLoss kl_div.
CLASSES: Mapping[str, str] = OTHER_CLASSES | {
    name: _function_of(name.lower())
    for name in (
        "CrossEntropyLoss NLLLoss MSELoss L1Loss SmoothL1Loss HuberLoss KLDivLoss Softmax LogSoftmax ReLU ReLU6 "
        "LeakyReLU ELU SELU CELU GELU SiLU Mish Sigmoid LogSigmoid Tanh Softplus Softsign Hardtanh Hardswish "
        "Hardsigmoid MaxPool1d MaxPool2d AvgPool1d AvgPool2d AdaptiveAvgPool2d MaxPool3d AvgPool3d AdaptiveAvgPool1d "
        "AdaptiveMaxPool1d AdaptiveMaxPool2d Flatten Unflatten PixelShuffle Unfold Fold GLU Softmin Hardshrink "
        "Softshrink Tanhshrink Threshold PairwiseDistance TripletMarginLoss MarginRankingLoss CosineEmbeddingLoss "
        "HingeEmbeddingLoss SoftMarginLoss MultiMarginLoss GaussianNLLLoss PoissonNLLLoss CosineSimilarity"
    ).split()
}
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
