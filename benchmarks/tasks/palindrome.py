"""Palindromes: the last digit is the first one, a whole path away."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data

from benchmarks.tasks.metrics import ACCURACY
from benchmarks.tasks.task import Batch, Budget, Problem, Task
from gnn_toolkit.datasets import palindromes


def task(length: int) -> Task:
    """Return the task of palindromes of a length."""
    return Task(
        f"last digit of a palindrome of length {length}",
        lambda seed: palindrome(length),
        ACCURACY,
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


def palindrome(length: int) -> Problem:
    """Predict the last digit of a palindrome from the digits before it; the last node's own features are blank."""
    held = {
        "validation": palindromes(1000, length, torch.Generator().manual_seed(1)),
        "test": palindromes(10_000, length, torch.Generator().manual_seed(2)),
    }

    def ask(digits: Tensor) -> Batch:
        x = torch.nn.functional.one_hot(digits, 10).float()
        x[:, -1] = 0.0
        return Batch(x, digits[:, -1])

    def held_out(part: str) -> Iterator[Batch]:
        yield from (ask(digits) for digits in held[part].split(1000))

    def most_frequent() -> tuple[float, int]:
        answers = palindromes(10_000, length, torch.Generator().manual_seed(3))[:, -1]
        return float((held["test"][:, -1] == answers.mode().values).float().mean()), 1

    return Problem(
        graph=Data(num_nodes=length),
        num_features=10,
        num_classes=10,
        readout="last",
        train=lambda generator, batch_size: ask(palindromes(batch_size, length, generator)),
        held_out=held_out,
        baselines={"most frequent digit": most_frequent},
        note=f"random palindromes of length {length}, one-hot digits, the last one blank; 10 000 fresh ones as test",
    )
