"""The next character of real prose."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch_geometric.data import Data

from gnn_toolkit.datasets import load_text
from gnn_toolkit.training import Corpus, Reader, rows_of

from .metrics import NATS_PER_CHARACTER
from .ngrams import compressed, kneser_ney, ngram
from .task import Batch, Budget, Problem, Task

NAMES = {"grimm": "Grimms' Fairy Tales, licence stripped", "tinyshakespeare": "Tiny Shakespeare"}
SIMPLE = ("unigram", "bigram")
STRONG = (*SIMPLE, "5-gram", "gzip", "xz")


def problem(name: str, book: str, window: int, baselines: tuple[str, ...], row: int = 500) -> Problem:
    """Return a text's problem.

    Args:
        name: of the text.
        book: the text.
        window: characters of a training window, unless the budget says otherwise.
        baselines: names of those to measure.
        row: characters that are judged with one state, from zeros, one after another.
    """
    corpus = Corpus.of(book)
    stretches = {"validation": corpus.validation, "test": corpus.test}

    def train(generator: torch.Generator, batch_size: int) -> Batch:
        return Batch(*Reader(corpus.train, window, batch_size).batch(generator))

    def held_out(part: str) -> Iterator[Batch]:
        # Long rows side by side: nearly every character is judged with much context, each exactly once.
        return (Batch(codes, following) for codes, following in rows_of(stretches[part], row))

    size = len(corpus.vocabulary)
    known: dict[str, Callable[[], tuple[float, int]]] = {
        "unigram": lambda: ngram(corpus.train, corpus.test, size, 1),
        "bigram": lambda: ngram(corpus.train, corpus.test, size, 2),
        "5-gram": lambda: kneser_ney(corpus.train, corpus.test, size, 5),
        "gzip": lambda: compressed(corpus, "gzip"),
        "xz": lambda: compressed(corpus, "xz"),
    }
    return Problem(
        graph=Data(num_nodes=window),
        num_features=size,
        num_classes=size,
        readout="nodes",
        train=train,
        held_out=held_out,
        baselines={name: known[name] for name in baselines},
        note=f"{name}: {len(book):,} characters, {size} distinct; the last twentieth is the test, the one before it "
        "the validation",
        corpus=corpus,
    )


TEXT = Task(
    "next character of real prose",
    lambda seed: problem("Python's language reference", load_text("python_reference"), 30, SIMPLE),
    NATS_PER_CHARACTER,
    SIMPLE,
    Budget(
        steps=400,
        learning_rate=4e-3,
        clip_norm=5.0,
        evaluate_every=100,
        batch_size=32,
        hidden_channels=128,
        num_layers=2,
    ),
    target=1.6,
)

# As a course set it: two layers of 128, windows of 30 characters at random places.
COURSE = Budget(
    steps=800_000,
    learning_rate=2e-3,
    rate_decay=0.96,
    rate_decay_every=5000,
    clip_norm=5.0,
    evaluate_every=500,
    batch_size=64,
    hidden_channels=128,
    num_layers=2,
)


# The same for every cell, with as many parameters as the two layers of an LSTM have.
EQUAL = replace(COURSE, steps=20_000, evaluate_every=250, parameters=248_000)

# What reached furthest in the time that there was.
BEST = replace(
    COURSE,
    steps=3000,
    learning_rate=3e-3,
    rate_decay=0.9,
    rate_decay_every=100,
    evaluate_every=250,
    batch_size=32,
    hidden_channels=256,
    dropout=0.2,
    window=64,
    carry=True,
)


def _task(file: str, title: str, budget: Budget) -> Task:
    return Task(
        title,
        lambda seed: problem(NAMES[file], load_text(file), 30, STRONG, row=1000),
        NATS_PER_CHARACTER,
        STRONG,
        budget,
    )


BOOKS = {
    "grimm": _task("grimm", "next character of Grimms' Fairy Tales, as a course set it", COURSE),
    "grimm-equal": _task("grimm", "next character of Grimms' Fairy Tales, equally many parameters", EQUAL),
    "shakespeare-equal": _task("tinyshakespeare", "next character of Tiny Shakespeare, equally many parameters", EQUAL),
    "grimm-best": _task("grimm", "next character of Grimms' Fairy Tales, as well as we could", BEST),
    "shakespeare-best": _task(
        "tinyshakespeare", "next character of Tiny Shakespeare, as well as we could", replace(BEST, dropout=0.1)
    ),
}
