"""Readings as they come: rows of a wide table from a pipe or from a file that grows."""

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.tables import TIME_COLUMNS, Bounds, numbers
from gnn_toolkit.datasets.timestamps import parse_times


@dataclass(frozen=True)
class Row:
    """One row of readings.

    Attributes:
        values: [N], nan in gaps.
        time: when it was; ``None`` where rows have no times.
        end: place in the file behind it, in bytes; 0 from a pipe.
        notes: what was dropped, a sentence each.
    """

    values: np.ndarray
    time: datetime | None
    end: int
    notes: tuple[str, ...]


class RowReader:
    """Reads the rows of a wide table one by one; the first line names the columns.

    Args:
        header: the first line.
        names: of the sensors, in the order of the values; columns of other names are left out.
        has_times: whether a column holds timestamps.
        times: name of that column; ``None`` for one called so (time, timestamp ...), or the first that is no sensor.
        time_format: of ``strptime``; ``None`` for ISO 8601 or seconds since 1970.
        bounds: which numbers are readings.

    Raises:
        ValueError: no column is one of the sensors, or none holds the times.

    >>> reader = RowReader("time,b,a", ("a", "b"), has_times=True)
    >>> row = reader.read("2012-03-01 00:05,1.5,")
    >>> row.values.tolist(), row.time
    ([nan, 1.5], datetime.datetime(2012, 3, 1, 0, 5))
    """

    def __init__(
        self,
        header: str,
        names: tuple[str, ...],
        *,
        has_times: bool,
        times: str | None = None,
        time_format: str | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.delimiter = max(",;\t", key=header.count)
        self.header, self.bounds, self.time_format = self._cells(header), bounds or Bounds(), time_format
        place = {name: k for k, name in enumerate(names)}
        self.columns = [k for k, name in enumerate(self.header) if name in place]
        self.target = [place[self.header[k]] for k in self.columns]
        self.count = len(names)
        others = [k for k, name in enumerate(self.header) if (name == times if times else name not in place)]
        if has_times and not others:
            remedy = "name it, or say how long a step is if rows have no times"
            raise ValueError(problem("times", "a column of timestamps", times or "none but sensors", remedy))
        named = (k for k in others if self.header[k] and self.header[k].lower() in TIME_COLUMNS)
        self.time = next(named, others[0]) if has_times else None
        if not self.columns:
            got = ", ".join(self.header[:5])
            remedy = f"the first line names the sensors, e.g. {names[0]!r}"
            raise ValueError(problem("header", "names of sensors that the monitor has", got, remedy))

    def _cells(self, line: str) -> list[str]:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=self.delimiter), [])]

    def read(self, line: str, end: int = 0) -> Row:
        """Return a row.

        Raises:
            ValueError: another number of cells than the header has, or a time that cannot be read.
        """
        cells, notes = self._cells(line), []
        if len(cells) != len(self.header):
            got = f"{len(cells)} in {line[:40]!r}"
            raise ValueError(problem("row", f"{len(self.header)} cells", got, "the row is left out"))
        if self.delimiter == ";":
            cells = [cell.replace(",", ".") for cell in cells]
        when = None if self.time is None else parse_times([cells[self.time]], self.time_format)[0]
        values = np.full(self.count, np.nan)
        values[self.target] = numbers([cells], self.columns, self.bounds, notes)[0]
        return Row(values, when, end, tuple(notes))


def lines_of(stream: TextIO) -> Iterator[tuple[str, int]]:
    """Yield the lines of a pipe as they come, each with 0."""
    for line in iter(stream.readline, ""):
        yield line.rstrip("\r\n"), 0


def lines_of_file(path: Path, start: int, *, follow: bool, pause: float = 0.5) -> Iterator[tuple[str, int]]:
    """Yield the whole lines of a file from a place on, each with the place behind it.

    Args:
        path: of the file.
        start: place to begin at, in bytes.
        follow: whether to wait for more at the end; a line is yielded once its end is written.
        pause: seconds between two looks.

    Raises:
        ValueError: the file became shorter than what was read of it.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(start)
        place = start
        while True:
            line = file.readline()
            if line.endswith(b"\n") or (line and not follow):
                place += len(line)
                yield line.decode("utf-8-sig", errors="replace").rstrip("\r\n"), place
                continue
            if not follow:
                return
            if path.stat().st_size < place:
                remedy = "a file to watch only grows: delete the state to begin anew"
                raise ValueError(problem(str(path), f"at least {place} bytes", path.stat().st_size, remedy))
            file.seek(place)
            time.sleep(pause)
