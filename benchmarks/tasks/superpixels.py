"""The objective of superpixels: the part that each shows, judged pixel by pixel."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .config import Config
from .metrics import MEAN_IOU, Scores
from .objective import Objective
from .source import Graphs, Source


class PartOfSuperpixel(Objective):
    """The part that each superpixel shows, of so many.

    Training lowers the cross entropy of all pixels. The score is the mean over parts of intersection over union, of
    the pixels of all pictures together: a superpixel's pixels all have its label. The units are the pictures.

    Args:
        source: the data, as a view left them; a graph has ``pixels`` [N, parts], how many pixels have each label.
        config: how the model is trained.
        parts: names of the parts.
    """

    form = "superpixels"

    def __init__(self, source: Source, config: Config, parts: tuple[str, ...]) -> None:
        super().__init__(source, config, MEAN_IOU, len(parts), "nodes")
        self.parts = parts
        self._tested: dict[str, float] | None = None

    def loss(self, model: nn.Module, batch: Graphs) -> Tensor:
        """Return the mean cross entropy of all pixels of a batch."""
        return self.metric.loss(model(batch), batch.pixels)

    def evaluate(self, model: nn.Module, split: str) -> Scores:
        """Return the shares of the pictures of a split in its mean IoU, in the split's order."""
        found = {}
        for batch in self.held_out(model, split):
            right, union = overlaps(model(batch).argmax(1), batch.pixels, batch.batch, batch.num_graphs)
            found |= {which: pair for which, *pair in zip(batch.which.tolist(), right, union, strict=True)}
        right, union = (torch.stack([found[which][side] for which in sorted(found)]) for side in (0, 1))
        if split == "test":
            self._tested = measures(right, union, self.parts)
        points = self.metric.points(right, union)
        return Scores(points, torch.ones(len(points)), self.metric.root)

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return the pixel accuracy and the IoU of each part of the test."""
        if self._tested is None:
            self.evaluate(model, "test")
            assert self._tested is not None
        return self._tested


def overlaps(label: Tensor, pixels: Tensor, picture: Tensor, pictures: int) -> tuple[Tensor, Tensor]:
    """Return for each picture and part the pixels that are found, and those that are of it or said to be.

    Args:
        label: of each superpixel [N].
        pixels: [N, parts], how many have each label.
        picture: of each superpixel [N].
        pictures: how many there are.

    >>> right, union = overlaps(torch.tensor([0, 1]), torch.tensor([[3, 1], [0, 2]]), torch.tensor([0, 0]), 1)
    >>> right.tolist(), union.tolist()
    ([[3, 2]], [[4, 3]])
    """
    said = nn.functional.one_hot(label, pixels.size(1))
    right, of_it, called = (
        pixels.new_zeros(pictures, pixels.size(1)).index_add(0, picture, rows)
        for rows in (pixels * said, pixels, pixels.sum(1, keepdim=True) * said)
    )
    return right.cpu(), (of_it + called - right).cpu()


def measures(right: Tensor, union: Tensor, parts: Iterable[str]) -> dict[str, float]:
    """Return the pixel accuracy and the IoU of each part, of :func:`overlaps`.

    All pixels are of some part and said to be of some part, so unions and intersections sum up to twice their number.
    """
    right, union = right.double().sum(0), union.double().sum(0)
    each = (right / union.clamp(min=1)).tolist()
    accuracy = float(2 * right.sum() / (right + union).sum())
    return {"pixel accuracy": accuracy, **{f"IoU {part}": one for part, one in zip(parts, each, strict=True)}}
