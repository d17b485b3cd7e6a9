"""A page of a forecast: a map of the sensors, the curve of each, and the error by horizon beside naive forecasts."""

import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from string import Template

import networkx as nx
import torch
from torch import Tensor

from gnn_toolkit.training import FittedForecaster

BEFORE = 4  # histories that are shown before a forecast
STYLES = ("", "7 4", "2 4")  # dashes of the lines of the error, the model's first
LARGE = 400  # nodes: more than these are placed by eigenvectors


def forecast_page(fitted: FittedForecaster, title: str, features: Sequence[str] = ()) -> str:
    """Return an HTML page, complete in itself, of the forecast from the end of a series on.

    Sensors lie where ``series.places`` says, else where the edges pull them. The errors are those of the test part.

    Args:
        fitted: a forecaster and its series.
        title: of the series.
        features: names of the values of a sensor; numbers where there are none.

    >>> from gnn_toolkit.datasets import simulate_streets, street_grid
    >>> from gnn_toolkit.training import ForecastSettings, fit_forecaster
    >>> series = simulate_streets(street_grid(2, 2), 200, minutes=15)
    >>> settings = ForecastSettings(steps=1, history=4, horizon=3, hidden_channels=2)
    >>> forecast_page(fit_forecaster(series, settings), "four crossings").startswith("<!doctype html>")
    True
    """
    series, made = fitted.series, fitted.forecast()
    size, before = len(series), min(BEFORE * fitted.settings.history, len(series))
    past = series.values[size - before :].masked_fill(~series.mask[size - before :], math.nan)
    places, given = layout(series.places, series.edge_index, len(series.names))
    data = {
        "names": series.names,
        "features": list(features) or [str(k + 1) for k in range(series.values.size(2))],
        "places": _rounded(places),
        "edges": series.edge_index.t().tolist(),
        "before": [moment(fitted, step) for step in range(size - before, size)],
        "times": [moment(fitted, size + step) for step in range(fitted.settings.horizon)],
        "past": _rounded(past.permute(2, 0, 1)),
        **{key: _rounded(part.permute(2, 0, 1)) for key, part in zip(("forecast", "low", "high"), made, strict=True)},
    }
    template = Template(Path(__file__).with_name("forecast_page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title),
        summary=html.escape(summary(fitted)),
        layout="" if given else "They lie where their edges pull them: nobody said where they are.",
        level=f"{100 * fitted.level:g} %",
        chart=error_chart(fitted),
        table=error_table(fitted),
        data=json.dumps(data, separators=(",", ":")).replace("</", "<\\/"),
    )


def moment(fitted: FittedForecaster, step: int) -> str:
    """Return the time of a step, or how many steps after the last reading it is where the series has no times."""
    time = fitted.series.time(step)
    return f"{step - len(fitted.series) + 1:+d}" if time is None else time.isoformat(" ", "minutes")


def summary(fitted: FittedForecaster) -> str:
    """Return what the forecast is worth, in sentences."""
    errors = {name: error.mae for name, error in fitted.errors.items()}
    own, naive = errors["model"], min((name for name in errors if name != "model"), key=lambda name: errors[name])
    better = f"{1 - own / errors[naive]:.0%} lower than" if own < errors[naive] else "no lower than"
    return (
        f"{len(fitted.series.names)} sensors, {len(fitted.series)} steps of {1440 / fitted.series.steps_per_day:g} "
        f"minutes. On the part that the training never saw the mean absolute error is {own:.4g}, {better} that of the "
        f"best forecast without a network ({naive}, {errors[naive]:.4g}). Of what came there, {fitted.covered:.1%} lay "
        f"in the {100 * fitted.level:g} % intervals."
    )


def error_table(fitted: FittedForecaster) -> str:
    """Return the mean absolute error of each forecast at each step of the horizon, as an HTML table."""
    steps = {name: error.per_step() for name, error in fitted.errors.items()}
    head = "".join(f"<th>{html.escape(name)}</th>" for name in steps)
    minutes = 1440 / fitted.series.steps_per_day
    rows = "".join(
        f"<tr><td>{minutes * (k + 1):g} minutes</td>"
        + "".join(f"<td>{scores[k]['mae']:.4g}</td>" for scores in steps.values())
        + "</tr>\n"
        for k in range(fitted.settings.horizon)
    )
    return f"<table><thead><tr><th>ahead</th>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"


def error_chart(fitted: FittedForecaster) -> str:
    """Return the same as an SVG: a line for each forecast, that differ by dashes and labels as well as colour."""
    curves = {name: [step["mae"] for step in error.per_step()] for name, error in fitted.errors.items()}
    most, horizon = max(map(max, curves.values())) or 1.0, fitted.settings.horizon
    minutes = 1440 / fitted.series.steps_per_day

    def x(k: int) -> float:
        return 60 + 620 * k / max(horizon - 1, 1)

    def y(value: float) -> float:
        return 250 - 225 * value / most

    parts = ['<svg viewBox="0 0 900 300" role="img" aria-label="mean absolute error by horizon">']
    for k in range(5):
        at = y(most * k / 4)
        parts.append(f'<line x1="60" x2="680" y1="{at:.1f}" y2="{at:.1f}" stroke="var(--soft)"/>')
        parts.append(f'<text x="54" y="{at + 4:.1f}" text-anchor="end">{most * k / 4:.3g}</text>')
    for k in range(0, horizon, max(1, horizon // 6)):
        parts.append(f'<text x="{x(k):.1f}" y="270" text-anchor="middle">{minutes * (k + 1):g}</text>')
    parts.append('<text x="370" y="292" text-anchor="middle">minutes ahead</text>')
    for k, (name, curve) in enumerate(curves.items()):
        colour, dash = ("var(--own)", "var(--mark)", "var(--ink)")[k], STYLES[k]
        points = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in enumerate(curve))
        line = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{points}" {line}/>')
        parts.append(f'<polyline points="700,{40 + 26 * k} 740,{40 + 26 * k}" {line}/>')
        parts.append(f'<text x="748" y="{44 + 26 * k}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>"])


def layout(places: Tensor | None, edge_index: Tensor, count: int) -> tuple[Tensor, bool]:
    """Return where to draw each node, [N, 2] in [0, 1], and whether somebody said it."""
    given = places is not None and bool(places.isfinite().all())
    if given:
        where = places
    elif count <= LARGE:
        graph = nx.Graph()
        graph.add_nodes_from(range(count))
        graph.add_edges_from(edge_index.t().tolist())
        found = nx.spring_layout(graph, seed=0, k=2 / max(count, 1) ** 0.5)
        where = torch.tensor([found[node].tolist() for node in range(count)])
    else:
        joined = torch.zeros(count, count)
        joined[edge_index[0], edge_index[1]] = joined[edge_index[1], edge_index[0]] = 1.0
        where = torch.linalg.eigh(torch.diag(joined.sum(1)) - joined)[1][:, 1:3]
    assert where is not None
    low, high = where.amin(0), where.amax(0)
    return (where - low) / (high - low).clamp(min=1e-9), given


def _rounded(values: Tensor) -> list:
    """Return nested lists of numbers of five digits, ``None`` where there is no number."""
    if values.dim():
        return [_rounded(part) for part in values]
    number = float(values)
    return float(f"{number:.5g}") if math.isfinite(number) else None  # type: ignore[return-value]
