"""The command line: ``python -m benchmarks list | run SUITE | report | speed | monitor``."""

import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import psutil
import torch
import typer
from rich.console import Console
from rich.table import Table

from gnn_toolkit import _checks

from .measure import machine
from .report import monitors
from .report.monitors import watch
from .run import loggers, runner, trials
from .run.estimate import seconds_of, spoken
from .run.records import Trial, read_records
from .run.retry import STORAGE
from .run.workdir import Output
from .speed import speed_report as speed_report
from .speed.cases import CASES, CURVES, run_case
from .speed.scaling import Point, measure_curve
from .suites import suite
from .tables import MODELS, TASKS, VIEWS
from .tasks.incidents import SCENES, Plan

RUNS = Path("runs")
RESULTS = Path("benchmarks/results")

app = typer.Typer(help="Compare sequence models and graph models on the same data.", no_args_is_help=True)
console = Console(width=None if sys.stdout.isatty() else 132)


@app.command("list")
def list_all() -> None:
    """List the suites, tasks, views and models."""
    suites = {name: suite.load(name) for name in suite.names()}
    tables = {
        "suites": {
            name: f"{s.title} ({len(s.comparisons)} comparisons, {s.seeds} seeds)" for name, s in suites.items()
        },
        "tasks": {name: f"{task.title} ({task.metric})" for name, task in TASKS.items()},
        "views": {name: view.text for name, view in VIEWS.items()},
        "models": {name: model.text for name, model in MODELS.items()},
    }
    for title, lines in tables.items():
        table = Table(title=title, show_header=False, box=None, title_justify="left", title_style="bold")
        for name, text in lines.items():
            table.add_row(f"  {name}", text)
        console.print(table)


@app.command()
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
        int | None, typer.Option(help="Threads of all together, on a cluster of each; default: torch's.", min=1)
    ] = None,
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
    folder = RUNS / (out or chosen.name)
    budget = threads or torch.get_num_threads()
    machine.limit_threads(max(1, budget // workers))
    if dry_run:
        _list_trials(planned, folder, workers)
        return
    try:
        failures = runner.run(
            planned,
            Output(folder, loggers.check(logger), save_models),
            console,
            engine=engine,
            workers=workers,
            threads=budget,
        )
    except KeyboardInterrupt:
        _show(folder)
        console.print("Stopped. What was finished is kept; the same command continues from there.")
        raise typer.Exit(130) from None
    except OSError as error:
        if error.errno not in STORAGE:
            raise
        console.print(f"Stopped: {error}. What was finished is kept; the same command continues from there.")
        raise typer.Exit(1) from None
    _show(folder)
    if failures:
        console.print(f"{len(failures)} trials failed; their tracebacks stand in the report and in {folder}/records.")
        raise typer.Exit(1)


def _list_trials(planned: list[Trial], folder: Path, workers: int) -> None:
    known = [record for path in sorted(RUNS.glob("*/records")) for record in read_records(path.parent)]
    done = {record.trial.id for record in read_records(folder) if record.status == "done"}
    waiting = [(trial, seconds_of(trial, known)) for trial in planned if trial.id not in done]
    for trial, seconds in waiting:
        told = "time unknown" if seconds is None else f"about {spoken(seconds)}"
        console.print(f"{trial.title}: {trial.config.get('steps', 0)} steps, {told}", markup=False, soft_wrap=True)
    times = [seconds for _, seconds in waiting if seconds is not None]
    unknown = len(waiting) - len(times)
    console.print(f"{len(planned)} trials, {len(planned) - len(waiting)} of them finished already.")
    if times:
        total = spoken(sum(times) / workers)
        console.print(f"About {total} for {len(times)} trials, from earlier ones like them on this machine.")
    if unknown:
        console.print(f"The time of {unknown} trials is unknown: none like them has run on this machine.")


@app.command("report")
def report_again(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
) -> None:
    """Write the reports of a run anew from its records, and print the table."""
    known = sorted(path.parent.name for path in RUNS.glob("*/records"))
    _show(RUNS / _checks.choice("name", name, known))


@app.command("publish")
def publish_run(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Write what a repository keeps of a run: every test score and its tables, without the records."""
    known = sorted(path.parent.name for path in RUNS.glob("*/records"))
    from .report.publish import publish

    for path in publish(RUNS / _checks.choice("name", name, known), out):
        console.print(f"wrote {path}", soft_wrap=True)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="Folder of the earlier run under runs/.")],
    second: Annotated[str, typer.Argument(help="Folder of the later run under runs/.")],
) -> None:
    """Say what changed from one run to another, over the seeds that both have."""
    known = sorted(path.parent.name for path in RUNS.glob("*/records"))
    _checks.choice("first", first, known)
    _checks.choice("second", second, known)
    from .report import render

    if not render.print_changes(RUNS / first, RUNS / second, console):
        remedy = "run the same tasks, views and models with the same seeds in both"
        raise ValueError(_checks.problem("first, second", "runs that share trials", "none in common", remedy))


@app.command()
def speed(
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be given again.")] = None,
    curve: Annotated[list[str] | None, typer.Option(help="Only this curve of growth; may be given again.")] = None,
    rounds: Annotated[int, typer.Option(help="Pairs of measurements of each case.", min=1)] = 7,
    threads: Annotated[int, typer.Option(help="Threads that torch uses.", min=1)] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results; those of an earlier run are replaced.")] = RESULTS,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Measure training steps against torch's, PyG's and the bare matrix products, and how their cost grows.

    Without --case and --curve all is measured; with one of them only what is named.
    """
    everything = not (case or curve)
    cases = [_checks.choice("--case", name, CASES) for name in case or (CASES if everything else ())]
    names = [_checks.choice("--curve", name, CURVES) for name in curve or (CURVES if everything else ())]
    _checks.choice("--device", device, ("cpu", "cuda"))
    load = psutil.getloadavg()[0]
    torch.set_num_threads(threads)
    results = []
    for place, name in enumerate(cases, 1):
        results.append(run_case(name, CASES[name], rounds, device))
        console.print(f"[{place}/{len(cases)}] {speed_report.progress(results[-1])}", markup=False, soft_wrap=True)
    curves, problems = [], {}
    for name in names:
        try:
            curves.append((CURVES[name], measure_curve(name, CURVES[name], min(rounds, 3), device, _show_point)))
        except Exception:  # as for a case: what was measured is still worth a report
            problems[name] = traceback.format_exc()
            console.print(f"{name}: FAILED\n{problems[name]}", markup=False, soft_wrap=True)
    measured = speed_report.Report(machine.describe(), load, rounds, results, curves, problems)
    for path in speed_report.write(measured, out, device):
        console.print(f"wrote {path}", soft_wrap=True)
    if measured.failed:
        raise typer.Exit(1)


def _show_point(point: Point) -> None:
    console.print(speed_report.point_progress(point), soft_wrap=True)


def _show(folder: Path) -> None:
    from .report import render

    render.print_table(folder, console)
    for path in render.write_reports(folder):
        console.print(f"wrote {path}", soft_wrap=True)


@app.command("monitor")
def watch_streets(
    scenes: Annotated[list[str] | None, typer.Argument(help=f"{' | '.join(SCENES)}; all by default.")] = None,
    seeds: Annotated[int, typer.Option(help="Streets, weights and accidents drawn so many times.", min=1)] = 5,
    accidents: Annotated[int, typer.Option(help="Accidents of each seed.", min=2)] = Plan().accidents,
    steps: Annotated[int, typer.Option(help="Training steps of each monitor on streets.", min=1)] = Plan().steps,
    threads: Annotated[int, typer.Option(help="Threads that torch uses.", min=1)] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results; those of an earlier run are replaced.")] = RESULTS,
) -> None:
    """Let monitors watch streets: accidents detected, how soon, where, and false alarms."""
    torch.set_num_threads(threads)
    chosen = [_checks.choice("scene", name, SCENES) for name in scenes or SCENES]
    plan, found, examples, paths = Plan(accidents=accidents, steps=steps), [], [], []
    for seed in range(seeds):
        for name in chosen:
            for one, example in watch(SCENES[name](plan, seed), plan, seed):
                found.append(one)
                examples += [example] if example and not seed else []
                told = f"[{seed + 1}/{seeds}] {one.scene}, {one.watcher}: {one.detected:.2f} detected"
                console.print(told, markup=False)
        paths = monitors.write(plan, found, examples, out)  # after each seed: what is done is kept
    for path in paths:
        console.print(f"wrote {path}", soft_wrap=True)


def main() -> None:
    """Run the command line; bad input ends with a sentence and exit code 2, not with a traceback."""
    try:
        app()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
