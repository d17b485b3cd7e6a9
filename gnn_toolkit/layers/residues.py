"""The three convolutions over a neighbourhood of Fout et al. (2017); the classifier of pairs above them: pairs.py.

With N(i) the sources of the edges into i, in the notation of the paper (section 3.2, there with an activation around):

    node average           z_i = W_C x_i + 1/|N(i)| sum over j in N(i) of W_N x_j                   + b
    node and edge average  z_i = W_C x_i + 1/|N(i)| sum over j in N(i) of (W_N x_j + W_E e_ij)      + b
    order dependent        z_i = W_C x_i + 1/|N(i)| sum over j in N(i) of (W_N^r x_j + W_E^r e_ij)  + b,  r = rank of j

A node without neighbours keeps ``W_C x_i + b``.
"""

from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch_geometric.nn.dense.linear import Linear

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.adjacency import adjacency
from gnn_toolkit.layers.observed import ObservedMessagePassing, refuse_jit_trace


class NodeAverageConv(ObservedMessagePassing):
    """Convolution by the mean of the neighbours, ``z_i = W_C x_i + mean over j of W_N x_j + b`` (Fout et al. 2017).

    The mean is one sparse product, on the side of ``W_N`` that is narrower. Hooks on messages, explainers and
    subclasses with steps of their own get ``MessagePassing.propagate``.

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        out_channels: width of the output.
        bias: whether to learn b.
        **kwargs: of ``MessagePassing``, e.g. ``flow``.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], output [N, out_channels]

    Raises:
        ValueError: on input that does not fit.
        TypeError: under ``torch.jit``.

    >>> conv = NodeAverageConv(4, 2)
    >>> conv(torch.randn(3, 4), torch.tensor([[0, 2], [1, 1]])).shape
    torch.Size([3, 2])
    """

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"aggr": "mean", **kwargs})
        self.in_channels = in_channels if in_channels == -1 else _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        self.center = Linear(in_channels, out_channels, bias=bias)
        self.neighbour = Linear(in_channels, out_channels, bias=False)

    def reset_parameters(self) -> None:
        """Draw all weights anew, as ``torch.nn.Linear`` does."""
        super().reset_parameters()
        for module in self.children():
            if isinstance(module, nn.Linear | Linear):
                module.reset_parameters()

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return z [N, out_channels]."""
        edge_index = self._checked(x, edge_index)
        if self._by_messages():
            return self.center(x) + self.propagate(edge_index, x=self.neighbour(x))
        return self.center(x) + self._mean(x, edge_index)

    def message(self, x_j: Tensor) -> Tensor:
        """Return ``W_N x_j``."""
        return x_j

    def _checked(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return the edges after a look at the arguments."""
        refuse_jit_trace(self)
        _checks.tensor("x", x)
        width = x.size(-1) if self.in_channels == -1 else self.in_channels
        _checks.features("x", x, width, weight=self.center._parameters.get("weight"))
        _checks.edge_form(edge_index)
        _checks.on_device(x, edge_index=edge_index)
        if self._by_messages() and not torch.compiler.is_compiling():  # else the mean looks at the indices
            _checks.edges(edge_index, x.size(0))
        return _checks.traced_edges(edge_index, x.size(0))

    def _by_messages(self) -> bool:
        return self.is_observed or self.decomposed_layers > 1 or self.aggr != "mean"

    def _mean(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return the mean over the neighbours of ``W_N x_j``."""
        options: dict[str, Any] = {"flow": self.flow, "dtype": x.dtype, "walk": True, "add_self_loops": False}
        mean = adjacency(edge_index, None, x.size(0), **options)
        wide = x.size(1) > self.out_channels
        return mean @ self.neighbour(x) if wide else self.neighbour(mean @ x)


class NodeEdgeAverageConv(NodeAverageConv):
    """Convolution by the means of neighbours and edges, ``z_i = W_C x_i + mean of (W_N x_j + W_E e_ij) + b``.

    Of Fout et al. (2017). Arguments as of :class:`NodeAverageConv`, and:

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        out_channels: width of the output.
        edge_dim: width D of ``edge_attr``.
        bias: whether to learn b.
        **kwargs: of ``MessagePassing``.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``edge_attr`` [E, D], output [N, out_channels]

    >>> conv = NodeEdgeAverageConv(4, 2, edge_dim=3)
    >>> conv(torch.randn(3, 4), torch.tensor([[0, 2], [1, 1]]), torch.randn(2, 3)).shape
    torch.Size([3, 2])
    """

    def __init__(self, in_channels: int, out_channels: int, edge_dim: int, *, bias: bool = True, **kwargs: Any) -> None:
        super().__init__(in_channels, out_channels, bias=bias, **kwargs)
        self.edge_dim = _checks.positive("edge_dim", edge_dim)
        self.edge = Linear(edge_dim, out_channels, bias=False)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:  # type: ignore[override]
        """Return z [N, out_channels]."""
        edge_index = self._checked(x, edge_index)
        _check_edge_attr(edge_attr, edge_index, self.edge_dim, x)
        if self._by_messages():
            out = self.propagate(edge_index, x=self.neighbour(x), edge_attr=self.edge(edge_attr))
            return self.center(x) + out
        target = edge_index[1 if self.flow == "source_to_target" else 0]
        return self.center(x) + self._mean(x, edge_index) + self.edge(_mean_into(edge_attr, target, x.size(0)))

    def message(self, x_j: Tensor, edge_attr: Tensor) -> Tensor:  # type: ignore[override]
        """Return ``W_N x_j + W_E e_ij``."""
        return x_j + edge_attr


class OrderedConv(ObservedMessagePassing):
    """Order dependent convolution, ``z_i = W_C x_i + mean of (W_N^r x_j + W_E^r e_ij) + b`` with r the rank of j.

    Of Fout et al. (2017): a matrix for each rank among the neighbours, e.g. for the nearest, the second nearest ...;
    :func:`gnn_toolkit.graphs.rank_neighbours` makes the ranks. The neighbours of a node are laid side by side, so that
    all ranks are one matrix product.

    Args:
        in_channels: width F of ``x``.
        out_channels: width of the output.
        num_ranks: number of ranks K, the most neighbours that a node may have.
        edge_dim: width D of ``edge_attr``; 0 to use none.
        bias: whether to learn b.
        **kwargs: of ``MessagePassing``, e.g. ``flow``.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``rank`` [E] integers in [0, K), those of one node all different,
          ``edge_attr`` [E, D]; output [N, out_channels]

    Raises:
        ValueError: on input that does not fit, and where two neighbours of a node have one rank.
        TypeError: under ``torch.jit``.

    >>> conv = OrderedConv(4, 2, num_ranks=2)
    >>> conv(torch.randn(3, 4), torch.tensor([[0, 2], [1, 1]]), torch.tensor([0, 1])).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_ranks: int,
        edge_dim: int = 0,
        *,
        bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"aggr": "mean", **kwargs})
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        self.num_ranks, self.edge_dim = _checks.positive("num_ranks", num_ranks), _checks.count("edge_dim", edge_dim)
        self.center = Linear(in_channels, out_channels, bias=bias)
        self.neighbour = nn.Parameter(torch.empty(num_ranks, in_channels + edge_dim, out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights uniformly, those of a rank as ``torch.nn.Linear`` draws its own."""
        super().reset_parameters()
        self.center.reset_parameters()
        bound = self.neighbour.size(1) ** -0.5
        nn.init.uniform_(self.neighbour, -bound, bound)

    def forward(self, x: Tensor, edge_index: Tensor, rank: Tensor, edge_attr: Tensor | None = None) -> Tensor:
        """Return z [N, out_channels]."""
        refuse_jit_trace(self)
        _checks.features("x", x, self.in_channels, weight=self.center._parameters.get("weight"))
        _checks.edge_form(edge_index)
        _checks.on_device(x, edge_index=edge_index, rank=rank, edge_attr=edge_attr)
        if self.edge_dim or edge_attr is not None:
            _check_edge_attr(edge_attr, edge_index, self.edge_dim, x)
        edge_index = _checks.traced_edges(edge_index, x.size(0))
        target = edge_index[1 if self.flow == "source_to_target" else 0]
        if not torch.compiler.is_compiling():
            _checks.edges(edge_index, x.size(0))
            ranks = ("ranks", self.num_ranks, self.flow)
            remembered(edge_index, ranks, lambda: self._check_ranks(rank, target), rank)
        if self.is_observed or self.decomposed_layers > 1 or self.aggr != "mean":
            return self.center(x) + self.propagate(edge_index, x=x, rank=rank, edge_attr=edge_attr)
        source = edge_index[0 if self.flow == "source_to_target" else 1]
        inputs = x.index_select(0, source)
        inputs = inputs if edge_attr is None else torch.cat([inputs, edge_attr], 1)
        slots = x.new_zeros(x.size(0) * self.num_ranks, inputs.size(1))
        beside = slots.index_add(0, target * self.num_ranks + rank, inputs).view(x.size(0), -1)
        return self.center(x) + beside @ self.neighbour.flatten(0, 1) / _degree(target, x).unsqueeze(1)

    def message(self, x_j: Tensor, rank: Tensor, edge_attr: Optional[Tensor]) -> Tensor:  # noqa: UP045 (PyG reads this)
        """Return ``W_N^r x_j + W_E^r e_ij``."""
        inputs = x_j if edge_attr is None else torch.cat([x_j, edge_attr], 1)
        return torch.bmm(inputs.unsqueeze(1), self.neighbour.index_select(0, rank)).squeeze(1)

    def _check_ranks(self, rank: Tensor, target: Tensor) -> None:
        allowed = f"integers [{target.size(0)}] in [0, {self.num_ranks})"
        fits = rank.shape == target.shape and not rank.is_floating_point() and rank.dtype != torch.bool
        if not fits or (rank.numel() and not (int(rank.min()) >= 0 and int(rank.max()) < self.num_ranks)):
            got = f"{rank.dtype} {list(rank.shape)}" + (f" up to {int(rank.max())}" if fits else "")
            raise ValueError(_checks.problem("rank", allowed, got, "one rank an edge; raise num_ranks, or drop edges"))
        slot = target * self.num_ranks + rank
        if slot.unique().numel() < slot.numel():
            remedy = "rank the neighbours with gnn_toolkit.graphs.rank_neighbours"
            raise ValueError(_checks.problem("rank", "different ranks for the neighbours of a node", "a tie", remedy))


def _check_edge_attr(edge_attr: Tensor | None, edge_index: Tensor, width: int, x: Tensor) -> None:
    _checks.tensor("edge_attr", edge_attr)
    assert edge_attr is not None
    if edge_attr.shape != (edge_index.size(1), width) or edge_attr.dtype != x.dtype:
        allowed = f"{x.dtype} [{edge_index.size(1)}, {width}]"
        got = f"{edge_attr.dtype} {list(edge_attr.shape)}"
        raise ValueError(_checks.problem("edge_attr", allowed, got, "one row an edge, edge_dim of the layer wide"))


def _degree(target: Tensor, x: Tensor) -> Tensor:
    """Return the number of neighbours of each node, at least 1."""
    return x.new_zeros(x.size(0)).index_add(0, target, x.new_ones(target.size(0))).clamp(min=1)


def _mean_into(edge_attr: Tensor, target: Tensor, num_nodes: int) -> Tensor:
    """Return the mean of the attributes of the edges into each node, [N, D]."""
    total = edge_attr.new_zeros(num_nodes, edge_attr.size(1)).index_add(0, target, edge_attr)
    return total / _degree(target, total).unsqueeze(1)
