"""Cells are ranked as published, a day is a unit, and no score sees the hour that it is of."""

import math

import pytest
import torch
from torch_geometric.data import Data

from benchmarks.run import trials
from benchmarks.tables import TASKS, VIEWS
from benchmarks.tasks.accidents import LAGS, Hours, Ranking, found, surprise
from benchmarks.tasks.source import EqualGraphs
from gnn_toolkit.datasets import TrafficSeries

HOURS = 60 * 24


def made() -> Hours:
    """Sixty days at three cells, of which the first has the most accidents and the last has none."""
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(HOURS, 3, 10, generator=generator)
    values[..., 0] = (values[..., 0] < torch.tensor([0.4, 0.2, 0.0])).float() * 2
    edges = torch.tensor([[0, 1, 2], [1, 2, 0]])
    known = torch.ones_like(values, dtype=torch.bool)
    return Hours(TrafficSeries(values, known, edges, torch.ones(3), 24, ("a", "b", "c")))


def test_recall_and_average_precision_by_hand():
    scores = torch.tensor([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 9.0]])
    risk = torch.tensor([[0.0, 2.0, 0.0, 1.0], [0.0, 1.0, 5.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    recall, precision = found(scores, risk)
    assert recall.tolist() == [0.5, 1.0, 1.0, 0.0]  # equal scores keep the order of the cells
    assert precision.tolist() == pytest.approx([(1 / 2) / 2, 1.0, 1.0, 0.0])


def test_the_loss_is_of_the_cells_given_the_hour():
    logits, risk = torch.tensor([[0.0, math.log(3.0)], [5.0, 5.0]]), torch.tensor([[0.0, 7.0], [1.0, 1.0]])
    assert float(surprise(logits, risk)) == pytest.approx((math.log(4 / 3) + 2 * math.log(2)) / 3)
    assert float(surprise(logits + 10, risk)) == pytest.approx(float(surprise(logits, risk)))
    assert float(surprise(logits, torch.zeros(2, 2))) == 0.0


def test_a_window_has_the_hours_before_and_of_its_own_hour_only_the_clock():
    hours = made()
    hour = int(hours.parts["test"][0])
    x, y = hours.window(torch.tensor([hour]))
    assert x.shape == (1, 3, len(LAGS) + 1, 2 + hours.horizon.num_covariates)
    before = [hour - lag for lag in LAGS]
    assert x[0, :, :-1, 0].t().equal(hours.risk[before].log1p())
    assert (x[0, :, -1, :2] == 0).all()
    assert (x[0, :, -1, 8:] == 0).all()
    assert x[0, :, -1, 3:8].abs().sum() > 0
    assert y.view(-1).equal(hours.risk[hour])
    assert {lag % 168 for lag in LAGS[:4]} == {0}


def test_parts_are_in_order_and_share_no_hour():
    parts = made().parts
    assert [(int(p[0]), int(p[-1])) for p in parts.values()] == [(672, 863), (864, 1151), (1152, 1439)]
    days = [len(y) // 3 for _, y in made().held_out("test")]
    assert days == [24] * 12


@pytest.mark.parametrize("name", ["GConvGRU", "ChebConv", "GRU", "MLP"])
def test_a_model_trains_on_it_and_never_sees_the_hour(name: str):
    hours, config = made(), TASKS["chicago"].config
    view = VIEWS["no edges"].transform if name in ("GRU", "MLP") else None
    graph = Data(edge_index=hours.series.edge_index, edge_weight=hours.series.edge_weight, num_nodes=3)
    source = EqualGraphs(graph, 2 + hours.horizon.num_covariates, hours.train, hours.held_out)
    objective = Ranking(source.viewed(view) if view else source, config, hours.horizon)
    model = trials.build(name, objective)
    objective.loss(model, objective.batch(torch.Generator().manual_seed(0))).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.eval()
    with torch.no_grad():
        scores, measures = objective.evaluate(model, "test"), objective.measures(model, 0)
        batch = next(iter(source.held_out("test")))
        told = objective.answers(model, batch)[0]
        batch.y = torch.full_like(batch.y, torch.nan)
        assert told.equal(objective.answers(model, batch)[0])
    assert len(scores.units) == 12
    assert measures["recall"] == pytest.approx(scores.mean)
    assert 0 < measures["MAP"] <= measures["recall"]


def test_naive_orders_have_their_known_scores(at_hand):
    at_hand("chicago")
    data = trials.data_of("chicago", 0, {"graph": "road"})
    assert {name: round(score()[0], 4) for name, score in data.baselines.items()} == {
        "random order, expected": 0.0331,
        "mean of the cell": 0.1422,
        "mean of the cell and hour": 0.1309,
        "mean of the cell so far": 0.1431,
    }
