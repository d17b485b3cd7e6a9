"""RNN, GRU and LSTM: the recurrences over path graphs, with ``torch.nn``'s names, arguments and ``state_dict``."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit import _checks
from gnn_toolkit.graphs.order import LevelOrder, level_order, path_order
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.recurrence import DAGRecurrence, States
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN


class _OverPaths(DAGRecurrence):
    """What the three sequence models share: sequences become paths, and the paths' states torch's tensors."""

    batch_first: bool

    def _adapt(self, batch_first: bool, proj_size: int, device: Any, dtype: torch.dtype | None) -> None:
        if proj_size:
            remedy = "project the outputs with a torch.nn.Linear"
            raise ValueError(_checks.problem("proj_size", "0", proj_size, remedy))
        self.batch_first = batch_first
        self.to(device=device, dtype=dtype)

    @property
    def input_size(self) -> int:
        """Width of the input: torch's name of ``in_channels``."""
        return self.in_channels

    @property
    def hidden_size(self) -> int:
        """Width of a state: torch's name of ``hidden_channels``."""
        return self.hidden_channels

    def _run_sequences(self, sequences: Any, hx: list[Tensor] | None) -> tuple[Any, list[Tensor]]:
        """Run over sequences in any form; ``hx`` and the final states are stacked tensors, one a state."""
        if isinstance(sequences, PackedSequence):
            return self._run_packed(sequences, hx)
        if isinstance(sequences, (list, tuple)):
            self._check_list(sequences)
            lengths = [sequence.size(0) for sequence in sequences]
            out, final = self._run_jagged(torch.cat(list(sequences)), torch.tensor(lengths), hx)
            parts = out.split(lengths)
            return list(parts) if isinstance(sequences, list) else tuple(parts), final
        if sequences.is_nested:
            self._check_nested(sequences)
            offsets = sequences.offsets()
            out, final = self._run_jagged(sequences.values(), offsets.diff(), hx)
            return torch.nested.nested_tensor_from_jagged(out, offsets), final
        self._check_dense(sequences)
        if sequences.dim() == 3:
            return self._run_dense(sequences, hx)
        steps = 0 if self.batch_first else 1  # where a batch of one sequence has its batch dimension
        hx = None if hx is None else [h.unsqueeze(1) for h in hx]
        out, final = self._run_dense(sequences.unsqueeze(steps), hx)
        return out.squeeze(steps), [h.squeeze(1) for h in final]

    def _run_dense(self, sequences: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        x = sequences.transpose(0, 1) if self.batch_first else sequences
        steps, batch = x.shape[:2]
        order = _dense_order(steps, batch, x.device)
        if self._backend_for(order) == "vendor":
            self._check_initial(hx, batch)
            options = (self.num_layers, self.bias, self.dropout, self.training, self.bidirectional)
            out, final = vendor.run_dense(self.cell, x, hx, list(self.parameters()), *options)
        else:
            out, final = self._run_paths(x.flatten(0, 1), order, batch, hx)
            out = out.view(steps, batch, -1)
        return out.transpose(0, 1) if self.batch_first else out, final

    def _run_packed(self, packed: PackedSequence, hx: list[Tensor] | None) -> tuple[PackedSequence, list[Tensor]]:
        x, batch_sizes, into, back = packed
        _checks.features("input.data", x, self.in_channels)
        batch = int(batch_sizes[0])
        self._check_initial(hx, batch)
        hx = hx if hx is None or into is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x, path_order(batch_sizes, x.device), batch, hx)
        final = final if back is None else [h[:, back] for h in final]
        return PackedSequence(out, batch_sizes, into, back), final

    def _run_jagged(self, x: Tensor, lengths: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over sequences that lie one behind the other in ``x`` [N, F]."""
        self._check_initial(hx, lengths.numel())
        sequence = torch.arange(lengths.numel()).repeat_interleave(lengths.cpu()).to(x.device)
        nodes = torch.arange(x.size(0), device=x.device)
        edge_index = torch.stack([nodes[:-1], nodes[1:]])[:, sequence[:-1] == sequence[1:]]
        order = level_order(edge_index, x.size(0))
        into = sequence[order.nodes[order.starts]]
        hx = None if hx is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x[order.nodes], order, lengths.numel(), hx)
        return out[order.places], [h[:, torch.argsort(into)] for h in final]

    def _run_paths(
        self, x: Tensor, order: LevelOrder, batch: int, hx: list[Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:
        self._check_initial(hx, batch)
        initial: States | None = None if hx is None else [list(state.unbind()) for state in hx]
        out, final = self.run_order(x, order, initial)
        return out, [torch.stack(state) for state in final]

    def _check_initial(self, hx: list[Tensor] | None, batch: int) -> None:
        if hx is None:
            return
        self._check_states(hx)
        shape = [self.num_layers * self.num_directions, batch, self.hidden_channels]
        for state in hx:
            if list(state.shape) != shape:
                remedy = "one state a layer and direction, sequence and hidden channel"
                raise ValueError(_checks.problem("hx", f"shape {shape}", list(state.shape), remedy))

    def _check_dense(self, sequence: Tensor) -> None:
        layout = "[batch, steps, " if self.batch_first else "[steps, batch, "
        if sequence.dim() not in (2, 3) or sequence.size(-1) != self.in_channels or 0 in sequence.shape[:-1]:
            allowed = (
                f"shape {layout}{self.in_channels}] or [steps, {self.in_channels}], at least one step and sequence"
            )
            remedy = "check input_size and batch_first"
            raise ValueError(_checks.problem("input", allowed, list(sequence.shape), remedy))

    def _check_list(self, sequences: Sequence[Any]) -> None:
        if not sequences:
            remedy = "leave out a batch that has no sequence"
            raise ValueError(_checks.problem("input", "at least one sequence", sequences, remedy))
        for k, sequence in enumerate(sequences):
            if not isinstance(sequence, Tensor):
                raise ValueError(_checks.problem(f"input[{k}]", "a tensor", sequence, "pass a tensor a sequence"))
            if sequence.dim() != 2 or sequence.size(1) != self.in_channels or sequence.size(0) == 0:
                allowed = f"shape [steps, {self.in_channels}], at least one step"
                remedy = "check input_size, and leave out empty sequences"
                raise ValueError(_checks.problem(f"input[{k}]", allowed, list(sequence.shape), remedy))

    def _check_nested(self, sequences: Any) -> None:
        allowed = f"jagged layout [batch, *, {self.in_channels}] without holes"
        if sequences.layout != torch.jagged:
            remedy = "pass layout=torch.jagged to torch.nested.nested_tensor"
            raise ValueError(_checks.problem("input", allowed, sequences.layout, remedy))
        if sequences.dim() != 3 or sequences.size(2) != self.in_channels or not sequences.is_contiguous():
            got = f"{list(sequences.shape)}, {'' if sequences.is_contiguous() else 'not '}contiguous"
            raise ValueError(_checks.problem("input", allowed, got, "check input_size; call contiguous()"))
        empty = (sequences.offsets().diff() == 0).nonzero()
        if empty.numel() or sequences.size(0) == 0:
            where = f"an empty one at {int(empty[0])}" if empty.numel() else "no sequence"
            raise ValueError(_checks.problem("input", "sequences of at least one step", where, "leave out empty ones"))


def _dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    if torch.compiler.is_compiling():
        return _new_dense_order(steps, batch, device)
    return _kept_dense_order(steps, batch, device)


@lru_cache(maxsize=64)
def _kept_dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    with torch.inference_mode(False):
        return _new_dense_order(steps, batch, device)


def _new_dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    """Return ``path_order`` of paths of one length, by operations that a compiler can trace."""
    nodes = torch.arange(steps * batch, device=device)
    node_ptr = torch.arange(steps + 1) * batch
    return LevelOrder(
        nodes=nodes,
        level=nodes // batch,
        source=nodes[: (steps - 1) * batch],
        target=nodes[batch:],
        edges=nodes[: (steps - 1) * batch],
        relation=torch.zeros_like(nodes[batch:]),
        node_ptr=node_ptr,
        edge_ptr=(node_ptr - batch).clamp(min=0),
        starts=nodes[:batch],
        ends=nodes[(steps - 1) * batch :],
        num_relations=1,
        is_paths=not torch.compiler.is_compiling(),
    )


class RNN(DAGRNN, _OverPaths):
    """Elman network over sequences: ``torch.nn.RNN``, computed as :class:`DAGRNN` on path graphs.

    Args:
        input_size: width F of the input.
        hidden_size: width H of a state.
        num_layers: number of layers.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether to learn biases.
        batch_first: dense input and output are [B, T, .] instead of [T, B, .].
        dropout: probability of dropping an output between layers while training.
        bidirectional: also run from the end to the start.
        device: where the parameters live.
        dtype: type of the parameters.

    Shapes:
        - input [T, B, F], [B, T, F] if ``batch_first``, [T, F] for one sequence; or, for B sequences that differ in
          length, a ``PackedSequence``, a list or tuple of [T_i, F], or a nested tensor [B, *, F] in jagged layout
        - ``hx``, ``h_n`` [num_layers * D, B, H]
        - output in the form of the input, D * H wide; states in the order of the batch

    Raises:
        ValueError: on input that does not fit.

    >>> RNN(4, 8)(torch.randn(5, 2, 4))[0].shape
    torch.Size([5, 2, 8])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers)
        super().__init__(*sizes, bias, dropout, bidirectional, nonlinearity=nonlinearity)
        self._adapt(batch_first, 0, device, dtype)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: A002 (torch's name)
        """Return the outputs of the last layer and the final state of every layer and direction."""
        out, (h_n,) = self._run_sequences(input, None if hx is None else [hx])
        return out, h_n


class GRU(DAGGRU, _OverPaths):
    """Gated recurrent unit over sequences: ``torch.nn.GRU``, computed as :class:`DAGGRU` on path graphs.

    The reset gate acts after the matrix product, as in torch. Arguments, shapes and errors are those of :class:`RNN`,
    without ``nonlinearity``.

    >>> GRU(4, 8, batch_first=True, bidirectional=True)(torch.randn(2, 5, 4))[0].shape
    torch.Size([2, 5, 16])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, dropout, bidirectional)
        self._adapt(batch_first, 0, device, dtype)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: A002 (torch's name)
        """Return the outputs of the last layer and the final state of every layer and direction."""
        out, (h_n,) = self._run_sequences(input, None if hx is None else [hx])
        return out, h_n


class LSTM(DAGLSTM, _OverPaths):
    """Long short-term memory over sequences: ``torch.nn.LSTM``, computed as :class:`DAGLSTM` on path graphs.

    Arguments, shapes and errors are those of :class:`RNN`, without ``nonlinearity``; ``hx`` and the final state are
    pairs ``(h, c)``. ``proj_size`` is there for torch's signature and must be 0.

    >>> out, (h_n, c_n) = LSTM(4, 8, num_layers=2)(torch.randn(5, 2, 4))
    >>> out.shape, c_n.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 2, 8]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, dropout, bidirectional)
        self._adapt(batch_first, proj_size, device, dtype)

    def forward(
        self,
        input: Any,  # noqa: A002 (torch's name)
        hx: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the outputs of the last layer and the final (h, c) of every layer and direction."""
        out, (h_n, c_n) = self._run_sequences(input, None if hx is None else list(hx))
        return out, (h_n, c_n)
