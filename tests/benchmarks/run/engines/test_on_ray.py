"""A real local cluster of two nodes, one of which is killed while both work."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.run import runner, trials
from benchmarks.run.records import read_records
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
import os, sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
from benchmarks.__main__ import main

if __name__ == "__main__":
    sizes = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**sizes, "include_dashboard": False})
    second = cluster.add_node(**sizes)
    os.environ["RAY_ADDRESS"] = cluster.address

    def kill():
        while len(list(Path("runs/mine/checkpoints").glob("*.pt"))) < 2:  # both nodes are at work
            time.sleep(0.005)
        cluster.remove_node(second, allow_graceful=False)
        print("lost a node", flush=True)

    threading.Thread(target=kill, daemon=True).start()
    sys.argv = ["benchmarks", "run", "mine.toml", "--engine", "ray", "--threads", "1"]
    main()
"""


def run(folder: Path, script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run([sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -e '.[ray]'")
def test_every_trial_is_finished_once_where_a_node_is_lost(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "cluster.py").write_text(CLUSTER, encoding="utf-8")
    output = run(tmp_path, "cluster.py")
    assert "lost a node" in output
    lines = [line for line in output.splitlines() if ": accuracy" in line]
    assert len({line.split("]")[1] for line in lines}) == len(lines) == 5
    found = read_records(tmp_path / "runs" / "mine")
    assert [record.status for record in found] == ["done"] * 5
    with (tmp_path / "here.txt").open("w") as lines:
        planned = trials.plan(suite.load(str(tmp_path / "mine.toml")), "cpu")
        runner.run(planned, Output(tmp_path / "here"), Console(file=lines))
    here = read_records(tmp_path / "here")
    assert [(r.trial, r.test, r.curve.get("loss")) for r in found] == [
        (r.trial, r.test, r.curve.get("loss")) for r in here
    ]
