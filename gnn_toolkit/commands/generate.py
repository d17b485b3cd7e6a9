"""``generate MODEL``: text that a trained generator writes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.models import CharGenerator

ENDING = ".safetensors"


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
    writer = CharGenerator.load(with_ending(model))
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


def _opening(model: CharGenerator) -> str:
    """Return the end of a line, or the commonest character of a text of one line."""
    vocabulary = model.vocabulary
    common = vocabulary.characters[vocabulary.counts.index(max(vocabulary.counts))]
    return "\n" if "\n" in vocabulary.characters else common


def with_ending(path: Path) -> Path:
    """Return a path that ends as weights do."""
    return path if path.suffix == ENDING else path.with_name(path.name + ENDING)
