"""The first classifier: it separates what a line separates, weighs by pixels, and judges what it has not seen."""

import pytest
import torch

from gnn_toolkit.training.softmax_regression import confidence, crossed_confidence, fit_softmax

X = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
PIXELS = torch.nn.functional.one_hot((X[:, 0] > 0).long(), 2) * 50


def test_what_a_line_separates_is_learnt():
    layer = fit_softmax(X, PIXELS)
    assert (layer(X).argmax(1) == PIXELS.argmax(1)).float().mean() >= 0.98
    assert not layer.weight.requires_grad


def test_superpixels_count_by_their_pixels():
    x, pixels = torch.zeros(2, 1), torch.tensor([[300, 0], [0, 100]])
    shares = fit_softmax(x, pixels, weight_decay=0.0)(x).softmax(1)
    torch.testing.assert_close(shares[0], torch.tensor([0.75, 0.25]), atol=0.03, rtol=0)


def test_confidence_is_that_of_a_classifier_of_other_pictures():
    picture = torch.arange(200) // 50
    odd = fit_softmax(X[picture % 2 == 1], PIXELS[picture % 2 == 1])
    sure = crossed_confidence(X, PIXELS, picture)
    assert torch.equal(sure[picture % 2 == 0], confidence(odd, X[picture % 2 == 0]))
    assert bool((sure >= 0.5).all())
    alone = crossed_confidence(X, PIXELS, torch.zeros(200, dtype=torch.long))
    assert torch.equal(alone, confidence(fit_softmax(X, PIXELS), X))


def test_nothing_to_fit_is_refused():
    with pytest.raises(ValueError, match="as many rows of both, one at least, got 0 and 0"):
        fit_softmax(X[:0], PIXELS[:0])
    with pytest.raises(ValueError, match="got 200 and 3"):
        fit_softmax(X, PIXELS[:3])
