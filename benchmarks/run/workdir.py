"""The folder of a run: where it writes, and what beside its records."""

from dataclasses import asdict, dataclass
from pathlib import Path

from lightning_fabric.loggers.logger import Logger
from torch import nn

from gnn_toolkit import _checks
from gnn_toolkit.training import save_weights

from .loggers import LOGGERS
from .records import Trial

LONGEST = 100  # bytes of a run's name


def folder_name(argument: str, name: str) -> str:
    """Return the name of a run's folder if it is one: a plain name, which leads nowhere else.

    Raises:
        ValueError: it is none.
    """
    plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and name == name.strip(". ")
    if not name or not plain or len(name.encode()) > LONGEST:
        allowed = f"a plain name of at most {LONGEST} bytes for a folder under runs/"
        raise ValueError(_checks.problem(argument, allowed, repr(name), "write e.g. --name second-try"))
    return name


@dataclass(frozen=True)
class Output:
    """A run's folder.

    Attributes:
        folder: holds records, checkpoints and locks.
        logger: name of the logger that hears of the training; empty for none.
        models: whether trained models are kept.
    """

    folder: Path
    logger: str = ""
    models: bool = False

    def checkpoint(self, trial: Trial) -> Path:
        """Return where the state of a trial under way is kept."""
        return self.folder / "checkpoints" / f"{trial.id}.pt"

    def model(self, trial: Trial) -> Path:
        """Return where the trained model of a trial is kept."""
        return self.folder / "models" / f"{trial.id}.safetensors"

    def log(self, trial: Trial) -> Logger | None:
        """Return the trial's logger, if one is wanted."""
        return LOGGERS[self.logger].make(self.folder, trial) if self.logger else None

    def keep_model(self, trial: Trial, model: nn.Module) -> None:
        """Keep a trained model if that is wanted: its weights, and the trial that says how to build it."""
        if self.models:
            save_weights(self.model(trial), model, asdict(trial))
