"""``generate MODEL``: text that a trained generator writes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.models import CharGenerator
from gnn_toolkit.models.serialization import ENDING

MODEL = ".model"  # ends the name that a model has by default, so that it is never the book's


def generate(
    model: Annotated[Path, typer.Argument(help="What train-text wrote, or the name of its book.", show_default=False)],
    prompt: Annotated[str | None, typer.Option(help="What the text begins with; default: a new line.")] = None,
    length: Annotated[int, typer.Option(min=0, help="Characters to write.")] = 500,
    endless: Annotated[bool, typer.Option("--endless", help="Write until Ctrl-C or the reader ends it.")] = False,
    temperature: Annotated[float, typer.Option(help="0: the likeliest; 1: as learnt; more: wilder.")] = 0.7,
    top_k: Annotated[int | None, typer.Option(min=1, help="Draw from so many of the likeliest.")] = None,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest that have this probability.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Repeats a text; default: a new one each time.")] = None,
    unknown: Annotated[str, typer.Option(help="Characters the model does not know: error or skip.")] = "error",
) -> None:
    """Write text after a prompt, character by character."""
    writer = CharGenerator.load(_find(model))
    count = None if endless else length
    prompt_or_opening = _opening(writer) if prompt is None else prompt
    text = writer.stream(prompt_or_opening, count, temperature, top_k=top_k, top_p=top_p, seed=seed, unknown=unknown)
    try:
        sys.stdout.write(prompt or "")
        try:
            for character in text:
                sys.stdout.write(character)
                sys.stdout.flush()
        except KeyboardInterrupt:
            pass
        sys.stdout.write("\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has had enough
        sys.stderr.close()
        raise typer.Exit(0) from None


def with_ending(path: Path) -> Path:
    """Return a path that ends as weights do."""
    return path if path.suffix == ENDING else path.with_name(path.name + ENDING)


def _find(name: Path) -> Path:
    """Return the weights of a model that is named by them, without their ending, or by its book."""
    near = [with_ending(name), *(name.with_name(part + MODEL + ENDING) for part in (name.name, name.stem) if part)]
    return next((path for path in near if path.is_file()), near[0])


def _opening(model: CharGenerator) -> str:
    """Return the end of a line, or the commonest character of a text of one line."""
    vocabulary = model.vocabulary
    common = vocabulary.characters[vocabulary.counts.index(max(vocabulary.counts))]
    return "\n" if "\n" in vocabulary.characters else common
