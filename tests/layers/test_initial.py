import math
from typing import Any

import pytest
import torch

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.layers.initial import chrono_, orthogonal_

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
