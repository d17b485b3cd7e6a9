"""What the toolkit and its runner cost by themselves: the import, the start of a trial, and all that is not training."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from lightning_fabric import seed_everything
from torch import Tensor

from benchmarks import attempts, suite, trials
from benchmarks.output import Output
from benchmarks.records import Trial
from benchmarks.speed.contest import Case, Contest
from benchmarks.tables import TASKS
from benchmarks.tasks.task import Budget
from gnn_toolkit.training import fit


def imports(device: str) -> Contest:
    """Return the import of the toolkit against that of PyG, each in a fresh process."""
    return _costs(lambda: _import_milliseconds("gnn_toolkit"), lambda: _import_milliseconds("torch_geometric"))


def _import_milliseconds(package: str) -> float:
    code = f"import time; began = time.perf_counter(); import {package}; print(time.perf_counter() - began)"
    return 1e3 * float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def starts(device: str, *, allowed: float) -> Contest:
    """Return the milliseconds from handing a trial to the runner to the end of its first step, against those allowed."""
    trial = _trial(device, "club", "GCN", steps=1)

    def start() -> float:
        ends: list[float] = []
        began = time.perf_counter()
        _run(trial, lambda step: ends.append(time.perf_counter()))
        return 1e3 * (ends[0] - began)

    start()
    return _costs(start, lambda: allowed)


def overheads(device: str, *, steps: int) -> Contest:
    """Return a trial in the runner, checkpoints and record included, against its training, validation and test alone."""
    trial = _trial(device, "palindrome-20", "GRU", steps)
    return _costs(lambda: _timed(lambda: _run(trial, lambda step: None)), lambda: _timed(lambda: _bare(trial)))


def _trial(device: str, task: str, model: str, steps: int) -> Trial:
    chosen = suite.load("quick").only([task], [model]).set([f"steps={steps}"])
    return next(trial for trial in trials.plan(replace(chosen, seeds=1), device) if trial.view)


def _run(trial: Trial, progress: Callable[[int], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = attempts.work(trial, Output(Path(folder)), 0.0, progress)
    if record is None or record.status != "done":
        raise RuntimeError(f"the trial did not finish: {record}")


def _bare(trial: Trial) -> None:
    task, problem, budget = TASKS[trial.task], trials.problem_of(trial.task, trial.seed), Budget(**trial.config)
    seed_everything(trial.seed, verbose=False)
    model = trials.build(budget, problem, trial.view, trial.model)
    fit(
        model,
        lambda generator: problem.train(generator, budget.batch_size),
        lambda network, batch: trials.training_loss(network, batch, task.metric),
        lambda network: trials.evaluate(network, problem, task.metric, "validation"),
        budget,
        higher_is_better=task.higher_is_better,
    )
    model.eval()
    with torch.no_grad():
        trials.evaluate(model, problem, task.metric, "test")


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - began)


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
        "a trial in the runner, with checkpoints and record, GRU on palindrome-20, 500 steps",
        "its training, validation and test alone",
        "time",
        1.02,
        lambda device: overheads(device, steps=500),
    ),
}
