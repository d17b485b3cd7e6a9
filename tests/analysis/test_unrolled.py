from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit import GRU, LSTM, RNN
from gnn_toolkit.analysis import recurrent_jacobians, unroll

F, H, T, B = 3, 5, 7, 2
KINDS: dict[str, Any] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
VENDOR: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def make(kind: str, **options: Any) -> Any:
    torch.manual_seed(0)
    return KINDS[kind](F, H, **options).double()


def sequences() -> Tensor:
    return torch.randn(T, B, F, dtype=torch.double, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_states_are_those_of_torch(kind: str, bias: bool):
    layer, x = make(kind, bias=bias), sequences()
    plain = VENDOR[kind](F, H, bias=bias).double()
    plain.load_state_dict(layer.state_dict())
    run = unroll(layer, x)
    out, final = plain(x)
    torch.testing.assert_close(run.h, out)
    assert len(run.states) == T + 1
    assert not run.states[0].any()
    if kind == "lstm":
        torch.testing.assert_close(run.states[-1], torch.cat([state[0] for state in final], 1))


def test_an_lstm_s_gates_make_its_states():
    layer, x = make("lstm"), sequences()
    run = unroll(layer, x)
    i, f, g, o = (run.gates[name] for name in "ifgo")
    c = torch.stack(run.states)[..., H:]
    torch.testing.assert_close(c[1:], i * g + f * c[:-1])
    torch.testing.assert_close(run.h, o * c[1:].tanh())
    a = x[2] @ layer.weight_ih_l0.T + layer.bias_ih_l0 + run.h[1] @ layer.weight_hh_l0.T + layer.bias_hh_l0
    torch.testing.assert_close(f[2], a[:, H : 2 * H].sigmoid())
    torch.testing.assert_close(o[2], a[:, 3 * H :].sigmoid())


def test_a_gru_s_gates_make_its_states():
    layer, x = make("gru"), sequences()
    run = unroll(layer, x)
    r, z, n = (run.gates[name] for name in "rzn")
    h = torch.stack(run.states)
    torch.testing.assert_close(h[1:], (1 - z) * n + z * h[:-1])
    product = h[2] @ layer.weight_hh_l0[2 * H :].T + layer.bias_hh_l0[2 * H :]
    a = x[2] @ layer.weight_ih_l0[2 * H :].T + layer.bias_ih_l0[2 * H :]
    torch.testing.assert_close(n[2], (a + r[2] * product).tanh())


def test_the_jacobians_of_an_rnn_are_its_weights_times_the_slope():
    layer, x = make("rnn"), sequences()[:, 0]
    h = unroll(layer, x[:, None]).h[:, 0]
    expected = (1 - h.square())[:, :, None] * layer.weight_hh_l0
    torch.testing.assert_close(recurrent_jacobians(layer, x), expected.detach())


@pytest.mark.parametrize("kind", KINDS)
def test_the_product_of_the_jacobians_is_what_autograd_carries_back(kind: str):
    layer, x = make(kind), sequences()[:, 0]
    run = unroll(layer, x[:, None])
    product = torch.linalg.multi_dot(list(recurrent_jacobians(layer, x)[2:].flip(0)))
    for row, value in zip(product, run.states[-1][0], strict=True):
        (gradient,) = torch.autograd.grad(value, run.states[2], retain_graph=True)
        torch.testing.assert_close(gradient[0], row)


@pytest.mark.parametrize("options", [{"num_layers": 2}, {"bidirectional": True}])
def test_a_layer_that_is_more_than_one_walk_is_refused(options: dict[str, Any]):
    with pytest.raises(ValueError, match=r"^layer: expected one layer, direction and edge type, got LSTM\("):
        unroll(make("lstm", **options), sequences())


@pytest.mark.parametrize("shape", [(T, F), (T, B, F + 1), (0, B, F)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"^x: expected shape \[steps, batch, 3\], at least one step, got \["):
        unroll(make("gru"), torch.zeros(shape, dtype=torch.double))
