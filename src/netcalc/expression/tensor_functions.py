"""The functions of tensors that an expression may call: a row each, with their arguments' words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from netcalc.records import NamedTuple


class TensorFunction(NamedTuple):
    """A function of `tensors` tensors, then of `options` by place or by word; words for one stand behind a bar.

    `tensors` is None for any number of them, one after the other or in a list.
    """

    name: str
    tensors: int | None = 1
    options: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def option(self, word: str) -> str | None:
        """The option that a library calls `word`."""
        return next((words.partition("|")[0] for words in self.options if word in words.split("|")), None)


AXIS, KEEP = "axis|dim|axes", "keepdims|keepdim"
DDOF, OFFSET = "ddof|correction", "k|offset|diagonal"

ROWS = (
    TensorFunction("sum", 1, (AXIS, KEEP)),
    TensorFunction("mean", 1, (AXIS, KEEP), ("average",)),
    TensorFunction("prod", 1, (AXIS, KEEP)),
    TensorFunction("max", 1, (AXIS, KEEP), ("amax",)),
    TensorFunction("min", 1, (AXIS, KEEP), ("amin",)),
    TensorFunction("var", 1, (AXIS, KEEP, DDOF)),
    TensorFunction("std", 1, (AXIS, KEEP, DDOF)),
    TensorFunction("norm", 1, ("ord|p", AXIS, KEEP)),
    TensorFunction("logsumexp", 1, (AXIS, KEEP)),
    TensorFunction("softmax", 1, (AXIS,)),
    TensorFunction("log_softmax", 1, (AXIS,)),
    TensorFunction("cumsum", 1, (AXIS,)),
    TensorFunction("dot", 2),
    TensorFunction("inner", 2),
    TensorFunction("vdot", 2),
    TensorFunction("matmul", 2, (), ("mm",)),
    TensorFunction("outer", 2),
    TensorFunction("kron", 2),
    TensorFunction("trace", 1, (), ("tr", "Tr")),
    TensorFunction("det", 1),
    TensorFunction("logdet", 1),
    TensorFunction("inv", 1, (), ("inverse",)),
    TensorFunction("solve", 2),
    TensorFunction("matrix_power", 1, ("n",)),
    TensorFunction("diag", 1, (), ("diagonal",)),
    TensorFunction("tril", 1, (OFFSET,)),
    TensorFunction("triu", 1, (OFFSET,)),
    TensorFunction("transpose", 1, ("axes",)),
    TensorFunction("reshape", 1, ("shape|newshape",), ("view",)),
    TensorFunction("flatten", 1, (), ("ravel",)),
    TensorFunction("vec"),
    TensorFunction("expand_dims", 1, (AXIS,), ("unsqueeze",)),
    TensorFunction("squeeze", 1, (AXIS,)),
    TensorFunction("broadcast_to", 1, ("shape",)),
    TensorFunction("concat", None, (AXIS,), ("concatenate", "cat")),
    TensorFunction("stack", None, (AXIS,)),
    TensorFunction("vstack", None),
    TensorFunction("hstack", None),
    TensorFunction("einsum", None),
    TensorFunction("one_hot", 1, ("n|num_classes|depth",)),
    TensorFunction("eye", 0, ("n",)),
    TensorFunction("ones", 0, ("shape",)),
    TensorFunction("zeros", 0, ("shape",)),
    TensorFunction("ones_like", 1),
    TensorFunction("zeros_like", 1),
    TensorFunction("arange", 0, ("ends|n",), ("range",)),
)

TENSOR_FUNCTIONS: Mapping[str, TensorFunction] = MappingProxyType(
    {spelling: row for row in ROWS for spelling in (row.name, *row.aliases)}
)
# Functions of the table of programs (program/library) that an expression may call too, with that table's arguments.
OF_PROGRAMS = frozenset(
    (
        "cumprod cummax cummin logcumsumexp ptp median quantile percentile nansum nanmean count_nonzero softmin "
        "sort argsort topk cov corrcoef convolve correlate polyval trapezoid trapz cross pairwise_distance bmm mv "
        "tensordot slogdet pinv block cholesky solve_triangular diag_embed diagflat addmm addmv baddbmm "
        "cosine_similarity cdist multi_dot matrix_norm vector_norm atleast_1d atleast_2d permute swapaxes "
        "moveaxis tile repeat repeat_interleave roll flip flipud fliplr rot90 dstack column_stack split hsplit "
        "vsplit chunk unbind narrow take index_select gather take_along_axis diff pad interpolate full full_like "
        "linspace tri detach stop_gradient masked_fill addcmul addcdiv glu linear bilinear embedding layer_norm "
        "rms_norm batch_norm group_norm instance_norm normalize scaled_dot_product_attention "
        "dot_product_attention pixel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d max_pool1d "
        "max_pool2d avg_pool1d avg_pool2d lp_pool1d lp_pool2d adaptive_avg_pool1d adaptive_avg_pool2d "
        "adaptive_max_pool1d adaptive_max_pool2d sliding_window_view correlate2d convolve2d cross_entropy "
        "nll_loss softmax_cross_entropy_with_integer_labels softmax_cross_entropy binary_cross_entropy "
        "binary_cross_entropy_with_logits sigmoid_binary_cross_entropy mse_loss l1_loss smooth_l1_loss huber_loss "
        "kl_div squared_error l2_loss margin_ranking_loss hinge_embedding_loss soft_margin_loss "
        "triplet_margin_loss cosine_embedding_loss gaussian_nll_loss poisson_nll_loss multi_margin_loss"
    ).split()
)
OF_NUMBERS_TOO = frozenset({"sum", "prod", "max", "min", "dot"})  # these say nothing of what the names are
# What other systems have, and what to write here.
ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "expm": "the exponential of a matrix is not here; exp(A) is that of each entry",
        "logm": "the logarithm of a matrix is not here; log(A) is that of each entry",
        "sqrtm": "the root of a matrix is not here; sqrt(A) is that of each entry",
        "hadamard": "write A*B",
        "windows": "the patches that a convolution sees are not: bring numbers, or the backward pass as code",
        "overlap": "patches added up are not: bring numbers, or the backward pass as code",
        "rank": "it is a whole number and has no slope",
        "argmax": "it is a whole number and has no slope",
        "argmin": "it is a whole number and has no slope",
        **dict.fromkeys(("eig", "eigh", "eigvals", "svd", "qr"), "factorisations are not here"),
    }
)
