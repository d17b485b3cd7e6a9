"""Training in two processes that ``torchrun`` starts: real ones, talking through gloo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, os, sys
import torch
from gnn_toolkit.training import Settings, fit

devices, stop = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(0)
hidden = [torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Dropout(float(sys.argv[3]))]
model = torch.nn.Sequential(*hidden, torch.nn.Linear(8, 1))

def draw(generator):
    x = torch.randn(16, 4, generator=generator)
    return x, x.sum(1, keepdim=True)

def loss(network, batch):
    return torch.nn.functional.mse_loss(network(batch[0]), batch[1])

def stop_at(step):
    if step == stop:
        sys.exit(7)

from pathlib import Path
history = fit(
    model, draw, loss, lambda network: float(loss(network, draw(torch.Generator().manual_seed(9)))),
    Settings(steps=20, learning_rate=0.05, evaluate_every=5, devices=devices),
    higher_is_better=False, shard=lambda batch, place, count: (batch[0][place::count], batch[1][place::count]),
    checkpoint=Path(sys.argv[4]), progress=stop_at,
)
if int(os.environ.get("RANK", 0)) == 0:
    print(json.dumps([history.loss, history.validation]))
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()  # else its threads may outlive what they use
"""


def train(folder: Path, devices: int, dropout: float, name: str, stop: int = 0) -> list[list[float]] | None:
    script = folder / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"] if devices == 2 else []
    arguments = [str(script), str(devices), str(stop), str(dropout), str(folder / name)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    if stop:
        assert done.returncode != 0
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_two_processes_agree_with_one(tmp_path: Path):
    one, two = train(tmp_path, 1, 0.0, "one.pt"), train(tmp_path, 2, 0.0, "two.pt")
    assert one is not None
    assert two is not None
    assert two[0] == pytest.approx(one[0], rel=1e-4)
    assert two[1] == pytest.approx(one[1], rel=1e-4)
    assert one[0][-1] < 0.5 * one[0][0]


def test_two_processes_that_are_interrupted_go_on_with_their_own_random_numbers(tmp_path: Path):
    whole = train(tmp_path, 2, 0.5, "whole.pt")
    train(tmp_path, 2, 0.5, "broken.pt", stop=12)
    assert train(tmp_path, 2, 0.5, "broken.pt") == whole
