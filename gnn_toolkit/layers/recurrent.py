"""Recurrent layers over any directed acyclic graph: DAGRNN, DAGGRU, DAGLSTM."""

from collections.abc import Sequence

from torch import Tensor
from torch_geometric.nn import MessagePassing

from gnn_toolkit import _checks
from gnn_toolkit.layers.cells import GRUCell, LSTMCell, RelationLSTMCell, RNNCell
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.layers.stacked import StackedRecurrence


class _SingleState(DAGRecurrence):
    """A recurrence whose state is ``h`` alone."""

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        hx: Sequence[Tensor] | None = None,
        *,
        edge_type: Tensor | None = None,
        level: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return outputs [N, D * H] of the last layer and the final states of every layer and direction."""
        out, (h_n,) = self._walk_all(x, edge_index, None if hx is None else [hx], edge_type, level)
        return out, h_n


class DAGRNN(_SingleState):
    """Elman recurrence over a DAG (DAG-RNN, Shuai et al. 2016, eq. 3): ``torch.nn.RNN`` where the DAG is a path.

        s_v = mean of h_u over u -> v  (for each edge type),  h_v = tanh(W_ih x_v + b_ih + sum of W_hh[type] s_v + b_hh)

    ``aggr="sum"`` is the published form.

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        hidden_channels: width H of a state.
        num_layers: number of layers; each reads the outputs of the one before.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether to learn ``b_ih`` and ``b_hh``.
        dropout: probability of dropping an output between layers while training.
        bidirectional: also walk the reversed graph; outputs are then 2 * H wide.
        num_relations: number R of edge types, each with its own ``W_hh``.
        backend: ``"message_passing"`` (PyG, level by level), ``"fused"`` (own kernels, any DAG), ``"vendor"`` (torch's
            kernels, batches of paths only) or ``"auto"``: the fastest that fits, and message passing under hooks,
            explainers, own ``message`` methods, ``torch.func`` and forward-mode derivatives.
        aggr: how what several predecessors send along edges of one type becomes one: ``"mean"``, ``"sum"``, ``"max"``.
            Sums grow exponentially with the depth where nodes have several predecessors.
        flow: ``"source_to_target"``, or ``"target_to_source"`` to walk every edge the other way round.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``edge_type`` [E], ``level`` [N]
        - ``hx``, ``h_n``: ``num_layers * D`` tensors; forward [starts, H] in and [ends, H] out, reverse the other way;
          rows by the numbers of the nodes
        - output [N, D * H]

    Raises:
        ValueError: on input that does not fit; a cycle is named.

    >>> import torch
    >>> layer = DAGRNN(8, 16)
    >>> out, h_n = layer(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, h_n[0].shape
    (torch.Size([3, 16]), torch.Size([1, 16]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "mean",
        flow: str = "source_to_target",
    ) -> None:
        super().__init__(
            RNNCell(_checks.choice("nonlinearity", nonlinearity, ("tanh", "relu"))),
            in_channels,
            hidden_channels,
            num_layers,
            bias=bias,
            dropout=dropout,
            bidirectional=bidirectional,
            num_relations=num_relations,
            backend=backend,
            aggr=aggr,
            flow=flow,
        )


class DAGGRU(_SingleState):
    """Gated recurrence over a DAG, in torch's form of the GRU: ``torch.nn.GRU`` where the DAG is a path.

    With ``s_v`` the mean of ``h_u`` over ``u -> v`` instead of ``h_(t-1)``; the reset gate acts after the product:

        r = sigmoid(W_ir x_v + b_ir + W_hr s_v + b_hr),  z likewise
        n = tanh(W_in x_v + b_in + r * (W_hn s_v + b_hn)),  h_v = (1 - z) * n + z * s_v

    Arguments, shapes and errors are those of :class:`DAGRNN`, without ``nonlinearity``.

    >>> import torch
    >>> layer = DAGGRU(8, 16, bidirectional=True)
    >>> out, h_n = layer(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, [h.shape[0] for h in h_n]
    (torch.Size([3, 32]), [1, 2])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "mean",
        flow: str = "source_to_target",
    ) -> None:
        super().__init__(
            GRUCell(),
            in_channels,
            hidden_channels,
            num_layers,
            bias=bias,
            dropout=dropout,
            bidirectional=bidirectional,
            num_relations=num_relations,
            backend=backend,
            aggr=aggr,
            flow=flow,
        )


class DAGLSTM(DAGRecurrence):
    """Long short-term memory over a DAG with a forget gate for every edge: ``torch.nn.LSTM`` where the DAG is a path.

    With one relation a direction it runs on a pixel grid, with one a label it is the graph LSTM over typed edges (Peng
    et al. 2017); on trees, with ``aggr="sum"``, it is the child-sum Tree-LSTM (Tai et al. 2015, eq. 2-8). With ``s``
    the sum of ``W_hh[type]`` times the mean of ``h_u`` over the edges of that type:

        f_e = sigmoid(W_if x_v + b_if + W_hf[type] h_u + b_hf)      for every edge e = u -> v
        i, o = sigmoid(W_i. x_v + b_i. + s + b_h.),  g = tanh(W_ig x_v + b_ig + s + b_hg)
        c_v = i * g + sum over types of (mean of f_e * c_u),  h_v = o * tanh(c_v)

    With ``forget="relation"`` there is one forget gate for every relation instead, fed by the aggregates of all of
    them: the N-ary Tree-LSTM (Tai et al. 2015, eq. 9-14) and the multi-dimensional LSTM (Graves et al. 2007); see
    :class:`gnn_toolkit.layers.cells.RelationLSTMCell`. Weights then have ``(3 + R) * H`` rows: i, f_1, ..., f_R, g, o.

    Arguments, shapes and errors are those of :class:`DAGRNN`, without ``nonlinearity``; ``hx`` and the final state are
    pairs ``(h, c)`` of such tuples. ``aggr`` acts on ``h_u`` and on the memories ``f_e * c_u`` alike.

    Args:
        forget: ``"edge"`` or ``"relation"``: what has a forget gate of its own.

    >>> import torch
    >>> layer = DAGLSTM(8, 16, num_relations=2)
    >>> edge_index, edge_type = torch.tensor([[0, 1], [2, 2]]), torch.tensor([0, 1])
    >>> out, (h_n, c_n) = layer(torch.randn(3, 8), edge_index, edge_type=edge_type)
    >>> bool((out[2] == h_n[0][0]).all())
    True
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        forget: str = "edge",
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "mean",
        flow: str = "source_to_target",
    ) -> None:
        _checks.choice("forget", forget, ("edge", "relation"))
        relations = _checks.positive("num_relations", num_relations)
        super().__init__(
            LSTMCell() if forget == "edge" else RelationLSTMCell(relations),
            in_channels,
            hidden_channels,
            num_layers,
            bias=bias,
            dropout=dropout,
            bidirectional=bidirectional,
            num_relations=relations,
            backend=backend,
            aggr=aggr,
            flow=flow,
        )

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        hx: tuple[Sequence[Tensor], Sequence[Tensor]] | None = None,
        *,
        edge_type: Tensor | None = None,
        level: Tensor | None = None,
    ) -> tuple[Tensor, tuple[tuple[Tensor, ...], tuple[Tensor, ...]]]:
        """Return outputs [N, D * H] of the last layer and the final (h, c) of every layer and direction."""
        out, (h_n, c_n) = self._walk_all(x, edge_index, hx, edge_type, level)
        return out, (h_n, c_n)


class DAGOutput(MessagePassing):
    """A recurrence that returns its outputs alone, for ``HeteroConv``, ``to_hetero`` and ``Sequential``.

    These call a layer with a pair of node features, of an edge type's sources and targets. A recurrence runs within one
    type of nodes, so both must be the same tensor.

    Args:
        layer: a :class:`DAGRNN`, :class:`DAGGRU`, :class:`DAGLSTM`, or one that is linear in its state.

    Shapes:
        - ``x`` [N, F] or a pair of it, ``edge_index`` [2, E]; output [N, D * H]

    Raises:
        ValueError: sources and targets are different nodes.

    >>> import torch
    >>> DAGOutput(DAGLSTM(8, 16))(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]])).shape
    torch.Size([3, 16])
    """

    def __init__(self, layer: StackedRecurrence) -> None:
        super().__init__()
        self.layer = layer
        self.in_channels, self.out_channels = layer.in_channels, layer.out_channels

    def reset_parameters(self) -> None:
        """Draw the parameters of the recurrence anew."""
        self.layer.reset_parameters()

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        edge_index: Tensor,
        *,
        edge_type: Tensor | None = None,
        level: Tensor | None = None,
    ) -> Tensor:
        """Return the outputs [N, D * H] of the last layer."""
        if isinstance(x, (tuple, list)):
            if len(x) != 2 or x[0] is not x[1]:
                remedy = "a recurrence runs along edges between nodes of one type; use a convolution for the others"
                raise ValueError(_checks.problem("x", "one tensor, or the same one twice", "two of them", remedy))
            x = x[0]
        return self.layer(x, edge_index, edge_type=edge_type, level=level)[0]
