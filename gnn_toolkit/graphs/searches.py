"""Views that search a graph breadth first or depth first: what a recurrence needs to read a graph.

A search meets neighbours in the order of their indices; edges count in both directions.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.levels import topological_levels
from gnn_toolkit.graphs.views import node_count, with_edges

_SEARCHES = ("bfs", "dfs")


class SearchPath(BaseTransform):
    """One path through all nodes in the order in which a search of the given graph first meets them.

    The search starts at ``root``; where it cannot reach every node it starts again at the lowest node not yet met.

    Args:
        search: ``"bfs"`` (breadth first) or ``"dfs"`` (depth first).
        root: the node to start from.

    >>> star = Data(num_nodes=4, edge_index=torch.tensor([[2, 2, 2], [0, 1, 3]]))
    >>> SearchPath("dfs")(star).edge_index
    tensor([[0, 2, 1],
            [2, 1, 3]])
    """

    def __init__(self, search: str = "bfs", root: int = 0) -> None:
        self.search = _checks.choice("search", search, _SEARCHES)
        self.root = root

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the edges of the path."""
        order = search_order(data, self.search, self.root)
        return with_edges(data, torch.stack([order[:-1], order[1:]]), level=_places(order))


class SearchDAG(BaseTransform):
    """Every edge of the graph, once, from the node that a search meets first to the other: a DAG of all edges.

    Args:
        search: ``"bfs"`` (breadth first) or ``"dfs"`` (depth first).
        root: the node to start from.

    >>> triangle = Data(num_nodes=3, edge_index=torch.tensor([[0, 1, 2], [2, 0, 1]]))
    >>> SearchDAG("dfs", root=2)(triangle).edge_index
    tensor([[2, 2, 0],
            [0, 1, 1]])
    """

    def __init__(self, search: str = "bfs", root: int = 0) -> None:
        self.search = _checks.choice("search", search, _SEARCHES)
        self.root = root

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the directed edges; loops are dropped."""
        return along(data, search_order(data, self.search, self.root))


class Neighbourhoods(BaseTransform):
    """For each node a path of its own: its neighbourhood as a search from it meets it, walked towards the node.

    The paths are the graphs of a batch, one for each node, in the nodes' order; the node itself stands last in its
    path. A node stands in many paths, so the structure has more nodes than ``x`` has rows: ``copy_of`` [M] says which
    row each of them is.

    Args:
        search: ``"bfs"`` (breadth first: the nearest nodes) or ``"dfs"`` (depth first: a walk away from the node).
        size: greatest number of nodes in a path.

    >>> star = Data(num_nodes=4, edge_index=torch.tensor([[2, 2, 2], [0, 1, 3]]))
    >>> data = Neighbourhoods("bfs", size=3)(star)
    >>> [data.copy_of[data.batch == node].tolist() for node in range(4)]
    [[1, 2, 0], [0, 2, 1], [1, 0, 2], [0, 2, 3]]
    """

    def __init__(self, search: str = "bfs", size: int = 16) -> None:
        self.search = _checks.choice("search", search, _SEARCHES)
        self.size = _checks.positive("size", size)

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the paths, ``copy_of`` and ``batch``; ``num_nodes`` counts the copies."""
        neighbours = _neighbours(data)
        paths = [
            list(islice(_visit(neighbours, v, self.search, set()), self.size))[::-1] for v in range(len(neighbours))
        ]
        lengths = torch.tensor([len(path) for path in paths], dtype=torch.long)
        start = lengths.cumsum(0) - lengths
        level = torch.arange(int(lengths.sum())) - start.repeat_interleave(lengths)
        later = level.nonzero()[:, 0]
        out = with_edges(data, torch.stack([later - 1, later]), level=level)
        out.copy_of = torch.tensor([node for path in paths for node in path], dtype=torch.long)
        out.batch = torch.arange(len(paths)).repeat_interleave(lengths)
        out.num_nodes = level.numel()
        return out


def edges_of(data: Data, use: str) -> Tensor:
    """Return the edges of a graph, or raise a ``ValueError`` that says what they are for."""
    if data.edge_index is None:
        raise ValueError(_checks.problem("data", "a graph with edges", data, f"{use}: set data.edge_index"))
    return data.edge_index


def along(data: Data, order: Tensor) -> Data:
    """Give ``data`` each of its edges once, from the node that stands first in an order to the other, and levels."""
    place = _places(order)
    low, high = place[edges_of(data, "an order directs edges")].sort(0).values
    pairs = torch.stack([low, high])[:, low != high].unique(dim=1)
    edge_index = order[pairs]
    return with_edges(data, edge_index, level=topological_levels(edge_index, order.numel()))


def _neighbours(data: Data) -> list[list[int]]:
    """Return each node's neighbours, whichever way their edge points, in the order of their indices."""
    neighbours: list[set[int]] = [set() for _ in range(node_count(data))]
    for u, v in edges_of(data, "a search follows edges").t().tolist():
        neighbours[u].add(v)
        neighbours[v].add(u)
    return [sorted(near) for near in neighbours]


def _visit(neighbours: list[list[int]], root: int, search: str, met: set[int]) -> Iterator[int]:
    """Yield the nodes in the order in which a search first meets them, without those in ``met``, and add them to it."""
    met.add(root)
    yield root
    # The neighbours still to look at of each node on the way: a queue of them is one search, a stack the other.
    ahead = deque([iter(neighbours[root])])
    while ahead:
        node = next((near for near in ahead[-1 if search == "dfs" else 0] if near not in met), None)
        if node is None:
            ahead.pop() if search == "dfs" else ahead.popleft()
        else:
            met.add(node)
            yield node
            ahead.append(iter(neighbours[node]))


def search_order(data: Data, search: str, root: int = 0) -> Tensor:
    """Return the nodes in the order of a search that starts again until it has met them all."""
    neighbours = _neighbours(data)
    count = len(neighbours)
    if count and not 0 <= root < count:
        raise ValueError(_checks.problem("root", f"a node in [0, {count})", root, "pass e.g. root=0"))
    met: set[int] = set()
    order = [
        node
        for start in ((root, *range(count)) if count else ())
        if start not in met
        for node in _visit(neighbours, start, search, met)
    ]
    return torch.tensor(order, dtype=torch.long)


def _places(order: Tensor) -> Tensor:
    """Return the place of each node in the order."""
    return torch.empty_like(order).scatter_(0, order, torch.arange(order.numel()))
