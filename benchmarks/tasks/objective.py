"""Objectives: the loss of a batch, and the scores of a split, unit by unit."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit.training import Stateful

from .config import Config
from .metrics import Metric, Scores
from .source import Graphs, Source


class Objective:
    """Training and judging of a model on a task's data: here, of answers about graphs or nodes.

    A trial makes one of its own. What another kind of question does otherwise, its subclass says.

    Args:
        source: the data, as a view left them.
        config: how the model is trained.
        metric: how an answer is judged in validation, and in the test unless :meth:`test` says otherwise.
        out_channels: number of logits of an answer.
        readout: what an answer is about: the ``"last"`` node, the whole ``"graph"``, or all ``"nodes"``.

    Attributes:
        form: which kind of model answers; a model's builders are named by it.
        stateful: what changes from step to step beside the model, and goes into the checkpoints.
        watches: whether :meth:`watch` says anything.
    """

    form = "graph"
    stateful: Stateful | None = None
    watches = False

    def __init__(self, source: Source, config: Config, metric: Metric, out_channels: int, readout: str) -> None:
        self.source, self.config, self.metric = source, config, metric
        self.out_channels, self.readout = out_channels, readout
        self.watches = self.watches or config.rising is not None

    @property
    def example(self) -> Data:
        """One graph, as the view left it."""
        return self.source.example

    def batch(self, generator: torch.Generator) -> Graphs:
        """Return the next training batch."""
        return self.source.draw(generator, self.config.batch_size)

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return what one process of so many trains on."""
        return self.source.shard(batch, place, count)

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits and the right answers that count, [answers, out_channels] and [answers]."""
        logits, y = model(batch), batch.y
        return (logits[batch.mask], y[batch.mask]) if "mask" in batch else (logits, y)

    def loss(self, model: nn.Module, batch: Graphs) -> Tensor:
        """Return the mean loss of the answers of a batch."""
        return self.metric.loss(*self.answers(model, batch))

    def select(self, model: nn.Module) -> float:
        """Return the validation score, by which weights and configurations are chosen."""
        return self.evaluate(model, "validation").mean

    def test(self, model: nn.Module) -> Scores:
        """Return the test scores of the weights that were chosen, unit by unit; called once, after training."""
        return self.evaluate(model, "test")

    def evaluate(self, model: nn.Module, split: str) -> Scores:
        """Return the scores of a model on a held-out split, unit by unit."""
        return Scores.joined([self.judge(model, batch) for batch in self.held_out(model, split)])

    def held_out(self, model: nn.Module, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split where the model is."""
        device = next(model.parameters()).device
        for batch in self.source.held_out(split):
            yield batch.to(device)

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the scores of a batch: every answer is a unit."""
        points = self.metric.points(*self.answers(model, batch)).double().cpu()
        return Scores(points, torch.ones(len(points)), self.metric.root)

    def watch(self, model: nn.Module, step: int) -> dict[str, Any]:
        """Return what else the curve keeps of a validation: its loss where training ends by it."""
        if self.config.rising is None:
            return {}
        losses, answers = 0.0, 0
        for batch in self.held_out(model, "validation"):
            logits, y = self.answers(model, batch)
            losses += float(self.metric.loss(logits, y)) * len(y)
            answers += len(y)
        return {"validation_loss": losses / answers}

    def samples(self, model: nn.Module, seed: int) -> dict[str, str]:
        """Return what the trained model writes, by temperature."""
        return {}

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return what else is measured of the trained model, after its test."""
        return {}
