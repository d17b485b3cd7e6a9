"""Costs against hand counts."""

from benchmarks.measure.time_to_target import seconds_to
from gnn_toolkit.training import History


def test_seconds_to_a_target_is_the_first_time_it_is_reached():
    history = History(validation=[2.0, 1.5, 1.6, 1.2], seconds=[1.0, 2.0, 3.0, 4.0])
    assert seconds_to(1.5, False, history) == 2.0
    assert seconds_to(1.4, False, history) == 4.0
    assert seconds_to(1.0, False, history) is None
    assert seconds_to(1.55, True, history) == 1.0
    assert seconds_to(None, True, history) is None
