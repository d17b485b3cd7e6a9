"""Sentences and their parse trees: the sentiment of a sentence (SST), the relatedness of two (SICK)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import SentencePair, SyntaxTree, load_sick, load_sst, numbered, vocabulary

from .config import Config
from .metrics import ACCURACY, PEARSON, most_frequent
from .phrases import KINDS, PhraseObjective, SimilarityObjective, by_length
from .regression import logistic_regression
from .sized_graphs import SizedGraphs
from .task import Task, TaskData

SPLITS = ("train", "validation", "test")
LEAST = 2  # times that a word of the training set must be there to have an embedding of its own
NEUTRAL = 2
CLASSES = (5, 2)


def lowered(tree: SyntaxTree) -> SyntaxTree:
    """Return a tree whose words are in lower case."""
    return replace(tree, tokens=tuple(token.lower() for token in tree.tokens))


@lru_cache(maxsize=1)
def _sst() -> dict[str, list[SyntaxTree]]:
    return {split: load_sst(split) for split in SPLITS}


@lru_cache(maxsize=1)
def _sick() -> dict[str, list[SentencePair]]:
    return {split: load_sick(split) for split in SPLITS}


def joined(parts: dict[str, Any]) -> tuple[list[Any], dict[str, Tensor]]:
    """Return the members of all splits in a row, and the numbers of those of each split."""
    ends = np.cumsum([len(parts[split]) for split in SPLITS])
    numbers = {split: torch.arange(end - len(parts[split]), end) for split, end in zip(SPLITS, ends, strict=True)}
    return [one for split in SPLITS for one in parts[split]], numbers


def sentiment(seed: int, classes: int, phrases: bool) -> TaskData:
    """Say what feeling a sentence expresses.

    Args:
        seed: draws nothing here: the splits are the published ones.
        classes: 5, from very negative to very positive, or 2, without the sentences that are neutral.
        phrases: whether every phrase of a training sentence is asked about, or the sentence alone.
    """
    if classes not in CLASSES:
        raise ValueError(_checks.problem("classes", "5 or 2", classes, "see the Stanford Sentiment Treebank"))
    return classified(_sst(), classes, phrases)


def classified(trees: dict[str, list[SyntaxTree]], classes: int, phrases: bool) -> TaskData:
    """Return the data of telling the sentiment of labelled trees."""
    kept = {
        split: [lowered(tree) for tree in members if classes == KINDS or tree.labels[-1] != NEUTRAL]
        for split, members in trees.items()
    }
    numbers = vocabulary(kept["train"], LEAST)
    every, splits = joined(kept)
    trained = len(kept["train"])
    graphs = [_labelled(tree, numbers, classes, phrases and place < trained) for place, tree in enumerate(every)]
    labels = {split: [_class(tree.labels[-1], classes) for tree in members] for split, members in kept.items()}
    texts = {split: [" ".join(tree.words) for tree in members] for split, members in kept.items()}
    objective = partial(
        PhraseObjective,
        metric=ACCURACY,
        out_channels=classes,
        num_words=len(numbers) + 2,
        groups={"words": by_length(every)},
    )
    asked = "every phrase of a training sentence is asked about" if phrases else "whole sentences are asked about"
    return TaskData(
        SizedGraphs(graphs, splits),
        objective,
        {"majority class": partial(majority, labels), "TF-IDF + logistic regression": partial(tfidf, texts, labels)},
        note=f"Stanford Sentiment Treebank, {classes} classes: {_sizes(kept)} sentences; {asked}; {len(numbers):,} "
        "words in lower case that the training sentences have twice; embeddings drawn at random, none from elsewhere",
    )


def _sizes(parts: dict[str, Any]) -> str:
    return ", ".join(f"{len(parts[split]):,} {split}" for split in SPLITS)


def _class(label: int, classes: int) -> int:
    return label if classes > 2 else int(label > NEUTRAL)


def _labelled(tree: SyntaxTree, numbers: dict[str, int], classes: int, phrases: bool) -> Data:
    """Return a tree as a graph, in which all phrases are asked about that have a class, or the sentence alone."""
    data = numbered([tree], numbers)
    labels = torch.tensor(tree.labels)
    data.y = torch.tensor([_class(label, classes) for label in tree.labels])
    if phrases:
        data.mask = labels >= 0 if classes > 2 else labels != NEUTRAL
    return data


def majority(labels: dict[str, list[int]]) -> tuple[float, int]:
    """Return the accuracy of the most frequent training class."""
    return most_frequent(torch.tensor(labels["train"]), torch.tensor(labels["test"]))


def tfidf(texts: dict[str, list[str]], labels: dict[str, list[int]]) -> tuple[float, int]:
    """Return the accuracy of a logistic regression on TF-IDF of single words, its strength chosen on validation."""
    vectors = TfidfVectorizer(token_pattern=r"[^ ]+", sublinear_tf=True)
    x = {
        split: vectors.fit_transform(texts[split]) if split == "train" else vectors.transform(texts[split])
        for split in SPLITS
    }
    return logistic_regression(x, labels, strengths=(0.3, 1.0, 3.0, 10.0))


def relatedness(seed: int) -> TaskData:
    """Say how related two sentences are, from 1 to 5."""
    return related(_sick())


def related(pairs: dict[str, list[SentencePair]]) -> TaskData:
    """Return the data of pairs of sentences with dependency trees."""
    both = {
        split: [(lowered(one.first), lowered(one.second), one.score) for one in members]
        for split, members in pairs.items()
    }
    numbers = vocabulary([tree for *trees, _ in both["train"] for tree in trees], LEAST)
    every, splits = joined(both)
    graphs = []
    for first, second, score in every:
        graphs.append(numbered([first, second], numbers))
        graphs[-1].y = torch.tensor([score])
    objective = partial(
        SimilarityObjective, metric=PEARSON, out_channels=KINDS, num_words=len(numbers) + 2, pair="similarity"
    )
    return TaskData(
        SizedGraphs(graphs, splits),
        objective,
        {"cosine of TF-IDF": partial(cosine, both)},
        note=f"SICK: {_sizes(both)} pairs of sentences with dependency trees; {len(numbers):,} words in lower case; "
        "embeddings drawn at random, no vectors from elsewhere",
    )


def cosine(pairs: Mapping[str, Sequence[Any]]) -> tuple[float, int]:
    """Return Pearson's r of the cosine between the TF-IDF vectors of both sentences."""
    texts = {
        split: [[" ".join(tree.words) for tree in trees] for *trees, _ in pairs[split]] for split in ("train", "test")
    }
    vectors = TfidfVectorizer(token_pattern=r"[^ ]+").fit([text for pair in texts["train"] for text in pair])
    first, second = (vectors.transform([pair[side] for pair in texts["test"]]) for side in (0, 1))
    likeness = np.asarray(csr_matrix(first).multiply(csr_matrix(second)).sum(1)).ravel()
    return float(np.corrcoef(likeness, [score for *_, score in pairs["test"]])[0, 1]), 0


SENTIMENT = Task(
    "what feeling a sentence of a film review expresses",
    sentiment,
    ACCURACY,
    ("majority class", "TF-IDF + logistic regression"),
    Config(
        steps=1500,
        learning_rate=1e-3,
        evaluate_every=150,
        batch_size=25,
        hidden_channels=128,
        num_layers=1,
        dropout=0.5,
        input_dropout=0.3,
    ),
    options={"classes": 5, "phrases": True},
    form="words",
    data="sst",
)

RELATEDNESS = Task(
    "how related two sentences are",
    relatedness,
    PEARSON,
    ("cosine of TF-IDF",),
    Config(
        steps=1500,
        learning_rate=1e-3,
        evaluate_every=150,
        batch_size=25,
        hidden_channels=128,
        num_layers=1,
        dropout=0.2,
        input_dropout=0.3,
    ),
    form="words",
    data="sick",
)
