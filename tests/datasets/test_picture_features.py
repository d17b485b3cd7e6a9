"""Features of superpixels: colours that are published, edges of a step, mirror images, and what is refused."""

import math

import pytest
import torch

from gnn_toolkit.datasets import picture_features as module
from gnn_toolkit.datasets.picture_features import lab, look, mirrored, picture_features, position_features

HALVES = torch.zeros(20, 20, 3, dtype=torch.uint8)
HALVES[:, 10:] = 255
SEGMENTS = (torch.arange(20) // 10).repeat(20, 1)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((0.0, 1.0, 0.0), (87.73, -86.18, 83.18)),
        ((0.0, 0.0, 1.0), (32.30, 79.19, -107.86)),
    ],
)
def test_colours_are_those_of_the_standard(colour, expected):
    torch.testing.assert_close(lab(torch.tensor(colour)), torch.tensor(expected), atol=0.02, rtol=0)


@pytest.mark.parametrize(("turned", "orientation"), [(False, 0), (True, 3)])
def test_an_edge_has_the_orientation_of_its_gradient(turned: bool, orientation: int):
    image = HALVES.float() / 255
    seen = look(image.transpose(0, 1) if turned else image)
    strength = seen[3:].sum((1, 2))
    assert strength.argmax() == orientation
    assert strength.sum() == pytest.approx(float(strength[orientation]))
    assert float(strength[orientation]) == pytest.approx(2 * 20)  # L goes from 0 to 1, seen on both sides of the step


def test_a_superpixel_of_one_colour_has_its_colour_and_size():
    features = picture_features(HALVES, SEGMENTS)
    assert features.shape == (2, module.NUM_FEATURES)
    assert features[:, 0].tolist() == pytest.approx([0.0, 1.0], abs=1e-5)
    assert features[:, 9].tolist() == pytest.approx([0.0, 0.0], abs=1e-3)
    assert features[:, 18].tolist() == pytest.approx([math.log(0.5)] * 2)


def test_the_cells_around_a_superpixel_are_in_the_picture_where_they_are_said_to_be():
    column = module.AROUND**2 // 2 + torch.arange(module.AROUND) - module.AROUND // 2  # the middle row of cells
    light = picture_features(HALVES, SEGMENTS)[:, 19 + 9 * column]  # cells of 8 rows of 192: the halves are 96 wide
    assert light[0].tolist() == pytest.approx([0.0] * 5, abs=1e-4)
    assert light[1].tolist() == pytest.approx([1.0] * 5, abs=1e-4)
    far = module.AROUND**2 * 9  # cells of 16 rows reach 32 + 8 from a centre that is 48 from the edge
    assert picture_features(HALVES, SEGMENTS)[0, 19 + far + 9 * column[-1]] == pytest.approx(0.0, abs=1e-4)
    thin = (torch.arange(20) >= 8).long().repeat(20, 1)  # the left one's centre is 58 rows from the edge in the middle
    near = picture_features(HALVES.roll(-2, 1), thin)[0, 19 + far + 9 * column]
    assert near.tolist() == sorted(near.tolist())


def test_features_of_a_mirror_image_are_the_mirrored_features():
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(256, (37, 23, 3), dtype=torch.uint8, generator=generator)
    segments = torch.arange(37 * 23).view(37, 23) // 100
    swapped = picture_features(image.flip(1), segments.flip(1))
    features = picture_features(image, segments)
    torch.testing.assert_close(mirrored(features), swapped, atol=1e-4, rtol=0)
    assert not torch.allclose(features, swapped, atol=1e-2)
    assert torch.equal(mirrored(mirrored(features)), features)


def test_positions_are_told_apart():
    found = position_features(torch.tensor([[0.0, 1.0], [0.5, 0.25]]))
    assert found.shape == (2, module.NUM_POSITION)
    assert found[1, :4].tolist() == pytest.approx([0.5, 0.25, 1.0, math.sin(math.pi / 4)])


def test_pictures_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"image, segments: expected \[h, w, 3\] and \[h, w\], got \[20, 20, 3\]"):
        picture_features(HALVES, SEGMENTS[:10])
    with pytest.raises(ValueError, match="segments: expected numbers from 0 without gaps, got no pixel of 1"):
        picture_features(HALVES, 2 * SEGMENTS)
