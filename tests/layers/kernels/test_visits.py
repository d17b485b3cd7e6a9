"""The walk of the Graph LSTM as torch sees it; its values are checked with the layer."""

import torch

from gnn_toolkit.layers.graph_lstm import _visit
from gnn_toolkit.layers.kernels import visits
from gnn_toolkit.testing import assert_parity, random_graph

H = 3


def test_the_operators_pass_torch_s_own_check_and_agree_with_the_plain_walk():
    generator = torch.Generator().manual_seed(0)
    n = 10
    visit = _visit(random_graph(n, 14, generator), torch.rand(n, generator=generator), n)
    shapes = [(n, 3 * H), (n, H), (visit.slots.numel(), H), (3 * H, H)]
    leaves = [torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_() for shape in shapes]
    share = torch.rand(n, 1, dtype=torch.float64, generator=generator)
    torch.library.opcheck(visits.forward, (*leaves, share, visit.structure))
    fused = visits.forward(*leaves, share, visit.structure)[:2]
    plain = visits.plain(leaves[0], leaves[1], leaves[2], leaves[3], share, visit.structure)
    assert_parity(fused, plain, [(leaves, leaves)])
