"""Pictures of every kind are read upright, in colour; masks and folders that do not fit are refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gnn_toolkit.datasets.picture_files import read_labelled_pictures, read_mask, read_picture

Image = pytest.importorskip("PIL.Image")

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOUR = np.stack([GREY, GREY[::-1], GREY // 2], 2)


def saved(folder: Path, image, name: str = "a.png", **options) -> Path:
    path = folder / name
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, **options)
    return path


def test_a_colour_picture_is_as_it_is(tmp_path):
    assert read_picture(saved(tmp_path, COLOUR)).tolist() == COLOUR.tolist()


def test_grey_becomes_colour_whatever_its_depth(tmp_path):
    expected = np.repeat(GREY[..., None], 3, 2).tolist()
    assert read_picture(saved(tmp_path, GREY)).tolist() == expected
    assert read_picture(saved(tmp_path, GREY.astype(np.uint16) * 257, "deep.png")).tolist() == expected
    assert read_picture(saved(tmp_path, GREY.astype(np.uint16) * 257, "deep.tif")).tolist() == expected
    assert read_picture(saved(tmp_path, Image.fromarray(GREY > 100), "bits.png"))[..., 0].tolist() == [
        [0] * 3,
        [255] * 3,
    ]


def test_what_shines_through_is_white(tmp_path):
    alpha = np.array([[255, 0, 255], [255, 255, 128]], dtype=np.uint8)
    found = read_picture(saved(tmp_path, np.concatenate([COLOUR, alpha[..., None]], 2)))
    assert found[0, 1].tolist() == [255, 255, 255]
    assert found[0, 0].tolist() == COLOUR[0, 0].tolist()
    half = (COLOUR[1, 2].astype(float) * 128 + 255 * 127) / 255
    assert found[1, 2].tolist() == pytest.approx(half.tolist(), abs=1)
    both = np.stack([GREY, alpha], 2)
    assert read_picture(saved(tmp_path, Image.fromarray(both, "LA"), "la.png"))[0, 1].tolist() == [255, 255, 255]


def test_a_palette_and_its_transparent_colour(tmp_path):
    image = Image.fromarray(COLOUR).quantize(6)
    assert np.abs(read_picture(saved(tmp_path, image)).numpy().astype(int) - COLOUR).max() <= 8
    image.info["transparency"] = int(np.asarray(image)[0, 0])
    found = read_picture(saved(tmp_path, image, "clear.png", transparency=image.info["transparency"]))
    assert found[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("turn", "expected"), [(1, [[0, 40, 80], [120, 160, 200]]), (6, [[120, 0], [160, 40], [200, 80]])]
)
def test_a_picture_is_turned_as_its_exif_entry_says(turn: int, expected, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = turn
    assert read_picture(saved(tmp_path, GREY, exif=exif))[..., 0].tolist() == expected


def test_files_that_are_no_picture_are_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"text.png: expected a picture that is whole, got cannot identify"):
        read_picture(tmp_path / "text.png")
    whole = saved(tmp_path, np.random.default_rng(0).integers(256, size=(40, 40, 3)).astype(np.uint8), "whole.png")
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:900])
    with pytest.raises(ValueError, match=r"cut.png: expected a picture that is whole, .*; open it elsewhere"):
        read_picture(tmp_path / "cut.png")
    with pytest.raises(ValueError, match="expected a picture, got a folder"):
        read_picture(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "nothing.png")
    frames = [Image.fromarray(COLOUR), Image.fromarray(COLOUR[::-1])]
    with pytest.raises(ValueError, match=r"two.tif: expected one picture, got 2 frames; save one of them"):
        read_picture(saved(tmp_path, frames[0], "two.tif", save_all=True, append_images=frames[1:]))
    with pytest.raises(ValueError, match=r"float.tif: expected 8 or 16 bits a channel, got mode F"):
        read_picture(saved(tmp_path, GREY.astype(np.float32), "float.tif"))


MASK = np.array([[0, 1, 2], [255, 2, 0]], dtype=np.uint8)
LABELS = [[0, 1, 2], [-1, 2, 0]]


def test_a_mask_is_read_from_grey_a_palette_or_equal_channels(tmp_path):
    assert read_mask(saved(tmp_path, MASK), (2, 3)).tolist() == LABELS
    assert read_mask(saved(tmp_path, np.repeat(MASK[..., None], 3, 2), "rgb.png"), (2, 3)).tolist() == LABELS
    image = Image.fromarray(MASK, "P")
    image.putpalette([255, 0, 0] * 256)
    assert read_mask(saved(tmp_path, image, "p.png"), (2, 3), 3).tolist() == LABELS
    deep = MASK.astype(np.uint16)
    assert read_mask(saved(tmp_path, deep, "deep.png"), (2, 3)).tolist() == LABELS


def test_masks_that_do_not_fit_are_named(tmp_path):
    path = saved(tmp_path, MASK)
    with pytest.raises(ValueError, match=r"a.png: expected the size of its picture, 4 x 2 pixels, got 3 x 2; draw it"):
        read_mask(path, (2, 4))
    with pytest.raises(ValueError, match=r"got 3 x 2; the picture is turned by its EXIF entry: turn the mask, too"):
        read_mask(path, (3, 2))
    with pytest.raises(ValueError, match=r"a.png: expected labels from 0 to 1, got 2; add their names to labels.txt"):
        read_mask(path, (2, 3), 2)
    with pytest.raises(ValueError, match=r"c.png: expected a label as each pixel's value, got colours; save it with"):
        read_mask(saved(tmp_path, COLOUR, "c.png"), (2, 3))
    with pytest.raises(ValueError, match="expected labels from 0 to 63, got 80, 120, 160, 200"):
        read_mask(saved(tmp_path, GREY, "g.png"), (2, 3))


@pytest.fixture
def folder(tmp_path) -> Path:
    for part in ("pictures", "masks"):
        (tmp_path / part).mkdir()
    for name in ("b", "a"):
        saved(tmp_path / "pictures", COLOUR, f"{name}.png")
        saved(tmp_path / "masks", MASK, f"{name}.png")
    return tmp_path


def test_a_folder_of_pictures_and_masks(folder):
    found = read_labelled_pictures(folder)
    assert [path.name for path in found.pictures] == [path.name for path in found.masks] == ["a.png", "b.png"]
    assert found.labels == ("0", "1", "2")
    assert "has no labels.txt" in found.notes[0]
    (folder / "labels.txt").write_text("sky\nfield\n\nhouse\nroad\n")
    named = read_labelled_pictures(folder)
    assert (named.labels, named.notes) == (("sky", "field", "house", "road"), [])


def test_a_folder_that_does_not_fit_is_named(folder, tmp_path):
    (folder / "labels.txt").write_text("sky\nfield\n")
    with pytest.raises(ValueError, match=r"masks/a.png: expected labels from 0 to 1, got 2"):
        read_labelled_pictures(folder)
    (folder / "labels.txt").write_text("sky\nsky\n")
    with pytest.raises(
        ValueError, match=r"labels.txt: expected up to 64 different names, .* got 2, 1 of them different"
    ):
        read_labelled_pictures(folder)
    (folder / "labels.txt").unlink()
    saved(folder / "pictures", COLOUR, "c.png")
    with pytest.raises(ValueError, match=r"pictures/c.png: expected one of that name in masks/, got none"):
        read_labelled_pictures(folder)
    (folder / "pictures" / "c.png").rename(folder / "pictures" / "a.bmp")
    with pytest.raises(ValueError, match=r"names that differ but for the ending, got a.bmp and a.png; rename one"):
        read_labelled_pictures(folder)
    (folder / "pictures" / "a.bmp").unlink()
    (folder / "masks" / "b.png").rename(folder / "masks" / "x.png")
    with pytest.raises(ValueError, match=r"pictures/b.png: expected one of that name in masks/"):
        read_labelled_pictures(folder)
    with pytest.raises(ValueError, match=r"expected a folder with pictures/ and masks/, got no pictures/"):
        read_labelled_pictures(folder / "masks")


def test_a_folder_with_one_label_has_nothing_to_tell_apart(folder):
    for name in ("a", "b"):
        saved(folder / "masks", 0 * MASK, f"{name}.png")
    with pytest.raises(ValueError, match="masks: expected two labels at least, got only 1"):
        read_labelled_pictures(folder)
    for name in ("a", "b"):
        saved(folder / "masks", 0 * MASK + 255, f"{name}.png")
    with pytest.raises(ValueError, match="masks: expected two labels at least, got none"):
        read_labelled_pictures(folder)


def test_a_picture_turned_by_exif_fits_a_mask_that_is_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    saved(folder / "pictures", COLOUR, "a.png", exif=exif)
    with pytest.raises(ValueError, match="turn the mask, too"):
        read_labelled_pictures(folder)
    saved(folder / "masks", np.rot90(MASK, -1).copy(), "a.png")
    assert torch.equal(read_picture(folder / "pictures" / "a.png"), torch.from_numpy(np.rot90(COLOUR, -1).copy()))
    assert read_labelled_pictures(folder).labels == ("0", "1", "2")
