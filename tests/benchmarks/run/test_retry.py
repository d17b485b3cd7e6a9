"""Attempts: what is settled is not run again, and what a trial leaves behind is cleared away."""

import errno
import os
import time

import pytest

from benchmarks.run import retry, trials
from benchmarks.run.locks import claim
from benchmarks.run.record_files import record_path, stamp, write_record
from benchmarks.run.records import Record, Trial
from benchmarks.run.workdir import Output
from gnn_toolkit.datasets import DatasetUnavailableError

TRIAL = Trial("club", "", "majority class", 0, {"data": {}, "plugins": []})


def work(folder, earlier=None):
    return retry.work(TRIAL, Output(folder), earlier or {}, lambda steps: None)


def test_a_trial_is_run_once_and_its_record_kept(tmp_path):
    record = work(tmp_path)
    assert record is not None
    assert record.status == "done"
    path = record_path(tmp_path, TRIAL)
    before = stamp(tmp_path, TRIAL)
    again = work(tmp_path)
    assert again is not None
    assert (again.test, again.machine, stamp(tmp_path, TRIAL)) == (record.test, record.machine, before)
    assert path.exists()


def test_what_another_process_holds_is_left_to_it(tmp_path):
    with claim(tmp_path, TRIAL.id):
        assert work(tmp_path) is None
    assert not record_path(tmp_path, TRIAL).exists()


def test_what_is_not_done_is_tried_again_by_the_next_call_only_whatever_its_date(tmp_path):
    failed = Record(TRIAL, status="failed", error="Oops")
    path = write_record(tmp_path, failed)
    in_a_day = time.time() + 86_400  # as of a host whose clock is ahead
    os.utime(path, (in_a_day, in_a_day))
    assert retry.settled(TRIAL, Output(tmp_path), {}) == failed  # tried since this runner started
    earlier = {TRIAL.id: stamp(tmp_path, TRIAL)}
    assert retry.settled(TRIAL, Output(tmp_path), earlier) is None
    write_record(tmp_path, failed)
    assert retry.settled(TRIAL, Output(tmp_path), earlier) == failed
    record = work(tmp_path, {TRIAL.id: stamp(tmp_path, TRIAL)})
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


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "interrupted"),
        (MemoryError(), "interrupted"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), "interrupted"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "interrupted"),
        (DatasetUnavailableError("no network"), "interrupted"),
        (ValueError("wrong shape"), "failed"),
        (FileNotFoundError(errno.ENOENT, "no"), "failed"),
    ],
)
def test_a_checkpoint_goes_only_when_its_trial_is_done(error, status, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    checkpoint = Output(tmp_path).checkpoint(TRIAL)
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"the work of a night")
    with monkeypatch.context() as patch:
        patch.setattr(trials, "run", fail)
        record = work(tmp_path)
    assert record is not None
    assert (record.status, checkpoint.exists()) == (status, True)
    again = work(tmp_path, {TRIAL.id: stamp(tmp_path, TRIAL)})
    assert again is not None
    assert (again.status, checkpoint.exists()) == ("done", False)


def test_what_an_error_came_from_counts_unless_it_was_put_away():
    def wrapped(hidden):
        try:
            try:
                raise ConnectionResetError
            except ConnectionResetError as error:
                raise ValueError("no answer") from (None if hidden else error)
        except ValueError as error:
            return error

    assert retry.is_passing(wrapped(hidden=False))
    assert not retry.is_passing(wrapped(hidden=True))


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_metric_that_gives_no_number_fails_its_trial(score, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "run", lambda *_: Record(TRIAL, test=score))
    record = work(tmp_path)
    assert record is not None
    assert record.status == "failed"
    assert f"its test score is {score}" in record.error
