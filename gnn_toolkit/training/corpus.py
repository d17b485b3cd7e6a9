"""A text as codes on disk: any length, one or two bytes a character, in three contiguous stretches."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

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
    def of(
        cls,
        source: str | Path,
        *,
        strip: bool = False,
        validation: float = 0.05,
        test: float = 0.05,
        encoding: str = "utf-8",
    ) -> "Corpus":
        """Return the codes of a text, which lie in a temporary file that is mapped into memory.

        The text is read twice, to count its characters and to encode them, a part at a time.

        Args:
            source: a text, or the path of a file, which may be larger than memory. What can be read only once, such as
                a pipe, is copied to a temporary file first.
            strip: whether to cut the header and the licence of a Project Gutenberg text; the text is then read whole.
            validation: share of the characters to choose a model by.
            test: share of the characters, at the very end, to report on.
            encoding: of the file; ``"auto"`` for what it looks like.

        Raises:
            ValueError: an empty or too short text, one with more than 65,536 different characters, one in another
                encoding (the message says in which), or one that changes while it is read.
            OSError: the file cannot be read.

        >>> corpus = Corpus.of("abracadabra", validation=0.2, test=0.2)
        >>> corpus.vocabulary.characters, corpus.test.tolist()
        ('abcdr', [1, 4, 0])
        """
        with _rereadable(source) as place:
            chunks = _chunks_of(place, strip, encoding)
            counts = _count(chunks())
            if not counts:
                allowed, remedy = "a text with at least one character", "pass another file"
                raise ValueError(_checks.problem("source", allowed, "an empty one", remedy))
            vocabulary = Vocabulary(counts)
            first, second = split_lengths(counts.total(), validation, test)
            codes = _encode(chunks(), vocabulary, counts.total())
        return cls(vocabulary, codes[:first], codes[first:second], codes[second:])


@contextmanager
def _rereadable(source: str | Path) -> Iterator[str | Path]:
    """Yield a source that can be read twice: itself, or a copy of what comes out of a pipe or a device."""
    if isinstance(source, str) or (source.is_file() and source.parts[:2] != ("/", "dev")) or source.is_dir():
        yield source
        return
    with source.open("rb") as stream, TemporaryDirectory() as folder:
        copy = Path(folder) / "text"
        with copy.open("wb") as file:
            shutil.copyfileobj(stream, file)
        yield copy


def _chunks_of(source: str | Path, strip: bool, encoding: str) -> Callable[[], Iterable[str]]:
    """Return a function that reads the source from its beginning."""
    if isinstance(source, str) and len(source) < 1000 and os.path.isfile(source):  # unlike Path's, never fails
        remedy = f"pass pathlib.Path({source!r})"
        raise ValueError(_checks.problem("source", "a text or a path", "a text that is a file's name", remedy))
    if isinstance(source, Path) and not strip:
        return lambda: read_chunks(source, CHUNK, encoding=encoding)
    text = read_text(source, strip=False, encoding=encoding) if isinstance(source, Path) else source
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
    try:
        for chunk in chunks:
            codes[place : place + len(chunk)] = vocabulary.encode(chunk).numpy()
            place += len(chunk)
        if place != length:
            raise ValueError(f"{place} characters instead of {length}")
    except ValueError as error:  # of a file that was read once before without one
        allowed, remedy = "a file that stays as it is while it is read", "pass a copy of it"
        raise ValueError(_checks.problem("source", allowed, f"another text ({error})", remedy)) from error
    return codes
