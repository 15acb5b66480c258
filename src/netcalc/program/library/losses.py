"""Losses, as PyTorch's functions have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number, symbols
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled, written
from netcalc.program.library.algebra import distance
from netcalc.program.library.elementwise import of_formula, parsed
from netcalc.program.library.shaping import open_grid
from netcalc.program.library.table import Call, Row
from netcalc.program.signature import parameters
from netcalc.program.values import Tensor, node_of, tree_of

ONE = b.number(1)


def reduced(losses: Node, reduction: str, weights: Node | None = None) -> Node:
    """The mean, the sum, or each; a mean by weights divides by their sum."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return b.summed(losses)
    if reduction == "batchmean":
        return b.divide(b.summed(losses), b.of_size(losses.shape[0]))
    if reduction != "mean":
        raise NetcalcError(f"unknown reduction '{reduction}'; the reductions are mean, sum, none")
    return b.mean(losses) if weights is None else b.divide(b.summed(losses), b.summed(weights))


# --- classes


def _picked(log_p: Node, target: Node) -> Node:
    """The log-probability of each sample's class: log_p (n, c) or (c,), or (n, c, …)."""
    if log_p.rank == 1:
        return b.index(log_p, [b.Place(1)], [target])
    if log_p.rank > 2:
        order = [0, *range(2, log_p.rank), 1]
        log_p = b.transpose(log_p, order)
    return b.index(log_p, [b.Place(n + 1) for n in range(log_p.rank)], [*open_grid(log_p.shape[:-1]), target])


def _shaped(losses: Node, log_p: Node, target: Node) -> None:
    expected = (*log_p.shape[:1], *log_p.shape[2:]) if log_p.rank > 1 else ()
    if tuple(map(settled, losses.shape)) != tuple(map(settled, expected)):
        raise ShapeError(
            f"targets {written(target.shape)} do not fit logits {written(log_p.shape)}: one class a sample is needed"
        )


def _is_zero(value: Any) -> bool:
    return isinstance(tree := tree_of(value), Number) and not tree.value


def _of_classes(
    call: Call, log_p: Node, target: Tensor, weight: Any, ignored: Any, reduction: str, smoothing: Any
) -> Node:
    """-Σ log p of the classes; ignored ones count for nothing, classes may have weights."""
    call.index(target)
    classes, kept = target.node, None
    known = call.known(target)
    if ignored is not None and (
        (known is not None and (known == ignored).any()) or (known is None and ignored != -100)
    ):
        kept = b.compared("unequal", classes, b.number(ignored))
        classes = b.array(known * (known != ignored), "y") if known is not None else b.multiply(kept, classes)
    elif known is not None and known.size and known.min() < 0:
        raise NetcalcError(
            f"{call.name}: class {known.min()} is negative; ignore_index= says which class counts for nothing"
        )
    call.index(Tensor(classes), settled(log_p.shape[1 if log_p.rank > 1 else 0]))
    losses = b.negate(_picked(log_p, classes))
    _shaped(losses, log_p, target.node)
    by = None if weight is None else b.index(b.detached(weight.node), [b.Place(1)], [classes])
    weights = kept if by is None else by if kept is None else b.multiply(by, kept)
    if weights is not None:
        losses = b.multiply(weights, losses)
    if not _is_zero(smoothing):
        losses = _smoothed(losses, log_p, weight, kept, node_of(smoothing))
    return reduced(losses, reduction, weights)


def _smoothed(losses: Node, log_p: Node, weight: Any, kept: Node | None, smoothing: Node) -> Node:
    """(1 - ε) of the loss, and ε of the mean over all classes."""
    axis = 1 if log_p.rank > 1 else 0
    even = b.negate(b.mean(_weighed(log_p, weight), axis))
    if kept is not None:
        even = b.multiply(kept, even)
    return b.add(b.multiply(b.subtract(ONE, smoothing), losses), b.multiply(smoothing, even))


def _of_probabilities(log_p: Node, target: Node, weight: Any, reduction: str, smoothing: Any) -> Node:
    axis = 1 if log_p.rank > 1 else 0
    if not _is_zero(smoothing):
        even = b.divide(node_of(smoothing), b.of_size(log_p.shape[axis]))
        target = b.add(b.multiply(b.subtract(ONE, node_of(smoothing)), target), even)
    return reduced(b.negate(b.summed(_weighed(b.multiply(target, log_p), weight), axis)), reduction)


def _weighed(terms: Node, weight: Any) -> Node:
    """Terms a class, (c,), (n, c) or (n, c, …), times the classes' weights."""
    if weight is None:
        return terms
    own = b.detached(weight.node)
    return b.multiply(terms, own if terms.rank < 3 else b.reshaped(own, [-1, *[1] * (terms.rank - 2)]))


def _cross_entropy(
    call: Call, logits: Tensor, target: Tensor, weight: Any, ignored: Any, reduction: str, smoothing: Any
) -> Node:
    log_p = b.log_softmax(logits.node, 1 if logits.rank > 1 else 0)
    if target.rank == logits.rank and tuple(target.shape) == tuple(logits.shape):
        return _of_probabilities(log_p, target.node, weight, reduction, smoothing)
    return _of_classes(call, log_p, target, weight, ignored, reduction, smoothing)


def _nll(call: Call, log_p: Tensor, target: Tensor, weight: Any, ignored: Any, reduction: str) -> Node:
    return _of_classes(call, log_p.node, target, weight, ignored, reduction, Fraction(0))


def _optax_labels(call: Call, logits: Tensor, labels: Tensor) -> Node:
    call.index(labels)
    log_p = b.log_softmax(logits.node, -1)
    return b.negate(
        _picked(
            log_p if log_p.rank < 3 else b.transpose(log_p, [0, log_p.rank - 1, *range(1, log_p.rank - 1)]), labels.node
        )
    )


# --- entry by entry


def pointwise(names: str, signature: str, formula: str | Callable[[Mapping[str, Any]], str], about: str) -> Row:
    """A row whose losses are a formula in its arguments, or the one that fits them; weights of entries before it."""

    def build(*values: Any) -> Node:
        given = dict(zip((one.words[0] for one in parameters(signature)), values, strict=True))
        if given.get("full"):
            raise NetcalcError(f"{names} is understood without full=True")
        tree = parsed(formula if isinstance(formula, str) else formula(given))
        nodes = {name: one.node if isinstance(one := given[name], Tensor) else node_of(one) for name in symbols(tree)}
        nodes |= {name: b.detached(nodes[name]) for name in ("pos_weight",) if name in nodes}
        losses, weight = of_formula(tree, nodes), given.get("weight")
        losses = losses if weight is None else b.multiply(b.detached(weight.node), losses)
        return reduced(losses, given.get("reduction", "none"))

    return Row(names, signature, build, about)


def _with_logits(given: Mapping[str, Any]) -> str:
    if given.get("pos_weight") is None:
        return "softplus(input) - target*input"
    return "(1 - target)*input + (1 + (pos_weight - 1)*target)*softplus(-input)"


def _smooth(near: str, far: str, width: str) -> Callable[[Mapping[str, Any]], str]:
    """d²/2β near 0, |d| - β/2 beyond; Huber's is β times that."""
    size = "abs(input - target)"
    return lambda given: size if _is_zero(given[width]) else f"where({size} < {width}, {near}, {far})"


# --- distances


def _square(node: Node) -> Node:
    return b.multiply(node, node)


def _hinged(node: Node) -> Node:
    return b.elementwise("relu", node)


def _triplet(anchor: Tensor, near: Tensor, far: Tensor, margin: Any, p: Any, eps: Any, reduction: str) -> Node:
    lengths = [distance(anchor, one, p, eps) for one in (near, far)]
    return reduced(_hinged(b.add(b.subtract(*lengths), node_of(margin))), reduction)


def _cosine_embedding(x: Tensor, y: Tensor, target: Tensor, margin: Any, reduction: str) -> Node:
    dot = b.summed(b.multiply(x.node, y.node), -1)
    eps = node_of(Fraction("1e-12"))
    lengths = [b.add(b.summed(_square(one.node), -1), eps) for one in (x, y)]
    cosine = b.divide(dot, b.elementwise("sqrt", b.multiply(*lengths)))
    alike = b.compared("greater", target.node, b.number(0))
    return reduced(b.where(alike, b.subtract(ONE, cosine), _hinged(b.subtract(cosine, node_of(margin)))), reduction)


def _multi_margin(call: Call, x: Tensor, target: Tensor, p: int, margin: Any, weight: Any, reduction: str) -> Node:
    """Σ over the wrong classes of max(0, margin - right + wrong)^p / classes."""
    call.index(target)
    node = x.node if x.rank == 2 else b.index(x.node, [None])
    classes = target.node if target.rank else b.index(target.node, [None])
    right = b.index(_picked(node, classes), [b.EVERYTHING, None])
    hinge = _hinged(b.add(b.subtract(node, right), node_of(margin)))
    hinge = _square(hinge) if p == 2 else hinge
    if weight is not None:
        own = b.index(b.detached(weight.node), [b.Place(1)], [classes])
        hinge = b.multiply(hinge, b.index(own, [b.EVERYTHING, None]))
    others = b.subtract(ONE, b.index(b.eye(node.shape[1]), [b.Place(1)], [classes]))
    losses = b.mean(b.multiply(hinge, others), 1)
    return reduced(losses if x.rank == 2 or reduction != "none" else b.index(losses, [0]), reduction)


_R = "reduction:s='mean'"
_XY = "input|x|predictions|pred:t target|y|targets|labels:t"
ROWS = [
    Row(
        "cross_entropy",
        f"input|logits:t target|targets|labels:t weight:t?=None size_average:v=None ignore_index:v=-100 "
        f"reduce:v=None {_R} label_smoothing:v=0",
        lambda c, x, t, w, _s, i, _r, r, e: _cross_entropy(c, x, t, w, i, r, e),
        "-log softmax of the classes",
        asks=True,
    ),
    Row(
        "nll_loss",
        f"input:t target:t weight:t?=None size_average:v=None ignore_index:v=-100 reduce:v=None {_R}",
        lambda c, x, t, w, _s, i, _r, r: _nll(c, x, t, w, i, r),
        "-log p of the classes",
        asks=True,
    ),
    Row(
        "softmax_cross_entropy_with_integer_labels",
        "logits:t labels:t",
        _optax_labels,
        "-log softmax of the classes",
        asks=True,
    ),
    Row(
        "softmax_cross_entropy",
        "logits:t labels:t",
        lambda x, t: b.negate(b.summed(b.multiply(t.node, b.log_softmax(x.node, -1)), -1)),
        "-Σ t log softmax",
    ),
    pointwise(
        "binary_cross_entropy",
        f"{_XY} weight:t?=None size_average:v=None reduce:v=None {_R}",
        "-(target*log(input) + (1 - target)*log(1 - input))",
        "-(t log p + (1 - t) log(1 - p))",
    ),
    pointwise(
        "binary_cross_entropy_with_logits",
        f"{_XY} weight:t?=None size_average:v=None reduce:v=None {_R} pos_weight:t?=None",
        _with_logits,
        "softplus(x) - t x",
    ),
    pointwise(
        "sigmoid_binary_cross_entropy", "logits:t labels:t", "softplus(logits) - labels*logits", "softplus(x) - t x"
    ),
    pointwise(
        "mse_loss",
        f"{_XY} size_average:v=None reduce:v=None {_R} weight:t?=None",
        "(input - target)*(input - target)",
        "(x - y)²",
    ),
    pointwise("l1_loss", f"{_XY} size_average:v=None reduce:v=None {_R}", "abs(input - target)", "|x - y|"),
    pointwise(
        "smooth_l1_loss",
        f"{_XY} size_average:v=None reduce:v=None {_R} beta:v=1",
        _smooth("(input - target)*(input - target)/2/beta", "abs(input - target) - beta/2", "beta"),
        "|x - y|, smooth at 0",
    ),
    pointwise(
        "huber_loss",
        f"{_XY} {_R} delta:v=1",
        _smooth("(input - target)*(input - target)/2", "delta*(abs(input - target) - delta/2)", "delta"),
        "(x - y)²/2 near 0, linear beyond",
    ),
    pointwise(
        "kl_div",
        f"{_XY} size_average:v=None reduce:v=None {_R} log_target:b=False",
        lambda given: (
            "exp(target)*(target - input)"
            if given["log_target"]
            else "where(target == 0, 0, target*log(target)) - target*input"
        ),
        "t (log t - log q)",
    ),
    pointwise("squared_error", "predictions:t targets:v=0", "(predictions - targets)^2", "(x - y)²"),
    pointwise("l2_loss", "predictions:t targets:v=0", "(predictions - targets)^2/2", "(x - y)²/2"),
    pointwise(
        "margin_ranking_loss",
        f"input1:t input2:t target:t margin:v=0 {_R}",
        "relu(-(target*(input1 - input2)) + margin)",
        "max(0, margin - t (x - y))",
    ),
    pointwise(
        "hinge_embedding_loss",
        f"{_XY} margin:v=1 {_R}",
        "where(target == 1, input, relu(margin - input))",
        "x, or max(0, margin - x)",
    ),
    pointwise("soft_margin_loss", f"{_XY} {_R}", "softplus(-(target*input))", "log(1 + exp(-t x))"),
    Row(
        "triplet_margin_loss",
        f"anchor:t positive:t negative:t margin:v=1 p:v=2 eps:v=1e-6 {_R}",
        _triplet,
        "max(0, ‖a - p‖ - ‖a - n‖ + margin)",
    ),
    Row(
        "cosine_embedding_loss",
        f"input1:t input2:t target:t margin:v=0 {_R}",
        _cosine_embedding,
        "1 - cos, or max(0, cos - margin)",
    ),
    pointwise(
        "gaussian_nll_loss",
        f"{_XY} var:t full:b=False eps:v=1e-6 {_R}",
        "(log(max(var, eps)) + (input - target)*(input - target)/max(var, eps))/2",
        "(log v + (x - t)²/v)/2",
    ),
    pointwise(
        "poisson_nll_loss",
        f"{_XY} log_input:b=True full:b=False eps:v=1e-8 {_R}",
        lambda given: "exp(input) - target*input" if given["log_input"] else "input - target*log(input + eps)",
        "eˣ - t x",
    ),
    Row(
        "multi_margin_loss",
        f"{_XY} p:i=1 margin:v=1 weight:t?=None {_R}",
        _multi_margin,
        "Σ max(0, margin - right + wrong)/classes",
        asks=True,
    ),
]
