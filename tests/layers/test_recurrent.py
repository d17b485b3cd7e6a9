import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence
from torch_geometric.data import Data

from gnn_toolkit.graphs import GridDAG, topological_levels
from gnn_toolkit.layers import DAGGRU, DAGLSTM, DAGRNN, reference
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_dag

KINDS = ["rnn_tanh", "rnn_relu", "gru", "lstm", "relation_lstm"]
SHAPES = [(1, False), (2, False), (1, True), (2, True)]
F, H = 4, 3


def make(kind: str, num_layers: int = 1, bidirectional: bool = False, **options: Any) -> Any:
    """Return a layer in float64; its parameters are the same in every run."""
    torch.manual_seed(0)
    options = {"num_layers": num_layers, "bidirectional": bidirectional, **options}
    if kind.startswith("rnn"):
        return DAGRNN(F, H, nonlinearity=kind.removeprefix("rnn_"), **options).double()
    if kind == "gru":
        return DAGGRU(F, H, **options).double()
    return DAGLSTM(F, H, forget="edge" if kind == "lstm" else "relation", **options).double()


def make_torch(kind: str, num_layers: int, bidirectional: bool, bias: bool = True) -> Any:
    options = {"num_layers": num_layers, "bidirectional": bidirectional, "bias": bias}
    if kind.startswith("rnn"):
        return nn.RNN(F, H, nonlinearity=kind.removeprefix("rnn_"), **options).double()
    return (nn.GRU if kind == "gru" else nn.LSTM)(F, H, **options).double()


def call(
    layer: Any, x: Tensor, edge_index: Tensor, initial: Sequence[Sequence[Tensor]] | None = None, **options: Any
) -> list[Tensor]:
    """Return outputs and final states, first all h, then all c."""
    lstm = isinstance(layer, DAGLSTM)
    hx = initial if initial is None or lstm else initial[0]
    out, final = layer(x, edge_index, hx, **options)
    return [out, *final[0], *final[1]] if lstm else [out, *final]


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def initial_for(layer: DAGRecurrence, edge_index: Tensor, num_nodes: int) -> list[list[Tensor]]:
    """Return random initial states of every layer and direction."""
    starts, ends = (num_nodes - row.unique().numel() for row in edge_index.flip(0))
    rows = [starts, ends][: layer.num_directions] * layer.num_layers
    return [[normal(n, H, seed=10 * s + k) for k, n in enumerate(rows)] for s in range(layer.cell.num_states)]


@pytest.mark.parametrize("backend", ["fused", "message_passing"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_satisfies_the_contract(kind: str, backend: str):
    for num_layers, bidirectional in ((1, False), (2, True)):
        layer = make(kind, num_layers, bidirectional, backend=backend)
        params = dict(layer.named_parameters())
        options = {"num_layers": num_layers, "bidirectional": bidirectional}

        def plain(x: Tensor, edge_index: Tensor, params=params, options=options) -> Tensor:
            return reference.dag(kind, params, x, edge_index, **options)[0]

        assert_layer(lambda x, e, layer=layer: layer(x, e)[0], F, reference=plain)


@pytest.mark.parametrize(
    ("num_relations", "bias", "with_initial"), [(1, True, False), (1, False, True), (3, True, True), (3, False, False)]
)
@pytest.mark.parametrize(("num_layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_all_gradients_are_the_reference_s(
    kind: str, num_layers: int, bidirectional: bool, num_relations: int, bias: bool, with_initial: bool
):
    layer = make(kind, num_layers, bidirectional, num_relations=num_relations, bias=bias)
    for seed in range(2):
        generator = torch.Generator().manual_seed(seed)
        # Eight nodes with edges and one without; two edges run side by side, of any type.
        edge_index = random_dag(8, (8, 13)[seed], generator)
        edge_index = torch.cat([edge_index, edge_index[:, :1]], 1)
        edge_type = torch.randint(num_relations, (edge_index.size(1),), generator=generator)
        types = {"edge_type": edge_type} if num_relations > 1 else {}
        x = normal(9, F, seed=seed)
        initial = initial_for(layer, edge_index, 9) if with_initial else None
        params = dict(layer.named_parameters())
        options = {"num_layers": num_layers, "bidirectional": bidirectional}
        out, finals = reference.dag(kind, params, x, edge_index, edge_type, initial, **options)
        leaves = [x, *params.values(), *(h for state in initial or [] for h in state)]
        for backend in ("message_passing", "fused"):
            layer.backend = backend
            found = call(layer, x, edge_index, initial, **types)
            assert_parity(found, [out, *(h for final in finals for h in final)], [(leaves, leaves)])


@pytest.mark.parametrize("aggr", ["sum", "max"])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_and_maxima_are_the_reference_s(kind: str, aggr: str):
    layer = make(kind, num_relations=2, aggr=aggr)
    generator = torch.Generator().manual_seed(0)
    edge_index = random_dag(8, 16, generator)
    edge_type = torch.randint(2, (16,), generator=generator)
    x, params = normal(9, F), dict(layer.named_parameters())
    initial = initial_for(layer, edge_index, 9)
    out, finals = reference.dag(kind, params, x, edge_index, edge_type, initial, aggr=aggr)
    leaves = [x, *params.values(), *(h for state in initial for h in state)]
    for backend in ("message_passing", "fused"):
        layer.backend = backend
        found = call(layer, x, edge_index, initial, edge_type=edge_type)
        assert_parity(found, [out, *(h for final in finals for h in final)], [(leaves, leaves)])


def test_equal_maxima_share_the_gradient():
    edge_index = torch.tensor([[0, 1], [2, 2]])
    x = normal(1, F).detach().repeat(3, 1).requires_grad_()  # 0 and 1 have the same state
    grads = []
    for backend in ("message_passing", "fused"):
        out, _ = make("rnn_tanh", aggr="max", backend=backend)(x, edge_index)
        grads.append(torch.autograd.grad(out[2].sum(), x)[0])
        assert grads[-1][0].equal(grads[-1][1])
    torch.testing.assert_close(*grads, atol=1e-12, rtol=0)


def numbered_paths(lengths: list[int], seed: int = 0) -> tuple[Tensor, list[Tensor]]:
    """Return the edges, in no order, of paths whose nodes are numbered at random, and the nodes of each path."""
    generator = torch.Generator().manual_seed(seed)
    paths = list(torch.randperm(sum(lengths), generator=generator).split(lengths))
    edge_index = torch.cat([torch.stack([path[:-1], path[1:]]) for path in paths], 1)
    return edge_index[:, torch.randperm(edge_index.size(1), generator=generator)], paths


def rows_by_node(paths: list[Tensor], layer: DAGRecurrence) -> list[Tensor]:
    """Return, for each pass, which row of a state in the order of the nodes belongs to each path."""
    first = torch.stack([path[0] for path in paths]).argsort().argsort()
    last = torch.stack([path[-1] for path in paths]).argsort().argsort()
    return [first, last][: layer.num_directions] * layer.num_layers


@pytest.mark.parametrize("backend", ["message_passing", "fused", "vendor"])
@pytest.mark.parametrize("lengths", [[4, 2, 5, 2, 1], [3, 3], [1, 1]], ids=str)
@pytest.mark.parametrize(("num_layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_on_paths_in_any_numbering_it_is_torch_s(
    kind: str, num_layers: int, bidirectional: bool, lengths: list[int], backend: str
):
    layer = make(kind, num_layers, bidirectional, backend=backend)
    theirs = make_torch(kind, num_layers, bidirectional)
    theirs.load_state_dict(layer.state_dict())
    edge_index, paths = numbered_paths(lengths)
    x, initial = normal(sum(lengths), F), initial_for(layer, edge_index, sum(lengths))
    rows = rows_by_node(paths, layer)
    hx = [torch.stack([h[row] for h, row in zip(state, rows, strict=True)]) for state in initial]
    packed, final = theirs(pack_sequence([x[path] for path in paths], enforce_sorted=False), _state(hx))
    expected = torch.cat(unpack_sequence(packed))[torch.cat(paths).argsort()]
    finals = final if isinstance(final, tuple) else (final,)
    # Final states are in the order of the last nodes (forward) or the first (reverse).
    back = rows_by_node([path.flip(0) for path in paths], layer)
    states = [h[row.argsort()] for state in finals for h, row in zip(state, back, strict=True)]
    leaves = [x, *(h for state in initial for h in state)]
    inputs = ([*leaves, *layer.parameters()], [*leaves, *theirs.parameters()])
    assert_parity(call(layer, x, edge_index, initial), [expected, *states], [inputs])


def _state(hx: list[Tensor]) -> Any:
    return tuple(hx) if len(hx) == 2 else hx[0]


@pytest.mark.parametrize("backend", ["message_passing", "fused", "vendor"])
@pytest.mark.parametrize("kind", KINDS)
def test_without_biases_and_initial_states_paths_are_torch_s_too(kind: str, backend: str):
    layer = make(kind, 2, True, bias=False, backend=backend)
    theirs = make_torch(kind, 2, True, bias=False)
    theirs.load_state_dict(layer.state_dict())
    edge_index, (path,) = numbered_paths([5])
    x = normal(5, F)
    out, _ = theirs(x[path])
    leaves = ([x, *layer.parameters()], [x, *theirs.parameters()])
    assert_parity(call(layer, x, edge_index)[:1], [out[path.argsort()]], [leaves])


def test_paths_take_torch_s_kernels_where_the_choice_is_free():
    edge_index, x = numbered_paths([4, 2])[0], normal(6, F)
    auto, vendor = (make("lstm", backend=backend) for backend in ("auto", "vendor"))
    assert "lstm" in operators_of(auto, x, edge_index)
    assert auto(x, edge_index)[0].equal(vendor(x, edge_index)[0])


def operators_of(layer: Any, *arguments: Any) -> set[str]:
    with torch.profiler.profile() as profile:
        layer(*arguments)
    return {event.name.removeprefix("gnn_toolkit::").removeprefix("aten::") for event in profile.events() or ()}


@pytest.mark.skipif(torch.cuda.is_available(), reason="the choice is another on a GPU")
@pytest.mark.parametrize(("kind", "own", "torchs"), [("gru", "dag_gru", "gru"), ("rnn_tanh", "dag_rnn", "rnn_tanh")])
def test_on_a_cpu_paths_of_gru_and_rnn_are_learnt_by_the_fused_kernel(kind: str, own: str, torchs: str):
    edge_index, x = numbered_paths([4, 2])[0], normal(6, F)
    layer = make(kind, backend="auto")
    assert own in operators_of(layer, x, edge_index)
    with torch.no_grad():
        names = operators_of(layer, x, edge_index)
    assert torchs in names
    assert own not in names


def test_an_lstm_over_a_tree_whose_nodes_have_one_parent_needs_one_gate_a_node():
    edge_index, x = torch.tensor([[0, 0, 1], [1, 2, 3]]), normal(4, F)
    layer, messages = (make("lstm", backend=backend) for backend in ("fused", "message_passing"))
    assert "dag_relation_lstm" in operators_of(layer, x, edge_index)
    parameters = [[x, *each.parameters()] for each in (layer, messages)]
    assert_parity(call(layer, x, edge_index), call(messages, x, edge_index), [(parameters[0], parameters[1])])


@pytest.mark.parametrize(
    ("edges", "types"), [([[0, 1], [2, 2]], None), ([[0, 0], [1, 2]], None), ([[0, 1], [1, 2]], [0, 1])]
)
def test_torch_s_kernels_are_refused_to_what_is_no_path(edges: list[list[int]], types: list[int] | None):
    layer = make("gru", backend="vendor", num_relations=2 if types else 1)
    edge_type = None if types is None else torch.tensor(types)
    with pytest.raises(ValueError, match=r"^backend: expected a batch of paths .*; use backend='auto'"):
        layer(normal(3, F), torch.tensor(edges), edge_type=edge_type)


@pytest.mark.parametrize(("num_layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_dict_of_torch_loads_and_goes_back(kind: str, num_layers: int, bidirectional: bool):
    theirs, layer = make_torch(kind, num_layers, bidirectional), make(kind, num_layers, bidirectional)
    layer.load_state_dict(theirs.state_dict())
    back = make_torch(kind, num_layers, bidirectional)
    back.load_state_dict(layer.state_dict())
    assert list(layer.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert back.state_dict()[name].equal(value)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_fresh_and_reset_parameters_are_torch_s_under_the_same_seed(kind: str, bias: bool):
    layer = make(kind, 2, True, bias=bias).float()
    torch.manual_seed(0)
    theirs = make_torch(kind, 2, True, bias=bias).float()
    for again in range(2):
        for (name, a), (other, b) in zip(layer.named_parameters(), theirs.named_parameters(), strict=True):
            assert name == other
            assert a.equal(b)
        torch.manual_seed(again)
        layer.reset_parameters()
        torch.manual_seed(again)
        theirs.reset_parameters()


def test_relations_give_the_recurrent_weights_a_leading_dimension():
    layer = make("lstm", num_relations=3)
    assert layer.weight_hh_l0.shape == (3, 4 * H, H)
    assert layer.weight_ih_l0.shape == (4 * H, F)
    assert layer.bias_hh_l0.shape == (4 * H,)
    assert bool((layer.weight_hh_l0.abs() <= H**-0.5).all())


@pytest.mark.parametrize("backend", ["message_passing", "fused", "vendor"])
@pytest.mark.parametrize("kind", KINDS)
def test_dropout_acts_between_layers_and_only_in_training(kind: str, backend: str):
    layer, plain = (make(kind, 2, dropout=p, backend=backend) for p in (1.0, 0.0))
    edge_index, x = torch.tensor([[0, 1], [1, 2]]), normal(3, F)
    out, first, *_ = call(layer, x, edge_index)
    assert first.equal(call(plain, x, edge_index)[1])
    # Everything that the second layer reads is dropped: it runs on zeros.
    second = DAGRNN(H, H, nonlinearity=kind.removeprefix("rnn_")) if kind.startswith("rnn") else None
    second = second or (DAGGRU if kind == "gru" else DAGLSTM)(H, H)
    second = second.double()
    second.load_state_dict({n.replace("_l1", "_l0"): p for n, p in layer.state_dict().items() if "_l1" in n})
    torch.testing.assert_close(out, second(torch.zeros(3, H, dtype=torch.float64), edge_index)[0])
    layer.eval()
    assert call(layer, x, edge_index)[0].equal(call(plain, x, edge_index)[0])


def test_dropout_keeps_the_expected_share_and_scales_the_rest():
    layer = make("rnn_relu", 2, dropout=0.25)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.zero_()
            if name == "bias_ih_l0":
                parameter.fill_(1.0)
            if name == "weight_ih_l1":
                parameter.copy_(torch.eye(H))
    torch.manual_seed(0)
    out, _ = layer(torch.zeros(1000, F, dtype=torch.float64), torch.empty(2, 0, dtype=torch.long))
    assert {round(v, 6) for v in out.flatten().tolist()} == {0.0, round(1 / 0.75, 6)}
    assert abs(float((out == 0).double().mean()) - 0.25) < 0.03


@pytest.mark.parametrize("backend", ["auto", "message_passing", "fused", "vendor"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_without_nodes_gives_outputs_without_rows(kind: str, backend: str):
    layer = make(kind, 2, True, backend=backend)
    none = torch.empty(2, 0, dtype=torch.long)
    x = torch.zeros(0, F, dtype=torch.float64)
    for initial in (None, initial_for(layer, none, 0)):
        out, *states = call(layer, x, none, initial)
        assert out.shape == (0, 2 * H)
        assert [state.shape for state in states] == [(0, H)] * (4 * layer.cell.num_states)


@pytest.mark.parametrize("num_relations", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_given_level_changes_nothing(kind: str, num_relations: int):
    layer = make(kind, 2, True, num_relations=num_relations)
    data = GridDAG(3, 3)(Data(num_nodes=9))
    types = {"edge_type": data.edge_type} if num_relations > 1 else {}
    x, initial = normal(9, F), initial_for(layer, data.edge_index, 9)
    computed = call(layer, x, data.edge_index.clone(), initial, **types)
    for level in (data.level, topological_levels(data.edge_index, 9) * 3 - 5):
        given = call(layer, x, data.edge_index, initial, level=level, **types)
        assert_parity(given, computed, [([x], [x])], atol=1e-14)


def test_a_level_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"^level: .* level\[0\] = 1 and level\[1\] = 1 for the edge 0 -> 1"):
        make("gru")(normal(2, F), torch.tensor([[0], [1]]), level=torch.tensor([1, 1]))


@pytest.mark.parametrize("kind", KINDS[:4])  # the last one has a gate for each type
def test_a_type_that_every_edge_shares_changes_nothing(kind: str):
    edge_index, x = torch.tensor([[0, 1, 0], [1, 2, 2]]), normal(3, F)
    one, two = make(kind), make(kind, num_relations=2)
    two.load_state_dict(
        {**one.state_dict(), "weight_hh_l0": torch.stack([normal(*one.weight_hh_l0.shape), one.weight_hh_l0])}
    )
    found = call(two, x, edge_index, edge_type=torch.ones(3, dtype=torch.long))
    assert_parity(found, call(one, x, edge_index), [([x], [x])])
    assert_parity(call(one, x, edge_index, edge_type=torch.zeros(3, dtype=torch.long)), call(one, x, edge_index))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_both_orders_are_right(kind: str):
    layer = make(kind, backend="message_passing", num_relations=2)
    if kind == "rnn_relu":
        with torch.no_grad():
            layer.bias_ih_l0 += 2.0  # away from the kink
    edge_index, edge_type = torch.tensor([[0, 1, 0, 2], [2, 2, 3, 3]]), torch.tensor([0, 1, 1, 0])
    names, values = zip(*layer.named_parameters(), strict=True)

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        params, states = dict(zip(names, rest, strict=False)), rest[len(names) :]
        hx = [[state] for state in states] if "lstm" in kind else [states[0]]
        out, final = torch.func.functional_call(layer, params, (x, edge_index, hx), {"edge_type": edge_type})
        return (out, final[0]) if "lstm" not in kind else (out, final[0][0], final[1][0])

    leaves = (normal(4, F), *values, *(normal(2, H, seed=s + 1) for s in range(layer.cell.num_states)))
    assert torch.autograd.gradcheck(run, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, leaves, fast_mode=True)


def test_hooks_see_the_messages_of_every_level():
    layer = make("lstm", backend="message_passing")
    edge_index, x = torch.tensor([[0, 1, 0, 2], [1, 2, 2, 3]]), normal(4, F)
    seen: list[int] = []

    def silence(_: object, __: object, message: Tensor) -> Tensor:
        seen.append(message.size(0))
        return torch.zeros_like(message)

    handle = layer.register_message_forward_hook(silence)
    silent = layer(x, edge_index)[0]
    handle.remove()
    assert seen == [1, 2, 1]
    torch.testing.assert_close(silent, layer(x, edge_index[:, :0])[0])
    assert not torch.allclose(silent, layer(x, edge_index)[0])


def test_a_layer_first_used_in_inference_mode_can_be_trained():
    layer, edge_index, x = make("lstm", 1, True), torch.tensor([[0, 0], [1, 2]]), normal(3, F)
    with torch.inference_mode():
        first = layer(x, edge_index)[0]
    out = layer(x, edge_index)[0]
    assert out.equal(first)
    out.sum().backward()
    assert bool((layer.weight_ih_l0.grad != 0).any())


def test_a_copy_is_independent():
    layer, edge_index, x = make("gru"), torch.tensor([[0, 0], [1, 2]]), normal(3, F)
    other = copy.deepcopy(layer)
    expected = layer(x, edge_index)[0]
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
    assert other(x, edge_index)[0].equal(expected)
    assert not layer(x, edge_index)[0].equal(expected)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_forget_bias_is_added_to_the_gate_that_keeps_the_past(kind: str):
    layer, plain = make(kind, 2, True), make(kind, 2, True)
    layer.add_forget_bias(40.0)
    for (name, a), b in zip(layer.named_parameters(), plain.parameters(), strict=True):
        added = torch.zeros_like(b)
        if name.startswith("bias_ih"):
            added[H : 2 * H] = 40.0
        assert a.equal(b + added)


def test_a_forget_bias_is_added_to_the_gate_of_every_relation():
    layer, plain = (make("relation_lstm", num_relations=3) for _ in range(2))
    layer.add_forget_bias(2.0)
    added = torch.zeros(6 * H, dtype=torch.float64)
    added[H : 4 * H] = 2.0
    assert layer.bias_ih_l0.equal(plain.bias_ih_l0 + added)


def test_a_gru_with_a_large_forget_bias_keeps_its_state():
    layer, h_0 = make("gru"), normal(1, H)
    layer.add_forget_bias(40.0)
    torch.testing.assert_close(layer(normal(3, F), torch.tensor([[0, 1], [1, 2]]), [h_0])[0], h_0.expand(3, H))


@pytest.mark.parametrize(("kind", "bias"), [("rnn_tanh", True), ("lstm", False)])
def test_a_forget_bias_needs_a_gate_with_a_bias(kind: str, bias: bool):
    with pytest.raises(ValueError, match=r"^add_forget_bias: expected gates with a bias"):
        make(kind, bias=bias).add_forget_bias(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_refused(kind: str):
    layer = make(kind).float()
    assert_refuses(lambda x, e: layer(x, e)[0], F)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cycle_is_named(kind: str):
    with pytest.raises(ValueError, match=r"^edge_index: .* the cycle 2 -> 1 -> 2; a recurrence needs an order"):
        make(kind)(normal(3, F), torch.tensor([[0, 1, 2], [1, 2, 1]]))


@pytest.mark.parametrize("backend", ["auto", "message_passing", "fused", "vendor"])
@pytest.mark.parametrize("shapes", [[(2, H)], [(1, H + 1)], [(H,)], [(1, H)] * 2, []], ids=str)
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_initial_states_of_another_shape_are_refused(kind: str, shapes: list[tuple[int, ...]], backend: str):
    layer = make(kind, backend=backend)
    state = [torch.zeros(shape, dtype=torch.float64) for shape in shapes]
    hx = (state, state) if kind == "lstm" else state
    with pytest.raises(ValueError, match=r"^hx: expected tensors of shapes \[\(1, 3\)\], got"):
        layer(normal(2, F), torch.tensor([[0], [1]]), hx)


@pytest.mark.parametrize("count", [1, 3])
def test_an_lstm_takes_two_initial_states(count: int):
    with pytest.raises(ValueError, match=rf"^hx: expected 2 states, got {count}; an LSTM takes \(h, c\)"):
        make("lstm")(normal(2, F), torch.tensor([[0], [1]]), [[torch.zeros(1, H)]] * count)


def test_relations_need_a_type_for_every_edge():
    layer, edge_index = make("gru", num_relations=2), torch.tensor([[0], [1]])
    with pytest.raises(ValueError, match=r"^edge_type: .* got None"):
        layer(normal(2, F), edge_index)
    with pytest.raises(ValueError, match=r"^edge_type: .* got values from 2 to 2"):
        layer(normal(2, F), edge_index, edge_type=torch.tensor([2]))
    with pytest.raises(ValueError, match=r"^edge_type: .* got values from 1 to 1; raise num_relations"):
        make("gru")(normal(2, F), edge_index, edge_type=torch.tensor([1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels: expected an integer of at least 1, got 0"),
        ({"hidden_channels": -1}, "hidden_channels: expected an integer of at least 1, got -1"),
        ({"num_layers": 0}, "num_layers: expected an integer of at least 1, got 0"),
        ({"num_relations": 0}, "num_relations: expected an integer of at least 1, got 0"),
        ({"dropout": 1.5}, r"dropout: expected a probability in \[0, 1\], got 1.5"),
        ({"dropout": -0.1}, r"dropout: expected a probability in \[0, 1\], got -0.1"),
        ({"backend": "vendr"}, r"backend: .* did you mean 'vendor'\?"),
        ({"nonlinearity": "rely"}, r"nonlinearity: expected one of tanh, relu, got 'rely'; did you mean 'relu'\?"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        DAGRNN(**{"in_channels": F, "hidden_channels": H, **options})


def test_its_name_shows_its_widths():
    assert repr(make("gru", 2, True)) == "DAGGRU(4, 3, num_layers=2, bidirectional=True)"
    assert repr(make("lstm", num_relations=3)) == "DAGLSTM(4, 3, num_layers=1, bidirectional=False, num_relations=3)"
