"""What a usual day is: medians and widths of each hour, of sensors that report, never change, or never report."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.models import UsualDay


def days(count: int = 5, seed: int = 0) -> Tensor:
    """Days of 144 steps of ten minutes at three nodes: the hour, more at the third node, and noise."""
    noise = torch.rand(count * 144, 3, 1, generator=torch.Generator().manual_seed(seed))
    return (torch.arange(count * 144) % 144 // 6)[:, None, None] * torch.tensor([[1.0], [1.0], [3.0]]) + noise


def test_center_and_width_are_those_of_ten_minutes_around():
    x = days()
    usual = UsualDay(3, 1, 144)
    off = usual.fit(x)
    by_day = x.view(5, 144, 3, 1).double()
    overall = x.double().median(0).values
    at_any_hour = (x.double() - overall).abs().mean(0)
    for slot in (1, 50, 142):
        near = by_day[:, slot - 1 : slot + 2]
        others = torch.stack(
            [near[[d for d in range(5) if d != day]].flatten(0, 1).median(0).values for day in range(5)]
        )
        torch.testing.assert_close(usual.center[slot], near.flatten(0, 1).median(0).values.float())
        width = (5 * (near - others[:, None]).abs().mean((0, 1)) + at_any_hour) / 6
        torch.testing.assert_close(usual.width[slot], width.float())
        torch.testing.assert_close(off.view(5, 144, 3, 1)[:, slot], ((by_day[:, slot] - others) / width).float())
    steps = torch.arange(7, 27)
    torch.testing.assert_close(usual.inverse_transform(usual(x[7:27], steps), steps), x[7:27])
    torch.testing.assert_close(usual(x[7:27], steps), usual(x[7:27], steps + 144))


def test_midnight_divides_no_day():
    x, usual = days(), UsualDay(3, 1, 144)
    usual.fit(x)
    late = UsualDay(3, 1, 144)
    late.fit(x[72:-72], clock=72)
    for slot in (0, 143):
        near = [x[144 * day + slot + k] for day in range(6) for k in (-1, 0, 1) if 0 <= 144 * day + slot + k < 720]
        torch.testing.assert_close(usual.center[slot], torch.stack(near).median(0).values)
    assert late.center[:72].isfinite().all()


def test_days_to_come_are_as_wide_as_said():
    usual = UsualDay(3, 1, 144)
    own = usual.fit(days(3))
    new = usual(days(40, seed=1), torch.arange(40 * 144))
    assert float(own.abs().mean()) == pytest.approx(float(new.abs().mean()), rel=0.15)


def test_a_single_day_is_judged_by_all_hours():
    x, usual = days(1), UsualDay(3, 1, 144)
    off = usual.fit(x)
    torch.testing.assert_close(off[1:-1], ((x - x.median(0).values) / usual.width)[1:-1])


def test_a_series_may_begin_at_any_hour():
    x, whole, late = days(), UsualDay(3, 1, 144), UsualDay(3, 1, 144)
    whole.fit(torch.cat([torch.full((30, 3, 1), torch.nan), x[30:]]))
    late.fit(x[30:], clock=30)
    torch.testing.assert_close(late.center, whole.center)
    torch.testing.assert_close(late.width, whole.width)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 3.4e38])
def test_what_no_reading_can_be_counts_as_a_gap(value: float):
    x, spoilt, masked = days(), days(), UsualDay(3, 1, 144)
    mask = torch.ones_like(x, dtype=torch.bool)
    spoilt[100:110, 1], mask[100:110, 1] = value, False
    usual = UsualDay(3, 1, 144)
    usual.fit(spoilt, torch.ones_like(mask))
    masked.fit(x, mask)
    assert usual.center.equal(masked.center)
    assert usual.width.equal(masked.width)


def test_one_wrong_reading_leaves_the_center_where_it_is():
    x, spoilt, usual = days(), days(), UsualDay(3, 1, 144)
    spoilt[300, 0] = 1e9
    usual.fit(x)
    center = usual.center.clone()
    usual.fit(spoilt)
    assert float((usual.center - center).abs().max()) < 1.0


def test_what_never_changes_has_width_one_in_any_precision():
    usual = UsualDay(2, 1, 24)
    usual.fit(torch.full((48, 2, 1), 14.62, dtype=torch.double))
    assert usual.width.equal(torch.ones(24, 2, 1))
    torch.testing.assert_close(usual(torch.full((1, 2, 1), 15.62), torch.tensor([3])), torch.ones(1, 2, 1))


def test_a_constant_sensor_among_others_has_a_part_of_their_width():
    x = days()
    x[:, 0] = 7.0
    usual = UsualDay(3, 1, 144)
    usual.fit(x)
    others = usual.width[:, 1:].flatten().median()
    torch.testing.assert_close(usual.width[:, 0], torch.full((144, 1), 0.05 * float(others)))


def test_a_sensor_that_never_reported_has_the_median_of_all():
    x = days()
    x[:, 1] = torch.nan
    usual = UsualDay(3, 1, 144)
    usual.fit(x)
    assert usual.center.isfinite().all()
    assert usual.width.isfinite().all()
    assert float(usual.center[0, 1]) == float(x[:, [0, 2]].double().nanmedian(0).values.min())  # the lower of two


def test_an_hour_without_readings_has_the_value_of_all_hours():
    x = days(1)[:100]
    usual = UsualDay(3, 1, 144)
    usual.fit(x)
    torch.testing.assert_close(usual.center[120], x.median(0).values)
    torch.testing.assert_close(usual.width[120], (x - x.median(0).values).abs().mean(0))


@pytest.mark.parametrize(
    ("argument", "values", "mask"),
    [
        ("values", torch.zeros(10, 2, 1), None),
        ("values", torch.zeros(10, 3), None),
        ("values", torch.full((10, 3, 1), torch.nan), None),
        ("mask", torch.zeros(10, 3, 1), torch.ones(10, 3, 1)),
    ],
)
def test_what_does_not_fit_is_refused(argument: str, values: Tensor, mask: Tensor | None):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        UsualDay(3, 1, 144).fit(values, mask)
    with pytest.raises(ValueError, match=r"^steps_per_day: expected"):
        UsualDay(3, 1, 0)
