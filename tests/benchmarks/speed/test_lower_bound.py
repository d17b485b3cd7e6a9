import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.graphs import grid
from benchmarks.speed.lower_bound import Floor
from benchmarks.speed.recurrences import Workload, against_floor


def multiplications(step):
    """Count a step's scalar multiplications in matrix products."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as measured:
        step()
    count = 0
    for event in measured.events() or ():
        if event.name in ("aten::mm", "aten::addmm", "aten::addmm_"):
            first = int(event.name != "aten::mm")  # what addmm adds to comes before the factors
            (n, k), (_, m) = event.input_shapes[first : first + 2]
            count += n * k * m
    return count


def test_the_floor_does_the_products_of_the_kernel():
    torch.manual_seed(0)
    # Two relations into node 2: levels of 2 and 1 nodes; F = 3, H = 4.
    typed = {"edge_type": torch.tensor([0, 1]), "num_relations": 2}
    graph = {"edge_index": torch.tensor([[0, 1], [2, 2]]), "num_nodes": 3, "level": torch.tensor([0, 0, 1]), **typed}
    floor = Floor(Workload(graph, "cpu", "DAGLSTM", 3, 4).order(), 3, 4)
    inputs = 2 * (3 * 3 * 16)  # x W^T and its weight's gradient: 3 nodes
    walk = 2 * 2 * (1 * 4 * 12 + 2 * 4 * 4)  # there and back, two relations: i, o, g of 1 node, the forget part of 2
    weights = 2 * (3 * 4 * 12 + 3 * 4 * 4)  # two relations, all 3 nodes
    assert sum(a.size(0) * a.size(1) * b.size(1) for a, b, _ in floor.products) == inputs + walk + weights
    assert multiplications(floor) == inputs + walk + weights
    for out, (a, b, _) in zip(floor()[-3:], floor.products[-3:], strict=True):
        assert torch.equal(out, a @ b)


def test_the_floor_is_no_higher_than_the_kernel():
    torch.manual_seed(0)
    made = against_floor("cpu", grid(side=6, copies=4), 8, 16)
    made.ours()
    floor, kernel = multiplications(made.rival), multiplications(made.ours)
    assert 0.8 * kernel < floor <= kernel
