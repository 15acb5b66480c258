"""Reverse accumulation: the one place that knows how to go backward, through formulas and through graphs of tensors.

A. Griewank, A. Walther, "Evaluating Derivatives", SIAM 2008, ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from netcalc.records import NamedTuple

N = TypeVar("N", bound=Hashable)  # a node
G = TypeVar("G")  # a gradient


class Contribution(NamedTuple, Generic[N, G]):
    """Where a node is used: as argument `place` of `node`; `share` is what comes back to it from there."""

    node: N
    place: int
    share: G


class Accumulated(NamedTuple, Generic[N, G]):
    """A backward pass: the gradient of every node that matters, and what it is added up from, last use first."""

    gradients: dict[N, G]
    uses: dict[N, list[Contribution[N, G]]]


def reverse(
    order: Sequence[N],
    arguments: Callable[[N], Sequence[N]],
    wrt: Collection[N] | None,
    seed: G,
    added: Callable[[N, Sequence[G]], G],
    shares: Callable[[N, G, Sequence[int]], Iterable[tuple[int, G]]],
) -> Accumulated[N, G]:
    """The gradients, by every node that leads there from `wrt`, of the last node of `order`, whose own is `seed`.

    `order` has arguments before what uses them. `added(node, parts)` is the gradient of a node whose uses give it
    these, the last use first; `shares(node, gradient, places)` is what a node passes on to those of its arguments.
    """
    leads = _leading(order, arguments, wrt)
    gradients: dict[N, G] = {}
    uses: dict[N, list[Contribution[N, G]]] = {}
    for node in reversed(order):
        if node == order[-1] and node in leads:
            parts = [seed]
        elif node in uses:
            parts = [use.share for use in uses[node]]
        else:
            continue
        gradient = gradients[node] = added(node, parts)
        args = arguments(node)
        for place, share in shares(node, gradient, [place for place, arg in enumerate(args) if arg in leads]):
            uses.setdefault(args[place], []).append(Contribution(node, place, share))
    return Accumulated(gradients, uses)


def _leading(order: Sequence[N], arguments: Callable[[N], Sequence[N]], wrt: Collection[N] | None) -> Collection[N]:
    """The nodes that depend on one of `wrt`, and these."""
    if wrt is None:
        return set(order)
    leads: set[N] = set()
    for node in order:
        if node in wrt or any(arg in leads for arg in arguments(node)):
            leads.add(node)
    return leads
