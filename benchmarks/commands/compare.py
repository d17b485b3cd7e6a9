"""``compare``: what changed between two runs."""

from typing import Annotated

import typer

from gnn_toolkit import _checks

from . import shared


def compare(
    first: Annotated[str, typer.Argument(help="Folder of the earlier run under runs/.")],
    second: Annotated[str, typer.Argument(help="Folder of the later run under runs/.")],
) -> None:
    """Say what changed from one run to another, over the seeds that both have."""
    folders = shared.folder_of("first", first), shared.folder_of("second", second)
    from ..report.terminal import print_changes

    if not print_changes(*folders, shared.console):
        remedy = "run the same tasks, views and models with the same seeds in both"
        raise ValueError(_checks.problem("first, second", "runs that share trials", "none in common", remedy))
