"""The parts that commands on sensors share: their files and how those are read."""

from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.commands.console import say
from gnn_toolkit.datasets import TrafficSeries

Values = Annotated[
    Path,
    typer.Argument(help="CSV of readings: a row a time and a column a sensor, or a row a reading.", show_default=False),
]
Graph = Annotated[
    Path, typer.Argument(help="CSV of the graph: a matrix of weights, or from,to,distance.", show_default=False)
]
Minutes = Annotated[
    float | None, typer.Option(help="Length of a step where the file has no times; it begins at midnight.")
]
Times = Annotated[str | None, typer.Option(help="Column of timestamps; default: found.")]
Sensor = Annotated[str | None, typer.Option(help="Column of sensors of a long table; default: found.")]
TimeFormat = Annotated[str | None, typer.Option(help="Of the timestamps, e.g. '%d/%m/%Y %H:%M'; default: ISO 8601.")]
Places = Annotated[Path | None, typer.Option(help="CSV of sensors with longitude and latitude, for the map.")]
Low = Annotated[float, typer.Option(help="Numbers below are gaps.")]
High = Annotated[float, typer.Option(help="Numbers above are gaps.")]
Missing = Annotated[list[float] | None, typer.Option(help="A number that marks a gap, e.g. 0; repeatable.")]


def read(
    values: Path,
    graph: Path | None,
    minutes: float | None,
    times: str | None,
    sensor: str | None,
    time_format: str | None,
    places: Path | None,
    low: float,
    high: float,
    missing: list[float] | None,
) -> TrafficSeries:
    """Read a series, and say what it is and what was dropped."""
    series = TrafficSeries.from_csv(
        values, graph, times=times if minutes is None else minutes, sensor=sensor, time_format=time_format,
        places=places, low=low, high=high, missing=missing or (),
    )  # fmt: skip
    steps, nodes, features = series.values.shape
    start = "" if series.start is None else f" from {series.time(0)} to {series.time(steps - 1)}"
    say(
        f"{values}: {steps} steps of {1440 / series.steps_per_day:g} minutes{start}, {nodes} sensors, "
        f"{features} value{'s' if features > 1 else ''} each, {series.edge_index.size(1)} edges, "
        f"{1 - float(series.mask.float().mean()):.2%} gaps"
    )
    for note in series.notes:
        say(f"  {note}")
    return series
