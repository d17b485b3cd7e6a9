"""The citation networks have the published sizes, and are those that PyG reads from the same files."""

import shutil
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch_geometric.data import Data
from torch_geometric.io import read_planetoid_data

from gnn_toolkit.datasets import DatasetUnavailableError, load_card, load_planetoid, planetoid

# nodes, edges both ways, features, classes, papers known, papers without a citation, papers without a class
SIZES = {
    "cora": (2708, 10556, 1433, 7, 140, 0, 0),
    "citeseer": (3327, 9104, 3703, 6, 120, 48, 15),
    "pubmed": (19717, 88648, 500, 3, 60, 0, 0),
}


@pytest.fixture(params=SIZES)
def name(request: pytest.FixtureRequest, data_folder: Callable[[str], Path]) -> str:
    for file in load_card(request.param).files:
        data_folder(f"{load_card(request.param).folder}/{file.name}")
    return request.param


def test_the_sizes_are_the_published_ones(name: str):
    data, (nodes, edges, features, classes, known, alone, unlabelled) = load_planetoid(name), SIZES[name]
    assert data.x is not None
    assert data.edge_index is not None
    assert data.x.shape == (nodes, features)
    assert data.edge_index.shape == (2, edges)
    masks = (data.train_mask, data.val_mask, data.test_mask)
    assert [int(mask.sum()) for mask in masks] == [known, 500, 1000]
    assert int(torch.stack(masks).sum(0).max()) == 1
    assert isinstance(data.y, torch.Tensor)
    assert data.y[data.train_mask].bincount().tolist() == [20] * classes
    assert int((data.edge_index[0].bincount(minlength=nodes) == 0).sum()) == alone
    assert data.is_undirected()
    assert not data.has_self_loops()
    assert int((~data.labelled_mask).sum()) == unlabelled
    assert not (torch.stack(masks).any(0) & ~data.labelled_mask).any()
    assert not data.x[~data.labelled_mask].any()


def test_it_is_the_network_that_pyg_reads(name: str, tmp_path: Path, data_folder: Callable[[str], Path]):
    for file in load_card(name).files:
        shutil.copy(data_folder(f"{load_card(name).folder}/{file.name}"), tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyG unpickles with names that numpy and scipy have moved
        theirs: Data = read_planetoid_data(str(tmp_path), name)
    ours = load_planetoid(name, row_normalize=False)
    for key in ("x", "edge_index", "y", "train_mask", "val_mask", "test_mask"):
        assert torch.equal(ours[key], theirs[key]), key


def test_the_features_of_a_paper_sum_to_one(name: str):
    raw, scaled = load_planetoid(name, row_normalize=False).x, load_planetoid(name).x
    assert raw is not None
    assert scaled is not None
    sums = raw.sum(1, keepdim=True)
    torch.testing.assert_close(scaled.sum(1), (sums[:, 0] != 0).float())
    torch.testing.assert_close(scaled * sums, raw)


def test_nothing_is_written_beside_the_files(name: str, data_folder: Callable[[str], Path]):
    folder = data_folder(f"{load_card(name).folder}/ind.{name}.x").parent
    before = sorted(folder.parent.rglob("*"))
    load_planetoid(name)
    assert sorted(folder.parent.rglob("*")) == before


def test_rows_come_in_the_order_of_their_numbers_and_gaps_stay_empty():
    first, rest = csr_matrix(np.eye(2)), csr_matrix(2 * np.eye(2))
    rows = planetoid._in_order(first, rest, np.array([4, 2])).toarray()
    assert rows.tolist() == [[1, 0], [0, 1], [0, 2], [0, 0], [2, 0]]


def test_an_empty_row_stays_empty_under_normalisation():
    scaled = planetoid._row_normalized(csr_matrix([[1, 3], [0, 0]])).toarray()
    assert scaled.tolist() == [[0.25, 0.75], [0, 0]]


def test_loops_and_parallel_citations_are_dropped():
    graph = defaultdict(list, {0: [1, 1, 0], 1: [0]})
    assert planetoid._edge_index(graph, 2).tolist() == [[1, 0], [0, 1]]


def test_absent_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(DatasetUnavailableError, match=r"planetoid/Cora/raw/ind\.cora\.allx: expected a file at hand"):
        load_planetoid("cora", download=False)
