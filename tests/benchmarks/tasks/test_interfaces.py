"""Interfaces: what is asked, how a model that knows is judged, and what residues say one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from benchmarks.tables import TASKS
from benchmarks.tasks.interfaces import ACCESSIBLE, BASELINES, Touching, asked, interfaces
from gnn_toolkit.datasets import RESIDUE_FEATURES
from tests.datasets.proteins import complexes


class Knowing(nn.Module):
    """Says of all pairs whether both residues carry the mark, or the opposite."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = nn.Parameter(torch.tensor(sign))

    def forward(self, batch):
        mark = (batch.x[:, 0] > 1).float()
        ligand, receptor = mark[batch.batch == 0], mark[batch.batch == 1]
        return self.sign * ligand[:, None] * receptor


def test_a_model_is_judged_by_the_median_over_complexes_and_chosen_by_the_mean():
    data = asked(complexes(46, 5, len(RESIDUE_FEATURES)), 10)
    objective = data.objective(data.source, TASKS["interfaces"].config)
    scores = objective.test(Knowing(1.0))
    assert (scores.mean, scores.pooling, scores.units) == (1.0, "median", [1.0] * 5)
    assert objective.measures(Knowing(1.0), 0) == {"mean AUC": 1.0}
    assert objective.select(Knowing(-1.0)) == 0.0


def test_the_area_of_a_complex_is_that_of_scikit_learn():
    data = asked(complexes(46, 5), 10)
    objective = data.objective(data.source, TASKS["interfaces"].config)
    torch.manual_seed(0)

    class Random(Knowing):
        def forward(self, batch):
            return super().forward(batch) + torch.randn(int((batch.batch == 0).sum()), int((batch.batch == 1).sum()))

    assert isinstance(objective, Touching)
    batch = next(objective.held_out(Random(1.0), "test"))
    torch.manual_seed(1)
    (found,) = objective.judge(Random(1.0), batch).units
    torch.manual_seed(1)
    right = objective.source.touching(int(batch.which)).flatten()
    assert found == pytest.approx(roc_auc_score(right, Random(1.0)(batch).detach().flatten()), abs=1e-6)


def test_residues_one_by_one_find_marks():
    some = complexes(46, 5, len(RESIDUE_FEATURES))
    for one in some:
        for part in (one.ligand, one.receptor):
            part["x"][:, ACCESSIBLE] = part["x"][:, 0]
    data = asked(some, 10)
    assert tuple(data.baselines) == BASELINES == TASKS["interfaces"].baselines
    for name in BASELINES:
        score, parameters = data.baselines[name]()[:2]
        assert score > 0.95
        assert (parameters > 0) == (not name.startswith("access"))


def test_the_real_task_has_the_published_parts(data_folder: Callable[[str], Path]):
    data_folder("db5/db5_extra_features.npz")
    data = interfaces(0, 10)
    assert "140 train, 35 validation, 55 test complexes" in data.note
    assert "20,106 of 14,994,544 pairs touch" in data.note
    accessible = data.baselines["accessibility of residues, added"]()
    assert accessible[0] == pytest.approx(0.7466, abs=2e-4)
