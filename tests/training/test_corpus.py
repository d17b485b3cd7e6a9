"""A text as codes: the same whether it comes as a text or a file, in one part or many."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from gnn_toolkit.datasets import read_text, split_text
from gnn_toolkit.training import Corpus, corpus


def written(corpus: Corpus) -> str:
    codes = np.concatenate([corpus.train, corpus.validation, corpus.test])
    return corpus.vocabulary.decode(torch.from_numpy(codes.astype(np.int64)))


def test_a_file_is_read_in_parts_with_any_line_ends(tmp_path, monkeypatch):
    text = "Märchen\r\nund\rmehr\n" * 30
    (tmp_path / "book.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    whole = read_text(tmp_path / "book.txt", strip=False)
    assert "\r" not in whole
    assert not whole.startswith("\ufeff")
    monkeypatch.setattr(corpus, "CHUNK", 7)
    found = Corpus.of(tmp_path / "book.txt", validation=0.2, test=0.1)
    assert written(found) == whole
    assert dict(zip(found.vocabulary.characters, found.vocabulary.counts, strict=True)) == {
        character: whole.count(character) for character in set(whole)
    }
    split = split_text(whole, validation=0.2, test=0.1)
    assert [len(part) for part in split] == [len(found.train), len(found.validation), len(found.test)]


def test_codes_take_a_byte_and_two_where_there_are_many_characters():
    assert Corpus.of("abc" * 100).train.dtype == np.uint8
    many = Corpus.of("".join(chr(200 + k) for k in range(300)) * 2)
    assert many.train.dtype == np.uint16
    assert isinstance(many.train, np.memmap)
    assert many.test.tolist() == list(range(270, 300))


def test_a_licence_is_stripped_on_request(tmp_path):
    head = "*** START OF THIS PROJECT GUTENBERG EBOOK A ***\n\n"
    book = head + "Once upon a time. " * 30 + "\n*** END OF THIS PROJECT GUTENBERG EBOOK A ***\nlicence\n"
    (tmp_path / "book.txt").write_text(book, encoding="utf-8")
    for source in (book, tmp_path / "book.txt"):
        assert written(Corpus.of(source, strip=True)) == ("Once upon a time. " * 30).strip() + "\n"
        assert written(Corpus.of(source)) == book


def test_a_pipe_gives_what_a_file_gives(tmp_path):
    text = "the cat sat on a mat and ran. " * 3000  # more than a pipe holds
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,))
    writer.start()
    found = Corpus.of(tmp_path / "pipe")
    writer.join()
    assert written(found) == text


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + "a", lambda text: "X" + text[1:]])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "log.txt"
    path.write_text("the cat sat on a mat. " * 10)
    count = corpus._count
    monkeypatch.setattr(corpus, "_count", lambda chunks: [count(chunks), path.write_text(change(path.read_text()))][0])
    with pytest.raises(ValueError, match=r"^source: expected a file that stays as it is while it is read, got another"):
        Corpus.of(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-32"])
def test_a_file_in_another_encoding_is_named_and_read_on_request(tmp_path, encoding):
    text = "Ein Märchen, das die Großmutter erzählt. " * 20
    (tmp_path / "book.txt").write_text(text, encoding=encoding)
    with pytest.raises(ValueError, match=rf"expected a text file in UTF-8, got .*; read it with encoding {encoding}"):
        Corpus.of(tmp_path / "book.txt")
    assert written(Corpus.of(tmp_path / "book.txt", encoding="auto")) == text
    assert written(Corpus.of(tmp_path / "book.txt", encoding=encoding)) == text


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^source: expected a text with at least one character, got an empty one"):
        Corpus.of(tmp_path / "empty.txt")
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9 " * 10)
    with pytest.raises(
        ValueError, match=r"bad\.txt: expected a text file in UTF-8, got .*; read it with encoding latin-1"
    ):
        Corpus.of(tmp_path / "bad.txt")
    with pytest.raises(ValueError, match=r"^text: expected enough characters"):
        Corpus.of("ab")
    with pytest.raises(ValueError, match=r"^source: expected a text or a path, got a text that is a file's name; pass"):
        Corpus.of(str(tmp_path / "bad.txt"))
    with pytest.raises(FileNotFoundError):
        Corpus.of(Path(tmp_path / "none.txt"))
