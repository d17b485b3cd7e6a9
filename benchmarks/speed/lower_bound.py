"""The matrix products of a recurrence, alone: no training step can be faster."""

import torch
from torch import Tensor

from gnn_toolkit.graphs import LevelOrder


class Floor:
    """The matrix products that a DAGLSTM's training step cannot do without, alone, into memory that is at hand.

    Forward: ``x W_ih^T`` for all nodes; for every level and relation with edges into the level, the rows of ``s`` by
    ``W_iog^T``; for every level and relation with edges out of it, the rows of ``h`` by ``W_f^T``. Backward: the
    transposed counterpart of each; then the gradient of every weight as one product over all nodes.

    Args:
        order: of the graph.
        in_channels: width F of ``x``, which asks for no gradient.
        hidden: width H.

    Attributes:
        products: triples (a, b, out) of ``out = a @ b``.
    """

    def __init__(self, order: LevelOrder, in_channels: int, hidden: int) -> None:
        nodes, relations = order.nodes.numel(), order.num_relations
        device = order.nodes.device

        def rows(width: int, *leading: int) -> Tensor:
            return torch.randn(*leading, nodes, width, device=device)

        x, h, gates, iog = rows(in_channels), rows(hidden), rows(4 * hidden), rows(3 * hidden)
        s, asked, back = rows(hidden, relations), rows(hidden, relations), rows(hidden)
        weight_ih = torch.randn(4 * hidden, in_channels, device=device)
        weight_iog = torch.randn(relations, 3 * hidden, hidden, device=device)
        weight_f = torch.randn(relations, hidden, hidden, device=device)

        into = torch.stack([order.level[order.target], order.relation])
        outof = torch.stack([order.level[order.source], order.relation])
        ptr = order.node_ptr.tolist()
        self.products: list[tuple[Tensor, Tensor, Tensor]] = [(x, weight_ih.t(), gates)]
        for level, r in torch.unique(into, dim=1).t().tolist():
            a, b = ptr[level], ptr[level + 1]
            self.products.append((s[r, a:b], weight_iog[r].t(), iog[a:b]))
            self.products.append((iog[a:b], weight_iog[r], back[a:b]))
        for level, r in torch.unique(outof, dim=1).t().tolist():
            a, b = ptr[level], ptr[level + 1]
            self.products.append((h[a:b], weight_f[r].t(), asked[r, a:b]))
            self.products.append((asked[r, a:b], weight_f[r], back[a:b]))
        for r in range(relations):
            self.products.append((iog.t(), s[r], torch.empty_like(weight_iog[r])))
            self.products.append((asked[r].t(), h, torch.empty_like(weight_f[r])))
        self.products.append((gates.t(), x, torch.empty_like(weight_ih)))

    def __call__(self) -> list[Tensor]:
        """Do the products."""
        return [torch.mm(a, b, out=out) for a, b, out in self.products]
