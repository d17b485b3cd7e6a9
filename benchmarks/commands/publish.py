"""``publish``: what a repository keeps of a run."""

from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.commands.writing import check_written

from . import shared


def publish_run(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = shared.RESULTS,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the record that is there.")] = False,
) -> None:
    """Write what a repository keeps of a run: every test score and its tables, without the records."""
    from ..report.publish import publish

    check_written("--out", [out / f"{name}.{kind}" for kind in ("json", "md")], [], force=force)
    for path in publish(shared.folder_of("name", name), out):
        shared.console.print(f"wrote {path}", soft_wrap=True)
