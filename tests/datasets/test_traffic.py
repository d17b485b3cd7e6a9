"""The series have the published sizes, and naive forecasts on them the errors that these files are known to give."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gnn_toolkit.datasets import Windows, load_beijing_metro, load_los_loop, traffic
from gnn_toolkit.training import ForecastErrors


@pytest.fixture
def los(data_folder: Callable[[str], Path]):
    data_folder("traffic/t-gcn/los_speed.csv")
    return load_los_loop()


@pytest.fixture
def metro(data_folder: Callable[[str], Path]):
    data_folder("traffic/beijing_metro/inflowdata/in_15min.csv.gz")
    return load_beijing_metro()


def test_los_loop_has_a_week_of_207_detectors(los):
    assert los.values.shape == (7 * los.steps_per_day, 207, 1)
    assert (float(los.values.min()), float(los.values.max())) == (1.0, 70.0)
    assert abs(float(los.values.mean()) - 58.89) < 0.01
    assert bool(los.mask.all())
    assert los.edge_index.shape[1] == los.edge_weight.numel() == 2833 - 207
    assert los.names[:2] == ("773869", "767541")
    backwards = torch.sparse_coo_tensor(los.edge_index.flip(0), los.edge_weight, check_invariants=True).to_dense()
    assert backwards.equal(backwards.t())


def test_repeating_the_last_value_gives_its_known_errors_on_los_loop(los):
    first, last = int(0.8 * len(los.values)), len(los.values) - 1
    # The authors cut their windows inside the test part and leave the last one out.
    windows, errors = Windows(los.values, 12, 3, first + 12, last), ForecastErrors(3)
    for which in torch.arange(len(windows)).split(100):
        batch = windows.take(which)
        errors.add(batch.x[:, -1:].expand_as(batch.y), batch.y, batch.y_mask)
    assert (round(errors.rmse, 4), round(errors.mae, 4), round(errors.accuracy, 4)) == (5.5428, 3.1561, 0.9056)


def test_the_metro_has_25_days_of_276_stations(metro):
    assert metro.values.shape == (25 * 72, 276, 1)
    assert float(metro.values.max()) == 4744
    assert abs(float(metro.values.double().mean()) - 260.01) < 0.01
    assert metro.edge_index.shape[1] == 630
    assert bool((metro.edge_weight == 1).all())
    longer, shorter = load_beijing_metro(30).values, load_beijing_metro(10).values
    assert metro.values.view(-1, 2, 276, 1).sum(1).equal(longer)
    assert shorter.view(-1, 3, 276, 1).sum(1).equal(longer)
    assert load_beijing_metro(15, "out").values.shape == metro.values.shape


@pytest.mark.parametrize(
    ("days", "expected"), [(5, (41.68, 23.56, 8.93)), (1, (50.52, 27.34, 10.36)), (0, (101.02, 50.67, 19.20))]
)
def test_repeating_a_slot_gives_its_known_errors_on_the_metro(metro, days: int, expected: tuple[float, ...]):
    back, errors = max(1, days * metro.steps_per_day), ForecastErrors(1)
    windows = Windows(metro.values, back, 1, 20 * metro.steps_per_day)
    assert len(windows) == 360
    for which in torch.arange(360).split(90):
        batch = windows.take(which)
        errors.add(batch.x[:, :1], batch.y, batch.y_mask)
    assert (round(errors.rmse, 2), round(errors.mae, 2), round(100 * errors.wmape, 2)) == expected


def test_edges_go_from_row_to_column_without_loops():
    edge_index, weight = traffic.edges_of(torch.tensor([[1.0, 0.5], [0.0, 1.0]]).numpy())
    assert edge_index.tolist() == [[0], [1]]
    assert weight.tolist() == [0.5]


@pytest.mark.parametrize(("options", "argument"), [({"minutes": 20}, "minutes"), ({"flow": "through"}, "flow")])
def test_what_is_not_there_is_refused(options: dict, argument: str):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        load_beijing_metro(**options)
