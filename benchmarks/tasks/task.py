"""What a task is: the question, its data, and the budget that every model gets for it.

A problem offers training batches and held-out batches of equal graphs: ``x`` holds the nodes' features [B * n, F] and a
view chooses the edges between the n nodes of each graph.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.training import Corpus, Settings

from .metrics import Metric


@dataclass(frozen=True)
class Batch:
    """Some graphs of equal size and the right answers.

    Attributes:
        x: features of the nodes [B, n, F], or codes of characters [B, n]; [1, n, 0] where the problem's graph holds the
            features.
        y: the right classes, [B] for each graph or [B, n] for each node.
        counted: which nodes count [n], where not all do.
    """

    x: Tensor
    y: Tensor
    counted: Tensor | None = None

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on a device."""
        return Batch(self.x.to(device), self.y.to(device), None if self.counted is None else self.counted.to(device))

    def part(self, place: int, count: int) -> "Batch":
        """Return one of so many equal parts of the batch.

        Raises:
            ValueError: the batch cannot be cut into so many.
        """
        if self.x.size(0) % count:
            remedy = "a task with one graph trains on one device; else change batch_size"
            allowed = f"a multiple of the {count} devices"
            raise ValueError(_checks.problem("batch_size", allowed, self.x.size(0), remedy))
        return Batch(self.x[place::count], self.y[place::count], self.counted)


def counted(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the logits and right answers that count, [answers, classes] and [answers]."""
    y = batch.y.flatten()
    if batch.counted is None:
        return logits, y
    mask = batch.counted.repeat(batch.x.size(0))
    return logits[mask], y[mask]


@dataclass(frozen=True)
class Horizon:
    """What a forecast is of.

    A batch's ``x`` is then [B, history + steps, N, 2 + C], a window and what is to be forecast: the value, 0 from where
    it is to be forecast, whether it was measured, and C covariates that are known in advance; ``y`` is
    [B, steps, N, 1].

    Attributes:
        history: number of steps that are known.
        steps: number of steps to forecast.
        num_covariates: C.
        scale: mean and standard deviation of what is forecast.
        base: mean and standard deviation of covariate 0, where that without its units is an own forecast, from which
            only the difference is learnt.
    """

    history: int
    steps: int
    num_covariates: int
    scale: tuple[float, float]
    base: tuple[float, float] | None = None


@dataclass(frozen=True)
class Problem:
    """One task's data, the same for every model.

    Attributes:
        graph: the nodes of one graph, with the edges that the data has by itself, if any, and with the features where
            every batch has the same.
        num_features: width of ``x``.
        num_classes: number of classes.
        readout: what the answer is about: the ``"last"`` node, the whole ``"graph"``, or all ``"nodes"``.
        train: draws a training batch of so many graphs.
        held_out: yields the batches of ``"validation"`` or ``"test"``.
        baselines: by name, a function that returns (test score, number of numbers learnt).
        note: what a reader of the results must know, e.g. which text it is.
        corpus: the text, where the problem is one.
        horizon: what is forecast, where the problem is a series.
    """

    graph: Data
    num_features: int
    num_classes: int
    readout: str
    train: Callable[[torch.Generator, int], Batch]
    held_out: Callable[[str], Iterator[Batch]]
    baselines: dict[str, Callable[[], tuple[float, int]]]
    note: str
    corpus: Corpus | None = None
    horizon: Horizon | None = None


@dataclass(frozen=True, kw_only=True)
class Budget(Settings):
    """How every model of a task is trained, and how large it is.

    Attributes:
        hidden_channels: width of every model.
        num_layers: number of layers of every recurrence and of the text models.
        batch_size: graphs, or windows of text, in a training batch.
        num_convolutions: number of layers of a convolution, which sees as many hops far.
        dropout: of every model.
        forget_bias: added at the start to the gate by which a GRU or LSTM keeps the past.
        chrono: the steps over which a GRU or LSTM is to remember, by which its biases are drawn; 0: they are not.
        orthogonal: whether a recurrence's weights of its own states are drawn orthogonal.
        input_dropout: of the features.
        embedding: whether a recurrence reads what a linear layer with relu makes of the features.
        head: whether a linear layer makes the logits of a convolution or MLP; if not, its last layer does.
        parameters: the width of a generator of text is chosen to come nearest to so many, whatever ``hidden_channels``.
        window: characters of a text that the gradient runs through; ``None`` as the task says.
        carry: whether the windows of a text follow one another with the state handed on, not at random places.
    """

    hidden_channels: int
    num_layers: int
    batch_size: int = 1
    num_convolutions: int = 2
    dropout: float = 0.0
    forget_bias: float = 0.0
    chrono: float = 0.0
    orthogonal: bool = False
    input_dropout: float = 0.0
    embedding: bool = False
    head: bool = True
    parameters: int | None = None
    window: int | None = None
    carry: bool = False


@dataclass(frozen=True)
class Task:
    """One question and the budget that every model gets for it, unless a suite says otherwise.

    Attributes:
        title: what is asked, in a line.
        problem: makes the data, for a seed.
        metric: how an answer is judged.
        baselines: names of the structure-free baselines, as the problem has them.
        budget: how every model is trained, and how large it is.
        split_by_seed: whether the seed draws the splits; if not, all seeds share them.
        target: a validation score worth reaching; the time to it is a cost.
        length: how long the sequences are, where a family of tasks differs in nothing else.
        family: what such tasks are called together.
    """

    title: str
    problem: Callable[[int], Problem]
    metric: Metric
    baselines: tuple[str, ...]
    budget: Budget
    split_by_seed: bool = False
    target: float | None = None
    length: int | None = None
    family: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is better."""
        return self.metric.higher_is_better
