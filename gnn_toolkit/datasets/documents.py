"""Labelled documents with a published split: the corpora of TextGCN (Yao, Mao and Luo 2019)."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.cards import load_card
from gnn_toolkit.datasets.fetch import fetch

_STEMS = {"r8": "R8", "r52": "R52", "mr": "mr", "trec": "TREC", "ohsumed": "ohsumed", "20ng": "20ng"}


@dataclass(frozen=True)
class Documents:
    """Texts with a class each, and which of them are to train on.

    Attributes:
        texts: the cleaned documents, their words with a space between; a document may be empty.
        y: number of each one's class [D], int64.
        classes: names of the classes, sorted; ``y`` counts from 0 in this order.
        train: whether a document is to train on [D], bool; the others are the test.

    Raises:
        ValueError: parts of different lengths, or no document to train on.

    >>> Documents.of(["good film", "bad"], ["pos", "neg"], [True, False]).y.tolist()
    [1, 0]
    """

    texts: tuple[str, ...]
    y: Tensor
    classes: tuple[str, ...]
    train: Tensor

    def __post_init__(self) -> None:
        sizes = (len(self.texts), len(self.y), len(self.train))
        if len(set(sizes)) > 1 or not sizes[0]:
            got, remedy = f"{sizes[0]}, {sizes[1]} and {sizes[2]}", "give each text a label and a part"
            raise ValueError(problem("documents", "as many texts as labels and parts, one at least", got, remedy))
        if not bool(self.train.any()):
            raise ValueError(problem("train", "at least one document to train on", "none", "check the split"))

    @classmethod
    def of(cls, texts: Sequence[str], labels: Sequence[str], train: Sequence[bool]) -> "Documents":
        """Return documents from their labels' names; labels that only the test has are classes, too."""
        classes = tuple(sorted(set(labels)))
        numbers = {name: number for number, name in enumerate(classes)}
        y = torch.tensor([numbers[label] for label in labels], dtype=torch.long)
        return cls(tuple(texts), y, classes, torch.tensor(train, dtype=torch.bool))

    def __len__(self) -> int:
        return len(self.texts)


def load_documents(name: str, *, download: bool = True) -> Documents:
    """Return one of TextGCN's corpora as its authors cleaned it, in their order and with their split.

    Only MR and TREC are whole; in the others stop words and words that come fewer than five times are left out
    (:func:`gnn_toolkit.datasets.clean_documents` is the rule).

    Args:
        name: ``"R8"``, ``"R52"``, ``"MR"``, ``"TREC"``, ``"Ohsumed"`` or ``"20NG"``, in upper or lower case.
        download: whether to download what is not at hand.

    Raises:
        ValueError: there is no such corpus, or its files do not fit together.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.

    >>> load_documents("R9")
    Traceback (most recent call last):
    ValueError: name: expected one of r8, r52, mr, trec, ohsumed, 20ng, got 'r9'; did you mean 'r8'?
    """
    card = load_card(choice("name", str(name).lower(), _STEMS))
    stem = _STEMS[card.name]
    rows = [line.split("\t") for line in _lines(fetch(card, f"{stem}.txt", download=download)) if line]
    texts = [line.strip(" ") for line in _lines(fetch(card, f"corpus/{stem}.clean.txt", download=download))]
    if len(rows) != len(texts) or any(len(row) != 3 for row in rows):
        got = f"{len(rows)} labels of {len(texts)} documents"
        raise ValueError(problem(card.name, "a line with three cells for each document", got, "replace the files"))
    # The part reads train, training or 20news-bydate-train.
    return Documents.of(texts, [row[2] for row in rows], ["train" in row[1] for row in rows])


def _lines(path: Path) -> list[str]:
    """Return the lines of a file in Latin-1, whose only line end is a line feed."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("latin-1").split("\n")
