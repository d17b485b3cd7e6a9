"""Estimates of how long trials will take, from earlier trials like them on this machine."""

from collections.abc import Iterable
from statistics import median

from ..measure.machine import describe
from .records import Record, Trial

MACHINE = ("processor", "cores", "threads", "gpu")
SIZES = ("batch_size", "hidden_channels", "num_layers", "num_convolutions", "device", "precision")


def seconds_of(trial: Trial, records: Iterable[Record]) -> float | None:
    """Return the seconds that a trial will take: those of the median trial like it, in proportion to the steps.

    Trials are alike that have task, view, model, sizes and machine in common. ``None`` where there is none.
    """
    alike = [
        record.overall_seconds / record.trial.config.get("steps", 1)
        for record in records
        if record.status == "done" and record.overall_seconds is not None and _kind(record.trial) == _kind(trial)
        if all(record.machine.get(key) == describe()[key] for key in MACHINE)
    ]
    return median(alike) * trial.config.get("steps", 1) if alike else None


def _kind(trial: Trial) -> tuple[object, ...]:
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
