"""Recurrent layers over any directed acyclic graph: DAGRNN, DAGGRU, DAGLSTM."""

from collections.abc import Sequence

from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.layers.cells import GRUCell, LSTMCell, RelationLSTMCell, RNNCell
from gnn_toolkit.layers.recurrence import DAGRecurrence


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

    ``h_v = tanh(W_ih x_v + b_ih + sum over u -> v of W_hh[type] h_u + b_hh)``

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of a state.
        num_layers: number of layers; each reads the outputs of the one before.
        bias: whether to learn ``b_ih`` and ``b_hh``.
        dropout: probability of dropping an output between layers while training.
        bidirectional: also walk the reversed graph; outputs are then 2 * H wide.
        num_relations: number R of edge types, each with its own ``W_hh``.
        backend: ``"message_passing"`` (PyG, level by level), ``"fused"`` (own kernels, any DAG), ``"vendor"`` (torch's
            kernels, batches of paths only) or ``"auto"``, the fastest that fits.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        aggr: how the states of several predecessors by edges of one type become one: ``"sum"``, ``"mean"``, ``"max"``.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``edge_type`` [E], ``level`` [N]
        - ``hx``, ``h_n``: ``num_layers * D`` tensors; forward [starts, H] in and [ends, H] out, reverse the other way
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
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        nonlinearity: str = "tanh",
        aggr: str = "sum",
    ) -> None:
        cell = RNNCell(_checks.choice("nonlinearity", nonlinearity, ("tanh", "relu")))
        sizes = (in_channels, hidden_channels, num_layers)
        super().__init__(cell, *sizes, bias, dropout, bidirectional, num_relations, backend, aggr)


class DAGGRU(_SingleState):
    """Gated recurrence over a DAG, in torch's form of the GRU: ``torch.nn.GRU`` where the DAG is a path.

    With ``s_v`` the sum of ``h_u`` over ``u -> v`` instead of ``h_(t-1)``; the reset gate acts after the product:

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
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "sum",
    ) -> None:
        sizes = (in_channels, hidden_channels, num_layers)
        super().__init__(GRUCell(), *sizes, bias, dropout, bidirectional, num_relations, backend, aggr)


class DAGLSTM(DAGRecurrence):
    """Long short-term memory over a DAG with a forget gate for every edge: ``torch.nn.LSTM`` where the DAG is a path.

    On trees it is the child-sum Tree-LSTM (Tai et al. 2015, eq. 2-8); with one relation a direction it runs on a pixel
    grid, with one a label the graph LSTM over typed edges (Peng et al. 2017). With ``s`` the sum of ``W_hh[type] h_u``:

        f_e = sigmoid(W_if x_v + b_if + W_hf[type] h_u + b_hf)      for every edge e = u -> v
        i, o = sigmoid(W_i. x_v + b_i. + s + b_h.),  g = tanh(W_ig x_v + b_ig + s + b_hg)
        c_v = i * g + sum over e of f_e * c_u,  h_v = o * tanh(c_v)

    With ``forget="relation"`` there is one forget gate for every relation in its place, fed by the sums of all of them:
    the N-ary Tree-LSTM (Tai et al. 2015, eq. 9-14) and the multi-dimensional LSTM (Graves et al. 2007); see
    :class:`gnn_toolkit.layers.cells.RelationLSTMCell`. Weights then have ``(3 + R) * H`` rows: i, f_1, ..., f_R, g, o.

    Arguments, shapes and errors are those of :class:`DAGRNN`, without ``nonlinearity``; ``hx`` and the final state are
    pairs ``(h, c)`` of such tuples. ``aggr`` acts on ``h``; memories are always summed.

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
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "sum",
        forget: str = "edge",
    ) -> None:
        _checks.choice("forget", forget, ("edge", "relation"))
        cell = LSTMCell() if forget == "edge" else RelationLSTMCell(num_relations)
        sizes = (in_channels, hidden_channels, num_layers)
        super().__init__(cell, *sizes, bias, dropout, bidirectional, num_relations, backend, aggr)

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
