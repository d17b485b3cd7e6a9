from typing import Any

import pytest
from torch import nn

from gnn_toolkit import LSTM
from gnn_toolkit.analysis import parameter_count
from gnn_toolkit.models import GraphNetwork

KINDS: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def numbers(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize(("d", "n", "c"), [(1, 128, 10), (10, 64, 10), (87, 5, 3)])
def test_an_lstm_with_output_layer_is_the_formula_and_torch_s_second_biases(d: int, n: int, c: int):
    by_hand = 4 * (n * d + n * n + n) + c * n + c
    assert parameter_count("lstm", d, n, c, biases=1) == by_hand
    assert parameter_count("lstm", d, n, c) == by_hand + 4 * n
    assert numbers(nn.LSTM(d, n), nn.Linear(n, c)) == numbers(LSTM(d, n), nn.Linear(n, c)) == by_hand + 4 * n
    assert numbers(nn.LSTM(d, n, bias=False), nn.Linear(n, c)) == parameter_count("lstm", d, n, c, biases=0)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("layer", KINDS)
def test_recurrences_have_as_many_as_torch_s(layer: str, num_layers: int, bidirectional: bool):
    stack = KINDS[layer](4, 7, num_layers, bidirectional=bidirectional)
    head = nn.Linear(14 if bidirectional else 7, 3)
    expected = numbers(stack, head)
    assert parameter_count(layer, 4, 7, 3, num_layers=num_layers, bidirectional=bidirectional) == expected


@pytest.mark.parametrize("num_layers", [1, 2, 4])
@pytest.mark.parametrize("layer", [*KINDS, "gcn", "mlp"])
def test_networks_over_graphs_have_as_many_as_the_formula_says(layer: str, num_layers: int):
    options: dict[str, Any] = {"num_layers": num_layers}
    assert numbers(GraphNetwork(4, 7, 3, layer=layer, **options)) == parameter_count(layer, 4, 7, 3, **options)
    if layer in KINDS:
        options |= {"num_relations": 3, "bidirectional": True}
        assert numbers(GraphNetwork(4, 7, 3, layer=layer, **options)) == parameter_count(layer, 4, 7, 3, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": "lstmm"}, r"layer: .*did you mean 'lstm'\?"),
        ({"hidden_channels": 0}, "hidden_channels: expected an integer of at least 1, got 0"),
        ({"num_relations": -1}, "num_relations: expected"),
    ],
)
def test_what_does_not_fit(change: dict[str, Any], message: str):
    good: dict[str, Any] = {"layer": "lstm", "in_channels": 1, "hidden_channels": 2, "out_channels": 3}
    with pytest.raises(ValueError, match=f"^{message}"):
        parameter_count(**(good | change))
