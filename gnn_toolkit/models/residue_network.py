"""Networks over residues: what a residue is from its neighbours and its chain, and which residues touch or bind."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from gnn_toolkit import _checks
from gnn_toolkit.graphs.backbone import along
from gnn_toolkit.layers.pairs import PairClassifier
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM
from gnn_toolkit.layers.residues import NodeAverageConv, NodeEdgeAverageConv, OrderedConv
from gnn_toolkit.models.blocks import RecurrentStack
from gnn_toolkit.models.graph_network import LINEAR, graph_of

CONVOLUTIONS = ("linear", "node", "edge", "ordered")
ALONG_CHAINS = ("", "lstm", "gru", *LINEAR)


class ResidueNetwork(nn.Module):
    """States of residues: convolutions along edges, a recurrence along the chain both ways, or both side by side.

        h = relu(conv(... relu(conv(x)))),   r = recurrence(x),   state = [h, r, mean of [h, r] over the protein]

    The first convolution is ``hidden_channels`` wide, the others twice as wide, as in Fout et al. (2017). Features are
    standardised by the buffers ``mean`` and ``deviation``, which :meth:`standardise` sets.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width of the first convolution, and of each way of the recurrence.
        convolution: ``"node"`` (:class:`NodeAverageConv`), ``"edge"`` (:class:`NodeEdgeAverageConv`), ``"ordered"``
            (:class:`OrderedConv`) or ``"linear"``, which sees no edges.
        num_convolutions: number of convolutions; 0 for none.
        recurrence: ``"lstm"``, ``"gru"``, ``"mingru"``, ``"minlstm"``, ``"lru"`` or ``"mamba"``, the last four in the
            residual blocks of a :class:`RecurrentStack`; empty for none.
        num_layers: number of layers, or blocks, of the recurrence.
        edge_dim: width D of ``edge_attr``.
        num_ranks: the most neighbours of a residue.
        context: whether each state also has the mean of those of its protein.
        dropout: probability of dropping a number of a state while training.
        input_dropout: probability of dropping a feature while training.

    Shapes:
        - ``data.x`` [N, F], ``data.edge_index`` [2, E], ``data.edge_attr`` [E, D] for ``"edge"`` and ``"ordered"``,
          ``data.rank`` [E] for ``"ordered"``; the recurrence runs along ``data.edge_index``, beside convolutions along
          the paths of ``data.follows`` [N], which residues follow the one before them; ``data.batch`` [N] says which
          protein a residue is of
        - states [N, out_channels]

    Raises:
        ValueError: an unknown convolution or recurrence, or data that a layer refuses.

    >>> data = Data(x=torch.randn(3, 4), edge_index=torch.tensor([[0, 1], [1, 2]]), edge_attr=torch.rand(2, 2))
    >>> ResidueNetwork(4, 8, context=True)(data).shape
    torch.Size([3, 32])
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        *,
        convolution: str = "edge",
        num_convolutions: int = 2,
        recurrence: str = "",
        num_layers: int = 1,
        edge_dim: int = 2,
        num_ranks: int = 20,
        context: bool = False,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        _checks.choice("recurrence", recurrence, ALONG_CHAINS)
        self.convolution, self.context = _checks.choice("convolution", convolution, CONVOLUTIONS), context
        self.dropout, self.input_dropout = nn.Dropout(dropout), nn.Dropout(input_dropout)
        _checks.count("num_convolutions", num_convolutions)
        widths = [in_channels, hidden_channels, *[2 * hidden_channels] * num_convolutions][: num_convolutions + 1]
        kinds: dict[str, Any] = {
            "linear": nn.Linear,
            "node": NodeAverageConv,
            "edge": lambda i, o: NodeEdgeAverageConv(i, o, edge_dim),
            "ordered": lambda i, o: OrderedConv(i, o, num_ranks, edge_dim),
        }
        self.convolutions = nn.ModuleList([kinds[convolution](*sizes) for sizes in pairwise(widths)])
        self.recurrence = _along_chains(recurrence, in_channels, hidden_channels, num_layers, dropout)
        width = widths[-1] if num_convolutions or not recurrence else 0
        width += 2 * hidden_channels if recurrence in ("lstm", "gru") else hidden_channels if recurrence else 0
        self.out_channels = width * (1 + context)
        self.register_buffer("mean", torch.zeros(in_channels))
        self.register_buffer("deviation", torch.ones(in_channels))

    def standardise(self, x: Tensor) -> None:
        """Take mean and standard deviation of some residues' features [N, F]; a constant feature keeps its scale."""
        self.mean.copy_(x.mean(0))
        spread = x.std(0, correction=0)
        self.deviation.copy_(torch.where(spread > 0, spread, 1.0))

    def forward(self, data: Data) -> Tensor:
        """Return the states of all residues."""
        if data.x is None:
            raise ValueError(_checks.problem("data", "a graph with node features x", data, "set data.x"))
        x = self.input_dropout((data.x - self.mean) / self.deviation)
        h, parts = x, []
        for layer in self.convolutions:
            h = self.dropout(torch.relu(self._convolved(layer, h, data)))
        if len(self.convolutions) or self.recurrence is None:
            parts.append(h)
        if self.recurrence is not None:
            parts.append(self.dropout(self._along(x, data)))
        states = torch.cat(parts, 1)
        if not self.context:
            return states
        batch, graphs = graph_of(data, states)
        return torch.cat([states, scatter(states, batch, dim_size=graphs, reduce="mean")[batch]], 1)

    def _convolved(self, layer: nn.Module, h: Tensor, data: Data) -> Tensor:
        if self.convolution == "linear":
            return layer(h)
        if self.convolution == "node":
            return layer(h, data.edge_index)
        edges = (data.edge_index, data.edge_attr)
        return layer(h, *edges) if self.convolution == "edge" else layer(h, edges[0], data["rank"], edges[1])

    def _along(self, x: Tensor, data: Data) -> Tensor:
        assert self.recurrence is not None
        if not len(self.convolutions):
            return self.recurrence(x, data.edge_index, level=data.get("level"))[0]
        if "follows" not in data:
            remedy = "take the view gnn_toolkit.graphs.Backbone(beside=True)"
            raise ValueError(_checks.problem("data", "the chain as follows [N]", list(data.keys()), remedy))
        path, level = along(data["follows"])
        return self.recurrence(x, path, level=level)[0]


class InterfaceNetwork(nn.Module):
    """Scores of pairs of residues of two proteins: states of residues, the same for both, and a classifier of pairs.

    Args:
        residues: makes the states.
        hidden_channels: width of the classifier's hidden layer.
        dropout: of the classifier.

    Shapes:
        - ``data``: a batch of proteins by turns, ligand and receptor; ``data.pairs`` [P, 2] residues, numbered through
          the batch. Without ``pairs`` the batch is one ligand and one receptor
        - logits [P], or of all pairs [n, m], n and m residues of ligand and receptor

    Raises:
        ValueError: without ``pairs``, a batch that is not of two proteins.

    >>> from torch_geometric.data import Batch
    >>> one = Data(x=torch.randn(3, 4), edge_index=torch.tensor([[0, 1], [1, 2]]), edge_attr=torch.rand(2, 2))
    >>> InterfaceNetwork(ResidueNetwork(4, 8), 16)(Batch.from_data_list([one, one])).shape
    torch.Size([3, 3])
    """

    def __init__(self, residues: ResidueNetwork, hidden_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.residues = residues
        self.classifier = PairClassifier(residues.out_channels, hidden_channels, dropout=dropout)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of pairs."""
        states = self.residues(data)
        if "pairs" in data:
            return self.classifier(states, states, data["pairs"]).squeeze(1)
        batch, graphs = graph_of(data, states)
        if graphs != 2:
            remedy = "name the pairs, or pass ligand and receptor of one complex"
            raise ValueError(_checks.problem("data", "a batch of two proteins", f"{graphs}", remedy))
        return self.classifier(states[batch == 0], states[batch == 1]).squeeze(2)


class SiteNetwork(nn.Module):
    """Logits of residues, whether they bind: states of residues and a perceptron.

    Args:
        residues: makes the states.
        hidden_channels: width of the perceptron's hidden layer.
        dropout: of that layer.

    Shapes:
        - ``data`` as for :class:`ResidueNetwork`; logits [N]

    >>> data = Data(x=torch.randn(3, 4), edge_index=torch.tensor([[0, 1], [1, 2]]))
    >>> SiteNetwork(ResidueNetwork(4, 8, convolution="node"), 8)(data).shape
    torch.Size([3])
    """

    def __init__(self, residues: ResidueNetwork, hidden_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.residues = residues
        parts = (nn.Linear(residues.out_channels, hidden_channels), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Sequential(*parts, nn.Linear(hidden_channels, 1))

    def forward(self, data: Data) -> Tensor:
        """Return the logits of all residues."""
        return self.head(self.residues(data)).squeeze(1)


def _along_chains(kind: str, width: int, hidden: int, num_layers: int, dropout: float) -> nn.Module | None:
    if kind in LINEAR:
        return RecurrentStack(LINEAR[kind], width, hidden, num_layers, bidirectional=True, dropout=dropout)
    if not kind:
        return None
    layer = {"lstm": DAGLSTM, "gru": DAGGRU}[kind]
    return layer(width, hidden, num_layers, bidirectional=True, dropout=dropout if num_layers > 1 else 0.0)
