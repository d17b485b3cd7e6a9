"""``doctor``: what is installed, and whether the layers are right and fast on this machine."""

import typer

from gnn_toolkit.analysis.doctor import installation, self_test


def doctor() -> None:
    """Print versions, machine and compilers, and test the layers for some ten seconds; put it into bug reports."""
    for name, value in installation():
        typer.echo(f"{name:<18}{value}")
    typer.echo("")
    wrong = False
    for name, value in self_test():
        typer.echo(f"{name:<18}{value}")
        wrong = wrong or value.startswith("WRONG")
    if wrong:
        raise typer.Exit(1)
