"""Palindromes: the last digit is the first one, a whole path away."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import palindromes

from .metrics import ACCURACY
from .task import Batch, Budget, Problem, Task

HOPS = (2, 3, 4, 5, 6)  # lengths whose first digit is one to five hops away
# Learning rates that each optimiser is given: as many for each.
RATES = {
    "sgd": (0.1, 0.3, 1.0, 3.0, 10.0),
    "momentum": (0.03, 0.1, 0.3, 1.0, 3.0),
    "nesterov": (0.03, 0.1, 0.3, 1.0, 3.0),
    "rmsprop": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "adam": (1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
}


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
            forget_bias=3.0,
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


def memory_task(length: int, variant: str = "", *, scalar: bool = False, **changes: Any) -> Task:
    """Return the task of palindromes of a length with settings made for long memory; it ends when it is solved.

    Digits are one-hot, a GRU or LSTM forgets over spans up to the length (Tallec and Ollivier 2018), the weights of
    the states are orthogonal, Adam at 3e-3, the gradient's norm clipped at 1.

    Args:
        length: of the palindromes.
        variant: what is different, in words.
        scalar: whether a digit is one number instead of ten.
        changes: of the budget.
    """
    budget: dict[str, Any] = {
        "steps": 3000,
        "learning_rate": 3e-3,
        "clip_norm": 1.0,
        "evaluate_every": 50,
        "stop_at": 0.999,
        "batch_size": 64,
        "hidden_channels": 64,
        "num_layers": 1,
        "chrono": float(length),
        "orthogonal": True,
    }
    return Task(
        f"last digit of a palindrome of length {length}, made to remember{variant and ', '}{variant}",
        lambda seed: palindrome(length, scalar=scalar),
        ACCURACY,
        ("most frequent digit",),
        Budget(**(budget | changes)),
        target=0.995,
        length=None if variant else length,
        family="" if variant else "palindromes, made to remember",
    )


def memory_tasks() -> dict[str, Task]:
    """Return the tasks that :func:`memory_task` makes: by length, one setting less at a time, and by optimiser."""
    span = {length: memory_task(length) for length in (10, 20, 40, 80, 160, 320)}
    without: dict[str, Task] = {}
    for length in (40, 80):
        one: dict[str, Any] = {"forget_bias": math.log(length - 1), "chrono": 0.0}
        without |= {
            f"{length}-scalar": memory_task(length, "digits as numbers", scalar=True),
            f"{length}-one-bias": memory_task(length, f"one bias log({length - 1}) for all gates that keep", **one),
            f"{length}-no-bias": memory_task(length, "no bias to remember", chrono=0.0),
            f"{length}-uniform": memory_task(length, "weights of the states uniform", orthogonal=False),
            f"{length}-rmsprop": memory_task(length, "RMSProp", optimizer="rmsprop"),
            f"{length}-clip-10": memory_task(length, "norm clipped at 10", clip_norm=10.0),
            f"{length}-no-clip": memory_task(length, "not clipped", clip_norm=None),
        }
    tuned = {
        f"{name}-{rate:g}": memory_task(10, f"{name} at {rate:g}", optimizer=name, learning_rate=rate)
        for name, rates in RATES.items()
        for rate in rates
    }
    return {
        **{f"memory-{length}": task for length, task in span.items()},
        **{f"memory-{name}": task for name, task in without.items()},
        **{f"memory-10-{name}": task for name, task in tuned.items()},
        **{f"memory-{length}": memory_task(length, chrono=0.0) for length in HOPS},
    }


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
