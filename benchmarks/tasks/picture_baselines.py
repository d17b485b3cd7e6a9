"""Baselines of superpixels, without edges or layers: the most frequent part, the place, two classical learners."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from gnn_toolkit.datasets.penn_fudan import PARTS
from gnn_toolkit.training.softmax_regression import fit_softmax

from .superpixels import measures, overlaps
from .task import Baseline

CELLS = (20, 10)  # rows and columns in which the labels of a place are counted
ROUNDS, LEAVES, RATE = 30, 15, 0.2  # of gradient boosting: trees a part, leaves a tree, learning rate
PART = 3  # one superpixel of so many is learnt from by gradient boosting, which is slow on many features

Joined = Mapping[str, Tensor]  # of superpixels: x [N, F], pixels [N, parts], pos [N, 2], picture [N]


def judged(label: Tensor, asked: Joined, parameters: int) -> Baseline:
    """Return the mean IoU of some labels of superpixels, and what else is measured of them."""
    right, union = overlaps(label, asked["pixels"], asked["picture"], int(asked["picture"].max()) + 1)
    found = measures(right, union, PARTS)
    mean = sum(found[f"IoU {part}"] for part in PARTS) / len(PARTS)
    return Baseline(mean, parameters, found)


def background(learnt: Joined, asked: Joined) -> Baseline:
    """Say that everything is background."""
    return judged(torch.zeros(len(asked["x"]), dtype=torch.long), asked, 0)


def place(learnt: Joined, asked: Joined) -> Baseline:
    """Say what most pixels show of those superpixels whose centre lies in the same cell of a grid over the picture."""
    counts = torch.zeros(CELLS[0] * CELLS[1], len(PARTS)).index_add(0, _cell(learnt["pos"]), learnt["pixels"].float())
    return judged(counts.argmax(1)[_cell(asked["pos"])], asked, counts.numel())


def _cell(pos: Tensor) -> Tensor:
    row, column = (pos * torch.tensor(CELLS)).long().unbind(1)
    return row * CELLS[1] + column


def regression(learnt: Joined, asked: Joined) -> Baseline:
    """Judge by a logistic regression on the features."""
    layer = fit_softmax(learnt["x"], learnt["pixels"], steps=1500)
    return judged(layer(asked["x"]).argmax(1), asked, sum(p.numel() for p in layer.parameters()))


def boosting(learnt: Joined, asked: Joined) -> Baseline:
    """Judge by gradient boosting on a third of the superpixels, each with its most frequent label and its area."""
    count = len(learnt["x"])
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(0))[: -(-count // PART)]
    x, pixels = learnt["x"][chosen], learnt["pixels"][chosen]
    stopping: Any = False  # the stub says it is a text
    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS, max_leaf_nodes=LEAVES, learning_rate=RATE, early_stopping=stopping, random_state=0
    ).fit(x.numpy(), pixels.argmax(1).numpy(), sample_weight=pixels.sum(1).numpy())
    label = torch.from_numpy(model.predict(asked["x"].numpy()))
    return judged(label, asked, ROUNDS * len(model.classes_) * (2 * LEAVES - 1))


BASELINES: dict[str, Callable[[Joined, Joined], Baseline]] = {
    "always background": background,
    "position prior": place,
    "logistic regression": regression,
    "gradient boosting": boosting,
}
