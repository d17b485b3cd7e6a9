"""Records: they come back as they went, and their names change with their content."""

from dataclasses import replace

from benchmarks.run.records import Record, Trial, read_records, write_record


def test_round_trip(tmp_path):
    trial = Trial("text", "path + mirror", "LSTM", 2, {"settings": {"steps": 3, "learning_rate": 0.1}})
    record = Record(trial, test=1.25, curve={"step": [1], "loss": [0.5]}, samples={"0": "ä\n"}, machine={"cores": 2})
    path = write_record(tmp_path, record)
    assert read_records(tmp_path) == [record]
    assert " " not in path.name
    assert "+" not in path.name


def test_id_changes_with_every_part():
    trial = Trial("text", "path", "LSTM", 2, {"steps": 3})
    others = [
        replace(trial, task="club"),
        replace(trial, view="graph"),
        replace(trial, model="GRU"),
        replace(trial, seed=3),
        replace(trial, config={"steps": 4}),
    ]
    assert len({trial.id, *(other.id for other in others)}) == 6
    assert trial.id == replace(trial).id


def test_no_records_yet(tmp_path):
    assert read_records(tmp_path) == []
