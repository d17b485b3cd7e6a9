"""Palindromes: the last digit is the first one, a whole path away."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import palindromes

from .config import Config
from .metrics import ACCURACY, most_frequent
from .objective import Objective
from .source import EqualGraphs
from .task import Task, TaskData

DIGITS = ("one-hot", "number")
DIGITS_AT_A_TIME = 80_000  # of held-out palindromes


def palindrome(seed: int, length: int, digits: str) -> TaskData:
    """Predict the last digit of a palindrome from the digits before it.

    Args:
        seed: draws nothing here: the held-out palindromes are the same for all.
        length: of the palindromes.
        digits: ``"one-hot"``, the last node's own features are blank; ``"number"``, a digit is one number and the last
            node is not there.
    """
    if length < 2:
        raise ValueError(_checks.problem("length", "at least 2", length, "the last digit repeats another one"))
    scalar = _checks.choice("digits", digits, DIGITS) == "number"
    held = {
        "validation": palindromes(1000, length, torch.Generator().manual_seed(1)),
        "test": palindromes(10_000, length, torch.Generator().manual_seed(2)),
    }

    def ask(drawn: Tensor) -> tuple[Tensor, Tensor]:
        if scalar:
            return drawn[:, :-1, None].float(), drawn[:, -1]
        x = torch.nn.functional.one_hot(drawn, 10).float()
        x[:, -1] = 0.0
        return x, drawn[:, -1]

    def held_out(split: str) -> Iterator[tuple[Tensor, Tensor]]:
        yield from (ask(drawn) for drawn in held[split].split(max(1, DIGITS_AT_A_TIME // length)))

    def guess() -> tuple[float, int]:
        answers = palindromes(10_000, length, torch.Generator().manual_seed(3))[:, -1]
        return most_frequent(answers, held["test"][:, -1])

    form = "a digit is one number, the last one left out" if scalar else "one-hot digits, the last one blank"
    return TaskData(
        EqualGraphs(
            Data(num_nodes=length - scalar),
            1 if scalar else 10,
            lambda generator, count: ask(palindromes(count, length, generator)),
            held_out,
        ),
        partial(Objective, metric=ACCURACY, out_channels=10, readout="last"),
        {"most frequent digit": guess},
        note=f"random palindromes of length {length}, {form}; 10 000 fresh ones as test",
    )


PALINDROME = Task(
    "last digit of a palindrome",
    palindrome,
    ACCURACY,
    ("most frequent digit",),
    Config(
        steps=300,
        learning_rate=1e-2,
        evaluate_every=50,
        batch_size=128,
        hidden_channels=64,
        num_layers=1,
        forget_bias=3.0,
        target=0.95,
    ),
    options={"length": 20, "digits": "one-hot"},
    axis="length",
)
