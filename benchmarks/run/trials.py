"""One trial: build the model, train it, test it once, and say what it cost."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache

import torch
from lightning_fabric import seed_everything
from torch import nn

from gnn_toolkit.training import fit

from ..measure import flops, time_to_target
from ..measure.energy import Energy
from ..measure.machine import PeakMemory, describe
from ..suites.suite import Suite
from ..tables import MODELS, TASKS, VIEWS
from ..tasks.objective import course_of
from ..tasks.task import Batch, Budget, Problem
from .records import Record, Trial
from .workdir import Output

CHECKPOINT_SHARE = 0.01  # of a trial's time


def plan(suite: Suite, device: str, devices: int = 1) -> list[Trial]:
    """Return every trial of a suite: for each task its structure-free baselines, then its models, seed by seed."""
    planned = []
    for task in dict.fromkeys(task for task, _, _ in suite.comparisons):
        # A baseline has no randomness of its own, so one trial is enough unless the seed draws the split.
        for seed in range(suite.seeds if TASKS[task].split_by_seed else 1):
            planned += [Trial(task, "", name, seed, {}, suite.name) for name in TASKS[task].baselines]
        for _, view, model in (comparison for comparison in suite.comparisons if comparison[0] == task):
            for seed in range(suite.seeds):
                config = asdict(replace(suite.budget(task), seed=seed, device=device, devices=devices))
                planned.append(Trial(task, view, model, seed, config, suite.name))
    return planned


def problem_of(task: str, seed: int) -> Problem:
    """Return a task's data for a seed, kept for the next trial."""
    return _problem(task, seed if TASKS[task].split_by_seed else 0)


@lru_cache(maxsize=8)
def _problem(task: str, seed: int) -> Problem:
    return TASKS[task].problem(seed)


def run(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Run a trial and return its record."""
    return run_trial(trial, output, progress) if trial.view else run_baseline(trial)


def run_baseline(trial: Trial) -> Record:
    """Fit and test a structure-free baseline."""
    problem = problem_of(trial.task, trial.seed)
    memory, began = PeakMemory("cpu"), time.perf_counter()
    test, parameters = problem.baselines[trial.model]()
    return Record(
        trial,
        test=test,
        parameters=parameters,
        seconds=time.perf_counter() - began,
        overall_seconds=time.perf_counter() - began,
        peak_memory_mib=memory.mebibytes(),
        note=problem.note,
        machine=describe(),
    )


def run_trial(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Train and test a model; the test data are touched once, after training."""
    task, problem = TASKS[trial.task], problem_of(trial.task, trial.seed)
    budget, began, new = Budget(**trial.config), time.perf_counter(), not output.checkpoint(trial).exists()
    memory, gpu_memory = PeakMemory("cpu"), PeakMemory("cuda") if budget.device == "cuda" else None
    seed_everything(trial.seed, verbose=False)
    model = build(budget, problem, trial.view, trial.model)
    course = course_of(model, problem, task.metric, budget)
    logger, energy = output.log(trial), Energy(budget.device)
    history = fit(
        model,
        course.batch,
        course.loss,
        lambda network: course.score(network, "validation"),
        budget,
        higher_is_better=task.higher_is_better,
        checkpoint=output.checkpoint(trial),
        checkpoint_share=CHECKPOINT_SHARE,
        shard=Batch.part,
        logger=logger,
        progress=progress,
        watch=None if problem.corpus is None else course.watch,
        stateful=course.stateful,
    )
    joules = energy.joules()
    batch = course.batch(torch.Generator().manual_seed(trial.seed)).to(next(model.parameters()).device)
    flops_per_step = flops.of_step(model, lambda: course.loss(model, batch))
    model.eval()
    with torch.no_grad():
        test = course.score(model, "test")
    output.keep_model(trial, model)
    if logger is not None:
        logger.log_metrics({"test": test}, history.step[-1])
        logger.finalize("success")
    return Record(
        trial,
        test=test,
        parameters=sum(p.numel() for p in model.parameters()),
        seconds=history.seconds[-1],
        overall_seconds=time.perf_counter() - began if new else None,
        steps_per_second=history.step[-1] / history.seconds[-1],
        samples_per_second=history.step[-1] * batch.x.size(0) / history.seconds[-1],
        flops_per_step=flops_per_step,
        seconds_to_target=time_to_target.seconds_to(task.target, task.higher_is_better, history),
        peak_memory_mib=memory.mebibytes(),
        peak_gpu_memory_mib=None if gpu_memory is None else gpu_memory.mebibytes(),
        energy_joules=joules if new else None,
        curve=asdict(history),
        samples=course.samples(trial.seed),
        measures=course.measures(trial.seed),
        note=problem.note,
        machine=describe(),
    )


def build(budget: Budget, problem: Problem, view: str, model: str) -> nn.Module:
    """Return the model of a comparison, untrained."""
    transform = VIEWS[view].transform
    return MODELS[model].build(budget, problem, problem.graph if transform is None else transform(problem.graph))
