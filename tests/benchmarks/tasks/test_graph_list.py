"""Graphs of any sizes: a batch cut from the long graph is the one that PyG collates."""

import pytest
import torch
from torch_geometric.data import Batch, Data

from benchmarks.tasks.graph_list import GraphList
from gnn_toolkit.graphs import Neighbourhoods, Path, SearchDAG

SIZES = (3, 1, 5, 2)


def graphs() -> list[Data]:
    torch.manual_seed(0)
    found = []
    for k, nodes in enumerate(SIZES):
        edges = torch.randint(nodes, (2, 2 * k))
        data = Data(x=torch.randn(nodes, 2), edge_index=edges, y=torch.tensor([k % 2]))
        data.edge_weight = torch.rand(2 * k)
        found.append(data)
    return found


SPLITS = {"train": torch.tensor([0, 2, 3]), "validation": torch.tensor([1]), "test": torch.tensor([3, 1])}


@pytest.mark.parametrize("view", [None, Path(), SearchDAG("bfs")], ids=["edges", "path", "DAG"])
@pytest.mark.parametrize("which", [[2, 0, 2], [1], [1, 1, 0, 3]])
def test_a_batch_is_the_one_that_pyg_collates(view, which):
    source = GraphList(graphs(), SPLITS)
    source = source if view is None else source.viewed(view)
    mine, theirs = source.batch(torch.tensor(which)), Batch.from_data_list([source.graphs[k] for k in which])
    for key in ("x", "edge_index", "y", "batch", "ptr", *(("level",) if view else ("edge_weight",))):
        assert mine[key].equal(theirs[key]), key
    assert (mine.num_graphs, mine.num_nodes) == (theirs.num_graphs, sum(SIZES[k] for k in which))


def test_a_view_is_applied_once_to_each_graph_whatever_the_splits():
    seen, kept = [], graphs()

    def view(data):
        seen.append(data)
        return data

    for splits in (SPLITS, SPLITS | {"test": torch.tensor([0])}):
        GraphList(kept, splits).viewed(view)
    assert len(seen) == len(SIZES)


def test_each_process_has_its_share_of_a_batch():
    source = GraphList(graphs(), SPLITS)
    batch = source.batch(torch.tensor([2, 0, 3, 1]))
    assert source.shard(batch, 1, 2).which.tolist() == [0, 1]
    with pytest.raises(ValueError, match="batch_size: expected a multiple of the 3 devices, got 4"):
        source.shard(batch, 0, 3)


def test_splits_are_drawn_from_and_read_in_order():
    source = GraphList(graphs(), SPLITS)
    drawn = source.draw(torch.Generator().manual_seed(0), 50).which
    assert set(drawn.tolist()) == {0, 2, 3}
    (test,) = source.held_out("test")
    assert test.which.tolist() == [3, 1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="split 'test': expected graphs or nodes, got none"):
        GraphList(graphs(), SPLITS | {"test": torch.tensor([], dtype=torch.long)})
    with pytest.raises(ValueError, match="view: expected one graph for each graph, got several"):
        GraphList(graphs(), SPLITS).viewed(Neighbourhoods("bfs", 2))
    odd = graphs()
    del odd[1]["edge_weight"]
    with pytest.raises(ValueError, match=r"graph 1: expected what the first graph has, got no \['edge_weight'\]"):
        GraphList(odd, SPLITS)
    with pytest.raises(ValueError, match="z: expected a row a node, an edge or a graph"):
        GraphList([Data(x=torch.ones(3, 1), edge_index=torch.zeros(2, 4).long(), z=torch.ones(2))], SPLITS)
