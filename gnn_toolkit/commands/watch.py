"""A monitor of sensors at work: fitted on usual days, it watches rows as they come and can be stopped at any time."""

import hashlib
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import torch

from gnn_toolkit import _checks
from gnn_toolkit.commands.console import bar_of_steps, between_steps, say
from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.datasets.streams import Row, RowReader, lines_of, lines_of_file
from gnn_toolkit.datasets.tables import Bounds, count_of
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.models.serialization import check_free, read_description
from gnn_toolkit.training import Settings, calibrate, fit_monitor, load_checkpoint, save_checkpoint

RUNNING = ("clock", "score", "medians", "scales", "state")  # of a monitor, what changes while it watches
SHIFT = timedelta(minutes=30)  # clocks are put back by one or more of these, within
LATEST = timedelta(hours=2)


@dataclass(frozen=True)
class Fitting:
    """How a monitor is fitted.

    Attributes:
        steps: of training.
        ahead: steps from a forecast to the observation that it is of.
        hidden: width of the state.
        layer: a name of :class:`gnn_toolkit.models.Forecaster`.
        rate: false alarms a sensor and day for which the threshold is set.
        held_out: part of the series, at its end, that sets it.
        seed: of weights and batches.
    """

    steps: int = 300
    ahead: int = 6
    hidden: int = 24
    layer: str = "dcrnn"
    rate: float = 0.1
    held_out: float = 0.2
    seed: int = 0


def fit_on(series: TrafficSeries, how: Fitting, path: Path) -> StreetMonitor:
    """Fit a monitor on usual days, set its threshold by the last of them, and save it."""
    check_free(path)
    if series.values.size(2) != 1:
        remedy = "leave the other columns out: what comes is a row a time and a column a sensor"
        raise ValueError(_checks.problem("values", "one value a sensor", series.values.size(2), remedy))
    if not 0 < how.held_out < 1:
        raise ValueError(_checks.problem("held_out", "a part in (0, 1)", how.held_out, "pass e.g. 0.2"))
    split = int(len(series) * (1 - how.held_out))
    learn, rest = series.cut(0, split), series.cut(split)
    torch.manual_seed(how.seed)
    monitor = StreetMonitor(
        series.edge_index, len(series.names), 1, how.hidden, edge_weight=series.edge_weight,
        steps_per_day=series.steps_per_day, layer=how.layer, K=2, keep=0.8, ahead=how.ahead,
    )  # fmt: skip
    settings = Settings(
        steps=how.steps, learning_rate=0.01, evaluate_every=max(1, how.steps // 4), seed=how.seed, rate_decay=0.5,
        rate_decay_every=max(1, how.steps // 3),
    )  # fmt: skip
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=how.steps)

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        fit_monitor(monitor, learn.values, learn.mask, settings, clock=learn.first_slot, progress=count)
    skip = max(how.ahead, 12)
    calibrate(monitor, rest.values, rest.mask, how.rate, clock=rest.first_slot, skip=skip)
    monitor.reset((series.first_slot + len(series)) % series.steps_per_day)
    monitor.save(path, series.names)
    say(f"fitted on {split} steps; threshold {float(monitor.threshold):.2f}, by {len(rest)} steps; wrote {path}")
    return monitor


class Watch:
    """A monitor that watches rows: it says what is unusual, and keeps where it is in a file.

    The state is saved after what a row gave rise to was said, so that a watch that was killed may say the last row's
    alarms once more, and never fewer.

    Args:
        monitor: fitted.
        names: of the sensors.
        model: file of the monitor; the state goes beside it.
    """

    def __init__(self, monitor: StreetMonitor, names: tuple[str, ...], model: Path) -> None:
        self.monitor, self.names, self.path = monitor, names, model.with_suffix(".state")
        self.of = hashlib.sha256(model.read_bytes()).hexdigest()
        self.time: datetime | None = None
        self.header, self.end, self.rows = "", 0, 0
        self.step = timedelta(days=1) / monitor.steps_per_day
        kept = load_checkpoint(self.path)
        if kept is not None:
            self._resume(kept)

    def _resume(self, kept: dict[str, Any]) -> None:
        if kept.get("of") != self.of or kept["names"] != list(self.names):
            remedy = "delete it to begin anew, or name another monitor"
            raise ValueError(_checks.problem(str(self.path), "the state of this monitor", "another", remedy))
        for name in RUNNING:
            getattr(self.monitor, name).copy_(kept[name])
        self.header, self.end, self.rows = kept["header"], kept["end"], kept["rows"]
        self.time = None if kept["time"] is None else datetime.fromisoformat(kept["time"])

    def _keep(self) -> None:
        running = {name: getattr(self.monitor, name).cpu() for name in RUNNING}
        about = {"of": self.of, "names": list(self.names), "header": self.header, "end": self.end, "rows": self.rows}
        save_checkpoint(self.path, running | about | {"time": None if self.time is None else self.time.isoformat()})

    def see(self, row: Row) -> Iterator[str]:
        """Take a row, yield a line for each alarm that begins or ends, and save the state."""
        when = f"row {self.rows + 1}" if row.time is None else row.time.isoformat(" ", "seconds")
        yield from (f"{when} {note}" for note in row.notes)
        if row.time is None or (yield from self._move_clock(row.time)):
            median, _ = self.monitor.expected()
            values = torch.from_numpy(row.values).float().unsqueeze(1)
            before = self.monitor.score > self.monitor.threshold
            reading = self.monitor.update(values)
            for node in reading.onsets.nonzero().flatten().tolist():
                seen, expected = float(values[node]), float(median[node])
                shown = "no reading" if seen != seen else f"{seen:.4g} where {expected:.4g} was expected"
                yield f"{when} ALARM {self.names[node]}: {shown}; score {float(reading.scores[node]):.2f}"
            for node in (before & ~reading.alarms).nonzero().flatten().tolist():
                yield f"{when} over {self.names[node]}"
            self.time = row.time
        self.end, self.rows = row.end or self.end, self.rows + 1
        self._keep()

    def _move_clock(self, time: datetime) -> Generator[str, None, bool]:
        """Bring the monitor to a time; what was lost on the way is said. Return whether the row is to be seen."""
        slot = round((time - time.replace(hour=0, minute=0, second=0, microsecond=0)) / self.step)
        if self.time is None:
            self.monitor.set_clock(slot)
            return True
        if (time.utcoffset() is None) != (self.time.utcoffset() is None):
            remedy = "write all times with an offset such as +01:00, or none"
            raise ValueError(_checks.problem("times", "timestamps of one kind", time.isoformat(), remedy))
        passed = round((time - self.time) / self.step)
        if passed == 0:
            yield f"{time} came again; the row is left out"
            return False
        if passed < 0:
            back = self.time + self.step - time
            if time.utcoffset() is not None or back % SHIFT or back > LATEST:
                yield f"{time} comes before {self.time}; the row is left out"
                return False
            yield f"{time} comes after {self.time}: the clock was put back"
        if passed > 1:
            yield f"{count_of(passed - 1, 'row')} missing before {time}"
            self.monitor.skip(passed - 1)
        self.monitor.set_clock(slot)
        return True


def rows(watch: Watch, source: Path | None, follow: bool, reading: dict[str, Any], bounds: Bounds) -> Iterator[Row]:
    """Yield the rows of a file that grows, from where the watch is, or of standard input; others are said and left."""
    lines = lines_of(sys.stdin) if source is None else lines_of_file(source, watch.end, follow=follow)
    header = watch.header if source is not None and watch.end else ""
    reader = RowReader(header, watch.names, **reading, bounds=bounds) if header else None
    until = watch.time if source is None else None  # what a pipe says again was seen before
    for line, end in lines:
        if not line.strip():
            continue
        if reader is None:
            reader, watch.header = RowReader(line, watch.names, **reading, bounds=bounds), line
            absent = len(watch.names) - len(reader.columns)
            if absent:
                say(f"{count_of(absent, 'sensor')} of the monitor without a column, taken as silent")
            continue
        try:
            row = reader.read(line, end)
        except ValueError as error:
            say(str(error))
            continue
        if until is not None and row.time is not None and row.time <= until:
            continue
        until = None
        yield row


def load(path: Path) -> tuple[StreetMonitor, tuple[str, ...]] | None:
    """Return a monitor that was saved, with its sensors; ``None`` where there is none."""
    if not path.exists():
        return None
    return StreetMonitor.load(path), tuple(read_description(path)["names"])
