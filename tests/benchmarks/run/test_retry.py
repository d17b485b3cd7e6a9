"""Attempts: what is settled is not run again, and what a trial leaves behind is cleared away."""

import errno
import os
import time

import pytest

from benchmarks.run import retry, trials
from benchmarks.run.locks import claim
from benchmarks.run.records import Record, Trial, record_path, write_record
from benchmarks.run.workdir import Output

TRIAL = Trial("club", "", "majority class", 0, {})


def work(folder, since=0.0):
    return retry.work(TRIAL, Output(folder), since, lambda steps: None)


def test_a_trial_is_run_once_and_its_record_kept(tmp_path):
    record = work(tmp_path)
    assert record is not None
    assert record.status == "done"
    assert work(tmp_path) == record


def test_what_another_process_holds_is_left_to_it(tmp_path):
    with claim(tmp_path, TRIAL.id):
        assert work(tmp_path) is None
    assert not record_path(tmp_path, TRIAL).exists()


def test_a_failure_is_tried_again_by_the_next_call_only(tmp_path):
    failed = Record(TRIAL, status="failed", error="Oops")
    path = write_record(tmp_path, failed)
    os.utime(path, (1000, 1000))
    assert retry.settled(TRIAL, Output(tmp_path), since=999) == failed
    assert retry.settled(TRIAL, Output(tmp_path), since=1001) is None
    record = work(tmp_path, since=time.time())
    assert record is not None
    assert record.status == "done"


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path):
    checkpoint = Output(tmp_path).checkpoint(TRIAL)
    litter = [checkpoint, checkpoint.with_name(f".{checkpoint.name}.ab"), tmp_path / "records" / f".{TRIAL.id}.json.cd"]
    for path in litter:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    work(tmp_path)
    assert [path for path in litter if path.exists()] == []


@pytest.mark.parametrize(("code", "stops"), [(errno.ENOSPC, True), (errno.ENOENT, False)])
def test_only_a_disk_that_takes_no_more_stops_the_run(code, stops, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(code, "no")

    monkeypatch.setattr(trials, "run", fail)
    if stops:
        with pytest.raises(OSError, match="no"):
            work(tmp_path)
        assert not record_path(tmp_path, TRIAL).exists()
    else:
        record = work(tmp_path)
        assert record is not None
        assert record.status == "failed"
