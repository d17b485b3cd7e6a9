"""Recurrences over paths with skip edges are those over the graph of the same edges, in one walk or step by step."""

from typing import Any

import pytest
import torch

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, CharGenerator
from gnn_toolkit.models import DilatedGRU, DilatedLSTM, DilatedRNN, Vocabulary
from gnn_toolkit.training import TextSettings, fit_text

PAIRS: Any = {"rnn": (DilatedRNN, DAGRNN), "gru": (DilatedGRU, DAGGRU), "lstm": (DilatedLSTM, DAGLSTM)}


@pytest.mark.parametrize("cell", PAIRS)
def test_the_outputs_are_those_of_the_layer_over_the_same_edges(cell: str):
    torch.manual_seed(0)
    kind, layer = PAIRS[cell]
    skip = kind(3, 4, 2, (2, 5)).double()
    dag = layer(3, 4, 2, num_relations=3, backend="message_passing").double()
    dag.load_state_dict(skip.state_dict())
    x = torch.randn(9, 3, dtype=torch.float64)
    edges = [(s, s + offset, kind) for kind, offset in enumerate((1, 2, 5)) for s in range(9 - offset)]
    edge_index, edge_type = torch.tensor(edges).t().split([2, 1])
    expected, _ = dag(x, edge_index, edge_type=edge_type[0])
    out, memory = skip(torch.stack([x, x.flip(0)]))
    torch.testing.assert_close(out[0], expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(memory[0][1, 0], expected[-5:], atol=1e-12, rtol=0)


@pytest.mark.parametrize("cell", PAIRS)
def test_steps_from_states_are_the_walk_and_so_are_gradients(cell: str):
    torch.manual_seed(0)
    skip = PAIRS[cell][0](3, 4, 2, (4,)).double()
    x = torch.randn(2, 11, 3, dtype=torch.float64)
    expected, last = skip(x)
    outs, memory = [], skip.blank(2)
    for part in x.split([1, 2, 5, 3], 1):
        out, memory = skip(part, memory)
        outs.append(out)
    torch.testing.assert_close(torch.cat(outs, 1), expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(memory, last, atol=1e-12, rtol=0)
    parameters = list(skip.parameters())
    weights = torch.randn_like(expected)
    a = torch.autograd.grad(expected, parameters, weights)
    b = torch.autograd.grad(torch.cat(outs, 1), parameters, weights)
    torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


@pytest.mark.parametrize("cell", PAIRS)
def test_a_generator_with_skips_hands_its_state_on(cell: str):
    torch.manual_seed(0)
    model = CharGenerator(Vocabulary("abcdef "), cell, 5, 6, dilations=(3, 8)).double()
    codes = torch.randint(7, (2, 12))
    whole, _ = model(codes)
    first, state = model(codes[:, :7])
    second, _ = model(codes[:, 7:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-12, rtol=0)
    texts, _ = model.extend(model.begin(["dab", "f"], seed=4), 40)
    half, mid = model.extend(model.begin(["dab", "f"], seed=4), 15)
    rest, _ = model.extend(mid, 25)
    assert [a + b for a, b in zip(half, rest, strict=True)] == texts
    assert texts[1] == model.generate("f", 40, seed=5)


def test_a_generator_with_skips_is_trained_and_saved(tmp_path):
    settings = TextSettings(steps=120, evaluate_every=60, hidden_channels=24, window=16, batch_size=4, dilations=(5,))
    model, history = fit_text("abcde" * 400, settings)
    assert history.validation[-1] < 0.2
    model.save(tmp_path / "m.safetensors")
    other = CharGenerator.load(tmp_path / "m.safetensors")
    assert other.dilations == (5,)
    assert other.generate("ab", 20, 0) == model.generate("ab", 20, 0) == ("cdeab" * 4)


@pytest.mark.parametrize("dilations", [(1,), (0,), (2.5,), (True,)])
def test_a_skip_of_less_than_two_is_refused(dilations: Any):
    with pytest.raises(ValueError, match=r"^dilations: expected integers of at least 2"):
        DilatedRNN(3, 4, 1, dilations)
