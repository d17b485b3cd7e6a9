"""One network for any view: layers along edges, a readout, and a linear layer to logits."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from gnn_toolkit import _checks
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN

RECURRENCES = {"rnn": DAGRNN, "gru": DAGGRU, "lstm": DAGLSTM}
LAYERS = (*RECURRENCES, "gcn", "mlp")
READOUTS = ("nodes", "last", "mean")


class GraphNetwork(nn.Module):
    """Layers of one kind over a graph's edges, then logits for every node or for every graph.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width of the layers.
        out_channels: number of logits.
        layer: ``"gcn"`` (convolutions with relu), ``"rnn"``, ``"gru"``, ``"lstm"`` (recurrences over a DAG) or
            ``"mlp"`` (linear layers with relu: no edges).
        num_layers: number of layers.
        num_relations: number of edge types that a recurrence tells apart.
        readout: ``"nodes"`` (logits of each node), ``"last"`` (of the last node of each graph) or ``"mean"`` (of the
            mean over each graph's nodes).
        dropout: probability of dropping an input of a layer after the first while training.
        memory_bias: added at the start to the bias of the gate by which a GRU or LSTM keeps the past.

    Shapes:
        - ``data.x`` [N, F], ``data.edge_index`` [2, E]; optional ``edge_type`` [E], ``level`` [N], ``batch`` [N]
        - logits [N, out_channels] or [graphs, out_channels]

    Raises:
        ValueError: an unknown layer or readout, or data that a layer refuses.

    >>> data = Data(x=torch.randn(3, 4), edge_index=torch.tensor([[0, 1], [1, 2]]))
    >>> GraphNetwork(4, 8, 2, layer="gru", readout="last")(data).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        *,
        layer: str,
        num_layers: int = 2,
        num_relations: int = 1,
        readout: str = "nodes",
        dropout: float = 0.0,
        memory_bias: float = 0.0,
    ) -> None:
        super().__init__()
        self.layer = _checks.choice("layer", layer, LAYERS)
        self.readout = _checks.choice("readout", readout, READOUTS)
        self.dropout = dropout
        _checks.positive("num_layers", num_layers)
        if layer in RECURRENCES:
            sizes = (in_channels, hidden_channels, num_layers)
            stack = [RECURRENCES[layer](*sizes, dropout=dropout, num_relations=num_relations)]
            if memory_bias and layer != "rnn":
                stack[0].add_memory_bias(memory_bias)
        else:
            kind = GCNConv if layer == "gcn" else nn.Linear
            stack = [kind(hidden_channels if k else in_channels, hidden_channels) for k in range(num_layers)]
        self.layers = nn.ModuleList(stack)
        self.head = nn.Linear(hidden_channels, out_channels)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every node, or of every graph of the batch."""
        if data.x is None:
            raise ValueError(_checks.problem("data", "a graph with node features x", data, "set data.x"))
        return self.head(self._read(self._states(data, data.x), data))

    def _states(self, data: Data, x: Tensor) -> Tensor:
        if self.layer in RECURRENCES:
            out, _ = self.layers[0](x, data.edge_index, edge_type=data.get("edge_type"), level=data.get("level"))
            return out
        for k, layer in enumerate(self.layers):
            x = nn.functional.dropout(x, self.dropout, self.training and k > 0)
            x = torch.relu(layer(x, data.edge_index) if self.layer == "gcn" else layer(x))
        return x

    def _read(self, states: Tensor, data: Data) -> Tensor:
        if self.readout == "nodes":
            return states
        batch = data.batch
        if batch is None:
            return states[-1:] if self.readout == "last" else states.mean(0, keepdim=True)
        if self.readout == "last":
            return states[torch.bincount(batch).cumsum(0) - 1]
        return scatter(states, batch, reduce="mean")
