"""How answers are judged: what is trained on, and what is reported."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


def _right(logits: Tensor, y: Tensor) -> Tensor:
    return (logits.argmax(-1) == y).sum()


def _nats(logits: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, y, reduction="sum")


@dataclass(frozen=True)
class Metric:
    """A score: the points of all answers, divided by their number.

    Attributes:
        name: what the score is called.
        higher_is_better: whether a higher score is better.
        bounds: what a score can be at all.
        points: from the logits [answers, classes] and the right answers [answers], the sum of their points.
        loss: from the same, the mean loss that training lowers.
        root: whether the score is the square root of the mean of the points.
    """

    name: str
    higher_is_better: bool
    bounds: tuple[float, float]
    points: Callable[[Tensor, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor] = torch.nn.functional.cross_entropy
    root: bool = False

    def __str__(self) -> str:
        return self.name


def _squares(forecast: Tensor, y: Tensor) -> Tensor:
    return (forecast - y).double().square().sum()


ACCURACY = Metric("accuracy", higher_is_better=True, bounds=(0.0, 1.0), points=_right)
NATS_PER_CHARACTER = Metric("nats per character", higher_is_better=False, bounds=(0.0, math.inf), points=_nats)
RMSE = Metric(
    "RMSE",
    higher_is_better=False,
    bounds=(0.0, math.inf),
    points=_squares,
    loss=torch.nn.functional.mse_loss,
    root=True,
)
