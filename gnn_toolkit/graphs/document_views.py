"""Views of documents: the graph of one document's words, and the graph of a corpus.

A document is a graph whose nodes are its words in their order, with their codes in ``x`` [N]
(:meth:`gnn_toolkit.graphs.WordVocabulary.document`). :class:`gnn_toolkit.graphs.Path` and
:class:`gnn_toolkit.graphs.NoEdges` make a sequence and a bag of it.
"""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.cooccurrence import cooccurrence
from gnn_toolkit.graphs.views import with_edges

WEIGHTS = ("count", "pmi", "one")


class GraphOfWords(BaseTransform):
    """The graph of a document's words: a node for each distinct word, an edge between words that stand near each other.

    Words u and v are joined, both ways, where one of the document's windows holds both. ``count`` weighs the edge with
    the number of these windows, c(u, v); ``pmi`` with ``log(c(u, v) n / (c(u) c(v)))``, n windows of which c(u) hold u,
    and drops what is not above zero; ``one`` does not weigh it. The graph is that of Peng et al. (2018) and of Rousseau
    and Vazirgiannis (2013), which is directed there. Nodes stand in the order in which their words come first; a word
    that comes once has no loop, nor has any other.

    Args:
        window: number of words of a window, which slides word by word; a shorter document is one window.
        weight: ``"count"``, ``"pmi"`` or ``"one"``.

    Shapes:
        - in: ``data.x`` [N], codes of the words in their order
        - out: ``data.x`` [M], the distinct ones; ``edge_index`` [2, E]; ``edge_weight`` [E] unless ``"one"``

    Raises:
        ValueError: a window below 2, an unknown weight, or a document whose ``x`` is no vector of codes.

    >>> words = Data(x=torch.tensor([3, 5, 3, 9]))
    >>> data = GraphOfWords(window=2)(words)
    >>> data.x.tolist(), data.edge_index.tolist(), data.edge_weight.tolist()
    ([3, 5, 9], [[0, 0, 1, 2], [1, 2, 0, 0]], [2.0, 1.0, 2.0, 1.0])
    """

    def __init__(self, window: int = 4, weight: str = "count") -> None:
        self.window, self.weight = _checks.positive("window", window), _checks.choice("weight", weight, WEIGHTS)
        if window < 2:
            raise ValueError(_checks.problem("window", "at least 2 words", window, "one word has no neighbour"))

    def forward(self, data: Data) -> Data:
        """Return the graph of the document's words."""
        codes, place = _distinct(codes_of(data))
        found = cooccurrence(place, np.array([len(place)]), len(codes), self.window, pairs="windows")
        pairs = found.pmi() if self.weight == "pmi" else found.pairs.tocoo()
        ends = torch.from_numpy(np.stack(pairs.coords).astype(np.int64))
        data = with_edges(data, torch.cat([ends, ends.flip(0)], 1))
        data.x = torch.from_numpy(codes)
        if self.weight != "one":
            data.edge_weight = torch.from_numpy(pairs.data).float().repeat(2)
        return data


def codes_of(data: Data) -> Tensor:
    """Return the codes of a document's words [N], or raise a ``ValueError`` where ``x`` [N] or [N, 1] holds none."""
    x = data.x
    if not isinstance(x, Tensor) or (x.dim() != 1 and x.shape[1:] != (1,)) or x.is_floating_point():
        got = x if not isinstance(x, Tensor) else f"{x.dtype} {list(x.shape)}"
        remedy = "make the document with WordVocabulary.document"
        raise ValueError(_checks.problem("data.x", "codes of words, an integer tensor [N]", got, remedy))
    return x.view(-1)


def _distinct(codes: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct codes in the order in which they come first, and the number of each place's code."""
    found, first, place = np.unique(codes.numpy(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return found[order], rank[place]
