"""``report``: a run's reports again, from its records."""

from typing import Annotated

import typer

from . import shared


def report_again(
    name: Annotated[str, typer.Argument(help="Folder of the run under runs/.")] = "quick",
) -> None:
    """Write the reports of a run anew from its records, and print the table."""
    shared.show(shared.folder_of("name", name))
