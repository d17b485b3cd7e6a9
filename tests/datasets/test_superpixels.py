"""Superpixels of any picture: colours are kept apart, numbers have no gaps, the smallest pictures have one."""

from typing import Any

import pytest
import torch

from gnn_toolkit.datasets.picture_features import NUM_FEATURES, NUM_POSITION
from gnn_toolkit.datasets.superpixels import (
    mirror_image,
    picture_graph,
    resized,
    scaled_down,
    superpixels,
    working_size,
)

pytest.importorskip("skimage")

HALVES = torch.full((24, 30, 3), 200, dtype=torch.uint8)
HALVES[:, 15:] = torch.tensor([10, 120, 30], dtype=torch.uint8)
MASK = (torch.arange(30) >= 15).long().repeat(24, 1)


def test_superpixels_keep_to_the_edges_of_a_picture():
    segments = superpixels(HALVES, 12)
    assert segments.unique().tolist() == list(range(int(segments.max()) + 1))
    graph: Any = picture_graph(HALVES, segments, MASK, 2)
    assert 6 <= len(graph.pos) <= 20
    assert int(graph.pixels.amin(1).sum()) == 0  # no superpixel has pixels of both halves
    assert graph.pixels.sum(0).tolist() == [24 * 15, 24 * 15]
    assert graph.x.shape == (len(graph.pos), NUM_FEATURES + NUM_POSITION)
    assert graph.is_undirected()


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 2), (40, 3)])
def test_the_smallest_pictures_and_those_of_one_colour(size: tuple[int, int]):
    image = torch.full((*size, 3), 9, dtype=torch.uint8)
    segments = superpixels(image, 200)
    assert segments.unique().tolist() == list(range(int(segments.max()) + 1))
    one: Any = picture_graph(image, superpixels(image, 1), torch.zeros(size, dtype=torch.long), 2)
    assert one.x.shape[0] == 1
    assert bool(one.x.isfinite().all())
    assert one.edge_index.shape == (2, 0)
    assert one.pixels.tolist() == [[size[0] * size[1], 0]]


def test_pixels_without_a_label_are_not_counted():
    mask = MASK.clone()
    mask[:12] = -1
    graph = picture_graph(HALVES, torch.zeros_like(MASK), mask, 3)
    assert graph.pixels.tolist() == [[12 * 15, 12 * 15, 0]]


def test_large_pictures_are_scaled_down_and_labels_back():
    assert working_size(4000, 1000) == (400, 100)
    assert working_size(1, 100_000) == (1, 400)
    image, mask = HALVES.repeat(40, 40, 1), MASK.repeat(40, 40)
    small, small_mask = scaled_down(image, mask)
    assert small.shape == (320, 400, 3)
    assert small_mask is not None
    assert small_mask.unique().tolist() == [0, 1]
    assert torch.equal(resized(MASK, (48, 60)), MASK.repeat_interleave(2, 0).repeat_interleave(2, 1))
    assert torch.equal(resized(resized(MASK, (48, 60)), (24, 30)), MASK)
    same, _ = scaled_down(HALVES)
    assert same is HALVES


def test_a_mirror_image_is_the_graph_of_the_mirrored_picture():
    segments = superpixels(HALVES, 12)
    graph: Any = mirror_image(picture_graph(HALVES, segments, MASK, 2))
    expected: Any = picture_graph(HALVES.flip(1), segments.flip(1), MASK.flip(1), 2)
    torch.testing.assert_close(graph.x, expected.x, atol=1e-4, rtol=0)
    assert torch.equal(graph.pixels, expected.pixels)
    assert torch.equal(graph.edge_index, expected.edge_index)
