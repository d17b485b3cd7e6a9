"""``train-classifier FILE``: a classifier of texts, from texts of one's own with a label each."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.commands.console import console, duration, say
from gnn_toolkit.commands.generate import with_ending
from gnn_toolkit.datasets import read_labelled_texts
from gnn_toolkit.models.serialization import check_free, described
from gnn_toolkit.models.text_classifier import KINDS
from gnn_toolkit.training import ClassifierSettings, FittedClassifiers, fit_classifiers

CLASSIFIER = ".classifier"  # ends the name that a classifier has by default
HEAD = "| model | validation | test [95 %] | parameters | seconds |"
DEFAULTS = ClassifierSettings()


def train_classifier(
    source: Annotated[
        Path,
        typer.Argument(help="A CSV file with a row a text, or a folder with a subfolder a label.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the classifier goes; default: FILE.classifier in this folder.", show_default=False),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the texts; default: text or its like.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels; default: label or its like.")] = None,
    encoding: Annotated[str, typer.Option(help="Of the texts; auto: what they look like.")] = "auto",
    model: Annotated[
        list[str] | None,
        typer.Option(help=f"Train this one only; repeatable: {', '.join(KINDS)}.", show_default=False),
    ] = None,
    minutes: Annotated[float, typer.Option(help="How long to train, at most, about.")] = DEFAULTS.minutes,
    hidden: Annotated[int, typer.Option(min=1, help="Width of a layer.")] = DEFAULTS.hidden_channels,
    longest: Annotated[int, typer.Option(min=1, help="Words of a text that are read.")] = DEFAULTS.longest,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a classifier that is there.")] = False,
    seed: Annotated[int, typer.Option(help="Of parts, weights and batches.")] = 0,
) -> None:
    """Train classifiers of several kinds on your texts, compare them and save the best."""
    settings = ClassifierSettings(
        kinds=tuple(dict.fromkeys(model or KINDS)),
        minutes=minutes,
        hidden_channels=hidden,
        longest=longest,
        seed=seed,
    )
    path = _place(source, out, force=force)
    found = read_labelled_texts(source, text=text_column, label=label_column, encoding=encoding)
    for note in found.notes:
        say(note)
    say(
        f"training {', '.join(settings.kinds)} on {len(found.texts)} texts of {len(set(found.labels))} classes: "
        f"at most about {duration(60 * minutes)}, then the test"
    )
    try:
        fitted = _fitted(found.texts, found.labels, settings)
    except KeyboardInterrupt:
        say("\nStopped; nothing is kept.")
        raise typer.Exit(130) from None
    for note in fitted.notes:
        say(note)
    shown, best = table(fitted), fitted.best
    assert best.model is not None
    best.model.save(path, {"validation": best.validation, "test": best.test, "texts": fitted.sizes})
    write_atomically(_table_of(path), lambda file: file.write(shown.encode()))
    print(shown, end="")
    say(f"wrote {path}, {described(path)} and {_table_of(path)}: {best.name}, which validated best")
    say(f'now: python -m gnn_toolkit classify {path} "a text" --explain words.html')


def table(fitted: FittedClassifiers) -> str:
    """Return the comparison as a table of Markdown: the majority class first, then the simplest."""
    head = f"{HEAD}\n| --- | ---: | ---: | ---: | ---: |\n"
    rows = []
    for one in fitted.judged:
        size = 1 if one.model is None else sum(p.numel() for p in one.model.parameters())
        low, high = one.interval
        name = f"**{one.name}**" if one is fitted.best else one.name
        score = f"{one.test:.3f} [{low:.3f}, {high:.3f}]"
        rows.append(f"| {name} | {one.validation:.3f} | {score} | {size:,} | {one.seconds:.1f} |\n")
    sizes = ", ".join(f"{count} {part}" for part, count in fitted.sizes.items())
    return f"{head}{''.join(rows)}\n{sizes}; accuracy, with Wilson's interval over the test texts\n"


def _table_of(path: Path) -> Path:
    return path.with_suffix(".md")


def _place(source: Path, out: Path | None, *, force: bool) -> Path:
    """Return where the weights go, once it is sure that nothing of the user's is overwritten there."""
    if not source.exists():
        raise FileNotFoundError(_checks.problem(str(source), "a CSV file or a folder", "nothing", "check the path"))
    if out is None or out.is_dir():
        out = (out or Path()) / f"{source.resolve().stem}{CLASSIFIER}"
    path = with_ending(out)
    written = [path, described(path), _table_of(path)]
    if any(place.exists() and os.path.samefile(place, source) for place in written):
        raise ValueError(_checks.problem("--out", "another file than the texts", path, "pass another --out"))
    there = [place for place in written if place.exists()]
    if there and not force:
        remedy = "pass --force to overwrite a classifier, or another --out"
        raise ValueError(_checks.problem(str(there[0]), "no file where the classifier goes", "one", remedy))
    check_free(path)
    compared = _table_of(path)
    if compared.exists() and not compared.read_bytes().startswith(HEAD.encode()):
        allowed, got = "no file, or a comparison of classifiers", "another file, which is kept"
        raise FileExistsError(_checks.problem(str(compared), allowed, got, "name another place"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _fitted(texts: list[str], labels: list[str], settings: ClassifierSettings) -> FittedClassifiers:
    """Train with a bar for each kind."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bars = {kind: progress.add_task(kind, total=None) for kind in settings.kinds}

        def count(kind: str, step: int, steps: int) -> None:
            progress.update(bars[kind], completed=step, total=steps)

        return fit_classifiers(texts, labels, settings, progress=count)
