"""The tables: every comparison names what exists, and every model is built and gives logits on its view."""

import pytest
import torch

from benchmarks import trials
from benchmarks.problems import counted
from benchmarks.suites import MODELS, SUITES, TASKS, VIEWS

COMPARISONS = sorted({comparison for suite in SUITES.values() for comparison in suite})


@pytest.mark.parametrize(("task", "view", "model"), COMPARISONS)
def test_every_comparison_gives_a_loss_and_gradients(task, view, model):
    assert task in TASKS
    assert view in VIEWS
    assert model in MODELS
    torch.manual_seed(0)
    problem = trials.problem_of(task, 0)
    network = trials.build(TASKS[task], problem, view, model)
    batch = problem.train(torch.Generator().manual_seed(0))
    logits, y = counted(network(batch), batch)
    assert logits.shape == (y.numel(), problem.num_classes)
    torch.nn.functional.cross_entropy(logits, y).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())


def test_every_task_has_a_structure_free_baseline():
    for task in TASKS:
        assert trials.problem_of(task, 0).baselines


def test_memory_bias_reaches_the_gate():
    task = TASKS["palindrome-10"]
    network = trials.build(task, trials.problem_of("palindrome-10", 0), "path", "LSTM")
    forget = dict(network.named_parameters())["network.layers.0.bias_ih_l0"].chunk(4)[1]
    assert float(forget.mean().detach()) == pytest.approx(task.memory_bias, abs=0.1)
