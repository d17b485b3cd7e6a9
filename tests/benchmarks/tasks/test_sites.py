"""Sites: the shares of proteins in the AUPRC, what is measured beside it, and the baselines of residues."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sklearn.metrics import average_precision_score, matthews_corrcoef, roc_auc_score
from torch import nn
from torch_geometric.data import Data

from benchmarks.tables import TASKS
from benchmarks.tasks.sites import BASELINES, asked, judged, measured, sites
from benchmarks.tasks.task import Baseline
from tests.datasets.proteins import chain


def proteins(count: int, seed: int) -> list[Data]:
    generator, found = torch.Generator().manual_seed(seed), []
    for _ in range(count):
        one = chain(int(torch.randint(8, 14, (1,), generator=generator)), generator)
        one["x"][0, 0] = 2.0
        one.y = (one["x"][:, 0] + 0.3 * torch.randn(len(one["x"]), generator=generator) > 1).long()
        found.append(one)
    return found


class First(nn.Module):
    """Says that a residue's first feature is its score."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        return batch.x[:, 0] + self.unused


def test_shares_of_proteins_add_up_to_the_area_over_all_residues():
    torch.manual_seed(0)
    scores, right, protein = torch.randn(60), torch.rand(60) > 0.7, torch.arange(6).repeat_interleave(10)
    found = judged(scores, right, protein)
    assert len(found.units) == 6
    area = average_precision_score(right, scores)
    assert found.mean == pytest.approx(area, abs=1e-9)
    assert sum(found.units) / 6 == pytest.approx(area, abs=1e-9)
    also = measured(scores, right, protein, 0.5)
    assert also["AUROC"] == pytest.approx(roc_auc_score(right, scores))
    assert also["MCC"] == pytest.approx(matthews_corrcoef(right, scores >= 0.5))


def test_units_are_the_proteins_of_the_split_in_its_order():
    test = proteins(25, 1)
    data = asked(proteins(20, 0), test, validation=5)
    objective = data.objective(data.source, TASKS["sites"].config)
    scores = objective.test(First())
    x, y = (torch.cat([one[key] for one in test]) for key in ("x", "y"))
    protein = torch.arange(25).repeat_interleave(torch.tensor([one.num_nodes or 0 for one in test]))
    assert scores.units == pytest.approx(judged(x[:, 0], y > 0, protein).units)
    assert scores.mean == pytest.approx(average_precision_score(y, x[:, 0]))
    assert objective.measures(First(), 0)["AUROC"] == pytest.approx(roc_auc_score(y, x[:, 0]))


def test_the_baselines_know_single_residues():
    data = asked(proteins(60, 0), proteins(20, 1), validation=5)
    assert tuple(data.baselines) == tuple(BASELINES) == TASKS["sites"].baselines
    found = {name: make() for name, make in data.baselines.items()}
    assert all(isinstance(one, Baseline) for one in found.values())
    share, regression, boosting = found.values()
    assert share[0] < 0.4 < 0.8 < min(regression[0], boosting[0])


def test_the_real_task_is_the_published_one(data_folder: Callable[[str], Path]):
    data_folder("graphppis/Train_335.npz")
    data = sites(0)
    assert "300 train, 34 validation, 59 test proteins" in data.note
    assert data.source.num_features == 54
    share = data.baselines["share that binds"]()
    assert share[0] == pytest.approx(0.1630, abs=1e-4)
