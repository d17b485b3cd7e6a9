"""The Graph LSTM of Liang et al. (2016): an LSTM over an undirected graph whose nodes are visited in a chosen order."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks, _transforms
from gnn_toolkit._memo import remembered
from gnn_toolkit._transforms import unwrapped
from gnn_toolkit.graphs.incidence import incidence
from gnn_toolkit.graphs.order import level_order
from gnn_toolkit.layers.kernels import visits
from gnn_toolkit.layers.observed import refuse_jit_trace

BACKENDS = ("auto", "plain", "fused")


class GraphLSTM(nn.Module):
    """Graph LSTM of Liang et al. (2016, eq. 2 and 3), over any graph, in the order of a score.

    Nodes are visited from the highest ``score`` to the lowest; of equal ones the first comes first. With q_j = 1 where
    the neighbour j was visited before i, h and m the states of the layer before, and f_i the node's input:

        hbar_i = mean over j of (q_j ? h_j' : h_j)
        u, o   = sigmoid(W f_i + U h_i + V hbar_i + b),   g = tanh(W_g f_i + U_g h_i + V_g hbar_i + b_g)
        f_i'   = sigmoid(W_f f_i + U_f h_i + b_f),        f_ij = sigmoid(W_f f_i + V_f h_j + b_f)
        m_i'   = mean over j of f_ij * (q_j ? m_j' : m_j) + f_i' * m_i + u * g
        h_i'   = tanh(o * m_i')

    Visited neighbours form a DAG and all others are constants, so whole levels of the DAG are computed at once. The
    gates f_ij read the old states alone and are computed before the walk. Layers after the first read ``f + h'``, a
    residual connection, with the states of the layer before them; a linear map without bias brings f to the width of h
    where they differ.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of a state.
        num_layers: number of layers.
        bias: whether to learn b.
        backend: ``"fused"``, one operator with a backward pass of its own; ``"plain"``, torch's operators level by
            level; ``"auto"``, fused but under ``torch.func`` and forward-mode derivatives.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E]: the neighbours of a node are the sources of the edges into it, so an
          undirected graph has each edge both ways; parallel edges count as often as they are there, and a loop reads
          the old state
        - ``score`` [N], numbers
        - ``hx``: h and m [N, H] of an earlier step, zeros where ``None``
        - output [N, H], and the last layer's (h, m)

    Raises:
        ValueError: on input that does not fit, and a score that is NaN.
        TypeError: under ``torch.jit``.

    >>> layer = GraphLSTM(4, 8)
    >>> out, (h, m) = layer(torch.randn(3, 4), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]), torch.rand(3))
    >>> out.shape
    torch.Size([3, 8])
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, num_layers: int = 1, *, bias: bool = True, backend: str = "auto"
    ) -> None:
        super().__init__()
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.hidden_channels = self.out_channels = _checks.positive("hidden_channels", hidden_channels)
        self.num_layers = _checks.positive("num_layers", num_layers)
        self.backend = _checks.choice("backend", backend, BACKENDS)
        self.bias = bool(bias)
        rows = 4 * hidden_channels  # the gates u, g, o, f
        for layer in range(num_layers):
            width = in_channels if layer == 0 else hidden_channels
            shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden_channels)}
            shapes |= {"weight_nh": (rows, hidden_channels)} | ({"bias": (rows,)} if bias else {})
            for name, shape in shapes.items():
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(torch.empty(shape)))
        needs_map = num_layers > 1 and in_channels != hidden_channels
        self.shortcut = nn.Linear(in_channels, hidden_channels, bias=False) if needs_map else nn.Identity()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), as ``torch.nn.LSTM`` does."""
        bound = 1.0 / math.sqrt(self.hidden_channels)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, x: Tensor, edge_index: Tensor, score: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the outputs [N, H] and the last layer's (h, m)."""
        refuse_jit_trace(self)
        weight: Any = self.weight_ih_l0  # as it is now, pruned or reparametrised
        _checks.features("x", x, self.in_channels, weight=weight)
        _checks.on_device(x, edge_index=edge_index, score=score)
        states = None if hx is None else self._initial(hx, x)
        visit = _visit(edge_index, score, x.size(0))
        share = visit.count.to(x.dtype).clamp(min=1).reciprocal().unsqueeze(1)
        run = self._walk()
        for layer in range(self.num_layers):
            states = self._layer(layer, x, states, visit, share, run)
            if layer < self.num_layers - 1:
                x = (x if layer else self.shortcut(x)) + states[0]
        assert states is not None
        return states[0], states

    def _initial(self, hx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        shape = (x.size(0), self.hidden_channels)
        if not isinstance(hx, (tuple, list)) or len(hx) != 2 or any(tuple(state.shape) != shape for state in hx):
            got = [tuple(state.shape) for state in hx] if isinstance(hx, (tuple, list)) else type(hx).__name__
            raise ValueError(_checks.problem("hx", f"h and m of shape {shape}", got, "pass what a call returned"))
        for state in hx:
            _checks.like("hx", state, x)
        return hx[0], hx[1]

    def _walk(self) -> Any:
        transforming = _transforms.is_transforming()
        if self.backend == "fused" and transforming:
            allowed = "'auto' or 'plain' under torch.func or forward-mode derivatives"
            raise ValueError(_checks.problem("backend", allowed, "'fused'", "use backend='auto'"))
        return visits.plain if self.backend == "plain" or transforming else visits.forward

    def _layer(
        self,
        layer: int,
        x: Tensor,
        states: tuple[Tensor, Tensor] | None,
        visit: "_Visit",
        share: Tensor,
        run: Any,
    ) -> tuple[Tensor, Tensor]:
        hidden = self.hidden_channels
        weights = (getattr(self, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "weight_nh"))
        weight_ih, weight_hh, weight_nh = weights
        of_gates, of_forget = weight_nh.split([3 * hidden, hidden])
        gates, asked = nn.functional.linear(x, weight_ih, getattr(self, f"bias_l{layer}", None)).split(
            [3 * hidden, hidden], 1
        )
        forget, base = asked.index_select(0, visit.target), torch.zeros_like(asked)
        if states is not None:
            h, m = states
            own, own_forget = (h @ weight_hh.t()).split([3 * hidden, hidden], 1)
            forget = forget + (h @ of_forget.t()).index_select(0, visit.source)
            kept = forget[visit.waiting].sigmoid() * m.index_select(0, visit.source[visit.waiting])
            base = base.index_add(0, visit.target[visit.waiting], kept) * share + (asked + own_forget).sigmoid() * m
            old = torch.zeros_like(h).index_add(
                0, visit.target[visit.waiting], h.index_select(0, visit.source[visit.waiting])
            )
            gates = gates + own + (old * share) @ of_gates.t()
        keep = forget[visit.slots].sigmoid() * share.index_select(0, visit.target[visit.slots])
        in_places = (t.index_select(0, visit.nodes) for t in (gates, base))
        found = run(*in_places, keep, of_gates, share.index_select(0, visit.nodes), visit.structure)
        h, m = (state.index_select(0, visit.places) for state in found[:2])
        return h, m

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.hidden_channels}, num_layers={self.num_layers})"


class _Visit(NamedTuple):
    """The order of a visit.

    Attributes:
        source: [E] of all edges.
        target: [E] of all edges.
        count: [N] neighbours of each node.
        waiting: the edges from nodes that are not visited yet.
        slots: the other edges, in the order of the walk.
        nodes: [N] the node at each place of the walk.
        places: [N] the place of each node.
        structure: the walk's edges, an ``Incidence`` as a list.
    """

    source: Tensor
    target: Tensor
    count: Tensor
    waiting: Tensor
    slots: Tensor
    nodes: Tensor
    places: Tensor
    structure: list[Tensor]


def _visit(edge_index: Tensor, score: Tensor, num_nodes: int) -> _Visit:
    """Return the order of the visit, remembered with ``edge_index`` and ``score``."""
    _checks.edge_form(edge_index)
    edge_index, score = _checks.traced_edges(unwrapped(edge_index), num_nodes), score.detach()
    if not torch.compiler.is_compiling():
        _checks.edges(edge_index, num_nodes)
        if score.shape != (num_nodes,) or score.dtype.is_complex or bool(score.isnan().any()):
            got = f"{score.dtype} {list(score.shape)}" + (" with NaN" if bool(score.isnan().any()) else "")
            raise ValueError(_checks.problem("score", f"numbers [{num_nodes}]", got, "one number a node"))
    return remembered(edge_index, ("visit", num_nodes), lambda: _make(edge_index, score, num_nodes), score)


def _make(edge_index: Tensor, score: Tensor, num_nodes: int) -> _Visit:
    source, target = edge_index.long()
    rank = torch.argsort(torch.argsort(score, descending=True, stable=True))
    visited = rank[source] < rank[target]
    chosen = visited.nonzero().squeeze(1)
    order = level_order(edge_index[:, chosen].contiguous(), num_nodes)
    structure = incidence(order.source, order.target, order.relation, order.node_ptr, num_nodes, 1)
    return _Visit(
        source=source,
        target=target,
        count=torch.bincount(target, minlength=num_nodes),
        waiting=(~visited).nonzero().squeeze(1),
        slots=chosen[order.edges],
        nodes=order.nodes,
        places=order.places,
        structure=list(structure),
    )
