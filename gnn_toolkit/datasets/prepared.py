"""Files that a machine makes of an original: arrays, checked by what they hold, wherever they come from."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pooch
import requests

from gnn_toolkit._checks import problem
from gnn_toolkit._files import write_atomically
from gnn_toolkit.datasets.cards import DatasetCard, PreparedFile, load_card
from gnn_toolkit.datasets.fetch import FOLDER, DatasetUnavailableError, stream

Arrays = dict[str, Any]  # of numpy


def fetch_prepared(
    card: str | DatasetCard, name: str, prepare: Callable[[Path], Arrays], *, download: bool = True
) -> Arrays:
    """Return the arrays of a file that is made of an original, making it if need be.

    The first of these that has the file gives it: the folder named by ``GNN_TOOLKIT_DATA``, laid out as ``<folder of
    the card>/<file>``; the user's cache; ``prepare``, from the original at the address on the card, which is not kept.
    Wherever they come from, the digest of the arrays (:func:`arrays_digest`) is compared with the card's.

    Args:
        card: a card, or the name of one that comes with the toolkit.
        name: name of the file as the card gives it.
        prepare: makes the arrays, from the path of the original.
        download: whether to download an original whose file is not at hand.

    Raises:
        ValueError: there is no such card, or no such file on it.
        DatasetUnavailableError: the file is altered, or neither here nor to be made of what is at its address.
    """
    card = load_card(card) if isinstance(card, str) else card
    file, own = card.prepared_file(name), os.environ.get(FOLDER)
    if own and (path := Path(own).expanduser() / card.folder / name).is_file():
        return _checked(_read(path), file, str(path), "replace the file, or remove it to have it made anew")
    title, path = f"{card.folder}/{name}", Path(pooch.os_cache("gnn_toolkit")) / card.folder / name
    if path.is_file():
        try:
            return _checked(_read(path), file, str(path), "it is made anew")
        except DatasetUnavailableError:
            path.unlink()
    if not download:
        raise DatasetUnavailableError(problem(title, "a file at hand", "none", "allow the download"))
    arrays = _made(title, file, prepare)
    write_atomically(path, lambda sink: np.savez_compressed(sink, **arrays))
    return arrays


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


def _made(title: str, file: PreparedFile, prepare: Callable[[Path], Arrays]) -> Arrays:
    with TemporaryDirectory() as folder:
        original = Path(folder) / "original"
        original.touch()
        try:
            stream(file, original)
            arrays = prepare(original)
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
