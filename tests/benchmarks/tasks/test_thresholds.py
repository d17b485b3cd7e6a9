"""Thresholds of the hour: what is far from usual scores high, and one value no more than the limit."""

import pytest
import torch

from benchmarks.tasks.thresholds import UsualHour
from tests.benchmarks.tasks.scenes import days, series


def test_what_is_far_from_usual_scores_high():
    usual = UsualHour(series(days(40)))
    values = days(1, seed=1)
    values[12, 1] += 300.0
    scores = usual.scores(series(values))
    assert float(scores[:11].max()) < 3
    assert float(scores[12, 1]) > 20
    assert float(scores[12, 0]) < 3
    shifted = usual.scores(series(values[6:]), 6)
    torch.testing.assert_close(shifted[17:], scores[23:], atol=0.1, rtol=0.1)


def test_one_value_counts_no_more_than_the_limit():
    values = days(1, seed=1)
    values[12, 1] += 300.0
    plain, bounded = (UsualHour(series(days(40)), *limit).scores(series(values)) for limit in ((), (8.0,)))
    torch.testing.assert_close(bounded[:12], plain[:12])
    assert float(bounded[12, 1]) == pytest.approx(0.8 * float(plain[11, 1]) + 0.2 * 8.0)
