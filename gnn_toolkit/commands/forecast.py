"""``forecast VALUES GRAPH``: a forecaster of sensors, from two CSV files to forecasts with intervals and a page."""

import csv
import io
import math
from pathlib import Path
from typing import Annotated

import torch
import typer

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.analysis.forecast_page import forecast_page, moment, summary
from gnn_toolkit.commands import sensors
from gnn_toolkit.commands.console import bar_of_steps, between_steps, say
from gnn_toolkit.training import FittedForecaster, ForecastSettings, fit_forecaster

DEFAULTS = ForecastSettings()


def forecast(
    values: sensors.Values,
    graph: sensors.Graph,
    out: Annotated[Path, typer.Option(help="Forecasts as CSV; the page goes beside it.")] = Path("forecasts.csv"),
    minutes: sensors.Minutes = None,
    times: sensors.Times = None,
    sensor: sensors.Sensor = None,
    time_format: sensors.TimeFormat = None,
    places: sensors.Places = None,
    low: sensors.Low = -math.inf,
    high: sensors.High = math.inf,
    missing: sensors.Missing = None,
    history: Annotated[int, typer.Option(help="Steps that a forecast reads.")] = DEFAULTS.history,
    horizon: Annotated[int, typer.Option(help="Steps to forecast.")] = DEFAULTS.horizon,
    level: Annotated[float, typer.Option(help="Share of what comes that lies in an interval.")] = 0.9,
    layer: Annotated[
        str, typer.Option(help="gconvgru, gconvlstm, dcrnn, tgcn; without a graph gru, lstm.")
    ] = "gconvgru",
    hidden: Annotated[int, typer.Option(help="Width of the states.")] = DEFAULTS.hidden_channels,
    steps: Annotated[int, typer.Option(help="Training steps.")] = DEFAULTS.steps,
    seed: Annotated[int, typer.Option(help="Of weights and batches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Forecast sensors on a graph: trains, writes the next steps with intervals, and a page with map and errors."""
    page = out.with_suffix(".html")
    for path in (out, page):
        if path.resolve() in (values.resolve(), graph.resolve()):
            raise ValueError(_checks.problem("out", "another file than the input", path, "pass another --out"))
        if path.exists() and not force:
            raise ValueError(
                _checks.problem("out", "a file that is not there yet", path, "pass --force or another --out")
            )
    series = sensors.read(values, graph, minutes, times, sensor, time_format, places, low, high, missing)
    settings = ForecastSettings(
        steps=steps, history=history, horizon=horizon, layer=layer, hidden_channels=hidden, seed=seed, device=device,
        evaluate_every=max(1, steps // 4), rate_decay_every=max(1, steps // 3),
    )  # fmt: skip
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=steps)

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        try:
            fitted = fit_forecaster(series, settings, level=level, progress=count)
        except KeyboardInterrupt:
            say("\nStopped; nothing was written.")
            raise typer.Exit(130) from None
    write_atomically(out, lambda file: file.write(table(fitted).encode()))
    text = forecast_page(fitted, values.stem)
    write_atomically(page, lambda file: file.write(text.encode()))
    say(summary(fitted))
    say(f"wrote {out} and {page}; open the page in a browser")


def table(fitted: FittedForecaster) -> str:
    """Return the forecasts as CSV, a row a time and sensor: the forecast and the ends of its interval."""
    made, low, high = fitted.forecast()
    features = made.size(2)
    names = [""] if features == 1 else [f"_{k + 1}" for k in range(features)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "sensor", *(f"{kind}{name}" for name in names for kind in ("forecast", "low", "high"))])
    parts = torch.stack([made, low, high], -1).flatten(2)
    for step in range(len(made)):
        time = moment(fitted, len(fitted.series) + step)
        for node, name in enumerate(fitted.series.names):
            writer.writerow([time, name, *(f"{number:.6g}" for number in parts[step, node].tolist())])
    return text.getvalue()
