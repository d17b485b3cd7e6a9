"""Layers of the literature as one-liners, against their papers' equations written out node by node."""

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.graphs import GridDAG
from gnn_toolkit.layers import DAGLSTM, DAGRNN

F, H = 3, 2
TREE = torch.tensor([[0, 1, 4, 2, 3, 5], [4, 4, 6, 5, 5, 6]])  # leaves 0 to 3, joined in 4 and 5, and these in 6
CHILD_NUMBER = torch.tensor([0, 1, 0, 0, 1, 1])
sigmoid, tanh = torch.sigmoid, torch.tanh


def features(count: int) -> Tensor:
    return torch.randn(count, F, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def make(kind: type, *args: object, **options: object):
    torch.manual_seed(0)
    return kind(*args, **options).double()


def test_child_sum_tree_lstm_is_tai_et_al_2015_equations_2_to_8():
    layer, x = make(DAGLSTM, F, H, aggr="sum"), features(7)
    # The paper's W, U and b of each gate; its one bias is the sum of torch's two.
    W = dict(zip("ifuo", layer.weight_ih_l0.chunk(4), strict=True))
    U = dict(zip("ifuo", layer.weight_hh_l0.chunk(4), strict=True))
    b = dict(zip("ifuo", (layer.bias_ih_l0 + layer.bias_hh_l0).chunk(4), strict=True))
    h, c = {}, {}
    for j in range(7):
        children = [u for u, v in TREE.t().tolist() if v == j]
        h_sum = sum((h[k] for k in children), torch.zeros(H, dtype=torch.float64))  # (2)
        i = sigmoid(W["i"] @ x[j] + U["i"] @ h_sum + b["i"])  # (3)
        f = {k: sigmoid(W["f"] @ x[j] + U["f"] @ h[k] + b["f"]) for k in children}  # (4)
        o = sigmoid(W["o"] @ x[j] + U["o"] @ h_sum + b["o"])  # (5)
        u = tanh(W["u"] @ x[j] + U["u"] @ h_sum + b["u"])  # (6)
        c[j] = i * u + sum((f[k] * c[k] for k in children), torch.zeros(H, dtype=torch.float64))  # (7)
        h[j] = o * tanh(c[j])  # (8)
    torch.testing.assert_close(layer(x, TREE)[0], torch.stack([h[j] for j in range(7)]), atol=1e-12, rtol=0)


def test_n_ary_tree_lstm_is_tai_et_al_2015_equations_9_to_14():
    layer, x = make(DAGLSTM, F, H, num_relations=2, forget="relation"), features(7)
    with torch.no_grad():  # the paper ties the input's part of all forget gates
        for parameter in (layer.weight_ih_l0, layer.bias_ih_l0, layer.bias_hh_l0):
            parameter[2 * H : 3 * H] = parameter[H : 2 * H].clone()
    gates: list[str] = ["i", "f1", "f2", "u", "o"]
    W = dict(zip(gates, layer.weight_ih_l0.chunk(5), strict=True))
    U = [dict(zip(gates, w.chunk(5), strict=True)) for w in layer.weight_hh_l0]  # U[l][gate]: of child number l
    b = dict(zip(gates, (layer.bias_ih_l0 + layer.bias_hh_l0).chunk(5), strict=True))
    h, c = {}, {}
    for j in range(7):
        child = {r: u for (u, v), r in zip(TREE.t().tolist(), CHILD_NUMBER.tolist(), strict=True) if v == j}

        def gate(name: str, j: int = j, child: dict[int, int] = child) -> Tensor:
            return W[name] @ x[j] + sum((U[r][name] @ h[k] for r, k in child.items()), b[name])

        i, o, u = sigmoid(gate("i")), sigmoid(gate("o")), tanh(gate("u"))  # (9), (11), (12)
        c[j] = i * u + sum((sigmoid(gate(f"f{r + 1}")) * c[k] for r, k in child.items()), 0 * i)  # (10), (13)
        h[j] = o * tanh(c[j])  # (14)
    out, _ = layer(x, TREE, edge_type=CHILD_NUMBER)
    torch.testing.assert_close(out, torch.stack([h[j] for j in range(7)]), atol=1e-12, rtol=0)


def test_multi_dimensional_lstm_on_a_grid_is_graves_et_al_2007():
    rows, columns = 3, 4
    grid = GridDAG(rows, columns)(Data(num_nodes=rows * columns))
    layer, x = make(DAGLSTM, F, H, num_relations=2, forget="relation"), features(rows * columns)
    gates: list[str] = ["i", "f1", "f2", "g", "o"]
    W, b = layer.weight_ih_l0.chunk(5), (layer.bias_ih_l0 + layer.bias_hh_l0).chunk(5)
    along_row, along_column = [dict(zip(gates, w.chunk(5), strict=True)) for w in layer.weight_hh_l0]
    zero = torch.zeros(H, dtype=torch.float64)
    h, c = {}, {}
    for r in range(rows):
        for k in range(columns):
            left, above = (r, k - 1), (r - 1, k)
            a = {
                name: W[n] @ x[r * columns + k]
                + b[n]
                + along_row[name] @ h.get(left, zero)
                + along_column[name] @ h.get(above, zero)
                for n, name in enumerate(gates)
            }
            kept = sigmoid(a["f1"]) * c.get(left, zero) + sigmoid(a["f2"]) * c.get(above, zero)
            c[r, k] = sigmoid(a["i"]) * tanh(a["g"]) + kept
            h[r, k] = sigmoid(a["o"]) * tanh(c[r, k])
    out, _ = layer(x, grid.edge_index, edge_type=grid.edge_type, level=grid.level)
    expected = torch.stack([h[r, k] for r in range(rows) for k in range(columns)])
    torch.testing.assert_close(out, expected, atol=1e-12, rtol=0)


def test_dag_rnn_is_shuai_et_al_2016_equation_3():
    edge_index = torch.tensor([[0, 0, 1, 2, 1], [1, 2, 3, 3, 2]])
    layer, x = make(DAGRNN, F, H, nonlinearity="relu"), features(4)
    U, W, b = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0
    h: dict[int, Tensor] = {}
    for v in range(4):
        before = sum((h[u] for u, t in edge_index.t().tolist() if t == v), torch.zeros(H, dtype=torch.float64))
        h[v] = torch.relu(U @ x[v] + W @ before + b)
    out, _ = layer(x, edge_index)
    torch.testing.assert_close(out, torch.stack([h[v] for v in range(4)]), atol=1e-12, rtol=0)


def test_bottom_up_then_top_down_lets_every_node_see_the_whole_tree():
    up, down = make(DAGLSTM, F, H), make(DAGLSTM, H, H)
    x = features(7).requires_grad_()
    out, _ = down(up(x, TREE)[0], TREE.flip(0))
    for node in range(7):
        (seen,) = torch.autograd.grad(out[node].sum(), x, retain_graph=True)
        # The way down reaches a node from its ancestors, and these have seen all that is below them.
        assert bool((seen.abs().sum(1) > 0).all())


def test_both_directions_see_what_is_below_and_what_is_above():
    x = features(7).requires_grad_()
    out, _ = make(DAGLSTM, F, H, bidirectional=True)(x, TREE)
    (seen,) = torch.autograd.grad(out[4].sum(), x)
    assert (seen.abs().sum(1) > 0).tolist() == [True, True, False, False, True, False, True]
