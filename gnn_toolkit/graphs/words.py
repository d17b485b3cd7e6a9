"""Texts as words, and words as codes."""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks

UNKNOWN = 0
Text = str | Sequence[str]
# Scripts that put no space between words: Thai, Lao, Myanmar, Khmer, kana, Han. Each character is taken as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


def words_of(text: Text) -> list[str]:
    """Return the words of a text: a string is cut at white space, a sequence is words already.

    >>> words_of("to be  or"), words_of(("not", "to"))
    (['to', 'be', 'or'], ['not', 'to'])
    """
    return text.split() if isinstance(text, str) else list(text)


def tokenize(text: str) -> list[str]:
    """Return the words and marks of a text in any script, in lower case.

    A word is a run of letters, digits and the marks that combine with them, with apostrophes inside; every other
    character that is no white space is a word of its own, and so is every character of a script without spaces between
    words (Han, kana, Thai, Lao, Khmer, Myanmar), with the marks that combine with it.

    >>> tokenize("Don't stop, Ελλάδα! 東京")
    ["don't", 'stop', ',', 'ελλάδα', '!', '東', '京']
    """
    return _pattern().findall(unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    points = range(min(0x20000, sys.maxunicode))
    marks = "".join(chr(p) for p in points if unicodedata.category(chr(p)) in ("Mn", "Mc"))
    letter = rf"(?:(?![{_UNSPACED}])[\w{marks}])"
    return re.compile(rf"{letter}+(?:['\u2019]{letter}+)*|[{_UNSPACED}][{marks}]*|[^\s\w]")


class WordVocabulary:
    """Words and their codes 1, 2, 3, ...; code 0 stands for a word that is not among them.

    Args:
        words: the words, each once, in the order of their codes.

    Attributes:
        words: the same; ``words[code - 1]`` is the word of a code.

    Raises:
        ValueError: a word that comes twice.

    >>> vocabulary = WordVocabulary.of(["a rose is a rose"])
    >>> vocabulary.words, vocabulary.encode("a red rose").tolist()
    (('a', 'is', 'rose'), [1, 0, 3])
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self._codes = {word: code for code, word in enumerate(self.words, 1)}
        if len(self._codes) < len(self.words):
            twice = Counter(self.words).most_common(1)[0][0]
            raise ValueError(_checks.problem("words", "each word once", f"{twice!r} twice", "leave one of them out"))

    @classmethod
    def of(cls, texts: Iterable[Text], *, min_count: int = 1) -> "WordVocabulary":
        """Return the words of some texts in sorted order, those that come at least ``min_count`` times in all.

        Raises:
            ValueError: ``min_count`` is no integer of at least 1, or no word is left.
        """
        _checks.positive("min_count", min_count)
        counts = Counter(word for text in texts for word in words_of(text))
        kept = sorted(word for word, count in counts.items() if count >= min_count)
        if not kept:
            got = "none" if not counts else f"{len(counts)} rarer ones"
            allowed = f"at least one word that comes {min_count} times"
            raise ValueError(_checks.problem("texts", allowed, got, "pass more text or a lower min_count"))
        return cls(kept)

    def __len__(self) -> int:
        """Return the number of codes, that of the unknown word included."""
        return len(self.words) + 1

    def encode(self, text: Text) -> Tensor:
        """Return the codes of a text's words, int64 [length]."""
        return torch.tensor([self._codes.get(word, UNKNOWN) for word in words_of(text)], dtype=torch.long)

    def encode_all(self, texts: Iterable[Text]) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes of all texts one after another, int64 [total], and their lengths, int64 [texts]."""
        codes = [[self._codes.get(word, UNKNOWN) for word in words_of(text)] for text in texts]
        lengths = np.array([len(one) for one in codes], dtype=np.int64)
        return np.array([code for one in codes for code in one], dtype=np.int64), lengths

    def document(self, text: Text) -> Data:
        """Return a text as a graph: a node for each word in the text's order, its code in ``x`` [length], no edges.

        A text without words is one unknown word, so that every text has a node to read an answer from.
        """
        codes = self.encode(text)
        codes = codes if len(codes) else torch.tensor([UNKNOWN])
        return Data(x=codes, edge_index=torch.empty(2, 0, dtype=torch.long))
