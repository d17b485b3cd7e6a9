import torch

from benchmarks.speed import graphs


def test_graphs_are_what_the_titles_say():
    torch.manual_seed(0)
    trees = graphs.trees(count=3, leaves=(5, 35))
    source, target = trees["edge_index"]
    assert (torch.bincount(source) <= 1).all()
    assert set(torch.bincount(target).tolist()) == {0, 2}
    assert trees["num_nodes"] - source.numel() == 3
    dags = graphs.dags(count=2, nodes=50)
    source, target = dags["edge_index"]
    assert (source < target).all()
    assert (source // 50 == target // 50).all()
    assert torch.unique(dags["edge_index"], dim=1).size(1) == source.numel()
    degrees = torch.bincount(target, minlength=100).view(2, 50)
    assert degrees[:, 0].tolist() == [0, 0]
    assert set(degrees[:, 4:].flatten().tolist()) == {1, 2, 3, 4}
    deep = graphs.layered(6, width=4)
    source, target = deep["edge_index"]
    assert torch.unique(deep["edge_index"], dim=1).size(1) == source.numel() == 2 * 20
    assert (deep["level"][target] - deep["level"][source] == 1).all()
