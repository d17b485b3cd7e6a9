"""Residual blocks and stacks: their equation, graphs and sequences in every form, single steps, memory."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, linear, silu
from torch.nn.utils.rnn import pack_sequence

from gnn_toolkit import (
    DAGLRU,
    DAGLSTM,
    LRU,
    LSTM,
    DAGMamba,
    DAGMinGRU,
    Mamba,
    MinGRU,
    MinLSTM,
    RecurrentBlock,
    RecurrentStack,
)
from gnn_toolkit.testing import assert_layer

C = 4
SEQUENCES: list[Any] = [MinGRU, MinLSTM, LRU, Mamba]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_a_block_is_its_equation():
    torch.manual_seed(0)
    layer = MinGRU(C, 3, bidirectional=True)
    block: Any = RecurrentBlock(layer, gate=True, expansion=3).double()
    x = normal(6, 2, C)
    normed = layer_norm(x, (C,), block.norm.weight, block.norm.bias)
    gate = silu(linear(normed, block.gate.weight, block.gate.bias))
    y = x + linear(layer(normed)[0] * gate, block.out.weight, block.out.bias)
    norm, first, _, second = block.perceptron
    inner = gelu(linear(layer_norm(y, (C,), norm.weight, norm.bias), first.weight, first.bias))
    expected = y + linear(inner, second.weight, second.bias)
    out, state = block(x)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(state, layer(normed)[1])
    plain: Any = RecurrentBlock(MinGRU(C, C), expansion=0).double()
    torch.testing.assert_close(plain(x)[0], x + plain.layer(plain.norm(x))[0])
    assert len(list(plain.parameters())) == 4


@pytest.mark.parametrize("kind", [DAGMinGRU, DAGLRU, DAGMamba, DAGLSTM])
def test_blocks_on_graphs_keep_the_contract_of_a_layer(kind: Any):
    torch.manual_seed(0)
    stack = RecurrentStack(kind, 3, C, gate=True, bidirectional=True).double()
    assert_layer(lambda x, edges: stack(x, edges)[0], 3)
    block = RecurrentBlock(kind(C, C, num_relations=2)).double()
    for value in block.parameters():
        value.data.add_(0.2 * torch.randn_like(value))
    x, edges, types = normal(3, C), torch.tensor([[0, 1], [2, 2]]), torch.tensor([0, 1])
    out, state = block(x, edges, edge_type=types)
    normed = block.norm(x)
    torch.testing.assert_close(state, block.layer(normed, edges, edge_type=types)[1])
    assert not torch.allclose(out, block(x, edges, edge_type=types.flip(0))[0])


@pytest.mark.parametrize("kind", [*SEQUENCES, LSTM])
def test_every_form_of_sequences_goes_through_a_stack(kind: Any):
    torch.manual_seed(0)
    stack = RecurrentStack(kind, 3, C, longest=20).double()
    sequences = [normal(n, 3, seed=n) for n in (2, 5, 1)]
    alone = [stack(sequence)[0] for sequence in sequences]
    torch.testing.assert_close(stack(sequences)[0], alone)
    packed = pack_sequence(sequences, enforce_sorted=False)
    torch.testing.assert_close(list(torch.nn.utils.rnn.unpack_sequence(stack(packed)[0])), alone)
    nested = torch.nested.as_nested_tensor(sequences, layout=torch.jagged)
    torch.testing.assert_close(list(stack(nested)[0].unbind()), alone)
    with pytest.raises(ValueError, match=r"^input: expected at least one sequence"):
        stack([])


@pytest.mark.parametrize("kind", SEQUENCES)
def test_states_are_carried_and_steps_are_those_of_the_whole(kind: Any):
    torch.manual_seed(0)
    stack = RecurrentStack(kind, 3, C, num_layers=3, gate=True, dropout=0.5).double()
    x = normal(7, 2, 3)
    expected, last = stack.eval()(x)
    first, states = stack(x[:4])
    second, states = stack(x[4:], hx=states)
    torch.testing.assert_close(torch.cat([first, second]), expected)
    torch.testing.assert_close(states, last)
    states = stack.blank(2)
    stack.train()
    for x_t, out_t in zip(x, expected, strict=True):  # steps never drop
        step, states = stack.step(x_t, states)
        torch.testing.assert_close(step, out_t)
    torch.testing.assert_close(states, last)
    assert not torch.allclose(stack(x)[0], expected)
    with pytest.raises(ValueError, match=r"^hx: expected 3 states, one a block, got 2"):
        stack(x, hx=states[:2])


@pytest.mark.parametrize("kind", [MinGRU, LRU])
def test_two_blocks_carry_a_digit_along_a_path_that_one_layer_cannot(kind: Any):
    torch.manual_seed(0)
    steps = 12

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stack, self.head = RecurrentStack(kind, 5, 16, longest=steps), nn.Linear(16, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.stack(x)[0][-1])

    net = Net()
    optimizer, right = torch.optim.Adam(net.parameters(), 0.01), torch.zeros(())
    for _ in range(150):
        digits = torch.randint(4, (steps, 64))
        asked = digits[0].clone()
        digits[-1] = 4  # of all digits, the first is asked for
        logits = net(nn.functional.one_hot(digits, 5).float())
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits, asked).backward()
        optimizer.step()
        right = (logits.argmax(1) == asked).float().mean()
        if right == 1:
            break
    assert float(right) > 0.9


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"^layer: expected a layer of a width that is there"):
        RecurrentBlock(DAGMinGRU(-1, C))
    with pytest.raises(ValueError, match=r"^expansion: expected an integer of at least 0, got -1"):
        RecurrentBlock(MinGRU(C, C), expansion=-1)
    with pytest.raises(ValueError, match=r"^num_layers: expected an integer of at least 1, got 0"):
        RecurrentStack(MinGRU, 3, C, num_layers=0)
