"""The graph convolution of Kipf and Welling."""

from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.nn.dense.linear import Linear
from torch_geometric.nn.inits import zeros

from gnn_toolkit import _checks
from gnn_toolkit.graphs.normalize import gcn_norm


class GCNConv(MessagePassing):
    """Graph convolution ``H' = A_hat H W + b`` with ``A_hat = D~^-1/2 (A + I) D~^-1/2`` (Kipf and Welling 2017, eq. 2).

    As messages: ``h'_v = b + sum over u -> v of a_uv W^T h_u``, where ``a_uv = w_uv / sqrt(d(u) d(v))`` and the sum
    includes v itself. Arguments, call and ``state_dict`` are those of ``torch_geometric.nn.GCNConv``.

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        out_channels: width of the output.
        improved: use ``A + 2I``, with and without weights; PyG 2.8 does so only where weights are given.
        cached: compute ``A_hat`` at the first call and keep it; only for a graph that never changes.
        add_self_loops: whether to add ``I``; default: if ``normalize``.
        normalize: whether to normalise at all; if not, the weights are used as they are.
        bias: whether to learn b.
        **kwargs: of ``MessagePassing``, e.g. ``flow``.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``edge_weight`` [E]
        - output [N, out_channels]

    Raises:
        ValueError: on input that does not fit, or negative weights under normalisation.

    >>> conv = GCNConv(4, 2)
    >>> conv(torch.randn(3, 4), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        improved: bool = False,
        cached: bool = False,
        add_self_loops: bool | None = None,
        normalize: bool = True,
        bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"aggr": "add", **kwargs})
        add_self_loops = normalize if add_self_loops is None else add_self_loops
        if add_self_loops and not normalize:
            remedy = "loops are added while normalising; add them to edge_index yourself"
            raise ValueError(_checks.problem("add_self_loops", "False where normalize=False", True, remedy))
        self.in_channels = in_channels if in_channels == -1 else _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        self.improved, self.cached = improved, cached
        self.add_self_loops, self.normalize = add_self_loops, normalize
        self._cached: tuple[Tensor, Tensor] | None = None
        self.lin = Linear(in_channels, out_channels, bias=False, weight_initializer="glorot")
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight from Glorot's uniform distribution, set the bias to 0 and forget a cached ``A_hat``."""
        super().reset_parameters()
        self.lin.reset_parameters()
        zeros(self.bias)
        self._cached = None

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Return ``A_hat x W + b``, [N, out_channels]."""
        _checks.features("x", x, x.size(-1) if self.in_channels == -1 else self.in_channels)
        edge_index, weight = self._adjacency(x, edge_index, edge_weight)
        out = self.propagate(edge_index, x=self.lin(x), edge_weight=weight)
        return out if self.bias is None else out + self.bias

    def _adjacency(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if not self.normalize:
            _checks.edges(edge_index, x.size(0))
            if edge_weight is not None:
                _checks.edge_weights(edge_weight, edge_index.size(1), signed=True)
            return edge_index, edge_weight
        if self._cached is None:
            options = {"improved": self.improved, "add_self_loops": self.add_self_loops}
            adjacency = gcn_norm(edge_index, edge_weight, x.size(0), flow=self.flow, dtype=x.dtype, **options)
            if not self.cached:
                return adjacency
            self._cached = adjacency
        return self._cached

    def message(self, x_j: Tensor, edge_weight: Optional[Tensor]) -> Tensor:  # noqa: UP045 (PyG reads this)
        """Return ``a_uv W^T h_u``."""
        return x_j if edge_weight is None else edge_weight.unsqueeze(-1) * x_j
