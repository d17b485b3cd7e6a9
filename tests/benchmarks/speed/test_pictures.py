import torch

from benchmarks.speed import pictures, timing


def test_the_loop_over_nodes_agrees_with_the_layer():
    torch.manual_seed(0)
    made = pictures.against_node_by_node("cpu", [pictures.picture(12, 9, 8), pictures.picture(5, 9, 3)], 4, 5)
    timing.assert_agreement(made.ours(), made.expected())


def test_a_picture_is_as_large_as_those_of_the_data():
    torch.manual_seed(0)
    edges = pictures.picture()
    assert int(edges.max()) + 1 == pictures.SUPERPIXELS
    assert 400 < edges.size(1) / 2 < 500  # 441 in the mean picture
