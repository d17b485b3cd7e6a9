"""``train-text BOOK``: a generator of text from any book."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gnn_toolkit.commands.console import bar_of_steps, between_steps, say
from gnn_toolkit.commands.generate import with_ending
from gnn_toolkit.models import CharGenerator
from gnn_toolkit.training import TextSettings, fit_text

DEFAULTS = TextSettings()


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
    path = with_ending(out or Path(book.stem))
    checkpoint = path.with_suffix(".checkpoint")
    try:
        model, history = _train(book, settings, checkpoint)
    except KeyboardInterrupt:
        kept = f"the last validation is kept in {checkpoint}" if checkpoint.exists() else "nothing is kept yet"
        say(f"\nStopped; {kept}. The same command continues from there.")
        raise typer.Exit(130) from None
    model.save(path)
    best = history.watched[history.step.index(history.best_step)]["bits"]
    say(f"{best:.3f} bits per character in validation, at step {history.best_step}.")
    say(f"wrote {path} and {path.with_suffix('.json')}; now: python -m gnn_toolkit generate {path}")


def _train(book: Path, settings: TextSettings, checkpoint: Path) -> tuple[CharGenerator, Any]:
    """Train with a bar, and a line and a sample for every validation."""
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=settings.steps)

        def on_validation(step: int, seen: dict[str, Any]) -> None:
            (sample, *_) = seen["samples"]["0.5"]
            say(
                f"step {step}: {seen['bits']:.3f} bits per character in validation, "
                f"accuracy in training {seen['accuracy']:.3f}, writes {sample!r}"
            )

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        return fit_text(book, settings, checkpoint=checkpoint, progress=count, on_validation=on_validation)
