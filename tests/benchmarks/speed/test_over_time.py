import pytest
import torch

from benchmarks.speed import timing
from benchmarks.speed.over_time import CASES, LAYERS, window

TINY = (7, 20, 3, 2, 5)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("batch", [1, 2])
def test_our_layer_agrees_with_the_plain_loop(layer: str, batch: int):
    ours, loop, _ = window("cpu", layer, batch, TINY)
    expected = loop()
    timing.assert_agreement(ours(), expected)
    assert expected[0].shape == (batch, 3, 7, 5)
    assert all(bool(gradient.any()) for gradient in expected)


def test_the_floor_has_every_dense_product_once():
    _, _, products = window("cpu", "GConvGRU", 2, TINY)
    rows, terms = 7 * 2, 3
    work = sum(a.size(0) * a.size(1) * b.size(1) for a, b, _ in products.products)
    of_input = 2 * (3 * rows) * (terms * 2) * (3 * 5)
    of_state = 3 * (3 * rows) * (terms * 5) * (3 * 5)
    assert work == of_input + of_state
    for (a, b, _), out in zip(products.products, products(), strict=True):
        torch.testing.assert_close(out, a @ b)


def test_there_is_a_speed_and_a_floor_for_each_layer_and_batch():
    assert len(CASES) == 12
    assert CASES["gconvgru-1"].bar == 2.5
    assert CASES["dcrnn-16"].bar == CASES["gconvlstm-16-floor"].bar == 2.0
