"""Views: PyG transforms that choose the edges over the same nodes.

A view replaces ``edge_index`` (and ``edge_type``) and leaves the nodes and their features as they are. Views that make
a directed acyclic graph also store each node's ``level``, so that a recurrence need not look for its order.
"""

import networkx as nx
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks


def _with_edges(
    data: Data, edge_index: Tensor, *, level: Tensor | None = None, edge_type: Tensor | None = None
) -> Data:
    """Give ``data`` these edges and drop what described the old ones."""
    for name in ("edge_attr", "edge_weight", "edge_type", "level"):
        if name in data:
            del data[name]
    data.edge_index = edge_index
    if level is not None:
        data.level = level
    if edge_type is not None:
        data.edge_type = edge_type
    return data


def _both_ways(edge_index: Tensor) -> Tensor:
    return torch.cat([edge_index, edge_index.flip(0)], 1)


def _num_nodes(data: Data) -> int:
    count = data.num_nodes
    if count is None:
        raise ValueError(_checks.problem("data", "a graph with x or num_nodes", data, "set data.num_nodes"))
    return count


class Path(BaseTransform):
    """The nodes in their given order, each with an edge to the next: a sequence.

    Args:
        both_ways: also the edges back, for convolutions; there is then no ``level``.

    >>> Path()(Data(num_nodes=3)).edge_index
    tensor([[0, 1],
            [1, 2]])
    """

    def __init__(self, both_ways: bool = False) -> None:
        self.both_ways = both_ways

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the path's edges."""
        nodes = torch.arange(_num_nodes(data))
        edge_index = torch.stack([nodes[:-1], nodes[1:]])
        if self.both_ways:
            return _with_edges(data, _both_ways(edge_index))
        return _with_edges(data, edge_index, level=nodes)


class MirrorPath(BaseTransform):
    """The path both ways, and an edge both ways between node i and node N - 1 - i: what a palindrome repeats.

    >>> MirrorPath()(Data(num_nodes=3)).edge_index
    tensor([[0, 1, 1, 2, 0, 2],
            [1, 2, 0, 1, 2, 0]])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the path's and the mirror's edges."""
        nodes = torch.arange(_num_nodes(data))
        first = nodes[: len(nodes) // 2]
        # In an even path the two middle nodes are neighbours already.
        first = first[len(nodes) - 1 - 2 * first > 1]
        mirror = torch.stack([first, len(nodes) - 1 - first])
        path = torch.stack([nodes[:-1], nodes[1:]])
        return _with_edges(data, torch.cat([_both_ways(path), _both_ways(mirror)], 1))


class SearchPath(BaseTransform):
    """One path through all nodes in the order in which a search of the given graph first meets them.

    The search starts at ``root``; where it cannot reach every node it starts again at the lowest node not yet met.
    Neighbours are met in the order of their indices; edges count in both directions.

    Args:
        search: ``"bfs"`` (breadth first) or ``"dfs"`` (depth first).
        root: the node to start from.

    >>> star = Data(num_nodes=4, edge_index=torch.tensor([[2, 2, 2], [0, 1, 3]]))
    >>> SearchPath("dfs")(star).edge_index
    tensor([[0, 2, 1],
            [2, 1, 3]])
    """

    def __init__(self, search: str = "bfs", root: int = 0) -> None:
        self.search = _checks.choice("search", search, ("bfs", "dfs"))
        self.root = root

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the edges of the path."""
        order = torch.tensor(self._order(data), dtype=torch.long)
        level = torch.empty_like(order).scatter_(0, order, torch.arange(order.numel()))
        return _with_edges(data, torch.stack([order[:-1], order[1:]]), level=level)

    def _order(self, data: Data) -> list[int]:
        count = _num_nodes(data)
        if data.edge_index is None:
            remedy = "a search follows edges: set data.edge_index"
            raise ValueError(_checks.problem("data", "a graph with edges", data, remedy))
        if count and not 0 <= self.root < count:
            raise ValueError(_checks.problem("root", f"a node in [0, {count})", self.root, "pass e.g. root=0"))
        graph = nx.Graph()
        graph.add_nodes_from(range(count))
        graph.add_edges_from(sorted(tuple(sorted(edge)) for edge in data.edge_index.t().tolist()))
        edges = nx.bfs_edges if self.search == "bfs" else nx.dfs_edges
        order: dict[int, None] = {}
        for root in (self.root, *range(count)) if count else ():
            if root not in order:
                order.update(dict.fromkeys([root, *(v for _, v in edges(graph, root, sort_neighbors=sorted))]))
        return list(order)


class Grid(BaseTransform):
    """Pixels in row-major order, joined to their neighbours above, below, left and right.

    Args:
        height: number of rows.
        width: number of columns.

    >>> Grid(2, 2)(Data(num_nodes=4)).edge_index
    tensor([[0, 2, 0, 1, 1, 3, 2, 3],
            [1, 3, 2, 3, 0, 2, 0, 1]])
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = _checks.positive("height", height), _checks.positive("width", width)

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the grid's edges."""
        right, down, _ = self._steps(data)
        return _with_edges(data, _both_ways(torch.cat([right, down], 1)))

    def _steps(self, data: Data) -> tuple[Tensor, Tensor, Tensor]:
        """Return the edges to the right, the edges down, and the pixel numbers [height, width]."""
        if _num_nodes(data) != self.height * self.width:
            allowed = f"{self.height} x {self.width} = {self.height * self.width} nodes"
            raise ValueError(_checks.problem("data", allowed, data.num_nodes, "give the grid the image's size"))
        pixel = torch.arange(self.height * self.width).view(self.height, self.width)
        right = torch.stack([pixel[:, :-1].flatten(), pixel[:, 1:].flatten()])
        down = torch.stack([pixel[:-1].flatten(), pixel[1:].flatten()])
        return right, down, pixel


class GridDAG(Grid):
    """Pixels in row-major order with edges to the right (type 0) and down (type 1): a walk from corner to corner.

    It is the order of a two-dimensional recurrence (Graves et al. 2007); a pixel's level is its row plus its column.

    >>> data = GridDAG(2, 2)(Data(num_nodes=4))
    >>> data.edge_index.tolist(), data.edge_type.tolist(), data.level.tolist()
    ([[0, 2, 0, 1], [1, 3, 2, 3]], [0, 0, 1, 1], [0, 1, 1, 2])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the typed edges of the grid."""
        right, down, pixel = self._steps(data)
        edge_type = torch.arange(2).repeat_interleave(torch.tensor([right.size(1), down.size(1)]))
        level = (pixel // self.width + pixel % self.width).flatten()
        return _with_edges(data, torch.cat([right, down], 1), level=level, edge_type=edge_type)
