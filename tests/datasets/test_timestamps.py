"""The length of a step, from times that jitter and have gaps."""

import numpy as np
import pytest

from gnn_toolkit.datasets.timestamps import is_number, parse_times, step_of, steps_per_day


@pytest.mark.parametrize(
    ("elapsed", "step"),
    [
        ([0, 300, 600, 900], 300),
        ([0, 300, 900], 300),  # one was lost
        ([0, 299, 601, 899, 1202], 300),  # clocks of detectors
        ([600, 0, 300, 300], 300),
        ([0, 420, 840], 420),
        ([0, 30, 60, 90], 30),
        ([0, 86400, 172800], 86400),
    ],
)
def test_a_step_is_what_most_rows_are_apart(elapsed: list[int], step: int):
    assert step_of(np.array(elapsed, dtype=float)) == step


def test_a_step_goes_into_a_day():
    assert [steps_per_day(seconds) for seconds in (1.0, 30.0, 900.0, 86400.0)] == [86400, 2880, 96, 1]
    for seconds in (420.0, 7.0, 172800.0, 0.0, -300.0, float("nan")):
        with pytest.raises(ValueError, match=r"^times: expected steps of equal length that go into a day"):
            steps_per_day(seconds)
    with pytest.raises(ValueError, match=r"^times: expected at least two steps"):
        step_of(np.zeros(3))


def test_what_is_no_time_is_named():
    for cell in ("", "soon", "12", "2012-13-01", "nan"):
        with pytest.raises(ValueError, match=r"^times: expected a timestamp such as 2012-03-01 00:05"):
            parse_times([cell], None)
    with pytest.raises(ValueError, match=r"^times: expected a timestamp like %d/%m/%Y"):
        parse_times(["2012-03-01"], "%d/%m/%Y")
    assert [is_number(cell) for cell in ("1", "-2.5e3", "nan", "", "a")] == [True, True, True, False, False]
