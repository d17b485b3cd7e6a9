"""Palindromes: the last digit is the first one, a whole path away."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data

from benchmarks.tasks.metrics import ACCURACY
from benchmarks.tasks.task import Batch, Budget, Problem, Task
from gnn_toolkit.datasets import palindromes


def task(length: int) -> Task:
    """Return the task of palindromes of a length, each digit one-hot."""
    return Task(
        f"last digit of a palindrome of length {length}",
        lambda seed: palindrome(length),
        ACCURACY,
        ("most frequent digit",),
        Budget(
            steps=300,
            learning_rate=1e-2,
            evaluate_every=50,
            batch_size=128,
            hidden_channels=64,
            num_layers=1,
            memory_bias=3.0,
        ),
        target=0.95,
        length=length,
        family="palindromes",
    )


def scalar_task(length: int) -> Task:
    """Return the task of palindromes of a length, each digit one number, with a course's settings."""
    return Task(
        f"last digit of a palindrome of length {length}, digits as numbers",
        lambda seed: palindrome(length, scalar=True),
        ACCURACY,
        ("most frequent digit",),
        Budget(
            steps=10_000,
            learning_rate=1e-3,
            optimizer="rmsprop",
            clip_norm=10.0,
            evaluate_every=200,
            batch_size=128,
            hidden_channels=128,
            num_layers=1,
        ),
        target=0.95,
        length=length,
        family="palindromes, digits as numbers",
    )


def palindrome(length: int, *, scalar: bool = False) -> Problem:
    """Predict the last digit of a palindrome from the digits before it.

    One-hot, the last node's own features are blank; ``scalar``, a digit is one number and the last node is not there.
    """
    held = {
        "validation": palindromes(1000, length, torch.Generator().manual_seed(1)),
        "test": palindromes(10_000, length, torch.Generator().manual_seed(2)),
    }

    def ask(digits: Tensor) -> Batch:
        if scalar:
            return Batch(digits[:, :-1, None].float(), digits[:, -1])
        x = torch.nn.functional.one_hot(digits, 10).float()
        x[:, -1] = 0.0
        return Batch(x, digits[:, -1])

    def held_out(part: str) -> Iterator[Batch]:
        yield from (ask(digits) for digits in held[part].split(1000))

    def most_frequent() -> tuple[float, int]:
        answers = palindromes(10_000, length, torch.Generator().manual_seed(3))[:, -1]
        return float((held["test"][:, -1] == answers.mode().values).float().mean()), 1

    form = "a digit is one number, the last one left out" if scalar else "one-hot digits, the last one blank"
    return Problem(
        graph=Data(num_nodes=length - scalar),
        num_features=1 if scalar else 10,
        num_classes=10,
        readout="last",
        train=lambda generator, batch_size: ask(palindromes(batch_size, length, generator)),
        held_out=held_out,
        baselines={"most frequent digit": most_frequent},
        note=f"random palindromes of length {length}, {form}; 10 000 fresh ones as test",
    )
