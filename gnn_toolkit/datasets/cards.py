"""Dataset cards: what a dataset is, whose it is, what was published on it, and where its files come from."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from gnn_toolkit._checks import choice, problem

_KINDS: dict[Any, str] = {
    str: "a string",
    int: "an integer",
    float | int: "a number",
    list: "an array of tables",
    dict: "a table",
}
_CARD = {"title": str, "description": str, "licence": str, "citation": str}
_FIGURE = {"model": str, "metric": str, "value": float | int, "source": str}
_FILE = {"name": str, "url": str, "sha256": str, "bytes": int}
_PREPARED = {"name": str, "url": str, "arrays_sha256": str, "bytes": int}
_PATH = (r"\w[\w.+-]*(/\w[\w.+-]*)*", "a relative path of plain names and forward slashes")
_PATTERNS = (
    ("name", *_PATH),
    ("url", r"https?://[^\s/]\S*", "an http or https address"),
    ("sha256", r"[0-9a-f]{64}", "64 hexadecimal digits in lower case"),
    ("arrays_sha256", r"[0-9a-f]{64}", "64 hexadecimal digits in lower case"),
)
_SECURE = (r"https://[^\s/]\S*", "an https address")  # on cards, which others write


@dataclass(frozen=True)
class DatasetFile:
    """One file of a dataset, pinned by its content.

    Args:
        name: Path of the file below the dataset's folder, with forward slashes.
        url: Address of exactly this revision of the file.
        sha256: SHA-256 of the file, 64 hexadecimal digits.
        bytes: Size of the file in bytes.
        headers: HTTP headers that the address needs, if any; no other host is sent them.

    Raises:
        ValueError: If the name leads out of the folder, the address is none, or hash, size or headers are no such.
    """

    name: str
    url: str
    sha256: str
    bytes: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _check_file("DatasetFile", vars(self))


@dataclass(frozen=True)
class PreparedFile:
    """One file of arrays that a machine makes of an original, pinned by what it holds.

    Args:
        name: Path of the file below the dataset's folder, with forward slashes.
        url: Address of exactly this revision of the original.
        arrays_sha256: Digest of the arrays (``datasets.prepared.arrays_digest``), 64 hexadecimal digits.
        bytes: Bytes that the original has at most.
        headers: HTTP headers that the address needs, if any; no other host is sent them.

    Raises:
        ValueError: If the name leads out of the folder, the address is none, or digest, size or headers are no such.
    """

    name: str
    url: str
    arrays_sha256: str
    bytes: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _check_file("PreparedFile", vars(self))


@dataclass(frozen=True)
class PublishedFigure:
    """A result that others reported on a dataset.

    Args:
        model: The model, with the settings that matter.
        metric: What was measured, its unit, and on which part of the data.
        value: The figure.
        source: Where it was read.
    """

    model: str
    metric: str
    value: float
    source: str


@dataclass(frozen=True)
class DatasetCard:
    """What is known of one dataset.

    Args:
        name: Name of the dataset: the card's file name without ``.toml``.
        title: Title for people.
        description: What the data are, their size, and what they serve for.
        licence: Terms of use.
        citation: What to cite.
        folder: Path of the folder that holds the files, with forward slashes; the card's name where it gives none.
        published: Figures that others reported.
        files: Files to fetch; empty where the data come with Python or with a dependency.
        prepared: Files to make of an original.

    Raises:
        ValueError: If name or folder leads out of the folder of all datasets.

    >>> card = DatasetCard("mine", "Mine", "A text.", "CC0-1.0", "Nobody")
    >>> card.files
    ()
    """

    name: str
    title: str
    description: str
    licence: str
    citation: str
    folder: str = ""
    published: tuple[PublishedFigure, ...] = ()
    files: tuple[DatasetFile, ...] = ()
    prepared: tuple[PreparedFile, ...] = ()

    def __post_init__(self) -> None:
        if not self.folder:
            object.__setattr__(self, "folder", self.name)
        for key in ("name", "folder"):
            value = getattr(self, key)
            _require(
                "DatasetCard", key, vars(self), isinstance(value, str) and bool(re.fullmatch(_PATH[0], value)), _PATH[1]
            )

    def file(self, name: str) -> DatasetFile:
        """Return the file called ``name``.

        Args:
            name: Name of the file as the card gives it.

        Returns:
            The entry of the card.

        Raises:
            ValueError: If the card has no such file.

        >>> load_card("grimm").file("grimm.txt").bytes
        550595
        """
        if not self.files:
            raise ValueError(problem("file_name", "no file", repr(name), f"{self.name!r} needs none: load it directly"))
        choice("file_name", name, [file.name for file in self.files])
        return next(file for file in self.files if file.name == name)

    def prepared_file(self, name: str) -> PreparedFile:
        """Return the file called ``name`` that is made of an original.

        Raises:
            ValueError: If the card has no such file.
        """
        choice("name", name, [file.name for file in self.prepared])
        return next(file for file in self.prepared if file.name == name)


def cards() -> dict[str, DatasetCard]:
    """Return every card that comes with the toolkit, in alphabetical order.

    Returns:
        The cards by name.

    >>> [figure.value for figure in cards()["tinyshakespeare"].published]
    [1.4697, 1.88]
    """
    return {name: read_card(path) for name, path in _card_files().items()}


def load_card(name: str) -> DatasetCard:
    """Return the card of one dataset.

    Args:
        name: Name of the dataset.

    Returns:
        Its card.

    Raises:
        ValueError: If there is no such card.

    >>> load_card("grimm").title
    "Grimms' Fairy Tales"
    """
    found = _card_files()
    return read_card(found[choice("name", name, found)])


def read_card(path: Path | Traversable) -> DatasetCard:
    """Read and check a card.

    Args:
        path: A TOML file; its name without ``.toml`` becomes the name of the dataset.

    Returns:
        The card.

    Raises:
        ValueError: If the file is no TOML, or if a key is missing, unknown or of the wrong kind.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(problem(path.name, "a TOML file in UTF-8", error, "correct the card")) from error
    table = _checked(path.name, table, _CARD, {"folder": str, "published": list, "files": list, "prepared": list})
    if "folder" in table:
        _require(path.name, "folder", table, bool(re.fullmatch(_PATH[0], table["folder"])), _PATH[1])
    figures = [
        PublishedFigure(**_checked(f"{path.name}, published[{i}]", entry, _FIGURE, {}))
        for i, entry in enumerate(table.pop("published", []))
    ]
    files = [
        DatasetFile(**_file(f"{path.name}, files[{i}]", entry, _FILE)) for i, entry in enumerate(table.pop("files", []))
    ]
    prepared = [
        PreparedFile(**_file(f"{path.name}, prepared[{i}]", entry, _PREPARED))
        for i, entry in enumerate(table.pop("prepared", []))
    ]
    name = path.name.removesuffix(".toml")
    return DatasetCard(name, **table, published=tuple(figures), files=tuple(files), prepared=tuple(prepared))


def _card_files() -> dict[str, Traversable]:
    folder = resources.files("gnn_toolkit") / "_bundled"
    if not folder.is_dir():  # a checkout keeps the cards beside the package
        folder = Path(__file__).resolve().parents[2] / "datasets"
    found = {path.name.removesuffix(".toml"): path for path in folder.iterdir() if path.name.endswith(".toml")}
    return dict(sorted(found.items()))


def _file(where: str, entry: object, required: Mapping[str, Any]) -> dict[str, Any]:
    table = _checked(where, entry, required, {"headers": dict})
    _check_file(where, table)
    _require(where, "url", table, bool(re.fullmatch(_SECURE[0], table["url"])), _SECURE[1])
    return table


def _check_file(where: str, table: Mapping[str, Any]) -> None:
    """Raise a ``ValueError`` unless a file's parts are what they should be, wherever they come from."""
    headers = table.get("headers", {})
    _checked(f"{where}: headers", headers, dict.fromkeys(headers, str), {})
    for key, pattern, allowed in (row for row in _PATTERNS if row[0] in table):
        _require(where, key, table, isinstance(table[key], str) and bool(re.fullmatch(pattern, table[key])), allowed)
    size = table["bytes"]
    _require(
        where, "bytes", table, isinstance(size, int) and not isinstance(size, bool) and size > 0, "a size above zero"
    )


def _checked(where: str, table: object, required: Mapping[str, Any], optional: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of ``table`` if it has the required keys, no unknown ones, and each of its kind."""
    if not isinstance(table, dict):
        raise ValueError(problem(where, "a table", repr(table), "correct the card"))
    kinds = {**required, **optional}
    for key in table:
        choice(f"{where}: key", key, kinds)
    for key in [*required, *(key for key in optional if key in table)]:
        right = isinstance(table.get(key), kinds[key]) and not isinstance(table[key], bool)
        _require(where, key, table, right, _KINDS[kinds[key]])
    return dict(table)


def _require(where: str, key: str, table: Mapping[str, Any], right: bool, allowed: str) -> None:
    if not right:
        got = repr(table[key]) if key in table else "nothing"
        raise ValueError(problem(f"{where}: {key}", allowed, got, "correct the card"))
