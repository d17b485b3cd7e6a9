"""The plan of a training on a text: how long it takes on this machine, and how many steps fit into a time."""

import math
import statistics
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from gnn_toolkit.training.batching import Reader
from gnn_toolkit.training.loop import fit

if TYPE_CHECKING:
    from gnn_toolkit.training.text_training import TextSettings

FIRST, TIMED = 2, 4  # steps that only warm the machine up, and those that are timed
VALIDATIONS = 20
SHARE = 0.25  # of the time, at most, that goes into validations


@dataclass(frozen=True)
class TextPlan:
    """What a training will do.

    Attributes:
        steps: training steps.
        done: of these, how many a checkpoint has already.
        every: steps between validations, and between falls of the learning rate.
        held_out: characters that a validation judges.
        step_seconds: of one training step, as measured on this machine.
        validation_seconds: of one validation, estimated from it.
    """

    steps: int
    done: int
    every: int
    held_out: int
    step_seconds: float
    validation_seconds: float

    @property
    def seconds(self) -> float:
        """How long the rest will take."""
        left = self.steps - self.done
        return left * self.step_seconds + math.ceil(left / self.every) * self.validation_seconds


def planned(
    settings: "TextSettings", step_seconds: float, held_out: int, kept: dict[str, Any] | None = None, done: int = 0
) -> TextPlan:
    """Return what a training does: so many steps as its settings say, or as fit into its minutes.

    Into a time, 20 validations are put, fewer where they would take more than a quarter of it, and where 4 would take
    more they judge only the beginning of their stretch. A training that goes on keeps what it was planned with.

    Args:
        settings: with ``steps``, or with ``minutes``.
        step_seconds: of one training step.
        held_out: characters to validate on.
        kept: of a checkpoint: the ``minutes``, ``steps``, ``every`` and ``held_out`` that it was planned with.
        done: steps that the checkpoint has.
    """
    character = step_seconds / (3 * settings.batch_size * settings.window)  # forward is a third of a step
    if settings.minutes is None:
        every = settings.evaluate_every
        return TextPlan(settings.steps, done, every, held_out, step_seconds, held_out * character)
    if kept is not None:
        steps = max(1, round(kept["steps"] * settings.minutes / kept["minutes"]))
        return TextPlan(steps, done, kept["every"], kept["held_out"], step_seconds, kept["held_out"] * character)
    seconds = 60 * settings.minutes
    count = min(VALIDATIONS, max(4, int(SHARE * seconds / (held_out * character))))
    judged = max(2, min(held_out, int(SHARE * seconds / (count * character))))
    steps = max(1, int((seconds - count * judged * character) / step_seconds))
    return TextPlan(steps, done, math.ceil(steps / count), judged, step_seconds, judged * character)


def seconds_of_a_step(
    model: nn.Module, reader: Reader, settings: "TextSettings", progress: Callable[[int], None] | None = None
) -> float:
    """Return the median time of a training step, from a few steps of a copy of the model.

    Args:
        model: keeps its weights, and torch's random numbers their state.
        reader: draws batches; one that is used for nothing else.
        settings: of the training.
        progress: called with 0 after every step.
    """
    short = replace(
        settings, steps=FIRST + TIMED, evaluate_every=1, patience=None, stop_at=None, keep="last", learning_rate=1e-6
    )
    with torch.random.fork_rng(devices=[]):
        history = fit(
            deepcopy(model),
            reader.batch,
            reader.loss,
            lambda _: 0.0,
            short,
            higher_is_better=False,
            progress=None if progress is None else lambda _: progress(0),
        )
    return statistics.median(b - a for a, b in zip(history.seconds[FIRST - 1 :], history.seconds[FIRST:], strict=False))
