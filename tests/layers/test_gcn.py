import contextlib
import copy
import threading
from typing import Any

import pytest
import torch
import torch_geometric.nn
from torch import Tensor
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import gcn_norm
from gnn_toolkit.layers import reference
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_graph


def sample(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Nine nodes, two of them isolated; directed edges with a loop and a parallel edge; weights above zero."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(9, 4, dtype=torch.float64, generator=generator)
    edge_index = torch.cat([random_graph(7, 8, generator)[:, :11], torch.tensor([[3, 2, 2], [3, 5, 5]])], 1)
    return x, edge_index, torch.rand(edge_index.size(1), dtype=torch.float64, generator=generator) + 0.1


def pair(**options: Any) -> tuple[GCNConv, PyGConv]:
    """Return a layer and PyG's with the same parameters."""
    torch.manual_seed(0)
    ours, theirs = GCNConv(4, 3, **options).double(), PyGConv(4, 3, **options).double()
    if ours.bias is not None:
        torch.nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def assert_same(ours: GCNConv, theirs: PyGConv, weighted: bool) -> None:
    x, edge_index, weight = sample()
    inputs = [[t.clone().requires_grad_() for t in (x, weight)[: 1 + weighted]] for _ in range(2)]
    outs = [layer(leaf[0], edge_index, *leaf[1:]) for layer, leaf in zip((ours, theirs), inputs, strict=True)]
    leaves = ([*inputs[0], *ours.parameters()], [*inputs[1], *theirs.parameters()])
    assert_parity([outs[0]], [outs[1]], [leaves], atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_it_satisfies_the_contract(bias: bool):
    torch.manual_seed(0)
    layer = GCNConv(4, 3, bias=bias).double()
    weight, b = layer.lin.weight, layer.bias
    if b is not None:
        torch.nn.init.normal_(b)
    assert_layer(layer, 4, reference=lambda x, e: reference.gcn(x, e, weight, b), acyclic=False)
    assert_layer(layer, 4, reference=lambda x, e: reference.gcn(x, e, weight, b), acyclic=True)


@pytest.mark.parametrize("options", [{"improved": True}, {"normalize": False}, {"flow": "target_to_source"}], ids=str)
def test_its_variants_satisfy_the_contract(options: dict[str, Any]):
    assert_layer(GCNConv(4, 3, **options).double(), 4, acyclic=False)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"cached": True},
        {"add_self_loops": False},
        {"normalize": False},
        {"normalize": False, "add_self_loops": False, "bias": False},
        {"aggr": "max"},
    ],
    ids=str,
)
def test_outputs_and_gradients_are_pyg_s(options: dict[str, Any], flow: str, weighted: bool):
    assert_same(*pair(**options, flow=flow), weighted=weighted)


@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
def test_improved_is_pyg_s_where_weights_are_given(flow: str):
    assert_same(*pair(improved=True, flow=flow), weighted=True)
    assert_same(*pair(improved=True, flow=flow, add_self_loops=False), weighted=True)


def test_improved_without_weights_is_improved_with_weights_of_one():
    x, edge_index, weight = sample()
    improved, _ = pair(improved=True)
    plain, _ = pair()
    out = improved(x, edge_index)
    torch.testing.assert_close(out, improved(x, edge_index, torch.ones_like(weight)), atol=1e-12, rtol=0)
    assert not torch.allclose(out, plain(x, edge_index))


def test_a_width_taken_from_the_first_input_is_pyg_s():
    x, edge_index, _ = sample()
    ours, theirs = GCNConv(-1, 3).double(), PyGConv(-1, 3).double()
    ours(x, edge_index)
    assert ours.lin.weight.shape == (3, 4)
    theirs.load_state_dict(ours.state_dict())
    assert_same(ours, theirs, weighted=True)


def test_a_width_can_come_from_a_state_dict():
    x, edge_index, _ = sample()
    _, theirs = pair()
    ours = GCNConv(-1, 3).double()
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(x, edge_index), theirs(x, edge_index), atol=1e-12, rtol=0)


@pytest.mark.parametrize("bias", [True, False])
def test_a_state_dict_of_pyg_loads_and_goes_back(bias: bool):
    x, edge_index, _ = sample()
    theirs = PyGConv(4, 3, bias=bias).double()
    ours = GCNConv(4, 3, bias=bias).double()
    ours.load_state_dict(theirs.state_dict())
    back = PyGConv(4, 3, bias=bias).double()
    back.load_state_dict(ours.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    torch.testing.assert_close(ours(x, edge_index), back(x, edge_index), atol=1e-12, rtol=0)
    torch.testing.assert_close(ours(x, edge_index), theirs(x, edge_index), atol=1e-12, rtol=0)


def test_fresh_parameters_are_pyg_s_under_the_same_seed():
    torch.manual_seed(3)
    ours = GCNConv(4, 3)
    torch.manual_seed(3)
    theirs = PyGConv(4, 3)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert a.equal(b)


def test_a_cached_adjacency_is_kept_until_the_parameters_are_reset():
    x, edge_index, weight = sample()
    layer, _ = pair(cached=True)
    fresh, _ = pair()
    first = layer(x, edge_index, weight)
    assert first.equal(fresh(x, edge_index, weight))
    assert layer._cached_edge_index is not None
    assert layer(2 * x, edge_index.clone(), weight.clone()).equal(fresh(2 * x, edge_index, weight))
    state = copy.deepcopy(layer.state_dict())
    layer.reset_parameters()
    layer.load_state_dict(state)
    again = layer(x, edge_index)
    assert again.equal(fresh(x, edge_index))
    assert not torch.allclose(again, first)


@pytest.mark.parametrize("aggr", ["add", "mean"])
def test_a_cached_adjacency_is_not_used_on_another_graph(aggr: str):
    x, edge_index, weight = sample()
    layer = GCNConv(4, 3, cached=True, aggr=aggr).double()
    first = layer(x, edge_index, weight)
    refused = [
        ("edge_index", x, edge_index.flip(0), weight),
        ("edge_index", x, edge_index[:, 1:], weight[1:]),
        ("edge_weight", x, edge_index, 2 * weight),
        ("edge_weight", x, edge_index, None),
    ]
    for name, *call in refused:
        with pytest.raises(ValueError, match=rf"^{name}: expected that of the first call, because of cached=True"):
            layer(*call)
    edge_index.data[0, 0] += 1
    with pytest.raises(ValueError, match=r"^edge_index: .*cached=True"):
        layer(x, edge_index, weight)
    edge_index.data[0, 0] -= 1
    assert layer(x, edge_index, weight).equal(first)
    learned = (2 * weight).requires_grad_()  # is never cached
    torch.testing.assert_close(
        layer(x, edge_index, learned).detach(), copy.deepcopy(reset(layer))(x, edge_index, 2 * weight)
    )


def test_threads_that_fill_one_cache_get_their_own_graph_or_an_error():
    x, edge_index, _ = sample()
    graphs = [edge_index, edge_index.flip(0)]
    fresh, _ = pair()
    expected, wrong = [fresh(x, edges).detach() for edges in graphs], []

    def go(layer: GCNConv, k: int, start: threading.Barrier) -> None:
        start.wait()
        with torch.no_grad(), contextlib.suppress(ValueError):
            for _ in range(3):
                if not layer(x, graphs[k]).equal(expected[k]):
                    wrong.append(k)

    for _ in range(30):
        layer, _ = pair(cached=True)
        start = threading.Barrier(2)
        threads = [threading.Thread(target=go, args=(layer, k, start)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def reset(layer: GCNConv) -> GCNConv:
    layer._cached_edge_index = None
    return layer


@pytest.mark.parametrize("rows", [8, 10])
def test_a_cached_adjacency_has_the_rows_of_the_first_call(rows: int):
    x, edge_index, _ = sample()
    layer = GCNConv(4, 3, cached=True).double()
    layer(x, edge_index)
    with pytest.raises(ValueError, match=rf"^x: expected 9 nodes, .*cached=True, got {rows}"):
        layer(torch.zeros(rows, 4, dtype=torch.float64), edge_index)


def test_a_convolution_by_hand():
    # Nodes 0 - 1 - 2 with features 1, 2, 4: degrees with loops 2, 3, 2.
    layer = GCNConv(1, 1).double()
    with torch.no_grad():
        layer.lin.weight.fill_(10.0)
        layer.bias.fill_(1.0)  # type: ignore[union-attr]
    x = torch.tensor([[1.0], [2.0], [4.0]], dtype=torch.float64)
    out = layer(x, torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]))
    expected = [1 / 2 + 2 / 6**0.5, 2 / 3 + (1 + 4) / 6**0.5, 4 / 2 + 2 / 6**0.5]
    torch.testing.assert_close(out[:, 0], 10 * torch.tensor(expected, dtype=torch.float64) + 1)


@pytest.mark.parametrize("widths", [(4, 3), (3, 4)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_matrix_form_is_the_message_form(weighted: bool, widths: tuple[int, int]):
    x, edge_index, weight = sample()
    x, given = x[:, : widths[0]], weight if weighted else None
    layer, messages = GCNConv(*widths).double(), []
    out = layer(x, edge_index, given)
    layer.register_message_forward_hook(lambda _, __, sent: messages.append(sent))
    summed = layer(x, edge_index, given)
    edges, weights = gcn_norm(edge_index, given, 9, dtype=x.dtype)
    a_hat = torch.zeros(9, 9, dtype=x.dtype).index_put((edges[1], edges[0]), weights, accumulate=True)
    by_hand = torch.zeros_like(out).index_add(0, edges[1], messages[0])
    for form in (summed, a_hat @ x @ layer.lin.weight.t(), by_hand):
        torch.testing.assert_close(out, form, atol=1e-14, rtol=1e-14)


def test_gradients_of_both_orders_are_right():
    x, edge_index, weight = sample()
    layer, _ = pair()
    leaves = (x.requires_grad_(), weight.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, w: layer(a, edge_index, w), leaves)
    assert torch.autograd.gradgradcheck(lambda a, w: layer(a, edge_index, w), leaves)


def test_it_works_in_pyg_s_sequential():
    x, edge_index, weight = sample()
    torch.manual_seed(0)
    a, b = GCNConv(4, 5).double(), GCNConv(5, 3).double()
    steps = [(a, "x, edge_index, weight -> x"), torch.nn.ReLU(), (b, "x, edge_index, weight -> x")]
    model: Any = torch_geometric.nn.Sequential("x, edge_index, weight", steps)
    expected = b(torch.relu(a(x, edge_index, weight)), edge_index, weight)
    assert model(x, edge_index, weight).equal(expected)


def test_its_name_shows_its_widths():
    assert repr(GCNConv(4, 3)) == "GCNConv(4, 3)"


@pytest.mark.parametrize("options", [{}, {"normalize": False}, {"cached": True}], ids=str)
def test_bad_input_is_refused(options: dict[str, Any]):
    assert_refuses(GCNConv(4, 3, **options), 4)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("weight", [torch.ones(1), torch.ones(3, 1), torch.ones(3, dtype=torch.long)])
def test_weights_that_do_not_fit_are_refused(weight: Tensor, normalize: bool):
    layer = GCNConv(4, 3, normalize=normalize)
    with pytest.raises(ValueError, match=r"^edge_weight: expected a floating-point tensor of shape \[3\]"):
        layer(torch.zeros(3, 4), torch.tensor([[0, 1, 2], [1, 2, 0]]), weight)


def test_negative_weights_are_refused_only_where_they_are_normalised():
    x, edge_index, weight = torch.ones(2, 4), torch.tensor([[0], [1]]), torch.tensor([-2.0])
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, got -2.0 at edge 0;"):
        GCNConv(4, 3)(x, edge_index, weight)
    layer = GCNConv(4, 3, normalize=False)
    torch.testing.assert_close(layer(x, edge_index, weight)[1], -2 * layer.lin(x)[0])


def test_integer_features_are_refused():
    with pytest.raises(ValueError, match=r"^x: expected a floating-point tensor, got torch.int64"):
        GCNConv(4, 3)(torch.zeros(3, 4, dtype=torch.long), torch.tensor([[0], [1]]))


@pytest.mark.parametrize(
    ("sizes", "options", "argument"),
    [
        ((0, 3), {}, "in_channels"),
        ((-2, 3), {}, "in_channels"),
        ((4, 0), {}, "out_channels"),
        ((4, 3), {"normalize": False, "add_self_loops": True}, "add_self_loops"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused(sizes: tuple[int, int], options: dict[str, Any], argument: str):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        GCNConv(*sizes, **options)
