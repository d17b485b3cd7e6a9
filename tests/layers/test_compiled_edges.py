"""Compiled layers refuse an edge to a node that does not exist before any of their code reads it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit import layers

F, H = 3, 2
X = torch.arange(12.0).view(4, F) / 10
EDGES = torch.tensor([[0, 1, 2, 1], [2, 2, 3, 4]])  # there is no node 4
ATTR = torch.ones(4, 2)


def in_time(layer: Any, x: Tensor, edges: Tensor) -> Tensor:
    return layer(torch.stack([x, x]), edges)[0]


CALLS: dict[str, tuple[Callable[[], Any], Callable[[Any, Tensor, Tensor], Any]]] = {
    "GCNConv": (lambda: layers.GCNConv(F, H), lambda layer, x, e: layer(x, e)),
    "GCNConv, as it is": (lambda: layers.GCNConv(F, H, normalize=False), lambda layer, x, e: layer(x, e)),
    "NodeAverageConv": (lambda: layers.NodeAverageConv(F, H), lambda layer, x, e: layer(x, e)),
    "NodeAverageConv, sum": (lambda: layers.NodeAverageConv(F, H, aggr="sum"), lambda layer, x, e: layer(x, e)),
    "NodeEdgeAverageConv": (lambda: layers.NodeEdgeAverageConv(F, H, 2), lambda layer, x, e: layer(x, e, ATTR)),
    "OrderedConv": (lambda: layers.OrderedConv(F, H, 4), lambda layer, x, e: layer(x, e, torch.arange(4))),
    "GraphLSTM": (lambda: layers.GraphLSTM(F, H), lambda layer, x, e: layer(x, e, x[:, 0])[0]),
    "GConvGRU": (lambda: layers.GConvGRU(F, H), in_time),
    "GConvGRU, no normalisation": (lambda: layers.GConvGRU(F, H, normalization=None), in_time),
    "DCRNN": (lambda: layers.DCRNN(F, H), in_time),
    "TGCN": (lambda: layers.TGCN(F, H), in_time),
    "DAGGRU": (lambda: layers.DAGGRU(F, H), lambda layer, x, e: layer(x, e)[0]),
    "DAGMinGRU": (lambda: layers.DAGMinGRU(F, H), lambda layer, x, e: layer(x, e)[0]),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_edge_out_of_range_is_refused(name: str):
    torch.compiler.reset()
    make, call = CALLS[name]
    compiled = torch.compile(make(), fullgraph=True, backend="aot_eager")
    with pytest.raises((ValueError, RuntimeError), match=r"edge_index: expected node indices in \[0, 4\), got 4"):
        call(compiled, X, EDGES)
