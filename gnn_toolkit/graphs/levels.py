"""Topological levels of a directed acyclic graph, and the naming of a cycle where there is one."""

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit import _checks


def topological_levels(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return each node's level in a DAG: the number of edges on the longest path that ends at it.

    ``level(v) = 0`` for a node without predecessors, else ``1 + max(level(u) for u -> v)``. Graphs in which no node
    has two predecessors (paths, trees walked from the root) take ``log2(depth)`` vectorised passes; any other DAG
    takes one vectorised pass a level (Kahn 1962), O(num_nodes + num_edges) together.

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
    _checks.edges(edge_index, num_nodes)
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
    """Return levels by removing, level after level, the nodes whose predecessors are gone; -1 where none ever is."""
    source, target = edge_index.cpu().long().numpy()
    by_source = np.argsort(source, kind="stable")
    successors = target[by_source]
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=num_nodes))])
    waiting_for = np.bincount(target, minlength=num_nodes)
    level = np.full(num_nodes, -1)
    frontier = np.flatnonzero(waiting_for == 0)
    depth = 0
    while frontier.size:
        level[frontier] = depth
        depth += 1
        counts = first[frontier + 1] - first[frontier]
        slots = np.arange(counts.sum()) + np.repeat(first[frontier] - counts.cumsum() + counts, counts)
        reached = successors[slots]
        np.subtract.at(waiting_for, reached, 1)
        frontier = np.unique(reached[waiting_for[reached] == 0])
    return torch.from_numpy(level).to(edge_index.device)


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
