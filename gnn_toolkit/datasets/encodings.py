"""The encoding of a text file: UTF-8, unless asked for another; what a file looks like is named, never assumed."""

import codecs
import io
from itertools import chain
from pathlib import Path
from typing import TextIO

from gnn_toolkit._checks import problem

_MARKS = (  # the longer ones first: that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = ((b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive, e.g. EPUB or Word"), (b"\x1f\x8b", "a gzip archive"))
_SAMPLE = 4096  # bytes at the beginning by which a file is judged
_BLOCK = 1 << 20


def open_text(path: str | Path, encoding: str = "utf-8") -> TextIO:
    """Open a text file, every kind of line end as a line feed and without byte order mark.

    Args:
        path: The file.
        encoding: ``"utf-8"``, any other that Python has, or ``"auto"`` for what the file looks like.

    Raises:
        ValueError: If there is no such encoding, or if the file looks like one in another encoding, or like no text.
        OSError: If the file cannot be read.
    """
    found = encoding_of(path) if encoding == "auto" else encoding
    try:
        found = codecs.lookup(found).name
    except LookupError as error:
        remedy = "pass e.g. latin-1, or auto"
        raise ValueError(problem("encoding", "an encoding that Python has", repr(encoding), remedy)) from error
    file = Path(path).open("rb")  # noqa: SIM115 (handed out)
    try:
        likely = _by_beginning(path, file.peek(_SAMPLE)[:_SAMPLE])
        if found == "utf-8" and likely not in ("utf-8-sig", None):
            raise wrong_encoding(path, f"one that looks like {likely}", likely)
        return io.TextIOWrapper(file, encoding="utf-8-sig" if found == "utf-8" else found)
    except BaseException as error:
        file.close()
        if isinstance(error, LookupError):  # a codec that is not of texts
            remedy = "pass e.g. latin-1, or auto"
            raise ValueError(problem("encoding", "an encoding of texts", repr(encoding), remedy)) from error
        raise


def encoding_of(path: str | Path) -> str:
    """Return what a text file looks like: ``"utf-8-sig"``, ``"utf-16"`` and its like, ``"latin-1"`` or ``"cp1252"``.

    The file is read once from beginning to end. By a byte order mark, and by the zeros in texts of mostly ASCII, UTF-16
    and UTF-32 are certain; Latin-1 and Windows-1252 are a guess for what is hardly ever UTF-8.

    Raises:
        ValueError: If the file looks like no text, or is none that can be read again, such as a pipe.
        OSError: If it cannot be read.
    """
    if Path(path).exists() and not Path(path).is_file():
        allowed, remedy = "a file, whose encoding can be found out", "copy it to a file, or name the encoding"
        raise ValueError(problem(str(path), allowed, "something else", remedy))
    decoder, right, wrong, seen = codecs.getincrementaldecoder("utf-8")("replace"), 0, 0, set()
    with Path(path).open("rb") as file:
        likely = _by_beginning(path, file.peek(_SAMPLE)[:_SAMPLE])
        if likely is not None:
            return likely
        for block in chain(iter(lambda: file.read(_BLOCK), b""), (b"",)):
            text = decoder.decode(block, final=not block)
            damaged = text.count("\ufffd")
            right += len(text) - len(text.encode("ascii", "ignore")) - damaged
            wrong += damaged
            seen.update(block)
    if right >= wrong:
        return "utf-8-sig"
    return "cp1252" if seen & set(range(0x80, 0xA0)) else "latin-1"


def wrong_encoding(path: str | Path, got: object, likely: str | None = None) -> ValueError:
    """Return the error for a file that is not in UTF-8, with what it looks like."""
    if likely is None:
        likely = encoding_of(path) if Path(path).is_file() else "latin-1"
    remedy = "correct these bytes" if likely == "utf-8-sig" else f"read it with encoding {likely}, or convert it"
    return ValueError(problem(str(path), "a text file in UTF-8", got, remedy))


def _by_beginning(path: str | Path, head: bytes) -> str | None:
    """Return the encoding that is certain from a file's first bytes, if one is."""
    for mark, name in _OTHERS:
        if head.startswith(mark):
            raise ValueError(problem(str(path), "a text file", name, "save it as plain text first"))
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    whole = head[: len(head) // 4 * 4]
    zeros = [whole[place::4].count(0) * 8 > len(whole) for place in range(4)]  # more than half of them
    patterns = {
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
    }
    return patterns.get(tuple(zeros))  # type: ignore[call-overload]
