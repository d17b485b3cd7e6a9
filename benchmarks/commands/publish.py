"""``publish``: what a repository keeps of a run."""

from pathlib import Path
from typing import Annotated

import typer

from . import shared


def publish_run(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = shared.RESULTS,
) -> None:
    """Write what a repository keeps of a run: every test score and its tables, without the records."""
    from ..report.publish import publish

    for path in publish(shared.folder_of("name", name), out):
        shared.console.print(f"wrote {path}", soft_wrap=True)
