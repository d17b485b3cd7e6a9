"""The convolution over a window at once is PyG's on a graph without direction, graph by graph."""

import torch
from torch_geometric.nn import ChebConv

from benchmarks.models.forecaster import TERMS, Spectral


def test_a_spectral_convolution_is_pygs_with_its_gradients():
    generator = torch.Generator().manual_seed(0)
    edges = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 3, 4, 2]])
    edge_index, weight = torch.cat([edges, edges.flip(0)], 1), torch.rand(5, generator=generator).double().repeat(2)
    x = torch.randn(3, 5, 4, generator=generator).double().requires_grad_()
    ours, other = Spectral(4, 2).double(), ChebConv(4, 2, TERMS).double()
    parts = ours.linear.weight.detach().chunk(TERMS, 1)
    other.load_state_dict({"bias": ours.linear.bias} | {f"lins.{k}.weight": part for k, part in enumerate(parts)})
    mine, expected = ours(x, edge_index, weight), other(x, edge_index, weight)
    torch.testing.assert_close(mine, expected)
    grads = [torch.autograd.grad(out.square().sum(), x)[0] for out in (mine, expected)]
    torch.testing.assert_close(*grads)
