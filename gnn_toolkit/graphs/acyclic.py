"""A view that makes a directed acyclic graph of any graph: every edge leads from the earlier node to the later."""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.searches import along, edges_of, search_order
from gnn_toolkit.graphs.views import node_count

ORDERS = ("index", "bfs", "dfs", "degree", "score")


class AcyclicOrder(BaseTransform):
    """Every edge of the graph, once, from the node that stands earlier in an order to the other: a DAG of all edges.

    Edges count in both directions; loops are dropped, and parallel edges become one. Nodes that an order holds equal
    stand in the order of their indices, so that the same graph always makes the same DAG.

    Args:
        by: the order: ``"index"``, the nodes as they are numbered; ``"bfs"`` or ``"dfs"``, as a search from node 0
            meets them (:class:`SearchDAG` makes the same edges); ``"degree"``, by the number of neighbours;
            ``"score"``, by a number that each node has, e.g. the confidence of a classifier.
        descending: the order backwards: the highest degree or score first. Equal nodes still stand by their indices.
        score: by ``"score"``, the name of the attribute of ``data`` that holds the numbers [N].

    Raises:
        ValueError: an unknown order, a graph without edges, or scores that are missing, of another shape or no numbers.

    >>> star = Data(num_nodes=4, edge_index=torch.tensor([[2, 2, 2], [0, 1, 3]]))
    >>> AcyclicOrder("index")(star.clone()).edge_index
    tensor([[0, 1, 2],
            [2, 2, 3]])
    >>> AcyclicOrder("degree", descending=True)(star.clone()).edge_index
    tensor([[2, 2, 2],
            [0, 1, 3]])
    """

    def __init__(self, by: str = "index", *, descending: bool = False, score: str = "score") -> None:
        self.by = _checks.choice("by", by, ORDERS)
        self.descending, self.score = descending, score

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the directed edges and their ``level``."""
        return along(data, self._order(data))

    def _order(self, data: Data) -> Tensor:
        """Return the nodes, the first one first."""
        if self.by in ("bfs", "dfs"):
            order = search_order(data, self.by)
            return order.flip(0) if self.descending else order
        value = self._values(data)
        return torch.argsort(value, stable=True, descending=self.descending)

    def _values(self, data: Data) -> Tensor:
        """Return the number of each node by which it is placed."""
        count = node_count(data)
        if self.by == "index":
            return torch.arange(count)
        if self.by == "degree":
            return _degree(edges_of(data, "a degree counts edges"), count)
        value = data.get(self.score)
        if not isinstance(value, Tensor) or value.shape != (count,) or value.is_complex():
            got = f"{value.dtype} {list(value.shape)}" if isinstance(value, Tensor) else repr(value)
            remedy = "set a score of each node, or order by index, bfs, dfs or degree"
            raise ValueError(_checks.problem(f"data.{self.score}", f"a number for each of {count} nodes", got, remedy))
        if bool(value.isnan().any()):
            node = int(value.isnan().nonzero()[0])
            remedy = "what is no number has no place in an order"
            raise ValueError(_checks.problem(f"data.{self.score}", "numbers", f"nan at node {node}", remedy))
        return value


def _degree(edge_index: Tensor, count: int) -> Tensor:
    """Return how many other nodes each node is joined to, whichever way and however often."""
    _checks.edges(edge_index, count)
    pairs = edge_index.sort(0).values
    pairs = pairs[:, pairs[0] != pairs[1]].unique(dim=1)
    return torch.bincount(pairs.flatten(), minlength=count)
