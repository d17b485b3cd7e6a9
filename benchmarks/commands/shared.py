"""The parts that commands share: the console, the folders, and a run shown."""

import sys
from pathlib import Path

from rich.console import Console

from gnn_toolkit import _checks

RUNS = Path("runs")
RESULTS = Path("benchmarks/results") if Path("benchmarks/results").is_dir() else Path("results")

console = Console(width=None if sys.stdout.isatty() else 132)


def folder_of(argument: str, name: str) -> Path:
    """Return the folder of a run that has records.

    Raises:
        ValueError: there is none of that name.
    """
    return RUNS / _checks.choice(argument, name, sorted(path.parent.name for path in RUNS.glob("*/records")))


def show(folder: Path) -> None:
    """Print the table of a run and write its reports."""
    from ..report.analysis import analysis_of
    from ..report.publish import write_reports
    from ..report.terminal import print_report

    print_report(found := analysis_of(folder), console)
    for path in write_reports(found, folder):
        console.print(f"wrote {path}", soft_wrap=True)
