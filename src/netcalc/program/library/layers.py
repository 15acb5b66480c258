"""Layers without weights of their own: linear maps, embeddings, normalisations, attention."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.leaves import triangular_ones
from netcalc.graph.node import Node
from netcalc.graph.sizes import described, over, same, settled, written
from netcalc.program.library.elementwise import MINUS_INFINITY
from netcalc.program.library.reductions import norm_of_vectors
from netcalc.program.library.shaping import swapped_axes
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import sizes as to_sizes
from netcalc.program.values import Tensor, node_of


def _linear(x: Tensor, weight: Tensor, bias: Any) -> Node:
    """x Wᵀ + b."""
    w = weight.node if weight.rank == 1 else b.swapped(weight.node)
    found = b.matmul(x.node, w)
    return found if bias is None else b.add(found, bias.node)


def _bilinear(x: Tensor, y: Tensor, weight: Tensor, bias: Any) -> Node:
    found = b.einsum("...i,oij,...j->...o", x.node, weight.node, y.node)
    return found if bias is None else b.add(found, bias.node)


def _embedding(call: Call, places: Tensor, weight: Tensor) -> Node:
    if places.rank == 2 and weight.rank < 2:
        places, weight = weight, places
    call.index(places, weight.shape[0])
    return b.index(weight.node, [b.Place(1)], [places.node])


def _normalised(x: Node, axes: Any, eps: Any) -> Node:
    """(x - mean)/√(var + ε) along axes."""
    centred = b.subtract(x, b.mean(x, axes, keep=True))
    spread = b.elementwise("sqrt", b.add(b.variance(x, axes, keep=True), node_of(eps)))
    return b.divide(centred, spread)


def _scaled(x: Node, weight: Any, bias: Any) -> Node:
    if weight is not None:
        x = b.multiply(x, weight)
    return x if bias is None else b.add(x, bias)


def _layer_norm(x: Tensor, shape: Any, weight: Any, bias: Any, eps: Any) -> Node:
    sizes = to_sizes(shape)
    own = x.shape[x.rank - len(sizes) :]
    if len(sizes) > x.rank or not all(same(one, other) for one, other in zip(sizes, own, strict=True)):
        raise ShapeError(f"layer_norm over {written(sizes)} does not fit {written(x.shape)}")
    found = _normalised(x.node, tuple(range(-len(sizes), 0)), eps)
    return _scaled(found, *(one and one.node for one in (weight, bias)))


def _rms_norm(x: Tensor, shape: Any, weight: Any, eps: Any) -> Node:
    axes = tuple(range(-len(to_sizes(shape)), 0))
    square = b.mean(b.multiply(x.node, x.node), axes, keep=True)
    found = b.divide(x.node, b.elementwise("sqrt", b.add(square, node_of(Fraction(1, 2**52) if eps is None else eps))))
    return _scaled(found, weight and weight.node, None)


def _by_channel(value: Any, rank: int) -> Any:
    """A number a channel, to go with (batch, channels, …)."""
    return None if value is None else b.reshaped(value.node, [value.node.shape[0], *[1] * (rank - 2)])


def _batch_norm(x: Tensor, mean: Any, variance: Any, weight: Any, bias: Any, training: bool, _: Any, eps: Any) -> Node:
    axes = (0, *range(2, x.rank))
    if training or mean is None:
        found = _normalised(x.node, axes, eps)
    else:
        spread = b.elementwise("sqrt", b.add(_by_channel(variance, x.rank), node_of(eps)))
        found = b.divide(b.subtract(x.node, _by_channel(mean, x.rank)), spread)
    return _scaled(found, _by_channel(weight, x.rank), _by_channel(bias, x.rank))


def _group_norm(x: Tensor, groups: int, weight: Any, bias: Any, eps: Any) -> Node:
    part = over(x.shape[1], groups) if x.rank > 1 and groups > 0 else None
    if part is None and x.rank < 2:
        raise ShapeError(f"group_norm takes (batch, channels, …); this is {described(x.shape)}")
    if part is None:
        raise ShapeError(f"{x.shape[1]} channels do not split into {groups} groups")
    apart = b.reshaped(x.node, [x.shape[0], groups, part, *x.shape[2:]])
    found = b.reshaped(_normalised(apart, tuple(range(2, apart.rank)), eps), x.shape)
    return _scaled(found, _by_channel(weight, x.rank), _by_channel(bias, x.rank))


def _instance_norm(x: Tensor, _mean: Any, _var: Any, weight: Any, bias: Any, _use: Any, _by: Any, eps: Any) -> Node:
    found = _normalised(x.node, tuple(range(2, x.rank)), eps)
    return _scaled(found, _by_channel(weight, x.rank), _by_channel(bias, x.rank))


def _normalize(x: Tensor, p: Any, axis: Any, eps: Any) -> Node:
    """x / max(‖x‖, ε)."""
    return b.divide(x.node, b.elementwise("max", norm_of_vectors(x, p, axis, True), node_of(eps)))


def _dropout(call: Call, x: Tensor, p: Any, training: Any) -> Node:
    if training is False or p == 0:
        return x.node
    raise NetcalcError(
        f"{call.name} draws at random: give the mask with --at, and write x * mask / (1 - p) here, or take "
        "training=False, as model.eval() has it"
    )


def _attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, dropout: Any, causal: bool, scale: Any, groups: bool
) -> Node:
    """softmax(q kᵀ·scale + mask) v."""
    if dropout not in (None, 0):
        raise NetcalcError("attention with dropout draws at random; write dropout_p=0")
    keys, values = (_repeated_heads(one.node, q.node) if groups else one.node for one in (k, v))
    return _attended(q.node, keys, values, [mask], causal, scale)


def _attention_by_place(q: Tensor, k: Tensor, v: Tensor, bias: Any, mask: Any, scale: Any, causal: bool) -> Node:
    """The same of (batch, places, heads, width), as in JAX, where queries may share heads."""
    if not {3, 4} >= {one.rank for one in (q, k, v)}:
        raise ShapeError(f"dot_product_attention takes (batch, places, heads, width); this is {described(q.shape)}")
    own, *rest = (swapped_axes(one, -3, -2) for one in (q, k, v))
    keys, values = (_repeated_heads(one, own) for one in rest)
    return swapped_axes(Tensor(_attended(own, keys, values, [bias, mask], causal, scale)), -3, -2)


def _attended(q: Node, k: Node, v: Node, masks: list[Any], causal: bool, scale: Any) -> Node:
    width = settled(q.shape[-1])
    by = node_of(scale) if scale is not None else b.divide(b.number(1), b.elementwise("sqrt", b.of_size(width)))
    scores = b.multiply(b.matmul(q, b.swapped(k)), by)
    hidden = b.number_of(MINUS_INFINITY)
    if causal:
        rows, columns = (concrete(settled(one), "is_causal") for one in scores.shape[-2:])
        scores = b.where(triangular_ones(rows, columns, 0, lower=True), scores, hidden)
    for mask in masks:
        if mask is not None:
            scores = b.where(mask.node, scores, hidden) if mask.kind == "bool" else b.add(scores, mask.node)
    return b.matmul(b.softmax(scores, -1), v)


def _repeated_heads(node: Node, q: Node) -> Node:
    """Heads that several queries share."""
    heads, own = settled(q.shape[-3]), settled(node.shape[-3])
    many = over(heads, own)
    if many is None:
        raise ShapeError(f"{heads} heads are no multiple of {own}")
    wide = b.index(node, [*[b.EVERYTHING] * (node.rank - 2), None])
    shape = (*node.shape[:-2], many, *node.shape[-2:])
    return b.reshaped(b.broadcast(wide, shape), [*node.shape[:-3], heads, *node.shape[-2:]])


def _pixel_shuffle(x: Tensor, factor: int) -> Node:
    *front, channels, height, width = x.shape
    own = over(channels, factor * factor)
    if own is None:
        raise ShapeError(f"{channels} channels do not split into {factor * factor}")
    apart = b.reshaped(x.node, [*front, own, factor, factor, height, width])
    n = len(front)
    order = [*range(n), n, n + 3, n + 1, n + 4, n + 2]
    return b.reshaped(b.transpose(apart, order), [*front, own, height * factor, width * factor])


_AFFINE = "weight:t?=None bias:t?=None"
ROWS = [
    Row("linear", "input|x:t weight:t bias:t?=None", _linear, "x Wᵀ + b"),
    Row("bilinear", "input1:t input2:t weight:t bias:t?=None", _bilinear, "xᵀ W y + b"),
    Row("embedding", "input|indices:t weight:t", _embedding, "rows at places", asks=True),
    Row(
        "layer_norm",
        f"input|x:t normalized_shape:v {_AFFINE} eps:v=1e-5",
        _layer_norm,
        "(x - mean)/√(var + ε) over the last axes",
    ),
    Row("rms_norm", "input|x:t normalized_shape:v weight:t?=None eps:v=None", _rms_norm, "x/√(mean x² + ε)"),
    Row(
        "batch_norm",
        f"input|x:t running_mean:t?=None running_var:t?=None {_AFFINE} training:b=False momentum:v=0.1 eps:v=1e-5",
        _batch_norm,
        "(x - mean)/√(var + ε) over the batch",
    ),
    Row(
        "group_norm",
        f"input|x:t num_groups:i {_AFFINE} eps:v=1e-5",
        _group_norm,
        "(x - mean)/√(var + ε) over groups of channels",
    ),
    Row(
        "instance_norm",
        f"input|x:t running_mean:v=None running_var:v=None {_AFFINE} use_input_stats:v=True momentum:v=0.1 eps:v=1e-5",
        _instance_norm,
        "(x - mean)/√(var + ε) over each channel",
    ),
    Row("normalize", "input|x:t p:v=2 dim|axis:a=1 eps:v=1e-12", _normalize, "x/‖x‖"),
    Row(
        "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout",
        "input|x:t p:v=0.5 training:v=True",
        _dropout,
        "x, without dropping",
        asks=True,
    ),
    Row(
        "scaled_dot_product_attention",
        "query:t key:t value:t attn_mask:t?=None dropout_p:v=0 is_causal:b=False scale:v=None enable_gqa:b=False",
        _attention,
        "softmax(q kᵀ/√d) v",
    ),
    Row(
        "dot_product_attention",
        "query:t key:t value:t bias:t?=None mask:t?=None scale:v=None is_causal:b=False",
        _attention_by_place,
        "the same of (batch, places, heads, width), as in JAX",
    ),
    Row("pixel_shuffle", "input:t upscale_factor:i", _pixel_shuffle, "channels as finer places"),
]
