"""From a file of texts to a saved classifier and a coloured page; nothing of the user's is overwritten."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app
from gnn_toolkit.models import TextClassifier

SMALL = ["--minutes", "0.02", "--hidden", "8"]
TEXTS = [("a good film", "pos"), ("a bad film", "neg"), ("good and good again", "pos"), ("how bad", "neg")] * 10


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{text},{label}\n" for text, label in TEXTS)
    (tmp_path / "films.csv").write_text(f"review,sentiment\n{rows}", encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    if isinstance(done.exception, ValueError | OSError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def answers(said: str) -> list[str]:
    """Return the classes, the likeliest first."""
    return [line.split()[-1] for line in said.splitlines() if line[:2] in ("0.", "1.")]


def test_a_file_is_trained_on_compared_saved_and_used(folder: Path):
    output = run("train-classifier", "films.csv", *SMALL)
    assert "training tf-idf, wide-mlp, gcn, lstm on 40 texts of 2 classes: at most about 1 s" in output
    assert "| **tf-idf** | 1.000 | 1.000 [0.510, 1.000] |" in output
    shown = (folder / "films.classifier.md").read_text()
    assert shown in output
    assert [line.split(" | ")[0] for line in shown.splitlines()[2:7]] == [
        "| majority class",
        "| **tf-idf**",
        "| wide-mlp",
        "| gcn",
        "| lstm",
    ]
    model = TextClassifier.load("films.classifier.safetensors")
    assert model.classify(["good", "bad"]) == ["pos", "neg"]
    for name in ("films.csv", "films", "films.classifier", "films.classifier.safetensors"):
        said = run("classify", name, "such a good one", "--explain", "page.html", "--force")
        assert answers(said)[0] == "pos"
        assert "words for pos: good +" in said
    assert "<h1>pos: " in (folder / "page.html").read_text()
    assert "words for neg: good -" in run("classify", "films", "such a good one", "--label", "neg")


@pytest.mark.parametrize("text", ["", "zebra", "東京 とても 良い", "\u0645\u0631\u062d\u0628\u0627"])
def test_texts_of_unknown_words_and_none_have_an_answer(text: str):
    run("train-classifier", "films.csv", *SMALL, "--model", "gcn")
    said = run("classify", "films", text, "--explain", "page.html")
    assert set(answers(said)) == {"pos", "neg"}
    assert ("the text has no words" in said) == (text == "")


def test_a_folder_and_a_latin_1_file(folder: Path):
    for number, (text, label) in enumerate(TEXTS):
        (folder / "mine" / label).mkdir(parents=True, exist_ok=True)
        (folder / "mine" / label / f"{number}.txt").write_text(f"{text} caf\xe9", encoding="latin-1")
    run("train-classifier", "mine", *SMALL, "--model", "tf-idf")
    assert "caf\xe9" in TextClassifier.load("mine.classifier.safetensors").vocabulary.words
    (folder / "one.txt").write_text("un bon caf\xe9, good", encoding="latin-1")
    assert answers(run("classify", "mine", "--file", "one.txt"))[0] == "pos"


def test_nothing_is_overwritten_without_force_and_nothing_else_with_it(folder: Path):
    run("train-classifier", "films.csv", *SMALL, "--model", "tf-idf")
    with pytest.raises(ValueError, match="pass --force to overwrite a classifier"):
        run("train-classifier", "films.csv", *SMALL)
    run("train-classifier", "films.csv", *SMALL, "--model", "tf-idf", "--force")
    (folder / "page.html").write_text("mine")
    with pytest.raises(ValueError, match="no file where the page goes"):
        run("classify", "films", "good", "--explain", "page.html")
    for ending in ("md", "json", "safetensors"):
        (folder / f"diary.{ending}").write_text("of many years")
        for force in ([], ["--force"]):
            with pytest.raises((ValueError, FileExistsError), match=f"diary.{ending}"):
                run("train-classifier", "films.csv", *SMALL, "--out", "diary", *force)
        assert (folder / f"diary.{ending}").read_text() == "of many years"
        (folder / f"diary.{ending}").unlink()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["train-classifier", "nothing.csv"], "nothing.csv: expected a CSV file or a folder"),
        (["train-classifier", "films.csv", "--label-column", "y"], "label: expected one of the columns"),
        (["train-classifier", "films.csv", "--model", "bert"], "kinds: expected one of"),
        (["train-classifier", "films.csv", "--minutes", "0"], "a time above 0"),
        (["classify", "films"], "text: expected a text or --file"),
        (["classify", "films", "good"], "films: expected a trained classifier, got no file; train one"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], match: str):
    with pytest.raises((ValueError, OSError), match=match):
        run(*arguments)
