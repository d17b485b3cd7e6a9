"""The suites: every comparison names what exists, and its model is built and gives logits on its view."""

import pytest
import torch

from benchmarks import trials
from benchmarks.suites import SUITES
from benchmarks.tables import MODELS, TASKS, VIEWS
from benchmarks.tasks.task import counted

COMPARISONS = sorted({comparison for suite in SUITES.values() for comparison in suite})


@pytest.mark.parametrize(("task", "view", "model"), COMPARISONS)
def test_every_comparison_gives_a_loss_and_gradients(task, view, model):
    assert task in TASKS
    assert view in VIEWS
    assert model in MODELS
    torch.manual_seed(0)
    problem, budget = trials.problem_of(task, 0), TASKS[task].budget
    network = trials.build(budget, problem, view, model)
    batch = problem.train(torch.Generator().manual_seed(0), budget.batch_size)
    logits, y = counted(network(batch), batch)
    assert logits.shape == (y.numel(), problem.num_classes)
    torch.nn.functional.cross_entropy(logits, y).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())
