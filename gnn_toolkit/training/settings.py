"""The settings of a training, and the optimiser that they name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from gnn_toolkit import _checks

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adam-fused": partial(torch.optim.Adam, fused=True),
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "nesterov": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
}

KEPT = ("best", "last")
DEVICES: dict[str, Callable[[], bool]] = {
    "cpu": lambda: True,
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "auto": lambda: True,
}


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        steps: number of optimiser steps.
        stop_at: training ends at the validation that reaches this score; ``None`` never ends it early.
        patience: training ends after so many validations without a better one; ``None`` never ends it early.
        rising: training ends at the validation whose loss is above the mean of so many before it, as Yao et al. (2019)
            end it; ``watch`` must give the ``validation_loss``. ``None`` never ends it early.
        learning_rate: of the optimiser.
        optimizer: ``"adam"``; ``"adam-fused"``: the same in one pass over each parameter, rounded otherwise, which pays
            where a parameter has millions of numbers; ``"rmsprop"``, ``"sgd"``; ``"momentum"``: SGD with 0.9 of
            the step before; ``"nesterov"``: the same, the gradient taken after that part of the step.
        weight_decay: of the optimiser.
        decayed: only the parameters whose names hold this text are decayed, e.g. ``"layers.0."``; empty: all are.
        clip_norm: the whole gradient is rescaled to this norm where it is longer; ``None`` never does.
        evaluate_every: steps between validations, checkpoints and points of the curve.
        rate_decay: the learning rate is multiplied by this ...
        rate_decay_every: ... after every so many steps.
        keep: which weights the model ends with: those that validated ``"best"``, or the ``"last"`` ones.
        seed: of the batches.
        devices: processes that train together, each on its part of every batch; ``torchrun`` or another launcher starts
            them.
        device: ``"cpu"``, ``"cuda"``, ``"mps"`` or ``"auto"``.
        precision: of Fabric, e.g. ``"32-true"`` or ``"bf16-mixed"``.
    """

    steps: int
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    decayed: str = ""
    clip_norm: float | None = 1.0
    evaluate_every: int = 100
    keep: str = "best"
    rate_decay: float = 1.0
    rate_decay_every: int = 1
    seed: int = 0
    devices: int = 1
    device: str = "cpu"
    precision: Any = "32-true"
    stop_at: float | None = None
    patience: int | None = None
    rising: int | None = None


def optimizer(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Return the optimiser of a model's parameters, which are in two groups: those to decay, and those not.

    Raises:
        ValueError: an optimiser that is not known, a learning rate that is none, or no parameter of the name to decay.
    """
    if not 0 <= settings.learning_rate < math.inf:
        raise ValueError(
            _checks.problem("learning_rate", "a number of at least 0", settings.learning_rate, "pass e.g. 0.001")
        )
    named = dict(model.named_parameters())
    decayed = [name for name in named if settings.decayed in name]
    if not decayed:
        remedy = "model.named_parameters() has the names"
        allowed = f"a part of a parameter's name such as {next(iter(named), 'weight')}"
        raise ValueError(_checks.problem("decayed", allowed, repr(settings.decayed), remedy))
    groups = [{"params": [named[name] for name in decayed], "weight_decay": settings.weight_decay}]
    rest = [named[name] for name in named if name not in decayed]
    groups += [{"params": rest, "weight_decay": 0.0}] if rest else []
    kind = OPTIMIZERS[_checks.choice("optimizer", settings.optimizer, OPTIMIZERS)]
    return kind(groups, lr=settings.learning_rate)


def check_device(device: str) -> None:
    """Raise a ``ValueError`` unless a device is one that this machine has."""
    if not DEVICES[_checks.choice("device", device, DEVICES)]():
        here = ", ".join(name for name, is_here in DEVICES.items() if is_here())
        raise ValueError(_checks.problem("device", f"one that this machine has ({here})", repr(device), "pass cpu"))
