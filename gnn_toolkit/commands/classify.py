"""``classify MODEL TEXT``: the class of a text, and which of its words speak for it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.analysis.explanation_page import explanation_page
from gnn_toolkit.commands.console import say
from gnn_toolkit.commands.generate import with_ending
from gnn_toolkit.commands.train_classifier import CLASSIFIER
from gnn_toolkit.datasets import read_text
from gnn_toolkit.models import TextClassifier

SHOWN = 5  # words and classes on the console


def classify(
    model: Annotated[Path, typer.Argument(help="What train-classifier wrote, or the name of its file.")],
    text: Annotated[str | None, typer.Argument(help="The text; - for standard input.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(help="A file with one text.", show_default=False)] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Write a page of HTML with the words coloured.", show_default=False)
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Explain this class; default: the likeliest.", show_default=False)
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of the file; auto: what it looks like.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the page.")] = False,
) -> None:
    """Say of which class a text is, how sure, and by which words."""
    if (text is None) == (file is None):
        raise ValueError(_checks.problem("text", "a text or --file", "both or none", "pass one of the two"))
    if explain is not None and explain.exists() and not force:
        raise ValueError(_checks.problem(str(explain), "no file where the page goes", "one", "pass --force"))
    classifier = TextClassifier.load(_find(model))
    content = _content(text, file, encoding)
    shares = classifier.probabilities([content])[0].tolist()
    ranked = sorted(zip(classifier.classes, shares, strict=True), key=lambda pair: -pair[1])
    chosen = ranked[0][0] if label is None else _checks.choice("label", label, classifier.classes)
    words = classifier.explain(content, chosen)
    if not words:
        say("the text has no words: the answer is that for an unknown word")
    for name, share in ranked[:SHOWN]:
        print(f"{share:.3f} {name}")
    strongest = sorted(dict(words).items(), key=lambda pair: -abs(pair[1]))[:SHOWN]
    if strongest:
        print(f"words for {chosen}: " + ", ".join(f"{word} {weight:+.3f}" for word, weight in strongest))
    if explain is not None:
        others = [pair for pair in ranked if pair[0] != chosen][:SHOWN]
        page = explanation_page(words, chosen, dict(ranked)[chosen], others)
        write_atomically(explain, lambda place: place.write(page.encode()))
        say(f"wrote {explain}")


def _content(text: str | None, file: Path | None, encoding: str) -> str:
    if file is not None:
        return read_text(file, strip=False, encoding=encoding)
    assert text is not None
    return sys.stdin.read() if text == "-" else text


def _find(name: Path) -> Path:
    """Return the weights of a classifier that is named by them, without their ending, or by the file of its texts."""
    near = [with_ending(name), *(name.with_name(f"{part}{CLASSIFIER}.safetensors") for part in (name.name, name.stem))]
    near.append(Path(f"{name.stem}{CLASSIFIER}.safetensors"))
    found = next((path for path in near if path.is_file()), None)
    if found is None:
        remedy = "train one: python -m gnn_toolkit train-classifier TEXTS.csv"
        raise FileNotFoundError(_checks.problem(str(name), "a trained classifier", "no file", remedy))
    return found
