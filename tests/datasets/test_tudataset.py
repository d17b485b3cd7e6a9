"""The collections of small graphs have the published sizes, and are those that PyG reads from the same files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch_geometric.datasets import TUDataset

from gnn_toolkit.datasets import load_card, load_tudataset

# graphs, classes, labels of nodes, labels of edges, nodes and edges both ways of all graphs together
SIZES = {"mutag": (188, [63, 125], 7, 4, 3371, 7442), "proteins": (1113, [663, 450], 3, 0, 43471, 162088)}


@pytest.fixture(params=SIZES)
def name(request: pytest.FixtureRequest, data_folder: Callable[[str], Path]) -> str:
    for file in load_card(request.param).files:
        data_folder(f"{load_card(request.param).folder}/{file.name}")
    return request.param


def test_the_sizes_are_the_published_ones(name: str):
    graphs, (count, classes, labels, types, nodes, edges) = load_tudataset(name), SIZES[name]
    assert len(graphs) == count
    assert torch.bincount(torch.cat([g.y for g in graphs])).tolist() == classes  # pyright: ignore[reportArgumentType]
    assert {g.num_node_features for g in graphs} == {labels}
    assert sum(g.num_nodes or 0 for g in graphs) == nodes
    assert sum(g.num_edges for g in graphs) == edges
    assert all("edge_type" in g for g in graphs) == bool(types)
    if types:
        assert max(int(g.edge_type.max()) for g in graphs) == types - 1


def test_they_are_those_of_pyg(name: str, tmp_path: Path, data_folder: Callable[[str], Path]):
    raw = data_folder(f"tudataset/{name.upper()}/raw/{name.upper()}_A.txt").parent
    shutil.copytree(raw, tmp_path / name.upper() / "raw")
    theirs = TUDataset(str(tmp_path), name.upper())
    for mine, other in zip(load_tudataset(name), theirs, strict=True):
        assert mine.x is not None
        assert mine.x.equal(other.x)
        assert mine.edge_index is not None
        assert mine.edge_index.equal(other.edge_index)
        assert mine.y is not None
        assert int(mine.y) == int(other.y)  # pyright: ignore[reportArgumentType]
        if "edge_type" in mine:
            assert mine.edge_type.equal(other.edge_attr.argmax(1))
