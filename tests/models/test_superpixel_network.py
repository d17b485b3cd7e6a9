"""The network of superpixels: what each kind of layer sees, and the grid of patches against a plain average."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import GridDAG
from gnn_toolkit.layers import reference
from gnn_toolkit.models import SuperpixelNetwork
from gnn_toolkit.models.superpixel_network import LAYERS

F, H, PARTS, GRID = 5, 8, 3, (2, 2)


def picture(nodes: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    path = torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])
    data = Data(x=torch.randn(nodes, F, generator=generator), edge_index=torch.cat([path, path.flip(0)], 1))
    data.score = torch.rand(nodes, generator=generator)
    data.area = torch.randint(1, 9, (nodes,), generator=generator)
    data.cover = torch.rand(nodes, 4, generator=generator).softmax(1)
    return data


def network(layer: str, **options) -> Any:
    torch.manual_seed(0)
    return SuperpixelNetwork(F, H, PARTS, layer=layer, patches=GRID, **options).eval()


def prepared(data: Any, layer: str) -> Any:
    if layer != "lstm":
        return data
    data = data.clone()
    count = data.num_nodes
    data.edge_index = torch.stack([torch.arange(count - 1), torch.arange(1, count)])
    return data


@pytest.mark.parametrize("layer", LAYERS)
def test_a_batch_is_its_pictures_one_by_one(layer: str):
    model = network(layer)
    pictures = [prepared(picture(nodes, nodes), layer) for nodes in (4, 1, 6)]
    together = model(Batch.from_data_list(pictures))
    assert together.shape == (11, PARTS)
    torch.testing.assert_close(together, torch.cat([model(one) for one in pictures]))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_parameter_learns(layer: str):
    model = network(layer, dropout=0.5, input_dropout=0.5).train()
    model(prepared(picture(9), layer)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())


@pytest.mark.parametrize("layer", LAYERS)
def test_what_a_superpixel_sees_of_another(layer: str):
    model, data = network(layer, num_layers=1), prepared(picture(4), layer)
    data.x.requires_grad_()
    (seen,) = torch.autograd.grad(model(data)[0].sum(), data.x)
    reached = (seen.abs().sum(1) > 0).tolist()
    near = {"mlp": 1, "gcn": 2, "sage": 2, "gat": 2}.get(layer, 4)
    if layer != "graph_lstm":
        assert reached == [True] * near + [False] * (4 - near)


def test_the_graph_lstm_stands_between_residual_connections():
    model, data = network("graph_lstm"), picture(6)
    (layer,) = model.layers
    x = torch.relu(model.embedding(data.x))
    parameters = dict(layer.named_parameters())
    read = model.norms[0](x)
    found = reference.graph_lstm(parameters, read, data.edge_index, data.score, (read, read), num_layers=2)[0]
    torch.testing.assert_close(model(data), model.head(x + found))


def test_a_grid_of_patches_reads_averages_and_gives_them_back():
    model, data = network("patch_lstm", num_layers=1), picture(5)
    x = torch.relu(model.embedding(data.x))
    share = data.cover * data.area[:, None]
    read = model.norms[0](x)
    patches = torch.stack([(share[:, p, None] * read).sum(0) / share[:, p].sum() for p in range(4)])
    grid: Any = GridDAG(*GRID)(Data(num_nodes=4))
    found = model.layers[0](patches, grid.edge_index, edge_type=grid.edge_type)[0]
    torch.testing.assert_close(model(data), model.head(x + data.cover @ found))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"layer: expected one of mlp, gcn, sage, gat, .*, got 'gate'"):
        network("gate")
    with pytest.raises(ValueError, match="hidden_channels: expected a multiple of 4, got 6"):
        SuperpixelNetwork(F, 6, PARTS, layer="gat")
    data = picture(3)
    del data.score, data.cover
    with pytest.raises(ValueError, match="data: expected a graph with score"):
        network("graph_lstm")(data)
    with pytest.raises(ValueError, match="data: expected a graph with cover"):
        network("patch_lstm")(data)
