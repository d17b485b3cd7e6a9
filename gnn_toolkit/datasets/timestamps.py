"""Timestamps of tables: many ways to write them, and the length of the steps between them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from gnn_toolkit._checks import problem

DAY = 86400  # seconds
DIVISORS = [seconds for seconds in range(1, DAY + 1) if DAY % seconds == 0]
EPOCH = datetime(1970, 1, 1)


def parse_times(cells: Sequence[str], time_format: str | None) -> list[datetime]:
    """Return timestamps: ISO 8601, seconds or milliseconds since 1970, or of a format of ``strptime``.

    Raises:
        ValueError: a cell that is none of these, or some with an offset from UTC and some without.

    >>> parse_times(["2012-03-01 00:05", "1330560600"], None)
    [datetime.datetime(2012, 3, 1, 0, 5), datetime.datetime(2012, 3, 1, 0, 10)]
    """
    found: dict[str, datetime] = {}
    for cell in cells:
        if cell not in found:
            found[cell] = _time(cell, time_format)
    times = [found[cell] for cell in cells]
    aware = {time.utcoffset() is not None for time in found.values()}
    if len(aware) > 1:
        remedy = "write all with an offset such as +01:00, or none"
        raise ValueError(problem("times", "timestamps of one kind", "some with an offset and some without", remedy))
    return times


def _time(cell: str, time_format: str | None) -> datetime:
    try:
        if time_format is not None:
            return datetime.strptime(cell, time_format)
        if is_number(cell):
            seconds = float(cell) / (1000 if float(cell) > 1e11 else 1)
            if not 1e8 < seconds < 1e11:
                raise ValueError
            return EPOCH + timedelta(seconds=seconds)
        return datetime.fromisoformat(cell)
    except ValueError:
        allowed = "a timestamp such as 2012-03-01 00:05" if time_format is None else f"a timestamp like {time_format}"
        remedy = "pass time_format, e.g. '%d/%m/%Y %H:%M'"
        raise ValueError(problem("times", allowed, repr(cell), remedy)) from None


def steps_per_day(seconds: float) -> int:
    """Return the number of steps of a day.

    Raises:
        ValueError: it is not a whole number.

    >>> steps_per_day(300.0)
    288
    """
    if not seconds > 0 or abs(DAY / seconds - round(DAY / seconds)) > 1e-6 * DAY / seconds:
        got, remedy = f"steps of {seconds / 60:g} minutes", "average the readings over e.g. 5 minutes first"
        raise ValueError(problem("times", "steps of equal length that go into a day", got, remedy))
    return round(DAY / seconds)


def step_of(elapsed: np.ndarray) -> float:
    """Return the length of a step in seconds: what most rows are apart, or the median where no half of them is alike.

    What is within one part in a hundred of a number of seconds that goes into a day is that number.

    Args:
        elapsed: [rows], seconds since the first.

    Raises:
        ValueError: all rows are of one time.
    """
    apart, often = np.unique(np.diff(np.unique(elapsed)), return_counts=True)
    if not len(apart):
        raise ValueError(problem("times", "at least two steps", "one", "give more rows"))
    most = int(often.argmax())  # the shortest of the most frequent
    step = apart[most] if 2 * often[most] >= often.sum() else np.median(np.repeat(apart, often))
    nearest = min(DIVISORS, key=lambda seconds: abs(seconds - step))
    return float(nearest if abs(nearest - step) <= 0.01 * step else step)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
