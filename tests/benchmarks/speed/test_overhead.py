"""The runner's own cost: what is measured is a real trial, and a real import."""

from benchmarks.speed import overhead
from benchmarks.speed.timing import measure


def test_the_parts_that_are_measured_run():
    for contest in (overhead.starts("cpu", allowed=50.0), overhead.overheads("cpu", steps=2)):
        ours, theirs = measure(contest, rounds=1)
        assert ours[0] > 0
        assert theirs[0] > 0


def test_an_import_takes_the_time_of_a_fresh_process():
    assert overhead._import_milliseconds("decimal") > 0


def test_the_bars_are_those_promised():
    assert {name: case.bar for name, case in overhead.CASES.items()} == {
        "import": 2.0,
        "trial-start": 1.0,
        "runner": 1.02,
    }
