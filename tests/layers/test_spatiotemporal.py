"""The recurrences in time against dense reference implementations, their contract, and their special cases."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit import DCRNN, GCLSTM, TGCN, GConvGRU, GConvLSTM
from gnn_toolkit.layers import reference
from gnn_toolkit.testing import assert_layer, assert_parity, random_graph

# layer, kind of its cell, its basis and K
LAYERS: dict[str, tuple[Callable[[], Any], str, str, int]] = {
    "gru": (lambda: GConvGRU(2, 3, K=3), "early_gru", "chebyshev", 3),
    "gru, torch's": (lambda: GConvGRU(2, 3, K=2, reset_after=True), "gru", "chebyshev", 2),
    "gru, lambda 3": (lambda: GConvGRU(2, 3, K=3, lambda_max=3.0, bias=False), "early_gru", "chebyshev", 3),
    "gru, outgoing": (lambda: GConvGRU(2, 3, degrees="out", normalization="rw"), "early_gru", "chebyshev", 3),
    "lstm": (lambda: GConvLSTM(2, 3), "lstm", "chebyshev", 3),
    "lstm, blind": (lambda: GConvLSTM(2, 3, peepholes=False, bias=False), "lstm", "chebyshev", 3),
    "gc-lstm": (lambda: GCLSTM(2, 3), "lstm", "chebyshev", 3),
    "dcrnn": (lambda: DCRNN(2, 3), "early_gru", "diffusion", 3),
    "dcrnn, authors'": (lambda: DCRNN(2, 3, variant="authors"), "early_gru", "authors", 3),
    "dcrnn, torch's": (lambda: DCRNN(2, 3, K=1, reset_after=True), "gru", "diffusion", 1),
    "tgcn, authors'": (lambda: TGCN(2, 3, variant="authors"), "early_gru", "neighbours", 1),
    "tgcn": (lambda: TGCN(2, 3), "early_gru", "chebyshev", 1),
    "tgcn, linear": (lambda: TGCN(2, 3, variant="linear"), "early_gru", "chebyshev", 1),
}
OPTIONS = {"gru, lambda 3": {"lambda_max": 3.0}, "gru, outgoing": {"degrees": "out", "normalization": "rw"}}
LSTMS = (GConvLSTM, GCLSTM)
names = pytest.mark.parametrize("name", LAYERS)


def build(name: str) -> Any:
    torch.manual_seed(0)
    return LAYERS[name][0]().double()


def sample(steps: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """A window over a directed, weighted graph of seven nodes, one of them isolated."""
    generator = torch.Generator().manual_seed(1)
    edge_index = random_graph(6, 7, generator)[:, :10]
    x = torch.randn(steps, 7, 2, dtype=torch.float64, generator=generator)
    return x, edge_index, torch.rand(10, dtype=torch.float64, generator=generator) + 0.1


def states(name: str, batch: tuple[int, ...] = ()) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    count = 2 if LAYERS[name][1] == "lstm" else 1
    return [torch.randn(*batch, 7, 3, dtype=torch.float64, generator=generator) for _ in range(count)]


def run(layer: Any, x: Tensor, edges: Any, weight: Any, hx: list[Tensor] | None) -> list[Tensor]:
    """Return the outputs and the final states in one list."""
    lstm = isinstance(layer, LSTMS)
    out, final = layer(x, edges, weight, hx=hx if hx is None or lstm else hx[0])
    return [out, *(final if lstm else [final])]


def dense(
    name: str, layer: Any, x: Tensor, graphs: list[tuple[Tensor, Tensor]], hx: list[Tensor] | None
) -> list[Tensor]:
    """Return the same from dense matrices, with a graph for each step."""
    _, kind, basis, order = LAYERS[name]
    params, options, nodes = dict(layer.named_parameters()), OPTIONS.get(name, {}), x.size(1)
    terms = [reference.time_terms(basis, order, *graph, nodes, **options) for graph in graphs]
    if name == "tgcn":
        first, second = (getattr(layer, part).lin.weight for part in ("first", "second"))
        read = []
        for value, graph in zip(x, graphs, strict=True):
            (a_hat,) = reference.time_terms("neighbours", 1, *graph, nodes)
            read.append(torch.sigmoid(a_hat @ torch.relu(a_hat @ value @ first.t()) @ second.t()))
        x = torch.stack(read)
    of_input = [step[:1] if name == "gc-lstm" else step for step in terms]
    if name == "tgcn, linear":
        of_input = [reference.time_terms("neighbours", 1, *graph, nodes) for graph in graphs]
    out, final = reference.over_time(kind, params, x, list(zip(of_input, terms, strict=True)), hx)
    return [out, *final]


def moving(edges: Tensor, weight: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Four graphs of other edges; one has none."""
    return [(edges, weight), (edges[:, :3], weight[:3]), (edges[:, :0], weight[:0]), ((edges + 1) % 7, weight.flip(0))]


@names
@pytest.mark.parametrize("backend", ["message_passing", "fused"])
def test_values_and_gradients_are_those_of_dense_matrices(name: str, backend: str):
    layer, (x, edges, weight) = build(name), sample()
    layer.backend = backend
    leaves = [[t.clone().requires_grad_() for t in (x, *states(name))] for _ in range(2)]
    weights = [weight.clone().requires_grad_(backend == "message_passing") for _ in range(2)]
    parameters = list(layer.parameters())
    ours = run(layer, leaves[0][0], edges, weights[0], leaves[0][1:])
    theirs = dense(name, layer, leaves[1][0], [(edges, weights[1])] * 4, leaves[1][1:])
    inputs = [[*leaf, *parameters, *([w] if w.requires_grad else [])] for leaf, w in zip(leaves, weights, strict=True)]
    assert_parity(ours, theirs, [(inputs[0], inputs[1])], atol=1e-11)


@names
@pytest.mark.parametrize("backend", ["message_passing", "fused"])
def test_edges_that_change_give_each_step_its_own_matrices(name: str, backend: str):
    layer, (x, edges, weight) = build(name), sample()
    layer.backend = backend
    leaves = [[t.clone().requires_grad_() for t in (x, *states(name))] for _ in range(2)]
    graphs, parameters = moving(edges, weight), list(layer.parameters())
    ours = run(layer, leaves[0][0], [e for e, _ in graphs], [w for _, w in graphs], leaves[0][1:])
    theirs = dense(name, layer, leaves[1][0], graphs, leaves[1][1:])
    inputs = [[*leaf, *parameters] for leaf in leaves]
    assert_parity(ours, theirs, [(inputs[0], inputs[1])], atol=1e-11)


@names
def test_one_edge_index_with_a_time_for_each_edge_is_a_list_of_them(name: str):
    layer, (x, edges, weight) = build(name), sample()
    graphs = moving(edges, weight)
    time = torch.cat([torch.full((len(w),), step) for step, (_, w) in enumerate(graphs)])
    order = torch.randperm(len(time), generator=torch.Generator().manual_seed(0))
    joined, weights = torch.cat([e for e, _ in graphs], 1)[:, order], torch.cat([w for _, w in graphs])[order]
    out, _ = layer(x, joined, weights, edge_time=time[order])
    listed = [e for e, _ in graphs], [w for _, w in graphs]
    torch.testing.assert_close(out, layer(x, *listed)[0], atol=1e-12, rtol=0)
    without, _ = layer(x, joined, edge_time=time[order])
    torch.testing.assert_close(without, layer(x, listed[0])[0], atol=1e-12, rtol=0)
    if not layer.basis.plan and not name.startswith("tgcn"):
        return  # it sees no edge
    learnt = weights.clone().requires_grad_()
    layer(x, joined, learnt, edge_time=time[order])[0].sum().backward()
    assert learnt.grad is not None
    stays = [w.clone().requires_grad_() for _, w in graphs]
    layer(x, listed[0], stays)[0].sum().backward()
    expected = torch.cat([w.new_zeros(len(w)) if w.grad is None else w.grad for w in stays])[order]
    torch.testing.assert_close(learnt.grad, expected, atol=1e-11, rtol=0)


@names
def test_a_step_alone_goes_in_and_comes_out_with_its_state(name: str):
    layer, (x, edges, weight) = build(name), sample(3)
    whole, state = run(layer, x, edges, weight, None), None
    for step in range(3):
        out, *state = run(layer, x[step], edges, weight, state)
        assert out.shape == (7, 3)
        torch.testing.assert_close(out, whole[0][step], atol=1e-12, rtol=0)
    for a, b in zip(state or [], whole[1:], strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


@names
def test_both_backends_learn_the_same_from_the_last_step_of_a_batch(name: str):
    layer, (x, edges, weight) = build(name), sample()
    x = torch.stack([x, x.flip(0), -x])
    both = []
    for layer.backend in ("message_passing", "fused"):
        out = run(layer, x, edges, weight, None)
        both.append([*out, *torch.autograd.grad(out[0][:, -1].sum(), list(layer.parameters()), allow_unused=True)])
    for a, b in zip(*both, strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


@names
def test_a_batch_is_its_windows_one_by_one(name: str):
    layer, (x, edges, weight) = build(name), sample()
    batch, start = torch.stack([x, x.flip(0), 2 * x]), states(name, (3,))
    together = run(layer, batch, edges, weight, start)
    alone = [run(layer, batch[b], edges, weight, [h[b] for h in start]) for b in range(3)]
    for k, all_of in enumerate(together):
        torch.testing.assert_close(all_of, torch.stack([one[k] for one in alone]), atol=1e-12, rtol=0)


@names
def test_twelve_steps_are_five_and_seven_with_the_state_handed_on(name: str):
    layer, (x, edges, weight) = build(name), sample(12)
    whole = run(layer, x, edges, weight, None)
    first = run(layer, x[:5], edges, weight, None)
    rest = run(layer, x[5:], edges, weight, first[1:])
    torch.testing.assert_close(torch.cat([first[0], rest[0]]), whole[0], atol=1e-12, rtol=0)
    for a, b in zip(rest[1:], whole[1:], strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)
    assert whole[1].equal(whole[0][-1])


@names
def test_the_contract_of_a_layer_holds(name: str):
    layer = build(name)

    def over_three_steps(x: Tensor, edge_index: Tensor) -> Tensor:
        window = torch.stack([x, x.roll(1, 1), -x])
        return layer(window, edge_index)[0].transpose(0, 1).flatten(1)

    assert_layer(over_three_steps, 2, acyclic=False)
    assert_layer(over_three_steps, 2, acyclic=True)


@names
def test_gradients_pass_gradcheck(name: str):
    layer, (x, edges, weight) = build(name), sample(2)
    leaves = [t.requires_grad_() for t in (x, *states(name))]
    for edge_weight in (weight, weight.clone().requires_grad_()):  # the kernel, and step by step

        def window(x: Tensor, w: Tensor, *hx: Tensor) -> tuple[Tensor, ...]:
            return tuple(run(layer, x, edges, w, list(hx)))

        assert torch.autograd.gradcheck(window, (leaves[0], edge_weight, *leaves[1:]), fast_mode=True)


@pytest.mark.parametrize("layer", [GConvGRU(2, 3, 1, reset_after=True), DCRNN(2, 3, 1, reset_after=True)], ids=repr)
def test_without_edges_it_is_torch_s_gru_at_each_node(layer: Any):
    theirs = nn.GRU(2, 3)
    theirs.load_state_dict({f"{name}_l0": value for name, value in layer.state_dict().items()})
    x = torch.randn(5, 7, 2)
    (ours, h), (expected, last) = layer(x, torch.empty(2, 0, dtype=torch.long)), theirs(x)
    torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(h, last[0])


def test_without_edges_it_is_torch_s_lstm_at_each_node():
    layer, theirs = GConvLSTM(2, 3, 1, peepholes=False), nn.LSTM(2, 3)
    theirs.load_state_dict({f"{name}_l0": value for name, value in layer.state_dict().items()})
    x = torch.randn(5, 7, 2)
    (ours, (h, c)), (expected, last) = layer(x, torch.empty(2, 0, dtype=torch.long)), theirs(x)
    for a, b in ((ours, expected), (h, last[0][0]), (c, last[1][0])):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("layer", [GConvGRU(2, 3, reset_after=True), DCRNN(2, 3, reset_after=True)], ids=repr)
def test_any_order_without_edges_is_torch_s_gru_with_the_weights_of_the_terms_that_are_left(layer: Any):
    theirs, basis, none = nn.GRU(2, 3), layer.basis, torch.empty(2, 0, dtype=torch.long)
    # Without edges a term is a multiple of x: for Chebyshev polynomials 1, 0, -1.
    size = [float(t[0, 0]) for t in basis.terms(basis.matrices(none, None, 1, torch.float32), torch.ones(1, 1))]
    state = {}
    for key, value in layer.state_dict().items():
        blocks = value.chunk(basis.num_terms, 1) if value.dim() == 2 else (value,)
        state[f"{key}_l0"] = sum(s * block for s, block in zip(size, blocks, strict=False))
    theirs.load_state_dict(state)
    x = torch.randn(5, 7, 2)
    torch.testing.assert_close(layer(x, none)[0], theirs(x)[0])


@names
def test_one_step_from_zero_is_a_convolution_and_a_nonlinearity(name: str):
    layer, (x, edges, weight) = build(name), sample(1)
    basis = layer.basis
    read = layer._read(x[None], [(edges, weight)])[0, 0]
    of_input = basis if layer.of_input is None else layer.of_input
    terms = torch.cat(of_input.terms(of_input.matrices(edges, weight, 7, x.dtype), read), 1)
    bias = 0 if layer.bias_ih is None else layer.bias_ih
    gates = (terms @ layer.weight_ih.t() + bias).chunk(layer.weight_ih.size(0) // 3, 1)
    hidden = [0.0] * len(gates) if layer.bias_hh is None else layer.bias_hh.chunk(len(gates))
    if isinstance(layer, LSTMS):
        i, _, g, o = (a + b for a, b in zip(gates, hidden, strict=True))
        c, look = torch.sigmoid(i) * torch.tanh(g), getattr(layer, "peephole", None)
        expected = torch.sigmoid(o if look is None else o + look[2] * c) * torch.tanh(c)
    else:
        r, z = (torch.sigmoid(a + b) for a, b in zip(gates[:2], hidden[:2], strict=True))
        inner = hidden[2] * r if "torch" in name else hidden[2]
        expected = (1 - z) * torch.tanh(gates[2] + inner)
    torch.testing.assert_close(layer(x, edges, weight)[0][0], expected)


def test_the_direction_of_an_edge_counts():
    x = torch.zeros(1, 2, 2)
    x[0, 0] = 1.0
    there, back = torch.tensor([[0], [1]]), torch.tensor([[1], [0]])
    torch.manual_seed(0)
    for layer in (DCRNN(2, 3, 2), *(TGCN(2, 3, variant=variant) for variant in ("paper", "authors", "linear"))):
        assert not torch.allclose(layer(x, there)[0], layer(x, back)[0])
    with torch.no_grad():  # Theta of the walk against the edges alone: x at the source reaches the target
        layer = DCRNN(2, 3, 2, bias=False)
        layer.weight_ih[:, :4] = 0
    assert layer(x, there)[0][0, 1].abs().sum() > 0
    assert layer(x, back)[0].abs().sum() == 0


@pytest.mark.parametrize("reset_after", [False, True])
def test_learned_edge_weights_get_gradients_through_time(reset_after: bool):
    layer, (x, edges, weight) = GConvGRU(2, 3, reset_after=reset_after).double(), sample()
    weight.requires_grad_()
    layer(x, edges, weight)[1].sum().backward()
    assert weight.grad is not None
    assert (weight.grad != 0).all()


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: GConvGRU(0, 3), "in_channels"),
        (lambda: GConvGRU(2, 3, K=0), "K"),
        (lambda: GConvLSTM(2, 3, lambda_max=0.0), "lambda_max"),
        (lambda: GCLSTM(2, 3, lambda_max="2"), "lambda_max"),  # type: ignore[arg-type]
        (lambda: GConvGRU(2, 3, lambda_max=float("inf")), "lambda_max"),
        (lambda: GConvGRU(2, 3, normalization="max"), "normalization"),
        (lambda: GConvGRU(2, 3, degrees="both"), "degrees"),
        (lambda: GConvGRU(2, 3, backend="autograd"), "backend"),
        (lambda: DCRNN(2, 3, variant="papers"), "variant"),
        (lambda: TGCN(2, 0), "out_channels"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused(make: Callable[[], nn.Module], argument: str):
    with pytest.raises(ValueError, match=f"^{argument}: "):
        make()
