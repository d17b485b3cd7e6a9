"""Collections of small graphs in the form of TUDataset (Morris et al. 2020): MUTAG and PROTEINS."""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit._checks import choice
from gnn_toolkit.datasets.cards import load_card
from gnn_toolkit.datasets.fetch import fetch

_NAMES = ("mutag", "proteins")


def load_tudataset(name: str, *, download: bool = True) -> list[Data]:
    """Return the graphs of a collection, from TUDataset's own text files.

    Graphs, nodes and classes are those of PyG's ``TUDataset``: classes are numbered from 0 in the order of their
    labels, nodes' labels are one-hot, loops and parallel edges are dropped. Nothing is written beside the files.

    Args:
        name: ``"mutag"`` or ``"proteins"``.
        download: whether to download what is not at hand.

    Returns:
        Graphs of different sizes, each with ``x`` [N, labels], ``edge_index`` [2, E] (both ways), ``y`` [1], and
        ``edge_type`` [E] where edges have labels.

    Raises:
        ValueError: there is no such collection.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.

    >>> load_tudataset("mutagen")
    Traceback (most recent call last):
    ValueError: name: expected one of mutag, proteins, got 'mutagen'; did you mean 'mutag'?
    """
    card = load_card(choice("name", name, _NAMES))
    parts = {
        file.name.partition("_")[2].removesuffix(".txt"): np.loadtxt(
            fetch(card, file.name, download=download), dtype=np.int64, delimiter=","
        )
        for file in card.files
    }
    graph_of, labels = torch.from_numpy(parts["graph_indicator"]) - 1, _numbered(parts["node_labels"])
    x = torch.nn.functional.one_hot(labels).float()
    edge_index, edge_type = _edges(parts["A"], parts.get("edge_labels"), len(labels))
    y = _numbered(parts["graph_labels"])
    sizes = torch.bincount(graph_of, minlength=len(y))
    first = sizes.cumsum(0) - sizes
    edges = torch.bincount(graph_of[edge_index[0]], minlength=len(y)).tolist()
    columns, types = edge_index.split(edges, 1), edge_type.split(edges)
    graphs = []
    for number, nodes in enumerate(x.split(sizes.tolist())):
        data = Data(x=nodes, edge_index=columns[number] - first[number], y=y[number : number + 1])
        if "edge_labels" in parts:
            data.edge_type = types[number]
        graphs.append(data)
    return graphs


def _numbered(labels: np.ndarray) -> Tensor:
    """Return labels as numbers from 0, in their order."""
    return torch.from_numpy(np.unique(labels, return_inverse=True)[1].astype(np.int64))


def _edges(pairs: np.ndarray, labels: np.ndarray | None, nodes: int) -> tuple[Tensor, Tensor]:
    """Return the edges, sorted, each once and without loops, and the number of each one's label."""
    ends = torch.from_numpy(pairs) - 1
    kinds = torch.zeros(len(ends), dtype=torch.long) if labels is None else _numbered(labels)
    kept = ends[:, 0] != ends[:, 1]
    code = ends[kept, 0] * nodes + ends[kept, 1]
    order = code.argsort(stable=True)
    once = torch.ones(len(order), dtype=torch.bool)
    once[1:] = code[order][1:] != code[order][:-1]
    code, kinds = code[order][once], kinds[kept][order][once]
    return torch.stack([code // nodes, code % nodes]), kinds
