"""Cora, CiteSeer and PubMed: networks of citations with the split of Yang et al. (2016)."""

import numpy as np
import torch
from scipy.sparse import csr_matrix, lil_matrix, vstack
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import coalesce, index_to_mask, remove_self_loops

from gnn_toolkit._checks import choice
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.pickles import load_pickled_arrays

_NAMES = ("cora", "citeseer", "pubmed")
# Planetoid trains on x, tests on tx, and has all but the test papers in allx; y, ty and ally are their classes.
_PICKLES = ("allx", "tx", "ally", "y", "ty", "graph")
_VALIDATION = 500


def load_planetoid(name: str, *, row_normalize: bool = True, download: bool = True) -> Data:
    """Return a citation network with the public split (Yang et al. 2016), from Planetoid's own files.

    Nodes, edges, classes and masks are those of PyG's ``Planetoid``: loops and parallel citations are dropped, each
    citation is an edge both ways. The fifteen test papers that CiteSeer's files leave out have no features, no edges
    and no class; ``y`` holds 0 for them as in PyG, and ``labelled_mask`` tells them apart. Nothing is written beside
    the files, and their pickles are read without running anything that they ask for.

    Args:
        name: ``"cora"``, ``"citeseer"`` or ``"pubmed"``.
        row_normalize: divide each paper's features by their sum, as Kipf and Welling (2017) do.
        download: whether to download what is not at hand.

    Returns:
        A graph with ``x`` [N, F], ``edge_index`` [2, E], ``y`` [N] and the masks [N] ``train_mask``, ``val_mask``,
        ``test_mask`` and ``labelled_mask``.

    Raises:
        ValueError: there is no such network.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.

    >>> load_planetoid("coral")
    Traceback (most recent call last):
    ValueError: name: expected one of cora, citeseer, pubmed, got 'coral'; did you mean 'cora'?
    """
    choice("name", name, _NAMES)
    paths = {part: fetch(name, f"ind.{name}.{part}", download=download) for part in (*_PICKLES, "test.index")}
    parts = {part: load_pickled_arrays(paths[part]) for part in _PICKLES}
    test = np.loadtxt(paths["test.index"], dtype=np.int64)
    features = _in_order(parts["allx"], parts["tx"], test)
    classes = _in_order(csr_matrix(parts["ally"]), csr_matrix(parts["ty"]), test)
    if row_normalize:
        features = _row_normalized(features)
    count, known = features.get_shape()[0], parts["y"].shape[0]
    places = torch.arange(count)
    one_hot = torch.from_numpy(classes.toarray())
    return Data(
        x=torch.from_numpy(features.toarray()).float(),
        edge_index=_edge_index(parts["graph"], count),
        y=one_hot.argmax(1),
        train_mask=places < known,
        val_mask=(places >= known) & (places < known + _VALIDATION),
        test_mask=index_to_mask(torch.from_numpy(test), count),
        labelled_mask=one_hot.any(1),
    )


def _in_order(first: csr_matrix, rest: csr_matrix, test: np.ndarray) -> csr_matrix:
    """Return rows by number: those of ``first``, then row i of ``rest`` at ``test[i]``, empty ones in the gaps."""
    count, width = first.get_shape()
    tail = lil_matrix((int(test.max()) + 1 - count, width), dtype=first.dtype)
    tail[test - count] = rest
    return csr_matrix(vstack([first, tail]))


def _row_normalized(features: csr_matrix) -> csr_matrix:
    sums = np.asarray(features.sum(1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums, dtype=float), where=sums != 0)
    return csr_matrix(features.multiply(scale[:, None]))


def _edge_index(graph: dict[int, list[int]], count: int) -> Tensor:
    pairs = [(node, other) for node, others in graph.items() for other in others]
    edge_index, _ = remove_self_loops(torch.tensor(pairs).t())
    return coalesce(edge_index, num_nodes=count, sort_by_row=False)
