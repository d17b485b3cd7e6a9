"""The graph convolution of Kipf and Welling."""

from collections.abc import Callable
from functools import partial
from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch_geometric.nn.dense.linear import Linear
from torch_geometric.nn.inits import zeros

from gnn_toolkit import _checks
from gnn_toolkit._memo import Copy, aside, has_plain_values
from gnn_toolkit._transforms import unwrapped
from gnn_toolkit.graphs.adjacency import Adjacency, adjacency
from gnn_toolkit.graphs.forms import is_sparse_matrix, to_edge_index
from gnn_toolkit.graphs.normalize import gcn_norm
from gnn_toolkit.layers.observed import ObservedMessagePassing, refuse_jit_trace


class GCNConv(ObservedMessagePassing):
    """Graph convolution ``H' = A_hat H W + b`` with ``A_hat = D~^-1/2 (A + I) D~^-1/2`` (Kipf and Welling 2017, eq. 2).

    As messages: ``h'_v = b + sum over u -> v of a_uv W^T h_u``, where ``a_uv = w_uv / sqrt(d(u) d(v))`` and the sum
    includes v itself; d counts incoming edges, also on a directed graph. Arguments, call and ``state_dict`` are those
    of ``torch_geometric.nn.GCNConv``.

    The product with ``A_hat`` is one sparse product each way; it is prepared once for an ``edge_index`` that comes
    again. Hooks on messages, explainers, ``decomposed_layers``, another ``aggr`` and subclasses with a ``message`` of
    their own get ``MessagePassing.propagate`` instead.

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        out_channels: width of the output.
        improved: use ``A + 2I``, with and without weights; PyG 2.8 does so only where weights are given.
        cached: compute ``A_hat`` at the first call and keep it; only for a graph that never changes. Another number of
            nodes, ``edge_index`` or ``edge_weight`` is refused (in compiled code, where contents cannot be compared,
            another number of nodes). Weights that require a gradient are normalised at every call.
        add_self_loops: whether to add ``I``; default: if ``normalize``. A loop that is there keeps its weight.
        normalize: whether to normalise at all; if not, the weights are used as they are.
        bias: whether to learn b.
        signed: let degrees sum the absolute weights, so that weights may be negative (Kunegis et al. 2010).
        **kwargs: of ``MessagePassing``, e.g. ``flow``.

    Shapes:
        - ``x`` [N, F] or [..., N, F], dense or, [N, F], torch sparse
        - ``edge_index`` [2, E] with ``edge_weight`` [E]; or PyG's ``EdgeIndex``; or a torch sparse matrix [N, N] of
          any layout, with weights of edges from column to row; or an :class:`~gnn_toolkit.graphs.Adjacency`, which is
          used as it is
        - output [..., N, out_channels], of the type of ``x`` also where the weights have a wider one

    Raises:
        ValueError: on input that does not fit, another graph where ``cached``, or negative weights under normalisation
            without ``signed``.
        TypeError: under ``torch.jit``; ``torch.export`` and ``torch.compile`` take the layer.

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
        signed: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"aggr": "add", **kwargs})
        add_self_loops = normalize if add_self_loops is None else add_self_loops
        if add_self_loops and not normalize:
            remedy = "the layer does not support adding self-loops without normalising: add them to edge_index"
            raise ValueError(_checks.problem("add_self_loops", "False where normalize=False", True, remedy))
        self.in_channels = in_channels if in_channels == -1 else _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        self.improved, self.cached, self.signed = improved, cached, signed
        self.add_self_loops, self.normalize = add_self_loops, normalize
        self._cached_edge_index: Any = None
        self._cached_for: tuple[Any, list[Copy]] = (None, [])  # a cached A_hat, and the content of its graph
        self.lin = Linear(in_channels, out_channels, bias=False, weight_initializer="glorot")
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight from Glorot's uniform distribution, set the bias to 0 and forget a cached ``A_hat``."""
        super().reset_parameters()
        self.lin.reset_parameters()
        zeros(self.bias)
        self._cached_edge_index = None

    def forward(self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        """Return ``A_hat x W + b``, [..., N, out_channels]."""
        refuse_jit_trace(self)
        if isinstance(x, (tuple, list)):
            remedy = "a graph of two kinds of nodes needs a layer such as SAGEConv"
            raise ValueError(_checks.problem("x", "one tensor", type(x).__name__, remedy))
        width = x.size(-1) if self.in_channels == -1 and isinstance(x, Tensor) and x.dim() else self.in_channels
        weight = self.lin._parameters.get("weight") if isinstance(x, Tensor) else None
        _checks.features("x", x, width, batched=True, weight=weight, sparse=True)
        if self._by_messages():
            edges, weight = self._edges(edge_index, edge_weight, x)
            out = self.propagate(edges, x=self.lin(x), edge_weight=weight)
        else:
            out = self._multiply(self._matrix(edge_index, edge_weight, x), x)
        return out if self.bias is None else out + self.bias

    def message(self, x_j: Tensor, edge_weight: Optional[Tensor]) -> Tensor:  # noqa: UP045 (PyG reads this)
        """Return ``a_uv W^T h_u``."""
        if edge_weight is None:
            return x_j
        return edge_weight.view([-1 if axis == self.node_dim % x_j.dim() else 1 for axis in range(x_j.dim())]) * x_j

    def _by_messages(self) -> bool:
        """Return whether somebody looks at single messages, or sums them otherwise than a matrix product does."""
        return self.is_observed or self.decomposed_layers > 1 or self.aggr not in ("add", "sum")

    def _multiply(self, matrix: Adjacency, x: Tensor) -> Tensor:
        """Return ``A_hat x W``, with the sparse product on the side of W that is narrower."""
        if x.layout != torch.strided or x.size(-1) > self.out_channels:
            return self._along_edges(matrix, self.lin(x))
        out = self.lin(self._along_edges(matrix, x))
        return out.to(torch.promote_types(out.dtype, matrix.value.dtype))

    def _along_edges(self, matrix: Adjacency, x: Tensor) -> Tensor:
        if x.dim() == 2 and self.node_dim in (0, -2):
            return matrix @ x
        first = x.movedim(self.node_dim, 0)
        return (matrix @ first.flatten(1)).view(first.shape).movedim(0, self.node_dim)

    def _matrix(self, edge_index: Any, edge_weight: Tensor | None, x: Tensor) -> Adjacency:
        edge_index, edge_weight = self._read(edge_index, edge_weight, x)
        if isinstance(edge_index, Adjacency):
            return edge_index if edge_index.value.dtype == x.dtype else edge_index.to(x.dtype)
        make = partial(adjacency, edge_index, edge_weight, normalize=self.normalize)
        return self._kept(Adjacency, make, edge_index, edge_weight, x)

    def _edges(self, edge_index: Any, edge_weight: Tensor | None, x: Tensor) -> tuple[Tensor, Tensor | None]:
        edge_index, edge_weight = self._read(edge_index, edge_weight, x)
        if isinstance(edge_index, Adjacency):
            edges, weight = edge_index.edges()
        elif self.normalize:
            make = partial(gcn_norm, edge_index, edge_weight)
            edges, weight = self._kept(tuple, make, edge_index, edge_weight, x)
        else:
            _checks.edges(edge_index, x.size(self.node_dim))
            if edge_weight is not None:
                _checks.edge_weights(edge_weight, edge_index.size(1), signed=True)
            edges, weight = edge_index, edge_weight
        return edges, None if weight is None else weight.to(x.dtype)

    def _kept(
        self, form: type, make: Callable[..., Any], edge_index: Tensor, edge_weight: Tensor | None, x: Tensor
    ) -> Any:
        """Return the cached adjacency if it has this form, else make it, and keep it where it may be cached."""
        options: dict[str, Any] = {
            "improved": self.improved,
            "add_self_loops": self.add_self_loops,
            "signed": self.signed,
        }
        options.update(num_nodes=x.size(self.node_dim), flow=self.flow, dtype=x.dtype)
        learned = edge_weight is not None and edge_weight.requires_grad
        if not (self.cached and self.normalize) or learned or torch.compiler.is_exporting():
            return make(**options)
        if torch.compiler.is_compiling():
            if not isinstance(self._cached_edge_index, form):
                self._cached_edge_index = make(**options)
            self._check_cached(x, self._cached_edge_index, [], [])
            return self._cached_edge_index
        given = [unwrapped(edge_index), edge_weight]
        if not all(t is None or has_plain_values(t) for t in given):
            return make(**options)
        with aside():
            kept, (of, copies) = self._cached_edge_index, self._cached_for
            if not isinstance(kept, form) or of is not kept:  # none yet, or one that a compiler or a thread has left
                kept, copies = make(**options), [Copy(t) for t in given]
                self._cached_for = kept, copies
                self._cached_edge_index = kept
            self._check_cached(x, kept, copies, given)
        return kept

    def _check_cached(self, x: Tensor, kept: Any, copies: list[Copy], given: list[Tensor | None]) -> None:
        """Raise a ``ValueError`` unless this is the graph whose adjacency is cached."""
        remedy = "set cached=False: what is found out about a graph is remembered with its edge_index anyway"
        num_nodes = x.size(self.node_dim)
        if isinstance(kept, Adjacency) and kept.num_nodes != num_nodes:
            allowed = f"{kept.num_nodes} nodes, as in the first call, because of cached=True"
            raise ValueError(_checks.problem("x", allowed, num_nodes, remedy))
        for name, copy, tensor in zip(("edge_index", "edge_weight"), copies, given, strict=False):
            if not copy.matches(tensor):
                allowed = "that of the first call, because of cached=True"
                raise ValueError(_checks.problem(name, allowed, "another", remedy))

    def _read(self, edge_index: Any, edge_weight: Tensor | None, x: Tensor) -> tuple[Any, Tensor | None]:
        """Return an adjacency that is prepared, or its edges and weights."""
        prepared, size = isinstance(edge_index, Adjacency), x.size(self.node_dim)
        if prepared or is_sparse_matrix(edge_index):
            if self.flow != "source_to_target":
                remedy = "its rows are targets already: transpose the matrix"
                raise ValueError(
                    _checks.problem("edge_index", "flow source_to_target with a matrix", self.flow, remedy)
                )
            rows = edge_index.num_nodes if prepared else edge_index.size(0)
            if rows != size:
                remedy = "one row of the matrix for each row of x"
                raise ValueError(_checks.problem("edge_index", f"a matrix of {size} nodes", rows, remedy))
        if not prepared:
            edge_index, edge_weight = to_edge_index(edge_index, edge_weight)
            _checks.edge_form(edge_index)
            _checks.on_device(x, edge_index=edge_index, edge_weight=edge_weight)
            return edge_index, edge_weight
        if edge_weight is not None:
            remedy = "prepare the matrix with the weights"
            raise ValueError(_checks.problem("edge_weight", "None beside a prepared matrix", "a tensor", remedy))
        return edge_index, None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "GCNConv":
        self._cached_edge_index = None  # it may lie on another device
        return super()._apply(fn, recurse)
