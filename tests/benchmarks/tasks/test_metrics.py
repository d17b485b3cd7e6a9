"""Metrics by hand."""

import math

import pytest
import torch

from benchmarks.tasks.metrics import ACCURACY, NATS_PER_CHARACTER, RMSE

LOGITS, Y = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])


def test_accuracy_counts_right_answers():
    assert float(ACCURACY.points(LOGITS, Y)) == 1.0
    assert str(ACCURACY) == "accuracy"


def test_nats_are_summed_and_their_mean_is_the_loss():
    expected = -math.log(1 / (1 + math.exp(-2))) - math.log(1 / (1 + math.exp(2)))
    assert float(NATS_PER_CHARACTER.points(LOGITS, Y)) == pytest.approx(expected, abs=1e-5)
    assert float(NATS_PER_CHARACTER.loss(LOGITS, Y)) == pytest.approx(expected / 2, abs=1e-5)


def test_the_root_is_taken_of_the_mean_of_squares():
    forecast, y = torch.tensor([1.0, 5.0]), torch.tensor([4.0, 1.0])
    assert float(RMSE.points(forecast, y)) == 25.0
    assert float(RMSE.loss(forecast, y)) == 12.5
    assert RMSE.root
    assert not RMSE.higher_is_better
