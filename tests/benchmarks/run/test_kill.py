"""Runs that are killed at any moment, robbed of their disk, or run twice at once lose nothing that was finished.

Every run here is the real command in a process of its own; what kills it is the system's ``SIGKILL``.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.run import locks
from benchmarks.run.record_files import read_records
from benchmarks.run.records import Record

ROOT = Path(__file__).parents[3]
SUITE = """
title = "short trials of every kind"
seeds = 2

[variant.10]
length = 10

[task.palindrome-10]
steps = 150
evaluate_every = 10

[[compare]]
task = "palindrome"
variant = "10"
view = "path"
model = ["RNN", "LSTM"]

[[compare]]
task = "club"
view = "graph"
model = "GCN"
"""
TRIALS = 9  # three baselines, since the club's is another one for each seed, and two seeds of three models


# Imports the command line once, then forks a process for every run: what is killed is real, but starts at once.
NURSERY = """
import json, os, resource, sys
from pathlib import Path
from benchmarks.__main__ import main

def run(folder, arguments, limit):
    os.chdir(folder)
    output = os.open("output", os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["benchmarks", *arguments]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code or 0)

def tell(order, name, number):
    path = Path(order["folder"], name)
    path.with_suffix(".new").write_text(str(number))
    path.with_suffix(".new").rename(path)

for line in sys.stdin:
    order = json.loads(line)
    if os.fork() == 0:
        child = os.fork()
        if child == 0:
            run(**order)
        tell(order, "process", child)
        tell(order, "code", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    os.wait3(os.WNOHANG)
"""


@dataclass
class Run:
    """A runner in a process of its own."""

    folder: Path
    process: int
    output: int

    @property
    def alive(self) -> bool:
        return not (self.folder / "code").exists()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    def outcome(self) -> tuple[int, str]:
        """Return exit code and output once it has ended."""
        wait_for(lambda: not self.alive)
        with os.fdopen(self.output) as output:
            text = output.read()
        return int((self.folder / "code").read_text()), text


Start = Callable[..., Run]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Return a function that starts the runner on a run's folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, text=True) as nursery:
        orders = nursery.stdin
        assert orders is not None

        def send(run: Path, *arguments: str, limit: int = 0) -> Run:
            run.mkdir(exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=run))  # each has its output, all have the run's records
            (folder / "mine.toml").write_text(SUITE, encoding="utf-8")
            (run / "runs").mkdir(exist_ok=True)
            (folder / "runs").symlink_to(run / "runs")
            os.mkfifo(folder / "output")
            output = os.open(folder / "output", os.O_RDONLY | os.O_NONBLOCK)
            arguments = ("run", "mine.toml", "--threads", "1", *arguments)
            orders.write(json.dumps({"folder": str(folder), "arguments": arguments, "limit": limit}) + "\n")
            orders.flush()
            wait_for((folder / "process").exists)
            return Run(folder, int((folder / "process").read_text()), output)

        yield send
        orders.close()


def wait_for(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def comparable(folder: Path) -> list[Record]:
    """Return the records without what differs from run to run: times, memory, energy, the machine's load."""
    free = {"seconds": 0.0, "overall_seconds": None, "steps_per_second": None, "samples_per_second": None}
    free |= {"seconds_to_target": None, "peak_memory_mib": None, "energy_joules": None, "machine": {}}
    records = read_records(folder / "runs" / "mine")
    return [replace(r, curve={k: v for k, v in r.curve.items() if k != "seconds"}, **free) for r in records]


def files(folder: Path) -> dict[str, int]:
    """Return the records by name, and which file each is: one that is written anew is another file."""
    return {path.name: path.stat().st_ino for path in (folder / "runs" / "mine" / "records").glob("*.json")}


@pytest.fixture(scope="module")
def whole(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an unbroken run."""
    folder = tmp_path_factory.mktemp("whole")
    code, output = start(folder).outcome()
    assert code == 0, output
    assert len(comparable(folder)) == TRIALS
    return folder


def wait_for_writes(run: Path, count: int, process: Run) -> None:
    """Wait until so many records and checkpoints have been written: a moment that suits slow and fast machines."""
    before, seen = snapshot(run), 0
    while process.alive and seen < count:
        now = snapshot(run)
        before, seen = now, seen + len(now - before)
        time.sleep(0.002)


def snapshot(run: Path) -> set[tuple[str, int]]:
    found = set()
    for path in run.glob("*/*.[jp]*"):
        with suppress(FileNotFoundError):
            found.add((path.name, path.stat().st_ino))
    return found


def test_killed_at_any_moment_a_run_goes_on_to_the_same_records(start: Start, whole: Path, tmp_path: Path):
    draw, continued, kept, run = random.Random(7), 0, {}, tmp_path / "runs" / "mine"
    for _ in range(6):
        process = start(tmp_path)
        wait_for_writes(run, draw.randint(1, 4), process)
        time.sleep(draw.uniform(0.0, 0.1))
        process.kill()
        process.outcome()
        continued += bool(list((run / "checkpoints").glob("*.pt")))
        assert kept.items() <= files(tmp_path).items()  # not one that was finished is lost or run again
        kept = files(tmp_path)
    code, output = start(tmp_path).outcome()
    assert code == 0, output
    assert kept.items() <= files(tmp_path).items()
    assert continued > 0
    assert comparable(tmp_path) == comparable(whole)
    assert [path for name in ("checkpoints", "locks") for path in (run / name).iterdir()] == []


def test_two_runners_on_one_folder_share_the_trials(start: Start, whole: Path, tmp_path: Path):
    runners = [start(tmp_path), start(tmp_path)]
    seen: dict[str, int] = {}
    while any(runner.alive for runner in runners):
        for name, file in files(tmp_path).items():
            assert seen.setdefault(name, file) == file
        time.sleep(0.01)
    outcomes = [runner.outcome() for runner in runners]
    assert [code for code, _ in outcomes] == [0, 0], outcomes
    assert {**seen, **files(tmp_path)} == files(tmp_path)
    assert comparable(tmp_path) == comparable(whole)


@pytest.mark.parametrize(("size", "records"), [(500, 0), (20_000, 1)], ids=["no record fits", "no checkpoint fits"])
def test_a_full_disk_stops_the_run_and_loses_nothing(
    size: int, records: int, start: Start, whole: Path, tmp_path: Path
):
    code, output = start(tmp_path, limit=size).outcome()
    assert code == 1
    assert re.search(r"Stopped: \[Errno 27\] File too large.*the same command continues", output), output
    assert "Traceback" not in output
    run, kept = tmp_path / "runs" / "mine", files(tmp_path)
    assert len(kept) == records
    assert [path for path in run.rglob("*") if path.is_file() and path.suffix != ".json"] == []
    code, output = start(tmp_path).outcome()
    assert code == 0, output
    assert kept.items() <= files(tmp_path).items()
    assert comparable(tmp_path) == comparable(whole)


def kill_owners(run: Path, killed: set[int]) -> None:
    """Kill the processes that hold trials of palindromes, each once."""
    for path in (run / "locks").glob("palindrome-10-path-*.owner"):
        found = re.match(r"process (\d+) on", locks.owner(run, path.stem))
        if found and int(found[1]) not in killed:
            killed.add(int(found[1]))
            os.kill(int(found[1]), signal.SIGKILL)


def test_trials_in_several_processes_are_those_of_one_also_where_a_worker_is_lost(
    start: Start, whole: Path, tmp_path: Path
):
    process, killed = start(tmp_path, "--workers", "2"), set()
    run = tmp_path / "runs" / "mine"
    wait_for(lambda: list((run / "checkpoints").glob("*.pt")) or not process.alive)
    kill_owners(run, killed)
    code, output = process.outcome()
    assert code == 0, output
    assert 1 <= len(killed) <= 2
    assert comparable(tmp_path) == comparable(whole)


def test_a_killed_runner_takes_its_workers_along_and_loses_no_checkpoint(start: Start, whole: Path, tmp_path: Path):
    run = tmp_path / "runs" / "mine"
    process = start(tmp_path, "--workers", "2")
    wait_for(lambda: len(list((run / "checkpoints").glob("*.pt"))) == 2 or not process.alive)
    process.kill()
    process.outcome()
    wait_for(lambda: not any(locked(run, path.stem) for path in (run / "locks").glob("*.owner")))
    assert list((run / "checkpoints").glob("*.pt"))
    assert {record.status for record in read_records(run)} <= {"done"}
    code, output = start(tmp_path).outcome()
    assert code == 0, output
    assert comparable(tmp_path) == comparable(whole)


def locked(run: Path, trial: str) -> bool:
    """Return whether a process still holds a trial."""
    with locks.claim(run, trial) as free:
        return not free


def test_a_trial_that_loses_three_workers_is_given_up_for_this_call(start: Start, tmp_path: Path):
    process = start(
        tmp_path, "--workers", "2", "--seeds", "1", "--model", "RNN", "--set", "palindrome-10.steps=1_000_000"
    )
    run, killed = tmp_path / "runs" / "mine", {process.process}
    while process.alive:
        kill_owners(run, killed)
        time.sleep(0.02)
    code, output = process.outcome()
    assert code == 1, output
    assert len(killed) == 4  # with the runner, which is spared: it records the failure
    failed = [record for record in read_records(run) if record.status == "interrupted"]
    assert [record.trial.model for record in failed] == ["RNN"]
    assert "ended 3 times, last with exit code -9" in failed[0].error
    assert len(files(tmp_path)) == 2


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(start: Start, tmp_path: Path):
    changes = ["palindrome-10.batch_size=1_000_000_000_000", "club.learning_rate=1e30"]
    code, output = start(tmp_path, "--seeds", "1", *(part for c in changes for part in ("--set", c))).outcome()
    assert code == 1
    assert "3 trials are not done" in output
    records = read_records(tmp_path / "runs" / "mine")
    errors = {r.trial.model: r.error for r in records if r.status != "done"}
    assert {r.trial.model: r.status for r in records if r.trial.model in errors} == {
        "RNN": "interrupted",  # for want of memory
        "LSTM": "interrupted",
        "GCN": "failed",
    }
    assert "allocate memory" in errors["RNN"]
    assert "NotFiniteError" in errors["GCN"]
    assert all(error.startswith("Traceback") for error in errors.values())
    assert len(records) == 5
