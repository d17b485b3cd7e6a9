"""Interfaces, residues of two proteins that touch when they bind: Docking Benchmark 5, as in Fout et al. (2017)."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from gnn_toolkit.datasets import RESIDUE_FEATURES, Complex, load_docking_benchmark
from gnn_toolkit.training.interface_training import VALIDATION, split_complexes, touching
from gnn_toolkit.training.ranking import roc_area

from .complexes import Complexes
from .config import Config
from .metrics import Metric, MiddleOfUnits, Scores
from .objective import Objective
from .regression import boosted_trees
from .source import Graphs, Source
from .task import Task, TaskData

ACCESSIBLE = RESIDUE_FEATURES.index("accessibility")


def _points(logits: Tensor, y: Tensor) -> Tensor:
    return torch.tensor([roc_area(logits[:, 0], y > 0)])


def _loss(logits: Tensor, y: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y)


MEDIAN_AUC = Metric("median AUC of complexes", True, (0.0, 1.0), _points, _loss, margin=0.01)
MEAN_AUC = Metric("mean AUC of complexes", True, (0.0, 1.0), _points, _loss)


class Touching(Objective):
    """Pairs of residues that touch; the score of a complex is the area under its ROC curve over all pairs."""

    form = "pairs"
    source: Complexes

    def __init__(self, source: Source, config: Config) -> None:
        super().__init__(source, config, MEDIAN_AUC, 1, "nodes")

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits of the pairs that a batch asks about, and whether they touch."""
        return model(batch).unsqueeze(1), batch.y

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the area of one complex."""
        touching = self.source.touching(int(batch.which))
        return MiddleOfUnits(torch.tensor([roc_area(model(batch).detach().cpu(), touching)]).double(), torch.ones(1))

    def evaluate(self, model: nn.Module, split: str) -> Scores:
        """Return the areas of a split's complexes."""
        parts = [self.judge(model, batch) for batch in self.held_out(model, split)]
        return MiddleOfUnits(torch.cat([one.points for one in parts]), torch.ones(len(parts)))

    def select(self, model: nn.Module) -> float:
        """Return the mean area over the validation complexes, which scatters less than the median."""
        return float(self.evaluate(model, "validation").points.mean())

    def test(self, model: nn.Module) -> Scores:
        """Return the areas of the test complexes."""
        self._tested = self.evaluate(model, "test")
        return self._tested

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return the mean area over the test complexes."""
        return {"mean AUC": float(self._tested.points.mean())}


class Singly:
    """What residues say one by one: a pair's score is the sum of both residues' scores.

    Args:
        complexes: of the task.
        splits: of the task.
    """

    def __init__(self, complexes: Sequence[Complex], splits: dict[str, Tensor]) -> None:
        self._complexes, self._splits = complexes, splits

    def median(self, score: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return the median area over the test complexes, of a score of residues from their features."""
        areas = []
        for one in (self._complexes[k] for k in self._splits["test"].tolist()):
            ligand, receptor = (torch.from_numpy(score(part["x"].numpy())) for part in (one.ligand, one.receptor))
            areas.append(roc_area(ligand[:, None] + receptor, touching(one)))
        return float(np.median(areas))

    @cached_property
    def residues(self) -> tuple[np.ndarray, np.ndarray]:
        """Features of all training residues, and whether they touch any other."""
        features, answers = [], []
        for one in (self._complexes[k] for k in self._splits["train"].tolist()):
            for column, part in enumerate((one.ligand, one.receptor)):
                touches = np.zeros(part.num_nodes or 0, dtype=int)
                touches[one.pairs[:, column]] = 1
                features.append(part["x"].numpy())
                answers.append(touches)
        return np.concatenate(features), np.concatenate(answers)

    def accessible(self) -> tuple[float, int]:
        """Score residues by their accessibility."""
        return self.median(lambda x: x[:, ACCESSIBLE]), 0

    def regression(self) -> tuple[float, int]:
        """Score residues by logistic regression on their features."""
        x, y = self.residues
        mean, deviation = x.mean(0), x.std(0) + 1e-6
        model = LogisticRegression(max_iter=1000).fit((x - mean) / deviation, y)
        score = self.median(lambda each: model.decision_function((each - mean) / deviation))
        return score, model.coef_.size + model.intercept_.size

    def boosting(self) -> tuple[float, int]:
        """Score residues by gradient boosting on their features; the count is of leaves."""
        score, leaves = boosted_trees(*self.residues)
        return self.median(score), leaves


BASELINES = (
    "accessibility of residues, added",
    "logistic regression of residues, added",
    "gradient boosting of residues, added",
)


@lru_cache(maxsize=1)
def _complexes() -> tuple[Complex, ...]:
    return tuple(load_docking_benchmark())


def interfaces(seed: int, negatives: int) -> TaskData:
    """Say which residues touch; all seeds share the splits."""
    return asked(_complexes(), negatives)


def asked(complexes: Sequence[Complex], negatives: int, validation: int = VALIDATION) -> TaskData:
    """Return the data of telling which residues of complexes touch."""
    splits = split_complexes(complexes, validation)
    singly = Singly(complexes, splits)
    sizes = ", ".join(f"{len(which)} {part}" for part, which in splits.items())
    pairs = sum((one.ligand.num_nodes or 0) * (one.receptor.num_nodes or 0) for one in complexes)
    return TaskData(
        Complexes(complexes, splits, negatives),
        Touching,
        dict(zip(BASELINES, (singly.accessible, singly.regression, singly.boosting), strict=True)),
        note=f"Docking Benchmark 5: {sizes} complexes, tested on those new in version 5 and on all their pairs; "
        f"{sum(len(one.pairs) for one in complexes):,} of {pairs:,} pairs touch; the validation complexes are drawn "
        f"once; {negatives} pairs that do not touch for each that does in training; no PSSM",
    )


INTERFACES = Task(
    "which residues of two proteins touch",
    interfaces,
    MEDIAN_AUC,
    BASELINES,
    Config(
        steps=840,
        learning_rate=2e-3,
        evaluate_every=140,
        batch_size=1,
        hidden_channels=32,
        num_layers=1,
        num_convolutions=3,
        dropout=0.3,
    ),
    options={"negatives": 10},
    form="pairs",
    data="db5",
    selection=MEAN_AUC,
)
