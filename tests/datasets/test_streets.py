from typing import Any

import pytest
import torch

from gnn_toolkit.datasets import Accident, simulate_streets, street_grid

QUIET: dict[str, Any] = {"noise": 0.0, "start_hour": 6.0}


def test_an_accident_slows_its_road_and_leaves_the_past_as_it_was():
    grid, accident = street_grid(3, 4), Accident(road=5, start=18, steps=12, part=0.2)
    usual = simulate_streets(grid, 48, **QUIET)
    struck = simulate_streets(grid, 48, accidents=[accident], **QUIET)
    assert usual.values[:18].equal(struck.values[:18])
    before, during = (values[20:30, 5] for values in (usual.values, struck.values))
    assert (during[:, 1] < 0.6 * before[:, 1]).all()  # speed
    assert (during[:, 0] < before[:, 0]).all()  # flow
    slower = (usual.values - struck.values)[18:30, :, 1].mean(0)
    assert int(slower.argmax()) == 5
    assert (struck.values[45:, 5, 1] > 0.8 * usual.values[45:, 5, 1]).all()  # over again


def test_demand_follows_the_hour():
    series = simulate_streets(street_grid(2, 3), 288, noise=0.0)
    flow = series.values[:, :, 0].mean(1).view(24, 12).mean(1)
    assert flow[2:4].max() < 0.2 * flow[8]
    assert flow[17] > flow[12]


def test_flow_is_speed_times_density():
    flow, speed, density = simulate_streets(street_grid(2, 3), 24, **QUIET).values.unbind(2)
    torch.testing.assert_close(flow, speed * density, rtol=1e-4, atol=1e-3)


def test_the_graph_is_of_roads_and_their_turns():
    series = simulate_streets(street_grid(2, 3), 2, leaving=0.25, **QUIET)
    assert series.names[0] == "0-3"
    heads = [name.split("-")[1] for name in series.names]
    tails = [name.split("-")[0] for name in series.names]
    assert all(heads[u] == tails[v] for u, v in series.edge_index.t().tolist())
    leaving = torch.zeros(14).index_add(0, series.edge_index[0], series.edge_weight)
    torch.testing.assert_close(leaving, torch.full((14,), 0.75))


def test_detectors_miss_and_the_seed_decides():
    grid = street_grid(2, 3)
    first, again, other = (simulate_streets(grid, 24, missing=0.3, seed=seed) for seed in (1, 1, 2))
    assert first.values.equal(again.values)
    assert not first.values.equal(other.values)
    assert 0.6 < float(first.mask.float().mean()) < 0.8
    assert (first.values[~first.mask] == 0).all()
    assert (first.mask.all(2) == first.mask.any(2)).all()


def test_a_series_knows_at_which_hour_it_begins():
    assert simulate_streets(street_grid(2, 3), 2, start_hour=7.5).first_slot == 90
    assert simulate_streets(street_grid(2, 3), 2, start_hour=7.5, minutes=60).first_slot == 7


@pytest.mark.parametrize(("rows", "columns", "length"), [(0, 2, 300.0), (2, 2.5, 300.0), (2, 2, 0.0)])
def test_a_grid_has_streets(rows: int, columns: int, length: float):
    with pytest.raises(ValueError, match=r"^(rows|columns|length): expected"):
        street_grid(rows, columns, length=length)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"missing": 1.0}, "missing"),
        ({"minutes": 0}, "minutes"),
        ({"noise": -1.0}, "missing"),
        ({"seconds": 7.0}, "seconds"),
        ({"minutes": 7}, "minutes"),  # of which a day has no whole number
        ({"noise": float("nan")}, "missing"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seed": -1}, "seed"),
        ({"start_hour": 24.0}, "start_hour"),
        ({"start_hour": -1.0}, "start_hour"),
        ({"accidents": [Accident(0, start=2, steps=1)]}, "accidents"),
        ({"accidents": [Accident(0, start=0, steps=0)]}, "accidents"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict, argument: str):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        simulate_streets(street_grid(2, 3), 2, **options)
