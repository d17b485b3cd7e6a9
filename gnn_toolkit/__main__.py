"""The command line, ``python -m gnn_toolkit``: its commands, and how they end on bad input."""

import sys
import warnings
from io import TextIOWrapper

import typer

from gnn_toolkit import _checks
from gnn_toolkit.bench import bench
from gnn_toolkit.commands.classify import classify
from gnn_toolkit.commands.describe import describe
from gnn_toolkit.commands.doctor import doctor
from gnn_toolkit.commands.forecast import forecast
from gnn_toolkit.commands.generate import generate
from gnn_toolkit.commands.interface import interface
from gnn_toolkit.commands.monitor import monitor
from gnn_toolkit.commands.segment import segment
from gnn_toolkit.commands.train_classifier import train_classifier
from gnn_toolkit.commands.train_interface import train_interface
from gnn_toolkit.commands.train_segmenter import train_segmenter
from gnn_toolkit.commands.train_text import train_text
from gnn_toolkit.training import NotFiniteError

COMMANDS = {
    "train-text": train_text,
    "generate": generate,
    "train-classifier": train_classifier,
    "classify": classify,
    "train-segmenter": train_segmenter,
    "segment": segment,
    "forecast": forecast,
    "monitor": monitor,
    "train-interface": train_interface,
    "interface": interface,
    "describe": describe,
    "doctor": doctor,
}

app = typer.Typer(
    help="Train a generator of text on any book, and let it write; train a classifier on texts of your own, or a "
    "segmenter on pictures of your own; forecast and watch sensors; find out where two proteins touch; look into "
    "graph files.",
    no_args_is_help=True,
    rich_markup_mode=None,  # an error is a line, not a frame
    pretty_exceptions_enable=False,
)
for name, command in COMMANDS.items():
    app.command(name)(command)
# The benchmark runner has a command line of its own.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
app.command("bench", context_settings=PASSED_ON, add_help_option=False)(bench)


def main() -> None:
    """Run the command line; bad input ends with a sentence and exit code 2, not with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console may lack characters of a text
            stream.reconfigure(errors="replace")
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    try:
        app()
    except (ValueError, ImportError, NotFiniteError) as error:
        _end(str(error))
    except OSError as error:
        remedy = "check the path"
        named = _checks.problem(str(error.filename), "a file that can be used", error.strerror or "", remedy)
        _end(str(error) if error.filename is None else named)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        remedy = "make the sizes smaller, e.g. --hidden, --layers, --window or --batch"
        _end(_checks.problem("memory", "sizes that fit into it", "larger ones", remedy))


def _end(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
