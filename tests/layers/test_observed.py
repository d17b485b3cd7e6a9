"""Hooks, explainers and own steps of message passing are never passed over; tracers of modules are answered."""

from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, GRU, LSTM, RNN

F, H = 4, 3
DAGS = [DAGRNN, DAGGRU, DAGLSTM]
EDGES = torch.tensor([[0, 1, 2], [3, 3, 3]])
PATH = torch.tensor([[0, 1, 2], [1, 2, 3]])


def make(kind: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def x() -> Tensor:
    return torch.randn(4, F, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def silent(kind: Any, step: str) -> Any:
    """Return a subclass in which one step of message passing gives zeros."""

    if step == "message":

        def zeros(self: Any, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[misc]
            return torch.zeros_like(super(own, self).message(state_j, gates_i, weight, bias))

    elif step == "aggregate":

        def zeros(self: Any, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:  # type: ignore[misc]
            return torch.zeros_like(super(own, self).aggregate(inputs, index, dim_size))

    else:

        def zeros(self: Any, inputs: Tensor) -> Tensor:  # type: ignore[misc]
            return torch.zeros_like(inputs)

    zeros.__name__ = step  # PyG inspects a step by its name
    own = type(f"Own{kind.__name__}", (kind,), {step: zeros, "__module__": __name__})
    return own


@pytest.mark.parametrize("edges", [EDGES, PATH], ids=["a DAG", "a path"])
@pytest.mark.parametrize("step", ["message", "aggregate", "update"])
@pytest.mark.parametrize("kind", DAGS)
def test_a_subclass_s_own_step_is_used(kind: Any, step: str, edges: Tensor):
    own, plain = make(silent(kind, step)), make(kind)
    torch.testing.assert_close(own(x(), edges)[0], plain(x(), edges[:, :0])[0])
    torch.testing.assert_close(plain(x(), edges)[0], make(kind, backend="message_passing")(x(), edges)[0])


@pytest.mark.parametrize("edges", [EDGES, PATH], ids=["a DAG", "a path"])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("kind", DAGS)
def test_hooks_are_called_as_long_as_they_are_registered(kind: Any, grad: bool, edges: Tensor):
    layer, calls = make(kind), []
    expected = layer(x(), edges)[0]
    handles = [
        layer.register_propagate_forward_pre_hook(lambda *_: calls.append("propagate")),
        layer.register_message_forward_hook(lambda *_: calls.append("message")),
        layer.register_aggregate_forward_hook(lambda *_: calls.append("aggregate")),
    ]
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(layer(x(), edges)[0], expected)
    assert calls[:3] == ["propagate", "message", "aggregate"]
    assert len(calls) == 3 * (1 if edges is EDGES else 3)
    for handle in handles:
        handle.remove()
    layer(x(), edges)
    assert len(calls) == 3 * (1 if edges is EDGES else 3)


class Model(nn.Module):
    """A recurrence between two linear layers."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.first, self.layer, self.last = nn.Linear(F, F), layer, nn.Linear(H, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layer(self.first(x))[0])


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_a_traced_model_keeps_the_layer_as_a_module(kind: Any):
    model = Model(kind(F, H))
    traced = fx.symbolic_trace(model)
    assert [node.op for node in traced.graph.nodes].count("call_module") == 3
    sequence = x().float()
    torch.testing.assert_close(traced(sequence), model(sequence))


@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.parametrize("kind", [DAGGRU, GRU, LSTM])
def test_torch_jit_is_refused_with_what_to_use_instead(kind: Any):
    layer = kind(F, H)
    with pytest.raises(TypeError, match=rf"^torch.jit cannot script {kind.__name__}: use torch.export.export"):
        torch.jit.script(layer)
    arguments = (x().float(), EDGES) if kind is DAGGRU else (x().float(),)
    with pytest.raises(TypeError, match=rf"^torch.jit cannot trace {kind.__name__}: .* Use torch.export.export"):
        torch.jit.trace(layer, arguments)
