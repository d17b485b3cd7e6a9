"""RNN, GRU and LSTM: the recurrences over path graphs, with ``torch.nn``'s names, arguments and ``state_dict``."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.models.over_paths import OverPaths
from gnn_toolkit.models.torch_surface import TorchSurface


class _TorchLike(OverPaths, DAGRecurrence, TorchSurface):
    """A recurrence over sequences with torch's weights, which torch's kernels can run."""

    def _adapt(self, batch_first: bool, device: Any, dtype: torch.dtype | None) -> None:
        self.mode = self.cell.vendor.upper()
        super()._adapt(batch_first, device, dtype)

    def _run_steps(self, x: Tensor, order: LevelOrder, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over sequences of one length, [T, B, F]."""
        if self._backend_for(order) == "vendor":
            return vendor.run_dense(self.stack(), x, None if hx is None else list(hx))
        return super()._run_steps(x, order, hx)

    def blank(self, batch: int) -> tuple[Tensor, ...]:
        """Return the states before the first step, one tensor [num_layers, B, H] a state."""
        like = self.flat_weights()[0]
        return (like.new_zeros(self.num_layers, batch, self.hidden_channels),) * self.num_states

    def step(self, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Take the next step of B sequences [B, F], without dropout; return outputs [B, H] and the new states."""
        out, found = vendor.step(self.stack(), x, states)
        return out, tuple(found)


class RNN(DAGRNN, _TorchLike):
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
          length, a ``PackedSequence``, a list or tuple of [T_i, F], or a nested tensor ``[B, *, F]``, jagged
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


class GRU(DAGGRU, _TorchLike):
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


class LSTM(DAGLSTM, _TorchLike):
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
