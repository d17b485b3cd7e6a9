"""The page of a picture: it holds every superpixel, in the order of the visit, and nothing from elsewhere."""

import io
import json
import re

import numpy as np
import pytest
import torch

from gnn_toolkit.analysis.picture_page import Segmentation, overlay, palette, picture_page, png

Image = pytest.importorskip("PIL.Image")

SEGMENTS = torch.tensor([[0, 0, 2], [1, 1, 2]])
IMAGE = torch.arange(18, dtype=torch.uint8).view(2, 3, 3) * 10
FOUND = Segmentation(
    IMAGE, SEGMENTS, torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]]), torch.tensor([0.5, 0.8, 0.5]), ["a<b", "c"]
)


def test_the_page_holds_the_segmentation():
    page = picture_page(FOUND, "<my> picture.png")
    (text,) = re.findall(r"const d = (.*);\n", page)
    data = json.loads(text)
    assert (data["size"], data["runs"]) == ([2, 3], [0, 2, 2, 1, 1, 2, 2, 1])
    assert (data["order"], data["label"]) == ([1, 0, 2], [0, 1, 0])
    assert data["confidence"] == [0.5, 0.8, 0.5]
    assert "&lt;my&gt; picture.png" in page
    assert "a&lt;b</td><td>66.7 %" in page
    assert not re.search(r"https?://(?!www\.w3\.org)|\$[a-z]", page)


def test_labels_of_pixels_and_an_overlay():
    assert FOUND.mask.tolist() == [[0, 0, 0], [1, 1, 0]]
    drawn = overlay(IMAGE, FOUND.mask, 2)
    expected = (palette(2)[FOUND.mask].float() + IMAGE.float()) / 2
    torch.testing.assert_close(drawn.float(), expected, atol=0.5, rtol=0)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(drawn)))), drawn.numpy())


def test_colours_differ():
    assert len({tuple(colour) for colour in palette(64).tolist()}) == 64
