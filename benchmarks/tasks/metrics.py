"""Metrics: the loss that is trained on, and the scores that are reported."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit import _checks


@dataclass(frozen=True)
class Metric:
    """A score: the points of all answers, divided by their number.

    Attributes:
        name: what the score is called.
        higher_is_better: whether a higher score is better.
        bounds: what a score can be at all.
        points: from the logits [answers, classes] and the right answers [answers], the points of each answer.
        loss: from the same, the mean loss that training lowers.
        root: whether the score is the square root of the mean of the points.
        margin: differences under it are of no interest, unless a task says otherwise; ``None`` where units decide.
    """

    name: str
    higher_is_better: bool
    bounds: tuple[float, float]
    points: Callable[[Tensor, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor] = torch.nn.functional.cross_entropy
    root: bool = False
    margin: float | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Scores:
    """What a model scored on a split, unit by unit: a unit is what is drawn independently, e.g. a graph or a document.

    Attributes:
        points: of each unit, float64 [units].
        answers: how many answers each unit has [units].
        root: whether the score is the root of the mean.

    >>> Scores(torch.tensor([1.0, 2.0]), torch.tensor([2, 2])).mean
    0.75
    """

    points: Tensor
    answers: Tensor
    root: bool = False

    @property
    def mean(self) -> float:
        """The score of the split: all points over all answers, divided once."""
        mean = float(self.points.double().sum() / self.answers.sum())
        return math.sqrt(mean) if self.root else mean

    @property
    def pooling(self) -> str:
        """How the units make the score: ``"mean"`` or ``"root mean"``."""
        return "root mean" if self.root else "mean"

    @property
    def units(self) -> list[float]:
        """The share of each unit in the score, whose mean is the score, or the square of it where that is a root."""
        shares = self.points.double() * (len(self.points) / float(self.answers.sum()))
        return shares.tolist()

    @classmethod
    def joined(cls, parts: "list[Scores]") -> "Scores":
        """Return the scores of several batches as one.

        Raises:
            ValueError: there are none: the split is empty.
        """
        if not parts or not sum(len(part.points) for part in parts):
            raise ValueError(_checks.problem("split", "graphs or nodes to judge", "none", "give it some"))
        points, answers = (torch.cat([getattr(part, name) for part in parts]) for name in ("points", "answers"))
        return cls(points, answers, parts[0].root)


@dataclass(frozen=True)
class MiddleOfUnits(Scores):
    """Scores of units, whose median is the score of the split."""

    @property
    def mean(self) -> float:
        """The median over the units."""
        return float(np.median(self.points.numpy()))

    @property
    def pooling(self) -> str:
        """That the units make the score by their median."""
        return "median"

    @property
    def units(self) -> list[float]:
        """The score of each unit, whose median is the score."""
        return self.points.tolist()


def _right(logits: Tensor, y: Tensor) -> Tensor:
    return logits.argmax(-1) == y


def _nats(logits: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, y, reduction="none")


def _squares(forecast: Tensor, y: Tensor) -> Tensor:
    return (forecast - y).double().square()


def _products(forecast: Tensor, y: Tensor) -> Tensor:
    """Return what each answer adds to the correlation of all: the product of both numbers, standardised."""
    deviations = [values.double() - values.double().mean() for values in (forecast, y)]
    spread = [values.square().mean().sqrt().clamp(min=1e-12) for values in deviations]
    return deviations[0] / spread[0] * deviations[1] / spread[1]


def _shares_of_iou(right: Tensor, union: Tensor) -> Tensor:
    """Return the share of each picture in the mean IoU of all, whose mean is this score.

    With I the pixels of a part that are found, U those that are of it or are said to be, J = sum of I / sum of U over
    all P pictures: the mean over parts of ``J + P (I - J U) / sum of U``. It is the first order of how the score
    changes with the weights of the pictures (the delta method): resampled pictures move the mean of the shares as
    they move the score.

    Args:
        right: I, [pictures, parts].
        union: U, [pictures, parts].
    """
    right, union = right.double(), union.double()
    whole = union.sum(0).clamp(min=1)
    score = right.sum(0) / whole
    return (score + len(right) * (right - score * union) / whole).mean(1)


def _of_pixels(logits: Tensor, pixels: Tensor) -> Tensor:
    """Return the mean cross entropy of all pixels, given how many of each node have each label."""
    pixels = pixels.to(logits.dtype)
    return -(logits.log_softmax(1) * pixels).sum() / pixels.sum()


def most_frequent(learnt: Tensor, asked: Tensor) -> tuple[float, int]:
    """Return the accuracy of the most frequent answer of training, the lowest of several, and its parameter count.

    >>> most_frequent(torch.tensor([1, 0, 1]), torch.tensor([1, 1, 0, 1]))
    (0.75, 1)
    """
    return float((asked == learnt.mode().values).float().mean()), 1


ACCURACY = Metric("accuracy", higher_is_better=True, bounds=(0.0, 1.0), points=_right, margin=0.01)
NATS_PER_CHARACTER = Metric(
    "nats per character", higher_is_better=False, bounds=(0.0, math.inf), points=_nats, margin=0.01
)
RMSE = Metric(
    "RMSE",
    higher_is_better=False,
    bounds=(0.0, math.inf),
    points=_squares,
    loss=torch.nn.functional.mse_loss,
    root=True,
)
PEARSON = Metric(
    "Pearson's r",
    higher_is_better=True,
    bounds=(-1.0, 1.0),
    points=_products,
    loss=torch.nn.functional.mse_loss,
    margin=0.01,
)
MEAN_IOU = Metric(
    "mean IoU",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    points=_shares_of_iou,
    loss=_of_pixels,
    margin=0.01,
)
