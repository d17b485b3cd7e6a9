"""The view of a protein as chains of residues: what a sequence model reads."""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.views import node_count, with_edges


class Backbone(BaseTransform):
    """An edge from each residue to the next of its chain: paths, one a chain, over gaps in the numbering, too.

    Args:
        beside: leave the edges as they are, and say by ``follows`` [N] which residues follow the one before them in
            their chain.

    Shapes:
        - ``data.chain`` [N], the chain of each residue; residues of a chain stand together, in their order

    Raises:
        ValueError: no chains, or one whose residues do not stand together.

    >>> Backbone()(Data(num_nodes=4, chain=torch.tensor([0, 0, 0, 1]))).edge_index
    tensor([[0, 1],
            [1, 2]])
    """

    def __init__(self, beside: bool = False) -> None:
        self.beside = beside

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the paths."""
        nodes = torch.arange(node_count(data))
        chain = data.get("chain")
        if chain is None or chain.shape != nodes.shape:
            got = "none" if chain is None else list(chain.shape)
            raise ValueError(
                _checks.problem("chain", f"a number for each of {len(nodes)} nodes", got, "set data.chain")
            )
        follows = chain[1:] == chain[:-1]
        if len(nodes) and int((~follows).sum()) + 1 != len(chain.unique()):
            remedy = "sort the residues by chain"
            raise ValueError(_checks.problem("chain", "chains whose residues stand together", "one apart", remedy))
        first = torch.zeros(min(1, len(nodes)), dtype=torch.bool)
        follows = torch.cat([first, follows])
        if self.beside:
            data["follows"] = follows
            return data
        path, level = along(follows)
        return with_edges(data, path, level=level)


def along(follows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the edges [2, E] of paths, and the place of each node in its own [N].

    Args:
        follows: [N], which nodes follow the one before them.

    >>> along(torch.tensor([False, True, False]))[0].tolist()
    [[0], [1]]
    """
    nodes = torch.arange(follows.size(0), device=follows.device)
    starts = torch.where(follows, 0, nodes).cummax(0).values if len(nodes) else nodes
    return torch.stack([nodes[follows] - 1, nodes[follows]]), nodes - starts
