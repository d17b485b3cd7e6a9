"""``train-segmenter`` and ``segment`` on a folder of one's own: what they write, say and refuse."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("skimage")

RUN = CliRunner()
SMALL = ["--steps", "30", "--superpixels", "20", "--hidden", "8"]


def picture(seed: int, shape=(30, 40)) -> np.ndarray:
    image = np.random.default_rng(seed).integers(6, size=(*shape, 3)).astype(np.uint8)
    image[:, shape[1] // 2 :] += 180
    return image


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with five pictures, whose right halves are walls, and a segmenter trained on them."""
    folder = tmp_path_factory.mktemp("work")
    for part in ("pictures", "masks"):
        (folder / "halls" / part).mkdir(parents=True)
    for seed in range(5):
        Image.fromarray(picture(seed)).save(folder / "halls" / "pictures" / f"{seed}.png")
        mask = np.tile((np.arange(40) >= 20).astype(np.uint8), (30, 1))
        Image.fromarray(mask).save(folder / "halls" / "masks" / f"{seed}.png")
    (folder / "halls" / "labels.txt").write_text("floor\nwall\n")
    out = RUN.invoke(app, ["train-segmenter", str(folder / "halls"), "--out", str(folder / "halls.segmenter"), *SMALL])
    assert out.exit_code == 0, out.output
    assert "| wall | 1.000 |" in out.stdout
    assert "pixel accuracy 1.000 on 1 pictures that it has not seen" in out.stdout
    return folder


def segment(folder: Path, *arguments: str):
    return RUN.invoke(app, ["segment", *arguments, "--model", str(folder / "halls.segmenter")])


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_picture_is_segmented_at_its_own_size(folder, tmp_path):
    for name, times in (("new.png", 1), ("large.png", 12)):
        Image.fromarray(picture(9).repeat(times, 0).repeat(times, 1)).save(tmp_path / name)
    out = segment(folder, str(tmp_path / "new.png"), str(tmp_path / "large.png"), "--out", str(tmp_path / "made"))
    assert out.exit_code == 0, out.output
    assert "new.png: " in out.stdout
    for name, shape in (("new", (30, 40)), ("large", (360, 480))):
        mask = pixels(tmp_path / "made" / f"{name}-labels.png")
        assert mask.shape == shape
        assert float((mask == (np.arange(shape[1]) >= shape[1] // 2)).mean()) > 0.9
        assert pixels(tmp_path / "made" / f"{name}-overlay.png").shape == (*shape, 3)
        assert (tmp_path / "made" / f"{name}.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_picture_of_one_superpixel(folder, tmp_path):
    Image.fromarray(np.full((1, 1), 200, dtype=np.uint8)).save(tmp_path / "dot.png")
    out = segment(folder, str(tmp_path / "dot.png"), "--out", str(tmp_path))
    assert out.exit_code == 0, out.output
    assert "100.0 % (1 superpixel)" in out.stdout


def test_files_that_are_there_are_kept(folder, tmp_path):
    Image.fromarray(picture(9)).save(tmp_path / "new.png")
    (tmp_path / "new.html").write_text("mine")
    again = segment(folder, str(tmp_path / "new.png"), "--out", str(tmp_path))
    assert "new.html" in str(again.exception)
    assert (tmp_path / "new.html").read_text() == "mine"
    assert segment(folder, str(tmp_path / "new.png"), "--out", str(tmp_path), "--force").exit_code == 0


def test_what_does_not_fit_is_said(folder, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    out = segment(folder, str(tmp_path / "text.png"), "--out", str(tmp_path))
    assert "text.png: expected a picture that is whole" in str(out.exception)
    Image.fromarray(picture(9)).save(tmp_path / "new.png")
    (tmp_path / "file").write_text("")
    out = segment(folder, str(tmp_path / "new.png"), "--out", str(tmp_path / "file"))
    assert "--out: expected a folder, got the file" in str(out.exception)
    out = RUN.invoke(app, ["train-segmenter", str(tmp_path), "--out", str(tmp_path / "model")])
    assert "expected a folder with pictures/ and masks/, got no pictures/" in str(out.exception)
    again = RUN.invoke(app, ["train-segmenter", str(folder / "halls"), "--out", str(folder / "halls.segmenter")])
    assert "expected a file that is not there yet" in str(again.exception)
