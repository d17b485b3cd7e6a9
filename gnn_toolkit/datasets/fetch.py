"""Files of datasets: from a folder of the user, from the cache, or by a checked download that can be resumed."""

import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import pooch
import requests

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.cards import DatasetCard, DatasetFile, PreparedFile, load_card

FOLDER = "GNN_TOOLKIT_DATA"
_TIMEOUT = 30  # seconds without a byte
_BLOCK = 1 << 16  # bytes written at a time
_REDIRECTS = 10


class DatasetUnavailableError(OSError):
    """A file of a dataset cannot be had as its card describes it."""


def fetch(card: str | DatasetCard, file_name: str, *, download: bool = True) -> Path:
    """Return the path of a dataset's file, downloading it if need be.

    The first of these that has the file gives it: the folder named by the environment variable
    ``GNN_TOOLKIT_DATA``, laid out as ``<folder of the card>/<file>``, or ``<file>.gz``; the user's cache; the address
    on the card. Wherever it comes from, its SHA-256 is compared with the card's. A transfer that broke off is continued
    by the next call; one that brings more bytes than the card names ends there.

    Args:
        card: A card, or the name of one that comes with the toolkit.
        file_name: Name of the file as the card gives it.
        download: Whether to download a file that is not at hand.

    Returns:
        A file whose content is the one on the card, once unpacked where its name ends in ``.gz`` and the card's not.

    Raises:
        ValueError: If there is no such card, or no such file on it.
        DatasetUnavailableError: If the file is altered, or neither here nor to be had from its address.

    >>> fetch("tinyshakespeare", "inputs.txt")
    Traceback (most recent call last):
    ValueError: file_name: expected one of input.txt, got 'inputs.txt'; did you mean 'input.txt'?
    """
    card = load_card(card) if isinstance(card, str) else card
    file = card.file(file_name)
    own = os.environ.get(FOLDER)
    for name in (file.name, f"{file.name}.gz"):
        if own and (path := Path(own).expanduser() / card.folder / name).is_file():
            _verify(path, str(path), file, "replace the file, or remove it to have it downloaded")
            return path
    title = f"{card.folder}/{file.name}"
    if not download and not (Path(pooch.os_cache("gnn_toolkit")) / title).is_file():
        raise DatasetUnavailableError(problem(title, "a file at hand", "none", "allow the download"))
    return _cached(title, file)


def _cached(title: str, file: DatasetFile) -> Path:
    """Return the file from the cache, to which ``pooch`` downloads it unless it is there with the right hash."""
    path = Path(pooch.os_cache("gnn_toolkit")) / title
    downloader = cast(Any, lambda _url, target, _pooch: _download(title, file, path, Path(target)))
    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", path.name, path.parent, downloader=downloader)
    except requests.RequestException as error:
        own = os.environ.get(FOLDER, "not set")
        remedy = f"try again, or put the file at {path}, or into {FOLDER} (now {own}) as {title}"
        raise DatasetUnavailableError(problem(title, f"a file at {file.url}", error, remedy)) from error
    return path


def _download(title: str, file: DatasetFile, path: Path, target: Path) -> None:
    """Download into ``target``, which ``pooch`` moves to ``path`` when its hash is right and removes if not.

    What an interrupted transfer left is taken over by a rename, which only one of several processes can do, and
    what this one leaves if interrupted is handed back in the same way.
    """
    part = path.with_name(f"{path.name}.part")
    with suppress(FileNotFoundError):
        os.replace(part, target)
    try:
        stream(file, target)
    except BaseException:
        if target.stat().st_size:
            os.replace(target, part)
        raise
    _verify(target, title, file, f"nothing was kept: try again, or look for another copy than {file.url}")


def stream(file: DatasetFile | PreparedFile, target: Path) -> None:
    """Append to ``target`` the bytes that it lacks, or write it anew if the server sends only whole files."""
    done = target.stat().st_size
    wanted = {"Range": f"bytes={done}-"} if 0 < done < file.bytes else {}
    with _opened(file, wanted) as response:
        mode = "ab" if response.status_code == requests.codes.partial else "wb"
        with target.open(mode) as sink:
            for block in response.iter_content(_BLOCK):
                if sink.tell() + len(block) > file.bytes:
                    sink.truncate(0)
                    raise requests.RequestException(f"more than the {file.bytes} bytes that the card names")
                sink.write(block)
                if isinstance(file, DatasetFile):  # of an original no more than a limit is known
                    show_progress(file.name, sink.tell(), file.bytes)


def _opened(file: DatasetFile | PreparedFile, wanted: Mapping[str, str]) -> requests.Response:
    """Return the answer of the file's address, or of where it leads to.

    The headers of the card go to its own host alone, and from https no way leads to http.
    """
    address, first = file.url, urlsplit(file.url)
    for _ in range(_REDIRECTS):
        place = urlsplit(address)
        own = file.headers if (place.scheme, place.netloc) == (first.scheme, first.netloc) else {}
        headers = {"Accept-Encoding": "identity", **own, **wanted}
        response = requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False)
        if not response.is_redirect:
            response.raise_for_status()
            return response
        response.close()
        address = urljoin(address, response.headers["Location"])
        if place.scheme == "https" and not address.startswith("https:"):
            raise requests.RequestException(f"a redirect to {address}, which is not https")
    raise requests.TooManyRedirects(f"more than {_REDIRECTS} redirects")


def show_progress(what: str, done: int, count: int) -> None:
    """Write over the last line of a terminal how much of something is done; elsewhere write nothing."""
    if sys.stderr.isatty():
        end = "\n" if done == count else ""
        print(f"\r{what}: {done / count:4.0%}", end=end, file=sys.stderr, flush=True)


def _verify(path: Path, title: str, file: DatasetFile, remedy: str) -> None:
    packed = path.name == f"{Path(file.name).name}.gz"
    actual = _unpacked_hash(path, title, file.bytes) if packed else pooch.file_hash(str(path))
    if actual != file.sha256:
        allowed = f"{file.bytes} bytes with SHA-256 {file.sha256}"
        got = f"{path.stat().st_size} bytes with SHA-256 {actual}"
        raise DatasetUnavailableError(problem(title, allowed, got, remedy))


def _unpacked_hash(path: Path, title: str, size: int) -> str:
    """Return the SHA-256 of what is packed, read no further than a byte beyond the size that it should have."""
    digest, left = hashlib.sha256(), size + 1
    try:
        with gzip.open(path) as unpacked:
            while block := unpacked.read(min(_BLOCK, left)):
                digest.update(block)
                left -= len(block)
    except (OSError, EOFError, zlib.error) as error:
        remedy = "replace the file, or remove it to have it downloaded"
        raise DatasetUnavailableError(problem(title, "a file in gzip's format", error, remedy)) from error
    return digest.hexdigest()
