"""``train-segmenter FOLDER``: a segmenter of pictures, from pictures and masks of one's own."""

import math
from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit import _checks
from gnn_toolkit.commands.console import bar_of_steps, say
from gnn_toolkit.commands.generate import with_ending
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets.picture_files import read_labelled_pictures
from gnn_toolkit.models.serialization import check_free, described
from gnn_toolkit.training.segmenter_training import (
    FEWEST,
    FittedSegmenter,
    SegmenterSettings,
    fit_segmenter,
    labelled_graphs,
)

SEGMENTER = ".segmenter"  # ends the name that a segmenter has by default
DEFAULTS = SegmenterSettings()


def train_segmenter(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Has pictures/, masks/ of the same names (a pixel's value is its label, 255 is none) and, if labels "
            "have names, labels.txt with a name a line.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the segmenter goes; default: FOLDER.segmenter in this folder.", show_default=False),
    ] = None,
    superpixels: Annotated[int, typer.Option(min=1, help="About how many of a picture.")] = DEFAULTS.superpixels,
    steps: Annotated[int, typer.Option(min=1, help="Of training.")] = DEFAULTS.steps,
    hidden: Annotated[int, typer.Option(min=1, help="Width of a layer.")] = DEFAULTS.hidden_channels,
    layers: Annotated[int, typer.Option(min=1, help="Of the Graph LSTM.")] = DEFAULTS.num_layers,
    mirror: Annotated[bool, typer.Option(help="Learn from mirror images, too.")] = DEFAULTS.mirror,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a segmenter that is there.")] = False,
    seed: Annotated[int, typer.Option(help="Of parts, weights and batches.")] = 0,
) -> None:
    """Train a Graph LSTM to label the superpixels of your pictures, and judge it on some that it has not seen."""
    path = with_ending(out or Path(f"{folder.resolve().name}{SEGMENTER}"))
    check_written("--out", [path, described(path)], [], force=force)
    check_free(path)
    settings = SegmenterSettings(
        steps=steps,
        superpixels=superpixels,
        hidden_channels=hidden,
        num_layers=layers,
        mirror=mirror,
        seed=_checks.seed("seed", seed),
    )
    found = read_labelled_pictures(folder)
    for note in found.notes:
        say(note)
    say(f"{len(found.pictures)} pictures, labels {', '.join(found.labels)}: cutting them into superpixels")
    try:
        graphs = labelled_graphs(found, superpixels)
        with bar_of_steps() as bar:
            task = bar.add_task("", total=steps)
            fitted = fit_segmenter(
                graphs, found.labels, settings, progress=lambda done: bar.update(task, completed=done)
            )
    except KeyboardInterrupt:
        say("\nStopped; nothing is kept.")
        raise typer.Exit(130) from None
    judged = {"pictures": len(graphs), "held out": len(fitted.tested), "pixel accuracy": fitted.accuracy}
    fitted.model.save(path, judged)
    print(table(fitted), end="")
    say(f"wrote {path} and {described(path)}")
    say(f"now: python -m gnn_toolkit segment PICTURE --model {path}")


def table(fitted: FittedSegmenter) -> str:
    """Return how a segmenter did on pictures that it has not seen, as a table of Markdown."""
    if fitted.accuracy is None:
        return f"no picture was held out to judge it on: that takes {FEWEST} with labels, at least\n"
    named = zip(fitted.model.labels, fitted.iou, strict=True)
    rows = [(name, "not there" if math.isnan(value) else f"{value:.3f}") for name, value in named]
    there = [value for value in fitted.iou if not math.isnan(value)]
    lines = ["| label | IoU |", "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows)]
    lines.append(f"| **mean** | **{sum(there) / len(there):.3f}** |")
    lines.append(
        f"\npixel accuracy {fitted.accuracy:.3f} on {len(fitted.tested)} pictures that it has not seen; always the "
        f"most frequent label {fitted.usual:.3f}; the best labelling of their superpixels {fitted.ceiling:.3f}"
    )
    return "\n".join(lines) + "\n"
