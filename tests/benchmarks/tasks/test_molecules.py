"""Ten folds with the classes' shares, each tested once; baselines see no edges."""

import pytest
import torch
from torch_geometric.data import Data

from benchmarks.tasks.molecules import classified, folds

Y = torch.arange(60) % 3


def test_every_graph_is_tested_once_in_ten_seeds_and_never_trained_on_then():
    splits = [folds(Y, seed) for seed in range(10)]
    assert torch.cat([one["test"] for one in splits]).sort().values.tolist() == list(range(60))
    for one in splits:
        assert torch.cat(list(one.values())).sort().values.tolist() == list(range(60))
        assert torch.bincount(Y[one["test"]]).tolist() == [2, 2, 2]
    assert splits[0]["validation"].equal(splits[1]["test"])
    assert not folds(Y, 10)["test"].equal(splits[0]["test"])


def test_baselines_score_what_arithmetic_says():
    edges = torch.empty(2, 0, dtype=torch.long)
    graphs = [Data(x=torch.eye(2)[torch.tensor([k % 2])], edge_index=edges, y=torch.tensor([k % 2])) for k in range(40)]
    data = classified(graphs, 0)
    assert data.baselines["majority class"]()[0] == pytest.approx(0.5)
    assert data.baselines["logistic regression on counts"]()[0] == 1.0
    assert "40 graphs of 1 to 1 nodes" in data.note
    assert "32 train, 4 validation, 4 test" in data.note
