"""Penn-Fudan as graphs: the counts on its card, and the ceiling of any labelling of superpixels."""

import pytest
import torch

from gnn_toolkit.datasets import DatasetUnavailableError, load_card, load_penn_fudan, load_penn_fudan_picture
from gnn_toolkit.datasets.penn_fudan import PARTS, superpixel_edges


@pytest.fixture(scope="module")
def graphs():
    try:
        return load_penn_fudan(download=False)
    except DatasetUnavailableError as error:
        pytest.skip(f"needs penn_fudan: {error}")


def test_the_pictures_are_as_their_card_says(graphs):
    assert len(graphs) == len(load_card("penn_fudan").files) == 169
    sizes = [graph.num_nodes for graph in graphs]
    assert (min(sizes), max(sizes), round(sum(sizes) / 169)) == (65, 336, 164)
    assert sum(graph.name.startswith("Fudan") for graph in graphs) == 105
    assert round(sum(graph.num_edges for graph in graphs) / 169 / 2) == 441
    assert all(graph.x.shape == (graph.num_nodes, 129) and graph.is_undirected() for graph in graphs)
    assert all(graph.pos.min() > 0 and graph.pos.max() < 1 for graph in graphs)


def test_the_best_labelling_of_superpixels_is_the_published_ceiling(graphs):
    pixels = torch.cat([graph.pixels for graph in graphs]).double()
    chosen = torch.nn.functional.one_hot(pixels.argmax(1), len(PARTS)).double()
    confusion = pixels.t() @ chosen
    right = confusion.diag()
    union = confusion.sum(0) + confusion.sum(1) - right
    assert round(float(right.sum() / confusion.sum()), 4) == 0.9356
    assert round(float((right / union).mean()), 3) == 0.779
    assert round(float(confusion.sum(1)[0] / confusion.sum()), 3) in (0.546, 0.547)


def test_a_picture_is_what_its_graph_counts(graphs):
    picture = load_penn_fudan_picture(graphs[3].name, download=False)
    assert picture.image.dtype == torch.uint8
    assert picture.image.shape[:2] == picture.labels.shape == picture.segments.shape
    assert torch.equal(superpixel_edges(picture.segments), graphs[3].edge_index)
    node = 7
    counts = torch.bincount(picture.labels[picture.segments == node], minlength=len(PARTS))
    assert counts.tolist() == graphs[3].pixels[node].tolist()


def test_edges_join_superpixels_that_touch():
    segments = torch.tensor([[0, 0, 3], [1, 2, 3]])
    assert superpixel_edges(segments).tolist() == [[0, 0, 0, 1, 1, 2, 2, 2, 3, 3], [1, 2, 3, 0, 2, 0, 1, 3, 0, 2]]
    assert superpixel_edges(torch.zeros(2, 2, dtype=torch.long)).shape == (2, 0)
