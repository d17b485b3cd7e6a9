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
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models.serialization import ENDING, check_free, described
from gnn_toolkit.training import FittedForecaster, ForecastSettings, fit_forecaster

DEFAULTS = ForecastSettings()
VALIDATIONS = 8  # of a training, and as many checkpoints


def forecast(
    values: sensors.Values,
    graph: Annotated[
        Path | None,
        typer.Argument(
            help="CSV of the graph: a matrix of weights, or from,to,distance; with --model: its own.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Forecasts as CSV; the page and the forecaster go beside it.")] = Path(
        "forecasts.csv"
    ),
    model: Annotated[
        Path | None, typer.Option(help="A forecaster of before (.safetensors), asked without training.")
    ] = None,
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
    """Forecast sensors on a graph: trains, writes the next steps with intervals, and a page with map and errors.

    The same command goes on where Ctrl-C or kill stopped it. With --model nothing is trained.
    """
    check_written("--out", [out], [], force=True)
    page, weights = out.with_suffix(".html"), out.with_suffix(ENDING)
    kept = [] if model else [weights, described(weights)]
    given = [] if model is None else [model, described(model)]
    check_written("--out", [out, page, *kept], [values, graph, places, *given], force=force)
    if graph is None and model is None:
        remedy = "pass the CSV of the graph, or a forecaster of before with --model"
        raise ValueError(_checks.problem("graph", "a file", "none", remedy))
    series = sensors.read(values, graph, minutes, times, sensor, time_format, places, low, high, missing)
    if model is None:
        settings = ForecastSettings(
            steps=steps, history=history, horizon=horizon, layer=layer, hidden_channels=hidden, seed=seed,
            device=device, evaluate_every=max(1, steps // VALIDATIONS), rate_decay_every=max(1, steps // 3),
        )  # fmt: skip
        check_free(weights)
        fitted = _trained(series, settings, level, weights.with_suffix(".checkpoint"))
        fitted.save(weights)
    else:
        fitted = FittedForecaster.load(model, series)
    write_atomically(out, lambda file: file.write(table(fitted).encode()))
    text = forecast_page(fitted, values.stem)
    write_atomically(page, lambda file: file.write(text.encode()))
    say(summary(fitted))
    say(f"wrote {out} and {page}; open the page in a browser")
    if model is None:
        weights.with_suffix(".checkpoint").unlink(missing_ok=True)
        say(f"the forecaster is {weights} and {described(weights)}; with --model {weights} it is asked again")


def _trained(series: TrafficSeries, settings: ForecastSettings, level: float, checkpoint: Path) -> FittedForecaster:
    """Train with a bar, from the checkpoint on where there is one."""
    if checkpoint.exists():
        say(f"goes on from {checkpoint}")
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=settings.steps)

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        try:
            return fit_forecaster(series, settings, level=level, checkpoint=checkpoint, progress=count)
        except KeyboardInterrupt:
            kept = f"the last validation is kept in {checkpoint}" if checkpoint.exists() else "nothing is kept yet"
            say(f"\nStopped; {kept}. The same command goes on from there.")
            raise typer.Exit(130) from None


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
