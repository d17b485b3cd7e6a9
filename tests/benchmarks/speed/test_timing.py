"""Nothing wrong is timed."""

import pytest
import torch

from benchmarks.speed import timing
from benchmarks.speed.case import Contest
from benchmarks.speed.timing import measure


def never():
    raise NotImplementedError("measured although outputs differ")


def contest(ours, theirs):
    return Contest(lambda: ours, lambda: theirs, never, (never, never))


@pytest.mark.parametrize(
    ("ours", "error"),
    [
        ([torch.ones(3), torch.tensor([1.0, 2.0, 2.001])], "gradient 0 is off by 5.0e-04"),
        ([torch.tensor([1.0, 1.0, float("nan")]), torch.full((3,), 2.0)], "output is off by nan"),
        ([torch.ones(3), torch.ones(2)], "shapes"),
        ([torch.ones(3)], "shapes"),
    ],
)
def test_a_candidate_that_disagrees_is_not_timed(ours, error):
    with pytest.raises(AssertionError, match=error):
        measure(contest(ours, [torch.ones(3), torch.tensor([1.0, 2.0, 2.0])]), 1)


def test_agreement_is_measured_by_the_largest_entry():
    timing.assert_agreement([torch.tensor([100.0, 0.001])], [torch.tensor([100.0, 0.002])])
    timing.assert_agreement([torch.zeros(2), torch.ones(0)], [torch.zeros(2), torch.ones(0)])
    with pytest.raises(AssertionError, match="off by 1"):
        timing.assert_agreement([torch.full((2,), 1e-3)], [torch.zeros(2)])


def test_ours_and_the_rival_take_turns():
    seen = []
    costs = (lambda: float(len(seen.append("ours") or seen)), lambda: float(len(seen.append("rival") or seen)))
    ours, theirs = measure(Contest(list, list, never, costs), 2)
    assert seen == ["ours", "rival"] * 2
    assert (ours, theirs) == ([1.0, 3.0], [2.0, 4.0])


def test_a_short_step_is_repeated_and_collection_waits(monkeypatch):
    calls = []
    monkeypatch.setattr(timing, "LONG_ENOUGH", 0.0)
    assert timing.milliseconds(lambda: calls.append(timing.gc.isenabled()), 3) >= 0.0
    assert calls == [False] * 3
    assert timing.gc.isenabled()
