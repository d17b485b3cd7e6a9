"""Models: for each form of question a builder, with the edges it can use and the settings it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..tasks.config import Config

# What a view makes of a graph's edges, from special to general; "fields": ordered receptive fields beside them;
# "order": any edges, and an order to visit the nodes in; "patches": none, but a grid over the picture; "graph + path":
# both at once.
EDGES = ("none", "path", "dag", "graph", "fields", "order", "patches", "graph + path")


@dataclass(frozen=True)
class Builder:
    """How a model answers one form of question.

    Attributes:
        build: makes it, untrained, from the configuration and the task's objective; it takes a PyG batch and returns
            the logits of all answers.
        edges: which edges it can use (:data:`EDGES`).
        settings: which settings it reads that others may not.
    """

    build: Callable[[Config, Any], nn.Module]
    edges: tuple[str, ...]
    settings: tuple[str, ...] = ("hidden_channels",)


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        text: what it is, in a line.
        builders: by the form of question (:attr:`Objective.form`), how it answers.
    """

    text: str
    builders: dict[str, Builder]
