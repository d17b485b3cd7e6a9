"""The graphs that recurrences are timed on."""

import random
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.graphs import GridDAG, repeat_graph, topological_levels

Graph = dict[str, Any]  # edge_index, level, num_nodes, and edge_type and num_relations where the edges have types


def trees(*, count: int, leaves: tuple[int, int]) -> Graph:
    """Return random binary trees with edges from child to parent: two neighbouring roots, drawn at random, are joined.

    Args:
        count: number of trees.
        leaves: fewest and most leaves of a tree.
    """
    draw, edges, size = random.Random(0), [], 0
    for _ in range(count):
        roots = list(range(size, size + draw.randint(*leaves)))
        size += len(roots)
        while len(roots) > 1:
            k = draw.randrange(len(roots) - 1)
            edges += [(roots[k], size), (roots[k + 1], size)]
            roots[k : k + 2] = [size]
            size += 1
    return _with_levels(torch.tensor(edges).t().contiguous(), size)


def dags(*, count: int, nodes: int, in_degree: int = 4) -> Graph:
    """Return random DAGs in which each node but the first draws 1 to ``in_degree`` of the nodes before it."""
    edges = []
    for graph in range(count):
        keys = torch.rand(nodes, nodes).tril(-1)  # of row v, the entries before v are above zero
        best, drawn = keys.topk(min(in_degree, nodes))
        wanted = torch.arange(best.size(1)) < torch.randint(1, in_degree + 1, (nodes, 1))
        target, slot = (wanted & (best > 0)).nonzero(as_tuple=True)
        edges.append(torch.stack([drawn[target, slot], target]) + graph * nodes)
    return _with_levels(torch.cat(edges, 1), count * nodes)


def grid(*, side: int, copies: int) -> Graph:
    """Return square grids of pixels with edges to the right (type 0) and down (type 1)."""
    data = repeat_graph(GridDAG(side, side)(Data(num_nodes=side * side)), copies)
    typed = {"edge_type": data.edge_type, "num_relations": 2}
    return {"edge_index": data.edge_index, "num_nodes": data.num_nodes, "level": data.level, **typed}


def layered(levels: int, *, width: int) -> Graph:
    """Return a DAG of equal levels in which each node has two distinct predecessors in the level before."""
    place = torch.arange(width, levels * width)
    before = place - place % width - width
    first = torch.randint(width, place.shape)
    second = (first + torch.randint(1, width, place.shape)) % width
    edge_index = torch.stack([torch.cat([before + first, before + second]), place.repeat(2)])
    level = torch.arange(levels).repeat_interleave(width)
    return {"edge_index": edge_index, "num_nodes": levels * width, "level": level}


def path(nodes: int) -> Graph:
    """Return one path through all nodes."""
    return {**_chain(nodes), "level": torch.arange(nodes)}


def caterpillar(nodes: int) -> Graph:
    """Return a path through half of the nodes, each of which has one more successor."""
    spine = torch.arange(nodes // 2)
    legs = torch.stack([spine, spine + nodes // 2])
    edge_index = torch.cat([_chain(nodes // 2)["edge_index"], legs], 1)
    return {"edge_index": edge_index, "num_nodes": 2 * (nodes // 2), "level": torch.cat([spine, spine + 1])}


def recursive_tree(nodes: int) -> Graph:
    """Return a tree, walked from its root, in which each node is joined to one of the nodes before it."""
    place = torch.arange(1, nodes)
    before = (torch.rand(nodes - 1) * place).long()
    return _with_levels(torch.stack([before, place]), nodes)


def molecules(*, count: int, nodes: int = 18, rings: int = 3) -> Graph:
    """Return DAGs of the size of MUTAG's molecules, 18 atoms and 20 bonds: crooked chains, closed to rings of six."""
    edges = []
    for graph in range(count):
        place = torch.arange(1, nodes)
        before = (place - 1 - (torch.rand(nodes - 1) < 0.2).long()).clamp(min=0)
        last = torch.randperm(nodes - 5)[:rings] + 5
        bonds = torch.cat([torch.stack([before, place]), torch.stack([last - 5, last])], 1)
        edges.append(bonds + graph * nodes)
    return _with_levels(torch.cat(edges, 1), count * nodes)


def _chain(nodes: int) -> Graph:
    return {"edge_index": torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)]), "num_nodes": nodes}


def _with_levels(edge_index: Tensor, num_nodes: int) -> Graph:
    return {"edge_index": edge_index, "num_nodes": num_nodes, "level": topological_levels(edge_index, num_nodes)}
