"""A deep convolution over the receptive fields of a graph of words, in the spirit of Peng et al. (2018)."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs.word_fields import PADDING


class DeepGraphCNN(nn.Module):
    """Convolutions over the ordered receptive fields of a document's graph of words, then a dense layer.

    The first layer reads each field at once: ``relu(W [e_1 .. e_K] + b)`` with its words' embeddings, one weight a
    place. Two convolutions over three neighbouring fields follow, each with relu and a maximum over every two. Places
    without a word are zeros. The network is that of Peng et al. (2018) but for this: embeddings are learnt with the
    rest and not taken from word2vec, it has two further convolutions and one dense layer with dropout, and the classes'
    weights are not tied along a hierarchy, which these corpora do not have.

    Args:
        num_words: number of codes, with 0 for a word that is not known.
        hidden_channels: width of embeddings and convolutions.
        out_channels: number of classes.
        words: number W of fields.
        size: number K of words of a field.
        dropout: probability of dropping a number before the dense layer while training.
        input_dropout: probability of dropping a number of an embedding while training.

    Shapes:
        - ``data.field`` [documents, W, K], as :class:`gnn_toolkit.graphs.WordFields` makes it
        - logits [documents, out_channels]

    Raises:
        ValueError: W below 4, or fields of another shape.

    >>> model = DeepGraphCNN(10, 8, 2, words=4, size=2)
    >>> model(Data(field=torch.tensor([[[1, 2], [3, -1], [-1, -1], [-1, -1]]]))).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        num_words: int,
        hidden_channels: int,
        out_channels: int,
        *,
        words: int = 64,
        size: int = 5,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if _checks.positive("words", words) < 4:
            raise ValueError(_checks.problem("words", "at least 4 fields", words, "two maxima over two leave none"))
        self.shape = (words, _checks.positive("size", size))
        self.embedding = nn.Embedding(_checks.positive("num_words", num_words) + 1, hidden_channels, padding_idx=0)
        self.fields = nn.Linear(size * hidden_channels, hidden_channels)
        self.convolutions = nn.ModuleList(nn.Conv1d(hidden_channels, hidden_channels, 3, padding=1) for _ in range(2))
        self.input_dropout, self.dropout = nn.Dropout(input_dropout), nn.Dropout(dropout)
        self.head = nn.Linear(words // 4 * hidden_channels, out_channels)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every document of the batch."""
        field = data.get("field")
        if not isinstance(field, Tensor) or field.shape[1:] != self.shape:
            got = None if field is None else list(field.shape)
            allowed = f"shape [documents, {self.shape[0]}, {self.shape[1]}]"
            raise ValueError(_checks.problem("data.field", allowed, got, "make them with WordFields of these sizes"))
        embedded = self.input_dropout(self.embedding(field - PADDING))
        x = torch.relu(self.fields(embedded.flatten(2))).transpose(1, 2)
        for convolution in self.convolutions:
            x = nn.functional.max_pool1d(torch.relu(convolution(x)), 2)
        return self.head(self.dropout(x.flatten(1)))
