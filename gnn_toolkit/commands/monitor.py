"""``monitor --demo``: a monitor of streets that watches a morning with an accident."""

from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit import _checks
from gnn_toolkit.commands.console import bar_of_steps, say
from gnn_toolkit.commands.street_demo import demonstrate


def monitor(
    demo: Annotated[
        bool, typer.Option("--demo", help="Simulate the streets: a grid, usual days, an accident.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("streets.html"),
    size: Annotated[int, typer.Option(min=2, help="Streets each way.")] = 4,
    days: Annotated[int, typer.Option(min=1, help="Usual days to learn from.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 200,
    seed: Annotated[int, typer.Option(help="Of traffic, weights and accident.")] = 0,
) -> None:
    """Train a monitor of streets, let it watch a morning with an accident, and draw what it saw."""
    if not demo:
        remedy = "for streets of your own use gnn_toolkit.models.StreetMonitor"
        raise ValueError(_checks.problem("monitor", "--demo", "nothing", remedy))
    with bar_of_steps() as progress:
        bar = progress.add_task("", total=steps)
        seen = demonstrate(
            out,
            size=size,
            days=days,
            steps=steps,
            seed=seed,
            progress=lambda step: progress.update(bar, completed=step),
        )
    found = "no alarm on its road" if seen.minutes is None else f"alarm on its road after {seen.minutes} minutes"
    ranked = "" if seen.rank is None else f", number {seen.rank} of all roads when the first alarm rose"
    say(f"accident on road {seen.road}: {found}{ranked}; alarms before it: {seen.false_alarms}")
    say(f"wrote {seen.page}; open it in a browser")
