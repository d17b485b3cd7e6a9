"""Labelled texts from CSV files and folders, with what may be wrong in them."""

from pathlib import Path

import pytest

from gnn_toolkit.datasets import read_labelled_texts


def written(folder: Path, content: str | bytes, name: str = "texts.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_found_by_their_usual_names_and_cells_may_be_quoted(tmp_path: Path, delimiter: str):
    rows = [["id", "Review", "Class"], ["1", '"good, said she\n""very""; yes"', "pos"], ["2", "東京 は いい", " neg "]]
    found = read_labelled_texts(written(tmp_path, "\n".join(delimiter.join(row) for row in rows)))
    assert found.texts == ['good, said she\n"very"; yes', "東京 は いい"]
    assert found.labels == ["pos", "neg"]
    assert found.notes == []


def test_columns_may_be_named(tmp_path: Path):
    path = written(tmp_path, "a,b,text,label\nx,y,z,w\n")
    found = read_labelled_texts(path, text="a", label="b")
    assert (found.texts, found.labels) == (["x"], ["y"])


def test_latin_1_is_read_and_said_and_utf_8_is_not(tmp_path: Path):
    for encoding, notes in (("latin-1", ["read texts.csv as latin-1"]), ("utf-8", []), ("utf-8-sig", [])):
        found = read_labelled_texts(written(tmp_path, "text,label\ncaf\xe9 cr\xe8me,x\n".encode(encoding)))
        assert found.texts == ["caf\xe9 cr\xe8me"]
        assert found.notes == notes
    with pytest.raises(ValueError, match="UTF-8"):
        read_labelled_texts(written(tmp_path, "text,label\ncaf\xe9,x\n".encode("latin-1")), encoding="utf-8")


def test_what_is_left_out_is_said(tmp_path: Path):
    found = read_labelled_texts(written(tmp_path, "text,label\na,x\nb\nc,\n,y\n\n , \n"))
    assert (found.texts, found.labels) == (["a", ""], ["x", "y"])
    assert found.notes == [
        "left out 1 row: not as many cells as the header has",
        "left out 1 row without a label",
        "1 text of 2 have no words",
    ]


@pytest.mark.parametrize(
    ("content", "options", "match"),
    [
        ("body,mark\na,b\n", {}, r"label column: expected a column such as 'label'.*'body', 'mark'.*--label-column"),
        ("words,label\na,b\n", {}, r"text column: .*--text-column"),
        ("text,label\na,b\n", {"text": "txt"}, r"text: expected one of the columns 'text', 'label' of texts.csv"),
        ("a,a,label\n1,2,3\n", {"text": "a"}, "which is there twice"),
        ("text,text,label\n1,2,3\n", {}, "text column"),
        ("", {}, "an empty file"),
        ("text,label\n", {}, "at least one text with a label"),
        (b"\x1f\x8b\x08\x00", {}, "gzip"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: str | bytes, options: dict[str, str], match: str):
    with pytest.raises(ValueError, match=match):
        read_labelled_texts(written(tmp_path, content), **options)


def test_a_folder_has_a_subfolder_for_each_label(tmp_path: Path):
    for name, content in (("b/2.txt", "two".encode("utf-16")), ("b/1.txt", "one"), ("a/z.txt", ""), ("a/x.md", "no")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path, content, name)
    found = read_labelled_texts(tmp_path)
    assert (found.texts, found.labels) == (["", "one", "two"], ["a", "b", "b"])
    assert found.notes == ["1 text of 3 have no words"]
    with pytest.raises(ValueError, match="no column with a folder"):
        read_labelled_texts(tmp_path, text="text")
    with pytest.raises(ValueError, match="a subfolder for each label"):
        read_labelled_texts(tmp_path / "a")
