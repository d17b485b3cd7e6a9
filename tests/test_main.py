"""The command line: three commands from a book to a text, and what goes wrong is said in a sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main
from gnn_toolkit.models import CharGenerator

ROOT = Path(__file__).parents[1]
SMALL = ["--steps", "25", "--every", "10", "--hidden", "12", "--batch", "4", "--window", "8"]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "verse.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n" * 40, encoding="utf-8")
    return path


def test_a_book_is_trained_on_and_written_from(book: Path):
    done = CliRunner().invoke(app, ["train-text", "verse.txt", *SMALL, "--dilation", "5"])
    assert done.exit_code == 0, done.output
    assert all(f"step {step}: " in done.output for step in (10, 20, 25))  # the last one is no multiple
    assert "bits per character in validation" in done.output
    model = CharGenerator.load("verse.safetensors")
    assert (model.cell, model.dilations, model.recurrence.hidden_channels) == ("lstm", (5,), 12)
    for name in ("verse", "verse.safetensors"):
        command = ["generate", name, "--prompt", "The fox", "--length", "30", "--seed", "5"]
        told = CliRunner().invoke(app, [*command, "--temperature", "0.7"])
        assert told.output == "The fox" + model.generate("The fox", 30, 0.7, seed=5) + "\n"
    plain = CliRunner().invoke(app, ["generate", "verse", "--length", "9", "--temperature", "0"])
    assert plain.output == model.generate("\n", 9, 0) + "\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "nothing"], "error: nothing.json: expected a file that can be used, got No such file"),
        (["train-text", "nothing.txt"], "error: nothing.txt: expected a file that can be used, got No such file"),
        (["train-text", "verse.txt", "--cell", "lstn", *SMALL], "got 'lstn'; did you mean 'lstm'?"),
        (["train-text", "verse.txt", "--window", "5000"], "error: text: expected more than 160000 characters"),
    ],
)
def test_what_goes_wrong_is_said_without_a_traceback(
    book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
):
    monkeypatch.setattr(sys, "argv", ["gnn_toolkit", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_ctrl_c_keeps_a_checkpoint_that_the_same_command_continues(book: Path):
    command = [sys.executable, "-m", "gnn_toolkit", "train-text", "verse.txt", *SMALL, "--steps", "1000000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    while not Path("verse.checkpoint").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; the last validation is kept in verse.checkpoint." in said
    assert "Traceback" not in said
    again = CliRunner().invoke(app, ["train-text", "verse.txt", *SMALL])
    assert again.exit_code == 0, again.output
    assert "step 10:" not in again.output  # it was done already
