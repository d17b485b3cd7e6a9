"""MinGRU, MinLSTM, LRU and Mamba: on paths of a graph, in every form of sequences, from states that are carried."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, unpack_sequence

from gnn_toolkit import DAGLRU, LRU, DAGMamba, DAGMinGRU, DAGMinLSTM, Mamba, MinGRU, MinLSTM
from gnn_toolkit.testing import assert_parity

F, H = 3, 4
KINDS: dict[Any, Any] = {MinGRU: DAGMinGRU, MinLSTM: DAGMinLSTM, LRU: DAGLRU, Mamba: DAGMamba}
LENGTHS = (2, 5, 1, 4)
WIDE = {"state_channels": 2}


def make(kind: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **(WIDE if kind in (Mamba, DAGMamba) else {}), **options).double()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=["one", "stack"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_sequences_is_a_graph_of_paths(kind: Any, options: dict[str, Any]):
    ours, graph = make(kind, **options), make(KINDS[kind], **options)
    graph.load_state_dict(ours.state_dict())
    x = normal(6, 5, F).requires_grad_()
    walks = 4 if options else 1
    hx = normal(walks, 5, ours.state_width, seed=1).requires_grad_()
    out, h_n = ours(x, hx)
    nodes = torch.arange(30).view(6, 5)
    edges = torch.stack([nodes[:-1].flatten(), nodes[1:].flatten()])
    expected, states = graph(x.flatten(0, 1), edges, list(hx))
    pairs = [([x, hx, *ours.parameters()], [x, hx, *graph.parameters()])]
    assert_parity([out.flatten(0, 1), h_n], [expected, torch.stack(states)], pairs)
    plain = make(kind, backend="message_passing", **options)
    assert_parity([out, h_n], [*plain(x, hx)], [([x, hx, *ours.parameters()], [x, hx, *plain.parameters()])])
    first = make(kind, batch_first=True, **options)
    torch.testing.assert_close(first(x.transpose(0, 1), hx)[0].transpose(0, 1), out)


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_ragged_sequences_says_the_same(kind: Any):
    layer = make(kind, num_layers=2, bidirectional=True)
    sequences = [normal(n, F, seed=n).requires_grad_() for n in LENGTHS]
    hx = normal(4, 4, layer.state_width, seed=9).requires_grad_()
    alone = [layer(sequence, hx[:, k]) for k, sequence in enumerate(sequences)]
    expected = [*(out for out, _ in alone), torch.stack([h for _, h in alone], 1)]
    leaves = [*sequences, hx, *layer.parameters()]
    forms: list[Any] = [sequences, tuple(sequences), pack_sequence(sequences, enforce_sorted=False)]
    for given in [*forms, torch.nested.as_nested_tensor(sequences, layout=torch.jagged)]:
        out, h_n = layer(given, hx)
        assert type(out) is type(given)
        parts = unpack_sequence(out) if isinstance(out, PackedSequence) else out
        assert_parity([*(parts.unbind() if isinstance(parts, Tensor) else parts), h_n], expected, [(leaves, leaves)])


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_carried_from_one_stretch_to_the_next_and_step_by_step(kind: Any):
    layer, x = make(kind, num_layers=2), normal(7, 2, F)
    expected, last = layer(x)
    first, h = layer(x[:3])
    second, h = layer(x[3:], h)
    torch.testing.assert_close(torch.cat([first, second]), expected)
    torch.testing.assert_close(h, last)
    states = torch.zeros_like(last)
    for x_t, out_t in zip(x, expected, strict=True):
        step, states = layer.step(x_t, states)
        torch.testing.assert_close(step, out_t)
    torch.testing.assert_close(states, last)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_batches_and_long_sequences_are_summed_as_small_ones(kind: Any):
    torch.manual_seed(0)
    layer = kind(5, 32).double()
    x = normal(150, 40, 5).requires_grad_()
    whole = layer(x)[0]
    parts = torch.cat([layer(part)[0] for part in x.split([1, 39], 1)], 1)
    assert_parity([whole], [parts], [([x, *layer.parameters()], [x, *layer.parameters()])])


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_may_be_changed_in_place(kind: Any):
    layer, leaf = make(kind), normal(5, 2, F).requires_grad_()
    expected = torch.autograd.grad(torch.relu(layer(leaf)[0]).sum(), leaf)
    torch.testing.assert_close(torch.autograd.grad(layer(leaf)[0].relu_().sum(), leaf), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_without_sequences_and_what_does_not_fit(kind: Any):
    layer = kind(F, H, num_layers=2)
    out, h_n = layer(torch.zeros(5, 0, F))
    assert (list(out.shape), list(h_n.shape)) == ([5, 0, H], [2, 0, layer.state_width])
    for given, message in (
        (torch.zeros(5, 2, F + 1), r"^input: expected shape \[steps, batch, 3\]"),
        ([], r"^input: expected at least one sequence"),
        (torch.zeros(5, 2, F).double(), r"^input: expected torch.float32, as the layer"),
    ):
        with pytest.raises(ValueError, match=message):
            layer(given)
    with pytest.raises(ValueError, match=r"^hx: expected shape"):
        layer(torch.zeros(5, 2, F), torch.zeros(2, 3, layer.state_width))
    with pytest.raises(ValueError, match=r"^input_size: expected an integer of at least 1, got 0"):
        kind(0, H)
    with pytest.raises(TypeError, match=f"^{kind.__name__} has no argument 'num_relations'"):
        kind(F, H, num_relations=2)
    assert kind(F, H, dtype=torch.float64).weight_ih_l0.dtype == torch.float64


@pytest.mark.parametrize("kind", [MinGRU, LRU])
def test_a_compiler_takes_it_whole_and_export_any_length(kind: Any):
    layer, x = make(kind, num_layers=2), normal(6, 2, F).requires_grad_()
    found, expected = torch.compile(layer, fullgraph=True, backend="aot_eager")(x)[0], layer(x)[0]
    torch.testing.assert_close(found, expected)
    leaves = [x, *layer.parameters()]
    gradients = [torch.autograd.grad(out.square().sum(), leaves) for out in (found, expected)]
    torch.testing.assert_close(*gradients)
    shapes: Any = {"input": {0: torch.export.Dim("steps", min=2), 1: torch.export.Dim("batch", min=2)}}
    program = torch.export.export(layer, (x.detach(),), dynamic_shapes=shapes, strict=False).module()
    torch.testing.assert_close(program(normal(9, 5, F))[0], layer(normal(9, 5, F))[0])
    torch.compiler.reset()
