"""DAGMinGRU, DAGMinLSTM, DAGLRU, DAGMamba against loops over nodes, and the contract of a layer."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM
from gnn_toolkit.graphs import topological_levels
from gnn_toolkit.layers.linear_reference import linear_dag
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_dag

F, H = 4, 3
KINDS: dict[str, Any] = {"mingru": DAGMinGRU, "minlstm": DAGMinLSTM, "lru": DAGLRU, "mamba": DAGMamba}
SMALL: dict[str, dict[str, Any]] = {"mamba": {"state_channels": 2}, "lru": {"state_channels": 5}}
STACK = {"num_layers": 2, "bidirectional": True}
GRAPHS = {
    "a DAG": random_dag(9, 16, torch.Generator().manual_seed(0)),
    "a forest": torch.tensor([[0, 0, 2, 2, 5], [1, 2, 3, 4, 6]]),
    "paths": torch.tensor([[0, 1, 2, 4, 5, 7], [1, 2, 3, 5, 6, 8]]),
    "paths of one length": torch.tensor([[0, 1, 3, 4, 6, 7], [1, 2, 4, 5, 7, 8]]),
    "parallel edges": torch.tensor([[0, 0, 1, 1, 1], [2, 2, 2, 3, 3]]),
    "no edges": torch.zeros(2, 0, dtype=torch.long),
}


def make(kind: str, **options: Any) -> Any:
    torch.manual_seed(0)
    layer = KINDS[kind](F, H, **SMALL.get(kind, {}), **options).double()
    with torch.no_grad():
        for value in layer.parameters():  # what is drawn alike for all types of edges, or as a constant, differs
            value.add_(0.2 * torch.randn_like(value))
    return layer


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def starting_states(layer: Any, edges: Tensor, nodes: int) -> list[Tensor]:
    """Return random states for the nodes where each walk of a layer starts."""
    starts = [nodes - edges[side].unique().numel() for side in (1, 0)][: layer.num_directions]
    return [
        normal(count, layer.state_width, seed=k).requires_grad_() for k, count in enumerate(starts * layer.num_layers)
    ]


def assert_same(layer: Any, kind: str, x: Tensor, edges: Tensor, types: Tensor | None = None, *, started: bool) -> None:
    hx = starting_states(layer, edges, x.size(0)) if started else None
    out, final = layer(x, edges, hx, edge_type=types)
    params = {name: value.detach().clone().requires_grad_() for name, value in layer.named_parameters()}
    options = {name: getattr(layer, name) for name in ("num_layers", "bidirectional", "num_relations", "aggr")}
    expected, states = linear_dag(kind, params, x, edges, types, hx, **options)
    leaves = [x, *(hx or [])]
    pairs = [([*leaves, *layer.parameters()], [*leaves, *params.values()])]
    assert_parity([out, *final], [expected, *states], pairs)


@pytest.mark.parametrize("backend", ["fused", "message_passing"])
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_all_gradients_are_those_of_a_loop_over_nodes(kind: str, graph: str, backend: str):
    for options, started in (({}, False), (STACK, True), ({"aggr": "sum"}, True)):
        layer = make(kind, backend=backend, **options)
        assert_same(layer, kind, normal(9, F).requires_grad_(), GRAPHS[graph], started=started)


@pytest.mark.parametrize("backend", ["fused", "message_passing"])
@pytest.mark.parametrize("aggr", ["mean", "sum"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_edges_has_a_coefficient_of_its_own(kind: str, aggr: str, backend: str):
    layer = make(kind, num_relations=3, aggr=aggr, backend=backend, bidirectional=True)
    edges = GRAPHS["a DAG"]
    types = torch.arange(edges.size(1)) % 3
    assert_same(layer, kind, normal(9, F).requires_grad_(), edges, types, started=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_contract_of_a_layer(kind: str):
    layer = make(kind, bidirectional=True)
    params = dict(layer.named_parameters())

    def reference(x: Tensor, edges: Tensor) -> Tensor:
        return linear_dag(kind, params, x, edges, bidirectional=True)[0]

    assert_layer(lambda x, edges: layer(x, edges)[0], F, reference=reference)
    assert_refuses(lambda x, edges: make(kind).float()(x, edges)[0], F)


@pytest.mark.parametrize("graph", ["a DAG", "paths of one length"])
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_of_the_first_and_second_order_are_right(kind: str, graph: str):
    layer, edges = make(kind), GRAPHS[graph]
    names = [name for name, _ in layer.named_parameters()]
    x, states = normal(9, F).requires_grad_(), starting_states(layer, edges, 9)

    def run(x: Tensor, start: Tensor, *values: Tensor) -> Tensor:
        out, final = torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x, edges, [start]))
        return torch.cat([out.flatten(), final[0].flatten()])

    inputs = (x, states[0], *(value.detach().clone().requires_grad_() for value in layer.parameters()))
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, inputs, fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_that_are_stored_and_a_turned_flow_change_nothing_else(kind: str):
    layer, x, edges = make(kind, **STACK), normal(9, F), GRAPHS["a DAG"]
    out, final = layer(x, edges)
    torch.testing.assert_close(layer(x, edges, level=topological_levels(edges, 9))[0], out)
    for backend in ("fused", "message_passing"):
        turned = make(kind, flow="target_to_source", backend=backend, **STACK)
        found, states = turned(x, edges.flip(0))
        torch.testing.assert_close(found, out)
        torch.testing.assert_close(states, final)


@pytest.mark.parametrize("kind", KINDS)
def test_without_biases_there_is_none_and_widths_may_wait(kind: str):
    plain = make(kind, bias=False)
    assert "bias_ih_l0" not in dict(plain.named_parameters())
    assert_same(plain, kind, normal(9, F).requires_grad_(), GRAPHS["a DAG"], started=False)
    x, edges = normal(9, F).float(), GRAPHS["a DAG"]
    lazy = KINDS[kind](-1, H, num_layers=2)
    torch.manual_seed(0)
    out = lazy(x, edges)[0]
    torch.manual_seed(0)
    assert out.equal(KINDS[kind](F, H, num_layers=2)(x, edges)[0])
    again = KINDS[kind](-1, H, num_layers=2)
    again.load_state_dict(lazy.state_dict())
    assert again(x, edges)[0].equal(out)


@pytest.mark.parametrize("kind", KINDS)
def test_states_stay_bounded_however_deep_the_graph(kind: str):
    depth = 1000
    edges = torch.tensor([[*range(depth - 1), *range(depth - 2)], [*range(1, depth), *range(2, depth)]])
    x = normal(depth, F).requires_grad_()
    for options in ({}, {"num_relations": 2}):
        layer = make(kind, **options)
        types = torch.arange(edges.size(1)) % 2 if options else None
        out, (final,) = layer(x, edges, edge_type=types)
        out[-1].square().sum().backward()
        assert bool(x.grad is not None and x.grad.isfinite().all())
        assert float(final.detach().abs().max()) < 50.0


def test_a_minimal_lstm_keeps_its_gates_where_both_are_too_small_for_a_float():
    layer = make("minlstm").float()
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
        layer.bias_ih_l0.copy_(torch.cat([torch.full((2 * H,), -200.0), torch.ones(H)]))
    out, _ = layer(torch.zeros(3, F), torch.tensor([[0, 1], [1, 2]]))
    torch.testing.assert_close(out, torch.tensor([0.5, 0.75, 0.875]).unsqueeze(1).expand(3, H))


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_computed_in_single(kind: str):
    edges, x = GRAPHS["a DAG"], normal(9, F)
    layer, half = make(kind), make(kind).to(torch.bfloat16)
    out, final = half(x.bfloat16(), edges)
    assert {out.dtype, final[0].dtype} == {torch.bfloat16}
    torch.testing.assert_close(out.double(), layer(x, edges)[0], atol=0.1, rtol=0.1)
    single = make(kind).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast, _ = single(x.float(), edges)
    torch.testing.assert_close(cast.double(), layer(x, edges)[0], atol=0.1, rtol=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DAGMinGRU(F, 0), r"hidden_channels: expected an integer of at least 1, got 0"),
        (lambda: DAGMinGRU(F, H, aggr="max"), r"aggr: expected one of sum, mean, got 'max'"),
        (lambda: DAGMinLSTM(F, H, backend="vendor"), r"backend: expected one of auto, message_passing, fused"),
        (lambda: DAGLRU(F, H, r_min=0.9, r_max=0.5), r"r_min: expected 0 <= r_min <= r_max <= 1, got 0.9 and 0.5"),
        (lambda: DAGLRU(F, H, max_phase=-1.0), r"max_phase: expected an angle in \[0, 2 pi\], got -1.0"),
        (lambda: DAGLRU(F, H, state_channels=0), r"state_channels: expected an integer of at least 1"),
        (lambda: DAGMamba(F, H, state_channels=0), r"state_channels: expected an integer of at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


def test_states_that_do_not_fit_are_refused():
    layer, x, edges = DAGLRU(F, H), torch.zeros(3, F), torch.tensor([[0, 1], [1, 2]])
    with pytest.raises(ValueError, match=r"^hx: expected tensors of shapes \[\(1, 6\)\], got \[\(1, 3\)\]"):
        layer(x, edges, [torch.zeros(1, 3)])
    with pytest.raises(ValueError, match=r"^edge_index: .*cycle"):
        layer(x, torch.tensor([[0, 1], [1, 0]]))
