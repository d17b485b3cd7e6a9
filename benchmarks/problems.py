"""What a model is asked: for each task the nodes, the splits, the answers and the structure-free baselines.

A problem offers training batches and held-out batches of equal graphs: ``x`` holds the nodes' features [B * n, F] and a
view chooses the edges between the n nodes of each graph.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import networkx as nx
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import (
    DatasetUnavailableError,
    handwritten_digits,
    load_text,
    palindromes,
    split_text,
)
from gnn_toolkit.graphs import from_networkx
from gnn_toolkit.models import Vocabulary


@dataclass(frozen=True)
class Batch:
    """Some graphs of equal size and the right answers.

    Attributes:
        x: features of the nodes [B, n, F], or codes of characters [B, n].
        y: the right classes, [B] for each graph or [B, n] for each node.
        counted: which nodes count [n], where not all do.
    """

    x: Tensor
    y: Tensor
    counted: Tensor | None = None

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on a device."""
        return Batch(self.x.to(device), self.y.to(device), None if self.counted is None else self.counted.to(device))


@dataclass(frozen=True)
class Problem:
    """One task's data, the same for every model.

    Attributes:
        graph: the nodes of one graph, with the edges that the data has by itself, if any.
        num_features: width of ``x``.
        num_classes: number of classes.
        readout: what the answer is about: the ``"last"`` node, the whole ``"graph"``, or all ``"nodes"``.
        train: draws a training batch.
        held_out: yields the batches of ``"validation"`` or ``"test"``.
        baselines: by name, a function that returns (test score, number of numbers learnt).
        note: what a reader of the results must know, e.g. which text it is.
        vocabulary: of a text.
    """

    graph: Data
    num_features: int
    num_classes: int
    readout: str
    train: Callable[[torch.Generator], Batch]
    held_out: Callable[[str], Iterator[Batch]]
    baselines: dict[str, Callable[[], tuple[float, int]]]
    note: str
    vocabulary: Vocabulary | None = None


def palindrome(length: int, batch_size: int) -> Problem:
    """Predict the last digit of a palindrome from the digits before it; the last node's own features are blank."""
    held = {
        "validation": palindromes(1000, length, torch.Generator().manual_seed(1)),
        "test": palindromes(10_000, length, torch.Generator().manual_seed(2)),
    }

    def ask(digits: Tensor) -> Batch:
        x = torch.nn.functional.one_hot(digits, 10).float()
        x[:, -1] = 0.0
        return Batch(x, digits[:, -1])

    def held_out(part: str) -> Iterator[Batch]:
        yield from (ask(digits) for digits in held[part].split(1000))

    def most_frequent() -> tuple[float, int]:
        answers = palindromes(10_000, length, torch.Generator().manual_seed(3))[:, -1]
        return float((held["test"][:, -1] == answers.mode().values).float().mean()), 1

    return Problem(
        graph=Data(num_nodes=length),
        num_features=10,
        num_classes=10,
        readout="last",
        train=lambda generator: ask(palindromes(batch_size, length, generator)),
        held_out=held_out,
        baselines={"most frequent digit": most_frequent},
        note=f"random palindromes of length {length}, one-hot digits, the last one blank; 10 000 fresh ones as test",
    )


def text(window: int, batch_size: int) -> Problem:
    """Predict the next character of a book at every position of a random window."""
    try:
        name, book = "Grimms' Fairy Tales, licence stripped", load_text("grimm", download=False)
    except DatasetUnavailableError:
        name, book = "Python's language reference", load_text("python_reference")
    vocabulary = Vocabulary(book)
    stretches: dict[str, str] = split_text(book)._asdict()
    codes = {part: vocabulary.encode(stretch) for part, stretch in stretches.items()}

    def train(generator: torch.Generator) -> Batch:
        first = torch.randint(codes["train"].numel() - window, (batch_size, 1), generator=generator)
        windows = codes["train"][first + torch.arange(window + 1)]
        return Batch(windows[:, :-1], windows[:, 1:])

    def held_out(part: str) -> Iterator[Batch]:
        # Long windows side by side: nearly every character is judged with much context, each exactly once.
        stretch, width = codes[part], 500
        rows = (stretch.numel() - 1) // width
        yield Batch(stretch[: rows * width].view(rows, width), stretch[1 : rows * width + 1].view(rows, width))

    size = len(vocabulary)
    return Problem(
        graph=Data(num_nodes=window),
        num_features=size,
        num_classes=size,
        readout="nodes",
        train=train,
        held_out=held_out,
        baselines={
            "unigram": lambda: _ngram(codes["train"], codes["test"], size, 1),
            "bigram": lambda: _ngram(codes["train"], codes["test"], size, 2),
        },
        note=f"{name}: {len(book):,} characters, {size} distinct; the last twentieth is the test, the one before it "
        f"the validation; windows of {window} characters at random places",
        vocabulary=vocabulary,
    )


def _ngram(train: Tensor, test: Tensor, size: int, order: int) -> tuple[float, int]:
    """Return the test nats per character of a unigram or bigram model with one added to every count."""
    if order == 1:
        counts = torch.bincount(train, minlength=size).double() + 1
        return float(-(counts / counts.sum()).log()[test[1:]].mean()), size
    pairs = torch.bincount(train[:-1] * size + train[1:], minlength=size * size).view(size, size).double() + 1
    return float(-(pairs / pairs.sum(1, keepdim=True)).log()[test[:-1], test[1:]].mean()), size * size


def digits(batch_size: int) -> Problem:
    """Recognise a handwritten digit; every pixel is a node that knows its ink, its row and its column."""
    images, labels = handwritten_digits()
    count, height, width = images.shape
    rows = torch.arange(height).view(height, 1).expand(height, width) / (height - 1)
    columns = torch.arange(width).expand(height, width) / (width - 1)
    place = torch.stack([rows, columns], -1).expand(count, height, width, 2)
    x = torch.cat([images[..., None], place], -1).flatten(1, 2)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    train_part, validation_part, test_part = order.split([count - 720, 360, 360])
    parts = {"train": train_part, "validation": validation_part, "test": test_part}

    def train(generator: torch.Generator) -> Batch:
        chosen = parts["train"][torch.randint(parts["train"].numel(), (batch_size,), generator=generator)]
        return Batch(x[chosen], labels[chosen])

    def held_out(part: str) -> Iterator[Batch]:
        yield Batch(x[parts[part]], labels[parts[part]])

    def regression() -> tuple[float, int]:
        flat = images.flatten(1).numpy()
        model = LogisticRegression(max_iter=2000).fit(flat[parts["train"]], labels[parts["train"]].numpy())
        score = model.score(flat[parts["test"]], labels[parts["test"]].numpy())
        return float(score), model.coef_.size + model.intercept_.size

    return Problem(
        graph=Data(num_nodes=height * width),
        num_features=3,
        num_classes=10,
        readout="graph",
        train=train,
        held_out=held_out,
        baselines={"logistic regression": regression},
        note=f"scikit-learn's {count} handwritten digits of 8 x 8 pixels: 1077 train, 360 validation, 360 test",
    )


def club(seed: int) -> Problem:
    """Say which side a member of Zachary's karate club took, from two known members a side and the friendships."""
    graph = nx.karate_club_graph()
    data = from_networkx(graph)
    side = torch.tensor([name == "Officer" for name in data.club]).long()
    x = torch.eye(side.numel())[None]
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(side.numel(), generator=generator)
    known = torch.cat([shuffled[side[shuffled] == group][:2] for group in (0, 1)])
    rest = shuffled[~torch.isin(shuffled, known)]
    parts = {"train": known, "validation": rest[:8], "test": rest[8:]}

    def one(part: str) -> Batch:
        return Batch(x, side[None], torch.isin(torch.arange(side.numel()), parts[part]))

    def held_out(part: str) -> Iterator[Batch]:
        yield one(part)

    def majority() -> tuple[float, int]:
        # Both sides have equally many known members, so the larger side is not known: the first is as good as any.
        return float((side[parts["test"]] == side[known].mode().values).float().mean()), 1

    return Problem(
        graph=Data(edge_index=data.edge_index, num_nodes=side.numel()),
        num_features=side.numel(),
        num_classes=2,
        readout="nodes",
        train=lambda _: one("train"),
        held_out=held_out,
        baselines={"majority class": majority},
        note="Zachary's karate club from networkx, 34 members, one-hot names; each seed draws 2 known members a side, "
        "8 for validation and 22 for the test, the same for every model",
    )


def score(metric: str, logits: Tensor, batch: Batch) -> tuple[float, int]:
    """Return (sum of scores, number of answers) of a batch: right answers, or nats."""
    logits, y = counted(logits, batch)
    if metric == "accuracy":
        return float((logits.argmax(-1) == y).sum()), y.numel()
    return float(torch.nn.functional.cross_entropy(logits, y, reduction="sum")), y.numel()


def counted(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the logits and right answers that count, [answers, classes] and [answers]."""
    y = batch.y.flatten()
    if batch.counted is None:
        return logits, y
    mask = batch.counted.repeat(batch.x.size(0))
    return logits[mask], y[mask]
