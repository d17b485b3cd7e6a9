"""How fresh linear layers are drawn, and how long they remember."""

import math
from typing import Any

import pytest
import torch

from gnn_toolkit import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM, RecurrentStack
from gnn_toolkit.layers.initial import chrono_, init_long_memory_

KINDS: list[Any] = [DAGMinGRU, DAGMinLSTM, DAGLRU, DAGMamba]
PATH = torch.stack([torch.arange(9), torch.arange(1, 10)])


def kept(layer: Any) -> torch.Tensor:
    """Return what each channel keeps of its state in a step whose input is 0, the slowest of those that read one."""
    weights = layer.weights("l0")
    gates = weights["bias_ih"].new_zeros(1, layer.cell.rows)
    a, _ = layer.cell.coefficients(gates + weights["bias_ih"], weights)
    return a.detach().abs()[0, 0].view(layer.cell.spans, -1)[:, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_spans_are_spread_evenly_up_to_the_longest(kind: Any):
    torch.manual_seed(0)
    layer = kind(1, 1000, num_layers=2, bidirectional=True)
    chrono_(layer, 101)
    spans = 1 / (1 - kept(layer.double()))
    assert float(spans.min()) >= 1.99
    assert float(spans.max()) <= 101.0
    assert float(spans.mean()) == pytest.approx(51.5, abs=3.0)
    assert float(spans.std()) == pytest.approx(99 / math.sqrt(12), abs=2.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_s_layers_are_all_made_to_remember_and_nothing_else_is_asked_of_them(kind: Any):
    torch.manual_seed(0)
    model = RecurrentStack(kind, 3, 8, num_layers=2)
    init_long_memory_(model, chrono=200)
    assert all(float(kept(block.layer).min()) >= 0.4999 for block in model.blocks)
    wrong: list[dict[str, Any]] = [{"forget_bias": 1.0}, {"orthogonal": True}]
    for options in wrong:
        with pytest.raises(ValueError, match=r"^init_long_memory_: expected chrono and gate_gain for DAG"):
            init_long_memory_(model, **options)


def test_gates_without_biases_cannot_remember_by_them():
    with pytest.raises(ValueError, match=r"^chrono_: expected gates with a bias, got DAGMinGRU"):
        chrono_(DAGMinGRU(3, 4, bias=False), 10)
    chrono_(DAGLRU(3, 4, bias=False), 10)


def test_fresh_eigenvalues_lie_evenly_on_the_ring_and_the_states_of_white_noise_have_its_size():
    torch.manual_seed(0)
    layer: Any = DAGLRU(16, 64, state_channels=2000, r_min=0.6, r_max=0.9, max_phase=1.0).double()
    weights = layer.weights("l0")
    a, _ = layer.cell.coefficients(weights["weight_ih"].new_zeros(1, layer.cell.rows), weights)
    size, angle = a.detach().abs().flatten(), a.detach().angle().flatten()
    assert float(size.min()) >= 0.6
    assert float(size.max()) <= 0.9
    # Evenly over the ring's area: the squares of the sizes are uniform.
    assert float(size.square().mean()) == pytest.approx((0.36 + 0.81) / 2, abs=0.01)
    assert float(angle.min()) >= 0.0
    assert float(angle.max()) <= 1.0
    steps = 400
    path = torch.stack([torch.arange(steps - 1), torch.arange(1, steps)])
    _, (final,) = layer(torch.randn(steps, 16).double(), path)
    assert float(final.detach().square().mean()) == pytest.approx(0.5, abs=0.05)  # B x has variance 1, half of it real


def test_a_fresh_selective_state_space_has_steps_of_the_paper_and_eigenvalues_from_one_to_n():
    torch.manual_seed(0)
    layer: Any = DAGMamba(4, 500, state_channels=3)
    delta = torch.nn.functional.softplus(layer.bias_delta_l0.detach())
    assert float(delta.min()) >= 0.99e-3
    assert float(delta.max()) <= 1.01e-1
    assert float(delta.log().mean()) == pytest.approx(math.log(1e-2), abs=0.2)
    torch.testing.assert_close(layer.log_a_l0[0].exp(), torch.tensor([1.0, 2.0, 3.0]).expand(500, 3))
    assert layer.skip_l0.eq(1).all()


@pytest.mark.parametrize("kind", [DAGMinGRU, DAGMinLSTM])
def test_a_state_of_a_minimal_cell_lies_between_its_predecessor_and_its_candidate(kind: Any):
    torch.manual_seed(0)
    layer: Any = kind(3, 4)
    x = torch.randn(10, 3)
    h, _ = layer(x, PATH)
    candidate = torch.nn.functional.linear(x, layer.weight_ih_l0, layer.bias_ih_l0)[:, -4:]
    for before, new, now in zip(h[:-1], candidate[1:], h[1:], strict=True):
        assert bool((torch.minimum(before, new) - 1e-6 <= now).all())
        assert bool((now <= torch.maximum(before, new) + 1e-6).all())
