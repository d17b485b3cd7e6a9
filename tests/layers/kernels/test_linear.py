import torch

from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers.kernels import flow, linear

EDGES = torch.tensor([[0, 1, 0, 3], [1, 2, 2, 4]])


def test_the_operators_keep_torchs_rules():
    torch.manual_seed(0)
    structure = flow.flow(level_order(EDGES, 6)).tensors()
    b = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    for per, rows in ((flow.EDGE, 4), (flow.TARGET, 6), (flow.SHARED, 1)):
        a = torch.randn(rows, 2, dtype=torch.float64, requires_grad=True)
        torch.library.opcheck(linear._solve, (a, b, structure, per, False))
        h = b.detach()
        torch.library.opcheck(linear._solve_backward, (h, a.detach(), h, structure, per, False))


def test_rows_in_another_order_give_their_gradient_back_in_the_first():
    rows, index = torch.randn(3, 2, dtype=torch.float64, requires_grad=True), torch.tensor([2, 0, 1])
    inverse = torch.argsort(index)

    def run(rows):
        return linear.permuted(rows, index, inverse)

    assert torch.equal(run(rows), rows[index])
    assert torch.autograd.gradcheck(run, rows, check_forward_ad=True, check_batched_grad=True)
    torch.testing.assert_close(torch.func.vmap(run)(torch.stack([rows, -rows])), torch.stack([run(rows), -run(rows)]))
