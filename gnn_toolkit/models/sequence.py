"""RNN, GRU and LSTM: the recurrences over path graphs, with ``torch.nn``'s names, arguments and ``state_dict``."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.order import LevelOrder, path_order
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.observed import refuse_jit_trace
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.layers.stacked import States
from gnn_toolkit.models import forms
from gnn_toolkit.models.torch_surface import TorchSurface


class _OverPaths(DAGRecurrence, TorchSurface):
    """What the three sequence models share: sequences become paths, and the paths' states torch's tensors."""

    _input, _sizes = "input", ("input_size", "hidden_size")
    batch_first: bool

    def _adapt(self, batch_first: bool, device: Any, dtype: torch.dtype | None) -> None:
        self.batch_first = bool(batch_first)
        self.input_size, self.hidden_size = self.in_channels, self.hidden_channels
        self.mode = self.cell.vendor.upper()
        if device is not None or dtype is not None:
            self.to(device=device, dtype=dtype)

    def _run_sequences(self, sequences: Any, hx: Any) -> tuple[Any, list[Tensor]]:
        """Check the input, and run over sequences in any form; ``hx`` and the final states: one tensor a state."""
        refuse_jit_trace(self)
        weight = self.flat_weights()[1]
        if hx is not None:
            self._check_states(hx, weight)
        if isinstance(sequences, PackedSequence):
            forms.check_rows("input.data", sequences.data, self.in_channels, weight)
            return self._run_packed(sequences, hx)
        if isinstance(sequences, list | tuple):
            forms.check_list(sequences, self.in_channels, weight)
            lengths = [sequence.size(0) for sequence in sequences]
            out, final = self._run_jagged(torch.cat(list(sequences)), torch.tensor(lengths), hx)
            parts = out.split(lengths)
            return list(parts) if isinstance(sequences, list) else tuple(parts), final
        _checks.tensor("input", sequences)
        if sequences.is_nested:
            forms.check_nested(sequences, self.in_channels, weight)
            offsets = sequences.offsets()
            out, final = self._run_jagged(sequences.values(), offsets.diff(), hx)
            return torch.nested.nested_tensor_from_jagged(out, offsets), final
        forms.check_dense(sequences, self.in_channels, weight, batch_first=self.batch_first)
        if sequences.dim() == 3:
            return self._run_dense(sequences, hx)
        steps = 0 if self.batch_first else 1  # where a batch of one sequence has its batch dimension
        if hx is not None:
            self._check_initial(hx, None)
            hx = [h.unsqueeze(1) for h in hx]
        out, final = self._run_dense(sequences.unsqueeze(steps), hx)
        return out.squeeze(steps), [h.squeeze(1) for h in final]

    def _run_dense(self, sequences: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        x = sequences.transpose(0, 1) if self.batch_first else sequences
        steps, batch = x.shape[:2]
        order = _dense_order(steps, batch, x.device)
        self._check_initial(hx, batch)
        if not batch or self._backend_for(order) == "vendor":
            out, final = vendor.run_dense(self.stack(), x, None if hx is None else list(hx))
        else:
            out, final = self._run_paths(x.flatten(0, 1), order, hx)
            out = out.view(steps, batch, self.out_channels)
        return out.transpose(0, 1) if self.batch_first else out, final

    def _run_packed(self, packed: PackedSequence, hx: list[Tensor] | None) -> tuple[PackedSequence, list[Tensor]]:
        x, batch_sizes, into, back = packed
        self._check_initial(hx, int(batch_sizes[0]))
        hx = hx if hx is None or into is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x, path_order(batch_sizes, x.device), hx)
        final = final if back is None else [h[:, back] for h in final]
        return PackedSequence(out, batch_sizes, into, back), final

    def _run_jagged(self, x: Tensor, lengths: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over sequences that lie one behind the other in ``x`` [N, F]."""
        self._check_initial(hx, lengths.numel())
        order, into, nodes = forms.packed(lengths, x.device)
        hx = None if hx is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x[nodes], order, hx)
        return out[torch.argsort(nodes)], [h[:, torch.argsort(into)] for h in final]

    def _run_paths(self, x: Tensor, order: LevelOrder, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over paths whose steps lie in the places of ``order``."""
        initial: States | None = None if hx is None else [list(state.unbind()) for state in hx]
        out, final = self.run_order(x, order, initial)
        if out.requires_grad and not self.bidirectional and self._backend_for(order) != "vendor":
            out = out.clone()  # whoever changes it in place must not reach the states, which the backward pass needs
        return out, [torch.stack(state) for state in final]

    def _check_initial(self, hx: list[Tensor] | None, batch: int | None) -> None:
        """Raise a ``ValueError`` unless every state has a row for each sequence; ``None``: one without a batch."""
        if hx is None:
            return
        sequences = [] if batch is None else [batch]
        shape = [self.num_layers * self.num_directions, *sequences, self.hidden_channels]
        for state in hx:
            _checks.tensor("hx", state)
            if list(state.shape) != shape:
                remedy = "one state a layer and direction, sequence and hidden channel"
                raise ValueError(_checks.problem("hx", f"shape {shape}", list(state.shape), remedy))


def _dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    """Return the order of paths of one length; remembered for these numbers."""
    question = ("dense order", steps, batch, device)
    return remembered(None, question, lambda: _new_dense_order(steps, batch, device))


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
        is_paths=not torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export(),
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
        backend: ``"auto"``, ``"vendor"`` (torch's kernels), ``"fused"`` (own kernels) or ``"message_passing"`` (PyG).

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
        *,
        backend: str = "auto",
    ) -> None:
        options = {"bias": bias, "dropout": dropout, "bidirectional": bidirectional, "backend": backend}
        super().__init__(input_size, hidden_size, num_layers, nonlinearity=nonlinearity, **options)
        self.nonlinearity = nonlinearity
        self._adapt(batch_first, device, dtype)

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
        *,
        backend: str = "auto",
    ) -> None:
        options = {"bias": bias, "dropout": dropout, "bidirectional": bidirectional, "backend": backend}
        super().__init__(input_size, hidden_size, num_layers, **options)
        self._adapt(batch_first, device, dtype)

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
        *,
        backend: str = "auto",
    ) -> None:
        if proj_size:
            remedy = "project the outputs with a torch.nn.Linear"
            raise ValueError(_checks.problem("proj_size", "0", proj_size, remedy))
        options = {"bias": bias, "dropout": dropout, "bidirectional": bidirectional, "backend": backend}
        super().__init__(input_size, hidden_size, num_layers, **options)
        self._adapt(batch_first, device, dtype)

    def forward(
        self,
        input: Any,  # noqa: A002 (torch's name)
        hx: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the outputs of the last layer and the final (h, c) of every layer and direction."""
        out, (h_n, c_n) = self._run_sequences(input, hx)
        return out, (h_n, c_n)
