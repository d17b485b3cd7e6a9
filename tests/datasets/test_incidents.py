"""Incidents in measured traffic: what they take, where and when, and what they leave alone."""

from dataclasses import replace

import pytest
import torch

from gnn_toolkit.datasets import Incident, TrafficSeries, inject_incidents

EDGES = torch.tensor([[0, 1, 3, 2], [1, 2, 2, 4]])  # 0 -> 1 -> 2 -> 4, and 3 -> 2


def road(steps: int = 12) -> TrafficSeries:
    values = torch.full((steps, 5, 2), 60.0)
    return TrafficSeries(
        values,
        torch.ones_like(values, dtype=torch.bool),
        EDGES,
        torch.tensor([1.0, 0.8, 0.4, 1.0]),
        288,
        tuple("abcde"),
    )


def test_a_slowdown_spreads_against_the_edges_later_and_weaker():
    before = road()
    after = inject_incidents(before, [Incident(2, start=3, steps=4, part=0.5)], delay=2)
    lost = 1 - after.values[..., 0] / 60
    assert before.values.min() == 60
    assert after.values[..., 1].equal(before.values[..., 1])
    torch.testing.assert_close(
        lost[:, 2], torch.tensor([0, 0, 0, 0.25, 0.5, 0.5, 0.5, 0.375, 0.25, 0.125, 0, 0]), atol=1e-6, rtol=0
    )
    for node, share, shift in ((1, 0.5 * 0.8, 2), (3, 0.5 * 0.4, 2), (0, 0.5 * 0.8 * 0.5, 4)):
        torch.testing.assert_close(lost[shift:, node], share * lost[: 12 - shift, 2])
    assert lost[:, 4].abs().max() == 0  # it lies downstream


def test_it_goes_no_further_than_its_hops_and_several_multiply():
    one = Incident(2, start=0, steps=12, part=0.5)
    near = inject_incidents(road(), [one], hops=1, onset=1, delay=0).values[5, :, 0]
    torch.testing.assert_close(near, torch.tensor([60.0, 48.0, 30.0, 54.0, 60.0]))
    twice = inject_incidents(road(), [one, one], hops=0, onset=1).values[5, :, 0]
    torch.testing.assert_close(twice, torch.tensor([60.0, 60.0, 15.0, 60.0, 60.0]))


def test_on_a_ring_each_node_counts_once():
    values = torch.ones(1, 3, 1)
    ring = TrafficSeries(
        values, values > 0, torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]]), torch.ones(6), 288, tuple("abc")
    )
    slow = inject_incidents(ring, [Incident(0, 0, 1, part=0.8)], onset=1, delay=0, hops=5)
    torch.testing.assert_close(slow.values.flatten(), torch.tensor([0.2, 0.6, 0.6]))


def test_edges_without_weight_carry_nothing():
    still = replace(road(), edge_weight=torch.zeros(4))
    slow = inject_incidents(still, [Incident(2, 0, 3)])
    assert slow.values[:, [0, 1, 3, 4]].equal(still.values[:, [0, 1, 3, 4]])
    assert float(slow.values[1, 2, 0]) < float(still.values[1, 2, 0])


def test_gaps_stay_gaps():
    one = road()
    mask = one.mask.clone()
    mask[1, 2] = False
    slow = inject_incidents(replace(one, mask=mask), [Incident(2, 0, 3)])
    assert (float(slow.values[1, 2, 0]), bool(slow.mask[1, 2, 0])) == (0.0, False)


@pytest.mark.parametrize(
    ("argument", "incident", "options"),
    [
        ("onset", Incident(0, 0, 1), {"onset": 0}),
        ("onset", Incident(0, 0, 1), {"spread": 1.5}),
        ("incidents", Incident(5, 0, 1), {}),
        ("incidents", Incident(0, 0, 1, part=1.1), {}),
        ("incidents", Incident(0, 0, 0), {}),
        ("incidents", Incident(0, 12, 1), {}),  # after the end
        ("incidents", Incident(0, -1, 1), {}),
        ("incidents", Incident(-1, 0, 1), {}),
        ("incidents", Incident(0, 0, 1, part=float("nan")), {}),
        ("feature", Incident(0, 0, 1), {"feature": 2}),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, incident: Incident, options: dict):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        inject_incidents(road(), [incident], **options)
