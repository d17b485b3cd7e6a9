"""The class of a document: TextGCN's corpora, each document a graph of its words, or all of them one graph."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import Documents, load_documents
from gnn_toolkit.graphs import SparseFeatures, WordVocabulary

from .config import Config
from .graph_list import GraphList
from .metrics import ACCURACY, most_frequent
from .objective import Objective
from .regression import logistic_regression
from .sized_graphs import SizedGraphs
from .source import Graphs, OneGraph, View
from .task import Task, TaskData, always

CORPORA = ("R8", "R52", "MR", "TREC", "Ohsumed", "20NG")
HELD_OUT = 0.1  # of the documents to train on, for validation, as TextGCN's authors do


class DocumentGraphs(SizedGraphs):
    """Documents as graphs of words, the shorter ones first; a batch has documents of about one length.

    Args:
        graphs: of each document, codes of its words in ``x`` and its class in ``y``, sorted by length.
        splits: for ``"train"``, ``"validation"`` and ``"test"`` the numbers of their documents, in ascending order.
        num_words: number of codes that can be learnt, with 0 for all other words.
        corpus: all documents, of which one graph can be made.
    """

    readout = "graph"

    def __init__(
        self,
        graphs: Sequence[Data],
        splits: Mapping[str, Tensor],
        num_words: int,
        corpus: "Corpus",
        device: str = "cpu",
    ) -> None:
        super().__init__(graphs, splits, device)
        self.num_features, self.corpus = num_words, corpus

    def viewed(self, view: View, device: str = "cpu") -> "DocumentGraphs | CorpusGraph":
        """Return the documents as a view leaves each of them, or the one graph that it makes of all."""
        if getattr(view, "of_corpus", False):
            return CorpusGraph.of(self.corpus.graph(view), self.splits, device)
        graphs = super().viewed(view, device).graphs
        return DocumentGraphs(graphs, self.splits, self.num_features, self.corpus, device)

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split, in its order: that of lengths, whatever the view makes of them."""
        return GraphList.held_out(self, split)


class CorpusGraph(OneGraph):
    """One graph of documents and words, of which the documents of a split count; nodes have no features but a name."""

    readout = "nodes"

    @classmethod
    def of(cls, graph: Data, splits: Mapping[str, Tensor], device: str = "cpu") -> "CorpusGraph":
        """Return the source of a graph whose first nodes are the documents."""
        nodes = torch.arange(int(graph.num_nodes or 0))
        return cls(graph, {name: torch.isin(nodes, which) for name, which in splits.items()}, device)


class DocumentClass(Objective):
    """The class of each document, which is a graph or, in the graph of a corpus, a node."""

    form = "words"
    pair, padding_idx = "", None  # every code is a word

    def __init__(self, source: Any, config: Config, out_channels: int) -> None:
        super().__init__(source, config, ACCURACY, out_channels, source.readout)
        self.num_words = source.num_features

    def read(self, recurrent: bool, both_ways: bool) -> str:
        """Return how a network is read: a recurrence where all ways end, anything else as the mean over the words."""
        return "last" if recurrent and self.source.ends_last else "mean"


class Corpus:
    """A corpus made ready once for all seeds: the shorter documents first, words as codes.

    Words that no training document has are one unknown word to all who read one document; only the graph of the corpus,
    which is built of all texts, knows them.

    Args:
        documents: the texts with their classes.
        longest: how many words of a document its own graph has at most; the graph of the corpus has all.
    """

    def __init__(self, documents: Documents, longest: int) -> None:
        order = torch.tensor([len(text.split()) for text in documents.texts]).argsort(stable=True)
        self.texts = [documents.texts[k] for k in order.tolist()]
        self.y, self.train, self.classes = documents.y[order], documents.train[order], documents.classes
        learnt = WordVocabulary.of([text for text, known in zip(self.texts, self.train, strict=True) if known])
        others = {word for text in self.texts for word in text.split()} - set(learnt.words)
        self.words, self.num_words = len(learnt.words) + len(others), len(learnt)
        vocabulary = WordVocabulary([*learnt.words, *sorted(others)])
        codes, lengths = map(torch.from_numpy, vocabulary.encode_all(self.texts))
        known = (codes * (codes < self.num_words)).split(lengths.tolist())
        nothing = torch.empty(2, 0, dtype=torch.long)
        self.graphs = [
            Data(x=words[:longest] if len(words) else words.new_zeros(1), edge_index=nothing, y=answer)
            for words, answer in zip(known, self.y.split(1), strict=True)
        ]
        self.whole = Data(x=codes, ptr=torch.nn.functional.pad(lengths.cumsum(0), (1, 0)), y=self.y)
        self.longest, self.cut = longest, int((lengths > longest).sum())
        self._graph: tuple[View, Data] | None = None

    def graph(self, view: View) -> Data:
        """Return the graph that a view makes of all documents; the seeds share it, for it may be large."""
        if self._graph is None or self._graph[0] is not view:
            made = view(self.whole)
            nodes = int(made.num_nodes or 0)
            y = torch.nn.functional.pad(self.y, (0, nodes - len(self.y)))
            graph = Data(edge_index=made.edge_index, edge_weight=made.edge_weight, num_nodes=nodes, y=y)
            graph["x"] = SparseFeatures.identity(nodes)
            self._graph = view, graph
        return self._graph[1]

    def splits(self, seed: int) -> dict[str, Tensor]:
        """Return the numbers of the documents of each part; a tenth of those to train on is drawn for validation."""
        known = self.train.nonzero().flatten()
        shuffled = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))]
        count = max(1, int(HELD_OUT * len(known)))
        held_out, rest = shuffled[:count].sort().values, shuffled[count:].sort().values
        return {"train": rest, "validation": held_out, "test": (~self.train).nonzero().flatten()}

    @cached_property
    def majority(self) -> tuple[float, int]:
        """The score of the most frequent class of the training documents."""
        return most_frequent(self.y[self.train], self.y[~self.train])

    @cached_property
    def regression(self) -> tuple[float, int]:
        """The score of logistic regression on TF-IDF, fitted on all training documents, as published."""
        parts = {"train": self.train.nonzero().flatten().tolist(), "test": (~self.train).nonzero().flatten().tolist()}
        texts = {name: [self.texts[k] for k in part] for name, part in parts.items()}
        vectors = TfidfVectorizer(token_pattern=r"\S+", lowercase=False).fit(texts["train"])
        x = {name: vectors.transform(some) for name, some in texts.items()}
        return logistic_regression(x, {name: self.y[part].numpy() for name, part in parts.items()}, max_iter=1000)


@lru_cache(maxsize=2)
def _read(name: str, longest: int) -> Corpus:
    return Corpus(load_documents(name), longest)


def documents(name: str, seed: int, longest: int) -> TaskData:
    """Say of which class a document of a corpus is; the test is the published one, the seed draws the validation."""
    return classified(_read(name, longest), seed)


def classified(corpus: Corpus, seed: int) -> TaskData:
    """Return the data of telling the classes of documents apart."""
    splits = corpus.splits(seed)
    train, validation, test = (len(splits[part]) for part in ("train", "validation", "test"))
    cut = f"; {corpus.cut} are cut to {corpus.longest} words in graphs of their own" if corpus.cut else ""
    return TaskData(
        DocumentGraphs(corpus.graphs, splits, corpus.num_words, corpus),
        partial(DocumentClass, out_channels=len(corpus.classes)),
        {
            "majority class": lambda: corpus.majority,
            "logistic regression on TF-IDF": lambda: corpus.regression,
        },
        note=f"{len(corpus.texts):,} documents of {len(corpus.classes)} classes, {corpus.words:,} words, "
        f"{corpus.num_words - 1:,} of them in training documents; {train:,} train, {validation:,} validation, drawn by "
        f"the seed, {test:,} test, as published{cut}",
    )


def task(name: str) -> Task:
    """Return the task of one corpus."""
    return Task(
        f"the class of a document of {name}",
        partial(documents, name),
        ACCURACY,
        ("majority class", "logistic regression on TF-IDF"),
        Config(
            steps=1500,
            learning_rate=1e-3,
            evaluate_every=100,
            batch_size=32,
            hidden_channels=128,
            num_layers=1,
            num_convolutions=2,
            dropout=0.5,
            input_dropout=0.5,
        ),
        options={"longest": 1000},
        form="words",
        split_by_seed=always,
    )
