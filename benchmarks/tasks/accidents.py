"""Chicago's accidents of the next hour: cells are ranked, and as many of the first ones count as had one."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit.datasets import TrafficSeries, load_chicago_accidents

from .config import Config
from .metrics import Metric, Scores
from .objective import Objective
from .source import EqualGraphs, Graphs, Source
from .task import Task, TaskData
from .traffic import Horizon

DAY, WEEK = 24, 168  # hours
LAGS = (*(WEEK * weeks for weeks in (4, 3, 2, 1)), 3, 2, 1)  # hours back: as in Wang et al. (2021)
NAIVE = ("random order, expected", "mean of the cell", "mean of the cell and hour", "mean of the cell so far")


def found(scores: Tensor, risk: Tensor) -> tuple[Tensor, Tensor]:
    """Return recall and average precision of the top K cells of each hour [B], K the number of cells with an accident.

    With ``h_i`` = 1 where the cell of rank i had an accident, recall is ``sum of h_i over i <= K / K`` and average
    precision ``sum over i <= K of h_i (h_1 + ... + h_i) / i / K``. Both are 0 where no cell had one; cells of one score
    keep their order.

    Args:
        scores: [B, cells], the higher the likelier.
        risk: [B, cells].
    """
    hit = (risk > 0).gather(1, scores.argsort(dim=1, descending=True, stable=True)).double()
    rank = torch.arange(1, hit.size(1) + 1, device=hit.device)
    count = hit.sum(1, keepdim=True)
    hit = hit * (rank <= count)
    precision = hit.cumsum(1) / rank
    return hit.sum(1) / count[:, 0].clamp(min=1), (hit * precision).sum(1) / count[:, 0].clamp(min=1)


def surprise(logits: Tensor, risk: Tensor) -> Tensor:
    """Return the mean over accidents of ``-log softmax`` over the cells of their hour: how unlikely their cells were.

    Only the order within an hour counts, as in the score; how many accidents an hour has is not asked, so that rare
    ones need no weights.
    """
    there = (risk > 0).to(logits.dtype)
    return -(there * logits.log_softmax(1)).sum() / there.sum().clamp(min=1)


RECALL = Metric(
    "recall of the top cells",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    points=lambda scores, risk: found(scores, risk)[0],
    loss=surprise,
)


class Hours:
    """The hours of training, validation and test, each with three hours before and the same hour of four weeks.

    Args:
        series: whose first feature is the risk, then inflow, outflow, temperature, holiday and weather.
        shares: of all hours, trained on and validated.
    """

    def __init__(self, series: TrafficSeries, shares: tuple[float, float] = (0.6, 0.2)) -> None:
        self.series, self.risk, hours = series, series.values[..., 0], len(series)
        first, last = int(shares[0] * hours), int(sum(shares) * hours)
        self.seen = slice(0, first)
        self.parts = {
            name: torch.arange(max(start, LAGS[0]), end)
            for name, (start, end) in {"train": (0, first), "validation": (first, last), "test": (last, hours)}.items()
        }
        mean = (self.risk[self.seen].sum(0) + 0.5) / first  # half an accident more, so that none has no logarithm
        self.usual = mean.log()
        self.value = self.risk.log1p()
        self.known, past = _standard(self._clock(), self.seen), _standard(self._measured(), self.seen)
        self.past = past
        base = (float(self.usual.mean()), float(self.usual.std()))
        excess = (self.value - self.usual)[self.seen]
        width = 1 + self.known.size(2) + past.size(2)
        self.horizon = Horizon(len(LAGS), 1, width, (float(excess.mean()), float(excess.std())), base)

    def _clock(self) -> Tensor:
        """Return what is known of an hour in advance [hours, 1, 5]: hour and day of the week as angles, holiday."""
        hour = torch.arange(len(self.risk)) + self.series.first_slot
        angles = [2 * torch.pi * hour / length for length in (DAY, WEEK)]
        parts = [*(turned for angle in angles for turned in (angle.sin(), angle.cos())), self.series.values[:, 0, 4]]
        return torch.stack(parts, 1)[:, None]

    def _measured(self) -> Tensor:
        """Return what is measured in an hour [hours, cells, 8]: flows, as logarithms, temperature and weather."""
        values = self.series.values
        return torch.cat([values[..., 1:3].log1p(), values[..., 3:4], values[..., 5:]], 2)

    def window(self, hours: Tensor) -> tuple[Tensor, Tensor]:
        """Return features [B, cells, 8, 2 + C] and the risk [B * cells, 1] of some hours.

        Steps are those of ``LAGS`` and the hour itself, of which the cell's usual risk and the clock alone are known.
        Channels are the logarithm of 1 + risk, whether it is known, the usual risk, the clock, and what was measured.
        """
        steps = hours[:, None] - torch.tensor([*LAGS, 0])
        there = torch.ones(len(LAGS) + 1, 1, 1)
        there[-1] = 0
        value = self.value[steps].unsqueeze(3) * there
        mean, deviation = self.horizon.base or (0.0, 1.0)
        usual = ((self.usual - mean) / deviation)[:, None].expand_as(value)
        clock = self.known[steps].expand(-1, -1, value.size(2), -1)
        x = torch.cat([value, there.expand_as(value), usual, clock, self.past[steps] * there], 3)
        return x.transpose(1, 2), self.risk[hours].reshape(-1, 1)

    def train(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, Tensor]:
        """Draw training hours."""
        hours = self.parts["train"]
        return self.window(hours[torch.randint(len(hours), (batch_size,), generator=generator)])

    def held_out(self, part: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the hours of a part, day by day."""
        hours = self.parts[part]
        for day in (hours // DAY).unique():
            yield self.window(hours[hours // DAY == day])

    def judged(self, scores: Callable[[Tensor], Tensor]) -> tuple[Scores, float]:
        """Return recall, day by day, and MAP of scores [B, cells], given hours [B], on the test part."""
        hours = self.parts["test"]
        some = hours[(self.risk[hours] > 0).any(1)]
        recall, precision = found(scores(some), self.risk[some])
        _, day = (some // DAY).unique(return_inverse=True)
        points = torch.zeros(int(day.max()) + 1, dtype=torch.double).index_add_(0, day, recall)
        return Scores(points, day.bincount()), float(precision.mean())

    def naive(self) -> dict[str, tuple[Callable[[Tensor], Tensor], int]]:
        """Return by name what scores the cells of hours without a network, and how many numbers it has learnt."""
        seen, cells = self.risk[self.seen], self.risk.size(1)
        slot = torch.arange(len(self.risk)) % DAY
        by_hour = torch.stack([seen[slot[self.seen] == hour].mean(0) for hour in range(DAY)])
        so_far = self.risk.double().cumsum(0)
        return {
            "mean of the cell": (lambda hours: seen.mean(0).expand(len(hours), -1), cells),
            "mean of the cell and hour": (lambda hours: by_hour[slot[hours]], by_hour.numel()),
            "mean of the cell so far": (lambda hours: so_far[hours - 1], cells),
        }

    def baselines(self) -> dict[str, Callable[[], tuple[float, int]]]:
        """Return the recall of what needs no network, by name."""
        made = {
            name: (lambda scores=scores, size=size: (self.judged(scores)[0].mean, size))
            for name, (scores, size) in self.naive().items()
        }
        return {"random order, expected": self._random, **made}

    def _random(self) -> tuple[float, int]:
        """Return the mean share of the cells with an accident: what a random order finds of them."""
        there = (self.risk[self.parts["test"]] > 0).double().mean(1)
        return float(there[there > 0].mean()), 0


class Ranking(Objective):
    """The accidents found in the first cells; a day is a unit.

    Args:
        source: hours.
        config: how the model is trained.
        horizon: what is forecast.
    """

    form = "series"

    def __init__(self, source: Source, config: Config, horizon: Horizon) -> None:
        super().__init__(source, config, RECALL, 1, "nodes")
        self.horizon = horizon

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the scores and the risk of the cells, [hours, cells] each."""
        return model(batch).view(batch.num_graphs, -1), batch.y.view(batch.num_graphs, -1)

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the score of a day: hours without an accident do not count."""
        scores, risk = self.answers(model, batch)
        points = self.metric.points(scores, risk).sum().view(1).cpu()
        return Scores(points, (risk > 0).any(1).sum().view(1).double().cpu())

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return recall and MAP on the test part."""
        model.eval()
        with torch.no_grad():
            days = [self.answers(model, batch) for batch in self.held_out(model, "test")]
        scores, risk = (torch.cat(part) for part in zip(*days, strict=True))
        some = (risk > 0).any(1)
        recall, precision = found(scores[some], risk[some])
        return {"recall": float(recall.mean()), "MAP": float(precision.mean())}


def accidents(seed: int, graph: str) -> TaskData:
    """Rank the cells of Chicago by the risk of accidents in the next hour, 60 / 20 / 20 % of the hours in time."""
    series = load_chicago_accidents(graph)
    hours = Hours(series)
    data = Data(edge_index=series.edge_index, edge_weight=series.edge_weight, num_nodes=len(series.names))
    return TaskData(
        EqualGraphs(data, 2 + hours.horizon.num_covariates, hours.train, hours.held_out),
        partial(Ranking, horizon=hours.horizon),
        hours.baselines(),
        f"{len(series.names)} cells, {len(series):,} hours; known are 3 hours before and the same hour of 4 weeks; "
        f"edges between cells of like {graph}",
    )


CHICAGO = Task(
    "the cells of Chicago with an accident in the next hour",
    accidents,
    RECALL,
    NAIVE,
    Config(
        steps=200, learning_rate=1e-3, weight_decay=1e-2, evaluate_every=50, hidden_channels=16, num_layers=1,
        batch_size=16,
    ),
    {"graph": "road"},
    "series",
)  # fmt: skip


def _standard(values: Tensor, seen: slice) -> Tensor:
    """Return features without units: mean 0 and deviation 1 in the hours that are trained on."""
    mean, deviation = values[seen].mean((0, 1)), values[seen].std((0, 1))
    return (values - mean) / deviation.where(deviation > 0, 1.0)
