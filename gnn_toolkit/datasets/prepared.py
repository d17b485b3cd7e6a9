"""Files that a machine makes of an original: arrays, checked by what they hold, wherever they come from."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pooch
import requests

from gnn_toolkit._checks import problem
from gnn_toolkit._files import write_atomically
from gnn_toolkit.datasets.cards import DatasetCard, PreparedFile, load_card
from gnn_toolkit.datasets.fetch import FOLDER, DatasetUnavailableError, show_progress, stream

Arrays = dict[str, Any]  # of numpy
ORIGINALS = "originals"
_SEAL = "digest of the others"


def fetch_prepared(
    card: str | DatasetCard,
    name: str,
    prepare: Callable[[Path], Arrays],
    *,
    originals: Sequence[str] = (),
    download: bool = True,
) -> Arrays:
    """Return the arrays of a file that is made of an original, making it if need be.

    The first of these that has the file gives it: the folder named by ``GNN_TOOLKIT_DATA``, laid out as ``<folder of
    the card>/<file>``; the user's cache; ``prepare``, from the original at the address on the card, which is not kept.
    Wherever they come from, the digest of the arrays (:func:`arrays_digest`) is compared with the card's.

    Args:
        card: a card, or the name of one that comes with the toolkit.
        name: name of the file as the card gives it.
        prepare: makes the arrays, from the path of the original.
        originals: where the address is a folder's, the files below it that are the original: ``prepare`` gets the path
            of a folder that has them, which is kept (:func:`gather`).
        download: whether to download an original whose file is not at hand.

    Raises:
        ValueError: there is no such card, or no such file on it.
        DatasetUnavailableError: the file is altered, or neither here nor to be made of what is at its address.
    """
    card = load_card(card) if isinstance(card, str) else card
    file = card.prepared_file(name)
    if (given := arrays_at_hand(card, name)) is not None:
        return given
    title, path = f"{card.folder}/{name}", _cache(card) / name
    if path.is_file():
        try:
            return _checked(_read(path), file, str(path), "it is made anew")
        except DatasetUnavailableError:
            path.unlink()
    if originals:
        folder = gather(card, file, ORIGINALS, originals, download=download)
        arrays = _prepared(title, file, lambda: prepare(folder))
    elif download:
        arrays = _made(title, file, prepare)
    else:
        raise DatasetUnavailableError(problem(title, "a file at hand", "none", "allow the download"))
    write_atomically(path, lambda sink: np.savez_compressed(sink, **arrays))
    return arrays


def arrays_at_hand(card: str | DatasetCard, name: str) -> Arrays | None:
    """Return the arrays of a prepared file in the folder named by ``GNN_TOOLKIT_DATA``; ``None`` where there is none.

    Raises:
        ValueError: there is no such card, or no such file on it.
        DatasetUnavailableError: the file is altered.
    """
    card = load_card(card) if isinstance(card, str) else card
    file, own = card.prepared_file(name), os.environ.get(FOLDER)
    if own and (path := Path(own).expanduser() / card.folder / name).is_file():
        return _checked(_read(path), file, str(path), "replace the file, or remove it to have it made anew")
    return None


def gather(
    card: DatasetCard, file: PreparedFile, below: str, originals: Sequence[str], *, download: bool = True
) -> Path:
    """Return a folder that has all originals of a prepared file, downloading those that it lacks.

    It is the folder ``below`` the card's in the one named by ``GNN_TOOLKIT_DATA`` if all are there, else in the user's
    cache. They are fetched one after another: a transfer that broke off is continued by the next call.

    Args:
        card: whose file it is.
        file: its address is the folder's that has the originals, and ends in a slash.
        below: name of the folder.
        originals: names of the files, with forward slashes.
        download: whether to download what is missing.

    Raises:
        DatasetUnavailableError: an original is neither here nor to be had from its address.
    """
    own = os.environ.get(FOLDER)
    if own and all((Path(own).expanduser() / card.folder / below / one).is_file() for one in originals):
        return Path(own).expanduser() / card.folder / below
    folder = _cache(card) / below
    missing = [one for one in originals if not (folder / one).is_file()]
    if missing and not download:
        got = f"{len(originals) - len(missing)} of {len(originals)}"
        raise DatasetUnavailableError(problem(f"{card.folder}/{below}", "all files", got, "allow the download"))
    for one in missing:
        _transfer(replace(file, name=one, url=file.url + one), folder / one)
        show_progress(
            f"{card.name}: files of {below}", len(originals) - len(missing) + missing.index(one) + 1, len(originals)
        )
    return folder


def keep_arrays(card: str, name: str, arrays: Arrays) -> None:
    """Keep arrays in the user's cache under a name, sealed with their digest."""
    sealed: Arrays = arrays | {_SEAL: np.array(arrays_digest(arrays))}
    write_atomically(_cache(load_card(card)) / name, lambda sink: np.savez_compressed(sink, **sealed))


def cached_arrays(card: str, name: str) -> Arrays | None:
    """Return what :func:`keep_arrays` kept; ``None`` where there is nothing, or it is damaged."""
    path = _cache(load_card(card)) / name
    if not path.is_file():
        return None
    try:
        arrays = _read(path)
    except DatasetUnavailableError:
        return None
    seal = arrays.pop(_SEAL, None)
    return arrays if seal is not None and str(seal) == arrays_digest(arrays) else None


def arrays_digest(arrays: Mapping[str, Any]) -> str:
    """Return the SHA-256 of arrays by their names, in alphabetical order: name, type, shape and bytes of each.

    >>> arrays_digest({"a": np.arange(3, dtype="i2")})[:16]
    '605210da08a73434'
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {plain.dtype.str} {plain.shape}\n".encode())
        digest.update(plain.tobytes())
    return digest.hexdigest()


def _cache(card: DatasetCard) -> Path:
    return Path(pooch.os_cache("gnn_toolkit")) / card.folder


def _transfer(file: PreparedFile, path: Path) -> None:
    """Download one original; what a broken transfer has left beside it is continued."""
    part = path.with_name(f"{path.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    try:
        stream(file, part)
    except requests.RequestException as error:
        if isinstance(error, requests.HTTPError):
            part.unlink()
        remedy = f"try again, or put the file at {path}"
        raise DatasetUnavailableError(problem(file.name, f"a file at {file.url}", error, remedy)) from error
    part.replace(path)


def _made(title: str, file: PreparedFile, prepare: Callable[[Path], Arrays]) -> Arrays:
    with TemporaryDirectory() as folder:
        original = Path(folder) / "original"
        original.touch()

        def streamed() -> Arrays:
            stream(file, original)
            return prepare(original)

        return _prepared(title, file, streamed)


def _prepared(title: str, file: PreparedFile, make: Callable[[], Arrays]) -> Arrays:
    """Return the arrays that are made of an original, checked."""
    try:
        arrays = make()
    except (requests.RequestException, ValueError, zipfile.BadZipFile) as error:
        remedy = f"try again, or put the file into {FOLDER} (now {os.environ.get(FOLDER, 'not set')}) as {title}"
        raise DatasetUnavailableError(problem(title, f"an original at {file.url}", error, remedy)) from error
    return _checked(arrays, file, f"{title} as made of {file.url}", "the original is another one: look for a copy")


def _read(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file):  # np.load takes other files, too
            file.seek(0)
            return dict(np.load(file, allow_pickle=False))
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        remedy = "replace the file, or remove it to have it made anew"
        raise DatasetUnavailableError(problem(str(path), "arrays in numpy's format npz", error, remedy)) from error


def _checked(arrays: Arrays, file: PreparedFile, where: str, remedy: str) -> Arrays:
    actual = arrays_digest(arrays)
    if actual != file.arrays_sha256:
        allowed = f"arrays with the digest {file.arrays_sha256}"
        raise DatasetUnavailableError(problem(where, allowed, actual, remedy))
    return arrays
