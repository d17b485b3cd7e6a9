"""The next character of real prose."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import load_text
from gnn_toolkit.models import CharGenerator, Sampling
from gnn_toolkit.training import Corpus, Reader, nats_per_character, rows_of, samples_of

from ..measure.copying import Copying
from .config import Config
from .metrics import NATS_PER_CHARACTER, Scores
from .ngrams import compressed, kneser_ney, ngram
from .objective import Objective
from .source import Graphs, Source, View, sharded
from .task import Task, TaskData

NAMES = {"grimm": "Grimms' Fairy Tales, licence stripped", "tinyshakespeare": "Tiny Shakespeare"}
SIMPLE = ("unigram", "bigram")
STRONG = (*SIMPLE, "5-gram", "gzip", "xz")
PROMPT, SAMPLE_LENGTH = "The ", 160
TEMPERATURES = (0.0, 0.5, 1.0, 2.0)
SAMPLE_AT = (1000, 5000, 20_000, 100_000, 200_000, 400_000, 800_000)
COPIES, COPY_LENGTH = 5, 400  # texts of each temperature that are compared with the training text


class TextWindows:
    """A text, cut into paths of characters: ``x`` holds their codes, ``y`` those of the characters after them.

    Args:
        corpus: the text.
        row: characters that are judged with one state, from zeros, one after another.
    """

    num_relations, ends_last = 1, True

    def __init__(self, corpus: Corpus, row: int) -> None:
        self.corpus, self.row = corpus, row
        self.example, self.num_features = Data(num_nodes=row), len(corpus.vocabulary)

    def viewed(self, view: View, device: str = "cpu") -> "TextWindows":
        """Return the text itself: its characters stand in one path already."""
        return self

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw windows as long as a row at random places."""
        return batch_of(*Reader(self.corpus.train, self.row, batch_size).batch(generator))

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield a stretch in long rows: nearly every character is judged with much context, each exactly once."""
        for codes, following in rows_of(getattr(self.corpus, split), self.row):
            yield batch_of(codes, following)

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return every so many-th window."""
        mine = sharded(batch.num_graphs, place, count)
        return batch_of(*(t.view(batch.num_graphs, -1)[mine] for t in (batch.x, batch.y)))


def batch_of(codes: Tensor, following: Tensor) -> Graphs:
    """Return windows of a text [B, n] as a batch of as many paths."""
    return Batch(_base_cls=Data, x=codes.flatten(), y=following.flatten(), _num_graphs=len(codes))


class NextCharacter(Objective):
    """A generator's nats per character; while it trains, the state is carried where the data's options say so.

    Args:
        source: the text.
        config: how the model is trained; ``data`` has ``window`` and ``carry``.
    """

    form = "text"
    watches = True

    def __init__(self, source: Source, config: Config) -> None:
        assert isinstance(source, TextWindows)
        self.corpus, carry = source.corpus, config.data["carry"]
        super().__init__(source, config, NATS_PER_CHARACTER, len(self.corpus.vocabulary), "nodes")
        if carry and config.devices > 1:
            remedy = "leave out --devices: the rows of a batch cannot be shared out then"
            raise ValueError(_checks.problem("devices", "1 where the state is carried", config.devices, remedy))
        window = _checks.positive("window", config.data["window"])
        self.stateful = self.reader = Reader(self.corpus.train, window, config.batch_size, carry=carry)

    def batch(self, generator: torch.Generator) -> Graphs:
        """Return the next windows."""
        return batch_of(*self.reader.batch(generator))

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits of every character of a batch, from a state of zeros, and those that came."""
        return model(batch)[0], batch.y

    def loss(self, model: nn.Module, batch: Graphs) -> Tensor:
        """Return the mean loss of a batch, from the state that is carried."""
        windows = tuple(t.view(batch.num_graphs, -1) for t in (batch.x, batch.y))

        def network(codes: Tensor, state: Any) -> tuple[Tensor, Any]:
            logits, state = model(batch, state)
            return logits.view(*codes.shape, -1), state

        return self.reader.loss(network, windows)  # pyright: ignore[reportArgumentType]

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the scores of a batch: every row is a unit."""
        points = self.metric.points(*self.answers(model, batch)).view(batch.num_graphs, -1)
        return Scores(points.double().sum(1).cpu(), torch.full((len(points),), float(points.size(1))))

    def watch(self, model: nn.Module, step: int) -> dict[str, Any]:
        """Return the accuracy in training since the validation before and, at some steps, short texts."""
        seen: dict[str, Any] = {"accuracy": self.reader.accuracy()}
        if step in SAMPLE_AT:
            seen["samples"] = samples_of(generator_of(model), self.config.seed)
        return seen

    def samples(self, model: nn.Module, seed: int) -> dict[str, str]:
        """Return text written after one prompt, at each temperature."""
        write = generator_of(model).generate
        return {f"{t:g}": PROMPT + write(PROMPT, SAMPLE_LENGTH, t, seed=seed, unknown="skip") for t in TEMPERATURES}

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return nats per character on validation and test together, and how much is copied from the training text.

        For scale, so much of the test text stands in the training text, too.
        """
        corpus, decode, generator = self.corpus, self.corpus.vocabulary.decode, generator_of(model)
        copying = Copying(decode(torch.from_numpy(corpus.train.astype("int64"))))
        end = torch.from_numpy(corpus.test[: COPIES * COPY_LENGTH].astype("int64"))
        real = [decode(text) for text in end.split(COPY_LENGTH)]
        held_out = np.concatenate([corpus.validation, corpus.test])
        found = {"held-out nats": nats_per_character(generator, held_out)}
        found |= copying.of(real, "the book's end")
        for temperature in TEMPERATURES:
            state = generator.begin([text[0] for text in real], seed=seed)
            texts, _ = generator.extend(state, COPY_LENGTH, Sampling(temperature))
            found |= copying.of(texts, f"temperature {temperature:g}")
        return found


def generator_of(model: nn.Module) -> CharGenerator:
    """Return the generator inside a model of text, which Fabric may have wrapped."""
    return next(module for module in model.modules() if isinstance(module, CharGenerator))


def text(name: str, load: Callable[[], str], baselines: tuple[str, ...], row: int, seed: int, **_: Any) -> TaskData:
    """Predict every character of a text from those before it.

    Args:
        name: of the text, for people.
        load: returns the text.
        baselines: names of those to measure.
        row: characters that are judged with one state.
        seed: draws nothing here.
        _: window and carry, which are the objective's.
    """
    book = load()
    corpus = Corpus.of(book)
    size = len(corpus.vocabulary)
    measured: dict[str, Callable[[], tuple[float, int]]] = {
        "unigram": lambda: ngram(corpus.train, corpus.test, size, 1),
        "bigram": lambda: ngram(corpus.train, corpus.test, size, 2),
        "5-gram": lambda: kneser_ney(corpus.train, corpus.test, size, 5),
        "gzip": lambda: compressed(corpus, "gzip"),
        "xz": lambda: compressed(corpus, "xz"),
    }
    return TaskData(
        TextWindows(corpus, row),
        NextCharacter,
        {name: measured[name] for name in baselines},
        note=f"{name}: {len(book):,} characters, {size} distinct; the last twentieth is the test, the one before it "
        "the validation",
    )


TEXT = Task(
    "next character of real prose",
    partial(text, "Python's language reference", partial(load_text, "python_reference"), SIMPLE, 500),
    NATS_PER_CHARACTER,
    SIMPLE,
    Config(
        steps=400,
        learning_rate=4e-3,
        clip_norm=5.0,
        evaluate_every=100,
        batch_size=32,
        hidden_channels=128,
        num_layers=2,
        target=1.6,
    ),
    options={"window": 30, "carry": False},
    form="text",
)


def book(file: str, title: str) -> Task:
    """Return the task of a book, as a course set it: two layers of 128, windows of 30 characters at random places."""
    return Task(
        f"next character of {title}",
        partial(text, NAMES[file], partial(load_text, file), STRONG, 1000),
        NATS_PER_CHARACTER,
        STRONG,
        Config(
            steps=800_000,
            learning_rate=2e-3,
            rate_decay=0.96,
            rate_decay_every=5000,
            clip_norm=5.0,
            evaluate_every=500,
            batch_size=64,
            hidden_channels=128,
            num_layers=2,
        ),
        options={"window": 30, "carry": False},
        form="text",
    )
