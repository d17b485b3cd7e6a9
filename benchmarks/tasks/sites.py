"""Binding sites, the residues of a protein that bind to others: GraphPPIS's Train_335 and Test_60."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit.datasets import load_protein_sites
from gnn_toolkit.training.ranking import best_threshold, matthews, precisions, roc_area

from .config import Config
from .metrics import Metric, Scores
from .objective import Objective
from .regression import boosted_trees
from .sized_graphs import SizedGraphs
from .source import Graphs, Source
from .task import Baseline, Task, TaskData

VALIDATION = 34  # of the 334 proteins that are not tested


def _loss(logits: Tensor, y: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y.to(logits.dtype))


def _precisions(logits: Tensor, y: Tensor) -> Tensor:
    return precisions(logits[:, 0], y > 0)


AUPRC = Metric("AUPRC", True, (0.0, 1.0), _precisions, _loss, margin=0.01)


def judged(scores: Tensor, right: Tensor, protein: Tensor) -> Scores:
    """Return each protein's share in the AUPRC over all residues: the precisions of its residues that bind.

    Args:
        scores: of residues [N].
        right: whether they bind, bool [N].
        protein: which one each is of, [N] in [0, P).
    """
    count = int(protein.max()) + 1
    points = torch.zeros(count, dtype=torch.float64).index_add(0, protein[right], precisions(scores, right))
    return Scores(points, torch.bincount(protein[right], minlength=count))


def measured(scores: Tensor, right: Tensor, protein: Tensor, threshold: float) -> dict[str, float]:
    """Return the AUROC over all residues, Matthews' correlation at a threshold, and the mean AUPRC of proteins."""
    own = [protein == k for k in protein.unique().tolist() if bool(right[protein == k].any())]
    return {
        "AUROC": roc_area(scores, right),
        "MCC": float(matthews(scores >= threshold, right)),
        "mean AUPRC of proteins": float(np.mean([float(precisions(scores[one], right[one]).mean()) for one in own])),
    }


class Binding(Objective):
    """Residues that bind; the score is the AUPRC over all residues of a split, a unit a protein's share in it."""

    form = "sites"

    def __init__(self, source: Source, config: Config) -> None:
        super().__init__(source, config, AUPRC, 1, "nodes")

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits of residues, and whether they bind."""
        return model(batch).unsqueeze(1), batch.y

    def scored(self, model: nn.Module, split: str) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits and answers of the residues of a split, and the place of their protein in it."""
        found = []
        for batch in self.held_out(model, split):
            found.append((model(batch).detach().cpu(), batch.y.cpu() > 0, batch.which.cpu()[batch.batch.cpu()]))
        logits, right, which = (torch.cat(part) for part in zip(*found, strict=True))
        return logits, right, torch.unique(which, return_inverse=True)[1]

    def evaluate(self, model: nn.Module, split: str) -> Scores:
        """Return the proteins' shares in the AUPRC of a split."""
        return judged(*self.scored(model, split))

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return what else is published of the test; the threshold is that of the validation proteins."""
        validation = self.scored(model, "validation")
        return measured(*self.scored(model, "test"), best_threshold(*validation[:2]))


class Proteins(SizedGraphs):
    """Proteins as graphs of residues; a batch has proteins of about one length."""

    def viewed(self, view: Callable[[Data], Data], device: str = "cpu") -> "Proteins":
        """Return the proteins as a view leaves each of them."""
        return Proteins(super().viewed(view, device).graphs, self.splits, device)

    def features(self, split: str) -> Tensor:
        """Return the features of all residues of a split [N, F]."""
        return torch.cat([self.graphs[k]["x"] for k in self.splits[split].tolist()])

    def residues(self, split: str) -> tuple[np.ndarray, Tensor, Tensor]:
        """Return features and answers of the residues of a split, and the place of their protein in it."""
        mine = [self.graphs[k] for k in self.splits[split].tolist()]
        sizes = torch.tensor([graph.num_nodes or 0 for graph in mine])
        right = torch.cat([graph["y"] for graph in mine]) > 0
        return self.features(split).numpy(), right, torch.arange(len(mine)).repeat_interleave(sizes)


def _fitted(source: Proteins, kind: str) -> Baseline:
    """Return what a model of single residues reaches: ``"share"``, ``"regression"`` or ``"boosting"``."""
    x, y, _ = source.residues("train")
    if kind == "share":
        score, parameters = lambda each: np.full(len(each), float(y.float().mean())), 1
    elif kind == "regression":
        model = LogisticRegression(max_iter=2000).fit(x, y.numpy())
        score, parameters = model.decision_function, model.coef_.size + model.intercept_.size
    else:
        score, parameters = boosted_trees(x, y.numpy())
    scores = {part: torch.from_numpy(score(source.residues(part)[0])) for part in ("validation", "test")}
    threshold = best_threshold(scores["validation"], source.residues("validation")[1])
    _, right, protein = source.residues("test")
    measures = measured(scores["test"], right, protein, threshold)
    return Baseline(judged(scores["test"], right, protein).mean, parameters, measures)


BASELINES = {
    "share that binds": "share",
    "logistic regression of residues": "regression",
    "gradient boosting of residues": "boosting",
}


@lru_cache(maxsize=1)
def _proteins() -> tuple[list[Data], list[Data]]:
    found = [load_protein_sites(part) for part in ("train", "test")]
    for graph in (graph for part in found for graph in part):
        del graph["name"]
    return found[0], found[1]


def sites(seed: int) -> TaskData:
    """Say which residues bind; all seeds share the splits."""
    return asked(*_proteins())


def asked(known: Sequence[Data], test: Sequence[Data], validation: int = VALIDATION) -> TaskData:
    """Return the data of telling which residues of proteins bind."""
    drawn = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))
    splits = {
        "train": drawn[validation:].sort().values,
        "validation": drawn[:validation].sort().values,
        "test": torch.arange(len(known), len(known) + len(test)),
    }
    source = Proteins([*known, *test], splits)
    sizes = ", ".join(f"{len(which)} {part}" for part, which in splits.items())
    return TaskData(
        source,
        Binding,
        {name: partial(_fitted, source, kind) for name, kind in BASELINES.items()},
        note=f"GraphPPIS: {sizes} proteins, without 2yajA of Train_335 and 3cf4A of Test_60; the validation proteins "
        "are drawn once; 20 nearest residues within 14 Å",
    )


SITES = Task(
    "which residues of a protein bind to others",
    sites,
    AUPRC,
    tuple(BASELINES),
    Config(
        steps=800,
        learning_rate=2e-3,
        evaluate_every=100,
        batch_size=8,
        hidden_channels=64,
        num_layers=1,
        num_convolutions=4,
        dropout=0.3,
        input_dropout=0.1,
    ),
    form="sites",
    data="graphppis",
)
