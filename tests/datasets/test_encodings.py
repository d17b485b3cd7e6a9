"""What a text file looks like is named; what is no text is refused."""

import codecs
import os
from pathlib import Path

import pytest

from gnn_toolkit.datasets import read_text
from gnn_toolkit.datasets.encodings import encoding_of

TEXT = "Ein Märchen \u2013 von “Frau Holle”.\n" * 9
PLAIN = "Ein Märchen von Frau Holle.\n" * 9


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8-sig"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("cp1252"), "cp1252"),
        (PLAIN.encode("latin-1"), "latin-1"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("utf-32-be"), "utf-32-be"),
        ("a".encode("utf-16-le") * 2, "utf-16-le"),
        (b"", "utf-8-sig"),
        (b"a" * (1 << 20) + "ä".encode() * 9, "utf-8-sig"),
        (b"a" * ((1 << 20) - 1) + "ä".encode() * 9, "utf-8-sig"),
        (b"a" * (1 << 20) + "ä".encode("latin-1"), "latin-1"),
    ],
)
def test_the_encoding_of_a_file_is_found(tmp_path: Path, content: bytes, encoding: str):
    path = tmp_path / "book.txt"
    path.write_bytes(content)
    assert encoding_of(path) == encoding
    assert read_text(path, strip=False, encoding="auto") == content.decode(encoding).removeprefix("\ufeff")


@pytest.mark.parametrize("content", [TEXT.encode("cp1252"), TEXT.encode("utf-16"), TEXT.encode("utf-16-le")])
def test_nothing_but_utf_8_is_read_unless_asked_for(tmp_path: Path, content: bytes):
    (tmp_path / "book.txt").write_bytes(content)
    likely = encoding_of(tmp_path / "book.txt")
    with pytest.raises(
        ValueError, match=rf"book\.txt: expected a text file in UTF-8, got .* encoding {likely}, or conv"
    ):
        read_text(tmp_path / "book.txt")


@pytest.mark.parametrize(
    ("content", "kind"), [(b"%PDF-1.7 ...", "a PDF"), (b"PK\3\4...", "a zip archive"), (b"\x1f\x8b.", "a gzip archive")]
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes, kind: str):
    (tmp_path / "book").write_bytes(content)
    for encoding in ("utf-8", "auto", "latin-1"):
        with pytest.raises(ValueError, match=rf"book: expected a text file, got {kind}.*; save it as plain text first"):
            read_text(tmp_path / "book", encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "auto"])
@pytest.mark.parametrize("content", [TEXT.encode() * 5000 + b"\xff", TEXT.encode() + "ä".encode()[:1]])
def test_a_damaged_byte_in_utf_8_is_no_other_encoding(tmp_path: Path, encoding: str, content: bytes):
    (tmp_path / "book").write_bytes(content)
    with pytest.raises(ValueError, match=r"book: expected a text file in UTF-8, got .*; correct these bytes"):
        read_text(tmp_path / "book", encoding=encoding)


@pytest.mark.parametrize("encoding", ["latin1000", "base64"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str):
    (tmp_path / "book").write_bytes(b"text")
    with pytest.raises(ValueError, match=rf"^encoding: expected an encoding .*, got '{encoding}'; pass e.g. latin-1"):
        read_text(tmp_path / "book", encoding=encoding)


def test_a_wrong_encoding_that_was_asked_for_is_named(tmp_path: Path):
    (tmp_path / "book").write_bytes("ä".encode("latin-1"))
    with pytest.raises(ValueError, match=r"book: expected a text file in ascii, got .*; pass another, or auto"):
        read_text(tmp_path / "book", encoding="ascii")


def test_the_encoding_of_a_pipe_is_not_guessed(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"pipe: expected a file, whose encoding can be found out, got something else"):
        encoding_of(tmp_path / "pipe")
