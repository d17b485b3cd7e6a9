"""The page of a forecast holds what it was given; errors stand beside naive ones."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest
import torch

from gnn_toolkit.analysis.forecast_page import error_chart, error_table, forecast_page, layout, moment, summary
from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.training import FittedForecaster, ForecastSettings, fit_forecaster


@pytest.fixture(scope="module")
def fitted() -> FittedForecaster:
    hours = torch.arange(200)[:, None, None] / 24 * 2 * torch.pi
    values = 50 + 10 * (hours + torch.arange(3)[None, :, None]).sin()
    mask = torch.ones(200, 3, 1, dtype=torch.bool)
    mask[199, 1] = False
    edges = torch.tensor([[0, 1], [1, 2]])
    series = TrafficSeries(values, mask, edges, torch.ones(2), 24, ("a", "</script>", "c"))
    return fit_forecaster(series, ForecastSettings(steps=2, history=4, horizon=3, hidden_channels=2))


def test_it_holds_readings_and_forecasts(fitted: FittedForecaster):
    text = forecast_page(fitted, "a & b")
    found = re.search(r"const d = (.*);", text)
    assert found
    data = json.loads(found.group(1))
    made, low, _ = fitted.forecast()
    assert data["names"] == ["a", "</script>", "c"]
    assert text.count("</script>") == 1
    assert data["past"][0][-1][1] is None
    assert data["past"][0][-1][0] == pytest.approx(float(fitted.series.values[-1, 0, 0]), rel=1e-4)
    assert data["forecast"][0][1][2] == pytest.approx(float(made[1, 2, 0]), rel=1e-4)
    assert data["low"][0][2][0] == pytest.approx(float(low[2, 0, 0]), rel=1e-4)
    assert (data["before"][-1], data["times"]) == ("+0", ["+1", "+2", "+3"])
    assert "<title>Forecast of a &amp; b</title>" in text
    assert "$" not in text


def test_times_are_those_of_the_series(fitted: FittedForecaster):
    timed = replace(fitted, series=replace(fitted.series, start=datetime(2020, 1, 1)))
    assert moment(timed, 25) == "2020-01-02 01:00"


def test_errors_are_those_of_the_test_part(fitted: FittedForecaster):
    table, chart = error_table(fitted), error_chart(fitted)
    for name, errors in fitted.errors.items():
        for step in errors.per_step():
            assert f"<td>{step['mae']:.4g}</td>" in table
        assert f">{name}</text>" in chart
    assert chart.count("<polyline") == 6
    assert "minutes ahead" in chart
    assert f"{fitted.covered:.1%} lay in the 90 % intervals" in summary(fitted)


def test_nodes_lie_where_they_are_or_where_their_edges_pull_them():
    places = torch.tensor([[-118.0, 34.0], [-117.0, 34.5], [-117.5, 35.0]])
    where, said = layout(places, torch.tensor([[0], [1]]), 3)
    assert said
    torch.testing.assert_close(where, torch.tensor([[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]]))
    places[1, 0] = torch.nan
    path = torch.stack([torch.arange(499), torch.arange(1, 500)])
    for count, edges, given in ((3, torch.tensor([[0], [1]]), places), (500, path, None)):
        where, said = layout(given, edges, count)
        assert not said
        assert where.shape == (count, 2)
        assert float(where.min()) == 0.0
        assert float(where.max()) == 1.0
    along = where[:, 0]  # a path is drawn from end to end
    assert bool((along.diff() >= -1e-6).all()) or bool((along.diff() <= 1e-6).all())
