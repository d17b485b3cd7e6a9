from typing import Any

import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit.graphs import GridDAG, MirrorPath, Path, SearchPath, repeat_graph

STAR = Data(num_nodes=4, edge_index=torch.tensor([[2, 2, 2], [0, 1, 3]]))


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(
    ("view", "nodes"), [(Path(), 4), (MirrorPath(), 4), (SearchPath("dfs"), 4), (GridDAG(2, 3), 6), (Path(), 1)]
)
def test_a_repeated_graph_is_pyg_s_batch_of_copies(view: BaseTransform, nodes: int, count: int):
    data = view(Data(num_nodes=nodes, edge_index=STAR.edge_index if nodes == 4 else torch.empty(2, 0).long()))
    expected: Any = Batch.from_data_list([data] * count)
    found = repeat_graph(data, count)
    assert found.num_nodes == expected.num_nodes
    names = [name for name in ("edge_index", "edge_type", "level", "batch", "ptr") if name in expected]
    assert sorted(found.keys()) == sorted([*names, "num_nodes"])
    for name in names:
        assert found[name].dtype == expected[name].dtype
        assert found[name].equal(expected[name]), name


def test_features_are_left_out_and_the_graph_itself_as_it_was():
    data = Data(x=torch.ones(2, 3), edge_index=torch.tensor([[0], [1]]), level=torch.tensor([0, 1]))
    found = repeat_graph(data, 2)
    assert "x" not in found
    assert found.level.tolist() == [0, 1, 0, 1]
    assert data.edge_index is not None
    assert data.edge_index.tolist() == [[0], [1]]


@pytest.mark.parametrize("count", [0, -1, True])
def test_a_count_below_one_is_refused(count: int):
    with pytest.raises(ValueError, match=r"^count: expected an integer of at least 1"):
        repeat_graph(STAR, count)


def test_a_graph_without_edges_to_repeat_is_refused():
    with pytest.raises(ValueError, match=r"^data: expected a graph with edge_index"):
        repeat_graph(Data(num_nodes=3), 2)
