"""The command line as a user types it, mostly in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main

ROOT = Path(__file__).parents[2]


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::ResourceWarning"}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_list_names_everything(tmp_path):
    done = call("list", folder=tmp_path)
    assert done.returncode == 0
    for name in ("quick", "palindrome", "grid DAG", "DAGLSTM"):
        assert name in done.stdout


def test_without_a_command_it_says_how_to_begin(tmp_path):
    done = call(folder=tmp_path)
    assert done.returncode == 0
    for words in ("Usage: python -m benchmarks", "Begin with `list`", "run quick", "publish"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["run", "quik"], "did you mean 'quick'?"),
        (["run", "quick", "--task", "palindrome20"], "did you mean 'palindrome-20'?"),
        (["run", "quick", "--model", "LTSM"], "did you mean 'LSTM'?"),
        (["run", "quick", "--device", "gpu"], "expected one of cpu, cuda, mps, got 'gpu'"),
        (["run", "quick", "--task", "text", "--model", "GCN"], "expected a comparison of the suite"),
        (["run", "quick", "--set", "stops=3"], "did you mean 'steps'?"),
        (["run", "nothing.toml"], "suite: expected a TOML file, got nothing.toml"),
        (["run", "quick", "--engine", "rey"], "did you mean 'ray'?"),
        (["run", "quick", "--engine", "ray", "--workers", "2"], "--workers: expected 1 with --engine ray, got 2"),
        (["run", "quick", "--logger", "csw"], "did you mean 'csv'?"),
        (["report", "nothing"], "name: expected one of"),
        (["run", "quick", "--name", "../../x"], "--name: expected a plain name"),
        (["run", "quick", "--name", "/tmp/x"], "--name: expected a plain name"),
        (["run", "quick", "--name", ".."], "--name: expected a plain name"),
        (["run", "quick", "--name", "x" * 300], "--name: expected a plain name of at most 100 bytes"),
        (["run", "quick", "--seeds", "100000000"], "quick: seeds: expected at most 100,000 trials"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(arguments, suggestion, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert suggestion in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_bad_input_has_no_traceback(tmp_path):
    done = call("run", "quik", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "runs").write_text("a file")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "run", "quick", "--task", "club"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Not a directory: 'runs/quick/records'" in capsys.readouterr().err


def test_a_suite_that_is_no_file_is_named_and_not_waited_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.toml")
    Path("long.toml").write_text(f"seeds = {'9' * 5000}")
    for name, reason in (("pipe.toml", "no file"), ("long.toml", "digits")):
        monkeypatch.setattr(sys, "argv", ["benchmarks", "run", name])
        with pytest.raises(SystemExit):
            main()
        told = capsys.readouterr().err
        assert told.startswith(f"error: {name}: expected")
        assert reason in told


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_of_few_characters_ends_no_run(encoding, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "benchmarks", "run", "quick", "--task", "club", "--model", "MLP", "--seeds", "1"]
    done = subprocess.run([*command, "--steps", "4"], cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(encoding)
    assert "club" in done.stdout.decode(encoding)
    assert len(list((tmp_path / "runs" / "quick" / "records").glob("*.json"))) == 2


def test_nothing_needs_what_one_system_alone_has(tmp_path):
    hide = "import sys\nsys.modules['fcntl'] = None\nimport benchmarks.__main__\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", hide], cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0


def test_run_writes_table_and_reports(tmp_path):
    done = call("run", "quick", "--task", "club", "--model", "MLP", "--seeds", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "majority class" in done.stdout
    for name in ("report.html", "report.md"):
        assert f"wrote runs/quick/{name}" in done.stdout
        assert (tmp_path / "runs" / "quick" / name).stat().st_size > 1000
    told = call("run", "quick", "--task", "club", "--model", "MLP", "--seeds", "2", "--dry-run", folder=tmp_path)
    assert "club · no edges · MLP · seed 1: 100 steps, about" in told.stdout
    assert "4 trials, 2 of them finished already." in told.stdout
    again = call("report", "quick", folder=tmp_path)
    assert again.returncode == 0
    assert "majority class" in again.stdout


def test_dry_run_lists_the_trials_and_writes_nothing(tmp_path):
    done = call("run", "quick", "--task", "text", "--model", "RNN", "--steps", "7", "--dry-run", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "text · path · RNN · seed 2: 7 steps, about" in done.stdout
    assert "5 trials, 0 of them finished already." in done.stdout
    assert list(tmp_path.iterdir()) == []
