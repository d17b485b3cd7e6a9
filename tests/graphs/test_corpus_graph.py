"""The graph of a corpus, against the published definition word by word, and against published sizes."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from gnn_toolkit.datasets import load_documents
from gnn_toolkit.graphs import DocumentWordGraph, WordVocabulary, corpus_graph
from gnn_toolkit.graphs import document_word_graph as build

TEXTS = ["the cat sat on the mat the cat", "the dog sat", "", "the", "the log on a mat"]


def document_word_graph(*args: Any, **options: Any) -> Any:
    """Return the graph, whose attributes type checkers do not know."""
    return build(*args, **options)


def defined(texts: list[str], window: int) -> dict[tuple[str | int, str], float]:
    """Return the weights as the published code computes them: places of a window are counted one by one."""
    documents = [text.split() for text in texts]
    windows = [words[k : k + window] for words in documents for k in range(max(1, len(words) - window + 1))]
    single = Counter(word for words in windows for word in set(words))
    double = Counter[tuple[str, str]]()
    for words in windows:
        for k, one in enumerate(words):
            double.update((min(one, other), max(one, other)) for other in words[:k] if other != one)
    weights: dict[tuple[str | int, str], float] = {}
    for (one, other), count in double.items():
        value = math.log((count / len(windows)) / (single[one] * single[other] / len(windows) ** 2))
        if value > 0:
            weights[one, other] = value
    df = Counter(word for words in documents for word in set(words))
    for number, words in enumerate(documents):
        weights |= {(number, word): words.count(word) * math.log(len(texts) / df[word]) for word in words}
    return weights


@pytest.mark.parametrize("window", [2, 3, 20])
def test_it_is_the_published_graph(window: int):
    data = document_word_graph(TEXTS, window=window)
    names = [*range(len(TEXTS)), *data.words]
    assert data.num_nodes == len(names)
    assert data.is_document.tolist() == [isinstance(name, int) for name in names]
    found = {(names[u], names[v]): w for (u, v), w in zip(data.edge_index.t().tolist(), data.edge_weight, strict=True)}
    expected = {ends: weight for ends, weight in defined(TEXTS, window).items() if weight}
    assert found.keys() == expected.keys() | {(v, u) for u, v in expected}
    for (u, v), weight in expected.items():
        assert float(found[u, v]) == pytest.approx(weight, rel=1e-6)
        assert float(found[v, u]) == float(found[u, v])


def test_a_word_of_every_document_weighs_nothing_there():
    data = document_word_graph(["a b", "a c"])
    assert data.edge_index[1][data.edge_index[0] == 0].tolist() == [3]
    with pytest.raises(ValueError, match="at least one word"):
        document_word_graph(["", " "])


def test_the_transform_of_a_batch_is_the_function_without_unknown_words():
    vocabulary = WordVocabulary.of(["the cat sat on the mat", "dog log"])
    batch: Any = Batch.from_data_list(
        [vocabulary.document(text) for text in TEXTS]
    )  # the empty one is one unknown word
    batch["y"] = torch.arange(len(TEXTS))
    known = set(vocabulary.words)
    texts = [" ".join(word for word in text.split() if word in known) for text in TEXTS]
    data: Any = DocumentWordGraph(window=3)(batch)
    expected = document_word_graph(texts, window=3)
    assert data.edge_index.equal(expected.edge_index)
    assert data.edge_weight.equal(expected.edge_weight)
    assert data.y.tolist() == [0, 1, 2, 3, 4]
    assert data.num_nodes == expected.num_nodes
    with pytest.raises(ValueError, match="with ptr"):
        DocumentWordGraph()(vocabulary.document("cat"))


def test_it_is_kept_by_content_and_built_again_where_what_is_kept_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = document_word_graph(TEXTS, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    for texts, window in ((TEXTS[:-1], 20), (TEXTS, 3)):
        document_word_graph(texts, window=window, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    kept.write_bytes(kept.read_bytes()[:-3])
    again = document_word_graph(TEXTS, cache=tmp_path)
    assert again.edge_weight.equal(first.edge_weight)
    monkeypatch.setattr(corpus_graph, "cooccurrence", None)  # from here on nothing can be counted
    assert document_word_graph(TEXTS, cache=tmp_path).edge_index.equal(first.edge_index)
    with pytest.raises(TypeError):
        document_word_graph([*TEXTS, "new"], cache=tmp_path)


def test_the_graph_of_a_published_corpus_has_its_size(data_folder: Callable[[str], Path]):
    data_folder("text_gcn/data/corpus/mr.clean.txt")
    data = document_word_graph(load_documents("MR").texts)
    assert data.num_nodes == 29_426  # of Table 1 of the paper
    between_words = ~data.is_document[data.edge_index].any(0)
    assert (int(between_words.sum()), data.num_edges) == (1_504_598, 1_898_250)
    assert float(data.edge_weight.min()) > 0
    assert np.isfinite(data.edge_weight.numpy()).all()


def test_words_can_be_apart_or_joined_to_other_words():
    documents = [text.split() for text in TEXTS]
    vocabulary = WordVocabulary.of(TEXTS)
    batch = Batch.from_data_list([vocabulary.document(" ".join(words)) for words in documents])
    graphs = {words: DocumentWordGraph(window=3, words=words)(batch) for words in ("joined", "apart", "shuffled")}
    between = {name: ~graph.is_document[graph.edge_index].any(0) for name, graph in graphs.items()}
    joined = graphs["joined"]
    for name, graph in graphs.items():
        of_documents = ~between[name]
        assert torch.equal(graph.edge_index[:, of_documents], joined.edge_index[:, ~between["joined"]])
        assert torch.equal(graph.edge_weight[of_documents], joined.edge_weight[~between["joined"]])
    assert not between["apart"].any()
    assert between["joined"].sum() == between["shuffled"].sum() > 0
    assert torch.equal(graphs["shuffled"].edge_weight, joined.edge_weight)
    assert not torch.equal(graphs["shuffled"].edge_index, joined.edge_index)
    edges = {(u, v) for u, v in graphs["shuffled"].edge_index.t().tolist()}
    assert edges == {(v, u) for u, v in edges}
    with pytest.raises(ValueError, match="words: expected"):
        DocumentWordGraph(words="none")
