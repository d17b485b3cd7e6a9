"""Documents as a task: parts, unknown words, batches of one length, and the corpus as one graph."""

from typing import Any

import pytest
import torch

from benchmarks.run import trials
from benchmarks.suites import suite
from benchmarks.tables import MODELS, VIEWS
from benchmarks.tasks.config import Config
from benchmarks.tasks.documents import Corpus, CorpusGraph, DocumentClass, DocumentGraphs, classified
from gnn_toolkit.datasets import Documents
from gnn_toolkit.graphs import DocumentWordGraph, GraphOfWords, Path, document_word_graph

WORDS = ["ba", "na", "ne", "do", "ru"]


def corpus(count: int = 60) -> Documents:
    """Return documents whose class is the word that they begin with, in an order that is not that of their lengths."""
    generator = torch.Generator().manual_seed(0)
    texts, labels = [], []
    for k in range(count):
        length = int(torch.randint(1, 9, (1,), generator=generator))
        others = torch.randint(2, len(WORDS), (length,), generator=generator).tolist()
        texts.append(" ".join([WORDS[k % 2], *(WORDS[word] for word in others)]))
        labels.append("odd" if k % 2 else "even")
    return Documents.of(["", *texts, "ba only tested"], ["odd", *labels, "even"], [True] * (count - 9) + [False] * 11)


def test_the_parts_are_the_published_ones_with_a_tenth_for_validation():
    found, data = corpus(), classified(Corpus(corpus(), 1000), 0)
    source: Any = data.source
    parts = source.splits
    assert {name: len(which) for name, which in parts.items()} == {"train": 46, "validation": 5, "test": 11}
    assert torch.cat(list(parts.values())).sort().values.tolist() == list(range(len(found)))
    lengths = [len(text.split()) for text in found.texts]
    assert [graph.num_nodes for graph in source.graphs] == [max(1, length) for length in sorted(lengths)]
    assert sum(lengths) == source.corpus.whole.num_nodes
    assert "46 train, 5 validation, drawn by the seed, 11 test" in data.note


def test_the_seed_draws_the_validation_and_the_rest_is_the_same_for_all():
    made = Corpus(corpus(), 1000)
    first, second = (classified(made, seed).source for seed in (0, 1))
    assert isinstance(first, DocumentGraphs)
    assert isinstance(second, DocumentGraphs)
    assert not first.splits["validation"].equal(second.splits["validation"])
    assert first.splits["test"].equal(second.splits["test"])
    assert first.graphs == second.graphs
    view = DocumentWordGraph(window=3)
    one, other = (source.viewed(view).draw(torch.Generator(), 1) for source in (first, second))
    assert one.edge_index is other.edge_index  # the graph is there once
    assert not one.mask.equal(other.mask)


def test_words_that_training_has_not_are_unknown_to_all_but_the_corpus():
    data: Any = classified(Corpus(corpus(), 1000), 0).source
    tested = next(k for k in data.splits["test"].tolist() if data.graphs[k].x.tolist()[1:] == [0, 0])
    assert data.graphs[tested].x[0] > 0
    assert data.num_features == len(WORDS) + 1
    assert int(data.corpus.whole.x.max()) == len(WORDS) + 2
    assert int(torch.cat([graph.x for graph in data.graphs]).max()) == len(WORDS)


def test_long_documents_are_cut_in_graphs_of_their_own_and_the_note_says_so():
    data = classified(Corpus(corpus(), 3), 0)
    source: Any = data.source
    assert max(graph.num_nodes for graph in source.graphs) == 3
    assert source.corpus.whole.num_nodes == sum(len(text.split()) for text in corpus().texts)
    assert "are cut to 3 words" in data.note


def test_a_batch_has_documents_of_about_one_length_and_every_one_is_as_likely():
    source: Any = classified(Corpus(corpus(), 1000), 0).source.viewed(Path())
    generator = torch.Generator().manual_seed(0)
    counts, spread = torch.zeros(len(source.graphs)), []
    for _ in range(1500):
        batch = source.draw(generator, 4)
        counts += torch.bincount(batch.which, minlength=len(counts))
        lengths = batch.ptr.diff()
        spread.append(int(lengths.max() - lengths.min()))
    train = source.splits["train"]
    assert counts.sum() == counts[train].sum() == 6_000
    share = counts[train] / 6_000 * len(train)
    assert 0.6 < float(share.min()) <= float(share.max()) < 1.4
    assert sum(spread) / len(spread) < 1.5  # of 8


def test_the_corpus_is_one_graph_whose_documents_count():
    source: Any = classified(Corpus(corpus(), 1000), 0).source
    graph = source.viewed(DocumentWordGraph(window=3))
    assert isinstance(graph, CorpusGraph)
    texts = sorted(corpus().texts, key=lambda text: len(text.split()))
    expected: Any = document_word_graph(texts, window=3)
    batch = graph.draw(torch.Generator(), 1)
    assert batch.num_nodes == expected.num_nodes == graph.num_features
    assert sorted(batch.edge_weight.tolist()) == sorted(expected.edge_weight.tolist())
    assert batch.mask.nonzero().flatten().equal(source.splits["train"])
    assert batch.y[batch.mask].equal(torch.cat([source.graphs[k].y for k in source.splits["train"].tolist()]))
    assert sum(batch.mask.sum() for part in ("validation", "test") for batch in graph.held_out(part)) == 16


@pytest.mark.parametrize(
    ("model", "view"),
    [
        ("wide MLP", VIEWS["no edges"].transform),
        ("LSTM", Path()),
        ("BiLSTM", Path()),
        ("GCN", GraphOfWords()),
        ("GCN, attention", GraphOfWords()),
        ("GCN", DocumentWordGraph(window=3)),
        ("deep graph CNN", VIEWS["word fields"].transform),
    ],
)
def test_every_model_learns_from_its_view(model: str, view: Any):
    torch.manual_seed(0)
    data = classified(Corpus(corpus(), 1000), 0)
    config = Config(steps=1, hidden_channels=16, batch_size=16, data={"longest": 1000})
    source: Any = data.source.viewed(view)
    objective = data.objective(source, config)
    assert isinstance(objective, DocumentClass)
    network = MODELS[model].builders["words"].build(config, objective)
    optimizer, generator = torch.optim.Adam(network.parameters(), lr=0.02), torch.Generator().manual_seed(0)
    for _ in range(60):
        loss = objective.loss(network, objective.batch(generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    scores = objective.evaluate(network, "test")
    assert len(scores.units) == 11
    assert scores.mean > 0.8


def test_baselines_score_what_they_should():
    data = classified(Corpus(corpus(), 1000), 0)
    assert data.baselines["majority class"]()[0] == pytest.approx(5 / 11, abs=0.1)
    assert data.baselines["logistic regression on TF-IDF"]()[0] > 0.8


def test_the_suite_reads(at_hand):
    loaded = suite.load("documents")
    assert {comparison.task for comparison in loaded.comparisons} >= {"r8", "mr"}
    corpus_config = loaded.config("r8-corpus")
    assert (corpus_config.learning_rate, corpus_config.hidden_channels, corpus_config.head) == (0.02, 200, False)
    assert {label: loaded.config(label).steps for label in loaded.by_label()} == {
        "trec": 800,
        "mr": 800,
        "r8-wide": 1000,
        "mr-wide": 1000,
        "r8-corpus": 200,
        "mr-corpus": 200,
    }
    assert suite.load("documents", full=True).config("r8").steps == 1500
    assert suite.load("documents-large").config("r52").steps == 3000
    assert len(trials.plan(loaded, "cpu")) > loaded.size


def test_the_validation_loss_is_watched_where_training_ends_by_it():
    torch.manual_seed(0)
    data = classified(Corpus(corpus(), 1000), 0)
    source: Any = data.source.viewed(Path())
    for rising, watches in ((None, False), (3, True)):
        config = Config(steps=1, hidden_channels=4, rising=rising, data={"longest": 1000})
        objective = data.objective(source, config)
        network = MODELS["LSTM"].builders["words"].build(config, objective).eval()
        (batch,) = source.held_out("validation")
        loss = float(torch.nn.functional.cross_entropy(network(batch), batch.y).detach())
        assert objective.watches is watches
        with torch.no_grad():
            seen = {key: pytest.approx(value) for key, value in objective.watch(network, 1).items()}
        assert seen == ({"validation_loss": loss} if watches else {})
