"""Training of a segmenter: halves of two colours are learnt, a fifth is held out, and few pictures are enough."""

import pytest
import torch

from gnn_toolkit.datasets.superpixels import picture_graph
from gnn_toolkit.training.segmenter_training import SegmenterSettings, fit_segmenter

QUICK = SegmenterSettings(steps=40, hidden_channels=8, batch_size=2)
GRID = (torch.arange(20) // 5)[:, None] * 4 + torch.arange(20) // 5


def picture(seed: int, mask: torch.Tensor | None = None):
    """Return a picture of 16 superpixels whose right half, label 1, is light."""
    image = torch.randint(60, (20, 20, 3), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)
    image[:, 10:] += 150
    labels = (torch.arange(20) >= 10).long().repeat(20, 1) if mask is None else mask
    return picture_graph(image, GRID, labels, 3)


def test_halves_of_two_colours_are_told_apart_on_pictures_held_out():
    fitted = fit_segmenter([picture(seed) for seed in range(10)], ("dark", "light", "never"), QUICK)
    assert len(fitted.tested) == 2
    assert fitted.accuracy == 1.0
    assert fitted.iou[:2] == (1.0, 1.0)
    assert fitted.iou[2] != fitted.iou[2]  # no pixel has it, and none is said to
    assert (fitted.usual, fitted.ceiling) == (0.5, 1.0)
    assert fitted.model.probabilities(picture(99)).argmax(1).tolist() == [0, 0, 1, 1] * 4


def test_a_single_picture_is_learnt_and_none_is_held_out():
    fitted = fit_segmenter([picture(0)], ("dark", "light", "never"), QUICK)
    assert (fitted.tested, fitted.accuracy) == ([], None)
    assert fitted.model.probabilities(picture(1)).argmax(1).tolist() == [0, 0, 1, 1] * 4


def test_the_same_seed_trains_the_same_segmenter():
    graphs, labels = [picture(seed) for seed in range(5)], ("dark", "light", "never")
    first, second = (fit_segmenter(graphs, labels, QUICK).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(ValueError, match="graphs: expected one picture at least, got none"):
        fit_segmenter([], ("dark", "light"), QUICK)
    blank = picture(0, torch.full((20, 20), -1))
    with pytest.raises(ValueError, match="masks: expected pixels with a label, got none; draw them"):
        fit_segmenter([blank], ("dark", "light", "never"), QUICK)
