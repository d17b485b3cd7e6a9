"""What torch and PyG do to a module from outside: pruning, parametrisations, graphs of several kinds, batches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.utils._pytree import tree_leaves
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.nn import GCNConv as PyGConv
from torch_geometric.nn import HeteroConv, to_hetero

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import Adjacency, PrepareAdjacency

EDGES = torch.tensor([[0, 1, 2, 3, 3], [2, 2, 3, 1, 1]])


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


class Absolute(nn.Module):
    """A parametrisation: the absolute value."""

    def forward(self, value: Tensor) -> Tensor:
        return value.abs()


def absolute(layer: Any) -> None:
    parametrize.register_parametrization(layer, "bias", Absolute())
    parametrize.register_parametrization(layer.lin, "weight", Absolute())


def pruned_for_good(layer: Any) -> None:
    prune.l1_unstructured(layer.lin, "weight", 0.5)
    layer(normal(4, 3), EDGES)
    prune.remove(layer.lin, "weight")


def scaled_by_norm(layer: Any) -> None:
    parametrizations.weight_norm(layer.lin, "weight")
    with torch.no_grad():
        layer.lin.parametrizations.weight.original0.mul_(2)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "pruned": lambda layer: prune.l1_unstructured(layer.lin, "weight", 0.5),
    "pruned bias": lambda layer: prune.l1_unstructured(layer, "bias", 0.4),
    "pruned for good": pruned_for_good,
    "weight norm": scaled_by_norm,
    "spectral norm": lambda layer: parametrizations.spectral_norm(layer.lin, "weight"),
    "orthogonal": lambda layer: parametrizations.orthogonal(layer.lin, "weight"),
    "absolute": absolute,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_done_to_the_weights_counts_in_training_and_in_evaluation(name: str):
    results, x = [], normal(4, 3)
    for kind in (GCNConv, PyGConv):
        torch.manual_seed(0)
        layer: Any = kind(3, 5)
        nn.init.normal_(layer.bias)
        CHANGES[name](layer)
        trained = layer(x, EDGES)
        gradients = torch.autograd.grad(trained.square().sum(), list(layer.parameters()))
        layer.eval()
        with torch.no_grad():
            results.append((trained, gradients, layer(x, EDGES)))
    for a, b in zip(tree_leaves(results[0]), tree_leaves(results[1]), strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.allclose(results[0][2], plain(x))


def plain(x: Tensor) -> Tensor:
    torch.manual_seed(0)
    layer = GCNConv(3, 5)
    assert layer.bias is not None
    nn.init.normal_(layer.bias)
    return layer(x, EDGES).detach()


class TwoLayers(nn.Module):
    """Two convolutions of a kind."""

    def __init__(self, kind: Any, width: int) -> None:
        super().__init__()
        self.first, self.second = kind(width, 4), kind(-1, 2)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.second(self.first(x, edge_index).relu(), edge_index)


@pytest.mark.usefixtures("to_hetero_runs")
@pytest.mark.parametrize("width", [3, -1])
def test_a_model_becomes_one_for_nodes_and_edges_of_several_kinds(width: int):
    data: Any = HeteroData()
    data["a"].x, data["b"].x = normal(4, 3), normal(3, 3)
    data["a", "to", "a"].edge_index, data["a", "back", "a"].edge_index = EDGES, EDGES.flip(0)
    data["b", "to", "b"].edge_index = torch.tensor([[0, 1], [1, 2]])
    results = []
    for kind in (GCNConv, PyGConv):
        model = to_hetero(TwoLayers(kind, width), data.metadata())
        with torch.no_grad():
            model(data.x_dict, data.edge_index_dict)
        torch.manual_seed(0)
        for parameter in model.parameters():
            nn.init.normal_(parameter)
        mixed = HeteroConv({edges: kind(3, 2, bias=False) for edges in data.edge_types})
        for parameter in mixed.parameters():
            nn.init.ones_(parameter)
        results.append((model(data.x_dict, data.edge_index_dict), mixed(data.x_dict, data.edge_index_dict)))
    for a, b in zip(tree_leaves(results[0]), tree_leaves(results[1]), strict=True):
        torch.testing.assert_close(a, b)


def test_sizes_may_come_from_numpy_and_are_attributes():
    sizes: Any = np.int64(3), np.array([0, 4]).max()
    layer = GCNConv(*sizes)
    assert (layer.in_channels, layer.out_channels) == (3, 4)
    assert str(layer) == str(PyGConv(3, 4))


def test_a_batch_of_prepared_graphs_is_joined_or_refused():
    graphs = [PrepareAdjacency()(Data(x=normal(4, 3) + k, edge_index=EDGES)) for k in range(2)]
    batch: Any = Batch.from_data_list(graphs)
    layer = GCNConv(3, 2)
    with pytest.raises(ValueError, match=r"^edge_index: .*a list of Adjacency Adjacency\.join"):
        layer(batch.x, batch.adj_t)
    joined = layer(batch.x, Adjacency.join(batch.adj_t))
    torch.testing.assert_close(joined, layer(batch.x, batch.edge_index))
    for k in range(2):
        torch.testing.assert_close(layer(batch[k].x, batch[k].adj_t), joined[4 * k : 4 * k + 4])
