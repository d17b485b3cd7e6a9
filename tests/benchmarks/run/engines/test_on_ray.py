"""A real local cluster of two nodes: one of them, or the runner, is killed while both work."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.run import runner, trials
from benchmarks.run.record_files import read_records
from benchmarks.run.records import Record
from benchmarks.run.workdir import Output
from benchmarks.suites import suite

ROOT = Path(__file__).parents[4]
SUITE = """
title = "short trials"
seeds = 2

[variant.10]
length = 10

[task.palindrome-10]
steps = 100
evaluate_every = 5

[[compare]]
task = "palindrome"
variant = "10"
view = "path"
model = ["RNN", "LSTM"]
"""
CLUSTER = """
import os, signal, sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
from benchmarks.__main__ import main

if __name__ == "__main__":
    sizes = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**sizes, "include_dashboard": False})
    second = cluster.add_node(**sizes)
    os.environ["RAY_ADDRESS"] = cluster.address

    def kill():
        if os.environ["KILL"] == "runner":  # as the system does it for want of memory: nothing is said or done any more
            while not list(Path("runs/mine/checkpoints").glob("*.pt")):
                time.sleep(0.005)
            os.kill(os.getpid(), signal.SIGKILL)
        while len(list(Path("runs/mine/checkpoints").glob("*.pt"))) < 2:  # both nodes are at work
            time.sleep(0.005)
        cluster.remove_node(second, allow_graceful=False)
        print("lost a node", flush=True)

    threading.Thread(target=kill, daemon=True).start()
    sys.argv = ["benchmarks", "run", "mine.toml", "--engine", "ray", "--threads", "1"]
    main()
"""


pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -e '.[ray]'"
)


def run(folder: Path, killed: str) -> tuple[int, str]:
    """Run the suite on a cluster and return the exit code and the output."""
    (folder / "mine.toml").write_text(SUITE, encoding="utf-8")
    (folder / "cluster.py").write_text(CLUSTER, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    environment["KILL"] = killed
    with (folder / "output").open("w+") as output:  # no pipe: what a killed runner leaves behind would keep it open
        done = subprocess.run([sys.executable, "cluster.py"], cwd=folder, env=environment, stdout=output, stderr=output)
        output.seek(0)
        return done.returncode, output.read()


def finish_here(folder: Path, run_folder: Path) -> list[Record]:
    """Run what is not done in this process, and return all records."""
    with (folder / "here.txt").open("w") as lines:
        planned = trials.plan(suite.load(str(folder / "mine.toml")), "cpu")
        runner.run(planned, Output(run_folder), Console(file=lines))
    return read_records(run_folder)


def test_a_killed_runner_loses_no_checkpoint_and_no_trial_to_it(tmp_path: Path):
    code, output = run(tmp_path, "runner")
    assert code == -signal.SIGKILL, output
    kept = tmp_path / "runs" / "mine"
    assert list((kept / "checkpoints").glob("*.pt"))
    assert {record.status for record in read_records(kept)} <= {"done"}
    assert [record.status for record in finish_here(tmp_path, kept)] == ["done"] * 5
    # A worker may outlive the runner and write a checkpoint of a trial that is done: the next run removes it.
    until = time.monotonic() + 60
    while list((kept / "checkpoints").iterdir()) and time.monotonic() < until:
        time.sleep(0.2)
        finish_here(tmp_path, kept)
    assert list((kept / "checkpoints").iterdir()) == []


def test_every_trial_is_finished_once_where_a_node_is_lost(tmp_path: Path):
    code, output = run(tmp_path, "node")
    assert code == 0, output
    assert "lost a node" in output
    lines = [line for line in output.splitlines() if ": accuracy" in line]
    assert len({line.split("]")[1] for line in lines}) == len(lines) == 5
    found = read_records(tmp_path / "runs" / "mine")
    assert [record.status for record in found] == ["done"] * 5
    here = finish_here(tmp_path, tmp_path / "here")
    assert [(r.trial, r.test, r.curve.get("loss")) for r in found] == [
        (r.trial, r.test, r.curve.get("loss")) for r in here
    ]
