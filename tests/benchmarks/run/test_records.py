"""Trials: their names change with their content, and can be names of files everywhere."""

from dataclasses import replace

import pytest

from benchmarks.run.records import Trial


def test_id_changes_with_every_part():
    trial = Trial("text", "path", "LSTM", 2, {"steps": 3})
    others = [
        replace(trial, task="club"),
        replace(trial, view="graph"),
        replace(trial, model="GRU"),
        replace(trial, seed=3),
        replace(trial, config={"steps": 4}),
        replace(trial, suite="quick"),
    ]
    assert len({trial.id, *(other.id for other in others)}) == 7
    assert trial.id == replace(trial).id


@pytest.mark.parametrize("task", ["../../x", "a/b\\c:d", ".hidden", "a\nb", "ü" * 400, 'say "why?"', "path + mirror"])
def test_id_is_the_name_of_a_file_whatever_a_task_is_called(task, tmp_path):
    trial = Trial(task, "", "majority class", 0, {})
    assert set(trial.id).isdisjoint('/\\:*?"<>|\n +')
    assert not trial.id.startswith(".")
    (tmp_path / f"{trial.id}.json").write_text("{}")
    assert [path.name for path in tmp_path.iterdir()] == [f"{trial.id}.json"]
