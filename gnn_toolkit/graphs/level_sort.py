"""Nodes and edges of a DAG sorted by topological level; paths in the packed layout."""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.graphs.levels import climb


@torch.library.custom_op("gnn_toolkit::sort_by_level", mutates_args=())
def sort_by_level(
    edge_index: Tensor, level: Tensor, relation: Tensor, num_relations: int, packed: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the tensors of a :class:`~gnn_toolkit.graphs.order.LevelOrder`; one op, for their sizes follow from it."""
    count = level.numel()
    level, key = _packed(edge_index, level) if packed else (_dense_rank(level), None)
    nodes = torch.argsort(level if key is None else key, stable=True)
    places = inverse(nodes)
    source, target = places[edge_index[0]], places[edge_index[1]]
    num_levels = int(level.max()) + 1 if count else 0
    slot = level[edge_index[1]] * num_relations + relation
    edges = torch.argsort(slot * max(count, 1) + target, stable=True)
    node_ptr = pointers(torch.bincount(level, minlength=num_levels).cpu())
    edge_ptr = pointers(torch.bincount(slot, minlength=num_levels * num_relations).cpu())
    starts, ends = _without(target, count), _without(source, count)
    level = level[nodes]
    if packed:
        ends = ends[torch.argsort(ends - node_ptr.to(ends.device)[level[ends]])]
    return nodes, level, source[edges], target[edges], edges, relation[edges], node_ptr, edge_ptr, starts, ends


@sort_by_level.register_fake
def _(edge_index: Tensor, level: Tensor, relation: Tensor, num_relations: int, packed: bool) -> tuple[Tensor, ...]:
    context: Any = torch.library.get_ctx()
    levels, slots, starts, ends = (context.new_dynamic_size() for _ in range(4))
    node, edge = torch.empty_like(level), edge_index.new_empty(edge_index.size(1))
    pointers = [level.new_empty(size, device="cpu") for size in (levels, slots)]
    return (
        *(node, torch.empty_like(node), edge, *(torch.empty_like(edge) for _ in range(3)), *pointers),
        *(level.new_empty(size) for size in (starts, ends)),
    )


def inverse(permutation: Tensor) -> Tensor:
    """Return the permutation that undoes one."""
    ranks = torch.arange(permutation.size(0), device=permutation.device)
    return torch.empty_like(permutation).scatter_(0, permutation, ranks)


def _without(role: Tensor, count: int) -> Tensor:
    """Return the places that no edge has in this role."""
    free = torch.ones(count, dtype=torch.bool, device=role.device)
    free[role] = False
    return free.nonzero().squeeze(1)


def is_paths(edge_index: Tensor, num_nodes: int) -> bool:
    """Return whether no node has two predecessors or two successors."""
    if edge_index.size(1) == 0:
        return True
    return all(int(torch.bincount(row, minlength=num_nodes).max()) <= 1 for row in edge_index)


def _packed(edge_index: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Return (position along its path, sort key of the packed layout) of every node of a batch of paths."""
    num_nodes = level.numel()
    if bool((edge_index[1] - edge_index[0] == 1).all()):
        starts = torch.ones_like(level)
        starts[edge_index[1]] = 0
        path = starts.cumsum(0) - 1
        length = torch.bincount(path)
        position = torch.arange(num_nodes, device=level.device) - (length.cumsum(0) - length)[path]
    else:
        root, position = climb(edge_index, num_nodes)
        _, path = torch.unique(root, return_inverse=True)
        length = torch.bincount(path)
    rank = inverse(torch.argsort(length, descending=True, stable=True))
    return position, position * max(length.numel(), 1) + rank[path]


def _dense_rank(level: Tensor) -> Tensor:
    """Return levels renumbered 0, 1, 2, ... without gaps."""
    return torch.unique(level, return_inverse=True)[1]


def pointers(counts: Tensor) -> Tensor:
    """Return where each of consecutive runs begins, and where the last one ends."""
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
