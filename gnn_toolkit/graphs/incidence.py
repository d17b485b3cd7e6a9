"""The edges that end and that begin at every node of an order: what a kernel needs to gather sums, forth and back."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

BLOCK = 2048  # nodes: a larger level is cut, so that what a kernel does to a block stays in the processor's caches


class Incidence(NamedTuple):
    """The edges of a :class:`LevelOrder`, seen from both ends, and blocks of nodes that can be updated together.

    A block is a level, or a part of a large one. *Slots* number the edges by target, then by type. A *row* is
    ``place * R + type``. Starts count from the first edge of their block.

    Attributes:
        source: [E] the place of each slot's source.
        local: [E] the place of each slot's target, counted from its block's first place.
        source_row: [E] the row of each slot's source.
        in_start: [N, R] where each row's incoming edges begin among the slots.
        out_slot: [E] the slots, sorted by their sources' rows.
        out_row: [E] the rows of their targets, in that order.
        out_start: [N, R] where each row's outgoing edges begin in that order.
        node_ptr: int64 on the CPU [B + 1]: block ``b`` holds the places ``node_ptr[b]`` to ``node_ptr[b + 1]``.
        in_ptr: the same for the slots.
        out_ptr: the same for the edges sorted by source.
    """

    source: Tensor
    local: Tensor
    source_row: Tensor
    in_start: Tensor
    out_slot: Tensor
    out_row: Tensor
    out_start: Tensor
    node_ptr: Tensor
    in_ptr: Tensor
    out_ptr: Tensor


def incidence(
    source: Tensor, target: Tensor, relation: Tensor, node_ptr: Tensor, count: int, relations: int
) -> Incidence:
    """Return the incidence of an order's edges.

    Args:
        source: [E] places.
        target: [E] places.
        relation: [E] types.
        node_ptr: int64 on the CPU, the order's.
        count: number of nodes N.
        relations: number of types R.

    >>> edges = torch.tensor([[0, 1], [2, 2], [0, 0]])
    >>> incidence(*edges, torch.tensor([0, 2, 3]), 3, 1).in_ptr
    tensor([0, 0, 2])
    """
    tensors: Any = _incidence(source, target, relation, node_ptr, count, relations, BLOCK)
    return Incidence(*tensors)


def path_incidence(node_ptr: Tensor) -> Incidence:
    """Return the incidence of a batch of paths, whose edges follow from ``node_ptr`` and are left out."""
    none = torch.empty(0, dtype=torch.long)
    return Incidence(none, none, none, none.view(0, 1), none, none, none.view(0, 1), node_ptr, none, none)


@torch.library.custom_op("gnn_toolkit::incidence", mutates_args=())
def _incidence(
    source: Tensor, target: Tensor, relation: Tensor, node_ptr: Tensor, count: int, relations: int, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    slots = torch.argsort(target * relations + relation, stable=True)
    source, target, relation = source[slots], target[slots], relation[slots]
    source_row, target_row = source * relations + relation, target * relations + relation
    out_slot = torch.argsort(source_row, stable=True)
    node_ptr = _cut(node_ptr, block)
    of_node = torch.arange(node_ptr.numel() - 1).repeat_interleave(node_ptr.diff()).to(source.device)
    in_start, in_ptr = _starts(target_row, node_ptr, of_node, count, relations)
    out_start, out_ptr = _starts(source_row, node_ptr, of_node, count, relations)
    local = target - node_ptr.to(target.device)[of_node][target]
    return source, local, source_row, in_start, out_slot, target_row[out_slot], out_start, node_ptr, in_ptr, out_ptr


def _cut(node_ptr: Tensor, block: int) -> Tensor:
    """Return the boundaries of blocks of at most ``block`` nodes that respect those of the levels."""
    sizes = node_ptr.diff()
    pieces = ((sizes + block - 1) // block).clamp(min=1)
    level = torch.arange(sizes.numel()).repeat_interleave(pieces)
    piece = torch.arange(level.numel()) - (pieces.cumsum(0) - pieces)[level]
    return torch.cat([node_ptr[:-1][level] + piece * block, node_ptr[-1:]])


def _starts(rows: Tensor, node_ptr: Tensor, of_node: Tensor, count: int, relations: int) -> tuple[Tensor, Tensor]:
    """Return where each row's edges begin, from the first of its block [N, R], and where each block's do."""
    edges = torch.bincount(rows, minlength=count * relations)
    ends = torch.cat([edges.new_zeros(1), edges.cumsum(0)])
    ptr = ends[(node_ptr * relations).to(ends.device)]
    return ends[:-1].view(count, relations) - ptr[:-1][of_node].unsqueeze(1), ptr.cpu()


@_incidence.register_fake
def _(
    source: Tensor, target: Tensor, relation: Tensor, node_ptr: Tensor, count: int, relations: int, block: int
) -> Any:
    blocks = torch.library.get_ctx().new_dynamic_size()
    edge, rows = torch.empty_like(source), source.new_empty(count, relations)
    pointers = [node_ptr.new_empty(blocks) for _ in range(3)]
    copies = [torch.empty_like(edge) for _ in range(4)]
    return edge, *copies[:2], rows, *copies[2:], torch.empty_like(rows), *pointers
