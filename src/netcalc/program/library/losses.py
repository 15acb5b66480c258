"""Losses, as PyTorch's functions have them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled, written
from netcalc.program.library.shaping import ALL, open_grid
from netcalc.program.library.table import Call, Row, size_of
from netcalc.program.values import Tensor, node_of, tree_of

ONE = b.number(1)


def reduced(losses: Node, reduction: str, weights: Node | None = None) -> Node:
    """The mean, the sum, or each; a mean by weights divides by their sum."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return b.summed(losses)
    if reduction == "batchmean":
        return b.divide(b.summed(losses), size_of(losses.shape[0]))
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
    every = log_p
    if weight is not None:
        own = b.detached(weight.node)
        every = b.multiply(every, own if log_p.rank < 3 else b.reshaped(own, [-1, *[1] * (log_p.rank - 2)]))
    even = b.negate(b.mean(every, axis))
    if kept is not None:
        even = b.multiply(kept, even)
    return b.add(b.multiply(b.subtract(ONE, smoothing), losses), b.multiply(smoothing, even))


def _of_probabilities(log_p: Node, target: Node, weight: Any, reduction: str, smoothing: Any) -> Node:
    axis = 1 if log_p.rank > 1 else 0
    if not _is_zero(smoothing):
        even = b.divide(node_of(smoothing), size_of(log_p.shape[axis]))
        target = b.add(b.multiply(b.subtract(ONE, node_of(smoothing)), target), even)
    terms = b.multiply(target, log_p)
    if weight is not None:
        own = b.detached(weight.node)
        terms = b.multiply(terms, own if log_p.rank < 3 else b.reshaped(own, [-1, *[1] * (log_p.rank - 2)]))
    return reduced(b.negate(b.summed(terms, axis)), reduction)


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


# --- two classes


def _bce(p: Tensor, target: Tensor, weight: Any, reduction: str) -> Node:
    """-(t log p + (1 - t) log(1 - p))."""

    def log(node: Node) -> Node:
        return b.elementwise("log", node)

    terms = b.add(
        b.multiply(target.node, log(p.node)), b.multiply(b.subtract(ONE, target.node), log(b.subtract(ONE, p.node)))
    )
    losses = b.negate(terms)
    return reduced(losses if weight is None else b.multiply(b.detached(weight.node), losses), reduction)


def _bce_with_logits(x: Tensor, target: Tensor, weight: Any, reduction: str, positive: Any) -> Node:
    """softplus(x) - t x; with weights of the positive, (1 - t) x + (1 + (w - 1) t) softplus(-x)."""
    t = target.node
    if positive is None:
        losses = b.subtract(b.elementwise("softplus", x.node), b.multiply(t, x.node))
    else:
        by = b.add(ONE, b.multiply(b.subtract(b.detached(positive.node), ONE), t))
        soft = b.elementwise("softplus", b.negate(x.node))
        losses = b.add(b.multiply(b.subtract(ONE, t), x.node), b.multiply(by, soft))
    return reduced(losses if weight is None else b.multiply(b.detached(weight.node), losses), reduction)


# --- distances


def _difference(x: Tensor, y: Tensor) -> Node:
    return b.subtract(x.node, y.node)


def _square(node: Node) -> Node:
    return b.multiply(node, node)


def _mse(x: Tensor, y: Tensor, reduction: str, weight: Any) -> Node:
    losses = _square(_difference(x, y))
    return reduced(losses if weight is None else b.multiply(b.detached(weight.node), losses), reduction)


def _smooth(x: Tensor, y: Tensor, reduction: str, width: Any, *, huber: bool) -> Node:
    """d²/2β near 0, |d| - β/2 beyond; Huber's is β times that."""
    difference = _difference(x, y)
    size, by = b.elementwise("abs", difference), node_of(width)
    if _is_zero(width):
        return reduced(size, reduction)
    half = b.number(Fraction(1, 2))
    near, far = b.multiply(half, _square(difference)), b.subtract(size, b.multiply(half, by))
    near, far = (near, b.multiply(by, far)) if huber else (b.divide(near, by), far)
    return reduced(b.where(b.compared("less", size, by), near, far), reduction)


def _kl_div(log_q: Tensor, target: Tensor, reduction: str, log_target: bool) -> Node:
    """t (log t - log q)."""
    t = target.node
    if log_target:
        return reduced(b.multiply(b.elementwise("exp", t), b.subtract(t, log_q.node)), reduction)
    is_zero = b.compared("equal", t, b.number(0))
    entropy = b.where(is_zero, b.number(0), b.multiply(t, b.elementwise("log", t)))
    return reduced(b.subtract(entropy, b.multiply(t, log_q.node)), reduction)


def _hinged(node: Node) -> Node:
    return b.elementwise("relu", node)


def _margin_ranking(x: Tensor, y: Tensor, target: Tensor, margin: Any, reduction: str) -> Node:
    return reduced(_hinged(b.add(b.negate(b.multiply(target.node, _difference(x, y))), node_of(margin))), reduction)


def _hinge_embedding(x: Tensor, target: Tensor, margin: Any, reduction: str) -> Node:
    near = b.compared("equal", target.node, ONE)
    return reduced(b.where(near, x.node, _hinged(b.subtract(node_of(margin), x.node))), reduction)


def _soft_margin(x: Tensor, target: Tensor, reduction: str) -> Node:
    return reduced(b.elementwise("softplus", b.negate(b.multiply(target.node, x.node))), reduction)


def _triplet(anchor: Tensor, near: Tensor, far: Tensor, margin: Any, p: Any, eps: Any, reduction: str) -> Node:
    if p != 2:
        raise NetcalcError("triplet_margin_loss is understood with p=2")
    lengths = [b.norm(b.add(_difference(anchor, one), node_of(eps)), -1) for one in (near, far)]
    return reduced(_hinged(b.add(b.subtract(*lengths), node_of(margin))), reduction)


def _cosine_embedding(x: Tensor, y: Tensor, target: Tensor, margin: Any, reduction: str) -> Node:
    dot = b.summed(b.multiply(x.node, y.node), -1)
    eps = node_of(Fraction("1e-12"))
    lengths = [b.add(b.summed(_square(one.node), -1), eps) for one in (x, y)]
    cosine = b.divide(dot, b.elementwise("sqrt", b.multiply(*lengths)))
    alike = b.compared("greater", target.node, b.number(0))
    return reduced(b.where(alike, b.subtract(ONE, cosine), _hinged(b.subtract(cosine, node_of(margin)))), reduction)


def _gaussian(x: Tensor, target: Tensor, var: Tensor, full: bool, eps: Any, reduction: str) -> Node:
    if full:
        raise NetcalcError("gaussian_nll_loss is understood without full=True")
    spread = b.elementwise("max", var.node, node_of(eps))
    terms = b.add(b.elementwise("log", spread), b.divide(_square(_difference(x, target)), spread))
    return reduced(b.multiply(b.number(Fraction(1, 2)), terms), reduction)


def _poisson(x: Tensor, target: Tensor, log_input: bool, full: bool, eps: Any, reduction: str) -> Node:
    if full:
        raise NetcalcError("poisson_nll_loss is understood without full=True")
    if log_input:
        return reduced(b.subtract(b.elementwise("exp", x.node), b.multiply(target.node, x.node)), reduction)
    log = b.elementwise("log", b.add(x.node, node_of(eps)))
    return reduced(b.subtract(x.node, b.multiply(target.node, log)), reduction)


def _multi_margin(call: Call, x: Tensor, target: Tensor, p: int, margin: Any, weight: Any, reduction: str) -> Node:
    """Σ over the wrong classes of max(0, margin - right + wrong)^p / classes."""
    call.index(target)
    node = x.node if x.rank == 2 else b.index(x.node, [None])
    classes = target.node if target.rank else b.index(target.node, [None])
    right = b.index(_picked(node, classes), [ALL, None])
    hinge = _hinged(b.add(b.subtract(node, right), node_of(margin)))
    hinge = _square(hinge) if p == 2 else hinge
    if weight is not None:
        own = b.index(b.detached(weight.node), [b.Place(1)], [classes])
        hinge = b.multiply(hinge, b.index(own, [ALL, None]))
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
    Row(
        "binary_cross_entropy",
        f"{_XY} weight:t?=None size_average:v=None reduce:v=None {_R}",
        lambda x, t, w, _s, _d, r: _bce(x, t, w, r),
        "-(t log p + (1 - t) log(1 - p))",
    ),
    Row(
        "binary_cross_entropy_with_logits",
        f"{_XY} weight:t?=None size_average:v=None reduce:v=None {_R} pos_weight:t?=None",
        lambda x, t, w, _s, _d, r, p: _bce_with_logits(x, t, w, r, p),
        "softplus(x) - t x",
    ),
    Row(
        "sigmoid_binary_cross_entropy",
        "logits:t labels:t",
        lambda x, t: _bce_with_logits(x, t, None, "none", None),
        "softplus(x) - t x",
    ),
    Row(
        "mse_loss",
        f"{_XY} size_average:v=None reduce:v=None {_R} weight:t?=None",
        lambda x, y, _s, _d, r, w: _mse(x, y, r, w),
        "(x - y)²",
    ),
    Row(
        "l1_loss",
        f"{_XY} size_average:v=None reduce:v=None {_R}",
        lambda x, y, _s, _d, r: reduced(b.elementwise("abs", _difference(x, y)), r),
        "|x - y|",
    ),
    Row(
        "smooth_l1_loss",
        f"{_XY} size_average:v=None reduce:v=None {_R} beta:v=1",
        lambda x, y, _s, _d, r, w: _smooth(x, y, r, w, huber=False),
        "|x - y|, smooth at 0",
    ),
    Row(
        "huber_loss",
        f"{_XY} {_R} delta:v=1",
        lambda x, y, r, w: _smooth(x, y, r, w, huber=True),
        "(x - y)²/2 near 0, linear beyond",
    ),
    Row(
        "kl_div",
        f"{_XY} size_average:v=None reduce:v=None {_R} log_target:b=False",
        lambda x, t, _s, _d, r, g: _kl_div(x, t, r, g),
        "t (log t - log q)",
    ),
    Row(
        "margin_ranking_loss",
        f"input1:t input2:t target:t margin:v=0 {_R}",
        _margin_ranking,
        "max(0, margin - t (x - y))",
    ),
    Row("hinge_embedding_loss", f"{_XY} margin:v=1 {_R}", _hinge_embedding, "x, or max(0, margin - x)"),
    Row("soft_margin_loss", f"{_XY} {_R}", _soft_margin, "log(1 + exp(-t x))"),
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
    Row("gaussian_nll_loss", f"{_XY} var:t full:b=False eps:v=1e-6 {_R}", _gaussian, "(log v + (x - t)²/v)/2"),
    Row("poisson_nll_loss", f"{_XY} log_input:b=True full:b=False eps:v=1e-8 {_R}", _poisson, "eˣ - t x"),
    Row(
        "multi_margin_loss",
        f"{_XY} p:i=1 margin:v=1 weight:t?=None {_R}",
        _multi_margin,
        "Σ max(0, margin - right + wrong)/classes",
        asks=True,
    ),
]
