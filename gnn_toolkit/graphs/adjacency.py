"""The adjacency matrix of a convolution, prepared once: normalised, and compressed by rows and by columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit._transforms import unwrapped
from gnn_toolkit.graphs.forms import to_edge_index
from gnn_toolkit.graphs.normalize import FLOWS, random_walk, symmetric, with_loop_weights, with_loops
from gnn_toolkit.graphs.product import compress, spmm


@dataclass(frozen=True, eq=False)
class Adjacency:
    """A sparse square matrix A over the nodes: ``A @ x`` sums over the edges into a node, with gradients both ways.

    A graph convolution takes it instead of ``edge_index`` and uses it as it is. Made by :func:`adjacency` or by
    the transform :class:`PrepareAdjacency`.

    Attributes:
        value: [E] weight of each entry, row by row.
        indices: the structure, as :func:`gnn_toolkit.graphs.product.compress` returns it: rows are targets, columns
            sources.
    """

    value: Tensor
    indices: list[Tensor]

    @property
    def num_nodes(self) -> int:
        """Number of nodes N."""
        return self.indices[0].size(0) - 1

    def __matmul__(self, x: Tensor) -> Tensor:
        """Return ``A @ x`` for x [N, F]; in the wider of both types.

        Raises:
            ValueError: x is no floating-point matrix with a row for each node.
        """
        _checks.tensor("x", x)
        _checks.on_device(self.value, x=x)
        fits = x.dim() == 2 and x.size(0) == self.num_nodes and x.layout == torch.strided
        if not fits or not x.is_floating_point():
            allowed = f"a dense floating-point matrix [{self.num_nodes}, F]"
            remedy = f"the matrix is of a graph of {self.num_nodes} nodes: pass one row a node"
            raise ValueError(_checks.problem("x", allowed, f"{x.dtype} {list(x.shape)} {x.layout}", remedy))
        dtype = torch.promote_types(self.value.dtype, x.dtype)
        return spmm(self.value.to(dtype), x.to(dtype), self.indices, False)

    def edges(self) -> tuple[Tensor, Tensor]:
        """Return edge_index [2, E] and edge_weight [E], sorted by target."""
        _, row, col, *_ = self.indices
        return torch.stack([col, row]).long(), self.value

    def to(self, *args: Any, **kwargs: Any) -> "Adjacency":
        """Return the matrix on another device; a type changes the values alone."""
        value = self.value.to(*args, **kwargs)
        return Adjacency(value, [index.to(value.device) for index in self.indices])

    def cpu(self) -> "Adjacency":
        """Return the matrix on the CPU."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> "Adjacency":
        """Return the matrix on a GPU."""
        return self.to("cuda" if device is None else f"cuda:{device}")

    @staticmethod
    def join(parts: Sequence["Adjacency"]) -> "Adjacency":
        """Return the block-diagonal matrix of a batch: what a loader collects into a list becomes one matrix.

        >>> one = adjacency(torch.tensor([[0], [1]]), None, 2)
        >>> Adjacency.join([one, one]).num_nodes
        4
        """
        edges, values, seen = [], [], 0
        for part in parts:
            edge_index, value = part.edges()
            edges.append(edge_index + seen)
            values.append(value)
            seen += part.num_nodes
        entry, *indices = compress(torch.cat(edges, 1), seen, False)
        return Adjacency(torch.cat(values)[entry], indices)


def adjacency(
    edge_index: Tensor,
    edge_weight: Tensor | None,
    num_nodes: int,
    *,
    normalize: bool = True,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: torch.dtype | None = None,
    signed: bool = False,
    walk: bool = False,
) -> Adjacency:
    """Return ``A_hat = D~^-1/2 (A + I) D~^-1/2``, or A itself, prepared for products.

    What is prepared is remembered with ``edge_index``, or the structure alone where ``edge_weight`` requires a
    gradient; :class:`gnn_toolkit.graphs.remember` says what that guarantees.

    Args:
        edge_index: integer tensor [2, E].
        edge_weight: weights [E]; ones where ``None``.
        num_nodes: number of nodes N.
        normalize: whether to normalise, as :func:`gnn_toolkit.graphs.gcn_norm` does; else A is used as it is.
        improved: add ``2 I`` instead of ``I``.
        add_self_loops: whether to add loops where ``normalize``.
        flow: ``"source_to_target"``, or ``"target_to_source"`` for the transpose.
        dtype: of the values; where ``None``, that of ``edge_weight``, or torch's default.
        signed: whether degrees sum absolute weights.
        walk: normalise to ``D~^-1 (A + I)``, the steps of a random walk, instead of the symmetric form.

    Raises:
        ValueError: an index out of range, or weights that do not fit.

    >>> a_hat = adjacency(torch.tensor([[0, 1], [1, 0]]), None, 2)
    >>> (a_hat @ torch.tensor([[1.0], [3.0]])).round(decimals=3)
    tensor([[2.],
            [2.]])
    """
    num_nodes = _checks.count("num_nodes", num_nodes)
    _checks.choice("flow", flow, FLOWS)
    _checks.edge_form(edge_index)
    _checks.on_device(edge_index, edge_weight=edge_weight)
    if edge_weight is not None:
        _checks.edge_weight_form(edge_weight, edge_index.size(1))
    loop = (2.0 if improved else 1.0) if normalize and add_self_loops else None
    dtype = dtype or (torch.get_default_dtype() if edge_weight is None else edge_weight.dtype)
    options = _Options(num_nodes, flow, loop, normalize, dtype, signed, walk)
    edge_index = _checks.traced_edges(unwrapped(edge_index), num_nodes)

    def make() -> Adjacency:
        structure = ("structure", num_nodes, flow, loop is None)
        entry, *indices = remembered(edge_index, structure, lambda: _compress(edge_index, options))
        return Adjacency(_values(edge_index, edge_weight, entry, options), indices)

    return remembered(edge_index, options, make, edge_weight)


@dataclass(frozen=True)
class _Options:
    num_nodes: int
    flow: str
    loop: float | None
    normalize: bool
    dtype: torch.dtype
    signed: bool
    walk: bool


def _compress(edge_index: Tensor, options: _Options) -> list[Tensor]:
    if options.loop is not None:
        edge_index = with_loops(edge_index, options.num_nodes)
    return compress(edge_index, options.num_nodes, options.flow != "source_to_target")


def _values(edge_index: Tensor, edge_weight: Tensor | None, entry: Tensor, options: _Options) -> Tensor:
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), dtype=options.dtype, device=edge_index.device)
    if not options.normalize:
        return edge_weight.to(options.dtype).index_select(0, entry)
    if not options.signed:
        _checks.not_negative(edge_weight)
    if options.loop is not None:
        edge_weight = with_loop_weights(edge_index, edge_weight, options.num_nodes, options.loop)
        edge_index = with_loops(edge_index, options.num_nodes)
    normal = random_walk if options.walk else symmetric
    weight = normal(edge_index, edge_weight, options.num_nodes, flow=options.flow, signed=options.signed)
    return weight.to(options.dtype).index_select(0, entry)


class PrepareAdjacency(BaseTransform):
    """Add ``adj_t``, the :class:`Adjacency` of a convolution, to a graph or to a batch of graphs.

    Pass ``data.adj_t`` to :class:`gnn_toolkit.GCNConv` instead of ``edge_index``; its own options on loops and
    normalisation then do nothing. ``edge_index`` stays for everybody else. A loader collects matrices that were
    prepared one by one into a list: :meth:`Adjacency.join` makes one of them; or transform the batch instead.

    Args:
        normalize: whether to normalise, as :func:`gnn_toolkit.graphs.gcn_norm` does.
        improved: add ``2 I`` instead of ``I``.
        add_self_loops: whether to add loops where ``normalize``.
        signed: whether degrees sum absolute weights.
        attr: where the weights are; ones where the graph has none.

    >>> from torch_geometric.data import Data
    >>> data = PrepareAdjacency()(Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2))
    >>> data.adj_t.value
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """

    def __init__(
        self,
        *,
        normalize: bool = True,
        improved: bool = False,
        add_self_loops: bool = True,
        signed: bool = False,
        attr: str = "edge_weight",
    ) -> None:
        self.options: dict[str, Any] = {"normalize": normalize, "improved": improved, "add_self_loops": add_self_loops}
        self.options["signed"], self.attr = signed, attr

    def forward(self, data: Any) -> Any:
        """Return the graph with ``adj_t``."""
        if data.edge_index is None or data.num_nodes is None:
            raise ValueError(_checks.problem("data", "a graph with edge_index", data, "set data.edge_index"))
        edge_index, edge_weight = to_edge_index(data.edge_index, data.get(self.attr))
        data.adj_t = adjacency(edge_index, edge_weight, data.num_nodes, **self.options)
        return data


torch.export.register_dataclass(Adjacency, serialized_type_name="gnn_toolkit.graphs.Adjacency")
