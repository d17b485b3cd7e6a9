"""How a model is trained and judged on a problem: over batches of graphs, or through a text."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.models import CharGenerator, Sampling
from gnn_toolkit.training import Corpus, ForecastErrors, Reader, Stateful, nats_per_character, samples_of

from ..measure.copying import Copying
from .metrics import Metric
from .task import Batch, Budget, Problem, counted

PROMPT, SAMPLE_LENGTH = "The ", 160
TEMPERATURES = (0.0, 0.5, 1.0, 2.0)
SAMPLE_AT = (1000, 5000, 20_000, 100_000, 200_000, 400_000, 800_000)
COPIES, COPY_LENGTH = 5, 400  # texts of each temperature that are compared with the training text


class Course:
    """Training and judging on batches of graphs.

    Args:
        model: the model, which ``fit`` may wrap.
        problem: the data.
        metric: how an answer is judged.
        budget: how the model is trained.

    Attributes:
        stateful: what goes into the checkpoints beside the model.
    """

    stateful: Stateful | None = None

    def __init__(self, model: nn.Module, problem: Problem, metric: Metric, budget: Budget) -> None:
        self.model, self.problem, self.metric, self.budget = model, problem, metric, budget

    def batch(self, generator: torch.Generator) -> Batch:
        """Return the next training batch."""
        return self.problem.train(generator, self.budget.batch_size)

    def logits(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the logits of every graph or node of a batch, [answers, classes]."""
        return network(batch)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of the answers that count."""
        return self.metric.loss(*counted(self.logits(network, batch), batch))

    def score(self, network: nn.Module, part: str) -> float:
        """Return the score of a network on held-out data: a sum over all answers, divided once."""
        device = next(network.parameters()).device
        total, answers = 0.0, 0
        for batch in self.problem.held_out(part):
            batch = batch.to(device)
            logits, y = counted(self.logits(network, batch), batch)
            total, answers = total + float(self.metric.points(logits, y)), answers + y.numel()
        mean = total / answers
        return math.sqrt(mean) if self.metric.root else mean

    def watch(self, network: nn.Module, step: int) -> dict[str, Any]:
        """Return what else the curve keeps of a validation."""
        return {}

    def samples(self, seed: int) -> dict[str, str]:
        """Return what the trained model writes, by temperature."""
        return {}

    def measures(self, seed: int) -> dict[str, float]:
        """Return what else is measured of the trained model."""
        return {}


class ForecastCourse(Course):
    """Training and judging of forecasts: the loss is of values without units."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, over the variance of what is forecast."""
        assert self.problem.horizon is not None
        return super().loss(network, batch) / self.problem.horizon.scale[1] ** 2

    def measures(self, seed: int) -> dict[str, float]:
        """Return the errors on the test set, over all steps of the horizon and of each, by sums over the whole set."""
        assert self.problem.horizon is not None
        errors, device = ForecastErrors(self.problem.horizon.steps), next(self.model.parameters()).device
        self.model.eval()
        with torch.no_grad():
            for batch in self.problem.held_out("test"):
                errors.add(self.model(batch.to(device)).view(batch.y.shape), batch.y.to(device))
        found = {"MAE": errors.mae, "RMSE": errors.rmse, "WMAPE": errors.wmape, "accuracy": errors.accuracy}
        for step, scores in enumerate(errors.per_step(), 1):
            found |= {f"MAE, step {step}": scores["mae"], f"RMSE, step {step}": scores["rmse"]}
        return found


class TextCourse(Course):
    """Training and judging of a generator on a text: the state is carried where the budget says so."""

    def __init__(
        self, model: CharGenerator, problem: Problem, metric: Metric, budget: Budget, corpus: Corpus, window: int
    ) -> None:
        super().__init__(model, problem, metric, budget)
        if budget.carry and budget.devices > 1:
            remedy = "leave out --devices: the rows of a batch cannot be shared out then"
            raise ValueError(_checks.problem("devices", "1 where the state is carried", budget.devices, remedy))
        self.generator, self.corpus = model, corpus
        self.stateful = self.reader = Reader(corpus.train, window, budget.batch_size, carry=budget.carry)

    def batch(self, generator: torch.Generator) -> Batch:
        """Return the next windows."""
        return Batch(*self.reader.batch(generator))

    def logits(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the logits of every character of a batch, from a state of zeros."""
        return network(batch.x)[0].flatten(0, 1)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.reader.loss(network, (batch.x, batch.y))

    def watch(self, network: nn.Module, step: int) -> dict[str, Any]:
        """Return the accuracy in training since the validation before and, at some steps, short texts."""
        seen: dict[str, Any] = {"accuracy": self.reader.accuracy()}
        if step in SAMPLE_AT:
            seen["samples"] = samples_of(self.generator, self.budget.seed)
        return seen

    def samples(self, seed: int) -> dict[str, str]:
        """Return text written after one prompt, at each temperature."""
        write = self.generator.generate
        return {f"{t:g}": PROMPT + write(PROMPT, SAMPLE_LENGTH, t, seed=seed, unknown="skip") for t in TEMPERATURES}

    def measures(self, seed: int) -> dict[str, float]:
        """Return nats per character on validation and test together, and how much is copied from the training text.

        For scale, so much of the test text stands in the training text, too.
        """
        corpus, decode = self.corpus, self.corpus.vocabulary.decode
        copying = Copying(decode(torch.from_numpy(corpus.train.astype("int64"))))
        end = torch.from_numpy(corpus.test[: COPIES * COPY_LENGTH].astype("int64"))
        real = [decode(text) for text in end.split(COPY_LENGTH)]
        held_out = np.concatenate([corpus.validation, corpus.test])
        found = {"held-out nats": nats_per_character(self.model, held_out)}
        found |= copying.of(real, "the book's end")
        for temperature in TEMPERATURES:
            state = self.generator.begin([text[0] for text in real], seed=seed)
            texts, _ = self.generator.extend(state, COPY_LENGTH, Sampling(temperature))
            found |= copying.of(texts, f"temperature {temperature:g}")
        return found


def course_of(model: nn.Module, problem: Problem, metric: Metric, budget: Budget) -> Course:
    """Return the course of a model on a problem."""
    if problem.horizon is not None:
        return ForecastCourse(model, problem, metric, budget)
    if problem.corpus is None:
        return Course(model, problem, metric, budget)
    assert isinstance(model, CharGenerator)
    window = budget.window or problem.graph.num_nodes
    assert window is not None
    return TextCourse(model, problem, metric, budget, problem.corpus, window)
