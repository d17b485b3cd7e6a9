import pytest
import torch

from gnn_toolkit.layers.kernels import blocks


def both(a, b, start, reverse):
    ours, plain = torch.empty_like(b), torch.empty_like(b)
    blocks.run(a, b, start, ours, reverse)
    blocks.step_by_step(a.expand(b.size(0), *a.shape[1:]), b, start, plain, reverse)
    return ours, plain


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [47, 48, 49, 1000, 4097])
def test_blocks_side_by_side_are_the_steps_one_by_one(monkeypatch, reverse: bool, steps: int):
    torch.manual_seed(0)
    monkeypatch.setattr(blocks, "AT_ONCE", 16)  # so that there are several rounds of blocks
    a, b = torch.randn(steps, 1, 2, dtype=torch.float64), torch.randn(steps, 1, 2, dtype=torch.float64)
    a = a / 2
    ours, plain = both(a, b, torch.ones(1, 2, dtype=torch.float64), reverse)
    torch.testing.assert_close(ours, plain)
    ours, plain = both(a[:1], b, b[0], reverse)
    torch.testing.assert_close(ours, plain)


def test_blocks_are_used_where_steps_are_narrow_and_many(monkeypatch):
    calls = []
    monkeypatch.setattr(blocks, "in_blocks", lambda *given: calls.append(given[1].shape))
    for steps, width in ((blocks.SHORT - 1, 2), (100, blocks.NARROW), (100, 2), (100_000, 2)):
        b = torch.zeros(steps, 1, width)
        blocks.run(b, b, b[0], torch.empty_like(b), reverse=False)
    assert sum(shape[0] for shape in calls) == 100 + 100_000
    assert {shape[2] for shape in calls} == {2}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_products_that_leave_the_range_of_the_numbers_do_not_matter(reverse: bool, large: bool):
    # Every second stretch grows by what the others shrink by: products over a block overflow or vanish, states do not.
    steps = torch.arange(640)
    a = torch.where(((steps // 40) % 2 == 1) ^ large, 30.0, 1 / 30.0).view(-1, 1, 1)
    for size in (0.0, 1e-30):
        start = torch.full((1, 1), size)
        ours, plain = both(a, torch.zeros(640, 1, 1), start, reverse)
        assert torch.equal(ours.isnan(), plain.isnan())
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=0.0)


def test_a_coefficient_of_zero_forgets_all_before_it():
    a = torch.full((500, 1, 1), 0.9)
    a[77::100] = 0.0
    b = torch.ones(500, 1, 1)
    ours, plain = both(a, b, torch.zeros(1, 1), False)
    torch.testing.assert_close(ours, plain)
    assert float(ours[77]) == 1.0
