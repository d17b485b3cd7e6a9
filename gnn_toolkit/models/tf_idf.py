"""A linear classifier on TF-IDF: the line that others have to reach."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs.document_views import codes_of
from gnn_toolkit.models.graph_network import graph_of


class TfIdfLinear(nn.Module):
    """Logits ``W t + b`` of a document's TF-IDF vector t, which has length 1: that of scikit-learn's defaults.

    ``t_w = n_w idf_w / |n idf|`` with ``idf_w = 1 + ln((1 + D) / (1 + df_w))``: the word w comes n_w times in the
    document and at all in df_w of the D documents of training. Unknown words, of code 0, count for nothing.

    Args:
        num_words: number of codes, with 0 for a word that is not known.
        out_channels: number of classes.

    Shapes:
        - ``data.x`` [N], codes of words, in any order; ``data.batch`` [N]
        - logits [documents, out_channels]

    >>> TfIdfLinear(5, 2)(Data(x=torch.tensor([4, 2, 2]))).shape
    torch.Size([1, 2])
    """

    idf: Tensor

    def __init__(self, num_words: int, out_channels: int) -> None:
        super().__init__()
        self.register_buffer("idf", torch.ones(_checks.positive("num_words", num_words)))
        self.weight = nn.Parameter(torch.zeros(num_words, out_channels))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every document of the batch."""
        document, code, value, documents = self.entries(data)
        messages = value.unsqueeze(1) * self.weight[code]
        return messages.new_zeros(documents, len(self.bias)).index_add(0, document, messages) + self.bias

    def entries(self, data: Data) -> tuple[Tensor, Tensor, Tensor, int]:
        """Return the entries of the documents' vectors: document, word and value of each; and how many documents."""
        codes = codes_of(data)
        batch, documents = graph_of(data, codes)
        known = codes > 0
        entry, times = torch.unique(batch[known] * len(self.idf) + codes[known], return_counts=True)
        document, code = entry // len(self.idf), entry % len(self.idf)
        value = times * self.idf[code]
        square = value.new_zeros(documents).index_add(0, document, value.square())
        return document, code, value / square.sqrt()[document], documents
