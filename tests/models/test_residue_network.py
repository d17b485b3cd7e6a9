"""Networks over residues: what each part sees, and what the order of a pair and of a batch does."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import Backbone
from gnn_toolkit.models import InterfaceNetwork, ResidueNetwork, SiteNetwork


def protein(count: int, seed: int, width: int = 5) -> Data:
    generator = torch.Generator().manual_seed(seed)
    neighbours = torch.stack([torch.randperm(count, generator=generator)[:3] for _ in range(count)])
    target = torch.arange(count).repeat_interleave(3)
    return Data(
        x=torch.randn(count, width, generator=generator),
        edge_index=torch.stack([neighbours.flatten(), target]),
        edge_attr=torch.rand(3 * count, 2, generator=generator),
        rank=torch.arange(3).repeat(count),
        chain=torch.zeros(count, dtype=torch.long),
    )


def together(*graphs: Data) -> Any:
    return Batch.from_data_list(list(graphs))  # pyright: ignore[reportArgumentType]


def network(**options: Any) -> ResidueNetwork:
    torch.manual_seed(0)
    return ResidueNetwork(5, 4, **options).eval()


@pytest.mark.parametrize("convolution", ["linear", "node", "edge", "ordered"])
@pytest.mark.parametrize(("layers", "width"), [(0, 5), (1, 4), (2, 8), (4, 8)])
def test_widths_are_those_of_the_paper_and_layers_reach_as_far(convolution: str, layers: int, width: int):
    net, data = network(convolution=convolution, num_convolutions=layers), protein(9, 0)
    assert net.out_channels == width
    x = data["x"].requires_grad_()
    states = net(data)
    assert states.shape == (9, width)
    states[4].sum().backward()
    seen = set((x.grad.abs().sum(1) > 0).nonzero().flatten().tolist())
    reached = {4}
    for _ in range(layers if convolution != "linear" else 0):
        reached |= {u for u, v in data["edge_index"].t().tolist() if v in reached}
    assert seen <= reached
    assert 4 in seen or layers > 0
    assert convolution == "linear" or layers == 0 or len(seen) > 1


@pytest.mark.parametrize("recurrence", ["lstm", "gru", "mingru"])
def test_a_recurrence_runs_both_ways_along_the_chain(recurrence: str):
    net = network(num_convolutions=0, recurrence=recurrence, num_layers=2)
    data = Backbone()(protein(7, 1))
    x = data["x"].requires_grad_()
    states = net(data)
    (states[3] * torch.arange(states.size(1))).sum().backward()  # a norm's outputs have a sum of 0
    assert (x.grad.abs().sum(1) > 0).all()
    two = together(Backbone()(protein(7, 1)), Backbone()(protein(4, 2)))
    assert torch.allclose(net(two)[:7], net(data), atol=1e-6)


def test_beside_convolutions_it_reads_the_same_chain():
    alone, both = network(num_convolutions=0, recurrence="lstm"), network(num_convolutions=1, recurrence="lstm")
    both.recurrence.load_state_dict(alone.recurrence.state_dict())  # pyright: ignore[reportOptionalMemberAccess]
    states = both(Backbone(beside=True)(protein(6, 3)))
    assert states.shape == (6, 4 + 8)
    assert torch.allclose(states[:, 4:], alone(Backbone()(protein(6, 3))), atol=1e-6)
    with pytest.raises(ValueError, match=r"^data: expected the chain as follows \[N\], got .*Backbone\(beside=True\)"):
        both(protein(6, 3))


def test_context_is_the_mean_over_the_own_protein():
    plain, net = network(), network(context=True)
    two = together(protein(6, 3), protein(4, 5))
    states = net(two)
    assert torch.allclose(states[:, :8], plain(two))
    assert torch.allclose(states[:6, 8:], plain(protein(6, 3)).mean(0).expand(6, 8), atol=1e-6)


def test_features_are_standardised_by_what_was_seen():
    net, x = network(num_convolutions=0), torch.tensor([[1.0, 5, 0, 0, 2], [3.0, 5, 0, 0, 4]])
    net.standardise(x)
    assert net(Data(x=x))[:, [0, 1, 4]].tolist() == [[-1, 0, -1], [1, 0, 1]]
    assert "mean" in net.state_dict()


def test_scores_of_pairs_are_the_same_named_or_all_and_in_either_order():
    net = InterfaceNetwork(network(context=True), 6).eval()
    ligand, receptor = protein(6, 3), protein(4, 5)
    batch = together(ligand, receptor)
    every = net(batch)
    assert every.shape == (6, 4)
    batch.pairs = torch.tensor([[2, 6], [5, 9], [0, 7]])
    assert torch.allclose(net(batch), every[[2, 5, 0], [0, 3, 1]], atol=1e-6)
    assert torch.allclose(net(together(receptor, ligand)), every.t(), atol=1e-6)
    with pytest.raises(ValueError, match="data: expected a batch of two proteins, got 3; name the pairs"):
        net(together(ligand, ligand, ligand))


def test_sites_are_judged_one_by_one():
    net = SiteNetwork(network(convolution="node"), 6).eval()
    two = together(protein(6, 3), protein(4, 5))
    assert torch.allclose(net(two)[6:], net(protein(4, 5)), atol=1e-6)


def test_unknown_parts_are_refused():
    with pytest.raises(ValueError, match=r"^convolution: expected one of linear, node, edge, ordered, got 'gcn'"):
        ResidueNetwork(5, 4, convolution="gcn")
    with pytest.raises(ValueError, match=r"^recurrence: expected one of"):
        ResidueNetwork(5, 4, recurrence="rnn")
    with pytest.raises(ValueError, match=r"^data: expected a graph with node features x"):
        network()(Data(edge_index=torch.empty(2, 0)))
