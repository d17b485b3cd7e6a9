import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit.layers import reference

F, H = 2, 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def parameters(gates: int, relations: int = 1) -> dict[str, Tensor]:
    hh = (gates * H, H) if relations == 1 else (relations, gates * H, H)
    return {
        "weight_ih_l0": normal(gates * H, F, seed=1),
        "weight_hh_l0": normal(*hh, seed=2),
        "bias_ih_l0": normal(gates * H, seed=3),
        "bias_hh_l0": normal(gates * H, seed=4),
    }


# Nodes 0 and 1 are the children of node 2.
EDGES = torch.tensor([[0, 1], [2, 2]])


def test_a_node_with_two_children_follows_the_child_sum_tree_lstm():
    p = parameters(4)
    x = normal(3, F)
    # Tai et al. 2015, with W the input's and U the children's weights, one bias each.
    W_i, W_f, W_u, W_o = p["weight_ih_l0"].split(H)
    U_i, U_f, U_u, U_o = p["weight_hh_l0"].split(H)
    b_i, b_f, b_u, b_o = (p["bias_ih_l0"] + p["bias_hh_l0"]).split(H)
    sigma, tanh = torch.sigmoid, torch.tanh
    c, h = {}, {}
    for leaf in (0, 1):
        c[leaf] = sigma(W_i @ x[leaf] + b_i) * tanh(W_u @ x[leaf] + b_u)
        h[leaf] = sigma(W_o @ x[leaf] + b_o) * tanh(c[leaf])
    h_sum = h[0] + h[1]  # eq. 2
    i = sigma(W_i @ x[2] + U_i @ h_sum + b_i)  # eq. 3
    f = [sigma(W_f @ x[2] + U_f @ h[k] + b_f) for k in (0, 1)]  # eq. 4
    o = sigma(W_o @ x[2] + U_o @ h_sum + b_o)  # eq. 5
    u = tanh(W_u @ x[2] + U_u @ h_sum + b_u)  # eq. 6
    c[2] = i * u + f[0] * c[0] + f[1] * c[1]  # eq. 7
    h[2] = o * tanh(c[2])  # eq. 8
    out, [(h_n,), (c_n,)] = reference.dag("lstm", p, x, EDGES, aggr="sum")
    torch.testing.assert_close(out, torch.stack([h[0], h[1], h[2]]))
    torch.testing.assert_close(h_n, h[2][None])
    torch.testing.assert_close(c_n, c[2][None])


def test_with_edge_types_each_child_of_the_tree_lstm_has_weights_of_its_own():
    p = parameters(4, relations=2)
    x, h_0, c_0 = normal(3, F), normal(2, H, seed=5), normal(2, H, seed=6)
    # The children are handed over with their states: initial states of two further nodes 0 and 1 without input.
    out, [(h_n,), (c_n,)] = reference.dag("lstm", p, x, EDGES, torch.tensor([1, 0]), [[h_0], [c_0]])
    h, c = {}, {}
    for v, before in ((0, [(h_0[0], c_0[0], 0)]), (1, [(h_0[1], c_0[1], 0)]), (2, None)):
        before = before or [(h[0], c[0], 1), (h[1], c[1], 0)]
        a_i, a_f, a_g, a_o = (p["weight_ih_l0"] @ x[v] + p["bias_ih_l0"] + p["bias_hh_l0"]).split(H)
        s_i, _, s_g, s_o = torch.stack([p["weight_hh_l0"][r] @ h_u for h_u, _, r in before]).sum(0).split(H)
        kept = [torch.sigmoid(a_f + p["weight_hh_l0"][r, H : 2 * H] @ h_u) * c_u for h_u, c_u, r in before]
        c[v] = torch.sigmoid(a_i + s_i) * torch.tanh(a_g + s_g) + torch.stack(kept).sum(0)
        h[v] = torch.sigmoid(a_o + s_o) * torch.tanh(c[v])
    torch.testing.assert_close(out, torch.stack([h[0], h[1], h[2]]))
    torch.testing.assert_close(h_n, h[2][None])
    torch.testing.assert_close(c_n, c[2][None])


@pytest.mark.parametrize(("kind", "activation"), [("rnn_tanh", torch.tanh), ("rnn_relu", torch.relu)])
def test_an_rnn_over_two_predecessors_of_two_types(kind: str, activation):
    p = parameters(1, relations=2)
    x = normal(3, F)
    W, U, b = p["weight_ih_l0"], p["weight_hh_l0"], p["bias_ih_l0"] + p["bias_hh_l0"]
    h_0, h_1 = activation(W @ x[0] + b), activation(W @ x[1] + b)
    expected = activation(W @ x[2] + U[1] @ h_0 + U[0] @ h_1 + b)
    out, [(h_n,)] = reference.dag(kind, p, x, EDGES, torch.tensor([1, 0]))
    torch.testing.assert_close(out, torch.stack([h_0, h_1, expected]))
    torch.testing.assert_close(h_n, expected[None])


def test_a_gru_over_two_predecessors_is_torch_s_cell_on_their_mean_or_sum():
    p = parameters(3)
    x = normal(3, F)
    cell = nn.GRUCell(F, H).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in p.items()})
    leaves = cell(x[:2])
    for aggr, joined in (("mean", leaves.mean(0, keepdim=True)), ("sum", leaves.sum(0, keepdim=True))):
        expected = torch.cat([leaves, cell(x[2:], joined)])
        torch.testing.assert_close(reference.dag("gru", p, x, EDGES, aggr=aggr)[0], expected)


@pytest.mark.parametrize("bias", [True, False])
def test_a_path_is_torch_s_bidirectional_stack(bias: bool):
    torch.manual_seed(0)
    theirs = nn.LSTM(F, H, 2, bias=bias, bidirectional=True).double()
    x, h_0, c_0 = normal(4, F), normal(4, H, seed=1), normal(4, H, seed=2)
    number = torch.tensor([2, 0, 3, 1])
    out, (h_n, c_n) = theirs(x[number], (h_0, c_0))
    edges = torch.stack([number[:-1], number[1:]])
    initial = [[h[None] for h in state] for state in (h_0, c_0)]
    params = dict(theirs.named_parameters())
    found, (h, c) = reference.dag("lstm", params, x, edges, None, initial, num_layers=2, bidirectional=True)
    torch.testing.assert_close(found[number], out)
    torch.testing.assert_close(torch.cat(h), h_n)
    torch.testing.assert_close(torch.cat(c), c_n)


def test_missing_parameters_are_named():
    with pytest.raises(KeyError, match=r"params: weight_ih and weight_hh of every layer are needed"):
        reference.dag("gru", parameters(3), normal(3, F), EDGES, num_layers=2)


def test_the_dense_convolution_is_pyg_s():
    torch.manual_seed(0)
    theirs = PyGConv(F, H).double()
    nn.init.normal_(theirs.bias)
    # A parallel edge, a loop, and an isolated node.
    edge_index, x = torch.tensor([[0, 0, 1, 2, 2], [1, 1, 2, 2, 0]]), normal(4, F)
    found = reference.gcn(x, edge_index, theirs.lin.weight, theirs.bias)
    torch.testing.assert_close(found, theirs(x, edge_index))
