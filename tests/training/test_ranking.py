"""Areas under curves, against scikit-learn's, with ties."""

import math

import pytest
import torch
from sklearn.metrics import average_precision_score, matthews_corrcoef, roc_auc_score

from gnn_toolkit.training.ranking import best_threshold, matthews, precisions, roc_area


@pytest.mark.parametrize("levels", [3, 10, 100_000])
def test_the_areas_are_those_of_scikit_learn(levels: int):
    generator = torch.Generator().manual_seed(levels)
    scores = torch.randint(levels, (400,), generator=generator).float()
    right = (scores + levels * torch.randn(400, generator=generator)) > levels
    assert roc_area(scores, right) == pytest.approx(roc_auc_score(right, scores), abs=1e-12)
    assert roc_area(scores.view(20, 20), right.view(20, 20)) == roc_area(scores, right)
    assert float(precisions(scores, right).mean()) == pytest.approx(average_precision_score(right, scores), abs=1e-12)
    for threshold in (0.2 * levels, 0.7 * levels):
        wanted = matthews_corrcoef(right, scores >= threshold)
        assert float(matthews(scores >= threshold, right)) == pytest.approx(wanted, abs=1e-12)


def test_the_threshold_is_the_best_of_those_tried():
    scores = torch.linspace(0, 1, 1000)
    assert best_threshold(scores, scores > 0.7) == pytest.approx(0.7, abs=5e-3)
    assert float(matthews(torch.ones(3).bool(), torch.tensor([True, False, True]))) == 0.0
    assert math.isfinite(best_threshold(torch.ones(5), torch.ones(5).bool()))
