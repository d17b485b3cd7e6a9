"""Digits: nothing leaks between splits, and regression is a strong baseline."""

from benchmarks.tasks.digits import digits
from gnn_toolkit.graphs import Path


def test_digits_splits_do_not_overlap_and_regression_is_good():
    data = digits(0)
    source = data.source.viewed(Path())
    (validation,), (test,) = source.held_out("validation"), source.held_out("test")
    assert validation.x.shape == test.x.shape == (360 * 64, 3)
    seen = {tuple(image[:, 0].tolist()) for image in validation.x.view(360, 64, 3)}
    assert not seen & {tuple(image[:, 0].tolist()) for image in test.x.view(360, 64, 3)}
    score, count, *_ = data.baselines["logistic regression"]()
    assert 0.93 < score < 1.0
    assert count == 650
