"""What every kernel needs to walk: the levels of an order as slices."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor


class Structure(NamedTuple):
    """A walk's structure, as the tensors that an op takes.

    Attributes:
        source: [E] the place of each edge's source.
        local: [E] each edge's target, counted from the start of its level.
        node_ptr: CPU int64 [L + 1], see :class:`gnn_toolkit.graphs.LevelOrder`.
        edge_ptr: CPU int64 [L * R + 1].
        scale: [R, N, 1] one over the in-degree, to average where the layer averages; an empty tensor where it sums.
    """

    source: Tensor
    local: Tensor
    node_ptr: Tensor
    edge_ptr: Tensor
    scale: Tensor


class Level(NamedTuple):
    """One level: its rows among the states, its rows among the gates, and its edges by relation."""

    states: slice
    gates: slice
    edges: tuple[slice, ...]


def levels(node_ptr: Tensor, edge_ptr: Tensor, num_relations: int, extra: int) -> list[Level]:
    """Return the levels to compute, in order; a level of initial states is not among them."""
    return list(_levels(node_ptr.tolist(), edge_ptr.tolist(), num_relations, extra))


def _levels(nodes: list[int], edges: list[int], num_relations: int, extra: int) -> Iterator[Level]:
    for level in range(1 if extra else 0, len(nodes) - 1):
        first, last = nodes[level], nodes[level + 1]
        slots = edges[level * num_relations : (level + 1) * num_relations + 1]
        by_type = tuple(slice(a, b) for a, b in pairwise(slots))
        yield Level(slice(first, last), slice(first - extra, last - extra), by_type)


def gather_sums(
    level: Level, h: Tensor, sums: Tensor, source: Tensor, local: Tensor, scale: Tensor
) -> list[tuple[int, Tensor]]:
    """Fill a level's rows of ``sums`` [R, N, H] with ``s_r,v``; return those of the relations that have edges here."""
    found = []
    for r, edges in enumerate(level.edges):
        if edges.stop > edges.start:
            s = sums[r, level.gates]
            s.index_add_(0, local[edges], h.index_select(0, source[edges]))
            if scale.numel():
                s.mul_(scale[r, level.gates])
            found.append((r, s))
    return found


def scatter_back(level: Level, r: int, dh: Tensor, ds: Tensor, source: Tensor, local: Tensor, scale: Tensor) -> None:
    """Add ``ds_r,v`` to ``dh_u`` for every edge u -> v of type r into a level."""
    edges = level.edges[r]
    if scale.numel():
        ds = ds * scale[r, level.gates]
    dh.index_add_(0, source[edges], ds.index_select(0, local[edges]))


def weight_gradient(dq: Tensor, sums: Tensor) -> Tensor:
    """Return ``dW_r = sum over v of dq_v s_r,v^T`` for every relation, [R, G * H, H]."""
    return torch.stack([dq.t() @ s for s in sums])
