import math
from typing import Any

import pytest
import torch

from gnn_toolkit import DAGGRU, DAGLRU, DAGLSTM, DAGRNN, DAGMamba, DAGMinGRU, DAGMinLSTM, RecurrentStack
from gnn_toolkit.layers.initial import chrono_, gate_gain_, init_long_memory_, orthogonal_

F, H = 3, 5
KINDS: dict[str, Any] = {"rnn": DAGRNN, "gru": DAGGRU, "lstm": DAGLSTM}


def make(kind: str, **options: Any):
    torch.manual_seed(0)
    return KINDS[kind](F, H, **options).double()


@pytest.mark.parametrize("num_relations", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_every_gate_s_recurrent_weights_are_orthogonal_and_nothing_else_changes(kind: str, num_relations: int):
    options = {"num_layers": 2, "bidirectional": True, "num_relations": num_relations}
    layer, plain = make(kind, **options), make(kind, **options)
    orthogonal_(layer)
    for (name, a), b in zip(layer.named_parameters(), plain.parameters(), strict=True):
        if not name.startswith("weight_hh"):
            assert a.equal(b)
            continue
        assert a.requires_grad
        gates = a.view(-1, H, H)
        torch.testing.assert_close(gates @ gates.mT, torch.eye(H, dtype=a.dtype).expand_as(gates))
        assert not gates[0].equal(gates[-1]) or len(gates) == 1


def test_an_lstm_forgets_over_spans_spread_from_one_step_to_the_longest():
    torch.manual_seed(0)
    layer = DAGLSTM(1, 1000)
    chrono_(layer, 101)
    i, f, g, o = layer.get_parameter("bias_ih_l0").detach().chunk(4)
    spans = f.exp()  # 1 / (1 - sigmoid(f)) = 1 + exp(f)
    assert float(spans.min()) >= 1.0
    assert float(spans.max()) <= 100.0
    assert float(spans.mean()) == pytest.approx(50.5, abs=3.0)
    assert float(spans.std()) == pytest.approx(99 / math.sqrt(12), abs=2.0)
    assert i.equal(-f)
    assert float(torch.stack([g, o]).abs().max()) < 0.04
    i, f, g, o = layer.get_parameter("bias_hh_l0").detach().chunk(4)
    assert not i.any()
    assert not f.any()
    assert bool(g.any())
    assert bool(o.any())


def test_a_gru_keeps_by_its_update_gate_alone():
    layer, plain = make("gru", num_layers=2), make("gru", num_layers=2)
    chrono_(layer, 50)
    for k in (0, 1):
        for side in ("ih", "hh"):
            r, z, n = getattr(layer, f"bias_{side}_l{k}").chunk(3)
            before = getattr(plain, f"bias_{side}_l{k}").chunk(3)
            assert r.equal(before[0])
            assert n.equal(before[2])
            assert bool((z > 0).all() and (z < math.log(49)).all()) if side == "ih" else not z.any()


def test_every_relation_has_the_span_of_its_channel():
    layer = make("lstm", num_relations=3, forget="relation")
    chrono_(layer, 50)
    i, *keeping, _, _ = layer.bias_ih_l0.chunk(6)
    assert len(keeping) == 3
    assert all(f.equal(-i) and bool((f > 0).all()) for f in keeping)


@pytest.mark.parametrize(
    ("kind", "options", "longest", "message"),
    [
        ("rnn", {}, 10, "chrono_: expected gates with a bias, got DAGRNN"),
        ("lstm", {"bias": False}, 10, "chrono_: expected gates with a bias"),
        ("lstm", {}, 2, "longest: expected a number above 2, got 2"),
        ("gru", {}, math.nan, "longest: expected a number above 2, got nan"),
    ],
)
def test_what_does_not_fit(kind: str, options: dict[str, Any], longest: float, message: str):
    with pytest.raises(ValueError, match=message):
        chrono_(make(kind, **options), longest)


GATES = {  # of each layer, its blocks of weights and those of gates
    "rnn": (1, []),
    "gru": (3, [0, 1]),
    "lstm": (4, [0, 1, 3]),
    "three forget gates": (6, [0, 1, 2, 3, 5]),
    "mingru": (2, [0]),
    "minlstm": (3, [0, 1]),
}


@pytest.mark.parametrize("kind", GATES)
def test_a_gain_multiplies_the_weights_of_gates_alone(kind: str):
    linear = {"mingru": DAGMinGRU, "minlstm": DAGMinLSTM}
    options = {"num_relations": 3, "forget": "relation"} if kind == "three forget gates" else {}
    layer = linear[kind](4, 8, 2) if kind in linear else make("lstm" if options else kind, **options)
    before = {name: value.detach().clone() for name, value in layer.named_parameters()}
    gate_gain_(layer, 4.0)
    blocks, gates = GATES[kind]
    for name, value in layer.named_parameters():
        for place, (now, then) in enumerate(zip(value.chunk(blocks), before[name].chunk(blocks), strict=True)):
            is_gate = "weight_ih" in name and place in gates
            torch.testing.assert_close(now, then * 4 if is_gate else then)


def test_a_gain_reaches_every_layer_of_a_model_and_mamba_s_delta():
    torch.manual_seed(0)
    stack = RecurrentStack(DAGMamba, 3, 8, num_layers=2)
    torch.manual_seed(0)
    other = RecurrentStack(DAGMamba, 3, 8, num_layers=2)
    init_long_memory_(stack, gate_gain=4.0)
    for (name, now), then in zip(stack.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(now, then * 4 if "weight_delta" in name else then)


def test_an_lru_has_no_gates_for_a_gain():
    layer = DAGLRU(4, 8)
    before = [value.detach().clone() for value in layer.parameters()]
    gate_gain_(layer, 4.0)
    torch.testing.assert_close([value.detach() for value in layer.parameters()], before)


@pytest.mark.parametrize("gain", [0.0, -1.0, math.nan, math.inf])
def test_a_gain_is_a_positive_number(gain: float):
    with pytest.raises(ValueError, match="gate_gain: expected a number above 0, got"):
        gate_gain_(make("lstm"), gain)
