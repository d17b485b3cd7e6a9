"""A record of every trial: one JSON file, written whole or not at all."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gnn_toolkit.training import write_atomically


@dataclass(frozen=True)
class Trial:
    """What is run: one model on one view of one task, from one seed.

    Attributes:
        task: name of the task.
        view: name of the view; empty for a structure-free baseline.
        model: name of the model or baseline.
        seed: of the initial weights, of the batches and, in the club, of the split.
        config: everything else that the result depends on.
        suite: the suite that it belongs to.
        variant: of the configuration, as the suite names it; empty for the task's own.
    """

    task: str
    view: str
    model: str
    seed: int
    config: dict[str, Any]
    suite: str = ""
    variant: str = ""

    @property
    def label(self) -> str:
        """The task and the variant of its configuration: what is compared within one label can be compared."""
        return "-".join(filter(None, (self.task, self.variant)))

    @property
    def title(self) -> str:
        """Its name for people."""
        return " · ".join(filter(None, (self.label, self.view, self.model, f"seed {self.seed}")))

    @property
    def id(self) -> str:
        """A readable name that ends in a hash of the whole content, so that a changed configuration runs anew."""
        content = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:10]
        words = "-".join(filter(None, (self.label, self.view, self.model))).replace("+", "and")
        return f"{'-'.join(words.split())}-seed{self.seed}-{content}"


@dataclass(frozen=True)
class Record:
    """What came out.

    Attributes:
        trial: what was run.
        status: ``"done"`` or ``"failed"``.
        test: the test score of the weights that validated best, or of the last where the task says so; ``None`` if the
            trial failed.
        units: the score of each independent unit of the test set, in its order; empty where they are not at hand.
        pooling: how the units' scores make the test score: ``"mean"`` or ``"root mean"``.
        parameters: parameter count.
        seconds: seconds of training.
        overall_seconds: seconds of the whole trial, with data, validation and test; ``None`` where it was continued.
        steps_per_second: training steps per second.
        samples_per_second: graphs or windows of text seen per second of training.
        flops_per_step: floating-point operations of one training step, forward and backward.
        seconds_to_target: seconds of training until the validation score first reached the task's target; ``None``
            where it never did.
        peak_memory_mib: peak memory of the process.
        peak_gpu_memory_mib: peak memory of the GPU.
        energy_joules: energy of the training, where the machine can say it; ``None`` also for a trial taken up again.
        curve: the training history.
        samples: text written by the trained model, by temperature.
        measures: what else was measured of the trained model, by name.
        error: the traceback of a failed trial.
        note: what the task's data are.
        about: what a report says of the task (:class:`benchmarks.tasks.task.About`).
        machine: where it ran.
    """

    trial: Trial
    status: str = "done"
    test: float | None = None
    units: list[float] = field(default_factory=list)
    pooling: str = "mean"
    parameters: int = 0
    seconds: float = 0.0
    overall_seconds: float | None = None
    steps_per_second: float | None = None
    samples_per_second: float | None = None
    flops_per_step: int | None = None
    seconds_to_target: float | None = None
    peak_memory_mib: float | None = None
    peak_gpu_memory_mib: float | None = None
    energy_joules: float | None = None
    curve: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)
    error: str = ""
    note: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)


def record_path(folder: Path, trial: Trial) -> Path:
    """Return where the record of a trial is kept."""
    return folder / "records" / f"{trial.id}.json"


def write_record(folder: Path, record: Record) -> Path:
    """Write a record into a run's folder and return its path."""
    path = record_path(folder, record.trial)
    content = json.dumps(asdict(record), indent=1, ensure_ascii=False).encode()
    write_atomically(path, lambda file: file.write(content))
    return path


def read_record(folder: Path, trial: Trial) -> Record | None:
    """Return the record of a trial, if there is one."""
    path = record_path(folder, trial)
    return _read(path) if path.exists() else None


def read_records(folder: Path) -> list[Record]:
    """Return the records of a run, in the order of their names."""
    return [_read(path) for path in sorted((folder / "records").glob("*.json"))]


def _read(path: Path) -> Record:
    content = json.loads(path.read_text(encoding="utf-8"))
    return Record(**{**content, "trial": Trial(**content["trial"])})
