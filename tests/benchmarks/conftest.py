"""What the tests of benchmarks share: the data of a task, and a real browser for pages.

The browser is Chromium, told what to do through its DevTools protocol over two pipes.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gnn_toolkit.datasets import cards


class Browser:
    """One page in headless Chromium.

    Attributes:
        events: all that the browser reported of the page: requests, messages of the console, exceptions.
    """

    def __init__(self, program: str, profile: Path) -> None:
        read, self._to = os.pipe()
        from_, write = os.pipe()
        self._from = os.fdopen(from_, "rb")

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        command = [program, *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        # Chromium reads commands from descriptor 3 and answers on descriptor 4.
        shell = ["bash", "-c", f'exec "$@" 3<&{read} 4>&{write}', "bash", *command]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(shell, pass_fds=(read, write), stdout=quiet, stderr=quiet)
        os.close(read)
        os.close(write)
        self._number, self._session, self.events = 0, "", []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": command, "params": arguments}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, f"{command}: {answer['error']}"
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        text = b""
        while (byte := self._from.read(1)) != b"\0":
            assert byte, "the browser has ended"
            text += byte
        return json.loads(text)

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.events.clear()
        self.do("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def js(self, expression: str) -> Any:
        """Return the value of an expression on the page."""
        result = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press a key."""
        code = {"Tab": 9, "Enter": 13, " ": 32}.get(key, ord(key[0].upper()))
        self.do("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.do("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def close(self) -> None:
        """End the browser."""
        with suppress(AssertionError, OSError):
            self.do("Browser.close")
        self._process.wait(timeout=30)
        self._from.close()
        os.close(self._to)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser; tests that need one are skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine (Debian's package is called chromium)")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def at_hand(data_folder: Callable[[str], Path]) -> Callable[[str], None]:
    """Return a function that skips the test where the files that a task needs are absent."""

    def check(task: str) -> None:
        books = {"grimm": "grimm/grimm.txt", "shakespeare": "tinyshakespeare/input.txt"}
        if task == "los-loop":
            data_folder("traffic/t-gcn/los_speed.csv")
        if task == "metro":
            data_folder("traffic/beijing_metro/adjacency.csv")
        if task == "chicago":
            data_folder("traffic/chicago_accidents/chicago_20x20.npz")
        if task in books:
            data_folder(books[task])
        if task in ("cora", "citeseer", "pubmed", "mutag", "proteins", "pedestrians"):
            card = cards()["penn_fudan" if task == "pedestrians" else task]
            for file in card.files:
                data_folder(f"{card.folder}/{file.name}")
        if task in ("r52", "ohsumed", "20ng"):
            pytest.skip(f"{task} is large, and like r8 in all but its files")
        if task in ("r8", "mr", "trec"):
            for file in cards()[task].files:
                name = f"{cards()[task].folder}/{file.name}"
                packed = Path(os.environ.get("GNN_TOOLKIT_DATA", ".")) / f"{name}.gz"
                data_folder(f"{name}.gz" if packed.is_file() else name)
        parts = {"sst": "sst/trees/train.txt", "sick": "sick/train/sim.txt", "listops": "listops/test_d20s.tsv"}
        parts |= {"proplogic": "proplogic/train6.gz", "programs": "ast_codeforces/train.tsv.gz"}
        parts |= {"interfaces": "db5/db5_extra_features.npz", "sites": "graphppis/Train_335.npz"}
        if task in parts:
            data_folder(parts[task])

    return check
