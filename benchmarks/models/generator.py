"""Generators of text, as models of batches."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit.layers.initial import init_long_memory_
from gnn_toolkit.models import CharGenerator, Vocabulary
from gnn_toolkit.models.char_generator import LINEAR

from ..tasks.config import Config
from ..tasks.source import Graphs
from ..tasks.text import NextCharacter
from .model import Builder

SETTINGS = ("hidden_channels", "num_layers", "dropout", "parameters")
BLIND = ("rnn", "lru")  # without gates that see the input


class TextModel(nn.Module):
    """A generator over the windows of a batch."""

    def __init__(self, generator: CharGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, batch: Graphs, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits of every character [N, characters], and the state after the windows."""
        logits, state = self.generator(batch.x.view(batch.num_graphs, -1), state)
        return logits.flatten(0, 1), state


def text_model(cell: str, config: Config, objective: NextCharacter) -> TextModel:
    """Return a generator, untrained, as wide as the configuration says or its number of parameters allows."""
    vocabulary, width = objective.corpus.vocabulary, config.hidden_channels
    if config.parameters is not None:
        width = width_for(config.parameters, cell, vocabulary, config.num_layers)
    generator = CharGenerator(
        vocabulary, cell, hidden_channels=width, num_layers=config.num_layers, dropout=config.dropout
    )
    memory: dict[str, Any] = {"chrono": config.chrono, "gate_gain": config.gate_gain}
    if cell not in LINEAR:
        memory |= {"forget_bias": config.forget_bias, "orthogonal": config.orthogonal}
    init_long_memory_(generator.recurrence, **memory)
    return TextModel(generator)


def width_for(parameters: int, cell: str, vocabulary: Vocabulary, num_layers: int) -> int:
    """Return the width of a state with which a generator's parameters come nearest to a number.

    >>> width_for(100_000, "lstm", Vocabulary("abc"), 2)
    80
    """

    def off(width: int) -> int:
        with torch.device("meta"):
            model = CharGenerator(vocabulary, cell, hidden_channels=width, num_layers=num_layers)
        return sum(p.numel() for p in model.parameters()) - parameters

    low, high = 1, 2
    while off(high) < 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if off(middle) < 0 else (low, middle)
    return min(low, high, key=lambda width: abs(off(width)))


def generator(cell: str) -> Builder:
    """Return the builder of a generator, which reads a text as a path."""
    settings = (*SETTINGS, *(("chrono",) if cell != "rnn" else ()), *(("gate_gain",) if cell not in BLIND else ()))
    settings += () if cell in LINEAR else ("orthogonal",)
    settings += ("forget_bias",) if cell in ("gru", "lstm") else ()
    return Builder(partial(text_model, cell), ("path",), settings)
