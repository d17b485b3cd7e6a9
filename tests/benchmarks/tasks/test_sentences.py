"""Sentiment and relatedness: what is asked about, unknown words, and baselines that arithmetic gives."""

from typing import Any

import pytest
import torch

from benchmarks.tables import MODELS, TASKS, VIEWS
from benchmarks.tasks import sentences as module
from gnn_toolkit.datasets import SentencePair, SyntaxTree

sentences: Any = module  # whose sources have graphs and splits

GOOD, BAD, DULL = (
    SyntaxTree(("Film", word, ""), (2, 2, -1), (2, label, label))
    for word, label in (("good", 4), ("bad", 0), ("so", 2))
)
ONE = SyntaxTree(("good",), (-1,), (4,))
TREES = {"train": [GOOD, BAD, DULL] * 4, "validation": [BAD, ONE], "test": [ONE, BAD, GOOD, GOOD, DULL]}


@pytest.mark.parametrize("classes", [5, 2])
def test_every_phrase_of_a_training_sentence_is_asked_about_and_later_the_sentence_alone(classes: int):
    data = sentences.classified(TREES, classes, True)
    graphs, splits = data.source.graphs, data.source.splits
    assert [len(splits[name]) for name in sentences.SPLITS] == ([12, 2, 5] if classes == 5 else [8, 2, 4])
    first = graphs[0]
    assert first.mask.tolist() == ([True] * 3 if classes == 5 else [False, True, True])
    assert first.y[first.mask].tolist() == ([2, 4, 4] if classes == 5 else [1, 1])
    tested = graphs[int(splits["test"][2])]
    assert tested.mask.tolist() == [False, False, True]
    whole = sentences.classified(TREES, classes, False).source.graphs[0]
    assert whole.mask.tolist() == [False, False, True]


def test_baselines_score_what_arithmetic_says():
    data = sentences.classified(TREES, 2, True)
    assert data.baselines["majority class"]() == (0.25, 1)
    assert data.baselines["TF-IDF + logistic regression"]()[0] == 1.0


def test_words_are_lowered_and_those_seen_once_are_not_known():
    once = SyntaxTree(("Once", "FILM", ""), (2, 2, -1), (2, 2, 2))
    data = sentences.classified({**TREES, "train": [*TREES["train"], once]}, 5, True)
    lowered = data.source.graphs[12]
    assert lowered.x.flatten().tolist() == [1, data.source.graphs[0].x[0, 0], 0]


PAIRS = {
    split: [
        SentencePair(SyntaxTree(("a", "dog", "runs"), (1, 2, -1)), SyntaxTree(("The", word, "sits"), (1, 2, -1)), score)
        for word, score in (("cat", 1.0), ("dog", 3.5), ("cat", 1.5))
    ]
    for split in sentences.SPLITS
}


def test_relatedness_is_of_two_trees_side_by_side():
    data = sentences.related(PAIRS)
    graph = data.source.graphs[1]
    assert graph.edge_index.tolist() == [[0, 1, 3, 4], [1, 2, 4, 5]]
    assert (graph.mask.nonzero().flatten().tolist(), graph.y.tolist()) == ([2, 5], [3.5])
    assert graph.x[1] == graph.x[4] > 1
    assert data.baselines["cosine of TF-IDF"]()[0] == pytest.approx(0.9820, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "view"),
    [
        ("LSTM", "tree"),
        ("N-ary Tree-LSTM", "ordered tree"),
        ("GRU", "sibling tree"),
        ("LSTM", "words"),
        ("BiLSTM", "words"),
        ("RNN", "random tree"),
        ("GCN", "words both ways"),
        ("GCN", "tree"),
        ("wide MLP", "bag of words"),
    ],
)
@pytest.mark.parametrize("task", ["sst", "sick"])
def test_every_model_learns_on_every_view(task: str, model: str, view: str):
    data = sentences.classified(TREES, 5, True) if task == "sst" else sentences.related(PAIRS)
    config = TASKS[task].configured({"hidden_channels": 8})
    transform: Any = VIEWS[view].transform
    source = data.source.viewed(transform)
    objective = data.objective(source, config)
    torch.manual_seed(0)
    network = MODELS[model].builders["words"].build(config, objective)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for step in range(25):
        loss = objective.loss(network, objective.batch(torch.Generator().manual_seed(step)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert len(objective.evaluate(network.eval(), "test").units) == len(data.source.splits["test"])


def test_other_classes_are_refused():
    with pytest.raises(ValueError, match="classes: expected 5 or 2, got 3"):
        sentences.sentiment(0, 3, True)
