"""Scores stand in the split's order whatever that of the batches, and are told by group; Pearson's r is numpy's."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import Data

from benchmarks.tasks.config import Config
from benchmarks.tasks.metrics import ACCURACY, PEARSON
from benchmarks.tasks.phrases import PhraseObjective, SimilarityObjective, by_length, sparse_target
from benchmarks.tasks.sized_graphs import SizedGraphs
from gnn_toolkit.datasets import SyntaxTree


class First(nn.Module):
    """Say the first word of each graph."""

    def __init__(self) -> None:
        super().__init__()
        self.none = nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        return nn.functional.one_hot(batch.x[batch.ptr[:-1], 0], 5).double() * 9


def graph(size: int, word: int, y: float, pair: bool = False) -> Data:
    data = Data(x=torch.full((size, 1), word), edge_index=torch.empty(2, 0).long())
    data.mask = torch.arange(size) == size - 1
    data.y = torch.tensor([y]) if pair else torch.full((size,), int(y))
    return data


def source(graphs: list[Data]) -> SizedGraphs:
    return SizedGraphs(graphs, dict.fromkeys(("train", "validation", "test"), torch.arange(len(graphs))))


def test_units_and_groups():
    graphs = [graph(4, 1, 1), graph(2, 2, 0), graph(3, 3, 3), graph(1, 4, 4), graph(10, 0, 1)]
    lengths = ["4-7", "2-3", "2-3", "1", "8-15"]
    make = partial(PhraseObjective, metric=ACCURACY, out_channels=5, num_words=5, groups={"length": lengths})
    objective = make(source(graphs), Config(steps=1))
    scores = objective.evaluate(First(), "test")
    assert scores.units == [1, 0, 1, 1, 0]
    measures = objective.measures(First(), 0)
    assert measures == {"length 1": 1.0, "length 2-3": 0.5, "length 4-7": 1.0, "length 8-15": 0.0}
    assert list(measures) == ["length 1", "length 2-3", "length 4-7", "length 8-15"]
    assert objective.loss(First(), source(graphs).batch(torch.tensor([0]))) < 1e-3


def test_relatedness_is_judged_by_pearson_and_learnt_by_divergence():
    pairs = [graph(3, 0, 1.4, True), graph(2, 4, 4.0, True), graph(4, 1, 3.2, True), graph(5, 3, 4.6, True)]
    objective = SimilarityObjective(source(pairs), Config(steps=1), PEARSON, 5, num_words=5, pair="similarity")
    scores = objective.evaluate(First(), "test")
    logits = torch.eye(5).double()[[0, 4, 1, 3]] * 9
    forecast, truth = logits.softmax(1) @ torch.arange(1.0, 6.0).double(), np.array([1.4, 4.0, 3.2, 4.6])
    assert scores.mean == pytest.approx(np.corrcoef(forecast, truth)[0, 1], abs=1e-6)
    assert np.mean(scores.units) == pytest.approx(scores.mean)
    assert objective.measures(First(), 0) == {
        "mean squared error": pytest.approx(np.mean((forecast.numpy() - truth) ** 2))
    }
    batch = source(pairs).batch(torch.tensor([2]))
    target = torch.tensor([0, 0, 0.8, 0.2, 0]).double()
    expected = (target * (target.clamp(min=1e-30).log() - (torch.eye(5)[1].double() * 9).log_softmax(0))).sum()
    assert objective.loss(First(), batch) == pytest.approx(float(expected), rel=1e-5)


def test_a_sparse_target_has_the_mean_of_the_score():
    y = torch.linspace(1, 5, 41)
    target = sparse_target(y)
    torch.testing.assert_close(target.sum(1), torch.ones(41))
    torch.testing.assert_close(target @ torch.arange(1.0, 6.0), y)
    assert int((target > 1e-6).sum(1).max()) == 2


def test_a_forecast_that_never_changes_is_not_correlated():
    assert PEARSON.points(torch.ones(3), torch.tensor([1.0, 2.0, 3.0])).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("count", "group"), [(1, "1"), (2, "2-3"), (7, "4-7"), (8, "8-15")])
def test_lengths_are_grouped_by_powers_of_two(count: int, group: str):
    assert by_length([SyntaxTree(("a",) * count, (-1,) * count)]) == [group]
