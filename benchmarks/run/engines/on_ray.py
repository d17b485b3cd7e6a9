"""The trials on a Ray cluster: each a task with the cores or GPU that it needs, started again where its node is lost.

The runner alone holds the claims and writes the records, so that every trial is finished once whatever happens to a
worker. A checkpoint is kept in the run's folder: where all nodes share it, a trial that lost its worker goes on from
there, elsewhere it begins anew.
"""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from gnn_toolkit import _checks

from ...measure.machine import limit_threads
from .. import retry
from ..locks import claim, owner
from ..records import Record, Trial
from ..workdir import Output
from .engine import Watcher, Work

ROOT = Path(__file__).parents[3]
EXCLUDED = ["runs", ".venv", ".git", "docs", "tests", "build", "dist"]
RETRIES = 3  # of a trial whose worker or node was lost


def run(work: Work, watcher: Watcher) -> None:
    """Run every trial on the cluster that ``RAY_ADDRESS`` names, or on one of this machine alone.

    Raises:
        ValueError: Ray is not installed.
        OSError: the folder cannot be written.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise ValueError(_checks.problem("--engine", "Ray", "no Ray", "pip install -e '.[ray]'")) from None
    variables = {name: value for name, value in os.environ.items() if name == "GNN_TOOLKIT_DATA"}
    environment: dict[str, Any] = {"env_vars": variables}
    if (ROOT / "pyproject.toml").is_file():  # a checkout goes to all nodes; what is installed is installed on them
        environment |= {"working_dir": str(ROOT), "excludes": EXCLUDED}
    with ray.init(runtime_env=environment, log_to_driver=False):
        held = _run(ray, work.trials, work, watcher, wait=False)
        for trial in held:
            watcher.held(trial, owner(work.output.folder, trial.id))
            _run(ray, [trial], work, watcher, wait=True)


def _run(ray: Any, trials: list[Trial], work: Work, watcher: Watcher, *, wait: bool) -> list[Trial]:
    """Run the trials that no other runner holds and return the others."""
    held: list[Trial] = []
    running: dict[Any, tuple[Trial, ExitStack]] = {}
    with ExitStack() as claims:
        for trial in trials:
            own = claims.enter_context(ExitStack())
            if not own.enter_context(claim(work.output.folder, trial.id, wait=wait)):
                held.append(trial)
            elif record := retry.settled(trial, work.output, work.earlier):
                own.close()
                watcher.finished(record)
            else:
                running[_submit(ray, trial, work)] = (trial, own)
        while running:
            (ready,), _ = ray.wait(list(running))
            trial, own = running.pop(ready)
            watcher.finished(retry.keep(_result(ray, ready, trial), work.output))
            own.close()
    return held


def _submit(ray: Any, trial: Trial, work: Work) -> Any:
    gpus = 1 if trial.config.get("device") == "cuda" else 0
    task = ray.remote(num_cpus=work.threads, num_gpus=gpus, max_retries=RETRIES)(_attempt)
    return task.remote(trial, replace(work.output, folder=work.output.folder.absolute()), work.threads)


def _attempt(trial: Trial, output: Output, threads: int) -> Record | OSError:
    """Run a trial on a worker; an error of its disk comes back as it is."""
    limit_threads(threads)
    try:
        return retry.attempt(trial, output, lambda steps: None)
    except OSError as error:
        return OSError(error.errno, error.strerror, error.filename)


def _result(ray: Any, ready: Any, trial: Trial) -> Record:
    try:
        result = ray.get(ready)
    except ray.exceptions.RayTaskError as error:  # what it raised could not be sent as it was
        return Record(trial, status="failed", error=str(error))
    except ray.exceptions.RayError as error:  # its worker was lost more often than it is tried again
        return Record(trial, status="interrupted", error=str(error))
    if isinstance(result, OSError):
        raise result
    return result
