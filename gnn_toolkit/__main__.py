"""The command line: ``python -m gnn_toolkit train-text BOOK.txt``, ``generate MODEL`` and ``monitor --demo``."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors import SafetensorError

from gnn_toolkit import _checks
from gnn_toolkit.models import CharGenerator
from gnn_toolkit.street_demo import demonstrate
from gnn_toolkit.training import NotFiniteError, TextSettings, fit_text

DEFAULTS = TextSettings()
ENDING = ".safetensors"

app = typer.Typer(
    help="Train a generator of text on any book, and let it write; watch over streets.", no_args_is_help=True
)
console = Console(stderr=True, highlight=False)


@app.command("train-text")
def train_text(
    book: Annotated[Path, typer.Argument(help="A text file in UTF-8.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Where the model goes; default: the book's name in this folder.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Training steps.")] = DEFAULTS.steps,
    cell: Annotated[str, typer.Option(help="rnn, gru or lstm.")] = DEFAULTS.cell,
    hidden: Annotated[int, typer.Option(help="Width of a layer.")] = DEFAULTS.hidden_channels,
    layers: Annotated[int, typer.Option(help="Number of layers.")] = DEFAULTS.num_layers,
    dilation: Annotated[
        list[int] | None, typer.Option(help="Add a skip connection this many characters back; repeatable.")
    ] = None,
    dropout: Annotated[float, typer.Option(help="Share of outputs dropped while training.")] = DEFAULTS.dropout,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = DEFAULTS.learning_rate,
    window: Annotated[int, typer.Option(help="Characters that the gradient runs through.")] = DEFAULTS.window,
    batch: Annotated[int, typer.Option(help="Windows in a batch.")] = DEFAULTS.batch_size,
    carry: Annotated[bool, typer.Option(help="Hand the state on from window to window.")] = DEFAULTS.carry,
    strip: Annotated[bool, typer.Option(help="Cut Project Gutenberg's header and licence.")] = True,
    every: Annotated[int, typer.Option(help="Steps between validations and checkpoints.")] = DEFAULTS.evaluate_every,
    seed: Annotated[int, typer.Option(help="Of weights and batches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
) -> None:
    """Train a generator on a book; the same command continues where Ctrl-C stopped it."""
    settings = replace(
        DEFAULTS,
        steps=steps,
        cell=cell,
        hidden_channels=hidden,
        num_layers=layers,
        dilations=tuple(dilation or ()),
        dropout=dropout,
        learning_rate=learning_rate,
        window=window,
        batch_size=batch,
        carry=carry,
        strip=strip,
        evaluate_every=every,
        rate_decay_every=every,
        seed=seed,
        device=device,
        sample_at=(*range(every, steps, max(every, 1)), steps),  # at every validation
    )
    path = _with_ending(out or Path(book.stem))
    checkpoint = path.with_suffix(".checkpoint")
    try:
        model, history = _train(book, settings, checkpoint)
    except KeyboardInterrupt:
        kept = f"the last validation is kept in {checkpoint}" if checkpoint.exists() else "nothing is kept yet"
        console.print(f"\nStopped; {kept}. The same command continues from there.", soft_wrap=True)
        raise typer.Exit(130) from None
    model.save(path)
    best = history.watched[history.step.index(history.best_step)]["bits"]
    console.print(f"{best:.3f} bits per character in validation, at step {history.best_step}.", soft_wrap=True)
    console.print(
        f"wrote {path} and {path.with_suffix('.json')}; now: python -m gnn_toolkit generate {path}", soft_wrap=True
    )


def _train(book: Path, settings: TextSettings, checkpoint: Path) -> tuple[CharGenerator, Any]:
    """Train with a bar, and a line and a sample for every validation."""
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=settings.steps)

        def on_validation(step: int, seen: dict[str, Any]) -> None:
            (sample, *_) = seen["samples"]["0.5"]
            progress.console.print(
                f"step {step}: {seen['bits']:.3f} bits per character in validation, "
                f"accuracy in training {seen['accuracy']:.3f}, writes {sample!r}",
                markup=False,
                soft_wrap=True,
            )

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        return fit_text(book, settings, checkpoint=checkpoint, progress=count, on_validation=on_validation)


@contextmanager
def between_steps() -> Iterator[Callable[[], None]]:
    """Hold the first Ctrl-C back until the function that this yields is called; a second one is not held back.

    Wherever else it strikes, a library may swallow it.
    """
    asked, before = threading.Event(), signal.getsignal(signal.SIGINT)

    def remember(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    def stop_if_asked() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)


@app.command()
def generate(
    model: Annotated[Path, typer.Argument(help="What train-text wrote.", show_default=False)],
    prompt: Annotated[str | None, typer.Option(help="What the text begins with; default: a new line.")] = None,
    length: Annotated[int, typer.Option(help="Characters to write.")] = 500,
    temperature: Annotated[float, typer.Option(help="0: the likeliest; 1: as learnt; more: wilder.")] = 0.7,
    top_k: Annotated[int | None, typer.Option(help="Draw from so many of the likeliest.")] = None,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest that have this probability.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Repeats a text; default: a new one each time.")] = None,
    unknown: Annotated[str, typer.Option(help="Characters the model does not know: error or skip.")] = "error",
) -> None:
    """Write text after a prompt, character by character."""
    writer = CharGenerator.load(_with_ending(model))
    text = writer.stream(
        prompt or _opening(writer), length, temperature, top_k=top_k, top_p=top_p, seed=seed, unknown=unknown
    )
    try:
        sys.stdout.write(prompt or "")
        for character in text:
            sys.stdout.write(character)
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # whoever reads has had enough
        sys.stderr.close()
        raise typer.Exit(0) from None
    sys.stdout.write("\n")


@app.command()
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
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=steps)
        told = demonstrate(
            out,
            size=size,
            days=days,
            steps=steps,
            seed=seed,
            progress=lambda step: progress.update(bar, completed=step),
        )
    found = "no alarm on its road" if told.minutes is None else f"alarm on its road after {told.minutes} minutes"
    ranked = "" if told.rank is None else f", number {told.rank} of all roads when the first alarm rose"
    console.print(
        f"accident on road {told.road}: {found}{ranked}; alarms before it: {told.false_alarms}", soft_wrap=True
    )
    console.print(f"wrote {told.page}; open it in a browser", soft_wrap=True)


def _opening(model: CharGenerator) -> str:
    """Return the end of a line, or the commonest character of a text of one line."""
    vocabulary = model.vocabulary
    common = vocabulary.characters[vocabulary.counts.index(max(vocabulary.counts))]
    return "\n" if "\n" in vocabulary.characters else common


def _with_ending(path: Path) -> Path:
    return path if path.suffix == ENDING else path.with_name(path.name + ENDING)


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
