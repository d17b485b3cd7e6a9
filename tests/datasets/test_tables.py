"""Tables of readings: wide and long, times of every kind, gaps, and what is refused."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from gnn_toolkit.datasets import TrafficSeries

NAN = float("nan")


def file(folder: Path, text: str, name: str = "values.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def numbers(series: TrafficSeries, feature: int = 0) -> list[list[float | None]]:
    """The values [steps][sensors], None in gaps."""
    return [
        [v if m else None for v, m in zip(row, mask, strict=True)]
        for row, mask in zip(series.values[..., feature].tolist(), series.mask[..., feature].tolist(), strict=True)
    ]


WIDE = "time,a,b\n2012-03-01 07:00,1,2\n2012-03-01 07:05,3,\n2012-03-01 07:15,5,6\n"


def test_a_wide_table_becomes_steps_with_gaps(tmp_path: Path):
    series = TrafficSeries.from_csv(file(tmp_path, WIDE))
    assert numbers(series) == [[1, 2], [3, None], [None, None], [5, 6]]
    assert (series.names, series.steps_per_day, series.first_slot) == (("a", "b"), 288, 84)
    assert series.start == datetime(2012, 3, 1, 7)
    assert series.time(4) == datetime(2012, 3, 1, 7, 20)
    assert series.cut(2).start == datetime(2012, 3, 1, 7, 10)
    assert series.cut(2).first_slot == 86
    assert series.notes == ("made 1 gap of whole steps, of 4, for which there is no row",)
    assert series.edge_index.shape == (2, 0)


def test_a_long_table_says_the_same(tmp_path: Path):
    text = """sensor_id;when;speed;flow
b;2012-03-01T07:00;2,5;10
a;2012-03-01T07:00;1;11
a;2012-03-01T07:05;3;NA
"""
    series = TrafficSeries.from_csv(file(tmp_path, text))
    assert series.names == ("b", "a")
    assert numbers(series) == [[2.5, 1], [None, 3]]
    assert numbers(series, 1) == [[10, 11], [None, None]]
    named = TrafficSeries.from_csv(file(tmp_path, text.replace("sensor_id", "where")), sensor="where", times="when")
    assert numbers(named) == numbers(series)


def test_a_table_without_times_begins_at_midnight(tmp_path: Path):
    series = TrafficSeries.from_csv(file(tmp_path, "773869,767541\n64.5,67\n62,\n"), times=15)
    assert series.names == ("773869", "767541")
    assert numbers(series) == [[64.5, 67], [62, None]]
    assert (series.steps_per_day, series.first_slot, series.start, series.time(3)) == (96, 0, None, None)


def test_a_row_without_any_reading_is_a_step(tmp_path: Path):
    for text in ("a,b\n1,2\n,\n3,4\n", "\na,b\n1,2\n\n,\n3,4\n\n"):
        assert numbers(TrafficSeries.from_csv(file(tmp_path, text), times=5)) == [[1, 2], [None, None], [3, 4]]
    assert numbers(TrafficSeries.from_csv(file(tmp_path, "a\n1\n\n3\n\n"), times=5)) == [[1], [None], [3]]


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (("2012-03-01 07:00", "2012-03-01 07:05"), {}),
        (("2012-03-01T07:00:00", "2012-03-01T07:05:00"), {}),
        (("1330585200", "1330585500"), {}),
        (("1330585200000", "1330585500000"), {}),
        (("01/03/2012 07.00", "01/03/2012 07.05"), {"time_format": "%d/%m/%Y %H.%M", "times": "t"}),
        (("2012-03-01 07:00:02", "2012-03-01 07:05:01"), {}),
    ],
)
def test_times_of_many_kinds(tmp_path: Path, cells: tuple[str, str], options: dict):
    series = TrafficSeries.from_csv(file(tmp_path, f"t,a\n{cells[0]},1\n{cells[1]},2\n"), **options)
    assert series.start == datetime(2012, 3, 1, 7)
    assert numbers(series) == [[1], [2]]


def test_times_with_an_offset_keep_their_distance_over_a_clock_change(tmp_path: Path):
    rows = "2021-10-31T01:30+02:00,1\n2021-10-31T02:30+02:00,2\n2021-10-31T02:30+01:00,3\n2021-10-31T03:30+01:00,4\n"
    series = TrafficSeries.from_csv(file(tmp_path, f"time,a\n{rows}"))
    assert numbers(series) == [[1], [2], [3], [4]]
    assert series.steps_per_day == 24
    plain = TrafficSeries.from_csv(file(tmp_path, f"time,a\n{rows}".replace("+02:00", "").replace("+01:00", "")))
    assert numbers(plain) == [[1], [3], [4]]  # the hour that came twice
    assert "left out 1 reading that came once more for the same step: the last counts" in plain.notes


def test_rows_in_any_order_are_sorted_in(tmp_path: Path):
    head, *rows = WIDE.splitlines()
    series = TrafficSeries.from_csv(file(tmp_path, "\n".join([head, *rows[::-1]])))
    assert numbers(series) == [[1, 2], [3, None], [None, None], [5, 6]]
    assert any("came before an earlier one" in note for note in series.notes)


def test_what_is_no_reading_is_a_gap_and_is_said(tmp_path: Path):
    text = "a,b,c\n1,3.4e38,err\n-1,inf,\n0,400,NaN\n7,8,9\n"
    series = TrafficSeries.from_csv(file(tmp_path, text), times=5, low=-5, high=300, missing=[-1.0])
    assert numbers(series) == [[1, None, None], [None, None, None], [0, None, None], [7, 8, 9]]
    said = " ".join(series.notes)
    assert "took 1 cell for gaps: no numbers, e.g. 'err'" in said
    assert "took 1 number for gaps: they mark them, e.g. -1" in said
    assert "took 3 numbers for gaps: out of bounds, e.g. 3.4e+38" in said
    assert "of the readings are exactly 0: say missing=0" in said


def test_numbers_that_may_mark_gaps_are_pointed_out(tmp_path: Path):
    rows = "".join(f"{50 + k % 10}\n" for k in range(100))
    series = TrafficSeries.from_csv(file(tmp_path, f"a\n{rows}-9999\n"), times=5)
    assert series.notes == (
        "found 1 number far from all others, e.g. -9999: say low, high or missing if that is how gaps are marked",
    )
    assert TrafficSeries.from_csv(file(tmp_path, f"a\n{rows}-9999\n"), times=5, missing=[-9999]).notes == (
        "took 1 number for gaps: they mark them, e.g. -9999",
    )
    assert TrafficSeries.from_csv(file(tmp_path, f"a\n{rows}"), times=5).notes == ()


def test_a_byte_order_mark_blank_lines_and_a_torn_last_row_do_no_harm(tmp_path: Path):
    text = WIDE.replace("\n2012-03-01 07:15", "\n\n2012-03-01 07:15") + "2012-03-01 07:2"
    series = TrafficSeries.from_csv(file(tmp_path, text, encoding="utf-8-sig"))
    assert numbers(series)[3] == [5, 6]
    assert "left out 1 row: not as many cells as the header has" in series.notes


def many(count: int, minutes: float) -> str:
    start = datetime(2012, 3, 1)
    return "time,a\n" + "".join(f"{start + k * timedelta(minutes=minutes)},1\n" for k in range(count))


@pytest.mark.parametrize(
    ("argument", "text", "options"),
    [
        ("times", many(4, 7), {}),
        ("times", "a,b\n1,2\n", {}),
        ("times", "a,b\n1,2\n", {"times": "when"}),
        ("times", "a,b\n1,2\n3,4\n", {"times": 7}),
        ("times", "a,b\n1,2\n3,4\n", {"times": 0}),
        ("times", "time,a\nyesterday,2\n", {"times": "time"}),
        ("times", "time,a\n2012-03-01 07:00,2\n", {}),
        ("times", "time,a\n2012-03-01 07:00,2\n2012-03-01 07:05+01:00,2\n", {}),
        ("times", "time,a\n2012-03-01 07:00,1\n2012-03-01 07:05,1\n2012-03-01 07:10,1\n2032-03-01 07:00,2\n", {}),
        ("times", "sensor,v\na,2\n", {"times": 5, "sensor": "sensor"}),
        ("sensor", WIDE, {"sensor": "where"}),
        (".*values.csv", "", {}),
        (".*values.csv", "a,b\n1\n", {"times": 5}),
        (".*values.csv", "a,a\n1,2\n", {"times": 5}),
        (".*values.csv", "time\n2012-03-01 07:00\n", {}),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, argument: str, text: str, options: dict):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        TrafficSeries.from_csv(file(tmp_path, text), **options)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    (tmp_path / "values.csv").write_bytes("time,Süd\n2012-03-01 07:00,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"values.csv: expected a CSV file in UTF-8"):
        TrafficSeries.from_csv(tmp_path / "values.csv")


def test_the_same_readings_wide_and_long_are_one_series(tmp_path: Path):
    values = torch.rand(30, 4, generator=torch.Generator().manual_seed(0)).mul(60).round()
    names, start = ("n1", "n2", "n3", "n4"), datetime(2020, 1, 1, 12)
    times = [start + timedelta(minutes=10 * k) for k in range(30)]
    wide = "time," + ",".join(names) + "\n"
    wide += "".join(f"{t}," + ",".join(map(str, row)) + "\n" for t, row in zip(times, values.tolist(), strict=True))
    long = "time,sensor,v\n"
    long += "".join(f"{t},{names[n]},{values[k, n]}\n" for k, t in enumerate(times) for n in range(4))
    first, second = (TrafficSeries.from_csv(file(tmp_path, text)) for text in (wide, long))
    assert first.values.equal(second.values)
    assert first.values[..., 0].equal(values)
    assert (first.names, first.steps_per_day, first.first_slot) == (second.names, 144, 72)


def test_a_format_is_enough_to_find_the_times(tmp_path: Path):
    text = "when,a\n03/01/2012 07:00,1\n03/01/2012 07:05,2\n"
    series = TrafficSeries.from_csv(file(tmp_path, text), time_format="%m/%d/%Y %H:%M")
    assert (series.start, series.steps_per_day) == (datetime(2012, 3, 1, 7), 288)


def test_numbers_of_rows_are_no_sensor(tmp_path: Path):
    series = TrafficSeries.from_csv(file(tmp_path, ",time,a\n0,2012-03-01 07:00,5\n1,2012-03-01 07:05,6\n"))
    assert (series.names, numbers(series)) == (("a",), [[5.0], [6.0]])
    assert "left out 1 column without a name" in series.notes


def test_a_table_without_a_header_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="expected a header that names the columns, got the time '2012-03-01 07:00'"):
        TrafficSeries.from_csv(file(tmp_path, "2012-03-01 07:00,5\n2012-03-01 07:05,6\n"))


@pytest.mark.parametrize("bounds", [{"low": NAN}, {"high": NAN}, {"low": 5.0, "high": 1.0}])
def test_bounds_that_bound_nothing_are_refused(tmp_path: Path, bounds: dict[str, Any]):
    with pytest.raises(ValueError, match=r"^low: expected a number not above high"):
        TrafficSeries.from_csv(file(tmp_path, WIDE), **bounds)
