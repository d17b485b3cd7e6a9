"""The command line: ``python -m benchmarks list | run | report | ...``, or ``python -m gnn_toolkit bench``."""

import sys
from io import TextIOWrapper

import typer

from .commands.compare import compare
from .commands.list_all import list_all
from .commands.publish import publish_run
from .commands.report import report_again
from .commands.run import run
from .commands.speed import speed

START = "Begin with `list`, which says what there is, and `run quick`, which takes under five minutes."

app = typer.Typer(help="Compare sequence models and graph models on the same data.", epilog=START)


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Compare sequence models and graph models on the same data."""
    if context.invoked_subcommand is None:
        print(context.get_help())


for name, command in {
    "list": list_all,
    "run": run,
    "report": report_again,
    "publish": publish_run,
    "compare": compare,
    "speed": speed,
}.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line; bad input and files that cannot be used end with a sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.encoding.lower().startswith("utf"):  # others show as "?"
            stream.reconfigure(errors="replace")
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
