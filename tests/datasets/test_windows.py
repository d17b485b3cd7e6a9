from datetime import UTC, datetime

import pytest
import torch

from gnn_toolkit.datasets import TrafficSeries, Windows


def series(steps: int = 20) -> torch.Tensor:
    """Value 100 * step + node."""
    return (100.0 * torch.arange(steps)[:, None] + torch.arange(3)).unsqueeze(2)


def test_a_window_is_its_history_and_what_follows():
    windows = Windows(series(), history=4, horizon=3)
    assert len(windows) == 14
    batch = windows.take(torch.tensor([0, 13]))
    assert batch.x.shape == (2, 4, 3, 1)
    assert batch.x[0, :, 1, 0].tolist() == [1, 101, 201, 301]
    assert batch.y[0, :, 1, 0].tolist() == [401, 501, 601]
    assert batch.y[1, :, 0, 0].tolist() == [1700, 1800, 1900]
    assert batch.step.tolist() == [4, 17]


def test_targets_of_two_parts_never_overlap_and_histories_may():
    train, test = (Windows(series(), 4, 3, *part) for part in ((0, 10), (10, None)))
    seen = {int(step) + k for step in train.steps for k in range(3)}
    asked = {int(step) + k for step in test.steps for k in range(3)}
    assert seen == set(range(4, 10))
    assert asked == set(range(10, 20))
    assert test.take(torch.tensor([0])).x[0, :, 0, 0].tolist() == [600, 700, 800, 900]


def test_what_is_missing_is_marked_and_nought():
    values = series()
    values[5, 1] = torch.nan
    known = torch.ones_like(values, dtype=torch.bool)
    known[6, 2] = False
    batch = Windows(values, 2, 3, mask=known).take(torch.tensor([3]))
    assert batch.y[0, :, 1, 0].tolist() == [0, 601, 701]
    assert batch.y_mask[0, :, 1, 0].tolist() == [False, True, True]
    assert batch.y_mask[0, :, 2, 0].tolist() == [True, False, True]
    assert batch.y[0, 1, 2, 0] == 0
    assert values[6, 2, 0] == 602  # the caller's array is as it was


def test_nothing_is_kept_for_each_window():
    windows = Windows(torch.zeros(1000, 50, 1), 12, 12)
    held = [t for t in vars(windows).values() if isinstance(t, torch.Tensor)]
    assert sum(t.numel() for t in held) == 2 * 1000 * 50


def test_a_series_too_short_has_no_window():
    assert len(Windows(series(6), 4, 3)) == 0
    assert len(Windows(series(7), 4, 3)) == 1
    for size, first, last in ((3, 0, None), (20, 18, None), (20, 0, 2), (20, 5, 5), (1, 1, 1)):
        short = Windows(series(size), 4, 3, first, last)
        assert len(short) == 0
        assert short.take(torch.tensor([], dtype=torch.long)).x.shape == (0, 4, 3, 1)


def traffic(**changed) -> TrafficSeries:
    """Four steps of two nodes."""
    plain = {
        "values": torch.arange(8.0).view(4, 2, 1),
        "mask": torch.ones(4, 2, 1, dtype=torch.bool),
        "edge_index": torch.tensor([[0], [1]]),
        "edge_weight": torch.ones(1),
        "steps_per_day": 24,
        "names": ("a", "b"),
    }
    return TrafficSeries(**plain | changed)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -3.4e38])
def test_what_no_reading_can_be_is_missing(value: float):
    values = torch.arange(8.0).view(4, 2, 1)
    values[2, 1] = value
    one = traffic(values=values)
    assert one.mask.flatten().tolist() == [True] * 5 + [False] + [True] * 2
    assert one.values.flatten().tolist() == [0, 1, 2, 3, 4, 0, 6, 7]
    batch = Windows(values, 1, 1).take(torch.tensor([1]))
    assert (float(batch.y[0, 0, 1, 0]), bool(batch.y_mask[0, 0, 1, 0])) == (0.0, False)


def test_a_part_of_a_series_begins_at_its_own_hour():
    part = traffic(first_slot=22).cut(3)
    assert (len(part), part.first_slot, part.values.flatten().tolist()) == (1, 1, [6, 7])


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("values", lambda: Windows(torch.zeros(5, 3), 2, 1)),
        ("values", lambda: Windows(torch.zeros(5, 3, 1, dtype=torch.long), 2, 1)),
        ("history", lambda: Windows(series(), 0, 1)),
        ("horizon", lambda: Windows(series(), 2, 0)),
        ("first", lambda: Windows(series(), 2, 1, 15, 10)),
        ("first", lambda: Windows(series(), 2, 1, 0, 30)),
        ("mask", lambda: Windows(series(), 2, 1, mask=torch.ones(20, 3, 1))),
        ("mask", lambda: Windows(series(), 2, 1, mask=torch.ones(20, 3, dtype=torch.bool))),
        ("which", lambda: Windows(series(), 2, 1).take(torch.tensor([18]))),
        ("which", lambda: Windows(series(), 2, 1).take(torch.tensor([-1]))),
        ("which", lambda: Windows(series(), 2, 1).take([0])),  # type: ignore[arg-type]
        ("values", lambda: Windows(series().numpy(), 2, 1)),  # type: ignore[arg-type]
        ("values", lambda: traffic(values=torch.zeros(4, 2))),
        ("mask", lambda: traffic(mask=torch.ones(4, 2, 1))),
        ("edge_index", lambda: traffic(edge_index=torch.tensor([[0], [2]]))),
        ("edge_weight", lambda: traffic(edge_weight=torch.ones(2))),
        ("edge_weight", lambda: traffic(edge_weight=torch.tensor([torch.nan]))),
        ("steps_per_day", lambda: traffic(steps_per_day=0)),
        ("names", lambda: traffic(names=("a",))),
        ("first_slot", lambda: traffic(first_slot=24)),
        ("places", lambda: traffic(places=torch.zeros(2, 3))),
        ("first", lambda: traffic().cut(3, 2)),
    ],
)
def test_what_does_not_fit_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()


def test_nodes_in_another_order_keep_readings_edges_and_places():
    values = torch.arange(6.0).view(2, 3, 1)
    series = TrafficSeries(
        values, torch.ones(2, 3, 1, dtype=torch.bool), torch.tensor([[0, 1], [1, 2]]), torch.tensor([1.0, 2.0]), 24,
        ("a", "b", "c"), places=torch.arange(6.0).view(3, 2),
    )  # fmt: skip
    other = series.ordered(("c", "a", "b"))
    assert other.values.flatten(1).tolist() == [[2.0, 0.0, 1.0], [5.0, 3.0, 4.0]]
    named = [tuple(other.names[node] for node in edge) for edge in other.edge_index.t().tolist()]
    assert named == [("a", "b"), ("b", "c")]
    assert other.places is not None
    assert other.places[0].tolist() == [4.0, 5.0]
    assert other.ordered(series.names).edge_index.equal(series.edge_index)
    for names in (("a", "b"), ("a", "b", "d"), ("a", "b", "b")):
        with pytest.raises(ValueError, match=r"^names: expected the"):
            series.ordered(names)


def test_what_holds_many_numbers_is_shown_in_a_line():
    values = series()
    values[5, 1] = torch.nan
    edge_index = torch.tensor([[0, 1], [1, 2]])
    mask = values.isfinite()
    whole = TrafficSeries(series(), mask | True, edge_index, torch.ones(2), 288, ("a", "b", "c"))
    assert repr(whole) == "TrafficSeries(20 steps, 3 nodes, 1 features, 2 edges)"
    start = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    some = TrafficSeries(values, mask, edge_index, torch.ones(2), 288, ("a", "b", "c"), start=start)
    assert repr(some) == "TrafficSeries(20 steps, 3 nodes, 1 features, 2 edges, 1.7% missing, from 2026-01-02 03:04)"
    windows = Windows(series(), history=4, horizon=3)
    assert repr(windows) == "Windows(14 of 4 + 3 steps, 3 nodes, 1 features)"
    assert repr(windows.take(torch.tensor([0, 1]))) == "Batch(x=[2, 4, 3, 1], y=[2, 3, 3, 1])"
