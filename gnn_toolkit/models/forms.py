"""The forms in which sequences are given: dense, lists, nested tensors, packed; checked, and brought to paths."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit import _checks
from gnn_toolkit.graphs.order import LevelOrder, path_order


def check_rows(argument: str, x: Tensor, width: int, weight: Tensor) -> None:
    """Raise a ``ValueError`` unless x is [steps, width], of the type and on the device of a layer's ``weight``."""
    _checks.tensor(argument, x)
    if x.dim() != 2 or x.size(1) != width or x.size(0) == 0:
        allowed = f"shape [steps, {width}], at least one step"
        remedy = "check input_size, and leave out empty sequences"
        raise ValueError(_checks.problem(argument, allowed, list(x.shape), remedy))
    _checks.like(argument, x, weight)


def check_dense(sequences: Tensor, width: int, weight: Tensor, *, batch_first: bool) -> None:
    """Raise a ``ValueError`` unless the input is a batch of sequences of one length, or one sequence."""
    steps = sequences.size(1 if batch_first and sequences.dim() == 3 else 0) if sequences.dim() else 0
    if sequences.dim() not in (2, 3) or sequences.size(-1) != width or not steps:
        layout = "[batch, steps, " if batch_first else "[steps, batch, "
        allowed = f"shape {layout}{width}] or [steps, {width}], at least one step"
        remedy = "check input_size and batch_first"
        raise ValueError(_checks.problem("input", allowed, list(sequences.shape), remedy))
    _checks.like("input", sequences, weight)


def check_list(sequences: Sequence[Any], width: int, weight: Tensor) -> None:
    """Raise a ``ValueError`` unless every sequence of a list is [steps, width]."""
    if not sequences:
        remedy = "leave out a batch that has no sequence"
        raise ValueError(_checks.problem("input", "at least one sequence", sequences, remedy))
    for k, sequence in enumerate(sequences):
        check_rows(f"input[{k}]", sequence, width, weight)


def check_nested(sequences: Any, width: int, weight: Tensor) -> None:
    """Raise a ``ValueError`` unless the input is a nested tensor [batch, *, width] in jagged layout without holes."""
    allowed = f"jagged layout [batch, *, {width}] without holes"
    if sequences.layout != torch.jagged:
        remedy = "pass layout=torch.jagged to torch.nested.nested_tensor"
        raise ValueError(_checks.problem("input", allowed, sequences.layout, remedy))
    if sequences.dim() != 3 or sequences.size(2) != width or not sequences.is_contiguous():
        got = f"{list(sequences.shape)}, {'' if sequences.is_contiguous() else 'not '}contiguous"
        raise ValueError(_checks.problem("input", allowed, got, "check input_size; call contiguous()"))
    empty = (sequences.offsets().diff() == 0).nonzero()
    if empty.numel() or sequences.size(0) == 0:
        where = f"an empty one at {int(empty[0])}" if empty.numel() else "no sequence"
        raise ValueError(_checks.problem("input", "sequences of at least one step", where, "leave out empty ones"))
    _checks.like("input", sequences.values(), weight)


def opened(sequences: Any) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Return the rows of sequences in any form, [..., F], and what brings rows in their places back to the form.

    >>> rows, again = opened([torch.zeros(2, 3), torch.zeros(1, 3)])
    >>> rows.shape, [sequence.shape for sequence in again(torch.zeros(3, 5))]
    (torch.Size([3, 3]), [torch.Size([2, 5]), torch.Size([1, 5])])
    """
    if isinstance(sequences, PackedSequence):
        return sequences.data, lambda rows: PackedSequence(rows, *sequences[1:])
    if isinstance(sequences, (list, tuple)):
        if not sequences:
            remedy = "leave out a batch that has no sequence"
            raise ValueError(_checks.problem("input", "at least one sequence", sequences, remedy))
        lengths = [sequence.size(0) for sequence in sequences]
        return torch.cat(list(sequences)), lambda rows: type(sequences)(rows.split(lengths))
    _checks.tensor("input", sequences)
    if sequences.is_nested:
        offsets = sequences.offsets()
        return sequences.values(), lambda rows: torch.nested.nested_tensor_from_jagged(rows, offsets)
    return sequences, lambda rows: rows


def packed(lengths: Tensor, device: torch.device) -> tuple[LevelOrder, Tensor, Tensor]:
    """Return the packed layout of sequences that lie one behind the other.

    Args:
        lengths: int64 [B], at least 1 each.
        device: where the results live.

    Returns:
        the order; the sequence that each path of it is, [B]; and the row that lies at each place, [N].

    >>> order, sequence, row = packed(torch.tensor([1, 2]), torch.device("cpu"))
    >>> sequence, row
    (tensor([1, 0]), tensor([1, 0, 2]))
    """
    lengths = lengths.cpu()
    sequence = torch.argsort(lengths, descending=True, stable=True)
    first = (lengths.cumsum(0) - lengths)[sequence]
    batch_sizes = torch.bincount(lengths - 1).flip(0).cumsum(0).flip(0)  # sequences that have a step of each number
    order = path_order(batch_sizes)
    path = torch.arange(order.level.numel()) - order.node_ptr[order.level]
    row = first[path] + order.level
    return (order if device.type == "cpu" else path_order(batch_sizes, device)), sequence.to(device), row.to(device)
