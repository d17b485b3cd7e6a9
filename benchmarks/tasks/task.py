"""Tasks: a question, data and an objective, baselines, and the configuration to begin with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .config import Config
from .metrics import Metric
from .objective import Objective
from .source import Source


class Baseline(NamedTuple):
    """What a structure-free baseline reached.

    Attributes:
        test: the test score.
        parameters: parameter count.
        measures: what else was measured of it, by name.
    """

    test: float
    parameters: int
    measures: dict[str, float] = {}  # noqa: RUF012 - nobody writes into it


@dataclass(frozen=True)
class TaskData:
    """A task's data for one seed, the same for every model.

    Attributes:
        source: the graphs, before any view.
        objective: makes a trial's objective, from the source as a view left it and the configuration.
        baselines: by name, a function that returns a :class:`Baseline`, or as a plain tuple its first two entries.
        note: what a reader of the results must know, e.g. which text it is.
    """

    source: Source
    objective: Callable[[Source, Config], Objective]
    baselines: Mapping[str, Callable[[], Baseline | tuple[float, int]]]
    note: str


def never(data: dict[str, Any]) -> bool:
    """Return that all seeds share the splits, whatever the options of the data."""
    return False


def always(data: dict[str, Any]) -> bool:
    """Return that every seed has splits of its own, whatever the options of the data."""
    return True


@dataclass(frozen=True)
class Task:
    """One question.

    Attributes:
        title: what is asked, in a line.
        load: makes the data, for a seed and the options.
        metric: what the test score is.
        baselines: names of the structure-free baselines, as the data have them.
        config: how every model is trained, and how large it is, unless a suite says otherwise.
        options: what can be chosen of the data, with what is chosen unless a suite says otherwise.
        form: which kind of model answers (:attr:`Objective.form`).
        split_by_seed: from the options of the data, whether the seed draws the splits; if not, all seeds share them.
        one_graph: whether every batch is the same whole graph: there is no batch size to set.
        axis: the option of the data along which scores are drawn where variants differ in nothing else.
        data: the data set that it draws on, empty for its own; tasks of one data set are no independent evidence.
        margin: differences of scores under it are of no interest; ``None`` as the metric says.
        selection: what the validation score is, by which weights and configurations are chosen; ``None`` for the same
            as the test score.
    """

    title: str
    load: Callable[..., TaskData]
    metric: Metric
    baselines: tuple[str, ...]
    config: Config
    options: dict[str, Any] = field(default_factory=dict)
    form: str = "graph"
    split_by_seed: Callable[[dict[str, Any]], bool] = never
    one_graph: bool = False
    axis: str = ""
    data: str = ""
    margin: float | None = None
    selection: Metric | None = None

    @property
    def selects(self) -> Metric:
        """What the validation score is."""
        return self.metric if self.selection is None else self.selection

    def configured(self, changes: dict[str, Any]) -> Config:
        """Return the configuration with some settings and options of the data changed."""
        data = {**self.options, **{key: value for key, value in changes.items() if key in self.options}}
        plain = {key: value for key, value in changes.items() if key not in self.options}
        return replace(self.config, data=data, **plain)


@dataclass(frozen=True)
class About:
    """What a report says of a task; every record has it, so that records are read without the task.

    Attributes:
        title: what is asked, in a line.
        metric: what the test score is called.
        higher_is_better: whether a higher one is better.
        bounds: what a score can be at all, ``None`` for no bound.
        split_by_seed: whether the seed draws the splits.
        axis: the option of the data along which scores are drawn.
        target: a validation score worth reaching, unless a configuration has another.
        data: the data set that it draws on.
        margin: differences of scores under it are of no interest.
        selection: what the validation score is called.
        lower_selects: whether a lower one is better.
    """

    title: str
    metric: str
    higher_is_better: bool
    bounds: tuple[float | None, float | None]
    split_by_seed: bool
    axis: str
    target: float | None
    data: str
    margin: float | None
    selection: str
    lower_selects: bool

    @property
    def ends(self) -> tuple[float, float]:
        """The bounds as numbers."""
        low, high = self.bounds
        return (-float("inf") if low is None else low), (float("inf") if high is None else high)

    @classmethod
    def of(cls, name: str, task: Task, options: dict[str, Any]) -> "About":
        """Return what a report says of the task of a name, with these options of its data."""
        low, high = (None if abs(end) == float("inf") else end for end in task.metric.bounds)
        metric = task.metric
        return cls(
            task.title,
            metric.name,
            metric.higher_is_better,
            (low, high),
            task.split_by_seed(options),
            task.axis,
            task.config.target,
            task.data or name,
            metric.margin if task.margin is None else task.margin,
            task.selects.name,
            not task.selects.higher_is_better,
        )
