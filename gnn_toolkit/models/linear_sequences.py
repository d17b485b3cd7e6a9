"""MinGRU, MinLSTM, LRU and Mamba: recurrences over sequences that are linear in their state."""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.linear_layers import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM
from gnn_toolkit.layers.linear_stack import LinearRecurrence
from gnn_toolkit.models.over_paths import OverPaths


class _LinearOverPaths(OverPaths, LinearRecurrence):
    """A linear recurrence that is called with sequences, with the arguments of ``torch.nn``'s recurrent layers."""

    _options: frozenset[str] = frozenset()  # what the cell has besides

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
        **options: Any,
    ) -> None:
        for name in options.keys() - self._options:
            raise TypeError(f"{type(self).__name__} has no argument {name!r}")
        options |= {"bias": bias, "dropout": dropout, "bidirectional": bidirectional, "backend": backend}
        super().__init__(input_size, hidden_size, num_layers, **options)
        self._adapt(batch_first, device, dtype)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: A002 (torch's name)
        """Return the outputs of the last layer and the final state of every layer and direction."""
        out, (h_n,) = self._run_sequences(input, None if hx is None else [hx])
        return out, h_n


class MinGRU(_LinearOverPaths, DAGMinGRU):
    """Minimal gated recurrent unit over sequences (Feng et al. 2024, section 3.1): :class:`DAGMinGRU` on path graphs.

        z_t = sigmoid(W_z x_t + b_z),  h_t = (1 - z_t) * h_(t-1) + z_t * (W_n x_t + b_n)

    Args:
        input_size: width F of the input.
        hidden_size: width H of an output.
        num_layers: number of layers.
        bias: whether ``W_ih x`` has a bias.
        batch_first: dense input and output are [B, T, .] instead of [T, B, .].
        dropout: probability of dropping an output between layers while training.
        bidirectional: also run from the end to the start.
        device: where the parameters live.
        dtype: type of the parameters.
        backend: ``"auto"``, ``"fused"`` (a scan) or ``"message_passing"`` (PyG).

    Shapes:
        - input [T, B, F], [B, T, F] if ``batch_first``, [T, F] for one sequence; or, for B sequences that differ in
          length, a ``PackedSequence``, a list or tuple of [T_i, F], or a nested tensor ``[B, *, F]``, jagged
        - ``hx``, ``h_n`` [num_layers * D, B, S], with S = H
        - output in the form of the input, D * H wide; states in the order of the batch

    Raises:
        ValueError: on input that does not fit.

    >>> MinGRU(4, 8, batch_first=True)(torch.randn(2, 5, 4))[0].shape
    torch.Size([2, 5, 8])
    """


class MinLSTM(_LinearOverPaths, DAGMinLSTM):
    """Minimal long short-term memory over sequences (Feng et al. 2024, section 3.2): :class:`DAGMinLSTM` on paths.

    Arguments, shapes and errors are those of :class:`MinGRU`; there is one state, h.

    >>> MinLSTM(4, 8, bidirectional=True)(torch.randn(5, 2, 4))[0].shape
    torch.Size([5, 2, 16])
    """


class LRU(_LinearOverPaths, DAGLRU):
    """Linear recurrent unit over sequences (Orvieto et al. 2023, section 3): :class:`DAGLRU` on path graphs.

    Arguments, shapes and errors are those of :class:`MinGRU`, and by name ``state_channels``, ``r_min``, ``r_max`` and
    ``max_phase`` of :class:`DAGLRU`; a state has real and imaginary parts, ``S = 2 * state_channels``.

    >>> out, h_n = LRU(4, 8, r_min=0.9, r_max=0.999)(torch.randn(5, 2, 4))
    >>> out.shape, h_n.shape
    (torch.Size([5, 2, 8]), torch.Size([1, 2, 16]))
    """

    _options = frozenset({"state_channels", "r_min", "r_max", "max_phase"})


class Mamba(_LinearOverPaths, DAGMamba):
    """Selective state space over sequences (Gu and Dao 2023, algorithm 2): :class:`DAGMamba` on path graphs.

    Arguments, shapes and errors are those of :class:`MinGRU`, and by name ``state_channels``, the number n of channels
    of each hidden one; a state has ``S = H * n`` numbers. It is the recurrence alone, a block's part is in
    :class:`RecurrentBlock`.

    >>> out, h_n = Mamba(4, 8, state_channels=3)(torch.randn(5, 2, 4))
    >>> out.shape, h_n.shape
    (torch.Size([5, 2, 8]), torch.Size([1, 2, 24]))
    """

    _options = frozenset({"state_channels"})
