"""The linear recurrence over a DAG level by level: what a level's predecessors bring is gathered and summed at once.

Where all edges into a node share a coefficient, that is ``a_v`` times the sum of its predecessors; where they do not,
the sum of the products. On the turned graph a node's coefficient belongs to what it sends, so it is multiplied once,
when the node is done. Sums are gathered, never scattered, so that every run adds in the same order.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.flow import EDGE, SHARED, SOURCE, TARGET, Flow, shared_by, times

_SUM = 0  # torch.embedding_bag's number
_NUMBERS = 1 << 17  # of the products of edges that are made at a time, so that they stay in the processor's caches
_NODES = 2048  # nodes whose predecessors are summed at a time


def by_level(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return h [N, C], level after level.

    Args:
        a: [rows, G].
        b: [N, C] in places.
        edges: where to walk.
        per: whose row of ``a`` an edge takes.
        turned: whether the edges are turned round.
    """
    if not edges.edge.numel() or not b.numel():
        return b.clone(memory_format=torch.contiguous_format)
    h = torch.empty(b.shape, dtype=b.dtype, device=b.device)
    walk = _each_edge if per == EDGE else _sent if per == SOURCE else _received
    walk(a, b, h, edges, turned)
    return h


def _received(a: Tensor, b: Tensor, h: Tensor, edges: Flow, turned: bool) -> None:
    """Walk where a node's coefficient is that of all its edges: ``h_v = b_v + a_v * sum of h_u``."""
    rows, (source, start) = _real(h), _gathers(edges, turned)
    given, nodes, own = _cut(b, edges), _cut(h, edges), [a] * len(source) if a.size(0) == 1 else _cut(a, edges)
    for k in _walk(edges, turned):
        if source[k].numel():
            seen = _like(torch.embedding_bag(rows, source[k], start[k], False, _SUM)[0], h)
            _add_product(given[k], own[k], seen, nodes[k])
        else:
            nodes[k].copy_(given[k])


def _sent(a: Tensor, b: Tensor, h: Tensor, edges: Flow, turned: bool) -> None:
    """Walk where an edge takes its source's coefficient: ``h_v = b_v + sum of (a_u h_u)``."""
    messages = torch.empty_like(h)
    rows, (source, start) = _real(messages), _gathers(edges, turned)
    given, nodes, own, sent = (_cut(t, edges) for t in (b, h, a, messages))
    for k in _walk(edges, turned):
        if source[k].numel():
            seen = torch.embedding_bag(rows, source[k], start[k], False, _SUM)[0]
            torch.add(given[k], _like(seen, h), out=nodes[k])
        else:
            nodes[k].copy_(given[k])
        _product(own[k], nodes[k], sent[k])


def _each_edge(a: Tensor, b: Tensor, h: Tensor, edges: Flow, turned: bool) -> None:
    """Walk where every edge has its own coefficient."""
    source, start = _gathers(edges, turned)
    _, _, row = edges.ends(EDGE, turned)
    assert row is not None
    sizes, numbers = [len(part) for part in source], torch.arange(row.numel(), device=row.device)
    parts = a.split_with_sizes(sizes) if edges.is_in_order and not turned else None
    wanted, given, nodes = row.split_with_sizes(sizes), _cut(b, edges), _cut(h, edges)
    for k in _walk(edges, turned):
        if sizes[k]:
            message = h.index_select(0, source[k])
            own = a.index_select(0, wanted[k]) if parts is None else parts[k]
            _product(own, message, message)
            seen = torch.embedding_bag(_real(message), numbers[: sizes[k]], start[k], False, _SUM)[0]
            torch.add(given[k], _like(seen, h), out=nodes[k])
        else:
            nodes[k].copy_(given[k])


def gradient(g: Tensor, h: Tensor, a: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return the gradient of a: ``g_v conj(h_u)``, summed over what shares a coefficient."""
    h = h.conj().resolve_conj()
    if per in (TARGET, SHARED) and h.numel():
        return _node_gradient(g, h, a, edges, turned)
    source, target, row = edges.ends(per, turned)
    in_order = per == EDGE and edges.is_in_order and not turned
    da = torch.empty_like(a) if in_order else torch.zeros_like(a)
    if row is None:
        return da
    count = max(16, _NUMBERS // max(1, h.size(1)))
    for number, (u, v, e) in enumerate(zip(*(t.split(count) for t in (source, target, row)), strict=True)):
        here, before, part = g.index_select(0, v), h.index_select(0, u), da[number * count : (number + 1) * count]
        if in_order and part.shape == here.shape:
            torch.mul(here, before, out=part)
            continue
        product = shared_by(here.mul_(before), a.size(-1))
        if in_order:
            part.copy_(product)
        elif per == EDGE:
            da.index_copy_(0, e, product)
        else:
            da.index_add_(0, e, product)
    return da


def _node_gradient(g: Tensor, h: Tensor, a: Tensor, edges: Flow, turned: bool) -> Tensor:
    """Return the gradient where all edges into a node share its coefficient: ``g_v conj(sum of h_u)``."""
    source, start, bounds = edges.gathers(turned, _NODES)
    da, rows = torch.zeros_like(a) if a.size(0) == 1 else torch.empty_like(a), _real(h)
    for number, (begin, mine) in enumerate(zip(start.split(_NODES), g.split(_NODES), strict=True)):
        first, last = bounds[number : number + 2]
        seen = _like(torch.embedding_bag(rows, source[first:last], begin - first, False, _SUM)[0], h)
        into = da[number * _NODES : (number + 1) * _NODES]
        if into.shape == seen.shape and a.size(0) > 1:
            torch.mul(seen, mine, out=into)
            continue
        part = shared_by(seen.mul_(mine), a.size(-1))
        if a.size(0) == 1:
            da.add_(part.sum(0, keepdim=True))
        else:
            into.copy_(part)
    return da


def _walk(edges: Flow, turned: bool) -> "range | Iterator[int]":
    """Return the numbers of the blocks in the order of the walk."""
    blocks = range(edges.incidence.node_ptr.numel() - 1)
    return reversed(blocks) if turned else blocks


def _cut(rows: Tensor, edges: Flow) -> tuple[Tensor, ...]:
    """Return each block's rows of a tensor of all nodes."""
    return rows.split_with_sizes(edges.incidence.node_ptr.diff().tolist())


def _gathers(edges: Flow, turned: bool) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return the sources of each block's edges, and where among them each node's begin."""
    seen = edges.incidence
    ptr, start = (seen.out_ptr, seen.out_start) if turned else (seen.in_ptr, seen.in_start)
    sizes = [b - a for a, b in pairwise(ptr.tolist())]
    source = edges.target.index_select(0, seen.out_slot) if turned else seen.source
    return source.split_with_sizes(sizes), _cut(start[:, 0].contiguous(), edges)


def _real(rows: Tensor) -> Tensor:
    """Return complex rows [n, C] as real ones [n, 2 C], which can be summed alike."""
    return torch.view_as_real(rows).flatten(1) if rows.is_complex() else rows


def _like(rows: Tensor, h: Tensor) -> Tensor:
    """Return sums of what :func:`_real` returned as they were."""
    return torch.view_as_complex(rows.unflatten(1, (-1, 2))) if h.is_complex() else rows


def _add_product(b: Tensor, a: Tensor, rows: Tensor, out: Tensor) -> None:
    if a.size(-1) == rows.size(-1):
        torch.addcmul(b, a, rows, out=out)
    else:
        torch.add(b, times(a, rows), out=out)


def _product(a: Tensor, rows: Tensor, out: Tensor) -> None:
    if a.size(-1) == rows.size(-1):
        torch.mul(a, rows, out=out)
    else:
        out.copy_(times(a, rows))
