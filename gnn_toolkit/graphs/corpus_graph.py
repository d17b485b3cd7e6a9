"""The graph of a corpus: documents and words as nodes (TextGCN; Yao, Mao and Luo 2019)."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.graphs.cooccurrence import cooccurrence
from gnn_toolkit.graphs.document_views import codes_of
from gnn_toolkit.graphs.words import Text, WordVocabulary

Progress = Callable[[int, int], None]
_FORM = b"gnn_toolkit document-word graph 1"


def document_word_graph(
    texts: Iterable[Text],
    *,
    window: int = 20,
    pairs: str = "places",
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Data:
    """Return one graph of all documents and all their words, as TextGCN builds it (Yao, Mao and Luo 2019, eq. 3).

    Nodes 0 to D - 1 are the documents, the V nodes after them the words, sorted. A document and a word of it are joined
    with weight ``tf * ln(D / df)``: the word comes tf times in the document, and at all in df of the D documents. Two
    words are joined with the logarithm of ``p(i, j) / (p(i) p(j))`` over sliding windows of all documents, where it is
    above zero. Edges go both ways; edges of weight 0 (a word of all documents) are left out. Normalise
    with :func:`gnn_toolkit.graphs.adjacency`, as ``GCNConv`` does, which adds the loops.

    The graph is that of the published code. Its paper counts a window once for a pair of words however often these come
    in it: that is ``pairs="windows"``.

    Args:
        texts: the documents, strings that are cut at white space or sequences of words.
        window: number of words of a window.
        pairs: ``"places"`` or ``"windows"`` (:func:`gnn_toolkit.graphs.cooccurrence.cooccurrence`).
        cache: a folder in which to keep the graph, under a hash of words, texts and settings, and to look for it.
        progress: called with the steps done and their number.

    Returns:
        ``edge_index`` [2, E], ``edge_weight`` [E], ``is_document`` [D + V], ``words``, a tuple of V words.

    Raises:
        ValueError: no word at all, or settings that do not fit.

    >>> data = document_word_graph(["good film", "bad film"], window=2)
    >>> data.words, data.edge_index[:, data.edge_index[0] == 0].tolist(), data.num_nodes
    (('bad', 'film', 'good'), [[0], [4]], 5)
    """
    kept = list(texts)
    vocabulary = WordVocabulary.of(kept)
    codes, lengths = vocabulary.encode_all(kept)
    data = _graph(codes - 1, lengths, len(vocabulary.words), window, pairs, _folder(cache), progress)
    data.words = vocabulary.words
    return data


class DocumentWordGraph(BaseTransform):
    """The graph of :func:`document_word_graph` as a transform of all documents in one batch.

    Words of code 0, those that are not known, are left out. A graph-level ``y`` stays: answers of the first D nodes.

    Args:
        window: number of words of a window.
        pairs: ``"places"`` or ``"windows"``.
        cache: a folder in which to keep graphs.
        progress: called with the steps done and their number.
        words: ``"joined"`` by mutual information; ``"apart"``, without edges between words; or ``"shuffled"``, with the
            same edges between other words, as a control.

    Shapes:
        - in: ``data.x`` [N], codes of all documents' words, ``data.ptr`` [D + 1]
        - out: ``edge_index`` [2, E], ``edge_weight`` [E], ``is_document`` [D + V]; V is the highest code

    >>> data = Data(x=torch.tensor([1, 2, 3, 2]), ptr=torch.tensor([0, 2, 4]))
    >>> DocumentWordGraph(window=2)(data).num_nodes
    5
    """

    of_corpus = True

    def __init__(
        self,
        window: int = 20,
        pairs: str = "places",
        cache: str | Path | None = None,
        progress: Progress | None = None,
        words: str = "joined",
    ) -> None:
        self.window, self.pairs, self.cache, self.progress = window, pairs, cache, progress
        self.words = _checks.choice("words", words, ("joined", "apart", "shuffled"))

    def forward(self, data: Data) -> Data:
        """Return the graph of the documents and their words."""
        codes, ptr = codes_of(data).numpy(), data.get("ptr")
        if ptr is None:
            remedy = "collate all documents: Batch.from_data_list"
            raise ValueError(_checks.problem("data", "a batch of documents, with ptr", data, remedy))
        of = np.repeat(np.arange(len(ptr) - 1), ptr.diff().numpy())
        known = codes > 0
        lengths = np.bincount(of[known], minlength=len(ptr) - 1)
        size = int(codes.max(initial=0))
        graph = _graph(codes[known] - 1, lengths, size, self.window, self.pairs, _folder(self.cache), self.progress)
        if self.words != "joined":
            _change_words(graph, self.words)
        if "y" in data:
            graph["y"] = data.y
        return graph


def _change_words(graph: Data, words: str) -> None:
    """Drop the edges between words, or let them lead between words that are drawn anew."""
    edge_index, edge_weight, is_document = (graph[name] for name in ("edge_index", "edge_weight", "is_document"))
    joined = ~is_document[edge_index].any(0)
    if words == "apart":
        graph.edge_index, graph.edge_weight = edge_index[:, ~joined], edge_weight[~joined]
        return
    moved, every = torch.arange(len(is_document)), (~is_document).nonzero().squeeze(1)
    moved[every] = every[torch.randperm(len(every), generator=torch.Generator().manual_seed(0))]
    edge_index[:, joined] = moved[edge_index[:, joined]]


def _folder(cache: str | Path | None) -> Path | None:
    return None if cache is None else Path(cache)


def _graph(
    codes: np.ndarray,
    lengths: np.ndarray,
    size: int,
    window: int,
    pairs: str,
    cache: Path | None,
    progress: Progress | None,
) -> Data:
    """Return the graph of documents whose words have the numbers 0 to size - 1."""
    place = None
    if cache is not None:
        settings = f"{size} {window} {pairs}".encode()
        content = (_FORM, settings, codes.astype("<i8").tobytes(), lengths.astype("<i8").tobytes())
        place = cache / f"{hashlib.sha256(b'|'.join(hashlib.sha256(part).digest() for part in content)).hexdigest()}"
    half = None if place is None else _read(place)
    if half is None:
        half = _half(codes, lengths, size, window, pairs, progress)
        if place is not None:
            content = save(half)
            write_atomically(place, lambda file: file.write(content))
    ends = torch.from_numpy(half["ends"]).long()
    documents = len(lengths)
    return Data(
        edge_index=torch.cat([ends, ends.flip(0)], 1),
        edge_weight=torch.from_numpy(half["weight"]).repeat(2),
        num_nodes=documents + size,
        is_document=torch.arange(documents + size) < documents,
    )


def _read(place: Path) -> dict[str, np.ndarray] | None:
    """Return what is kept in a file, ``None`` where nothing whole is."""
    try:
        found = load(place.read_bytes())
    except (FileNotFoundError, SafetensorError):
        return None
    return found if found.keys() == {"ends", "weight"} else None


def _half(
    codes: np.ndarray, lengths: np.ndarray, size: int, window: int, pairs: str, progress: Progress | None
) -> dict[str, np.ndarray]:
    """Return each edge one way, from a document to a word or from a word to a later one, with its weight."""
    documents = len(lengths)
    of = np.repeat(np.arange(documents), lengths)
    entry, times = np.unique(of * size + codes, return_counts=True)
    document, word = entry // max(size, 1), entry % max(size, 1)
    weight = times * np.log(documents / np.bincount(word, minlength=size))[word]
    kept = weight > 0
    mutual = cooccurrence(codes, lengths, size, window, pairs=pairs, progress=progress).pmi()
    ends = np.concatenate(
        [np.stack([document, documents + word])[:, kept], np.stack(mutual.coords) + documents], axis=1
    )
    return {"ends": ends.astype(np.int32), "weight": np.concatenate([weight[kept], mutual.data]).astype(np.float32)}
