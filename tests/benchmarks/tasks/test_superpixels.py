"""The score of pictures: pixels of all pictures together, and each picture's share in it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmarks.tasks.metrics import MEAN_IOU
from benchmarks.tasks.superpixels import measures, overlaps

# Two pictures, three superpixels each, two parts: what is said, and the pixels of each part.
SAID = torch.tensor([0, 1, 1, 0, 0, 1])
PIXELS = torch.tensor([[4, 0], [1, 3], [2, 2], [5, 1], [0, 2], [0, 6]])
PICTURE = torch.tensor([0, 0, 0, 1, 1, 1])


def by_hand() -> tuple[float, list[float]]:
    """Return the pixel accuracy and the IoU of both parts, counted pixel by pixel."""
    pixels = [
        (int(said), part) for said, row in zip(SAID, PIXELS, strict=True) for part in (0, 1) for _ in range(row[part])
    ]
    each = []
    for part in (0, 1):
        both = sum(said == true == part for said, true in pixels)
        each.append(both / sum(part in pair for pair in pixels))
    return sum(said == true for said, true in pixels) / len(pixels), each


def test_the_score_is_that_of_all_pixels():
    right, union = overlaps(SAID, PIXELS, PICTURE, 2)
    assert right.tolist() == [[4, 5], [5, 6]]
    assert union.tolist() == [[7, 8], [8, 9]]
    accuracy, each = by_hand()
    found = measures(right, union, ("a", "b"))
    assert found == pytest.approx({"pixel accuracy": accuracy, "IoU a": each[0], "IoU b": each[1]})
    assert float(MEAN_IOU.points(right, union).mean()) == pytest.approx(sum(each) / 2)


def test_a_share_says_how_the_score_moves_with_the_weight_of_a_picture():
    chance = torch.Generator().manual_seed(0)
    right = torch.randint(1, 50, (40, 3), generator=chance).double()
    union = right + torch.randint(1, 50, (40, 3), generator=chance)

    def score(weight: torch.Tensor) -> torch.Tensor:
        return ((weight @ right) / (weight @ union)).mean()

    weight = torch.ones(40, dtype=torch.double, requires_grad=True)
    (slope,) = torch.autograd.grad(score(weight), weight)
    torch.testing.assert_close(MEAN_IOU.points(right, union), score(weight.detach()) + 40 * slope)


def test_a_part_that_is_neither_there_nor_said_scores_nothing():
    right, union = torch.tensor([[3, 0]]), torch.tensor([[4, 0]])
    assert float(MEAN_IOU.points(right, union).mean()) == pytest.approx(0.375)


def test_the_loss_is_the_cross_entropy_of_all_pixels():
    logits = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    rows = torch.arange(6).repeat_interleave(PIXELS.sum(1))
    labels = torch.cat([torch.tensor([0] * int(a) + [1] * int(b)) for a, b in PIXELS])
    expected = torch.nn.functional.cross_entropy(logits[rows], labels)
    torch.testing.assert_close(MEAN_IOU.loss(logits, PIXELS), expected)


def test_an_objective_scores_pictures_in_their_order_whatever_that_of_the_batches():
    from benchmarks.tasks.config import Config
    from benchmarks.tasks.superpixels import PartOfSuperpixel

    def batch(which: list[int], rows: torch.Tensor) -> Any:
        graphs = torch.arange(len(which)).repeat_interleave(3)
        fields = {"pixels": PIXELS[rows], "said": SAID[rows], "batch": graphs, "which": torch.tensor(which)}
        one = SimpleNamespace(**fields, num_graphs=len(which))
        one.to = lambda device: one
        return one

    class Told(torch.nn.Linear):
        def forward(self, batch: Any) -> torch.Tensor:
            return torch.nn.functional.one_hot(batch.said, 2).float()

    first, second = batch([7], torch.arange(3)), batch([3], torch.arange(3, 6))
    source: Any = SimpleNamespace(held_out=lambda split: iter([first, second]))
    objective = PartOfSuperpixel(source, Config(steps=1), ("a", "b"))
    model = Told(1, 1)
    scores = objective.evaluate(model, "test")
    expected = MEAN_IOU.points(*(side.flip(0) for side in overlaps(SAID, PIXELS, PICTURE, 2)))
    assert torch.equal(scores.points, expected)
    assert objective.measures(model, 0)["pixel accuracy"] == pytest.approx(by_hand()[0])
