"""Recurrences over paths with skip edges: each step hears not only the one before it, but some further back."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.order import LevelOrder, level_order
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN

Memory = tuple[Tensor, ...]  # one tensor [num_layers, B, M, H] a state of the cell: the last M steps, the newest last


class _Dilated(DAGRecurrence):
    """What the three share: a path (edges of type 0), and edges of type k from ``dilations[k-1]`` steps back.

    A step that is not there counts as one whose states are zeros, which is the same in every cell.
    """

    offsets: tuple[int, ...]

    def forward(self, x: Tensor, hx: Memory | None = None) -> tuple[Tensor, Memory]:
        """Return the outputs of the last layer, and the states of the last steps.

        Args:
            x: [B, T, F].
            hx: the states of the steps before; ``None`` for zeros.

        Returns:
            outputs [B, T, H], and the states of the last ``max(dilations)`` steps.
        """
        return self._run_whole(x) if hx is None else self._run_steps(x, hx, self.dropout if self.training else 0.0)

    def step(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Take the next step of B sequences [B, F], without dropout; return outputs [B, H] and the new states."""
        out, memory = self._run_steps(x.unsqueeze(1), memory, 0.0)
        return out.squeeze(1), memory

    def blank(self, batch: int) -> Memory:
        """Return the states before the first step."""
        like = self.flat_weights()[1]
        shape = (self.num_layers, batch, max(self.offsets), self.hidden_channels)
        return (like.new_zeros(shape),) * self.cell.num_states

    def _run_whole(self, x: Tensor) -> tuple[Tensor, Memory]:
        """Walk the directed acyclic graph of all steps, layer by layer."""
        batch, steps = x.shape[:2]
        order = _order(steps, batch, self.offsets, x.device)
        x, memory = x.transpose(0, 1).flatten(0, 1), []
        for layer in range(self.num_layers):
            x = nn.functional.dropout(x, self.dropout, self.training and layer > 0)
            x, states = self._along(x, order, layer, None, self._backend_for(order))
            memory.append([self._last(state.view(steps, batch, -1)) for state in states])
        return x.view(steps, batch, -1).transpose(0, 1), tuple(map(torch.stack, zip(*memory, strict=True)))

    def _last(self, states: Tensor) -> Tensor:
        """Return the last steps of states [T, B, H] as [B, M, H], after zeros where there are fewer."""
        missing = max(0, max(self.offsets) - states.size(0))
        return nn.functional.pad(states[-max(self.offsets) :], (0, 0, 0, 0, missing, 0)).transpose(0, 1)

    def _run_steps(self, x: Tensor, memory: Memory, dropout: float) -> tuple[Tensor, Memory]:
        """Take one step after another, all layers, by the cell's own equations."""
        past, outputs = [torch.cat(list(layer), -1) for layer in zip(*memory, strict=True)], []
        for step in x.unbind(1):
            for layer in range(self.num_layers):
                if layer:
                    step = nn.functional.dropout(step, dropout)
                new = self._step(step, past[layer], layer)
                past[layer] = torch.cat([past[layer][:, 1:], new.unsqueeze(1)], 1)
                step = new[:, : self.hidden_channels]
            outputs.append(step)
        return torch.stack(outputs, 1), tuple(torch.stack(past).chunk(self.cell.num_states, -1))

    def _step(self, x: Tensor, past: Tensor, layer: int) -> Tensor:
        """Return the new states [B, S * H] of a layer, from those of the steps before, [B, M, S * H]."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.weights(f"l{layer}")
        assert weight_ih is not None
        assert weight_hh is not None
        gates = nn.functional.linear(x, weight_ih, bias_ih)
        into = self.cell.edge_gates(gates)
        messages = [
            self.cell.message(past[:, -offset], into, weight, bias_hh)
            for offset, weight in zip(self.offsets, weight_hh, strict=True)
        ]
        return self.cell.update(gates, torch.stack(messages), weight_hh, bias_hh)


def _order(steps: int, batch: int, offsets: tuple[int, ...], device: torch.device) -> LevelOrder:
    """Return the order of B paths of T steps with skip edges, node t * B + b; remembered for these numbers."""
    question = ("dilated order", steps, batch, offsets, device)
    return remembered(None, question, lambda: _new_order(steps, batch, offsets, device))


def _new_order(steps: int, batch: int, offsets: tuple[int, ...], device: torch.device) -> LevelOrder:
    nodes, edges, types = torch.arange(steps * batch), [], []
    for kind, offset in enumerate(offsets):
        source = nodes[: max(0, steps - offset) * batch]
        edges.append(torch.stack([source, source + offset * batch]))
        types.append(torch.full_like(source, kind))
    edge_index, edge_type = torch.cat(edges, 1).to(device), torch.cat(types).to(device)
    return level_order(edge_index, steps * batch, edge_type=edge_type, num_relations=len(offsets))


def _offsets(dilations: Sequence[int]) -> tuple[int, ...]:
    if not dilations or any(isinstance(d, bool) or not isinstance(d, int) or d < 2 for d in dilations):
        remedy = "pass e.g. (8,): the step before is heard anyway"
        raise ValueError(_checks.problem("dilations", "integers of at least 2", list(dilations), remedy))
    return (1, *dilations)


class DilatedRNN(_Dilated, DAGRNN):
    """Elman network over paths with skip edges, each with a recurrent weight of its own.

    Args:
        in_channels: width F of the input.
        hidden_channels: width H of a state.
        num_layers: number of layers.
        dilations: how many steps back the skip edges reach, each at least 2.
        dropout: probability of dropping an output between layers while training.

    Raises:
        ValueError: sizes below 1, or a dilation below 2.

    >>> out, (h,) = DilatedRNN(3, 4, 1, (2, 5))(torch.randn(2, 7, 3))
    >>> out.shape, h.shape
    (torch.Size([2, 7, 4]), torch.Size([1, 2, 5, 4]))
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, num_layers: int, dilations: Sequence[int], dropout: float = 0.0
    ) -> None:
        offsets = _offsets(dilations)
        DAGRNN.__init__(self, in_channels, hidden_channels, num_layers, dropout=dropout, num_relations=len(offsets))
        self.offsets = offsets


class DilatedGRU(_Dilated, DAGGRU):
    """Gated recurrent unit over paths with skip edges; arguments and errors are those of :class:`DilatedRNN`.

    >>> DilatedGRU(3, 4, 1, (2,))(torch.randn(2, 7, 3))[0].shape
    torch.Size([2, 7, 4])
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, num_layers: int, dilations: Sequence[int], dropout: float = 0.0
    ) -> None:
        offsets = _offsets(dilations)
        DAGGRU.__init__(self, in_channels, hidden_channels, num_layers, dropout=dropout, num_relations=len(offsets))
        self.offsets = offsets


class DilatedLSTM(_Dilated, DAGLSTM):
    """Long short-term memory over paths with skip edges, a forget gate for each; arguments as of :class:`DilatedRNN`.

    >>> DilatedLSTM(3, 4, 1, (2,))(torch.randn(2, 7, 3))[0].shape
    torch.Size([2, 7, 4])
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, num_layers: int, dilations: Sequence[int], dropout: float = 0.0
    ) -> None:
        offsets = _offsets(dilations)
        DAGLSTM.__init__(self, in_channels, hidden_channels, num_layers, dropout=dropout, num_relations=len(offsets))
        self.offsets = offsets
