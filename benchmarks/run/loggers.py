"""The loggers that people already use: what training tells them beside the records. All are off unless asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lightning_fabric.loggers.csv_logs import CSVLogger
from lightning_fabric.loggers.logger import Logger
from lightning_fabric.loggers.tensorboard import TensorBoardLogger

from gnn_toolkit import _checks

from .mlflow_logger import MLflowLogger
from .records import Trial


@dataclass(frozen=True)
class Kind:
    """A kind of logger.

    Attributes:
        text: what it writes and where, in a line.
        package: what must be installed for it; empty for nothing.
        make: makes the logger of a trial in a run's folder.
    """

    text: str
    package: str
    make: Callable[[Path, Trial], Logger]


def _csv(folder: Path, trial: Trial) -> Logger:
    return CSVLogger(folder / "logs", trial.id, flush_logs_every_n_steps=1)


def _tensorboard(folder: Path, trial: Trial) -> Logger:
    return TensorBoardLogger(folder / "logs", trial.id)


def _mlflow(folder: Path, trial: Trial) -> Logger:
    return MLflowLogger(f"sqlite:///{(folder / 'mlflow.db').absolute()}", trial)


LOGGERS: dict[str, Kind] = {
    "csv": Kind("logs/<trial>/version_<n>/metrics.csv", "", _csv),
    "tensorboard": Kind("logs/<trial>/version_<n> for `tensorboard --logdir`", "tensorboard", _tensorboard),
    "mlflow": Kind("mlflow.db for `mlflow ui --backend-store-uri sqlite:///...`", "mlflow", _mlflow),
}


def check(name: str) -> str:
    """Return the name of a logger, or of none where it is empty, if it can be used here.

    Raises:
        ValueError: there is none of that name, or its package is not installed.
    """
    if not name:
        return name
    package = LOGGERS[_checks.choice("--logger", name, LOGGERS)].package
    try:
        if package:
            import_module(package)
    except ModuleNotFoundError:
        remedy = f"pip install -e '.[{name}]'"
        raise ValueError(_checks.problem("--logger", "an installed package", f"no {package}", remedy)) from None
    return name
