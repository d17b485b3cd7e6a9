"""The views with which models enter a ranking: kept from the start of a run."""

import pytest

from benchmarks.run.entries import FILE, NONE, Entries, declare, read_entries
from benchmarks.run.record_files import write_record
from benchmarks.run.records import Record, Trial


def test_what_a_suite_declares_is_kept(tmp_path):
    assert read_entries(tmp_path) == NONE
    declare(tmp_path, {})
    assert not (tmp_path / FILE).exists()
    declare(tmp_path, {"LSTM": ["BFS path"]})
    declare(tmp_path, {"LSTM": ["DFS path"]})  # nothing is finished: it may still be another
    assert read_entries(tmp_path) == Entries({"LSTM": ["DFS path"]})


def test_a_declaration_does_not_change_once_trials_are_finished(tmp_path):
    declare(tmp_path, {"LSTM": ["BFS path"]})
    write_record(tmp_path, Record(Trial("club", "BFS path", "LSTM", 0, {}), test=0.5))
    declare(tmp_path, {"LSTM": ["BFS path"]})
    with pytest.raises(ValueError, match=r"ranking.LSTM: expected BFS path, as when this run began, got DFS path; put"):
        declare(tmp_path, {"LSTM": ["DFS path"]})
    declare(tmp_path, {})  # of another suite in the same folder
    assert read_entries(tmp_path) == Entries({"LSTM": ["BFS path"]})


def test_a_late_declaration_says_how_late(tmp_path):
    write_record(tmp_path, Record(Trial("club", "", "majority class", 0, {}), test=0.5))
    write_record(tmp_path, Record(Trial("club", "BFS path", "LSTM", 0, {}), test=0.5))
    declare(tmp_path, {"LSTM": ["BFS path"]})
    assert read_entries(tmp_path) == Entries({"LSTM": ["BFS path"]}, 1)


@pytest.mark.parametrize("text", ["", "[]", "3", '{"views": 3}', '{"views": {"a": "b"}}', "{" * 9999, '{"views": {}}'])
def test_a_damaged_file_declares_nothing(text, tmp_path):
    (tmp_path / FILE).write_text(text)
    assert read_entries(tmp_path) == NONE
