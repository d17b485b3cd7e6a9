"""A trial, and the record of what came out of it."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

LONGEST = 120  # bytes of an id before its seed: file systems allow a name of 255 bytes


def fingerprint(trial: dict[str, Any]) -> str:
    """Return ten hexadecimal digits that tell a trial's content from every other's."""
    return hashlib.sha256(json.dumps(trial, sort_keys=True).encode()).hexdigest()[:10]


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
        words = "-".join(filter(None, (self.label, self.view, self.model))).replace("+", "and")
        plain = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", "-".join(words.split())).lstrip(".")
        plain = plain.encode("utf-8", "ignore")[:LONGEST].decode("utf-8", "ignore")
        return f"{plain}-seed{self.seed}-{fingerprint(asdict(self))}"


@dataclass(frozen=True)
class Record:
    """What came out.

    Attributes:
        trial: what was run.
        status: ``"done"``; ``"failed"``; or ``"interrupted"``, by what is not the trial's fault: want of memory, a lost
            connection, a lost process.
        test: the test score of the weights that validated best, or of the last where the task says so; ``None`` if the
            trial is not done.
        units: the score of each independent unit of the test set (graph, document, node), in the test set's order;
            empty where they are not at hand.
        pooling: how the units' scores make the test score: ``"mean"``, ``"root mean"`` or ``"median"``.
        parameters: parameter count; ``None`` where it is not at hand, as all that follows.
        seconds: seconds of training.
        overall_seconds: seconds of the whole trial, with data, validation and test; ``None`` where it was continued.
        steps_per_second: training steps per second.
        samples_per_second: graphs or windows of text seen per second of training.
        flops_per_step: floating-point operations of one training step, forward and backward.
        seconds_to_target: seconds of training until the validation score first reached the task's target; ``None``
            where it never did.
        peak_memory_mib: peak memory of the process.
        peak_gpu_memory_mib: peak memory of the GPU.
        energy_joules: energy of the training, where the machine can say it; ``None`` also for a resumed trial.
        curve: the training history.
        samples: text written by the trained model, by temperature.
        measures: what else was measured of the trained model, by name.
        error: the traceback of a trial that is not done.
        note: what the task's data are.
        about: what a report says of the task (:class:`benchmarks.tasks.task.About`).
        machine: where it ran.
    """

    trial: Trial
    status: str = "done"
    test: float | None = None
    units: list[float] = field(default_factory=list)
    pooling: str = "mean"
    parameters: int | None = None
    seconds: float | None = None
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
