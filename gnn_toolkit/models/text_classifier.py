"""A classifier of texts that takes strings and is saved with its words and classes."""

from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.batch import together
from gnn_toolkit.graphs.document_views import GraphOfWords
from gnn_toolkit.graphs.views import NoEdges, Path
from gnn_toolkit.graphs.words import WordVocabulary, tokenize
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.models.tf_idf import TfIdfLinear
from gnn_toolkit.models.word_network import BAG, WordNetwork

TOGETHER = 128  # texts that are read in one batch
_DROPPED: dict[str, Any] = {"dropout": 0.5, "input_dropout": 0.5}


def _wide(words: int, hidden: int, classes: int) -> nn.Module:
    return WordNetwork(words, 8 * hidden, classes, layer=BAG, dropout=0.5)


def _graph_of_words(words: int, hidden: int, classes: int) -> nn.Module:
    return WordNetwork(words, hidden, classes, layer="gcn", readout="attention", **_DROPPED)


def _both_ways(words: int, hidden: int, classes: int) -> nn.Module:
    options = {"layer": "lstm", "num_layers": 1, "readout": "last", "bidirectional": True}
    return WordNetwork(words, hidden, classes, **options, **_DROPPED)


# What a classifier can be: its view of a document and its network, from the simplest on.
KINDS: dict[str, tuple[BaseTransform, Callable[[int, int, int], nn.Module]]] = {
    "tf-idf": (NoEdges(), lambda words, hidden, classes: TfIdfLinear(words, classes)),
    "wide-mlp": (NoEdges(), _wide),
    "gcn": (GraphOfWords(window=4), _graph_of_words),
    "lstm": (Path(), _both_ways),
}


class TextClassifier(nn.Module):
    """A classifier of texts: a vocabulary, a view of a text's words, a network.

    Texts in any script are cut into words by :func:`gnn_toolkit.graphs.tokenize`; a word that is not known is one
    unknown word, an empty text one such word.

    Args:
        vocabulary: the words that it knows.
        classes: names of the classes, in the order of the logits.
        kind: ``"tf-idf"`` (:class:`TfIdfLinear`), ``"wide-mlp"`` (a bag of words, eight times as wide), ``"gcn"``
            (two convolutions on the graph of words, read by attention) or ``"lstm"`` (both ways along the words).
        hidden_channels: width of embedding and layers.
        longest: words of a text that are read; those after them are not.

    Raises:
        ValueError: an unknown kind, fewer than two classes or a size below 1.

    >>> model = TextClassifier(WordVocabulary(["bad", "good"]), ["neg", "pos"], "gcn")
    >>> model.probabilities(["A good film", ""]).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        vocabulary: WordVocabulary,
        classes: Sequence[str],
        kind: str = "wide-mlp",
        *,
        hidden_channels: int = 64,
        longest: int = 400,
    ) -> None:
        super().__init__()
        self.vocabulary, self.classes = vocabulary, tuple(classes)
        self.kind = _checks.choice("kind", kind, KINDS)
        self.hidden_channels = _checks.positive("hidden_channels", hidden_channels)
        self.longest = _checks.positive("longest", longest)
        if len(set(self.classes)) < max(2, len(self.classes)):
            raise ValueError(_checks.problem("classes", "two different names at least", classes, "check the labels"))
        self._view, build = KINDS[kind]
        self.network = build(len(vocabulary), hidden_channels, len(self.classes))

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every text of a batch of :meth:`graph`."""
        return self.network(data)

    def graph(self, text: str | Sequence[str]) -> Data:
        """Return a text, or its words, as the graph that the network reads."""
        words = tokenize(text) if isinstance(text, str) else list(text)
        return self._view(self.vocabulary.document(words[: self.longest]))

    @torch.no_grad()
    def probabilities(self, texts: Sequence[str | Sequence[str]]) -> Tensor:
        """Return the probabilities of the classes for each text [texts, classes]."""
        if isinstance(texts, str):
            raise ValueError(_checks.problem("texts", "a list of texts", "one text", "put it into a list"))
        training, device = self.training, next(self.parameters()).device
        self.eval()
        parts = [
            together([self.graph(text) for text in texts[k : k + TOGETHER]]) for k in range(0, len(texts), TOGETHER)
        ]
        found = [torch.softmax(self(part.to(device)), 1) for part in parts]
        self.train(training)
        return torch.cat(found) if found else torch.empty(0, len(self.classes), device=device)

    def classify(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest class of each text."""
        return [self.classes[k] for k in self.probabilities(texts).argmax(1).tolist()]

    def explain(self, text: str, label: str | None = None) -> list[tuple[str, float]]:
        """Return the words of a text in their order, and how much each speaks for a class.

        A word's weight is the class's probability with all the text less the probability without this word, at all its
        places (occlusion; Zeiler and Fergus 2014). Words beyond the longest text that is read weigh 0.

        Args:
            text: the text.
            label: the class; default: the likeliest.

        Raises:
            ValueError: the class is none of the classifier's.
        """
        words = tokenize(text)
        whole = self.probabilities([words])[0]
        k = int(whole.argmax()) if label is None else self.classes.index(_checks.choice("label", label, self.classes))
        read = words[: self.longest]
        distinct = list(dict.fromkeys(read))
        without = self.probabilities([[word for word in read if word != one] for one in distinct])[:, k]
        weight = dict(zip(distinct, (whole[k] - without).tolist(), strict=True))
        return [(word, weight[word] if place < self.longest else 0.0) for place, word in enumerate(words)]

    def save(self, path: str | FilePath, notes: dict[str, Any] | None = None) -> None:
        """Save the classifier as safetensors, and in a JSON file beside it words, classes and ``notes``.

        Raises:
            ValueError: ``path`` does not end in ``.safetensors``.
            FileExistsError: another file is there.
            OSError: a file cannot be written.
        """
        description = {
            "model": "TextClassifier",
            "kind": self.kind,
            "hidden_channels": self.hidden_channels,
            "longest": self.longest,
            "classes": list(self.classes),
            "notes": notes or {},
            "words": list(self.vocabulary.words),
        }
        save_weights(FilePath(path), self, description)

    @classmethod
    def load(cls, path: str | FilePath) -> "TextClassifier":
        """Return a classifier that was saved.

        Raises:
            ValueError: the files are damaged, or of another model.
            OSError: a file is missing.
        """
        description = read_description(path, "TextClassifier")
        sizes = {key: description[key] for key in ("kind", "hidden_channels", "longest")}
        model = cls(WordVocabulary(description["words"]), description["classes"], **sizes)
        load_weights(FilePath(path), model)
        return model.eval()
