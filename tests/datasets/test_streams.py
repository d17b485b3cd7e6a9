"""Rows as they come: matched by name, torn lines, files that grow."""

import io
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from gnn_toolkit.datasets.streams import RowReader, lines_of, lines_of_file
from gnn_toolkit.datasets.tables import Bounds


def test_columns_are_matched_by_name_and_gaps_are_nan():
    reader = RowReader("x,c,when,a", ("a", "b", "c"), has_times=True, times="when")
    row = reader.read("9,3,2012-03-01 07:00,1", end=17)
    assert [value == value for value in row.values] == [True, False, True]
    assert (row.values[0], row.values[2], row.time, row.end) == (1, 3, datetime(2012, 3, 1, 7), 17)


def test_what_is_no_reading_is_said():
    reader = RowReader("a;b", ("a", "b"), has_times=False, bounds=Bounds(high=100.0, missing=(0.0,)))
    row = reader.read("1,5;3e38")
    assert row.values[0] == 1.5
    assert row.values[1] != row.values[1]
    assert row.notes == ("took 1 number for gaps: out of bounds, e.g. 3e+38",)
    assert reader.read("0;err").notes[0].startswith("took 1 cell for gaps")


@pytest.mark.parametrize(
    ("argument", "header", "options"),
    [
        ("header", "x,y", {"has_times": False}),
        ("times", "a,b", {"has_times": True}),
        ("times", "when,a,b", {"has_times": True, "times": "time"}),
    ],
)
def test_a_header_that_does_not_fit_is_refused(argument: str, header: str, options: dict):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        RowReader(header, ("a", "b"), **options)


def test_a_row_that_does_not_fit_is_refused():
    reader = RowReader("time,a", ("a",), has_times=True)
    for line, argument in (("2012-03-01 07:00", "row"), ("now,1", "times")):
        with pytest.raises(ValueError, match=f"^{argument}: expected"):
            reader.read(line)


def test_a_pipe_is_read_line_by_line():
    assert list(lines_of(io.StringIO("a,b\r\n1,2\n"))) == [("a,b", 0), ("1,2", 0)]


def test_a_file_is_read_from_any_place(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n1,2\n3,4")
    assert list(lines_of_file(path, 0, follow=False)) == [("a,b", 4), ("1,2", 8), ("3,4", 11)]
    assert list(lines_of_file(path, 4, follow=False)) == [("1,2", 8), ("3,4", 11)]


def test_a_line_is_waited_for_until_its_end_is_written(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"1,2\n3,")
    lines = lines_of_file(path, 0, follow=True, pause=0.01)
    assert next(lines) == ("1,2", 4)

    def grow() -> None:
        time.sleep(0.05)
        with path.open("ab") as file:
            file.write(b"4\n")

    thread = threading.Thread(target=grow)
    thread.start()
    assert next(lines) == ("3,4", 8)
    thread.join()
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"rows.csv: expected at least 8 bytes"):
        next(lines)


def test_the_times_are_found_beside_numbers_of_rows():
    row = RowReader(",time,a", ("a",), has_times=True).read("7,2012-03-01 07:00,1")
    assert (row.time, row.values.tolist()) == (datetime(2012, 3, 1, 7), [1.0])


def test_bytes_that_are_no_text_spoil_one_cell(tmp_path: Path):
    path = tmp_path / "live.csv"
    path.write_bytes(b"time,a\n2012-03-01 07:00,1\xe4\n")
    lines = [line for line, _ in lines_of_file(path, 0, follow=False)]
    assert lines == ["time,a", "2012-03-01 07:00,1\ufffd"]
