"""Texts of one's own with a label each: from a CSV file, or from a folder with a subfolder for each label."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.encodings import encoding_of, open_text
from gnn_toolkit.datasets.tables import count_of
from gnn_toolkit.datasets.text import read_text

TEXT_COLUMNS = ("text", "texts", "document", "sentence", "review", "message", "content", "body")
LABEL_COLUMNS = ("label", "labels", "class", "category", "target", "sentiment", "topic", "y")
_LONGEST_CELL = 1 << 30  # characters


@dataclass
class LabelledTexts:
    """Texts and their labels.

    Attributes:
        texts: as they stand in the file; a text may be empty.
        labels: one a text.
        notes: what was left out or guessed, a sentence each.
    """

    texts: list[str]
    labels: list[str]
    notes: list[str] = field(default_factory=list)


def read_labelled_texts(
    path: str | Path, *, text: str | None = None, label: str | None = None, encoding: str = "auto"
) -> LabelledTexts:
    """Read labelled texts.

    A CSV file has a header and a row a text; cells are separated by ``,``, ``;`` or tabs and may be quoted. A folder
    has a subfolder a label, with a ``.txt`` file a text, read in the order of their names.

    Args:
        path: the file or folder.
        text: the column of the texts; default: one that is called ``text``, ``document``, ``review`` or the like.
        label: the column of the labels; default: one that is called ``label``, ``class``, ``category`` or the like.
        encoding: any that Python has, or ``"auto"`` for what each file looks like.

    Raises:
        ValueError: a column that is not there, no text with a label, or a file that is no text.
        OSError: a file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        if text is not None or label is not None:
            allowed = "no column with a folder, whose subfolders are the labels"
            raise ValueError(problem("text, label", allowed, text or label, "leave it out"))
        found = _of_folder(path, encoding)
    else:
        found = _of_table(path, text, label, encoding)
    if not found.texts:
        remedy = "check the file, or name the columns"
        raise ValueError(problem(str(path), "at least one text with a label", "none", remedy))
    empty = sum(not one.strip() for one in found.texts)
    if empty:
        found.notes.append(f"{count_of(empty, 'text')} of {len(found.texts)} have no words")
    return found


def _of_folder(folder: Path, encoding: str) -> LabelledTexts:
    found = LabelledTexts([], [])
    for labelled in sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith(".")):
        for place in sorted(labelled.glob("*.txt")):
            found.texts.append(read_text(place, strip=False, encoding=encoding))
            found.labels.append(labelled.name)
    if not found.texts:
        allowed, remedy = "a subfolder for each label with .txt files in it", "arrange the files so, or pass a CSV file"
        raise ValueError(problem(str(folder), allowed, "none", remedy))
    return found


def _of_table(path: Path, text: str | None, label: str | None, encoding: str) -> LabelledTexts:
    guessed = encoding_of(path) if encoding == "auto" else encoding
    rows = _rows(path, guessed)
    if not rows:
        raise ValueError(problem(str(path), "a header and rows", "an empty file", "check the file"))
    header, rows = [cell.strip() for cell in rows[0]], rows[1:]
    columns = [
        _column(path, header, *asked) for asked in (("text", text, TEXT_COLUMNS), ("label", label, LABEL_COLUMNS))
    ]
    whole = [row for row in rows if len(row) == len(header)]
    found = LabelledTexts([], [])
    if guessed not in ("utf-8", "utf-8-sig"):
        found.notes.append(f"read {path.name} as {guessed}")
    if len(whole) < len(rows):
        found.notes.append(f"left out {count_of(len(rows) - len(whole), 'row')}: not as many cells as the header has")
    labelled = [row for row in whole if row[columns[1]].strip()]
    if len(labelled) < len(whole):
        found.notes.append(f"left out {count_of(len(whole) - len(labelled), 'row')} without a label")
    found.texts = [row[columns[0]] for row in labelled]
    found.labels = [row[columns[1]].strip() for row in labelled]
    return found


def _rows(path: Path, encoding: str) -> list[list[str]]:
    """Return the rows of a CSV file that are not empty."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with open_text(path, encoding) as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            file.seek(0)
            return [row for row in csv.reader(file, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        remedy = "save it as CSV in UTF-8, or name its encoding"
        raise ValueError(problem(str(path), f"a CSV file in {encoding}", error, remedy)) from error
    finally:
        csv.field_size_limit(before)


def _column(path: Path, header: list[str], argument: str, name: str | None, usual: tuple[str, ...]) -> int:
    """Return the number of the column that is asked for, or that has a usual name."""
    twice = [cell for cell, count in Counter(header).items() if count > 1]
    shown = ", ".join(map(repr, header[:8])) + (" ..." if len(header) > 8 else "")
    if name is not None and (name not in header or name in twice):
        got = f"{name!r}" + (", which is there twice" if name in twice else "")
        raise ValueError(problem(argument, f"one of the columns {shown} of {path.name}", got, "check the header"))
    if name is not None:
        return header.index(name)
    lower = [cell.lower() for cell in header]
    there = [lower.index(one) for one in usual if lower.count(one) == 1]
    if not there:
        allowed = f"a column such as {' or '.join(map(repr, usual[:3]))} in {path.name}"
        remedy = f"name it: --{argument}-column"
        raise ValueError(problem(f"{argument} column", allowed, f"the columns {shown}", remedy))
    return there[0]
