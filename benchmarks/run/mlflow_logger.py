"""MLflow as a logger of Fabric, in a store of its own: one experiment a suite, one run a session of a trial."""

from importlib import import_module
from typing import Any

from lightning_fabric.loggers.logger import Logger
from lightning_fabric.utilities.rank_zero import rank_zero_only

from .records import Trial


class MLflowLogger(Logger):
    """Writes to a store such as ``sqlite:///mlflow.db``; the run is made with the first metric.

    Args:
        store: MLflow's address of it.
        trial: names experiment and run; its configuration becomes the run's parameters.
    """

    def __init__(self, store: str, trial: Trial) -> None:
        self.store, self.trial = store, trial
        self._client: Any = None
        self._run = ""

    @property
    def name(self) -> str:
        """The trial's id."""
        return self.trial.id

    @property
    def version(self) -> str:
        """MLflow's id of the run."""
        return self._run

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Write parameters."""
        for key, value in params.items():
            self._started().log_param(self._run, key, value)

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Write metrics."""
        for key, value in metrics.items():
            self._started().log_metric(self._run, key, float(value), step=step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run: ``"success"`` or anything else."""
        if self._client is not None:
            self._client.set_terminated(self._run, "FINISHED" if status == "success" else "FAILED")

    def _started(self) -> Any:
        if self._client is None:
            self._client = import_module("mlflow.tracking").MlflowClient(self.store)
            tags = {"task": self.trial.label, "view": self.trial.view, "model": self.trial.model}
            experiment = self._experiment(self._client, self.trial.suite or "benchmarks")
            self._run = self._client.create_run(experiment, tags=tags, run_name=self.trial.title).info.run_id
            self.log_hyperparams({**self.trial.config, "trial": self.trial.id})
        return self._client

    @staticmethod
    def _experiment(client: Any, name: str) -> str:
        try:
            return client.create_experiment(name)
        except import_module("mlflow.exceptions").MlflowException:  # it is there already: another process was faster
            return client.get_experiment_by_name(name).experiment_id
