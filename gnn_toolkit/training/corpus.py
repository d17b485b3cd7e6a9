"""A text as codes on disk: any length, one or two bytes a character, in three contiguous stretches."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from gnn_toolkit import _checks
from gnn_toolkit.datasets import read_chunks, read_text, split_lengths, strip_gutenberg
from gnn_toolkit.models.vocabulary import Vocabulary, code_points

CHUNK = 1 << 20  # characters at a time


@dataclass(frozen=True)
class Corpus:
    """A text as the codes of a vocabulary.

    Attributes:
        vocabulary: the characters of the whole text, with their counts.
        train: codes of the beginning.
        validation: codes of the stretch after it.
        test: codes of the end.
    """

    vocabulary: Vocabulary
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @classmethod
    def of(cls, source: str | Path, *, strip: bool = False, validation: float = 0.05, test: float = 0.05) -> "Corpus":
        """Return the codes of a text, which lie in a temporary file that is mapped into memory.

        The text is read twice, to count its characters and to encode them, a part at a time.

        Args:
            source: a text, or the path of a file in UTF-8, which may be larger than memory.
            strip: whether to cut the header and the licence of a Project Gutenberg text; the text is then read whole.
            validation: share of the characters to choose a model by.
            test: share of the characters, at the very end, to report on.

        Raises:
            ValueError: an empty or too short text, one with more than 65,536 different characters, or not in UTF-8.
            OSError: the file cannot be read.

        >>> corpus = Corpus.of("abracadabra", validation=0.2, test=0.2)
        >>> corpus.vocabulary.characters, corpus.test.tolist()
        ('abcdr', [1, 4, 0])
        """
        chunks = _chunks_of(source, strip)
        counts = _count(chunks())
        if not counts:
            allowed, remedy = "a text with at least one character", "pass another file"
            raise ValueError(_checks.problem("source", allowed, "an empty one", remedy))
        vocabulary = Vocabulary(counts)
        first, second = split_lengths(counts.total(), validation, test)
        codes = _encode(chunks(), vocabulary, counts.total())
        return cls(vocabulary, codes[:first], codes[first:second], codes[second:])


def _chunks_of(source: str | Path, strip: bool) -> Callable[[], Iterable[str]]:
    """Return a function that reads the source from its beginning."""
    if isinstance(source, str) and len(source) < 1000 and os.path.isfile(source):  # unlike Path's, never fails
        remedy = f"pass pathlib.Path({source!r})"
        raise ValueError(_checks.problem("source", "a text or a path", "a text that is a file's name", remedy))
    if isinstance(source, Path) and not strip:
        return lambda: read_chunks(source, CHUNK)
    text = read_text(source, strip=False) if isinstance(source, Path) else source
    text = strip_gutenberg(text) if strip else text
    return lambda: (text[place : place + CHUNK] for place in range(0, len(text), CHUNK))


def _count(chunks: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for chunk in chunks:
        points, found = np.unique(code_points(chunk), return_counts=True)
        counts.update(dict(zip(map(chr, points), found.tolist(), strict=True)))
    return counts


def _encode(chunks: Iterable[str], vocabulary: Vocabulary, length: int) -> np.ndarray:
    """Return the codes of a text, mapped from a file that is gone with the last of them."""
    if len(vocabulary) > 1 << 16:
        remedy = "is it a text in words of an alphabet?"
        raise ValueError(_checks.problem("source", "at most 65,536 different characters", len(vocabulary), remedy))
    kind, place = np.uint8 if len(vocabulary) <= 1 << 8 else np.uint16, 0
    with TemporaryFile() as file:
        codes = np.memmap(file, kind, "w+", shape=(length,))
    for chunk in chunks:
        codes[place : place + len(chunk)] = vocabulary.encode(chunk).numpy()
        place += len(chunk)
    return codes
