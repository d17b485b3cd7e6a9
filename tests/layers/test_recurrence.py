"""What all recurrences do alike: weights by name, transforms of functions, lazy widths, flow, overflow."""

import copy
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv, to_hetero

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, GRU, LSTM, RNN, DAGOutput
from gnn_toolkit.testing import random_dag

F, H = 4, 3
DAGS = [DAGRNN, DAGGRU, DAGLSTM]
SEQUENCES = [RNN, GRU, LSTM]
EDGES = random_dag(7, 11, torch.Generator().manual_seed(0))
PATH = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def make(kind: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def calls(kind: Any) -> list[tuple[str, Callable[..., Tensor], Tensor]]:
    """Return names, calls that return the outputs, and inputs: trees and paths, or sequences of both kinds."""
    if kind in DAGS:
        return [
            (name, lambda layer, x, edges=edges: layer(x, edges)[0], normal(int(edges.max()) + 1, F))
            for name, edges in (("a DAG", EDGES), ("a path", PATH))
        ]
    ragged = lambda layer, x: torch.cat(layer([x[:5, 0], x[:2, 1], x[:3, 0]])[0])  # noqa: E731
    return [("dense", lambda layer, x: layer(x)[0], normal(5, 2, F)), ("ragged", ragged, normal(5, 2, F))]


def masked(layer: Any) -> None:
    for name in [name for name, _ in layer.named_parameters()]:
        prune.random_unstructured(layer, name, 0.5)


def normed(layer: Any) -> None:
    parametrizations.weight_norm(layer, "weight_hh_l0")
    with torch.no_grad():
        layer.parametrizations.weight_hh_l0.original0.mul_(1.5)


def dropped(layer: Any) -> None:
    raw = layer.weight_hh_l0
    del layer._parameters["weight_hh_l0"]
    layer.register_parameter("raw", nn.Parameter(raw.detach()))
    layer.weight_hh_l0 = nn.functional.dropout(layer.raw, 0.5)


def joined(layer: Any) -> None:
    layer.own_bias = nn.Parameter(torch.ones(3, dtype=torch.float64))
    order = list(layer._parameters.items())
    layer._parameters.clear()
    layer._parameters.update(reversed(order))


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("change", [masked, normed, dropped, joined])
@pytest.mark.parametrize("kind", [*DAGS, *SEQUENCES])
def test_what_stands_under_a_weight_s_name_is_used_on_every_backend(kind: Any, change: Any, grad: bool):
    changed = make(kind, num_layers=2, bidirectional=True)
    change(changed)
    plain = make(kind, num_layers=2, bidirectional=True)
    with torch.no_grad():
        for name, _ in list(plain.named_parameters()):
            getattr(plain, name).copy_(getattr(changed, name))
    for what, call, x in calls(kind):
        for changed.backend in ("auto", "message_passing", "fused", "vendor"):
            if what == "a DAG" and changed.backend == "vendor":
                continue
            plain.backend = changed.backend
            with torch.set_grad_enabled(grad):
                torch.testing.assert_close(call(changed, x), call(plain, x), atol=1e-12, rtol=0)
            if grad and change is normed:
                (found,) = torch.autograd.grad(call(changed, x).sum(), changed.parametrizations.weight_hh_l0.original0)
                assert bool(found.any())


def test_a_reparametrised_weight_is_not_drawn_anew_without_a_word():
    layer = make(DAGLSTM)
    parametrizations.weight_norm(layer, "bias_ih_l0", dim=0)
    with pytest.raises(ValueError, match=r"^bias_ih_l0: expected a parameter of its own, got a tensor made of others"):
        layer.add_forget_bias(1.0)


def derivatives(run: Callable[..., Tensor], x: Tensor) -> dict[str, Any]:
    """Return what every way of torch to differentiate returns."""
    v = normal(*x.shape, seed=5)

    def square(y: Tensor) -> Tensor:
        return run(y).square().sum()

    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(run(forward_ad.make_dual(x, v))).tangent
    leaf = x.clone().requires_grad_()
    out = run(leaf)
    batch = torch.stack([normal(*out.shape, seed=s) for s in range(3)])
    (batched,) = torch.autograd.grad(out, leaf, batch, is_grads_batched=True)
    return {
        "jvp": torch.func.jvp(run, (x,), (v,))[1],
        "dual": dual,
        "vjp": torch.func.vjp(run, x)[1](batch[0])[0],
        "grad": torch.func.grad(square)(x),
        "jacrev": torch.func.jacrev(run)(x),
        "jacfwd": torch.func.jacfwd(run)(x),
        "vmap": torch.func.vmap(run)(torch.stack([x, x + v])),
        "jacobian": torch.autograd.functional.jacobian(run, x),
        "vectorised": torch.autograd.functional.jacobian(run, x, vectorize=True),
        "hessian": torch.autograd.functional.hessian(square, x),
        "batched": batched,
    }


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=["plain", "stack"])
@pytest.mark.parametrize("kind", [*DAGS, *SEQUENCES])
def test_every_derivative_is_that_of_the_plain_path(kind: Any, options: dict[str, Any]):
    layer, plain = make(kind, **options), make(kind, backend="message_passing", **options)
    for what, call, x in calls(kind):
        if what == "ragged":
            continue  # cut and joined outside of the layer
        found, expected = derivatives(partial(call, layer), x), derivatives(partial(call, plain), x)
        step = 1e-6 * normal(*x.shape, seed=5)
        with torch.no_grad():
            tangent = (call(layer, x + step) - call(layer, x - step)) / 2e-6
        torch.testing.assert_close(found["jvp"], tangent, atol=1e-7, rtol=1e-6)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, atol=1e-10, rtol=1e-8, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("kind", [*DAGS, *SEQUENCES])
def test_gradients_of_gradients_reach_every_parameter_by_default(kind: Any):
    layer, plain = make(kind, num_layers=2), make(kind, num_layers=2, backend="message_passing")
    for _, call, x in calls(kind):
        second = []
        for each in (layer, plain):
            leaf = x.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(call(each, leaf).square().sum(), leaf, create_graph=True)
            second.append(torch.autograd.grad(gradient.square().sum(), [leaf, *each.parameters()], allow_unused=True))
        for a, b in zip(*second, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-8)


def test_per_sample_gradients_by_functional_call():
    layer, x = make(GRU), normal(5, 3, F)
    params = dict(layer.named_parameters())

    def loss(params: dict[str, Tensor], sequence: Tensor) -> Tensor:
        return torch.func.functional_call(layer, params, (sequence,))[0].square().sum()

    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 1))(params, x)
    for k in range(3):
        expected = torch.autograd.grad(layer(x[:, k])[0].square().sum(), list(params.values()))
        for name, gradient in zip(params, expected, strict=True):
            torch.testing.assert_close(found[name][k], gradient)


@pytest.mark.parametrize("backend", ["fused", "vendor"])
@pytest.mark.parametrize("kind", [DAGLSTM, GRU])
def test_a_backend_by_name_is_not_transformed_without_a_word(kind: Any, backend: str):
    layer, (_, call, x) = make(kind, backend=backend), calls(kind)[-1 if kind in DAGS else 0]
    for transformed in (
        lambda: torch.func.jvp(lambda y: call(layer, y), (x,), (x,)),
        lambda: torch.func.vmap(lambda y: call(layer, y))(x[None]),
    ):
        with pytest.raises(ValueError, match=r"^backend: expected 'auto' or 'message_passing' under torch.func"):
            transformed()


@pytest.mark.parametrize("kind", DAGS)
def test_a_lazy_width_is_taken_from_the_first_input_or_from_a_saved_state(kind: Any):
    torch.manual_seed(0)
    lazy, loaded = kind(-1, H, 2, bidirectional=True), kind(-1, H, 2, bidirectional=True)
    x = normal(7, F).float()
    torch.manual_seed(0)
    out = copy.deepcopy(lazy)(x, EDGES)[0]
    torch.manual_seed(0)
    assert out.equal(kind(F, H, 2, bidirectional=True)(x, EDGES)[0])
    torch.manual_seed(0)
    assert lazy(x, EDGES)[0].equal(out)
    assert lazy.in_channels == F
    loaded.load_state_dict(lazy.state_dict())
    assert loaded(x, EDGES)[0].equal(out)
    assert lazy(x, EDGES)[0].equal(out)
    with pytest.raises(ValueError, match=rf"^x: expected shape \[num_nodes, {F}\]"):
        lazy(x[:, :-1], EDGES)


@pytest.mark.parametrize("kind", SEQUENCES)
def test_sequences_have_no_lazy_width_and_speak_of_torch_s_arguments(kind: Any):
    with pytest.raises(ValueError, match=r"^input_size: expected an integer of at least 1, got -1"):
        kind(-1, H)
    with pytest.raises(ValueError, match=r"^hidden_size: expected an integer of at least 1, got 0"):
        kind(F, 0)


@pytest.mark.parametrize("kind", DAGS)
def test_a_flow_against_the_edges_is_a_walk_over_the_turned_graph(kind: Any):
    x, turned = normal(7, F), EDGES.flip(0)
    options = {"num_layers": 2, "bidirectional": True}
    ours, theirs = make(kind, flow="target_to_source", **options), make(kind, **options)
    found, expected = ours(x, EDGES), theirs(x, turned)
    torch.testing.assert_close(found[0], expected[0])
    passing = make(kind, flow="target_to_source", backend="message_passing", **options)
    torch.testing.assert_close(passing(x, EDGES)[0], expected[0])
    hx = expected[1]
    starts, ends = (7 - turned[k].unique().numel() for k in (1, 0))
    rows = [starts, ends] * 2
    states = [[normal(n, H, seed=s + k) for k, n in enumerate(rows)] for s in range(ours.cell.num_states)]
    hx = states if kind is DAGLSTM else states[0]
    for a, b in zip(ours(x, EDGES, hx)[1], theirs(x, turned, hx)[1], strict=True):
        torch.testing.assert_close(a, b)
    ours.flow = "sideways"
    with pytest.raises(ValueError, match=r"^flow: expected one of source_to_target, target_to_source"):
        ours(x, EDGES)


class OneLayer(nn.Module):
    """A recurrence and an activation."""

    def __init__(self, layer: DAGOutput) -> None:
        super().__init__()
        self.layer: Any = layer

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.layer(x, edge_index).relu()


@pytest.mark.usefixtures("to_hetero_runs")
def test_the_outputs_alone_are_a_layer_of_pyg_s_containers():
    x, author = normal(7, F).float(), normal(2, F).float()
    edges = {("paper", "cites", "paper"): EDGES}
    layer = DAGOutput(DAGLSTM(F, H))
    assert (layer.in_channels, layer.out_channels) == (F, H)
    plain = layer(x, EDGES)
    alone = HeteroConv({("paper", "cites", "paper"): layer})({"paper": x}, edges)
    torch.testing.assert_close(alone["paper"], plain)
    data = HeteroData()
    data["paper"].x, data["paper", "cites", "paper"].edge_index = x, EDGES
    model = OneLayer(layer)
    hetero: Any = to_hetero(model, data.metadata())
    torch.testing.assert_close(hetero(data.x_dict, data.edge_index_dict)["paper"], model(x, EDGES))
    with pytest.raises(ValueError, match=r"^x: expected one tensor, or the same one twice"):
        layer((author, x), EDGES)


@pytest.mark.parametrize(("kind", "aggr"), [(k, a) for k in DAGS for a in ("mean", "max")])
def test_states_stay_bounded_however_deep_the_graph(kind: Any, aggr: str):
    depth = 1000
    edges = torch.tensor([[*range(depth - 1), *range(depth - 2)], [*range(1, depth), *range(2, depth)]])
    x = normal(depth, F).requires_grad_()
    layer = make(kind, aggr=aggr)
    assert layer.aggr == aggr
    out, states = layer(x, edges)
    out[-1].square().sum().backward()
    assert bool(x.grad is not None and x.grad.isfinite().all())
    assert float(out.detach().abs().max()) <= 1.0
    assert float((states[1] if kind is DAGLSTM else states)[0].detach().abs().max()) < 50.0


@pytest.mark.parametrize("backend", ["auto", "message_passing"])
def test_under_anomaly_detection_the_level_is_named_at_which_sums_overflow(backend: str):
    depth = 200
    edges = torch.tensor([[*range(depth - 1), *range(depth - 2)], [*range(1, depth), *range(2, depth)]])
    layer: Any = DAGRNN(F, H, nonlinearity="relu", aggr="sum", backend=backend)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.eye(H))  # states add up as Fibonacci's numbers: 1e38 near level 180
    x = torch.ones(depth, F)
    layer(x, edges)  # no error without it
    with (
        pytest.warns(UserWarning, match="Anomaly Detection has been enabled"),
        torch.autograd.detect_anomaly(),
        pytest.raises(
            RuntimeError, match=r"^DAGRNN: h is not finite from level 1[78]\d of 200 on \(pass l0, node \d+\)"
        ),
    ):
        layer(x, edges)


@pytest.mark.parametrize("backend", ["auto", "vendor", "fused", "message_passing"])
@pytest.mark.parametrize("kind", SEQUENCES)
def test_outputs_of_sequences_may_be_changed_in_place_as_torch_s(kind: Any, backend: str):
    layer = make(kind, backend=backend)
    for _, call, x in calls(kind):
        leaf = x.clone().requires_grad_()
        expected = torch.autograd.grad(torch.relu(call(layer, leaf)).sum(), leaf)
        found = torch.autograd.grad(call(layer, leaf).relu_().sum(), leaf)
        torch.testing.assert_close(found, expected)


def test_dropout_that_does_nothing_is_said():
    with pytest.warns(UserWarning, match="dropout acts between layers"):
        DAGGRU(F, H, dropout=0.5)
    with pytest.warns(UserWarning, match="dropout acts between layers"):
        LSTM(F, H, dropout=0.5)


@pytest.mark.parametrize("kind", [*DAGS, *SEQUENCES])
def test_a_saved_layer_with_a_parameter_of_its_own_loads(kind: Any):
    class Own(kind):
        def __init__(self, *sizes: int) -> None:
            super().__init__(*sizes)
            self.start = nn.Parameter(torch.zeros(1))

    layer, file = Own(F, H), io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = Own(F, H)
    other.load_state_dict(torch.load(file, weights_only=True))
    for _, call, x in calls(kind):
        assert call(other.double(), x).equal(call(layer.double(), x))


@pytest.mark.parametrize("kind", [*DAGS, *SEQUENCES])
def test_activation_checkpointing_gives_the_same_gradients(kind: Any):
    layer = make(kind, num_layers=2)
    for _, call, x in calls(kind):
        leaf = x.clone().requires_grad_()
        expected = torch.autograd.grad(call(layer, leaf).square().sum(), [leaf, *layer.parameters()])
        out = checkpoint(partial(call, layer), leaf, use_reentrant=False)
        found = torch.autograd.grad(out.square().sum(), [leaf, *layer.parameters()])
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, atol=1e-12, rtol=0)
