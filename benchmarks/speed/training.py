"""Whole trainings: the two layers of Kipf and Welling on a network of Cora's size, ours against PyG's convolution."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import SparseFeatures
from gnn_toolkit.training import Settings, fit

from .case import Case, Contest


class TwoLayers(nn.Module):
    """Two convolutions of one kind with dropout of their inputs (Kipf and Welling 2017, eq. 9)."""

    def __init__(self, kind: Callable[..., nn.Module], width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.first, self.second = kind(width, hidden, cached=True), kind(hidden, classes, cached=True)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return the logits of every node."""
        x = self.first(nn.functional.dropout(x, 0.5, self.training), edge_index).relu()
        return self.second(nn.functional.dropout(x, 0.5, self.training), edge_index)


def full_batch(device: str, *, nodes: int, edges: int, width: int, words: int, known: int, epochs: int) -> Contest:
    """Return trainings of some epochs, each on all nodes, with a validation after each: the same loop for both kinds.

    Args:
        device: where all lives.
        nodes: number of nodes.
        edges: number of directed edges.
        width: of the features.
        words: number of features that a node has.
        known: number of nodes that are trained on.
        epochs: number of training steps.
    """
    source, offset = torch.randint(nodes, (edges // 2,)), torch.randint(1, nodes, (edges // 2,))
    pairs = torch.stack([source, (source + offset) % nodes])
    edge_index = torch.cat([pairs, pairs.flip(0)], 1).to(device)
    dense = torch.zeros(nodes, width).scatter_(1, torch.randint(width, (nodes, words)), 1 / words)
    x, y = SparseFeatures.of(dense).to(device), torch.randint(7, (nodes,)).to(device)
    start = TwoLayers(GCNConv, width, 16, 7).state_dict()
    settings = Settings(steps=epochs, learning_rate=0.01, weight_decay=5e-4, evaluate_every=1, device=device)

    def train(kind: Callable[..., nn.Module]) -> list[Tensor]:
        torch.manual_seed(0)
        model = TwoLayers(kind, width, 16, 7)
        model.load_state_dict(start)
        history = fit(
            model,
            lambda generator: (x, edge_index, y[:known]),
            lambda network, batch: nn.functional.cross_entropy(network(*batch[:2])[:known], batch[2]),
            lambda network: float((network(x, edge_index)[known:].argmax(1) == y[known:]).float().mean()),
            settings,
            higher_is_better=True,
        )
        return [torch.tensor(history.loss)]

    return Contest(lambda: train(GCNConv), expected=lambda: train(PyGConv), rival=lambda: train(PyGConv))


CORA = {"nodes": 2708, "edges": 10_556, "width": 1433, "words": 18, "known": 140}

CASES: dict[str, Case] = {
    "training-cora": Case(
        "200 epochs of two layers of 16, Cora's size",
        "PyG's GCNConv, cached",
        "speed",
        1.0,
        lambda device: full_batch(device, epochs=200, **CORA),
    ),
}
