"""Handwritten digits, every pixel a node."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import handwritten_digits

from .config import Config
from .metrics import ACCURACY
from .objective import Objective
from .regression import logistic_regression
from .source import EqualGraphs
from .task import Task, TaskData


def digits(seed: int) -> TaskData:
    """Recognise a handwritten digit; every pixel is a node that knows its ink, its row and its column."""
    images, labels = handwritten_digits()
    count, height, width = images.shape
    rows = torch.arange(height).view(height, 1).expand(height, width) / (height - 1)
    columns = torch.arange(width).expand(height, width) / (width - 1)
    place = torch.stack([rows, columns], -1).expand(count, height, width, 2)
    x = torch.cat([images[..., None], place], -1).flatten(1, 2)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    train_part, validation_part, test_part = order.split([count - 720, 360, 360])
    parts = {"train": train_part, "validation": validation_part, "test": test_part}

    def sample(generator: torch.Generator, batch_size: int) -> tuple[Tensor, Tensor]:
        chosen = parts["train"][torch.randint(parts["train"].numel(), (batch_size,), generator=generator)]
        return x[chosen], labels[chosen]

    def held_out(split: str) -> Iterator[tuple[Tensor, Tensor]]:
        yield x[parts[split]], labels[parts[split]]

    flat = {name: images.flatten(1)[part].numpy() for name, part in parts.items()}
    answers = {name: labels[part].numpy() for name, part in parts.items()}
    return TaskData(
        EqualGraphs(Data(num_nodes=height * width), 3, sample, held_out),
        partial(Objective, metric=ACCURACY, out_channels=10, readout="graph"),
        {"logistic regression": partial(logistic_regression, flat, answers)},
        note=f"scikit-learn's {count} handwritten digits of 8 x 8 pixels: 1077 train, 360 validation, 360 test",
    )


DIGITS = Task(
    "which digit was written by hand",
    digits,
    ACCURACY,
    ("logistic regression",),
    Config(
        steps=300,
        learning_rate=1e-2,
        evaluate_every=50,
        batch_size=64,
        hidden_channels=64,
        num_layers=1,
        num_convolutions=3,
        target=0.9,
    ),
)
