"""``monitor VALUES GRAPH``: a monitor of sensors that watches rows as they come; ``monitor --demo``: one of streets."""

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gnn_toolkit import _checks
from gnn_toolkit.commands import sensors
from gnn_toolkit.commands.console import bar_of_steps, between_steps, say
from gnn_toolkit.commands.street_demo import demonstrate
from gnn_toolkit.commands.watch import Fitting, Watch, fit_on, load, rows
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets.tables import Bounds, count_of

HOW = Fitting()


def monitor(
    values: Annotated[Path | None, typer.Argument(help="CSV of usual days: a row a time, a column a sensor.")] = None,
    graph: Annotated[Path | None, typer.Argument(help="CSV: a matrix of weights, or from,to,distance.")] = None,
    watch: Annotated[str, typer.Option(help="File that grows, to be watched; - for standard input.")] = "-",
    follow: Annotated[bool, typer.Option(help="Wait for more at the end of the file.")] = True,
    model: Annotated[Path, typer.Option(help="Where the fitted monitor and its state go.")] = Path(
        "monitor.safetensors"
    ),
    minutes: sensors.Minutes = None,
    times: sensors.Times = None,
    sensor: sensors.Sensor = None,
    time_format: sensors.TimeFormat = None,
    low: sensors.Low = -math.inf,
    high: sensors.High = math.inf,
    missing: sensors.Missing = None,
    false_alarms: Annotated[float, typer.Option(help="A sensor and day, for which the threshold is set.")] = HOW.rate,
    held_out: Annotated[float, typer.Option(help="Part of the usual days that sets it.")] = HOW.held_out,
    ahead: Annotated[int, typer.Option(min=1, help="Steps from a forecast to what it is of.")] = HOW.ahead,
    layer: Annotated[str, typer.Option(help="dcrnn, gconvgru, ...; without the graph gru, lstm.")] = HOW.layer,
    hidden: Annotated[int, typer.Option(min=1, help="Width of the state.")] = HOW.hidden,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps; default: 300, of the demo 200.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights and batches, of the demo's traffic and accident.")] = 0,
    demo: Annotated[
        bool, typer.Option("--demo", help="Simulate the streets: a grid, usual days, an accident.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the page of the demo goes.")] = Path("streets.html"),
    size: Annotated[int, typer.Option(min=2, help="Streets each way, of the demo.")] = 4,
    days: Annotated[int, typer.Option(min=1, help="Usual days to learn from, of the demo.")] = 3,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a page of the demo that is there.")] = False,
) -> None:
    """Watch over sensors: fit on usual days, then print alarms as rows come; the same command goes on after a stop."""
    if demo:
        check_written("--out", [out], [values, graph], force=force)
        _demonstrate(out, size, days, 200 if steps is None else steps, seed)
        return
    if values is None or graph is None:
        remedy = "pass two CSV files, readings of usual days and the graph, or --demo"
        got = "nothing" if values is None else f"{values} alone"
        raise ValueError(_checks.problem("monitor", "VALUES and GRAPH, or --demo", got, remedy))
    loaded = load(model)
    if loaded is None:
        state = model.with_suffix(".state")
        if state.exists():
            remedy = "delete it, or pass another --model"
            raise ValueError(_checks.problem(str(state), "no file where a monitor is fitted anew", "one", remedy))
        series = sensors.read(values, graph, minutes, times, sensor, time_format, None, low, high, missing)
        how = Fitting(300 if steps is None else steps, ahead, hidden, layer, false_alarms, held_out, seed)
        try:
            loaded = fit_on(series, how, model), series.names
        except KeyboardInterrupt:
            say("\nStopped before the monitor was fitted; nothing was written.")
            raise typer.Exit(130) from None
    else:
        say(f"goes on with the monitor in {model}, as it was fitted; delete it and its .state to fit another")
    reading = {"has_times": minutes is None, "times": times, "time_format": time_format}
    _watch(Watch(*loaded, model), watch, follow, reading, Bounds(low, high, tuple(missing or ())))


def _watch(watch: Watch, source: str, follow: bool, reading: dict[str, Any], bounds: Bounds) -> None:
    """Print what rows give rise to, until they end or Ctrl-C."""
    if watch.rows:
        say(
            f"goes on after {count_of(watch.rows, 'row')}"
            + ("" if watch.time is None else f", the last of {watch.time}")
        )
    path = None if source == "-" else Path(source)
    try:
        for row in rows(watch, path, follow, reading, bounds):
            for line in watch.see(row):
                print(line, flush=True)
    except KeyboardInterrupt:
        say(f"\nStopped after {count_of(watch.rows, 'row')}; the same command goes on from there.")
        raise typer.Exit(130) from None
    except BrokenPipeError:  # whoever reads has had enough
        sys.stderr.close()
        raise typer.Exit(0) from None
    say(f"{count_of(watch.rows, 'row')} seen; the state is in {watch.path}")


def _demonstrate(out: Path, size: int, days: int, steps: int, seed: int) -> None:
    """Train a monitor of streets, let it watch a morning with an accident, and draw what it saw."""
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=steps)

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        seen = demonstrate(out, size=size, days=days, steps=steps, seed=seed, progress=count)
    found = "no alarm on its road" if seen.minutes is None else f"alarm on its road after {seen.minutes} minutes"
    ranked = "" if seen.rank is None else f", number {seen.rank} of all roads when the first alarm rose"
    say(f"accident on road {seen.road}: {found}{ranked}; alarms before it: {seen.false_alarms}")
    say(f"wrote {seen.page}; open it in a browser")
