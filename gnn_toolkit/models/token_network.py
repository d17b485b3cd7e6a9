"""A network for words in any arrangement: what each word is, then layers along edges, and answers about phrases."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from gnn_toolkit import _checks
from gnn_toolkit.models.graph_network import LAYERS, GraphNetwork

BAG = "bag"
PAIRS = ("", "similarity", "relation")


class TokenNetwork(nn.Module):
    """An embedding of words, a :class:`GraphNetwork` of one kind of layer over their edges, and logits of phrases.

    Args:
        num_tokens: number of words, with 0 for none, whose embedding stays zero, and 1 for those that are not known.
        hidden_channels: width of embedding and layers.
        out_channels: number of logits.
        layer: one of those of :class:`GraphNetwork`, or ``"bag"``: the mean of the words' embeddings and relu, which is
            a multilayer perceptron on the shares of all words.
        num_layers: number of layers.
        num_relations: number of edge types that a recurrence tells apart.
        readout: ``"node"``, the states at the nodes that are asked about, or ``"mean"``, the mean over each phrase.
        bidirectional: whether a recurrence also runs against the edges, on paths; each way is read where it ends.
        pair: ``""``: logits of each phrase. ``"similarity"`` or ``"relation"``: of every two phrases, ``h`` and ``k``,
            from ``|h - k|`` and ``h * k`` through 50 sigmoid units (Tai et al. 2015, eq. 15), which is the same for
            both orders; or from ``h``, ``k`` and ``h * k`` through as many rectified units as the layers are wide.
        dropout: probability of dropping a number of what is read out, and between layers, while training.
        input_dropout: probability of dropping a number of an embedding while training.
        aggr: how a recurrence aggregates over predecessors; with ``"sum"`` an LSTM is the child-sum Tree-LSTM.
        forget: ``"edge"``, or ``"relation"`` for the N-ary Tree-LSTM.
        forget_bias: added at the start to the bias of the gate by which a GRU or LSTM keeps the past.

    Shapes:
        - ``data.x`` [N, 1] numbers of words, ``data.mask`` [N] which nodes are asked about, ``data.phrase`` [N] and
          ``data.batch`` [N] where they are needed, edges as for :class:`GraphNetwork`
        - logits [asked, out_channels], or [asked / 2, out_channels] of pairs, in the order of the nodes

    Raises:
        ValueError: an unknown layer, readout or pair; a mean of phrases with several nodes that are asked about.

    >>> data = Data(x=torch.tensor([[2], [3], [0]]), edge_index=torch.tensor([[0, 1], [2, 2]]))
    >>> data.mask = torch.tensor([False, False, True])
    >>> TokenNetwork(4, 8, 5, layer="lstm")(data).shape
    torch.Size([1, 5])
    """

    def __init__(
        self,
        num_tokens: int,
        hidden_channels: int,
        out_channels: int,
        *,
        layer: str,
        num_layers: int = 1,
        num_relations: int = 1,
        readout: str = "node",
        bidirectional: bool = False,
        pair: str = "",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        aggr: str = "sum",
        forget: str = "edge",
        forget_bias: float = 0.0,
    ) -> None:
        super().__init__()
        _checks.choice("layer", layer, (*LAYERS, BAG))
        self.readout = _checks.choice("readout", readout, ("node", "mean"))
        self.pair = _checks.choice("pair", pair, PAIRS)
        self.embedding = nn.Embedding(num_tokens, hidden_channels, padding_idx=0)
        self.input_dropout, self.dropout = nn.Dropout(input_dropout), nn.Dropout(dropout)
        self.network = None
        if layer != BAG:
            self.network = GraphNetwork(
                hidden_channels,
                hidden_channels,
                out_channels,
                layer=layer,
                num_layers=num_layers,
                num_relations=num_relations,
                dropout=dropout,
                bidirectional=bidirectional,
                aggr=aggr,
                forget=forget,
                forget_bias=forget_bias,
            )
            self.network.head = nn.Identity()
        self.both_ways = bidirectional
        width = hidden_channels * (1 + bidirectional)
        if pair == "similarity":
            self.head = nn.Sequential(nn.Linear(2 * width, 50), nn.Sigmoid(), nn.Linear(50, out_channels))
        elif pair == "relation":
            self.head = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, out_channels))
        else:
            self.head = nn.Linear(width, out_channels)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every phrase that is asked about, or of every two."""
        states = self.dropout(self.states(data))
        if self.pair:
            h, k = states[0::2], states[1::2]
            parts = [(h - k).abs(), h * k] if self.pair == "similarity" else [h, k, h * k]
            states = torch.cat(parts, 1)
        return self.head(states)

    def states(self, data: Data) -> Tensor:
        """Return what is read of every phrase that is asked about, [asked, width]."""
        assert data.x is not None
        embedded = self.input_dropout(self.embedding(data.x[:, 0]))
        if self.network is None:
            return torch.relu(self._mean(embedded, data))
        edges = {key: data[key] for key in ("edge_index", "edge_type", "edge_weight", "level") if key in data}
        found = self.network(Data(x=embedded, **edges))
        if self.readout == "mean":
            return self._mean(found, data)
        mask = data["mask"]
        if not self.both_ways:
            return found[mask]
        forward, backward = found.chunk(2, 1)
        return torch.cat([forward[mask], backward[_starts(data)]], 1)

    def _mean(self, states: Tensor, data: Data) -> Tensor:
        """Return the mean over the nodes with words of each phrase, all of them where none has any."""
        starts = _starts(data)
        asked = int(data["mask"].sum())
        if int(starts.sum()) != asked:
            got, remedy = f"{asked} in {int(starts.sum())} phrases", "take a view of phrases, or readout='node'"
            raise ValueError(_checks.problem("data", "one node asked about in each phrase", got, remedy))
        return scatter(states, starts.cumsum(0) - 1, dim_size=asked, reduce="mean")


def _starts(data: Data) -> Tensor:
    """Return which nodes are the first of a phrase [N]."""
    starts = torch.ones_like(data["mask"])
    starts[1:] = False
    for key in ("batch", "phrase"):
        if key in data:
            starts[1:] |= data[key][1:] != data[key][:-1]
    return starts
