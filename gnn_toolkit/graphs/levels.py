"""Topological levels of a directed acyclic graph, and the naming of a cycle where there is one."""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit import _checks


def topological_levels(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return each node's level in a DAG: the number of edges on the longest path that ends at it.

    ``level(v) = 0`` for a node without predecessors, else ``1 + max(level(u) for u -> v)``. Graphs in which no node
    has two predecessors (paths, trees walked from the root) take ``log2(depth)`` vectorised passes; any other DAG
    takes one walk over its nodes and edges (Kahn 1962).

    Args:
        edge_index: integer tensor [2, E], row 0 sources, row 1 targets.
        num_nodes: number of nodes N.

    Returns:
        int64 tensor [N] on the device of ``edge_index``.

    Raises:
        ValueError: an index lies outside [0, N), or the graph has a cycle; the message names the nodes of one.

    >>> topological_levels(torch.tensor([[0, 1, 0, 3], [1, 2, 2, 2]]), 4)
    tensor([0, 1, 2, 0])
    """
    num_nodes = _checks.count("num_nodes", num_nodes)
    _checks.edges(edge_index, num_nodes)
    return _levels(edge_index, num_nodes)


def _levels(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return the levels of a graph whose edges were checked."""
    in_degree = torch.bincount(edge_index[1], minlength=num_nodes)
    if edge_index.size(1) == 0:
        return in_degree
    if int(in_degree.max()) <= 1:
        _, level = climb(edge_index, num_nodes)
    else:
        level = _peel(edge_index, num_nodes)
    if bool((level < 0).any()):
        raise ValueError(_cycle_problem(edge_index, level < 0))
    return level


@torch.library.custom_op("gnn_toolkit::checked_levels", mutates_args=())
def checked_levels(
    edge_index: Tensor, level: Tensor | None, edge_type: Tensor | None, num_nodes: int, num_relations: int
) -> Tensor:
    """Return the given levels or compute them, after all that a graph to walk consists of was checked, once.

    Raises:
        ValueError: an index or a type out of range, levels that do not grow along an edge, or a cycle.
    """
    _checks.edges(edge_index, num_nodes)
    if edge_type is not None or num_relations > 1:
        _checks.edge_types(edge_type, edge_index.size(1), num_relations)
    if level is None:
        return _levels(edge_index, num_nodes)
    if level.shape != (num_nodes,) or level.dtype not in (torch.int64, torch.int32):
        got = f"{level.dtype} {list(level.shape)}"
        remedy = "pass topological_levels(edge_index, num_nodes)"
        raise ValueError(_checks.problem("level", f"an integer tensor of shape [{num_nodes}]", got, remedy))
    falling = level[edge_index[0]] >= level[edge_index[1]]
    if bool(falling.any()):
        u, v = edge_index[:, falling][:, 0].tolist()
        got = f"level[{u}] = {int(level[u])} and level[{v}] = {int(level[v])} for the edge {u} -> {v}"
        remedy = "leave level out to have it computed; a cycle has no levels"
        raise ValueError(_checks.problem("level", "values that grow along every edge", got, remedy))
    return level.long().clone()


@checked_levels.register_fake
def _(edge_index: Tensor, level: Any, edge_type: Any, num_nodes: int, num_relations: int) -> Tensor:
    return edge_index.new_empty(num_nodes, dtype=torch.long)


def climb(edge_index: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Return (root, level) of every node of a graph whose in-degrees are at most 1; level -1 on and below a cycle."""
    ancestor = torch.arange(num_nodes, device=edge_index.device)
    is_root = torch.ones(num_nodes, dtype=torch.bool, device=edge_index.device)
    ancestor[edge_index[1]] = edge_index[0].long()
    is_root[edge_index[1]] = False
    level = (~is_root).long()
    for _ in range(num_nodes.bit_length()):
        if bool(is_root[ancestor].all()):
            return ancestor, level
        level = level + level[ancestor]
        ancestor = ancestor[ancestor]
    return ancestor, level.masked_fill(~is_root[ancestor], -1)


def _peel(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return levels by removing, level after level, the nodes whose predecessors are gone; -1 where none ever is.

    A walk over lists: its cost is the same for many narrow levels as for a few wide ones.
    """
    source, target = edge_index.cpu().long()
    successors = target[torch.argsort(source, stable=True)].tolist()
    first = [0, *torch.bincount(source, minlength=num_nodes).cumsum(0).tolist()]
    waiting_for = torch.bincount(target, minlength=num_nodes).tolist()
    level = [-1] * num_nodes
    frontier = [v for v, count in enumerate(waiting_for) if count == 0]
    depth = 0
    while frontier:
        freed = []
        for u in frontier:
            level[u] = depth
            for v in successors[first[u] : first[u + 1]]:
                waiting_for[v] -= 1
                if waiting_for[v] == 0:
                    freed.append(v)
        frontier = freed
        depth += 1
    return torch.tensor(level, device=edge_index.device)


def _cycle_problem(edge_index: Tensor, unplaced: Tensor) -> str:
    """Name one cycle: from any unplaced node walk back through unplaced predecessors until a node repeats."""
    inside = unplaced[edge_index[0]] & unplaced[edge_index[1]]
    source, target = edge_index[:, inside].tolist()
    predecessor = dict(zip(target, source, strict=True))
    node, seen = target[0], {}
    while node not in seen:
        seen[node] = len(seen)
        node = predecessor[node]
    cycle = [node, *reversed([v for v, step in seen.items() if step >= seen[node]])]
    shown = [*map(str, cycle[:4]), "...", *map(str, cycle[-3:])] if len(cycle) > 8 else map(str, cycle)
    return _checks.problem(
        "edge_index",
        "a directed acyclic graph",
        f"the cycle {' -> '.join(shown)}",
        "a recurrence needs an order: choose a view such as a BFS path, or drop one of these edges",
    )
