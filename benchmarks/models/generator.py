"""Generators of text, as models of batches."""

from functools import partial
from typing import Any

from torch import Tensor, nn

from gnn_toolkit.layers.initial import init_long_memory_
from gnn_toolkit.models import CharGenerator
from gnn_toolkit.models.char_generator import LINEAR

from ..tasks.config import Config
from ..tasks.source import Graphs
from ..tasks.text import NextCharacter
from .model import Builder
from .width import width_for

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
        width = width_for(
            config.parameters,
            lambda width: CharGenerator(vocabulary, cell, hidden_channels=width, num_layers=config.num_layers),
        )
    generator = CharGenerator(
        vocabulary, cell, hidden_channels=width, num_layers=config.num_layers, dropout=config.dropout
    )
    memory: dict[str, Any] = {"chrono": config.chrono, "gate_gain": config.gate_gain}
    if cell not in LINEAR:
        memory |= {"forget_bias": config.forget_bias, "orthogonal": config.orthogonal}
    init_long_memory_(generator.recurrence, **memory)
    return TextModel(generator)


def generator(cell: str) -> Builder:
    """Return the builder of a generator, which reads a text as a path."""
    settings = (*SETTINGS, *(("chrono",) if cell != "rnn" else ()), *(("gate_gain",) if cell not in BLIND else ()))
    settings += () if cell in LINEAR else ("orthogonal",)
    settings += ("forget_bias",) if cell in ("gru", "lstm") else ()
    return Builder(partial(text_model, cell), ("path",), settings)
