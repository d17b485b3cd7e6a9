"""Ragged sequences in every form: a list, a nested tensor and a ``PackedSequence`` say the same."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

import gnn_toolkit
from gnn_toolkit.testing import assert_parity

LENGTHS = (2, 5, 1, 4)


def make(kind: str, num_layers: int, bidirectional: bool) -> tuple[Any, Any]:
    torch.manual_seed(0)
    options = {"num_layers": num_layers, "bidirectional": bidirectional, "dtype": torch.float64}
    ours, theirs = getattr(gnn_toolkit, kind)(3, 4, **options), getattr(torch.nn, kind)(3, 4, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("form", ["list", "tuple", "nested"])
@pytest.mark.parametrize(("num_layers", "bidirectional"), [(1, False), (2, True)])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_outputs_states_and_gradients_are_those_of_torch(kind: str, num_layers: int, bidirectional: bool, form: str):
    ours, theirs = make(kind, num_layers, bidirectional)
    sequences = [torch.randn(n, 3, dtype=torch.float64, requires_grad=True) for n in LENGTHS]
    walks = num_layers * (2 if bidirectional else 1)
    states = [torch.randn(walks, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(1 + (kind == "LSTM"))]
    hx = tuple(states) if kind == "LSTM" else states[0]
    if form == "nested":
        given: Any = torch.nested.as_nested_tensor(sequences, layout=torch.jagged)
    else:
        given = sequences if form == "list" else tuple(sequences)
    out, final = ours(given, hx)
    assert out.is_nested if form == "nested" else type(out) is type(given)
    packed, expected = theirs(pack_sequence(sequences, enforce_sorted=False), hx)

    def flat(pieces: Any, final: Any) -> list[Tensor]:
        return [*pieces, *(final if kind == "LSTM" else [final])]

    leaves = [*sequences, *states]
    pairs = [([*leaves, *ours.parameters()], [*leaves, *theirs.parameters()])]
    pieces = out.unbind() if form == "nested" else out
    assert_parity(flat(pieces, final), flat(unpack_sequence(packed), expected), pairs)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], r"^input: expected at least one sequence"),
        ([torch.zeros(2, 3), torch.zeros(2, 4)], r"^input\[1\]: "),
        ([torch.zeros(2, 3), torch.zeros(0, 3)], r"^input\[1\]: "),
        ([torch.zeros(2, 3), "abc"], r"^input\[1\]: expected a tensor"),
    ],
    ids=["none", "wrong width", "empty", "no tensor"],
)
def test_a_list_that_does_not_fit_is_refused_by_place(sequences: list[Any], message: str):
    with pytest.raises(ValueError, match=message):
        gnn_toolkit.LSTM(3, 4)(sequences)
