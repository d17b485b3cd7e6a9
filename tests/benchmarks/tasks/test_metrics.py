"""Metrics by hand."""

import math

import pytest
import torch

from benchmarks.tasks.metrics import ACCURACY, NATS_PER_CHARACTER, RMSE, MiddleOfUnits, Scores

LOGITS, Y = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])


def test_accuracy_counts_right_answers():
    assert ACCURACY.points(LOGITS, Y).tolist() == [True, False]
    assert str(ACCURACY) == "accuracy"


def test_the_mean_of_the_nats_is_the_loss():
    expected = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))]
    assert NATS_PER_CHARACTER.points(LOGITS, Y).tolist() == pytest.approx(expected, abs=1e-5)
    assert float(NATS_PER_CHARACTER.loss(LOGITS, Y)) == pytest.approx(sum(expected) / 2, abs=1e-5)


def test_the_root_is_taken_of_the_mean_of_squares():
    forecast, y = torch.tensor([1.0, 5.0]), torch.tensor([4.0, 1.0])
    assert RMSE.points(forecast, y).tolist() == [9.0, 16.0]
    assert float(RMSE.loss(forecast, y)) == 12.5
    assert Scores(RMSE.points(forecast, y), torch.ones(2), RMSE.root).mean == pytest.approx(math.sqrt(12.5))
    assert not RMSE.higher_is_better


def test_the_units_of_several_batches_make_the_score_whatever_their_sizes():
    scores = Scores.joined(
        [Scores(torch.tensor([3.0, 1.0]), torch.tensor([4.0, 4.0])), Scores(torch.ones(1), torch.ones(1))]
    )
    assert scores.mean == pytest.approx(5 / 9)
    assert scores.units == pytest.approx([3 * 3 / 9, 1 * 3 / 9, 1 * 3 / 9])
    assert sum(scores.units) / 3 == pytest.approx(scores.mean)
    assert scores.pooling == "mean"
    root = Scores(torch.tensor([8.0, 4.0]), torch.tensor([2.0, 2.0]), root=True)
    assert (root.units, root.pooling) == ([4.0, 2.0], "root mean")
    assert root.mean == pytest.approx(math.sqrt(3))


def test_an_empty_split_has_no_score():
    with pytest.raises(ValueError, match="split: expected graphs or nodes to judge, got none"):
        Scores.joined([])


def test_the_middle_of_units_is_the_score_and_units_are_kept_as_they_are():
    scores = MiddleOfUnits(torch.tensor([0.1, 0.9, 0.5, 0.7], dtype=torch.float64), torch.ones(4))
    assert (scores.mean, scores.pooling) == (0.6, "median")
    assert scores.units == [0.1, 0.9, 0.5, 0.7]
