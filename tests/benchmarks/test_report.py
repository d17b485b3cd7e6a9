"""The reports: right numbers, nothing from outside, and a page that a real browser shows."""

import http.server
import shutil
import subprocess
import threading
from typing import ClassVar

import pytest

from benchmarks import report
from benchmarks.records import Record, Trial, write_record

CURVE = {"step": [1, 2], "loss": [2.0, 1.0], "validation": [0.5, 0.75], "seconds": [0.1, 0.2]}
MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8.0,
    "gpu": None,
    "system": "a system",
    "python": "3.11",
    "versions": {"torch": "2.13.0"},
    "revision": "abc",
}


@pytest.fixture
def folder(tmp_path):
    for seed, test in enumerate((0.75, 0.85)):
        trial = Trial("club", "graph", "GCN", seed, {})
        write_record(
            tmp_path, Record(trial, test=test, parameters=1234, curve=CURVE, machine=MACHINE, note="<b>note</b>")
        )
    write_record(
        tmp_path, Record(Trial("club", "", "majority class", 0, {}), test=0.5, machine=MACHINE, note="<b>note</b>")
    )
    write_record(tmp_path, Record(Trial("club", "BFS path", "LSTM", 0, {}), status="failed", error="X\nOops: no"))
    report.write_reports(tmp_path)
    return tmp_path


def test_markdown_has_the_mean_and_the_interval(folder):
    text = (folder / "report.md").read_text()
    # Two values 0.1 apart: mean 0.8, half width 12.706 * 0.0707 / sqrt(2) = 0.635.
    assert "| **GCN** | **graph** | **0.800 ± 0.635** | **2** | **1,234** |" in text
    assert "| majority class | (structure-free) | 0.500 | 1 |" in text
    assert "Oops: no" in text
    assert "same splits and the same budget of training steps" in text
    assert "a processor, 2 cores" in text


def test_html_escapes_and_asks_for_nothing(folder):
    text = (folder / "report.html").read_text()
    assert "&lt;b&gt;note&lt;/b&gt;" in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    for outside in ("<script", 'src="http', "url(http", "<link"):
        assert outside not in text


class _Recorder(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(502)

    do_CONNECT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_browser_shows_figures_and_requests_nothing_from_outside(folder, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine (Debian's package is called chromium)")
    # Whatever the browser wants from outside goes through this proxy, which notes it and refuses.
    _Recorder.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", f"--proxy-server=127.0.0.1:{proxy.server_port}"]
        page = subprocess.run(
            [*command, "--dump-dom", f"file://{folder / 'report.html'}"], capture_output=True, text=True, timeout=60
        )
        picture = tmp_path / "page.png"
        shot = [*command, f"--screenshot={picture}", "--window-size=1000,1400", f"file://{folder / 'report.html'}"]
        subprocess.run(shot, capture_output=True, timeout=60, check=True)
        proxy.shutdown()
    assert page.stdout.count("<svg") == 2
    assert "0.800 ± 0.635" in page.stdout
    assert picture.stat().st_size > 10_000
    ours = [path for path in _Recorder.asked if "google" not in path and "gvt1" not in path]
    assert ours == []
