"""The command line: three commands from a book to a text, and what goes wrong is said in a sentence."""

import os
import signal
import subprocess
import sys
import time
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main
from gnn_toolkit.models import CharGenerator, Vocabulary

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
    assert "validations every 10 steps: about" in done.output
    assert "bits) per character in validation" in done.output
    model = CharGenerator.load("verse.model.safetensors")
    assert (model.cell, model.dilations, model.recurrence.hidden_channels) == ("lstm", (5,), 12)
    for name in ("verse", "verse.txt", "verse.model", "verse.model.safetensors"):
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
        (["train-text", ".", *SMALL], "error: .: expected a file that can be used, got Is a directory"),
        (
            ["train-text", "verse.txt", "--minutes", "0"],
            "error: minutes: expected a time above 0, got 0.0; pass e.g. 5",
        ),
        (["train-text", "verse.txt", "--minutes", "nan"], "error: minutes: expected a time above 0, got nan; pass"),
        (
            ["train-text", "verse.txt", "--minutes", "1", *SMALL],
            "--minutes: expected none beside --steps, got 1.0; give",
        ),
        (["train-text", "verse.txt", "--every", "3"], "error: --every: expected none without --steps, got 3; give"),
        (
            ["train-text", "verse.txt", *SMALL, "--seed", "9" * 20],
            "error: seed: expected an integer of at most 64 bits",
        ),
        (["train-text", "verse.txt", *SMALL, "--device", "gpu"], "error: device: expected one of cpu, cuda, mps, auto"),
        (
            ["train-text", "verse.txt", *SMALL, "--learning-rate", "nan"],
            "error: learning_rate: expected a number of at",
        ),
        (
            ["train-text", "verse.txt", *SMALL, "--encoding", "latin1000"],
            "error: encoding: expected an encoding that Python",
        ),
        (
            ["train-text", "verse.txt", *SMALL, "--out", "/dev/null/m"],
            "error: /dev/null: expected a file that can be used, got",
        ),
        (["train-text", "verse.txt", *SMALL, "--hidden", "0"], "Invalid value for '--hidden'"),
        (
            ["train-text", "verse.txt", *SMALL, "--dropout", "2"],
            "Invalid value for '--dropout'",
        ),
        (
            ["train-text", "verse.txt", *SMALL, "--hidden", "900000"],
            "error: memory: expected sizes that fit into it, got",
        ),
        (["generate", "verse", "--length", "-1"], "Invalid value for '--length'"),
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


def test_a_console_that_lacks_characters_gets_others(book: Path, monkeypatch: pytest.MonkeyPatch):
    CharGenerator(Vocabulary("abc \u0432\u4e1c\n"), hidden_channels=8).save("m.safetensors")
    screen = TextIOWrapper(BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(
        sys, "argv", ["gnn_toolkit", "generate", "m", *["--length", "60", "--temperature", "2", "--seed", "1"]]
    )
    with pytest.raises(SystemExit) as end:
        main()
    screen.flush()
    shown = screen.buffer.getvalue().decode("cp1252")  # type: ignore[attr-defined]
    assert end.value.code == 0
    assert len(shown) == 61
    assert "?" in shown


def test_an_endless_text_ends_with_its_reader(book: Path):
    CharGenerator(Vocabulary("abc \n"), hidden_channels=8).save("m.safetensors")
    command = [sys.executable, "-W", "ignore", "-m", "gnn_toolkit", "generate", "m", "--endless"]  # PyG's warnings
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(3000)) == 3000
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


def test_a_damaged_model_is_named(book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    CharGenerator(Vocabulary("abc \n"), hidden_channels=8).save("m.safetensors")
    Path("m.json").write_text(Path("m.json").read_text().replace('"hidden_channels": 8', '"hidden_channels": 9'))
    monkeypatch.setattr(sys, "argv", ["gnn_toolkit", "generate", "m"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: m.json: expected the checksum that m.json and m.safetensors have together, got")


def test_ctrl_c_keeps_a_checkpoint_that_the_same_command_continues(book: Path):
    command = [sys.executable, "-m", "gnn_toolkit", "train-text", "verse.txt", *SMALL, "--steps", "1000000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    while not Path("verse.model.checkpoint").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; the last validation is kept in verse.model.checkpoint." in said
    assert "Traceback" not in said
    again = CliRunner().invoke(app, ["train-text", "verse.txt", *SMALL])
    assert again.exit_code == 0, again.output
    assert "step 10:" not in again.output  # it was done already
