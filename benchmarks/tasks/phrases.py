"""Objectives about phrases and pairs of them: an answer a graph, judged graph by graph, also by depth and length."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.datasets.syntax import NO_TOKEN, SyntaxTree

from .config import Config
from .metrics import Metric, Scores
from .objective import Objective
from .sized_graphs import SizedGraphs
from .source import Graphs, Source

KINDS = 5  # relatedness from 1 to 5


class PhraseObjective(Objective):
    """Answers about phrases, or pairs of them.

    Args:
        source: the data, as a view left them.
        config: how the model is trained.
        metric: how an answer is judged.
        out_channels: number of logits.
        num_words: number of words, with that of no word and that of unknown ones.
        pair: what is asked about two phrases of a graph, as for :class:`gnn_toolkit.models.WordNetwork`; empty where
            each is asked about by itself.
        groups: by a name, such as the depth, the group of every graph: the test score of each group is reported.
    """

    form = "words"
    padding_idx = NO_TOKEN

    def __init__(
        self,
        source: Source,
        config: Config,
        metric: Metric,
        out_channels: int,
        *,
        num_words: int,
        pair: str = "",
        groups: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(source, config, metric, out_channels, "phrases")
        self.num_words, self.pair, self.groups = num_words, pair, groups or {}
        self._tested: tuple[Tensor, Scores] | None = None

    def read(self, recurrent: bool, both_ways: bool) -> str:
        """Return how a network is read: a recurrence at the nodes that are asked about, or where both ways end.

        A convolution is read as the mean over each phrase, or at those nodes where a phrase has several.
        """
        if recurrent:
            return "last" if both_ways else "nodes"
        assert isinstance(self.source, SizedGraphs)
        return "nodes" if self.source.asks_inside() else "mean"

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits and the right answers."""
        return model(batch), self.right(batch)

    def right(self, batch: Graphs) -> Tensor:
        """Return the right answers of a batch."""
        return batch.y if self.pair else batch.y[batch.mask]

    def evaluate(self, model: nn.Module, split: str) -> Scores:
        """Return the scores of a model on a held-out split, in the split's order whatever that of the batches."""
        parts = [(batch.which, self.right(batch), self.judge(model, batch)) for batch in self.held_out(model, split)]
        graphs, right = torch.cat([part[0] for part in parts]).cpu(), torch.cat([part[1] for part in parts]).cpu()
        scores, order = Scores.joined([part[2] for part in parts]), graphs.argsort()
        if len(scores.points) != len(graphs):
            got = f"{len(scores.points)} about {len(graphs)} graphs"
            raise ValueError(_checks.problem(f"split {split!r}", "one answer a graph", got, "ask about its root alone"))
        scores = Scores(scores.points[order], scores.answers[order], scores.root)
        scores = self.pooled(scores, right[order])
        if split == "test":
            self._tested = graphs[order], scores
        return scores

    def pooled(self, scores: Scores, right: Tensor) -> Scores:
        """Return the scores of a split's graphs where they depend on one another; here they do not."""
        return scores

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return the score of each group of the test set."""
        if self._tested is None:
            self.evaluate(model, "test")
            assert self._tested is not None
        graphs, scores = self._tested
        found = {}
        for name, group in self.groups.items():
            mine = [group[graph] for graph in graphs.tolist()]
            for one in sorted(set(mine), key=_beginning):
                here = torch.tensor([place for place, of in enumerate(mine) if of == one])
                found[f"{name} {one}"] = Scores(scores.points[here], scores.answers[here], scores.root).mean
        return found


class SimilarityObjective(PhraseObjective):
    """How related two sentences are: a distribution over 1 to 5 whose mean is the forecast (Tai et al. 2015, eq. 15).

    Training lowers the divergence (Kullback and Leibler) between it and the sparse distribution whose mean is the right
    score, :func:`sparse_target`. The test score is Pearson's r.
    """

    def loss(self, model: nn.Module, batch: Graphs) -> Tensor:
        """Return the mean divergence of a batch."""
        return nn.functional.kl_div(model(batch).log_softmax(1), sparse_target(batch.y), reduction="batchmean")

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the forecasts of a batch as points; how they relate to the truth, the whole split decides."""
        kinds = torch.arange(1.0, KINDS + 1, dtype=torch.float64, device=batch.y.device)
        forecast = (model(batch).softmax(1).double() @ kinds).detach().cpu()
        return Scores(forecast, torch.ones(len(forecast)))

    def pooled(self, scores: Scores, right: Tensor) -> Scores:
        """Return each pair's share in Pearson's r."""
        self._error = float((scores.points - right.double()).square().mean())
        return Scores(self.metric.points(scores.points, right), scores.answers)

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return the score of each group of the test set, and the mean squared error."""
        return {**super().measures(model, seed), "mean squared error": self._error}


def _beginning(group: str) -> int:
    """Return the number that a group's name begins with, by which groups are in their order."""
    return int(group.partition("-")[0])


def sparse_target(y: Tensor) -> Tensor:
    """Return for scores from 1 to 5 the distribution over 1 to 5 of that mean, on the two integers beside it.

    >>> sparse_target(torch.tensor([3.5, 5.0])).tolist()
    [[0.0, 0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    """
    return (1 - (y[:, None] - torch.arange(1.0, KINDS + 1, device=y.device)).abs()).clamp(min=0)


def by_length(trees: Sequence[SyntaxTree]) -> list[str]:
    """Return the range of lengths, each twice as wide as the one before, that the words of every tree fall into.

    >>> by_length([SyntaxTree(("a", "b", "c"), (2, 2, -1))])
    ['2-3']
    """
    found = []
    for tree in trees:
        low = 1 << (len(tree.words).bit_length() - 1)
        found.append(f"{low}-{2 * low - 1}" if low > 1 else "1")
    return found
