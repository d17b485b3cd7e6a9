"""One network for any view: layers along edges, a readout, and a linear layer to logits."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import scatter, softmax

from gnn_toolkit import _checks
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.initial import init_long_memory_
from gnn_toolkit.layers.linear_layers import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.models.blocks import RecurrentStack

LINEAR = {"mingru": DAGMinGRU, "minlstm": DAGMinLSTM, "lru": DAGLRU, "mamba": DAGMamba}
RECURRENCES = {"rnn": DAGRNN, "gru": DAGGRU, "lstm": DAGLSTM, **LINEAR}
LAYERS = (*RECURRENCES, "gcn", "mlp")
READOUTS = ("nodes", "last", "mean", "attention")


class GraphNetwork(nn.Module):
    """Layers of one kind over a graph's edges, then logits for every node or for every graph.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width of the layers.
        out_channels: number of logits.
        layer: ``"gcn"`` (convolutions with relu), ``"rnn"``, ``"gru"``, ``"lstm"`` (recurrences over a DAG),
            ``"mingru"``, ``"minlstm"``, ``"lru"``, ``"mamba"`` (recurrences over a DAG that are linear in their states,
            in the residual blocks of a :class:`RecurrentStack`) or ``"mlp"`` (linear layers with relu: no edges).
        num_layers: number of layers, or blocks, along edges.
        embedding: whether a linear layer with relu stands before them, so that a recurrence reads ``hidden_channels``
            numbers a node.
        head: whether a linear layer after them makes the logits; if not, the last convolution or linear layer does, as
            in Kipf and Welling (2017).
        num_relations: number of edge types that a recurrence tells apart.
        readout: ``"nodes"`` (logits of each node), ``"last"`` (of the last node of each graph), ``"mean"`` (of the mean
            over each graph's nodes) or ``"attention"`` (of the sum of ``a_v h_v``, where a is the softmax over each
            graph's nodes of ``q . h_v`` with q learnt). Of a recurrence both ways, ``"last"`` is each way's state where
            it ends; the blocks of a linear one mix both ways at each node. A graph without nodes has a state of zeros,
            so its logits are the head's bias; ``data.ptr``, which a ``Batch`` has, shows where one is.
        dropout: probability of dropping an input of a layer after the first while training; the head's are kept.
        input_dropout: probability of dropping a feature while training.
        forget_bias: added at the start to the bias of the gate by which a GRU or LSTM keeps the past.
        chrono: the number of steps over which a GRU or LSTM is to remember; its biases are drawn accordingly
            (:func:`gnn_toolkit.layers.initial.chrono_`). 0: they are not.
        orthogonal: whether a recurrence's weights of its own states are drawn orthogonal.
        bidirectional: whether a recurrence also runs against the edges.
        aggr: how a recurrence aggregates over predecessors: ``"mean"``, ``"sum"`` or, unless it is linear, ``"max"``.
        forget: what has a forget gate of its own in an LSTM: every ``"edge"``, or every ``"relation"``, that is edge
            type.
        expansion: hidden width of the perceptron in each block of a linear recurrence, in widths of the block.
        gate: whether x gates the outputs of a linear recurrence in its block.
        gate_gain: the weights by which a recurrence's gates see x are multiplied by it at the start
            (:func:`gnn_toolkit.layers.initial.gate_gain_`).
        options: of a recurrence's layers, by name, e.g. ``state_channels`` of ``"mamba"``.

    Shapes:
        - ``data.x`` [N, F], ``data.edge_index`` [2, E]; optional ``batch`` [N], and ``edge_weight`` [E] for
          convolutions, ``edge_type`` [E] and ``level`` [N] for recurrences
        - where a view copies nodes, ``data.copy_of`` [M] names the row of ``x`` of each, and N is M in all the others
        - logits [N, out_channels] or [graphs, out_channels]

    Raises:
        ValueError: an unknown layer or readout, options where there is no recurrence, or data that a layer refuses.

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
        embedding: bool = False,
        head: bool = True,
        num_relations: int = 1,
        readout: str = "nodes",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        forget_bias: float = 0.0,
        chrono: float = 0.0,
        orthogonal: bool = False,
        bidirectional: bool = False,
        aggr: str = "mean",
        forget: str = "edge",
        expansion: int = 2,
        gate: bool = False,
        gate_gain: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__()
        self.layer = _checks.choice("layer", layer, LAYERS)
        self.readout = _checks.choice("readout", readout, READOUTS)
        self.dropout, self.input_dropout = dropout, input_dropout
        _checks.positive("num_layers", num_layers)
        if not head and layer in RECURRENCES:
            remedy = "the state of a recurrence is no logits"
            raise ValueError(_checks.problem("head", "True for a recurrence", head, remedy))
        if options and layer not in RECURRENCES:
            raise ValueError(_checks.problem("options", f"none for {layer!r}", sorted(options), "leave them out"))
        stack: list[nn.Module] = [nn.Linear(in_channels, hidden_channels)] if embedding else []
        width = hidden_channels if embedding else in_channels
        if layer in RECURRENCES:
            sizes = (width, hidden_channels, num_layers)
            options |= {"bidirectional": bidirectional, "num_relations": num_relations, "aggr": aggr}
            if _checks.choice("forget", forget, ("edge", "relation")) == "relation":
                if layer != "lstm":
                    remedy = "leave it out"
                    raise ValueError(_checks.problem("forget", '"edge" for a layer without memory', forget, remedy))
                options |= {"forget": forget}
            if layer in LINEAR:
                options |= {"dropout": dropout, "expansion": expansion, "gate": gate}
                recurrence = RecurrentStack(LINEAR[layer], *sizes, **options)
            else:
                recurrence = RECURRENCES[layer](*sizes, dropout=dropout if num_layers > 1 else 0.0, **options)
            memory = {"chrono": chrono, "orthogonal": orthogonal, "gate_gain": gate_gain}
            init_long_memory_(recurrence, forget_bias=forget_bias, **memory)
            stack.append(recurrence)
        else:
            kind = GCNConv if layer == "gcn" else nn.Linear
            widths = [width, *[hidden_channels] * (num_layers - 1), hidden_channels if head else out_channels]
            stack += [kind(*sizes) for sizes in pairwise(widths)]
        self.layers = nn.ModuleList(stack)
        self.embedded = embedding
        self.both_ways = bidirectional and layer in RECURRENCES and layer not in LINEAR
        width = hidden_channels * (1 + self.both_ways) if head else out_channels
        self.attention = nn.Linear(width, 1, bias=False) if readout == "attention" else None
        self.head = nn.Linear(width, out_channels) if head else nn.Identity()

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every node, or of every graph of the batch."""
        if data.x is None:
            raise ValueError(_checks.problem("data", "a graph with node features x", data, "set data.x"))
        return self.head(self._read(self._states(data, data.x), data))

    def _states(self, data: Data, x: Tensor) -> Tensor:
        if self.input_dropout:
            x = nn.functional.dropout(x, self.input_dropout, self.training)
        for k, layer in enumerate(self.layers):
            if k == int(self.embedded) and "copy_of" in data:
                x = x[data.copy_of]
            x = nn.functional.dropout(x, self.dropout, self.training and k > 0)
            x = self._along(layer, x, data)
        return x

    def _along(self, layer: nn.Module, x: Tensor, data: Data) -> Tensor:
        if isinstance(layer, (DAGRNN, DAGGRU, DAGLSTM, RecurrentStack)):
            return layer(x, data.edge_index, edge_type=data.get("edge_type"), level=data.get("level"))[0]
        x = layer(x, data.edge_index, data.get("edge_weight")) if isinstance(layer, GCNConv) else layer(x)
        makes_logits = isinstance(self.head, nn.Identity) and layer is self.layers[-1]
        return x if makes_logits else torch.relu(x)

    def _read(self, states: Tensor, data: Data) -> Tensor:
        if self.readout == "nodes":
            return states
        batch, graphs = graph_of(data, states)
        if self.attention is not None:
            share = softmax(self.attention(states), batch, num_nodes=graphs)
            return scatter(share * states, batch, dim_size=graphs, reduce="sum")
        if self.readout == "mean":
            return scatter(states, batch, dim_size=graphs, reduce="mean")
        sizes = torch.bincount(batch, minlength=graphs)
        last = sizes.cumsum(0) - 1
        first, is_empty = last - sizes + 1, sizes == 0
        if bool(is_empty.any()):
            last, first = (place.masked_fill(is_empty, states.size(0)) for place in (last, first))
            states = nn.functional.pad(states, (0, 0, 0, 1))  # a state of zeros
        if not self.both_ways:
            return states[last]
        forward, backward = states.chunk(2, 1)
        return torch.cat([forward[last], backward[first]], 1)


def graph_of(data: Data, rows: Tensor) -> tuple[Tensor, int]:
    """Return the graph that each node is of [N], and the number of graphs; a graph that is no batch is one.

    Args:
        data: a graph or a batch.
        rows: a tensor with a row for each node.
    """
    if data.batch is None:
        return torch.zeros(rows.size(0), dtype=torch.long, device=rows.device), 1
    return data.batch, _num_graphs(data)


def _num_graphs(data: Data) -> int:
    """Return the number of graphs of a batch, those without nodes included where there is a ``ptr``."""
    ptr, batch = data.get("ptr"), data.batch
    counted = 0 if ptr is None else ptr.numel() - 1
    return max(counted, int(batch.max()) + 1 if batch is not None and batch.numel() else 0)
