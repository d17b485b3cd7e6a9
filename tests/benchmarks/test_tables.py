"""The tables: every task names the baselines that it has."""

import pytest

from benchmarks.run import trials
from benchmarks.tables import TASKS

LARGE = ("r52", "ohsumed", "20ng")  # they differ from smaller corpora in their files alone


@pytest.mark.parametrize("task", [task for task in TASKS if task not in LARGE])
def test_every_task_names_its_structure_free_baselines(task, at_hand):
    at_hand(task)
    names = TASKS[task].baselines
    assert names
    assert tuple(trials.data_of(task, 0, TASKS[task].options).baselines) == names
