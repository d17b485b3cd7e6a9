"""The command line: ``python -m benchmarks list | run SUITE | report | speed``."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import psutil
import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import machine, report, runner
from benchmarks.speed import report as speed_report
from benchmarks.speed.cases import CASES, CURVES, run_case
from benchmarks.speed.growth import Point, measure_curve
from benchmarks.suites import SUITES
from benchmarks.tables import MODELS, TASKS, VIEWS
from gnn_toolkit import _checks

RUNS = Path("runs")
RESULTS = Path("benchmarks/results")

app = typer.Typer(help="Compare sequence models and graph models on the same data.", no_args_is_help=True)
console = Console(width=None if sys.stdout.isatty() else 132)


@app.command("list")
def list_all() -> None:
    """List the suites, tasks, views and models."""
    tables = {
        "suites": {name: f"{len(comparisons)} comparisons" for name, comparisons in SUITES.items()},
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
    suite: Annotated[str, typer.Argument(help="Which suite to run; `list` names them.")] = "quick",
    task: Annotated[list[str] | None, typer.Option(help="Only this task; may be given again.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only this model; may be given again.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds: 0, 1, ...", min=1)] = 3,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    name: Annotated[str | None, typer.Option(help="Folder of the run under runs/; default: the suite's name.")] = None,
) -> None:
    """Run a suite; trials that are finished already are kept."""
    _checks.choice("suite", suite, SUITES)
    for argument, values, table in (("--task", task, TASKS), ("--model", model, MODELS)):
        for value in values or ():
            _checks.choice(argument, value, table)
    _checks.choice("--device", device, ("cpu", "cuda", "mps"))
    comparisons = runner.choose(suite, task or (), model or ())
    if not comparisons:
        remedy = f"`python -m benchmarks list` and the suite {suite!r} show what there is"
        raise ValueError(_checks.problem("--task, --model", "a comparison of the suite", "none that fits", remedy))
    folder = RUNS / (name or suite)
    try:
        failures = runner.run(runner.plan(comparisons, seeds, device), folder, console)
    except KeyboardInterrupt:
        _show(folder)
        console.print("Stopped. What was finished is kept; the same command continues from there.")
        raise typer.Exit(130) from None
    _show(folder)
    if failures:
        console.print(f"{len(failures)} trials failed; their tracebacks stand in the report and in {folder}/records.")
        raise typer.Exit(1)


@app.command("report")
def report_again(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
) -> None:
    """Write the reports of a run anew from its records, and print the table."""
    known = sorted(path.parent.name for path in RUNS.glob("*/records"))
    _show(RUNS / _checks.choice("name", name, known))


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
    report.print_table(folder, console)
    for path in report.write_reports(folder):
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
