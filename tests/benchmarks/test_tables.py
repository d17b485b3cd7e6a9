"""The tables: every task has what it must have, and what a budget says reaches the model."""

import pytest

from benchmarks import trials
from benchmarks.tables import TASKS


def test_every_task_has_a_structure_free_baseline():
    for task in TASKS:
        assert trials.problem_of(task, 0).baselines


def test_memory_bias_reaches_the_gate():
    budget = TASKS["palindrome-10"].budget
    network = trials.build(budget, trials.problem_of("palindrome-10", 0), "path", "LSTM")
    forget = dict(network.named_parameters())["network.layers.0.bias_ih_l0"].chunk(4)[1]
    assert float(forget.mean().detach()) == pytest.approx(budget.memory_bias, abs=0.1)
