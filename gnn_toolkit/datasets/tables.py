"""Tables of sensors' readings: CSV files, wide or long, as steps of equal length with gaps."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from gnn_toolkit._checks import IMPOSSIBLE, problem
from gnn_toolkit.datasets.timestamps import is_number, parse_times, step_of, steps_per_day

TIME_COLUMNS = ("", "t", "ts", "time", "times", "timestamp", "date", "datetime", "date_time")
GAPS = frozenset({"", "-", "--", "?", "na", "n/a", "nan", "null", "none", "missing"})
SENSOR_COLUMNS = ("sensor", "sensor_id", "sensorid", "detector", "detector_id", "station", "station_id", "node", "id")
FAR = 10  # times the distance between which nine of ten readings lie
LONGEST = 50  # steps for each one that is in the table: a file with a wrong date is not a file with gaps


@dataclass
class Readings:
    """What a table of sensors says.

    Attributes:
        values: [steps, N, F]; nan in gaps.
        names: of the sensors.
        start: time of the first step; ``None`` where the table has no times.
        steps_per_day: number of steps of a day.
        notes: what was dropped, a sentence each.
    """

    values: np.ndarray
    names: tuple[str, ...]
    start: datetime | None
    steps_per_day: int
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bounds:
    """Which numbers are readings.

    Attributes:
        low: the lowest that is one.
        high: the highest that is one.
        missing: numbers that mark a gap.

    Raises:
        ValueError: the lowest is above the highest, or one of them is no number.
    """

    low: float = -math.inf
    high: float = math.inf
    missing: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            got = f"{self.low} and {self.high}"
            raise ValueError(problem("low", "a number not above high", got, "give numbers, or leave them out"))


def read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header of a CSV file and its rows that are not empty; cells are separated by ``,``, ``;`` or tabs.

    Raises:
        ValueError: the file is not text in UTF-8, or empty.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(problem(str(path), "a CSV file in UTF-8", error, "save it as UTF-8")) from error
    lines = text.strip("\r\n").splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    blank = [""] if rows and len(rows[0]) == 1 else []  # in a table of one column an empty line is a gap
    rows = [row or blank for row in rows if row or blank]
    if not rows:
        raise ValueError(problem(str(path), "a header and rows", "an empty file", "check the file"))
    if delimiter == ";":  # decimal commas
        rows[1:] = [[cell.replace(",", ".") for cell in row] for row in rows[1:]]
    return rows[0], rows[1:]


def read_readings(
    path: Path, *, times: str | float | None, sensor: str | None, time_format: str | None, bounds: Bounds
) -> Readings:
    """Return the readings of a CSV file; arguments as :meth:`gnn_toolkit.datasets.TrafficSeries.from_csv`."""
    header, rows = read_rows(path)
    notes: list[str] = []
    whole = [row for row in rows if len(row) == len(header)]
    if len(whole) < len(rows):
        notes.append(f"left out {count_of(len(rows) - len(whole), 'row')}: not as many cells as the header has")
    if not whole:
        remedy = "check the separators"
        raise ValueError(problem(str(path), "rows of as many cells as the header", f"{len(rows)} others", remedy))
    time = _time_column(header, whole, times, time_format, path.name)
    long = _sensor_column(header, time) if sensor is None else _column(header, sensor, "sensor")
    columns = [k for k in range(len(header)) if k not in (time, long)]
    unnamed = [k for k in columns if not header[k] and time is not None]  # such as the numbers of the rows
    if unnamed:
        notes.append(f"left out {count_of(len(unnamed), 'column')} without a name")
        columns = [k for k in columns if k not in unnamed]
    names, which = tuple(header[k] for k in columns), None
    if long is not None:
        names, which = _numbered([row[long] for row in whole])
        if time is None:
            remedy = "a long table says of each reading when it was"
            raise ValueError(problem("times", "a column of timestamps", times, remedy))
    if not columns or len(set(names)) < len(names):
        twice = next((name for name in names if names.count(name) > 1), None)
        got = "no column of readings" if not columns else f"{twice!r} twice"
        remedy = "the first line has the names of the sensors"
        raise ValueError(problem(str(path), "a header that names each column once", got, remedy))
    cells = numbers(whole, columns, bounds, notes)
    _note_strange(cells, notes)
    if time is None:
        minutes = float(times) if isinstance(times, int | float) else 0.0
        return Readings(cells[..., None], names, None, steps_per_day(minutes * 60), notes)
    return _on_grid(parse_times([row[time] for row in whole], time_format), cells, names, which, notes)


def _time_column(
    header: list[str], rows: list[list[str]], times: str | float | None, time_format: str | None, where: str
) -> int | None:
    """Return the number of the column of timestamps; ``None`` where ``times`` is the length of a step."""
    if isinstance(times, str):
        return _column(header, times, "times")
    if times is not None:
        return None
    for k in range(len(header)):
        named = header[k].lower() in TIME_COLUMNS
        if (named or not is_number(rows[0][k])) and _is_time(rows[0][k], time_format):
            if not is_number(header[k]) and _is_time(header[k], time_format):
                remedy = "write a first line such as time,sensor1,sensor2"
                raise ValueError(problem(where, "a header that names the columns", f"the time {header[k]!r}", remedy))
            return k
    remedy = "name it, or say that steps have e.g. 5 minutes: times=5, --minutes 5"
    raise ValueError(problem("times", f"a column of timestamps in {where}", "none that can be read", remedy))


def _is_time(cell: str, time_format: str | None) -> bool:
    try:
        parse_times([cell], time_format)
    except ValueError:
        return False
    return True


def _column(header: list[str], name: str, argument: str) -> int:
    if name not in header:
        shown = ", ".join(header[:8]) + (" ..." if len(header) > 8 else "")
        raise ValueError(problem(argument, f"one of the columns {shown}", repr(name), "check the header"))
    return header.index(name)


def _sensor_column(header: list[str], time: int | None) -> int | None:
    """Return the column of sensors of a long table; ``None`` for a wide one."""
    lower = [name.lower() for name in header]
    found = [lower.index(name) for name in SENSOR_COLUMNS if name in lower]
    return found[0] if found and found[0] != time and time is not None else None


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the different names in the order in which they come, and the number of each."""
    numbers: dict[str, int] = {}
    which = np.array([numbers.setdefault(name, len(numbers)) for name in names])
    return tuple(numbers), which


def numbers(rows: Sequence[list[str]], columns: list[int], bounds: Bounds, notes: list[str]) -> np.ndarray:
    """Return the cells as numbers [rows, columns], nan where there is no reading, and note what was dropped."""
    values = np.empty((len(rows), len(columns)))
    strange: list[str] = []
    for k, row in enumerate(rows):
        cells = [row[c] for c in columns]
        try:
            values[k] = cells
        except ValueError:
            values[k] = [_number(cell, strange) for cell in cells]
    if strange:
        notes.append(f"took {count_of(len(strange), 'cell')} for gaps: no numbers, e.g. {strange[0]!r}")
    coded = np.isin(values, bounds.missing)
    outside = (values < bounds.low) | (values > bounds.high) | (np.abs(values) >= IMPOSSIBLE)
    for found, why in ((coded, "they mark them"), (outside & ~coded, "out of bounds")):
        if found.any():
            example = values[found][0]
            notes.append(f"took {count_of(int(found.sum()), 'number')} for gaps: {why}, e.g. {example:g}")
    values[coded | outside] = np.nan
    return values


def _note_strange(values: np.ndarray, notes: list[str]) -> None:
    """Note numbers that may mark gaps: those far from nearly all others, and many zeros."""
    there = values[np.isfinite(values)]
    if not len(there):
        return
    low, high = np.quantile(there, (0.05, 0.95))
    far = there[np.abs(there - (low + high) / 2) > FAR * (high - low)] if high > low else there[:0]
    if len(far):
        hint = f"found {count_of(len(far), 'number')} far from all others, e.g. {far[0]:g}"
        notes.append(f"{hint}: say low, high or missing if that is how gaps are marked")
    zeros = np.count_nonzero(there == 0) / len(there)
    if 0.01 < zeros < 1 and there.min() == 0:
        notes.append(f"{zeros:.1%} of the readings are exactly 0: say missing=0 if that is how gaps are marked")


def _number(cell: str, strange: list[str]) -> float:
    try:
        return float(cell)
    except ValueError:
        if cell.lower() not in GAPS:
            strange.append(cell)
        return math.nan


def _on_grid(
    stamps: list[datetime], cells: np.ndarray, names: tuple[str, ...], which: np.ndarray | None, notes: list[str]
) -> Readings:
    """Return the readings on steps of equal length; ``which``: the sensor of each row of a long table."""
    start = min(stamps)
    elapsed = np.array([(stamp - start).total_seconds() for stamp in stamps])
    step = step_of(elapsed)
    per_day = steps_per_day(step)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    nearest = midnight + round((start - midnight).total_seconds() / step) * timedelta(seconds=step)
    begin = nearest if abs((start - nearest).total_seconds()) < 0.1 * step else start  # steps count from midnight
    exact = (elapsed + (start - begin).total_seconds()) / step
    place = np.rint(exact).astype(int)
    steps, there = int(place.max()) + 1, len(np.unique(place))
    if steps > LONGEST * there:
        got = f"{there} steps between {start} and {max(stamps)}"
        raise ValueError(problem("times", "a table without gaps of years", got, "correct the dates that are wrong"))
    _note_times(exact, place, steps, there, which, notes)
    count = len(names)
    if which is None:
        values = np.full((steps, count, 1), np.nan)
        values[place, :, 0] = cells
    else:
        values = np.full((steps, count, cells.shape[1]), np.nan)
        values[place, which] = cells
    return Readings(values, names, begin, per_day, notes)


def _note_times(
    exact: np.ndarray, place: np.ndarray, steps: int, there: int, which: np.ndarray | None, notes: list[str]
) -> None:
    off = int((np.abs(exact - place) > 1e-6).sum())
    keys = place if which is None else place * (int(which.max()) + 1) + which
    twice = len(keys) - len(np.unique(keys))
    for number, before, noun, after in (
        (off, "moved", "row", "to the nearest step"),
        (twice, "left out", "reading", "that came once more for the same step: the last counts"),
        (int((np.diff(place) < 0).sum()), "sorted in", "row", "that came before an earlier one"),
        (steps - there, "made", "gap", f"of whole steps, of {steps}, for which there is no row"),
    ):
        if number:
            notes.append(f"{before} {count_of(number, noun)} {after}")


def count_of(number: int, noun: str) -> str:
    """Return a number of things.

    >>> count_of(1, "row"), count_of(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")
