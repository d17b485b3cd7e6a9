"""Classifiers of documents: an embedding of words under any network of graphs, and a perceptron on bags of words."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs.document_views import codes_of
from gnn_toolkit.models.graph_network import GraphNetwork, graph_of


class DocumentNetwork(nn.Module):
    """An embedding of words, learnt from scratch, and a :class:`GraphNetwork` over the edges between them.

    Args:
        num_words: number of codes, with 0 for a word that is not known.
        hidden_channels: width of the embedding and of the layers.
        out_channels: number of classes.
        **options: of :class:`GraphNetwork`, first of all ``layer`` and ``readout``.

    Shapes:
        - ``data.x`` [N], codes of words; ``data.batch`` [N] and edges as of :class:`GraphNetwork`
        - logits [documents, out_channels]

    Raises:
        ValueError: ``data.x`` holds no codes, or what :class:`GraphNetwork` refuses.

    >>> data = Data(x=torch.tensor([4, 2, 0]), edge_index=torch.tensor([[0, 1], [1, 2]]))
    >>> DocumentNetwork(5, 8, 2, layer="lstm", readout="last")(data).shape
    torch.Size([1, 2])
    """

    def __init__(self, num_words: int, hidden_channels: int, out_channels: int, **options: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(_checks.positive("num_words", num_words), hidden_channels)
        self.network = GraphNetwork(hidden_channels, hidden_channels, out_channels, **options)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every document of the batch."""
        embedded = copy.copy(data)
        embedded.x = self.embedding(codes_of(data))
        return self.network(embedded)


class WideMLP(nn.Module):
    """One wide hidden layer on a bag of words (Galke and Scherp 2022).

    ``h = relu(b + mean over the document's words w of E_w)``, logits ``W dropout(h) + c``: a perceptron on the shares
    of all words, whose first weight E is an embedding. It sees no order and no edges.

    Args:
        num_words: number of codes, with 0 for a word that is not known.
        hidden_channels: width of the hidden layer.
        out_channels: number of classes.
        dropout: probability of dropping a hidden unit while training.

    Shapes:
        - ``data.x`` [N], codes of words, in any order; ``data.batch`` [N]
        - logits [documents, out_channels]

    Raises:
        ValueError: ``data.x`` holds no codes.

    >>> WideMLP(5, 16, 2)(Data(x=torch.tensor([4, 2, 2]))).shape
    torch.Size([1, 2])
    """

    def __init__(self, num_words: int, hidden_channels: int, out_channels: int, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(_checks.positive("num_words", num_words), hidden_channels)
        self.bias = nn.Parameter(torch.zeros(hidden_channels))
        self.dropout = nn.Dropout(_checks.probability("dropout", dropout))
        self.head = nn.Linear(hidden_channels, out_channels)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every document of the batch."""
        codes = codes_of(data)
        batch, graphs = graph_of(data, codes)
        sizes = torch.bincount(batch, minlength=graphs)
        bags = nn.functional.embedding_bag(codes, self.embedding.weight, sizes.cumsum(0) - sizes, mode="mean")
        return self.head(self.dropout(torch.relu(bags + self.bias)))
