"""One trial: build the model, train it, test it once, and say what it cost."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import product
from typing import Any

import torch
from lightning_fabric import seed_everything
from torch import nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.training import History, NotFiniteError, fit

from ..measure import flops, time_to_target
from ..measure.energy import Energy
from ..measure.machine import PeakMemory, describe
from ..plugins import load
from ..suites.suite import Suite
from ..tables import MODELS, TASKS, VIEWS
from ..tasks.config import Config
from ..tasks.metrics import Metric
from ..tasks.objective import Objective
from ..tasks.source import Source
from ..tasks.task import About, Baseline, TaskData
from .records import Record, Trial
from .workdir import Output

CHECKPOINT_SHARE = 0.01  # of a trial's time
MOST = 100_000  # trials of a run


def plan(suite: Suite, device: str, devices: int = 1) -> list[Trial]:
    """Return every trial of a suite: for each task its structure-free baselines, then its models, seed by seed.

    Raises:
        ValueError: more than ``MOST`` trials.
    """
    if suite.size > MOST:
        got = f"{suite.seeds} seeds of {len(suite.comparisons)} comparisons"
        raise ValueError(_checks.problem(f"{suite.name}: seeds", f"at most {MOST:,} trials", got, "take fewer seeds"))
    planned = []
    for label, group in suite.by_label().items():
        name, variant, task = group[0].task, group[0].variant, TASKS[group[0].task]
        config = suite.config(label)
        kept = {"data": config.data, "plugins": config.plugins}
        # A baseline has no randomness of its own, so one trial is enough unless the seed draws the split.
        for seed in range(suite.seeds if task.split_by_seed(config.data) else 1):
            planned += [Trial(name, "", baseline, seed, kept, suite.name, variant) for baseline in task.baselines]
        for one, point, seed in product(group, suite.points(label), range(suite.seeds)):
            values = asdict(replace(point, seed=seed, device=device, devices=devices))
            planned.append(Trial(name, one.view, one.model, seed, values, suite.name, variant))
    return planned


def data_of(task: str, seed: int, options: dict[str, Any]) -> TaskData:
    """Return a task's data for a seed, kept for the next trial."""
    return _data(*_same(task, seed, options))


@lru_cache(maxsize=8)
def _data(task: str, seed: int, options: tuple[tuple[str, Any], ...]) -> TaskData:
    return TASKS[task].load(seed, **dict(options))


def source_of(task: str, seed: int, options: dict[str, Any], view: str, device: str) -> Source:
    """Return a task's data for a seed as a view leaves them, kept for the next trial."""
    return _viewed(*_same(task, seed, options), view, device)


def _same(task: str, seed: int, options: dict[str, Any]) -> tuple[str, int, tuple[tuple[str, Any], ...]]:
    """Return what a task's data depend on: seeds that draw nothing of them share them."""
    return task, seed if TASKS[task].split_by_seed(options) else 0, tuple(sorted(options.items()))


@lru_cache(maxsize=8)
def _viewed(task: str, seed: int, options: tuple[tuple[str, Any], ...], view: str, device: str) -> Source:
    transform = VIEWS[view].transform
    return _data(task, seed, options).source.viewed(_as_it_is if transform is None else transform, device)


def _as_it_is(data: Data) -> Data:
    return data


def objective_of(task: str, view: str, config: Config) -> Objective:
    """Return the objective of a trial: its data as the view leaves them, its loss and its scores."""
    source = source_of(task, config.seed, config.data, view, config.device)
    return data_of(task, config.seed, config.data).objective(source, config)


def build(model: str, objective: Objective) -> nn.Module:
    """Return the model of a trial, untrained."""
    return MODELS[model].builders[objective.form].build(objective.config, objective)


def run(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Run a trial and return its record."""
    load(trial.config.get("plugins", ()))
    return run_trial(trial, output, progress) if trial.view else run_baseline(trial)


def run_baseline(trial: Trial) -> Record:
    """Fit and test a structure-free baseline."""
    task, options = TASKS[trial.task], trial.config["data"]
    data = data_of(trial.task, trial.seed, options)
    memory, began = PeakMemory("cpu"), time.perf_counter()
    found = data.baselines[trial.model]()
    found = found if isinstance(found, Baseline) else Baseline(*found)
    return Record(
        trial,
        test=_finite(found.test, trial, task.metric),
        parameters=found.parameters,
        measures=found.measures,
        seconds=time.perf_counter() - began,
        overall_seconds=time.perf_counter() - began,
        peak_memory_mib=memory.mebibytes(),
        note=data.note,
        about=asdict(About.of(trial.task, task, options)),
        machine=describe(),
    )


def run_trial(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Train and test a model; the test data are touched once, after training."""
    task, config = TASKS[trial.task], Config(**trial.config)
    began, new = time.perf_counter(), not output.checkpoint(trial).exists()
    memory, gpu_memory = PeakMemory("cpu"), PeakMemory("cuda") if config.device == "cuda" else None
    objective = objective_of(trial.task, trial.view, config)
    seed_everything(trial.seed, verbose=False)
    model = build(trial.model, objective)
    logger, energy = output.log(trial), Energy(config.device)
    history = train(trial, model, objective, output, progress, logger)
    joules = energy.joules()
    batch = objective.batch(torch.Generator().manual_seed(trial.seed)).to(str(next(model.parameters()).device))
    flops_per_step = flops.of_step(model, lambda: objective.loss(model, batch))
    model.eval()
    with torch.no_grad():
        scores = objective.test(model)
    test = _finite(scores.mean, trial, task.metric)
    output.keep_model(trial, model)
    if logger is not None:
        logger.log_metrics({"test": test}, history.step[-1])
        logger.finalize("success")
    return Record(
        trial,
        test=test,
        units=scores.units,
        pooling=scores.pooling,
        parameters=sum(p.numel() for p in model.parameters()),
        seconds=history.seconds[-1],
        overall_seconds=time.perf_counter() - began if new else None,
        steps_per_second=history.step[-1] / history.seconds[-1],
        samples_per_second=history.step[-1] * batch.num_graphs / history.seconds[-1],
        flops_per_step=flops_per_step,
        seconds_to_target=time_to_target.seconds_to(config.target, task.selects.higher_is_better, history),
        peak_memory_mib=memory.mebibytes(),
        peak_gpu_memory_mib=None if gpu_memory is None else gpu_memory.mebibytes(),
        energy_joules=joules if new else None,
        curve=asdict(history),
        samples=objective.samples(model, trial.seed),
        measures=objective.measures(model, trial.seed),
        note=data_of(trial.task, trial.seed, config.data).note,
        about=asdict(About.of(trial.task, task, config.data)),
        machine=describe(),
    )


def train(
    trial: Trial,
    model: nn.Module,
    objective: Objective,
    output: Output,
    progress: Callable[[int], None],
    logger: Any = None,
) -> History:
    """Train a trial's model in place and return the history."""
    selects = TASKS[trial.task].selects
    return fit(
        model,
        objective.batch,
        objective.loss,
        lambda network: _finite(objective.select(network), trial, selects),
        objective.config,
        higher_is_better=selects.higher_is_better,
        checkpoint=output.checkpoint(trial),
        checkpoint_share=CHECKPOINT_SHARE,
        shard=objective.shard,
        logger=logger,
        progress=progress,
        watch=objective.watch if objective.watches else None,
        stateful=objective.stateful,
    )


def _finite(score: float, trial: Trial, metric: Metric) -> float:
    """Return a score if it is a number.

    Raises:
        NotFiniteError: it is not.
    """
    if not math.isfinite(score):
        raise NotFiniteError(f"the {metric} of {trial.model} on {trial.label} is {score}: see the metric and the data")
    return score
