"""The cost of the toolkit and its runner by themselves: an import, the start of a trial, and all beside training."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..run import retry, trials
from ..run.records import Record, Trial
from ..run.workdir import Output
from ..suites import suite
from ..tasks.config import Config
from .case import Case, Contest


def imports(device: str) -> Contest:
    """Return the import of the toolkit against that of PyG, each in a fresh process."""
    return _costs(lambda: _import_milliseconds("gnn_toolkit"), lambda: _import_milliseconds("torch_geometric"))


def _import_milliseconds(package: str) -> float:
    code = f"import time; began = time.perf_counter(); import {package}; print(time.perf_counter() - began)"
    return 1e3 * float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def starts(device: str, *, allowed: float) -> Contest:
    """Return the milliseconds from a trial handed to the runner to the end of its first step, against those allowed."""
    trial = _trial(device, "club", "GCN", steps=1)

    def start() -> float:
        ends: list[float] = []
        began = time.perf_counter()
        _run(trial, lambda step: ends.append(time.perf_counter()))
        return 1e3 * (ends[0] - began)

    start()
    return _costs(start, lambda: allowed)


def overheads(device: str, *, steps: int) -> Contest:
    """Return a trial in the runner, less its validations and test, against the training steps in the same trial."""
    trial = _trial(device, "palindrome-20", "GRU", steps)
    trained: list[float] = []

    def whole() -> float:
        began = time.perf_counter()
        record = _run(trial, lambda step: None)
        took = time.perf_counter() - began
        trained.append(1e3 * record.curve["seconds"][-1])
        return 1e3 * (took - _judging(trial, len(record.curve["step"])))

    return _costs(whole, lambda: trained.pop())


def _judging(trial: Trial, validations: int) -> float:
    """Return the seconds that so many validations and a test take, measured by themselves."""
    objective = trials.objective_of(trial.task, trial.view, Config(**trial.config))
    model = trials.build(trial.model, objective).eval()
    began = time.perf_counter()
    with torch.no_grad():
        for _ in range(validations):
            objective.select(model)
        objective.test(model)
    return time.perf_counter() - began


def _trial(device: str, task: str, model: str, steps: int) -> Trial:
    chosen = suite.load("quick").only([task], [model]).set([f"steps={steps}", f"evaluate_every={max(1, steps // 5)}"])
    return next(trial for trial in trials.plan(replace(chosen, seeds=1), device) if trial.view)


def _run(trial: Trial, progress: Callable[[int], None]) -> Record:
    with tempfile.TemporaryDirectory() as folder:
        record = retry.work(trial, Output(Path(folder)), {}, progress)
    if record is None or record.status != "done":
        raise RuntimeError(f"the trial did not finish: {record}")
    return record


def _costs(ours: Callable[[], float], rival: Callable[[], float]) -> Contest:
    def nothing() -> list[Tensor]:
        return [torch.zeros(1)]

    return Contest(ours=nothing, expected=nothing, rival=nothing, costs=(ours, rival))


CASES: dict[str, Case] = {
    "import": Case("import of gnn_toolkit in a fresh process", "import of torch_geometric", "time", 2.0, imports),
    "trial-start": Case(
        "start of a trial after the first, to the end of its first step",
        "the 50 ms that it may take",
        "time",
        1.0,
        lambda device: starts(device, allowed=50.0),
    ),
    "runner": Case(
        "a trial with checkpoints and record, less validations and test: GRU on palindrome-20, 500 steps",
        "the training steps in the same trial",
        "time",
        1.02,
        lambda device: overheads(device, steps=500),
    ),
}
