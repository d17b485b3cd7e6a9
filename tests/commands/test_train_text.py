"""Training overwrites nothing of the user's, takes books from anywhere, and lasts as long as it is asked to."""

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app

SMALL = ["--steps", "4", "--every", "2", "--hidden", "8", "--layers", "1", "--window", "8", "--batch", "2"]
BOOK = "the cat sat on a mat and ran " * 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["train-text", *SMALL, *arguments])
    if isinstance(done.exception, ValueError | OSError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", ["tweets.json", "tweets.safetensors", "tweets.checkpoint", "tweets", "a.model.json"])
def test_a_book_of_any_name_is_kept(folder: Path, name: str):
    (folder / name).write_text(BOOK)
    train(name)
    assert (folder / name).read_text() == BOOK
    made = f"{Path(name).stem}.model"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [name, f"{made}.checkpoint", f"{made}.json", f"{made}.safetensors"]
    )


@pytest.mark.parametrize("name", ["m.json", "m.safetensors", "m.checkpoint"])
@pytest.mark.parametrize("link", [None, "symlink", "link"])
def test_the_book_is_never_the_output(folder: Path, name: str, link: str | None):
    (folder / name).write_text(BOOK)
    book = name
    if link is not None:
        getattr(os, link)(name, book := "book.txt")
    for force in ([], ["--force"]):
        with pytest.raises(ValueError, match=r"^--out: expected another file than the book, got m\."):
            train(book, "--out", "m", *force)
    assert (folder / name).read_text() == BOOK


@pytest.mark.parametrize("name", ["m.json", "m.safetensors", "m.checkpoint"])
def test_a_file_of_another_kind_is_never_overwritten(folder: Path, name: str):
    (folder / "book.txt").write_text(BOOK)
    (folder / name).write_text("a diary of many years")
    for force in ([], ["--force"]):
        with pytest.raises((ValueError, FileExistsError), match=rf"^{name}: expected "):
            train("book.txt", "--out", "m", *force)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["book.txt", name])
    assert (folder / name).read_text() == "a diary of many years"


def test_a_model_is_overwritten_with_force_alone(folder: Path):
    (folder / "book.txt").write_text(BOOK)
    train("book.txt")
    with pytest.raises(ValueError, match=r"^book\.model\.safetensors: expected no file .*; pass --force to overwrite"):
        train("book.txt", "--steps", "6")
    output = train("book.txt", "--steps", "6", "--force")
    assert "going on from step 4 of 6 steps" in output
    assert "step 6: " in output
    assert "step 2: " not in output


def test_a_training_lasts_as_long_as_it_is_asked_to(folder: Path):
    (folder / "book.txt").write_text(BOOK)
    arguments = ["train-text", "book.txt", *SMALL[4:], "--minutes", "0.02"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    (steps,) = re.findall(r"^training (\d+) steps of .* about 1 s\.", done.output, re.MULTILINE)
    assert int(steps) > 10
    again = CliRunner().invoke(app, [*arguments, "--minutes", "0.03", "--force"])
    assert again.exit_code == 0, again.output
    (done_before, of_all) = re.findall(r"^going on from step (\d+) of (\d+) steps", again.output, re.MULTILINE)[0]
    assert int(of_all) == pytest.approx(int(steps) * 1.5, abs=1)
    assert 0 < int(done_before) <= int(steps)


@pytest.mark.parametrize("cell", ["mingru", "minlstm", "lru", "mamba"])
def test_a_linear_cell_trains_goes_on_and_writes(folder: Path, cell: str):
    (folder / "book.txt").write_text(BOOK)
    train("book.txt", "--cell", cell)
    assert "going on from step 4 of 6 steps" in train("book.txt", "--cell", cell, "--steps", "6", "--force")
    arguments = ["generate", "book", "--prompt", "the cat", "--length", "9", "--seed", "1"]
    texts = {CliRunner().invoke(app, arguments).output for _ in range(2)}
    assert len(texts) == 1
    assert len(texts.pop()) == len("the cat") + 9 + 1


def test_a_model_goes_into_a_folder(folder: Path):
    (folder / "book.txt").write_text(BOOK)
    (folder / "models").mkdir()
    train("book.txt", "--out", "models")
    train("book.txt", "--out", "new/folder/name")
    assert (folder / "models" / "book.model.safetensors").exists()
    assert (folder / "new" / "folder" / "name.safetensors").exists()


def test_a_pipe_is_a_book_and_needs_a_name_for_its_model(folder: Path):
    (folder / "book.txt").write_text(BOOK)
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match=r"^--out: expected a name for the model of what is no file, got none; pass"):
        train("pipe")
