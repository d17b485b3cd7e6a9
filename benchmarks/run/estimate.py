"""Estimates of how long trials will take: from earlier trials like them on this machine, or from a few steps."""

import math
import time
from collections.abc import Iterable
from contextlib import suppress
from statistics import median

import torch

from gnn_toolkit.datasets import DatasetUnavailableError

from ..measure.machine import describe
from ..tasks.config import Config
from . import trials
from .records import Record, Trial

MACHINE = ("processor", "cores", "threads", "gpu")
SIZES = ("batch_size", "hidden_channels", "num_layers", "num_convolutions", "device", "precision")


LIMIT = 60  # seconds of trying, after which what is unlike any earlier trial stays unknown


def estimates(waiting: Iterable[Trial], records: Iterable[Record]) -> list[float | None]:
    """Return the seconds that each trial will take; of those unlike any earlier trial one of a kind is tried.

    ``None`` for baselines, for data that are not at hand, and once trying has taken :data:`LIMIT` seconds.
    """
    known, began = list(records), time.perf_counter()
    seconds_a_step: dict[tuple[object, ...], float | None] = {}
    found = []
    for trial in waiting:
        kind, steps = kind_of(trial), trial.config.get("steps", 1)
        if kind not in seconds_a_step:
            seconds = seconds_of(trial, known)
            if seconds is None and trial.view and time.perf_counter() - began < LIMIT:
                with suppress(DatasetUnavailableError):
                    seconds = measured_seconds(trial)
            seconds_a_step[kind] = None if seconds is None else seconds / steps
        each = seconds_a_step[kind]
        found.append(None if each is None else each * steps)
    return found


def seconds_of(trial: Trial, records: Iterable[Record]) -> float | None:
    """Return the seconds that a trial will take: those of the median trial like it, in proportion to the steps.

    Trials are alike that have task, view, model, sizes and machine in common. ``None`` where there is none.
    """
    alike = [
        record.overall_seconds / record.trial.config.get("steps", 1)
        for record in records
        if record.status == "done" and record.overall_seconds is not None and kind_of(record.trial) == kind_of(trial)
        if all(record.machine.get(key) == describe()[key] for key in MACHINE)
    ]
    return median(alike) * trial.config.get("steps", 1) if alike else None


def measured_seconds(trial: Trial, budget: float = 1.0) -> float:
    """Return the seconds that a trial will take, from its preparation, a few of its steps and a validation, made now.

    The test is taken to cost as much as a validation.

    Args:
        trial: of a model.
        budget: seconds of training steps, at least one step.
    """
    config, began = Config(**trial.config), time.perf_counter()
    objective = trials.objective_of(trial.task, trial.view, config)
    model = trials.build(trial.model, objective).to(config.device)
    optimizer, generator = torch.optim.Adam(model.parameters()), torch.Generator().manual_seed(trial.seed)

    def step() -> None:
        optimizer.zero_grad()
        objective.loss(model, objective.batch(generator).to(config.device)).backward()
        optimizer.step()

    step()  # the first one also allocates, and belongs to the preparation
    prepared, steps, started = time.perf_counter() - began, 0, time.perf_counter()
    while steps == 0 or time.perf_counter() - started < budget:
        step()
        steps += 1
    per_step, started = (time.perf_counter() - started) / steps, time.perf_counter()
    with torch.no_grad():
        objective.select(model.eval())
    validation = time.perf_counter() - started
    return prepared + config.steps * per_step + (math.ceil(config.steps / config.evaluate_every) + 1) * validation


def kind_of(trial: Trial) -> tuple[object, ...]:
    """Return what trials have in common that take about as long for each step."""
    return (trial.label, trial.view, trial.model, *(trial.config.get(key) for key in SIZES))


def spoken(seconds: float) -> str:
    """Return a duration in words.

    >>> spoken(4.0), spoken(200), spoken(9000)
    ('4.0 s', '3.3 min', '2.5 h')
    """
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"
