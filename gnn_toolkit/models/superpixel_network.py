"""One network for the superpixels of pictures: an embedding, layers along edges with residual connections, logits."""

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GATConv, SAGEConv

from gnn_toolkit import _checks
from gnn_toolkit.graphs import GridDAG, repeat_graph
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.graph_lstm import GraphLSTM
from gnn_toolkit.layers.recurrent import DAGLSTM
from gnn_toolkit.models.graph_network import graph_of

LAYERS = ("mlp", "gcn", "sage", "gat", "graph_lstm", "lstm", "patch_lstm")
HEADS = 4  # of a GAT, which together are as wide as any other layer


class SuperpixelNetwork(nn.Module):
    """Logits of the parts that the superpixels of a picture show.

    An embedding with relu, ``x = relu(W x + b)``, then layers of one kind, then a linear layer. What a layer finds is
    added to what it read. With d dropout and n a layer's normalisation (Ba et al. 2016):

        "mlp", "gcn", "sage", "gat":  x' = x + relu(layer(n(d(x)))), ``num_layers`` times
        "graph_lstm":                 x' = x + GraphLSTM(n(d(x))), its ``num_layers`` layers in order of ``data.score``
        "lstm":                       x' = x + LSTM(n(d(x))), ``num_layers`` layers both ways along edges that are paths
        "patch_lstm":                 x' = x + what an LSTM in two dimensions finds of n(d(x)) on a grid of patches

    The Graph LSTM starts with its input as h and m of every superpixel, so that also those not yet visited say what
    they look like. The last one averages over each patch of a grid, runs along the grid's edges to the right and down,
    and back (Graves et al. 2007), with a forget gate for each direction, and gives each superpixel the average of its
    patches.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width of embedding and layers. One way of a recurrence both ways has half of it.
        out_channels: number of logits.
        layer: which kind.
        num_layers: number of layers.
        dropout: probability of dropping an input of a layer or of the head while training.
        input_dropout: probability of dropping a feature while training.
        patches: rows and columns of the grid of patches.

    Shapes:
        - ``data.x`` [N, F], ``data.edge_index`` [2, E]; ``score`` [N] for ``"graph_lstm"``; for ``"patch_lstm"``
          ``batch``, ``area`` [N] in pixels, and ``cover`` [N, patches], the share of each superpixel in each patch
        - logits [N, out_channels]

    Raises:
        ValueError: an unknown layer, a width that cannot be shared out, or data without what the layer reads.

    >>> data = Data(x=torch.randn(3, 4), edge_index=torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]), score=torch.rand(3))
    >>> SuperpixelNetwork(4, 8, 7, layer="graph_lstm")(data).shape
    torch.Size([3, 7])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        *,
        layer: str,
        num_layers: int = 2,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        patches: tuple[int, int] = (20, 10),
    ) -> None:
        super().__init__()
        self.layer = _checks.choice("layer", layer, LAYERS)
        parts = {"gat": HEADS, "lstm": 2, "patch_lstm": 2}.get(layer, 1)
        if _checks.positive("hidden_channels", hidden_channels) % parts:
            remedy = "each head or way has an equal part of it"
            raise ValueError(_checks.problem("hidden_channels", f"a multiple of {parts}", hidden_channels, remedy))
        _checks.positive("num_layers", num_layers)
        self.dropout = nn.Dropout(_checks.probability("dropout", dropout))
        self.input_dropout = nn.Dropout(_checks.probability("input_dropout", input_dropout))
        self.patches = patches
        self.embedding = nn.Linear(in_channels, hidden_channels)
        self.layers = nn.ModuleList(_layers(layer, hidden_channels, num_layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_channels) for _ in self.layers)
        self.head = nn.Linear(hidden_channels, out_channels)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every superpixel."""
        if data.x is None:
            raise ValueError(_checks.problem("data", "a graph with node features x", data, "set data.x"))
        x = torch.relu(self.embedding(self.input_dropout(data.x)))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + self._found(layer, norm(self.dropout(x)), data)
        return self.head(self.dropout(x))

    def _found(self, layer: Any, x: Tensor, data: Data) -> Tensor:
        """Return what a layer finds in x."""
        if self.layer == "mlp":
            return torch.relu(layer(x))
        if self.layer == "graph_lstm":
            return layer(x, data.edge_index, _given(data, "score"), (x, x))[0]
        if self.layer == "lstm":
            return layer(x, data.edge_index, level=data.get("level"))[0]
        if self.layer == "patch_lstm":
            return self._on_patches(layer, x, data)
        return torch.relu(layer(x, data.edge_index))

    def _on_patches(self, layer: Any, x: Tensor, data: Data) -> Tensor:
        """Return what a recurrence on the grid of patches finds, for each superpixel the mean of its patches."""
        batch, pictures = graph_of(data, x)
        cover, size = _given(data, "cover").to(x.dtype), self.patches[0] * self.patches[1]
        sizes = torch.bincount(batch, minlength=pictures).tolist()
        shares = (cover * _given(data, "area").to(x.dtype)[:, None]).split(sizes)  # pixels that both have
        read = torch.cat(
            [
                share.t() @ part / share.sum(0).clamp(min=1)[:, None]
                for share, part in zip(shares, x.split(sizes), strict=True)
            ]
        )
        grid = repeat_graph(GridDAG(*self.patches)(Data(num_nodes=size)), pictures).to(str(x.device))
        assert grid.edge_index is not None
        found = layer(read, grid.edge_index, edge_type=grid["edge_type"], level=grid["level"])[0]
        return torch.cat([c @ h for c, h in zip(cover.split(sizes), found.split(size), strict=True)])


def _layers(layer: str, hidden: int, count: int) -> list[nn.Module]:
    if layer == "graph_lstm":
        return [GraphLSTM(hidden, hidden, count)]
    if layer == "lstm":
        return [DAGLSTM(hidden, hidden // 2, count, bidirectional=True)]
    if layer == "patch_lstm":
        return [DAGLSTM(hidden, hidden // 2, count, bidirectional=True, num_relations=2, forget="relation")]
    if layer == "gat":
        return [GATConv(hidden, hidden // HEADS, heads=HEADS) for _ in range(count)]
    kind = {"mlp": nn.Linear, "gcn": GCNConv, "sage": SAGEConv}[layer]
    return [kind(hidden, hidden) for _ in range(count)]


def _given(data: Data, key: str) -> Tensor:
    if key not in data:
        raise ValueError(_checks.problem("data", f"a graph with {key}", sorted(data.keys()), f"set data.{key}"))
    return data[key]
