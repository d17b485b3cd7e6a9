"""Visiting orders and the path through superpixels: the order that arithmetic gives, on a picture of six."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from gnn_toolkit.graphs import RasterPath, VisitOrder
from gnn_toolkit.graphs.visits import ORDERS, raster_order

# Two rows of three: 4 0 2 above 1 5 3; each joined to those beside, above and below it.
POS = torch.tensor([[0.1, 0.5], [0.9, 0.1], [0.12, 0.9], [0.91, 0.9], [0.11, 0.1], [0.9, 0.5]])
PAIRS = torch.tensor([[4, 0, 1, 5, 4, 0, 2], [0, 2, 5, 3, 1, 5, 3]])


def picture() -> Data:
    return Data(pos=POS, edge_index=torch.cat([PAIRS, PAIRS.flip(0)], 1), num_nodes=6)


def visited(by: str, seed: int = 0) -> list[int]:
    data = picture()
    data.confidence = torch.tensor([0.3, 0.9, 0.5, 0.2, 0.8, 0.4])
    return VisitOrder(by, seed)(data).score.argsort(descending=True).tolist()


def test_the_orders():
    assert visited("confidence") == [1, 4, 2, 5, 0, 3]
    assert visited("raster") == [4, 0, 2, 1, 5, 3]
    assert visited("bfs") == [0, 2, 4, 5, 3, 1]
    assert visited("random") == torch.randperm(6, generator=torch.Generator().manual_seed(0)).tolist()
    assert visited("random", 1) != visited("random")
    assert sorted(visited("random", 1)) == list(range(6))


def test_a_view_leaves_edges_and_the_given_graph_alone():
    data: Any = picture()
    for by in ORDERS[1:]:
        out = VisitOrder(by)(data)
        assert torch.equal(out.edge_index, data.edge_index)
    assert "score" not in data


def test_rows_are_read_by_bands():
    assert raster_order(POS).tolist() == [4, 0, 2, 1, 5, 3]
    assert raster_order(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist() == [1, 0]
    assert raster_order(POS, bands=1).tolist() == [1, 4, 0, 5, 2, 3]
    path = RasterPath()(picture())
    assert path.edge_index.tolist() == [[4, 0, 2, 1, 5], [0, 2, 1, 5, 3]]
    assert path.level.tolist() == [1, 3, 2, 5, 0, 4]
    alone = RasterPath()(Data(pos=torch.zeros(1, 2), num_nodes=1))
    assert alone.edge_index.shape == (2, 0)


def test_what_is_missing_is_named():
    data = Data(num_nodes=2, edge_index=torch.empty(2, 0, dtype=torch.long))
    with pytest.raises(ValueError, match=r"data: expected a graph with confidence, .* set data.confidence"):
        VisitOrder("confidence")(data)
    with pytest.raises(ValueError, match="data: expected a graph with pos"):
        RasterPath()(data)
    with pytest.raises(ValueError, match="by: expected one of confidence, bfs, raster, random, got 'rasta'"):
        VisitOrder("rasta")
