"""Sequences of every form brought to the packed layout of paths."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from gnn_toolkit.models import forms

CPU = torch.device("cpu")


@pytest.mark.parametrize("lengths", [[3, 1, 4, 1], [2, 2], [1], [5, 4, 3]], ids=str)
def test_the_packed_layout_is_torch_s(lengths: list[int]):
    rows = torch.arange(float(sum(lengths)))[:, None]
    expected = pack_sequence(list(rows.split(lengths)), enforce_sorted=False)
    order, sequence, row = forms.packed(torch.tensor(lengths), CPU)
    assert rows[row].equal(expected.data)
    assert order.node_ptr.diff().equal(expected.batch_sizes)
    lasts = (torch.tensor(lengths).cumsum(0) - 1)[sequence]
    assert row[order.ends].equal(lasts)
    assert [lengths[k] for k in sequence] == sorted(lengths, reverse=True)


def test_a_sequence_that_does_not_fit_is_named():
    weight = torch.zeros(2, 3)
    for bad, message in (
        ([], "input: expected at least one sequence"),
        ([torch.zeros(2, 3), torch.zeros(2, 4)], r"input\[1\]: expected shape \[steps, 3\]"),
        ([torch.zeros(2, 3), None], r"input\[1\]: expected a tensor"),
        ([torch.zeros(2, 3).double()], r"input\[0\]: expected torch.float32"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            forms.check_list(bad, 3, weight)


def test_a_nested_tensor_is_jagged_and_has_no_empty_sequence():
    weight, ragged = torch.zeros(2, 3), [torch.zeros(2, 3), torch.zeros(1, 3)]
    forms.check_nested(torch.nested.nested_tensor(ragged, layout=torch.jagged), 3, weight)
    empty = torch.nested.nested_tensor([torch.zeros(2, 3), torch.zeros(0, 3)], layout=torch.jagged)
    with pytest.raises(ValueError, match=r"^input: expected sequences of at least one step, got an empty one at 1"):
        forms.check_nested(empty, 3, weight)
