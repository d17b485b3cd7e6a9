"""Receptive fields in a graph of words: what an ordinary convolution reads of it (Peng et al. 2018)."""

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.document_views import codes_of

PADDING = -1
HOPS = 3  # how far a field reaches


class WordFields(BaseTransform):
    """Ordered receptive fields of a graph of words: its best connected words, each with the words nearest to it.

    The ``words`` nodes with the largest sum of edge weights are chosen, the largest first. The field of a node is the
    node itself and the nodes fewest hops away, at most three, of equally far ones those with the larger sum first. Ties
    go to the node that stands first. So every document becomes a picture of one size, whose rows are like places in a
    sentence and which a convolution can read (Niepert et al. 2016; Peng et al. 2018).

    Args:
        words: number W of fields.
        size: number K of words of a field.

    Shapes:
        - in: ``data.x`` [N], codes of distinct words, ``edge_index`` [2, E], ``edge_weight`` [E] or none
        - out: the same, and ``data.field`` [1, W, K], codes of words, -1 where there are too few

    Raises:
        ValueError: sizes below 1, or a graph without codes or edges.

    >>> from gnn_toolkit.graphs.document_views import GraphOfWords
    >>> graph = GraphOfWords(window=2)(Data(x=torch.tensor([7, 8, 9, 8])))
    >>> WordFields(words=2, size=3)(graph).field.tolist()
    [[[8, 9, 7], [9, 8, 7]]]
    """

    def __init__(self, words: int = 64, size: int = 5) -> None:
        self.words, self.size = _checks.positive("words", words), _checks.positive("size", size)

    def forward(self, data: Data) -> Data:
        """Return the graph with its fields."""
        codes = codes_of(data).numpy()
        if data.edge_index is None:
            raise ValueError(_checks.problem("data", "a graph with edge_index", data, "take GraphOfWords first"))
        count, weight = len(codes), data.get("edge_weight")
        source, target = data.edge_index.numpy()
        weights = np.ones(len(source)) if weight is None else weight.numpy()
        strength = np.bincount(target, weights=weights, minlength=count)
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(-strength, kind="stable")] = np.arange(count)
        chosen = np.argsort(rank)[: self.words]
        linked = np.zeros((count, count), dtype=np.float32)
        linked[target, source] = 1.0
        hops = _hops(linked, chosen)
        near = np.argsort(hops * count + rank, axis=1, kind="stable")[:, : self.size]
        field = np.full((1, self.words, self.size), PADDING, dtype=np.int64)
        within = np.take_along_axis(hops, near, 1) <= HOPS
        field[0, : len(chosen), : near.shape[1]] = np.where(within, codes[near], PADDING)
        data.field = torch.from_numpy(field)
        return data


def _hops(linked: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the number of edges from chosen nodes to all others, one more than ``HOPS`` beyond [chosen, N]."""
    reached = np.zeros((len(chosen), len(linked)), dtype=np.float32)
    reached[np.arange(len(chosen)), chosen] = 1.0
    hops = np.where(reached > 0, 0, HOPS + 1)
    for distance in range(1, HOPS + 1):
        reached = reached @ linked
        hops = np.where(reached > 0, np.minimum(hops, distance), hops)
        reached = (reached > 0).astype(np.float32)
    return hops
