"""Residual blocks around a recurrence, and stacks of them: how recurrences that are linear in their state go deep."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.layers.initial import chrono_
from gnn_toolkit.layers.linear_stack import LinearRecurrence
from gnn_toolkit.layers.stacked import StackedRecurrence
from gnn_toolkit.models import forms


class RecurrentBlock(nn.Module):
    """A recurrence and a multilayer perceptron, each after a norm and with a skip connection around it.

        y = x + W_o (layer(norm(x)) * silu(W_g norm(x))),    out = y + W_2 gelu(W_1 norm(y))

    Without ``gate`` the second factor is 1, and W_o is there only where the layer's outputs are not as wide as x. With
    a gate and no perceptron it is Mamba's block without its convolution (Gu and Dao 2023, figure 3); without a gate it
    is that of a transformer, with the recurrence for the attention. A layer whose gates see x alone, as those of
    :class:`MinGRU`, sees the past only from the second block on.

    It is called as its layer is, with a graph or a sequence in any form, and returns what it returns.

    Args:
        layer: a recurrent layer of this package; its input has the width F of x.
        gate: whether x gates the layer's outputs.
        expansion: hidden width of the perceptron, in widths of x; 0 for none.
        dropout: probability of dropping an output of either part while training.

    Shapes:
        - x and output [..., F]; all else as the layer has it

    Raises:
        ValueError: a layer without a width yet, or numbers out of range.

    >>> import torch
    >>> from gnn_toolkit import DAGMinGRU, MinGRU
    >>> out, h_n = RecurrentBlock(MinGRU(8, 8))(torch.randn(5, 2, 8))
    >>> out.shape, h_n.shape
    (torch.Size([5, 2, 8]), torch.Size([1, 2, 8]))
    >>> RecurrentBlock(DAGMinGRU(8, 8), gate=True)(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))[0].shape
    torch.Size([3, 8])
    """

    def __init__(
        self, layer: StackedRecurrence, *, gate: bool = False, expansion: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        width = layer.in_channels
        if width < 1:
            remedy = "give its in_channels"
            raise ValueError(_checks.problem("layer", "a layer of a width that is there", layer, remedy))
        inner = _checks.count("expansion", expansion) * width
        self.dropout = _checks.probability("dropout", dropout)
        self.layer, self.norm = layer, nn.LayerNorm(width)
        self.gate = nn.Linear(width, layer.out_channels) if gate else None
        self.out = nn.Linear(layer.out_channels, width) if gate or layer.out_channels != width else None
        self.perceptron = None
        if inner:
            parts = (nn.LayerNorm(width), nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
            self.perceptron = nn.Sequential(*parts)

    def forward(self, x: Any, *where: Any, **options: Any) -> tuple[Any, Any]:
        """Return the outputs and the layer's final states; arguments are those of the layer."""
        rows, again = forms.opened(x)
        normed = self.norm(rows)
        out, state = self.layer(again(normed), *where, **options)
        dropout = self.dropout if self.training else 0.0
        return again(self._around(rows, normed, forms.opened(out)[0], dropout)), state

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take the next step of B sequences [B, F] by a linear layer, without dropout; return outputs and new state."""
        normed = self.norm(x)
        assert isinstance(self.layer, LinearRecurrence)
        out, state = self.layer.step(normed, state)
        return self._around(x, normed, out, 0.0), state

    def _around(self, x: Tensor, normed: Tensor, out: Tensor, dropout: float) -> Tensor:
        """Return the block's outputs, from those of its layer."""
        if self.gate is not None:
            out = out * nn.functional.silu(self.gate(normed))
        if self.out is not None:
            out = self.out(out)
        x = x + nn.functional.dropout(out, dropout)
        if self.perceptron is None:
            return x
        return x + nn.functional.dropout(self.perceptron(x), dropout)


class RecurrentStack(nn.Module):
    """Residual blocks one after another, behind a linear layer to their width and before a norm.

    Args:
        layer: class of the recurrence in every block, such as :class:`MinGRU` or :class:`DAGMinGRU`.
        in_channels: width F of the input.
        hidden_channels: width H of the blocks and of the output.
        num_layers: number of blocks.
        longest: spread what each layer remembers up to so many steps (:func:`gnn_toolkit.layers.initial.chrono_`); 0
            leaves its own draw.
        gate: as in :class:`RecurrentBlock`, as are the next two.
        expansion: hidden width of the perceptrons, in H.
        dropout: probability of dropping an output of a block's parts while training.
        options: of the layers, by name.

    Shapes:
        - input [..., F], output [..., H]; ``hx`` and final states: a tuple of the layer's states, one a block

    Raises:
        ValueError: sizes that are out of range.

    >>> import torch
    >>> from gnn_toolkit import DAGLRU, MinGRU
    >>> out, states = RecurrentStack(MinGRU, 3, 8, num_layers=2, longest=80, batch_first=True)(torch.randn(2, 80, 3))
    >>> out.shape, len(states)
    (torch.Size([2, 80, 8]), 2)
    >>> RecurrentStack(DAGLRU, 3, 8, bidirectional=True)(torch.randn(3, 3), torch.tensor([[0, 1], [2, 2]]))[0].shape
    torch.Size([3, 8])
    """

    def __init__(
        self,
        layer: Callable[..., StackedRecurrence],
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 2,
        *,
        longest: float = 0.0,
        gate: bool = False,
        expansion: int = 2,
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__()
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.hidden_channels = _checks.positive("hidden_channels", hidden_channels)
        self.num_layers = _checks.positive("num_layers", num_layers)
        self.into = nn.Linear(in_channels, hidden_channels)
        layers = [layer(hidden_channels, hidden_channels, **options) for _ in range(num_layers)]
        self.blocks = nn.ModuleList(
            RecurrentBlock(each, gate=gate, expansion=expansion, dropout=dropout) for each in layers
        )
        self.norm = nn.LayerNorm(hidden_channels)
        for each in layers if longest else ():
            chrono_(each, longest)

    def forward(self, x: Any, *where: Any, hx: Sequence[Any] | None = None, **options: Any) -> tuple[Any, Any]:
        """Return the outputs and a tuple of the final states of each block.

        Args:
            x: what the layers take; a graph's edges follow.
            where: the edges of a graph.
            hx: initial states, one a block.
            options: of the layers' call.
        """
        if hx is not None and len(hx) != self.num_layers:
            remedy = "pass the final states of another call"
            raise ValueError(_checks.problem("hx", f"{self.num_layers} states, one a block", len(hx), remedy))
        rows, again = forms.opened(x)
        x, states = again(self.into(rows)), []
        for block, start in zip(self.blocks, hx or [None] * self.num_layers, strict=True):
            x, state = block(x, *where, hx=start, **options)
            states.append(state)
        rows, again = forms.opened(x)
        return again(self.norm(rows)), tuple(states)

    def blank(self, batch: int) -> tuple[Tensor, ...]:
        """Return the states of linear layers before the first step of B sequences, [1, B, S] a block."""
        like: Any = self.norm.weight
        return tuple(like.new_zeros(1, batch, block.layer.state_width) for block in self.blocks)  # type: ignore[union-attr]

    def step(self, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Take the next step of B sequences by linear layers, without dropout.

        Args:
            x: [B, F].
            states: one a block, [1, B, S].

        Returns:
            outputs [B, H], and the new states.
        """
        x, found = self.into(x), []
        for block, state in zip(self.blocks, states, strict=True):
            assert isinstance(block, RecurrentBlock)
            x, state = block.step(x, state)
            found.append(state)
        return self.norm(x), tuple(found)
