import gzip
import hashlib
import io
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests

from gnn_toolkit.datasets import DatasetCard, DatasetFile, DatasetUnavailableError, fetch

BODY = b"".join(i.to_bytes(4, "big") for i in range(100_000))
CUT = 4 << 16  # bytes after which a broken transfer ends: whole blocks, since half a block is not kept
GONE = "not_here.bin"


class Server(ThreadingHTTPServer):
    """Serves one file on loopback, and notes the headers of every request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.cuts: list[int] = []  # of each coming answer, the bytes after which the connection is closed
        self.ranges = True
        self.redirects: dict[str, str] = {}  # from path to address
        self.endless = False
        self.seen: list[dict[str, str]] = []

    @property
    def card(self) -> DatasetCard:
        return card(f"http://127.0.0.1:{self.server_port}")


class Handler(BaseHTTPRequestHandler):
    @property
    def site(self) -> Server:
        assert isinstance(self.server, Server)
        return self.server

    def do_GET(self) -> None:
        self.site.seen.append(dict(self.headers))
        if self.path.endswith(GONE):
            return self.send_error(404)
        if self.path in self.site.redirects:
            self.send_response(302)
            self.send_header("Location", self.site.redirects[self.path])
            self.send_header("Set-Cookie", "mine=1")
            return self.end_headers()
        if self.site.endless:
            return self.send_for_ever()
        start = 0
        if self.site.ranges and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        rest = self.site.body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.site.cuts.pop(0)] if self.site.cuts else rest)
        return None

    def send_for_ever(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(ConnectionError):
            while True:
                self.wfile.write(bytes(1 << 16))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the cache of the user, the variable and proxies out, and return the folder of the card in the cache."""
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = Path(pooch.os_cache("gnn_toolkit"))
    assert folder.is_relative_to(tmp_path)
    return folder / "numbers"


def card(address: str) -> DatasetCard:
    sha256 = hashlib.sha256(BODY).hexdigest()
    files = tuple(
        DatasetFile(name, f"{address}/{name}", sha256, len(BODY), {"Accept": "application/octet-stream"})
        for name in ("numbers.bin", "raw/numbers.bin", GONE)
    )
    return DatasetCard("numbers", "Numbers", "Four bytes each.", "CC0-1.0", "Nobody", files=files)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once_and_then_taken_from_the_cache(server: Server, cache: Path):
    path = fetch(server.card, "numbers.bin")
    assert path == cache / "numbers.bin"
    assert path.read_bytes() == BODY
    assert server.seen[0]["Accept"] == "application/octet-stream"
    assert "Range" not in server.seen[0]
    assert fetch(server.card, "numbers.bin") == path
    assert len(server.seen) == 1
    assert names(cache) == ["numbers.bin"]


def test_a_file_in_a_folder_of_the_card_keeps_its_place(server: Server, cache: Path):
    assert fetch(server.card, "raw/numbers.bin") == cache / "raw" / "numbers.bin"
    assert (cache / "raw" / "numbers.bin").read_bytes() == BODY


def test_an_altered_file_in_the_cache_is_downloaded_anew(server: Server, cache: Path):
    cache.mkdir(parents=True)
    (cache / "numbers.bin").write_bytes(BODY[:-1])
    assert fetch(server.card, "numbers.bin").read_bytes() == BODY
    assert len(server.seen) == 1


def test_a_truncated_transfer_is_an_error_and_is_taken_up_where_it_ended(server: Server, cache: Path):
    server.cuts = [CUT, 1 << 16]
    for kept in (CUT, 5 << 16):
        with pytest.raises(DatasetUnavailableError, match=r"numbers/numbers\.bin: expected a file at http"):
            fetch(server.card, "numbers.bin")
        assert names(cache) == ["numbers.bin.part"]
        assert (cache / "numbers.bin.part").read_bytes() == BODY[:kept]
    assert fetch(server.card, "numbers.bin").read_bytes() == BODY
    assert [request.get("Range") for request in server.seen] == [None, f"bytes={CUT}-", f"bytes={5 << 16}-"]
    assert names(cache) == ["numbers.bin"]


def test_a_server_that_sends_only_whole_files_starts_the_transfer_again(server: Server, cache: Path):
    server.ranges = False
    server.cuts = [CUT]
    with pytest.raises(DatasetUnavailableError):
        fetch(server.card, "numbers.bin")
    assert fetch(server.card, "numbers.bin").read_bytes() == BODY
    assert server.seen[1]["Range"] == f"bytes={CUT}-"
    assert names(cache) == ["numbers.bin"]


def test_a_wrong_hash_keeps_nothing(server: Server, cache: Path):
    server.body = BODY[:-1] + b"x"
    actual = hashlib.sha256(server.body).hexdigest()
    message = (
        f"{len(BODY)} bytes with SHA-256 [0-9a-f]{{64}}, got {len(BODY)} bytes with SHA-256 {actual}; nothing was kept"
    )
    with pytest.raises(DatasetUnavailableError, match=message):
        fetch(server.card, "numbers.bin")
    assert names(cache) == []


def test_a_wrong_beginning_from_an_interrupted_transfer_is_discarded(server: Server, cache: Path):
    cache.mkdir(parents=True)
    (cache / "numbers.bin.part").write_bytes(b"x" * CUT)
    with pytest.raises(DatasetUnavailableError, match="nothing was kept"):
        fetch(server.card, "numbers.bin")
    assert names(cache) == []
    assert fetch(server.card, "numbers.bin").read_bytes() == BODY


def test_a_beginning_longer_than_the_file_is_not_taken_up(server: Server, cache: Path):
    cache.mkdir(parents=True)
    (cache / "numbers.bin.part").write_bytes(BODY + b"x")
    assert fetch(server.card, "numbers.bin").read_bytes() == BODY
    assert "Range" not in server.seen[0]


def test_a_redirect_is_followed_and_another_host_gets_no_headers(server: Server, cache: Path):
    with Server() as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.01,))
        thread.start()
        server.redirects = {"/numbers.bin": "/here.bin", "/here.bin": f"http://127.0.0.1:{other.server_port}/there.bin"}
        assert fetch(server.card, "numbers.bin").read_bytes() == BODY
        other.shutdown()
        thread.join()
    assert [request["Accept"] for request in server.seen] == ["application/octet-stream"] * 2
    (request,) = other.seen
    assert request["Accept"] == "*/*"
    assert "Cookie" not in request


def test_a_redirect_from_https_to_http_is_refused(monkeypatch: pytest.MonkeyPatch, cache: Path):
    asked: list[str] = []

    def get(address: str, **options: Any) -> requests.Response:
        asked.append(address)
        response = requests.Response()
        response.raw = io.BytesIO()
        response.status_code, response.headers["Location"] = 302, "http://example.org/numbers.bin"
        assert not options["allow_redirects"]
        return response

    monkeypatch.setattr(requests, "get", get)
    message = "got a redirect to http://example.org/numbers.bin, which is not https; try again"
    with pytest.raises(DatasetUnavailableError, match=message):
        fetch(card("https://example.org"), "numbers.bin")
    assert asked == ["https://example.org/numbers.bin"]
    assert names(cache) == []


def test_redirects_without_end_are_an_error(server: Server, cache: Path):
    server.redirects = {"/numbers.bin": "/numbers.bin"}
    with pytest.raises(DatasetUnavailableError, match="got more than 10 redirects"):
        fetch(server.card, "numbers.bin")
    assert len(server.seen) == 10


def test_no_more_bytes_are_kept_than_the_card_names(server: Server, cache: Path):
    server.endless = True
    with pytest.raises(DatasetUnavailableError, match="got more than the 400000 bytes that the card names; try again"):
        fetch(server.card, "numbers.bin")
    assert names(cache) == []


def test_a_packed_file_is_unpacked_no_further_than_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "own" / "numbers" / "numbers.bin.gz"
    own.parent.mkdir(parents=True)
    own.write_bytes(gzip.compress(bytes(1 << 24)))
    monkeypatch.setenv("GNN_TOOLKIT_DATA", str(tmp_path / "own"))
    read: list[int] = []
    plain = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size: read.append(size) or plain(self, size))
    with pytest.raises(DatasetUnavailableError, match="expected 400000 bytes with SHA-256"):
        fetch(card("https://example.org"), "numbers.bin")
    assert sum(read) == 400_001


def test_a_missing_file_on_the_server_is_reported_with_its_address(server: Server, cache: Path):
    message = (
        rf"numbers/{GONE}: expected a file at http.*, got 404 .*; try again, or put the file at .*GNN_TOOLKIT_DATA"
    )
    with pytest.raises(DatasetUnavailableError, match=message):
        fetch(server.card, GONE)
    assert names(cache) == []


def test_without_a_network_the_error_says_where_to_put_the_file(cache: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("GNN_TOOLKIT_DATA", "/misspelt")
    with pytest.raises(DatasetUnavailableError) as caught:
        fetch(card(f"http://127.0.0.1:{port}"), "numbers.bin")
    message = str(caught.value)
    assert message.startswith(f"numbers/numbers.bin: expected a file at http://127.0.0.1:{port}/numbers.bin, got ")
    assert f"put the file at {cache / 'numbers.bin'}" in message
    assert "GNN_TOOLKIT_DATA (now /misspelt) as numbers/numbers.bin" in message


def test_the_folder_of_the_user_comes_first(
    server: Server, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own = tmp_path / "own" / "numbers" / "numbers.bin"
    own.parent.mkdir(parents=True)
    own.write_bytes(BODY)
    fetch(server.card, "numbers.bin")
    monkeypatch.setenv("GNN_TOOLKIT_DATA", str(tmp_path / "own"))
    assert fetch(server.card, "numbers.bin") == own
    assert fetch(server.card, "raw/numbers.bin") == cache / "raw" / "numbers.bin"


def test_a_truncated_file_in_the_folder_of_the_user_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own = tmp_path / "own" / "numbers" / "numbers.bin"
    own.parent.mkdir(parents=True)
    own.write_bytes(BODY[:CUT])
    monkeypatch.setenv("GNN_TOOLKIT_DATA", str(tmp_path / "own"))
    message = (
        rf"numbers\.bin: expected {len(BODY)} bytes with SHA-256 .*, got {CUT} bytes with SHA-256 .*; replace the file"
    )
    with pytest.raises(DatasetUnavailableError, match=message):
        fetch(server.card, "numbers.bin")
    assert own.read_bytes() == BODY[:CUT]
    assert server.seen == []


def test_a_packed_file_in_the_folder_of_the_user_counts_by_its_content(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own = tmp_path / "own" / "numbers" / "numbers.bin.gz"
    own.parent.mkdir(parents=True)
    monkeypatch.setenv("GNN_TOOLKIT_DATA", str(tmp_path / "own"))
    own.write_bytes(gzip.compress(BODY))
    assert fetch(server.card, "numbers.bin") == own
    for content, message in ((gzip.compress(BODY[:CUT]), "expected 400000 bytes"), (BODY, "in gzip's format")):
        own.write_bytes(content)
        with pytest.raises(DatasetUnavailableError, match=message):
            fetch(server.card, "numbers.bin")
    assert server.seen == []


def test_several_at_once_do_not_disturb_each_other(server: Server, cache: Path):
    cache.mkdir(parents=True)
    (cache / "numbers.bin.part").write_bytes(BODY[:CUT])
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetch(server.card, "numbers.bin"), range(8)))
    assert {path.read_bytes() for path in paths} == {BODY}
    assert names(cache) == ["numbers.bin"]
    assert sum("Range" in request for request in server.seen) <= 1


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(server: Server, monkeypatch: pytest.MonkeyPatch, terminal: bool):
    screen = io.StringIO()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", screen)
    fetch(server.card, "numbers.bin")
    assert ("\rnumbers.bin: 100%\n" in screen.getvalue()) is terminal


def test_an_unknown_file_is_answered_with_the_nearest(server: Server):
    with pytest.raises(ValueError, match=r"got 'number\.bin'; did you mean 'numbers\.bin'\?"):
        fetch(server.card, "number.bin")
