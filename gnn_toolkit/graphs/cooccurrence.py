"""Counts of words that stand near each other: over sliding windows, without walking the windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gnn_toolkit import _checks

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csr_array

PAIRS = ("places", "windows")


@dataclass(frozen=True)
class Cooccurrence:
    """Counts over the windows of some texts.

    A text of L words has ``max(1, L - window + 1)`` windows: every run of ``window`` words, or all of a shorter text.

    Attributes:
        windows: number of windows.
        single: number of windows that hold each word [V].
        pairs: counts of the pairs i < j, a matrix [V, V] with nothing on and below the diagonal.
    """

    windows: int
    single: np.ndarray
    pairs: "csr_array"

    def pmi(self) -> "coo_array":
        """Return the pointwise mutual information of all pairs i < j for which it is above zero.

        ``log(p(i, j) / (p(i) p(j)))`` with ``p(i, j) = pairs[i, j] / windows`` and ``p(i) = single[i] / windows``;
        natural logarithm.
        """
        from scipy.sparse import coo_array  # only for those who ask

        found = self.pairs.tocoo()
        row, col = found.coords
        expected = self.single[row].astype(float) * self.single[col]
        value = np.log(found.data * float(self.windows) / expected)
        kept = value > 0
        return coo_array((value[kept], (row[kept], col[kept])), shape=found.shape)


def cooccurrence(
    codes: np.ndarray,
    lengths: np.ndarray,
    size: int,
    window: int,
    *,
    pairs: str = "places",
    progress: Callable[[int, int], None] | None = None,
) -> Cooccurrence:
    """Return in how many windows words and pairs of words stand.

    For two places s < t of a text of L words, the windows that hold both begin at ``max(0, t - w + 1)`` to
    ``min(s, L - w)``, with ``w = min(window, L)``. Counting them for all places less than a window apart takes time and
    memory in proportion to ``window`` times the words, not to the windows' pairs.

    Args:
        codes: words of all texts one after another, each in [0, size).
        lengths: number of words of each text.
        size: number of different words V.
        window: number of words of a window.
        pairs: what is counted of two words: ``"places"``, each pair of places of a window where they stand, as the
            published code of TextGCN does (a window in which a word comes twice counts twice), or ``"windows"``, each
            window that holds both, as its paper says.
        progress: called with the distances done and their number.

    Raises:
        ValueError: a window below 1, another ``pairs``, codes out of range, or lengths that do not add up.

    >>> found = cooccurrence(np.array([0, 1, 0, 2]), np.array([4]), 3, window=3)
    >>> found.windows, found.single.tolist(), found.pairs.toarray().tolist()
    (2, [2, 2, 1], [[0, 3, 1], [0, 0, 1], [0, 0, 0]])
    """
    from scipy.sparse import coo_array

    _checks.positive("window", window)
    _checks.choice("pairs", pairs, PAIRS)
    _check_codes(codes, lengths, size)
    texts = _Places(codes, lengths, window)
    total = coo_array((size, size), dtype=np.int64).tocsr()
    distances = min(window, int(lengths.max(initial=0))) - 1
    for distance in range(1, distances + 1):
        total += _at(texts, distance, size, apart=pairs == "windows")
        if progress is not None:
            progress(distance, distances)
    total.sort_indices()
    single = np.bincount(codes, weights=texts.windows_to_next(), minlength=size).astype(np.int64)
    return Cooccurrence(int(np.maximum(1, lengths - window + 1).sum()), single, total)


def _check_codes(codes: np.ndarray, lengths: np.ndarray, size: int) -> None:
    if len(codes) != lengths.sum():
        got = f"{len(codes)} codes of texts of {int(lengths.sum())} words"
        raise ValueError(_checks.problem("codes", "as many as the lengths add up to", got, "check the lengths"))
    if len(codes) and not (codes.min() >= 0 and codes.max() < size):
        got = f"{codes.min()} to {codes.max()}"
        raise ValueError(_checks.problem("codes", f"codes in [0, {size})", got, "encode with one vocabulary"))


class _Places:
    """The places of all texts: which word, where in its text, and where the text's last window begins."""

    def __init__(self, codes: np.ndarray, lengths: np.ndarray, window: int) -> None:
        starts = lengths.cumsum() - lengths
        text = np.repeat(np.arange(len(lengths)), lengths)
        width = np.minimum(window, lengths)
        self.codes, self.text = codes, text
        self.place = np.arange(len(codes)) - starts[text]
        self.width, self.last = width[text], (lengths - width)[text]
        # The place at which the same word comes again in the same text; beyond every window where it does not.
        order = np.lexsort((self.place, codes, text))
        same = (codes[order][1:] == codes[order][:-1]) & (text[order][1:] == text[order][:-1])
        self.next = np.full(len(codes), np.iinfo(np.int64).max // 2)
        self.next[order[:-1][same]] = self.place[order[1:][same]]

    def windows_to_next(self) -> np.ndarray:
        """Return for each place how many windows hold it and not the next place of the same word."""
        first = np.maximum(0, self.place - self.width + 1)
        last = np.minimum(np.minimum(self.place, self.last), self.next - self.width)
        return np.maximum(0, last - first + 1)


def _at(texts: _Places, distance: int, size: int, *, apart: bool) -> "csr_array":
    """Return the counts of all pairs of places at one distance.

    Args:
        texts: the places.
        distance: between two places.
        size: number of words.
        apart: whether a window counts only for the last places of both words in it.
    """
    from scipy.sparse import coo_array

    s = np.flatnonzero((texts.text[distance:] == texts.text[:-distance]) & (texts.width[distance:] > distance))
    t = s + distance
    one, other = texts.codes[s], texts.codes[t]
    differ = one != other
    s, t, one, other = s[differ], t[differ], one[differ], other[differ]
    first = np.maximum(0, texts.place[t] - texts.width[t] + 1)
    last = np.minimum(texts.place[s], texts.last[s])
    if apart:
        last = np.minimum(last, np.minimum(texts.next[s], texts.next[t]) - texts.width[s])
    count = np.maximum(0, last - first + 1)
    low, high = np.minimum(one, other)[count > 0], np.maximum(one, other)[count > 0]
    return coo_array((count[count > 0], (low, high)), shape=(size, size)).tocsr()
