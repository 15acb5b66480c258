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
# PyTorch's classes that are functions by another name.
CLASSES: Mapping[str, str] = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "SELU": "selu",
    "CELU": "celu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Hardtanh": "hard_tanh",
    "Hardswish": "hard_swish",
    "Hardsigmoid": "hard_sigmoid",
    "MaxPool1d": "max_pool1d",
    "MaxPool2d": "max_pool2d",
    "AvgPool1d": "avg_pool1d",
    "AvgPool2d": "avg_pool2d",
    "AdaptiveAvgPool2d": "adaptive_avg_pool2d",
    "MaxPool3d": "max_pool3d",
    "AvgPool3d": "avg_pool3d",
    "AdaptiveAvgPool1d": "adaptive_avg_pool1d",
    "AdaptiveMaxPool1d": "adaptive_max_pool1d",
    "AdaptiveMaxPool2d": "adaptive_max_pool2d",
    "Flatten": "flatten",
    "Unflatten": "unflatten",
    "Upsample": "interpolate",
    "PixelShuffle": "pixel_shuffle",
    "Unfold": "unfold",
    "Fold": "fold",
    "GLU": "glu",
    "Softmin": "softmin",
    "Hardshrink": "hardshrink",
    "Softshrink": "softshrink",
    "Tanhshrink": "tanhshrink",
    "Threshold": "threshold",
    "PairwiseDistance": "pairwise_distance",
    "TripletMarginLoss": "triplet_margin_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "PoissonNLLLoss": "poisson_nll_loss",
    "Identity": "contiguous",
    "Dropout": "dropout",
    "CosineSimilarity": "cosine_similarity",
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
BY_ORDER = frozenset(
    [
        "searchsorted",
        "histogram",
        "partition",
        "argpartition",
        "lexsort",
        "nanmedian",
    ]
)
LAYERS_WITH_WEIGHTS: Mapping[str, str] = {
    "Linear": "x @ W.T + b",
    "Conv1d": "F.conv1d(x, W, b)",
    "Conv2d": "F.conv2d(x, W, b)",
    "Embedding": "C[ix]",
    "LayerNorm": "F.layer_norm(x, (n,), gamma, beta)",
    "BatchNorm1d": "F.batch_norm(x, None, None, gamma, beta, training=True)",
    "BatchNorm2d": "F.batch_norm(x, None, None, gamma, beta, training=True)",
    "GroupNorm": "F.group_norm(x, groups, gamma, beta)",
    "RMSNorm": "F.rms_norm(x, (n,), gamma)",
    "LSTM": "the cell's lines",
    "GRU": "the cell's lines",
    "RNN": "the cell's lines",
    "MultiheadAttention": "F.scaled_dot_product_attention(q, k, v)",
    "Module": "def forward(x, W, b): …",
}
