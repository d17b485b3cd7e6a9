"""``run``: a suite, or a part of it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from gnn_toolkit import _checks

from ..measure import machine
from ..run import loggers, runner, trials
from ..run.entries import declare
from ..run.estimate import LIMIT, estimates, spoken
from ..run.record_files import read_records
from ..run.records import Trial
from ..run.retry import STORAGE
from ..run.workdir import Output, folder_name
from ..suites import suite
from . import shared


def run(
    name: Annotated[str, typer.Argument(metavar="SUITE", help="A suite that `list` names, or a TOML file.")] = "quick",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task, or those of this pattern; may be given again.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only this model, or pattern; may be given again.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds: 0, 1, ...; default: the suite's.", min=1)] = None,
    steps: Annotated[
        int | None, typer.Option(help="Training steps of every trial; default: the suite's.", min=1)
    ] = None,
    assign: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, or task.key=value: replaces what the suite says.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Leave out the suite's cuts; takes long.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    out: Annotated[
        str | None, typer.Option("--name", help="Folder of the run under runs/; default: the suite.")
    ] = None,
    devices: Annotated[int, typer.Option(help="Processes that train a model together, each on its device.", min=1)] = 1,
    engine: Annotated[str, typer.Option(help="local: this machine; ray: the cluster of RAY_ADDRESS.")] = "local",
    workers: Annotated[int, typer.Option(help="Trials that run at a time, each in a process of its own.", min=1)] = 1,
    threads: Annotated[
        int, typer.Option(help="Threads of each trial; its sums, and so its scores, depend on them.", min=1)
    ] = 1,
    logger: Annotated[str, typer.Option(help="Also tell csv, tensorboard or mlflow of the training.")] = "",
    save_models: Annotated[bool, typer.Option("--save-models", help="Keep the trained models as safetensors.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the trials, and how long they will take.")
    ] = False,
) -> None:
    """Run a suite; trials that are finished already are kept."""
    assignments = [*(assign or ()), *([f"steps={steps}"] if steps else ())]
    chosen = suite.load(name, full=full).only(task or (), model or ()).set(assignments)
    _checks.choice("--device", device, ("cpu", "cuda", "mps"))
    planned = trials.plan(replace(chosen, seeds=seeds or chosen.seeds), device, devices)
    if _checks.choice("--engine", engine, ("local", "ray")) == "ray" and workers > 1:
        remedy = "leave it out: the cluster decides by --threads, the cores of a trial"
        raise ValueError(_checks.problem("--workers", "1 with --engine ray", workers, remedy))
    folder = shared.RUNS / folder_name("--name", out or chosen.name)
    machine.limit_threads(threads)
    if dry_run:
        _list_trials(planned, folder, workers)
        return
    output = Output(folder, loggers.check(logger), save_models)
    try:
        declare(folder, chosen.ranking)
        failures = runner.run(planned, output, shared.console, engine=engine, workers=workers, threads=threads)
    except KeyboardInterrupt:
        shared.show(folder)
        shared.console.print("Stopped. What was finished is kept; the same command continues from there.")
        raise typer.Exit(130) from None
    except OSError as error:
        if error.errno not in STORAGE:
            raise
        shared.console.print(f"Stopped: {error}. What was finished is kept; the same command continues from there.")
        raise typer.Exit(1) from None
    shared.show(folder)
    if failures:
        text = f"{len(failures)} trials are not done; their tracebacks stand in the report and in {folder}/records."
        shared.console.print(text, markup=False, soft_wrap=True)
        raise typer.Exit(1)


def _list_trials(planned: list[Trial], folder: Path, workers: int) -> None:
    known = [record for path in sorted(shared.RUNS.glob("*/records")) for record in read_records(path.parent)]
    done = {record.trial.id for record in read_records(folder) if record.status == "done"}
    waiting = [trial for trial in planned if trial.id not in done]
    with Progress(console=shared.console, transient=True) as progress:
        waiting = list(zip(waiting, estimates(progress.track(waiting, description="trying"), known), strict=True))
    for trial, seconds in waiting:
        time = "time unknown" if seconds is None else f"about {spoken(seconds)}"
        shared.console.print(
            f"{trial.title}: {trial.config.get('steps', 0)} steps, {time}", markup=False, soft_wrap=True
        )
    times = [seconds for _, seconds in waiting if seconds is not None]
    unknown = len(waiting) - len(times)
    shared.console.print(f"{len(planned)} trials, {len(planned) - len(waiting)} of them finished already.")
    if times:
        total = spoken(sum(times) / workers)
        shared.console.print(f"About {total} for {len(times)} trials, from earlier ones like them or from a few steps.")
    if unknown:
        text = f"The time of {unknown} trials is unknown: baselines, and what {LIMIT} s of trying did not reach."
        shared.console.print(text)
