"""From rows to what people read: a table on the terminal, ``report.md`` and a self-contained ``report.html``."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from rich.console import Console
from rich.table import Table

from benchmarks import figures
from benchmarks.records import Record, read_records
from benchmarks.statistics import Row, rows
from benchmarks.tables import TASKS
from gnn_toolkit.training import write_atomically

COLUMNS = ("model", "view", "test (95 %)", "seeds", "params", "steps/s", "seconds", "peak MiB")
PROMISE = (
    "Within a task every model saw the same splits and the same budget of training steps, batches of the same size and "
    "the same optimiser settings. The weights that validated best were tested once. Intervals are Student's t over "
    "seeds; they are wide because the seeds are few, and two models whose intervals overlap are not told apart."
)


def write_reports(folder: Path) -> list[Path]:
    """Write ``report.md`` and ``report.html`` of a run's finished trials; return their paths."""
    records = read_records(folder)
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    html = environment.get_template("report.html.j2").render(_content(folder.name, records))
    paths = []
    for name, text in (("report.md", markdown(folder.name, records)), ("report.html", html)):
        paths.append(folder / name)
        write_atomically(paths[-1], lambda file, text=text: file.write(text.encode()))
    return paths


def print_table(folder: Path, console: Console) -> None:
    """Print the table of a run's finished trials; the best of each task in bold, baselines dim."""
    table = Table(title=f"{folder.name}: test scores", title_justify="left")
    for column in ("task", *COLUMNS):
        table.add_column(column, justify="left" if column in ("task", "model", "view") else "right", no_wrap=True)
    for task, members in _by_task(rows(read_records(folder))).items():
        for place, row in enumerate(members):
            style = "bold" if row in _best(task, members) else "dim" if not row.view else None
            table.add_row(task if place == 0 else "", *cells(row), style=style)
        table.add_section()
    console.print(table)


def markdown(name: str, records: list[Record]) -> str:
    """Return the report as Markdown."""
    lines = [f"# Benchmark “{name}”", "", PROMISE, ""]
    for task, members in _by_task(rows(records)).items():
        lines += [f"## {task}: {TASKS[task].title}", "", f"{members[0].records[0].note}. {_budget(task, members)}", ""]
        lines += [_line(COLUMNS), _line(["---", "---", *["---:"] * (len(COLUMNS) - 2)])]
        best = _best(task, members)
        lines += [
            _line([f"**{cell}**" if cell else "" for cell in cells(row)] if row in best else cells(row))
            for row in members
        ]
        lines.append("")
        for sample in _samples(members):
            lines += [f"{sample['model']}, seed {sample['seed']}, writes:", ""]
            lines += [f"- temperature {t}: `{' '.join(text.split())}`" for t, text in sample["texts"]] + [""]
    failures = [record for record in records if record.status == "failed"]
    lines += [f"- failed: {r.trial.id}: {r.error.strip().rsplit(chr(10), 1)[-1]}" for r in failures]
    return "\n".join([*lines, _machine(records), ""])


def cells(row: Row) -> list[str]:
    """Return the cells of a row, in the order of ``COLUMNS``."""
    interval = "" if row.half_width is None else f" ± {row.half_width:.3f}"
    return [
        row.model,
        row.view or "(structure-free)",
        f"{row.test:.3f}{interval}",
        str(row.seeds),
        f"{row.parameters:,}",
        "" if row.steps_per_second is None else f"{row.steps_per_second:.0f}",
        f"{row.seconds:.1f}",
        "" if row.peak_memory_mib is None else f"{row.peak_memory_mib:.0f}",
    ]


def _content(name: str, records: list[Record]) -> dict[str, Any]:
    groups = _by_task(rows(records))
    return {
        "name": name,
        "promise": PROMISE,
        "columns": COLUMNS,
        "findings": [_finding(task, members) for task, members in groups.items()],
        "sections": [_section(task, members) for task, members in groups.items()],
        "failures": [record for record in records if record.status == "failed"],
        "machine": _machine(records),
    }


def _section(task: str, members: list[Row]) -> dict[str, Any]:
    best = _best(task, members)
    kinds = ["best" if row in best else "" if row.view else "baseline" for row in members]
    trained = any(row.view for row in members)
    return {
        "task": task,
        "title": TASKS[task].title,
        "note": members[0].records[0].note,
        "budget": _budget(task, members),
        "lines": [{"kind": kind, "cells": cells(row)} for kind, row in zip(kinds, members, strict=True)],
        "figures": [draw(task, members) for draw in (figures.scores, figures.learning_curves) if trained],
        "samples": _samples(members),
    }


def _by_task(table: list[Row]) -> dict[str, list[Row]]:
    return {task: [row for row in table if row.task == task] for task in dict.fromkeys(row.task for row in table)}


def _best(task: str, members: list[Row]) -> list[Row]:
    """Return the rows with the best mean, all of them where several show the same."""
    top = (max if TASKS[task].higher_is_better else min)(row.test for row in members)
    return [row for row in members if f"{row.test:.3f}" == f"{top:.3f}"]


def _finding(task: str, members: list[Row]) -> str:
    best = _best(task, members)
    names = " and ".join(f"{row.model} on {row.view}" if row.view else row.model for row in best)
    free = [row for row in members if not row.view]
    against = f"; without structure {cells(_best(task, free)[0])[2]} ({_best(task, free)[0].model})" if free else ""
    return f"{TASKS[task].title}: {names} with {TASKS[task].metric} {cells(best[0])[2]}{against}."


def _budget(task: str, members: list[Row]) -> str:
    configs = (record.trial.config for row in members if row.view for record in row.records)
    spec = replace(TASKS[task].budget, **next(configs, {}))
    memory = f", memory bias {spec.memory_bias:g}" if spec.memory_bias else ""
    convolutions = f" ({spec.num_convolutions} in a convolution)" if spec.num_convolutions != spec.num_layers else ""
    return (
        f"Every model: {spec.steps} steps of {spec.optimizer} at {spec.learning_rate:g}, "
        f"{spec.hidden_channels} hidden channels, layers: {spec.num_layers}{convolutions}{memory}."
    )


def _samples(members: list[Row]) -> list[dict[str, Any]]:
    first = [row.records[0] for row in members if row.records[0].samples]
    return [{"model": r.trial.model, "seed": r.trial.seed, "texts": list(r.samples.items())} for r in first]


def _machine(records: list[Record]) -> str:
    known = next((record.machine for record in records if record.machine), None)
    if known is None:
        return "No trial has finished yet."
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    gpu = f", {known['gpu']}" if known["gpu"] else ""
    return (
        f"Machine: {known['processor']}, {known['cores']} cores, {known['memory_gib']} GiB{gpu}; {known['system']}; "
        f"Python {known['python']}, {versions}; revision {known['revision']}."
    )


def _line(parts: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(parts)} |"
