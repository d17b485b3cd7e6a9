"""Recurrences over sequences: these become paths, in whatever form they come, and the paths' states tensors."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.order import LevelOrder, path_order
from gnn_toolkit.layers.observed import refuse_jit_trace
from gnn_toolkit.layers.stacked import StackedRecurrence, States
from gnn_toolkit.models import forms


class OverPaths(StackedRecurrence):
    """What the sequence models share."""

    _input, _sizes = "input", ("input_size", "hidden_size")
    batch_first: bool

    def _adapt(self, batch_first: bool, device: Any, dtype: torch.dtype | None) -> None:
        self.batch_first = bool(batch_first)
        self.input_size, self.hidden_size = self.in_channels, self.hidden_channels
        if device is not None or dtype is not None:
            self.to(device=device, dtype=dtype)

    def _run_sequences(self, sequences: Any, hx: Any) -> tuple[Any, list[Tensor]]:
        """Check the input, and run over sequences in any form; ``hx`` and the final states: one tensor a state."""
        refuse_jit_trace(self)
        weight = self.flat_weights()[1]
        if hx is not None:
            self._check_states(hx, weight)
        if isinstance(sequences, PackedSequence):
            forms.check_rows("input.data", sequences.data, self.in_channels, weight)
            return self._run_packed(sequences, hx)
        if isinstance(sequences, (list, tuple)):
            forms.check_list(sequences, self.in_channels, weight)
            lengths = [sequence.size(0) for sequence in sequences]
            out, final = self._run_jagged(torch.cat(list(sequences)), torch.tensor(lengths), hx)
            parts = out.split(lengths)
            return list(parts) if isinstance(sequences, list) else tuple(parts), final
        _checks.tensor("input", sequences)
        if sequences.is_nested:
            forms.check_nested(sequences, self.in_channels, weight)
            offsets = sequences.offsets()
            out, final = self._run_jagged(sequences.values(), offsets.diff(), hx)
            return torch.nested.nested_tensor_from_jagged(out, offsets), final
        forms.check_dense(sequences, self.in_channels, weight, batch_first=self.batch_first)
        if sequences.dim() == 3:
            return self._run_dense(sequences, hx)
        steps = 0 if self.batch_first else 1  # where a batch of one sequence has its batch dimension
        if hx is not None:
            self._check_initial(hx, None)
            hx = [h.unsqueeze(1) for h in hx]
        out, final = self._run_dense(sequences.unsqueeze(steps), hx)
        return out.squeeze(steps), [h.squeeze(1) for h in final]

    def _run_dense(self, sequences: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        x = sequences.transpose(0, 1) if self.batch_first else sequences
        steps, batch = x.shape[:2]
        order = _dense_order(steps, batch, x.device)
        self._check_initial(hx, batch)
        out, final = self._run_steps(x, order, hx) if batch else self._run_none(x, hx)
        return out.transpose(0, 1) if self.batch_first else out, final

    def _run_steps(self, x: Tensor, order: LevelOrder, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over sequences of one length, [T, B, F]."""
        out, final = self._run_paths(x.flatten(0, 1), order, hx)
        return out.view(*x.shape[:2], self.out_channels), final

    def _run_none(self, x: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Return what a batch of no sequence gives."""
        states = [x.new_zeros(self.num_layers * self.num_directions, 0, self.state_width)] * self.num_states
        return x.new_zeros(x.size(0), 0, self.out_channels), states if hx is None else list(hx)

    def _run_packed(self, packed: PackedSequence, hx: list[Tensor] | None) -> tuple[PackedSequence, list[Tensor]]:
        x, batch_sizes, into, back = packed
        self._check_initial(hx, int(batch_sizes[0]))
        hx = hx if hx is None or into is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x, path_order(batch_sizes, x.device), hx)
        final = final if back is None else [h[:, back] for h in final]
        return PackedSequence(out, batch_sizes, into, back), final

    def _run_jagged(self, x: Tensor, lengths: Tensor, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over sequences that lie one behind the other in ``x`` [N, F]."""
        self._check_initial(hx, lengths.numel())
        order, into, nodes = forms.packed(lengths, x.device)
        hx = None if hx is None else [h[:, into] for h in hx]
        out, final = self._run_paths(x[nodes], order, hx)
        return out[torch.argsort(nodes)], [h[:, torch.argsort(into)] for h in final]

    def _run_paths(self, x: Tensor, order: LevelOrder, hx: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Run over paths whose steps lie in the places of ``order``."""
        initial: States | None = None if hx is None else [list(state.unbind()) for state in hx]
        out, final = self.run_order(x, order, initial)
        if out.requires_grad and not self.bidirectional and self._backend_for(order) != "vendor":
            out = out.clone()  # whoever changes it in place must not reach the states, which the backward pass needs
        return out, [torch.stack(state) for state in final]

    def _check_initial(self, hx: list[Tensor] | None, batch: int | None) -> None:
        """Raise a ``ValueError`` unless every state has a row for each sequence; ``None``: one without a batch."""
        if hx is None:
            return
        sequences = [] if batch is None else [batch]
        shape = [self.num_layers * self.num_directions, *sequences, self.state_width]
        for state in hx:
            _checks.tensor("hx", state)
            if list(state.shape) != shape:
                remedy = "one state a layer and direction, sequence and hidden channel"
                raise ValueError(_checks.problem("hx", f"shape {shape}", list(state.shape), remedy))


def _dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    """Return the order of paths of one length; remembered for these numbers."""
    question = ("dense order", steps, batch, device)
    return remembered(None, question, lambda: _new_dense_order(steps, batch, device))


def _new_dense_order(steps: int, batch: int, device: torch.device) -> LevelOrder:
    """Return ``path_order`` of paths of one length, by operations that a compiler can trace."""
    nodes = torch.arange(steps * batch, device=device)
    node_ptr = torch.arange(steps + 1) * batch
    return LevelOrder(
        nodes=nodes,
        level=nodes // batch,
        source=nodes[: (steps - 1) * batch],
        target=nodes[batch:],
        edges=nodes[: (steps - 1) * batch],
        relation=torch.zeros_like(nodes[batch:]),
        node_ptr=node_ptr,
        edge_ptr=(node_ptr - batch).clamp(min=0),
        starts=nodes[:batch],
        ends=nodes[(steps - 1) * batch :],
        num_relations=1,
        is_paths=not torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export(),
    )
