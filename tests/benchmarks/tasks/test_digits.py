"""Digits: nothing leaks between splits, and regression is a strong baseline."""

from benchmarks.tasks.digits import digits


def test_digits_splits_do_not_overlap_and_regression_is_good():
    problem = digits()
    (validation,), (test,) = problem.held_out("validation"), problem.held_out("test")
    assert validation.x.shape == test.x.shape == (360, 64, 3)
    seen = {tuple(image[:, 0].tolist()) for image in validation.x}
    assert not seen & {tuple(image[:, 0].tolist()) for image in test.x}
    score, count = problem.baselines["logistic regression"]()
    assert 0.93 < score < 1.0
    assert count == 650
