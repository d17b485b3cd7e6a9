"""The next character of real prose."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data

from benchmarks.tasks.metrics import NATS_PER_CHARACTER
from benchmarks.tasks.task import Batch, Budget, Problem, Task
from gnn_toolkit.datasets import DatasetUnavailableError, load_text, split_text
from gnn_toolkit.models import Vocabulary


def text(window: int) -> Problem:
    """Predict the next character of a book at every position of a random window."""
    try:
        name, book = "Grimms' Fairy Tales, licence stripped", load_text("grimm", download=False)
    except DatasetUnavailableError:
        name, book = "Python's language reference", load_text("python_reference")
    vocabulary = Vocabulary(book)
    stretches: dict[str, str] = split_text(book)._asdict()
    codes = {part: vocabulary.encode(stretch) for part, stretch in stretches.items()}

    def train(generator: torch.Generator, batch_size: int) -> Batch:
        first = torch.randint(codes["train"].numel() - window, (batch_size, 1), generator=generator)
        windows = codes["train"][first + torch.arange(window + 1)]
        return Batch(windows[:, :-1], windows[:, 1:])

    def held_out(part: str) -> Iterator[Batch]:
        # Long windows side by side: nearly every character is judged with much context, each exactly once.
        stretch, width = codes[part], 500
        rows = (stretch.numel() - 1) // width
        yield Batch(stretch[: rows * width].view(rows, width), stretch[1 : rows * width + 1].view(rows, width))

    size = len(vocabulary)
    return Problem(
        graph=Data(num_nodes=window),
        num_features=size,
        num_classes=size,
        readout="nodes",
        train=train,
        held_out=held_out,
        baselines={
            "unigram": lambda: _ngram(codes["train"], codes["test"], size, 1),
            "bigram": lambda: _ngram(codes["train"], codes["test"], size, 2),
        },
        note=f"{name}: {len(book):,} characters, {size} distinct; the last twentieth is the test, the one before it "
        f"the validation; windows of {window} characters at random places",
        vocabulary=vocabulary,
    )


def _ngram(train: Tensor, test: Tensor, size: int, order: int) -> tuple[float, int]:
    """Return the test nats per character of a unigram or bigram model with one added to every count."""
    if order == 1:
        counts = torch.bincount(train, minlength=size).double() + 1
        return float(-(counts / counts.sum()).log()[test[1:]].mean()), size
    pairs = torch.bincount(train[:-1] * size + train[1:], minlength=size * size).view(size, size).double() + 1
    return float(-(pairs / pairs.sum(1, keepdim=True)).log()[test[:-1], test[1:]].mean()), size * size


TEXT = Task(
    "next character of real prose",
    lambda seed: text(window=30),
    NATS_PER_CHARACTER,
    ("unigram", "bigram"),
    Budget(
        steps=400,
        learning_rate=4e-3,
        clip_norm=5.0,
        evaluate_every=100,
        batch_size=32,
        hidden_channels=128,
        num_layers=2,
    ),
    target=1.6,
)
