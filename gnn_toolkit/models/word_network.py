"""A network over words in any arrangement: documents, sentences, formulas, programs; bags, paths, trees and graphs."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs.document_views import codes_of
from gnn_toolkit.models.graph_network import LAYERS, READOUTS, GraphNetwork, graph_of

BAG = "bag"
PAIRS = ("", "similarity", "relation")


class WordNetwork(nn.Module):
    """An embedding of words, a :class:`GraphNetwork` of one kind of layer over their edges, and logits of texts.

    A text is a graph of the batch, or a phrase of it where ``data.phrase`` numbers several.

    Args:
        num_words: number of codes of words.
        hidden_channels: width of the embedding and of the layers.
        out_channels: number of logits.
        layer: one of those of :class:`GraphNetwork`, or ``"bag"``: ``h = relu(b + mean over the text's words w of
            E_w)``, a perceptron on the shares of all words, whose first weight E is the embedding (the wide perceptron
            of Galke and Scherp 2022 where it is wide). It sees no order and no edges.
        readout: ``"last"``, ``"mean"`` or ``"attention"`` over each text as of :class:`GraphNetwork`, or ``"nodes"``:
            the states at the nodes of ``data.mask``, as for the phrases within a tree. A bag is a mean.
        padding_idx: the code of a node without a word, whose embedding stays zero; default: every code is a word.
        pair: ``""``: logits of each text. ``"similarity"`` or ``"relation"``: of every two texts, ``h`` and ``k``, from
            ``|h - k|`` and ``h * k`` through 50 sigmoid units (Tai et al. 2015, eq. 15), which is the same for both
            orders; or from ``h``, ``k`` and ``h * k`` through as many rectified units as the layers are wide.
        dropout: probability of dropping a number of what is read out, and between layers, while training.
        input_dropout: probability of dropping a number of an embedding while training; not of a bag.
        bidirectional: whether a recurrence also runs against the edges.
        **options: others of :class:`GraphNetwork`, such as ``num_layers``.

    Shapes:
        - ``data.x`` [N] or [N, 1], codes of words; optional ``data.batch``, ``data.phrase`` [N]; edges as of
          :class:`GraphNetwork`; for ``"nodes"`` ``data.mask`` [N]
        - logits [texts, out_channels], or [texts / 2, out_channels] of pairs, in the order of the nodes

    Raises:
        ValueError: an unknown layer, readout or pair, options of a bag, no codes, nodes of no phrase of their own that
            are asked about, or what :class:`GraphNetwork` refuses.

    >>> data = Data(x=torch.tensor([4, 2, 0]), edge_index=torch.tensor([[0, 1], [1, 2]]))
    >>> WordNetwork(5, 8, 2, layer="lstm", readout="last")(data).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        num_words: int,
        hidden_channels: int,
        out_channels: int,
        *,
        layer: str,
        readout: str = "mean",
        padding_idx: int | None = None,
        pair: str = "",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        bidirectional: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        _checks.choice("layer", layer, (*LAYERS, BAG))
        self.readout, self.pair = _checks.choice("readout", readout, READOUTS), _checks.choice("pair", pair, PAIRS)
        words = _checks.positive("num_words", num_words)
        self.embedding = nn.Embedding(words, hidden_channels, padding_idx=padding_idx)
        self.dropout = nn.Dropout(_checks.probability("dropout", dropout))
        self.bias: nn.Parameter | None = None
        self.network: GraphNetwork | None = None
        if layer == BAG:
            if options or bidirectional or input_dropout or readout != "mean":
                got = {"readout": readout, "input_dropout": input_dropout, "bidirectional": bidirectional, **options}
                raise ValueError(_checks.problem("layer", "no options of a bag", got, "leave them out"))
            self.bias = nn.Parameter(torch.zeros(hidden_channels))
        else:
            own = {"readout": readout, "dropout": dropout, "input_dropout": input_dropout}
            options |= {"layer": layer, "bidirectional": bidirectional, **own}
            self.network = GraphNetwork(hidden_channels, hidden_channels, out_channels, **options)
        width = hidden_channels * (1 if self.network is None else 1 + self.network.both_ways)
        self.head = _head(pair, width, out_channels)
        if self.network is not None:
            self.network.head = nn.Identity()

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every text that is asked about, or of every two."""
        states = self.dropout(self.states(data))
        if self.pair:
            h, k = states[0::2], states[1::2]
            states = torch.cat([(h - k).abs(), h * k] if self.pair == "similarity" else [h, k, h * k], 1)
        return self.head(states)

    def states(self, data: Data) -> Tensor:
        """Return what is read of every text that is asked about, [texts, width]."""
        codes = codes_of(data)
        texts, count = texts_of(data, codes)
        if self.readout != "nodes" and "mask" in data and int(data["mask"].sum()) != count:
            got, remedy = f"{int(data['mask'].sum())} in {count}", "take a view of phrases, or readout='nodes'"
            raise ValueError(_checks.problem("data", "one node asked about in each text", got, remedy))
        if self.bias is not None:
            sizes = torch.bincount(texts, minlength=count)
            padding, starts = self.embedding.padding_idx, sizes.cumsum(0) - sizes
            bags = nn.functional.embedding_bag(codes, self.embedding.weight, starts, padding_idx=padding)
            return torch.relu(bags + self.bias)
        assert self.network is not None
        embedded = copy.copy(data)
        embedded.x = self.embedding(codes)
        if "phrase" in data:
            embedded.batch = texts
            embedded.ptr = None
        states = self.network(embedded)
        return states[data["mask"]] if self.readout == "nodes" else states


def _head(pair: str, width: int, out_channels: int) -> nn.Module:
    if pair == "similarity":
        return nn.Sequential(nn.Linear(2 * width, 50), nn.Sigmoid(), nn.Linear(50, out_channels))
    if pair == "relation":
        return nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, out_channels))
    return nn.Linear(width, out_channels)


def texts_of(data: Data, codes: Tensor) -> tuple[Tensor, int]:
    """Return the text that each node is of [N], and the number of texts: the phrases of each graph, or the graphs.

    >>> texts_of(Data(x=torch.tensor([4, 2, 2]), phrase=torch.tensor([0, 0, 1])), torch.tensor([4, 2, 2]))
    (tensor([0, 0, 1]), 2)
    """
    graph, graphs = graph_of(data, codes)
    if "phrase" not in data:
        return graph, graphs
    starts = torch.ones_like(graph)
    starts[1:] = ((graph.diff() != 0) | (data["phrase"].diff() != 0)).long()
    texts = starts.cumsum(0) - 1
    return texts, int(texts[-1]) + 1 if len(texts) else 0
