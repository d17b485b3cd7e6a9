"""``train-text BOOK``: a generator of text from any book."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import typer

from gnn_toolkit import _checks
from gnn_toolkit.commands.console import bar_of_steps, between_steps, duration, say
from gnn_toolkit.commands.generate import MODEL, with_ending
from gnn_toolkit.models import CharGenerator
from gnn_toolkit.models.serialization import check_free, described
from gnn_toolkit.training import History, TextPlan, TextSettings, bits, fit_text

DEFAULTS = TextSettings()
MINUTES = 5.0
LARGEST = 1 << 20  # of any size


def train_text(
    book: Annotated[Path, typer.Argument(help="A text file, a pipe, or - for standard input.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the model goes, a name or a folder; default: BOOK.model in this folder."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help=f"How long to train, about; default: {MINUTES:g}.", show_default=False)
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Train so many steps instead of a time.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a model that is there.")] = False,
    encoding: Annotated[str, typer.Option(help="Of the book; auto: what it looks like.")] = DEFAULTS.encoding,
    cell: Annotated[str, typer.Option(help="rnn, gru, lstm, mingru, minlstm, lru or mamba.")] = DEFAULTS.cell,
    hidden: Annotated[int, typer.Option(min=1, max=LARGEST, help="Width of a layer.")] = DEFAULTS.hidden_channels,
    layers: Annotated[int, typer.Option(min=1, max=LARGEST, help="Number of layers.")] = DEFAULTS.num_layers,
    dilation: Annotated[
        list[int] | None, typer.Option(min=1, help="Add a skip connection this many characters back; repeatable.")
    ] = None,
    dropout: Annotated[
        float, typer.Option(min=0, max=1, help="Share of outputs dropped while training.")
    ] = DEFAULTS.dropout,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = DEFAULTS.learning_rate,
    window: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="Characters that the gradient runs through.")
    ] = DEFAULTS.window,
    batch: Annotated[int, typer.Option(min=1, max=LARGEST, help="Windows in a batch.")] = DEFAULTS.batch_size,
    carry: Annotated[bool, typer.Option(help="Hand the state on from window to window.")] = DEFAULTS.carry,
    strip: Annotated[bool, typer.Option(help="Cut Project Gutenberg's header and licence.")] = True,
    every: Annotated[
        int | None,
        typer.Option(min=1, help="With --steps: steps between validations and checkpoints.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights and batches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
) -> None:
    """Train a generator on a book; the same command continues where Ctrl-C stopped it."""
    if steps is not None and minutes is not None:
        raise ValueError(_checks.problem("--minutes", "none beside --steps", minutes, "give one of the two"))
    if steps is None and every is not None:
        raise ValueError(_checks.problem("--every", "none without --steps", every, "give --steps, or leave it out"))
    every = every or DEFAULTS.evaluate_every
    settings = replace(
        DEFAULTS,
        steps=steps or DEFAULTS.steps,
        minutes=MINUTES if steps is None and minutes is None else minutes,
        encoding=encoding,
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
        sample_at=None,
    )
    book = Path("/dev/stdin") if str(book) == "-" else book
    path = _place(book, out, force=force)
    checkpoint = path.with_suffix(".checkpoint")
    try:
        model, history = _train(book, settings, checkpoint)
    except KeyboardInterrupt:
        kept = f"the last validation is kept in {checkpoint}" if checkpoint.exists() else "nothing is kept yet"
        say(f"\nStopped; {kept}. The same command continues from there.")
        raise typer.Exit(130) from None
    model.save(path)
    best = history.best_validation or 0.0
    say(f"{best:.3f} nats ({bits(best):.3f} bits) per character in validation, at step {history.best_step}.")
    say(f"wrote {path} and {described(path)}; now: python -m gnn_toolkit generate {path}")
    say("to train on: the same command with --force and more --minutes or --steps")


def _place(book: Path, out: Path | None, *, force: bool) -> Path:
    """Return where the weights go, once it is sure that nothing of the user's is overwritten there."""
    if out is None and book.exists() and not book.is_file() and not book.is_dir():
        raise ValueError(_checks.problem("--out", "a name for the model of what is no file", "none", "pass --out NAME"))
    if out is None or out.is_dir():
        out = (out or Path()) / f"{book.stem}{MODEL}"
    path = with_ending(out)
    written = [path, described(path), path.with_suffix(".checkpoint")]
    same = [place for place in written if place.exists() and book.exists() and os.path.samefile(place, book)]
    if same:
        raise ValueError(_checks.problem("--out", "another file than the book", same[0], "pass another --out"))
    there = [place for place in written[:2] if place.exists()]
    if there and not force:
        remedy = "pass --force to overwrite a model, or another --out"
        raise ValueError(_checks.problem(str(there[0]), "no file where the model goes", "one", remedy))
    check_free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=path.parent):  # better now than after the training
        return path


def _train(book: Path, settings: TextSettings, checkpoint: Path) -> tuple[CharGenerator, History]:
    """Train with a bar, and a line and a sample for every validation."""
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=None)

        def on_plan(plan: TextPlan) -> None:
            progress.update(bar, total=plan.steps, completed=plan.done)
            begun = f"going on from step {plan.done} of" if plan.done else "training"
            say(
                f"{begun} {plan.steps} steps of {plan.step_seconds:.2g} s on this machine, validations every "
                f"{plan.every} steps: about {duration(plan.seconds)}. Ctrl-C keeps what is validated."
            )

        def on_validation(step: int, seen: dict[str, Any]) -> None:
            (sample, *_) = seen["samples"]["0.5"]
            say(
                f"step {step}: {seen['bits'] / bits(1):.3f} nats ({seen['bits']:.3f} bits) per character in "
                f"validation, accuracy in training {seen['accuracy']:.3f}, writes {sample!r}"
            )

        def count(step: int) -> None:
            progress.update(bar, completed=step)
            stop_if_asked()

        return fit_text(
            book, settings, checkpoint=checkpoint, progress=count, on_validation=on_validation, on_plan=on_plan
        )
