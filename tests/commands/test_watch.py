"""A monitor of sensors at work: alarms as rows come, lost rows, clocks that change, and a stop at any time."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app
from gnn_toolkit.commands.watch import Watch
from gnn_toolkit.datasets.streams import Row
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import load_checkpoint

ROOT = Path(__file__).parents[2]
NAMES = ("north", "south", "east")
START = datetime(2020, 1, 1)


def readings(step: int) -> list[float]:
    hour = 2 * math.pi * step / 24
    noise = torch.rand(3, generator=torch.Generator().manual_seed(step)).tolist()
    return [50 + 10 * math.sin(hour - n) + noise[n] for n in range(3)]


def table(first: int, last: int, changed: dict[int, list[float]] | None = None) -> str:
    rows = [f"time,{','.join(NAMES)}"]
    for step in range(first, last):
        values = (changed or {}).get(step) or readings(step)
        rows.append(f"{START + timedelta(hours=step)},{','.join(f'{v:.3f}' for v in values)}")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted monitor, and rows to watch: two days after ten usual ones, with an hour of trouble in the south."""
    place = tmp_path_factory.mktemp("watch")
    (place / "usual.csv").write_text(table(0, 240), encoding="utf-8")
    (place / "graph.csv").write_text("from,to,weight\nnorth,south,1\nsouth,east,1\n", encoding="utf-8")
    trouble = {step: [readings(step)[0], 5.0, readings(step)[2]] for step in (270, 271, 272)}
    (place / "live.csv").write_text(table(240, 288, trouble), encoding="utf-8")
    done = CliRunner().invoke(app, command(place), input="")
    assert done.exit_code == 0, done.output
    return place


def command(place: Path, *more: str) -> list[str]:
    model = ["--model", str(place / "m.safetensors"), "--steps", "20", "--ahead", "2", "--hidden", "4"]
    return ["monitor", str(place / "usual.csv"), str(place / "graph.csv"), *model, "--false-alarms", "0", *more]


def copy(folder: Path, to: Path) -> Path:
    for name in ("m.safetensors", "m.json", "usual.csv", "graph.csv", "live.csv"):
        shutil.copy(folder / name, to / name)
    return to


def said(output: str) -> list[str]:
    return [line for line in output.splitlines() if "ALARM" in line or " over " in line]


def watched(folder: Path, to: Path) -> list[str]:
    done = CliRunner().invoke(app, command(copy(folder, to), "--watch", str(to / "live.csv"), "--no-follow"))
    assert done.exit_code == 0, done.output
    return said(done.output)


def test_trouble_raises_an_alarm_and_its_end_is_said(folder: Path, tmp_path: Path):
    lines = watched(folder, tmp_path)
    assert any(line.startswith("2020-01-12 06:00:00 ALARM south: 5 where ") for line in lines)
    assert any(" over south" in line for line in lines)


def test_a_pipe_says_the_same_and_rows_that_come_again_are_left_out(folder: Path, tmp_path: Path):
    (tmp_path / "file").mkdir()
    expected = watched(folder, tmp_path / "file")
    place = copy(folder, tmp_path)
    rows = (place / "live.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    first = CliRunner().invoke(app, command(place), input="".join(rows[:32]))
    second = CliRunner().invoke(app, command(place), input="".join(rows))
    assert said(first.output) + said(second.output) == expected
    assert "48 rows seen" in second.output


def test_killed_at_any_moment_it_goes_on(folder: Path, tmp_path: Path):
    (tmp_path / "whole").mkdir()
    expected = watched(folder, tmp_path / "whole")
    place = copy(folder, tmp_path)
    text = (place / "live.csv").read_bytes()
    cut = text.index(b"2020-01-12 08") + 7  # in the middle of a row
    (place / "live.csv").write_bytes(text[:cut])
    arguments = [sys.executable, "-m", "gnn_toolkit", *command(place, "--watch", str(place / "live.csv"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        for _ in range(1200):
            time.sleep(0.05)
            if (place / "m.state").exists() and torch_rows(place / "m.state") == 32:
                break
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        before = process.stdout.read().decode()
    (place / "live.csv").write_bytes(text)
    after = CliRunner().invoke(app, command(place, "--watch", str(place / "live.csv"), "--no-follow"))
    assert "goes on after 32 rows" in after.output
    assert said(before) + said(after.output) == expected


def torch_rows(state: Path) -> int:
    kept = load_checkpoint(state)
    return 0 if kept is None else kept["rows"]


def watch(folder: Path, to: Path) -> Watch:
    shutil.copy(folder / "m.safetensors", to / "other.safetensors")
    return Watch(StreetMonitor.load(folder / "m.safetensors"), NAMES, to / "other.safetensors")


def row(time: datetime | None, values: list[float]) -> Row:
    return Row(torch.tensor(values, dtype=torch.double).numpy(), time, 0, ())


def test_lost_rows_and_clock_changes_are_told_apart(folder: Path, tmp_path: Path):
    one = watch(folder, tmp_path)

    def see(hours: float) -> list[str]:
        return list(one.see(row(START + timedelta(hours=hours), readings(int(hours)))))

    for hour in range(240, 244):
        assert see(hour) == []
    assert int(one.monitor.clock) == 4
    assert see(247) == ["3 rows missing before 2020-01-11 07:00:00"]
    assert int(one.monitor.clock) == 8
    assert see(247) == ["2020-01-11 07:00:00 came again; the row is left out"]
    assert see(230) == ["2020-01-10 14:00:00 comes before 2020-01-11 07:00:00; the row is left out"]
    assert int(one.monitor.clock) == 8
    assert see(248) == []
    state = one.monitor.state.clone()
    assert see(248) == ["2020-01-11 08:00:00 came again; the row is left out"]
    assert one.monitor.state.equal(state)


def test_a_clock_that_is_put_back_keeps_the_state(folder: Path, tmp_path: Path):
    one = watch(folder, tmp_path)
    one.step = timedelta(minutes=30)  # as if steps were half hours: an hour back is two of them
    times = [START, START + timedelta(minutes=30), START - timedelta(minutes=0)]
    for at in times[:2]:
        list(one.see(row(at, readings(0))))
    assert list(one.see(row(times[2], readings(0)))) == [f"{times[2]} comes after {times[1]}: the clock was put back"]
    assert one.rows == 3


def test_rows_without_times_follow_one_another(folder: Path, tmp_path: Path):
    one = watch(folder, tmp_path)
    begin = int(one.monitor.clock)
    for step in range(5):
        list(one.see(row(None, readings(step))))
    assert int(one.monitor.clock) == begin + 5


def test_the_state_of_another_monitor_is_refused(folder: Path, tmp_path: Path):
    list(watch(folder, tmp_path).see(row(START, readings(0))))
    with pytest.raises(ValueError, match=r"other.state: expected the state of this monitor"):
        Watch(StreetMonitor.load(folder / "m.safetensors"), ("a", "b", "c"), tmp_path / "other.safetensors")


def test_a_sensor_without_a_column_and_a_row_that_does_not_fit_are_said(folder: Path, tmp_path: Path):
    place = copy(folder, tmp_path)
    text = "time,south,west\n2020-01-11 00:00,50,1\n2020-01-11 01:00,50\nyesterday,50,1\n"
    done = CliRunner().invoke(app, command(place), input=text)
    assert done.exit_code == 0, done.output
    assert "2 sensors of the monitor without a column, taken as silent" in done.output
    assert "row: expected 3 cells, got 2" in done.output
    assert "times: expected a timestamp" in done.output
    assert "1 row seen" in done.output
