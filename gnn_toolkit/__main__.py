"""The command line, ``python -m gnn_toolkit``: its commands, and how they end on bad input."""

import sys

import typer
from safetensors import SafetensorError

from gnn_toolkit import _checks
from gnn_toolkit.commands.generate import generate
from gnn_toolkit.commands.monitor import monitor
from gnn_toolkit.commands.train_text import train_text
from gnn_toolkit.training import NotFiniteError

COMMANDS = {"train-text": train_text, "generate": generate, "monitor": monitor}

app = typer.Typer(
    help="Train a generator of text on any book, and let it write; watch over streets.", no_args_is_help=True
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line; bad input ends with a sentence and exit code 2, not with a traceback."""
    try:
        app()
    except (ValueError, NotFiniteError) as error:
        _end(str(error))
    except OSError as error:
        _end(_checks.problem(str(error.filename), "a file that can be used", error.strerror, "check the path"))
    except SafetensorError as error:
        _end(_checks.problem("MODEL", "a model that train-text wrote", error, "train it anew"))


def _end(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
