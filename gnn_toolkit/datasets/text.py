"""Texts for character-level language models, and their split into contiguous stretches."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.encodings import open_text, wrong_encoding
from gnn_toolkit.datasets.fetch import fetch

_FILES = {"grimm": "grimm.txt", "tinyshakespeare": "input.txt"}
_REFERENCE = "python_reference"

_START = re.compile(r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG.*$", re.MULTILINE)
_END = re.compile(r"^\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG", re.MULTILINE)
_CREDIT = re.compile(r"\s*(?:Produced|E-?text prepared|Transcribed)\b[^\n]*\bby\b.*?(?:\n\s*\n|\Z)", re.DOTALL)
_NOTE = re.compile(r"\s*\[(?:Transcriber|E-?text).*?\]\s*\n", re.DOTALL)
_CLOSING = re.compile(r"^\s*End of (?:the |this )?Project Gutenberg.*\Z", re.MULTILINE | re.DOTALL)


class TextSplit(NamedTuple):
    """Three contiguous stretches of a text, in its order.

    Args:
        train: The beginning.
        validation: The stretch after it.
        test: The end.
    """

    train: str
    validation: str
    test: str


def load_text(name: str = _REFERENCE, *, strip: bool = True, download: bool = True) -> str:
    """Return a text by name, without byte order mark and with lines that end in a line feed.

    Args:
        name: ``"python_reference"`` (Python's own language reference, which needs no file), ``"grimm"`` or
            ``"tinyshakespeare"``.
        strip: Whether to cut the header and the licence of a Project Gutenberg text.
        download: Whether to download a file that is not at hand.

    Returns:
        The text.

    Raises:
        ValueError: If there is no such text.
        DatasetUnavailableError: If its file is altered, or neither here nor to be had from its address.

    >>> load_text("python_reference")[:22]
    'The "assert" statement'
    """
    if choice("name", name, [*_FILES, _REFERENCE]) == _REFERENCE:
        return _python_reference()
    return read_text(fetch(name, _FILES[name], download=download), strip=strip)


def read_text(path: str | Path, *, strip: bool = True, encoding: str = "utf-8") -> str:
    """Read a text file, with its byte order mark removed and every kind of line end made a line feed.

    Args:
        path: The file.
        strip: Whether to cut the header and the licence of a Project Gutenberg text.
        encoding: ``"utf-8"``, any other that Python has, or ``"auto"`` for what the file looks like.

    Returns:
        The text.

    Raises:
        ValueError: If the file is not in this encoding; the message says what it looks like.
        OSError: If the file cannot be read.
    """
    text = "".join(read_chunks(path, encoding=encoding))
    return strip_gutenberg(text) if strip else text


def read_chunks(path: str | Path, size: int = 1 << 20, *, encoding: str = "utf-8") -> Iterator[str]:
    """Yield a text file bit by bit, so that it may be larger than memory.

    Put together, the bits are what :func:`read_text` returns with ``strip=False``.

    Args:
        path: The file.
        size: Characters of a bit, but for the last.
        encoding: As of :func:`read_text`.

    Yields:
        The next bit of the text.

    Raises:
        ValueError: As :func:`read_text`.
        OSError: If the file cannot be read.
    """
    try:
        with open_text(path, encoding) as file:
            while chunk := file.read(size):
                yield chunk
    except UnicodeDecodeError as error:
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "auto"):
            raise wrong_encoding(path, error) from error
        remedy = "pass another, or auto"
        raise ValueError(problem(str(path), f"a text file in {encoding}", error, remedy)) from error


def strip_gutenberg(text: str) -> str:
    r"""Return the book inside a Project Gutenberg file, without header, credits and licence.

    Args:
        text: A text whose lines end in a line feed.

    Returns:
        The book, with one line feed at its end; ``text`` itself if it has none of Project Gutenberg's marks.

    >>> head = "A title\n*** START OF THIS PROJECT GUTENBERG EBOOK ***\n\nProduced by A. Person\n\n"
    >>> tail = "*** END OF THIS PROJECT GUTENBERG EBOOK ***\nThe licence\n"
    >>> strip_gutenberg(head + "Once upon a time.\n" + tail)
    'Once upon a time.\n'
    """
    start, end = _START.search(text), _END.search(text)
    if start is None and end is None:
        return text
    body = text[start.end() if start else 0 : end.start() if end else len(text)]
    while found := _CREDIT.match(body) or _NOTE.match(body):
        body = body[found.end() :]
    return _CLOSING.sub("", body).strip() + "\n"


def split_text(text: str, validation: float = 0.05, test: float = 0.05) -> TextSplit:
    """Hold out two contiguous stretches at the end of a text.

    No character is in two stretches, and a model is judged on text that comes after what it was trained on.

    Args:
        text: The text to split.
        validation: Share of the characters held out to choose a model by, at least 0 and below 1.
        test: Share of the characters at the very end, held out to report on, at least 0 and below 1.

    Returns:
        The stretches; a share of 0 gives an empty one.

    Raises:
        ValueError: If a share is out of range, if nothing is left to train on, or if the text is too short.

    >>> split_text("abcdefghij", validation=0.2, test=0.1)
    TextSplit(train='abcdefg', validation='hi', test='j')
    """
    first, second = split_lengths(len(text), validation, test)
    return TextSplit(text[:first], text[first:second], text[second:])


def split_lengths(length: int, validation: float = 0.05, test: float = 0.05) -> tuple[int, int]:
    """Return where the second and the third stretch of a text of some length begin.

    Args:
        length: Characters of the text.
        validation: As of :func:`split_text`.
        test: As of :func:`split_text`.

    Returns:
        Their first places; where a stretch is empty, where it would begin.

    Raises:
        ValueError: As :func:`split_text`.

    >>> split_lengths(10, validation=0.2, test=0.1)
    (7, 9)
    """
    for argument, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise ValueError(problem(argument, "a share of at least 0 and below 1", share, "pass e.g. 0.05"))
    if validation + test >= 1:
        got = f"{validation} + {test}"
        raise ValueError(problem("validation + test", "less than 1", got, "leave something to train on"))
    first, second = int(length * (1 - validation - test)), int(length * (1 - test))
    if not first or (validation and first == second) or (test and second == length):
        allowed = f"enough characters for shares of {validation} and {test}"
        raise ValueError(problem("text", allowed, length, "pass a longer text or other shares"))
    return first, second


def _python_reference() -> str:
    from pydoc_data.topics import topics  # half a megabyte: only for those who ask

    return "\n\n".join(topics[name].strip() for name in sorted(topics)) + "\n"
