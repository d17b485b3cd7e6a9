"""The corpora of TextGCN have the published sizes; a `.gz` beside is read; damage is refused."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from gnn_toolkit.datasets import DatasetCard, DatasetFile, Documents, documents, load_card, load_documents

# documents, of them to train on, classes, words of the vocabulary, mean length: Table 1 of the paper (TREC: counted)
SIZES = {
    "R8": (7674, 5485, 8, 7688, 65.72),
    "R52": (9100, 6532, 52, 8892, 69.82),
    "MR": (10662, 7108, 2, 18764, 20.39),
    "TREC": (5952, 5452, 6, 8783, 11.05),
    "Ohsumed": (7400, 3357, 23, 14157, 135.82),
    "20NG": (18846, 11314, 20, 42757, 221.26),
}


@pytest.mark.parametrize("name", SIZES)
def test_the_sizes_are_the_published_ones(name: str, data_folder: Callable[[str], Path]):
    for file in load_card(name.lower()).files:
        try:
            data_folder(f"text_gcn/data/{file.name}")
        except pytest.skip.Exception:
            data_folder(f"text_gcn/data/{file.name}.gz")
    found = load_documents(name)
    lengths = [len(text.split()) for text in found.texts]
    words = {word for text in found.texts for word in text.split()}
    sizes = (len(found), int(found.train.sum()), len(found.classes), len(words), round(sum(lengths) / len(found), 2))
    assert sizes == SIZES[name]
    assert found.y.unique().tolist() == list(range(len(found.classes)))


def test_classes_are_sorted_and_may_be_missing_in_training():
    found = Documents.of(["a", "", "c"], ["y", "x", "z"], [True, True, False])
    assert found.classes == ("x", "y", "z")
    assert found.y.tolist() == [1, 0, 2]
    assert found.train.tolist() == [True, True, False]


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="as many texts as labels"):
        Documents.of(["a", "b"], ["x"], [True])
    with pytest.raises(ValueError, match="at least one document to train on"):
        Documents.of(["a"], ["x"], [False])


def small(monkeypatch: pytest.MonkeyPatch, folder: Path, labels: str, texts: bytes) -> None:
    """Have the loader find a corpus of its own making under the name R8."""
    (folder / "corpus").mkdir()
    (folder / "R8.txt").write_text(labels, encoding="latin-1")
    (folder / "corpus" / "R8.clean.txt.gz").write_bytes(gzip.compress(texts))
    files = tuple(DatasetFile(name, "https://example.org/x", "0" * 64, 1) for name in ("R8.txt", "corpus/R8.clean.txt"))
    monkeypatch.setattr(documents, "load_card", lambda _: DatasetCard("r8", "T", "D", "L", "C", files=files))

    def at_hand(card: DatasetCard, name: str, *, download: bool) -> Path:
        return next(path for path in (folder / name, folder / f"{name}.gz") if path.is_file())

    monkeypatch.setattr(documents, "fetch", at_hand)


def test_lines_end_in_line_feeds_alone_and_an_empty_document_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    labels = "1\ttrain\tearn\n2\ttest\tacq\n3\ttraining\tacq\n"
    small(monkeypatch, tmp_path, labels, b"caf\xe9 a\x85b \n\nlast")  # Latin-1; \x85 ends a line elsewhere
    found = load_documents("r8")
    assert found.texts == ("caf\xe9 a\x85b", "", "last")
    assert found.train.tolist() == [True, False, True]
    assert found.y.tolist() == [1, 0, 0]


@pytest.mark.parametrize(("labels", "texts"), [("1\ttrain\tx\n", b"a\nb"), ("1 train x\n", b"a")])
def test_files_that_do_not_fit_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, labels: str, texts: bytes
):
    small(monkeypatch, tmp_path, labels, texts)
    with pytest.raises(ValueError, match="a line with three cells for each document"):
        load_documents("r8")
