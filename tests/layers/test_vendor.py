from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit.graphs import path_order
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.cells import Cell, GRUCell, LSTMCell, RNNCell
from gnn_toolkit.testing import assert_parity

F, H = 4, 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("batch_sizes", [[3, 2, 2, 1], [2, 2, 2], [4], [1, 1]], ids=str)
@pytest.mark.parametrize(
    ("cell", "kind", "options"),
    [
        (RNNCell(), nn.RNN, {}),
        (RNNCell("relu"), nn.RNN, {"nonlinearity": "relu"}),
        (GRUCell(), nn.GRU, {}),
        (LSTMCell(), nn.LSTM, {}),
    ],
)
def test_outputs_and_states_are_in_the_packed_layout(cell: Cell, kind: Any, options: Any, batch_sizes: list[int]):
    torch.manual_seed(0)
    theirs = kind(F, H, 2, bidirectional=True, **options).double()
    sizes = torch.tensor(batch_sizes)
    x, initial = normal(int(sizes.sum()), F), [normal(4, batch_sizes[0], H, seed=s + 1) for s in range(cell.num_states)]
    stack = vendor.Stack(cell, list(theirs.parameters()), num_layers=2, bidirectional=True)
    found, final = vendor.run(stack, x, path_order(sizes), [list(state) for state in initial])
    out, expected = theirs(PackedSequence(x, sizes), tuple(initial) if len(initial) == 2 else initial[0])
    torch.testing.assert_close(found, out.data, atol=1e-12, rtol=0)
    for a, b in zip(final, expected if isinstance(expected, tuple) else [expected], strict=True):
        torch.testing.assert_close(torch.stack(a), b, atol=1e-12, rtol=0)


LENGTHS = {
    "two buckets": [5, 5, 4, 2, 2],
    "many buckets": [20, 19, 12, 11, 7, 4, 2, 1, 1],
    "one long path": [15, *[2] * 6],
    "one bucket": [7, 6, 6, 5],
    "one short path": [6, 6, 1],
}


def sizes_of(lengths: list[int]) -> Tensor:
    """Return the batch sizes of paths of these lengths."""
    return torch.tensor([sum(length > step for length in lengths) for step in range(max(lengths))])


def run_both(theirs: Any, x: Tensor, order: Any, initial: list[Tensor] | None) -> tuple[list[Tensor], list[Tensor]]:
    """Return outputs and final states of our LSTM and of torch's, on the same parameters."""
    names = ("num_layers", "bias", "dropout", "training", "bidirectional")
    stack = vendor.Stack(LSTMCell(), list(theirs.parameters()), **{name: getattr(theirs, name) for name in names})
    given = None if initial is None else [list(state) for state in initial]
    torch.manual_seed(1)
    out, final = vendor.run(stack, x, order, given)
    torch.manual_seed(1)
    packed = PackedSequence(x, order.node_ptr.diff())
    expected, states = theirs(packed, None if initial is None else tuple(initial))
    return [out, *map(torch.stack, final)], [expected.data, *states]


@pytest.mark.parametrize(("bias", "with_initial"), [(True, False), (False, True)])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_padding_leaves_no_trace(
    lengths: list[int], num_layers: int, bidirectional: bool, bias: bool, with_initial: bool
):
    torch.manual_seed(0)
    theirs = nn.LSTM(F, H, num_layers, bias=bias, bidirectional=bidirectional).double()
    x, order = normal(sum(lengths), F).requires_grad_(), path_order(sizes_of(lengths))
    shape = (num_layers * (1 + bidirectional), len(lengths), H)
    initial = [normal(*shape, seed=s).requires_grad_() for s in (1, 2)] if with_initial else None
    leaves = [x, *theirs.parameters(), *(initial or [])]
    assert_parity(*run_both(theirs, x, order, initial), [(leaves, leaves)])


def test_a_memory_passes_padding_unchanged_whatever_its_size():
    lengths = LENGTHS["one long path"]
    theirs = nn.LSTM(F, H).double()
    with torch.no_grad():
        next(theirs.parameters()).mul_(100.0)
    initial = [torch.zeros(1, len(lengths), H, dtype=torch.float64), 1e6 * normal(1, len(lengths), H)]
    found, expected = run_both(theirs, normal(sum(lengths), F), path_order(sizes_of(lengths)), initial)
    torch.testing.assert_close(found[2], expected[2], atol=0, rtol=1e-14)


def test_dropout_between_layers_draws_torch_s_numbers():
    lengths = LENGTHS["many buckets"]
    theirs = nn.LSTM(F, H, 3, dropout=0.5, bidirectional=True).double()
    x, order = normal(sum(lengths), F), path_order(sizes_of(lengths))
    found, expected = run_both(theirs, x, order, None)
    assert_parity(found, expected)
    assert not torch.allclose(found[0], run_both(theirs.eval(), x, order, None)[0][0])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float16, 0.02), (torch.bfloat16, 0.1)])
def test_narrow_types_have_gradients_too(dtype: torch.dtype, tolerance: float, training: bool):
    lengths = LENGTHS["many buckets"]
    torch.manual_seed(0)
    theirs = nn.LSTM(F, H, 2, bidirectional=True).to(dtype).train(training)
    x, order = normal(sum(lengths), F).to(dtype).requires_grad_(), path_order(sizes_of(lengths))
    found, expected = run_both(theirs, x, order, None)
    assert {out.dtype for out in found} == {dtype}
    leaves = [x, *theirs.parameters()]
    assert_parity(found, expected, [(leaves, leaves)], atol=tolerance * len(lengths), rtol=tolerance)


def test_an_order_is_cut_into_buckets_once(monkeypatch: pytest.MonkeyPatch):
    lengths = LENGTHS["two buckets"]
    theirs = nn.LSTM(F, H).double()
    x, order = normal(sum(lengths), F).requires_grad_(), path_order(sizes_of(lengths))
    with torch.inference_mode():
        first, _ = run_both(theirs, x.detach(), order, None)
    monkeypatch.setattr(vendor, "_cut", None)
    again, expected = run_both(theirs, x, order, None)
    assert_parity(again, first)
    assert_parity(again, expected, [([x], [x])])


@pytest.mark.parametrize(("scale", "dtype"), [(1e4, torch.float64), (1e4, torch.float32), (3e4, torch.float16)])
def test_a_memory_passes_padding_unchanged_whatever_the_weights(scale: float, dtype: torch.dtype):
    lengths = LENGTHS["many buckets"]
    torch.manual_seed(0)
    theirs = nn.LSTM(F, H, 2, bidirectional=True).to(dtype)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.mul_(scale)
    x, order = normal(sum(lengths), F).to(dtype), path_order(sizes_of(lengths))
    found, expected = run_both(theirs, x, order, None)
    assert_parity(found, expected, atol=1e-6 if dtype == torch.float64 else 1e-2, rtol=1e-2)


@pytest.mark.parametrize("lengths", [list(range(80, 4, -1)), [1000, *[10] * 127], [80] * 60 + [5] * 4], ids=len)
def test_a_padded_batch_is_at_most_two_thirds_larger(lengths: list[int], monkeypatch: pytest.MonkeyPatch):
    shapes: list[tuple[int, int]] = []
    dense = vendor.run_dense

    def run_dense(stack: vendor.Stack, x: Tensor, initial: Any) -> Any:
        shapes.append((x.size(0), x.size(1)))
        return dense(stack, x, initial)

    monkeypatch.setattr(vendor, "run_dense", run_dense)
    theirs = nn.LSTM(1, 1).double()
    stack = vendor.Stack(LSTMCell(), list(theirs.parameters()))
    vendor.run(stack, normal(sum(lengths), 1), path_order(sizes_of(lengths)), None)
    assert sum(paths for _, paths in shapes) == len(lengths)
    assert sum(steps * paths for steps, paths in shapes) <= sum(lengths) / vendor.SHORTEST
    assert sum(steps for steps, _ in shapes) <= max(lengths) / (1 - vendor.SHORTEST)
