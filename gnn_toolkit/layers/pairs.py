"""The classifier of pairs of nodes of two graphs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks

TOGETHER = 1 << 12  # pairs that are scored at a time where no gradient is wanted: they stay in a processor's cache


class PairClassifier(nn.Module):
    """Classifier of pairs of nodes of two graphs, the same for either order of the pair (Fout et al. 2017).

        f(a, b) = (g([a, b]) + g([b, a])) / 2,   g(c) = w^T relu(W c + u) + v

    Args:
        in_channels: width F of a node's features.
        hidden_channels: width of the layer between.
        out_channels: number of scores a pair.
        dropout: probability of dropping a hidden unit.

    Shapes:
        - ``a`` [N, F] and ``b`` [M, F]; ``pairs`` [P, 2], a row of ``a`` and one of ``b`` each
        - output [P, out_channels]; without ``pairs`` all of them, [N, M, out_channels]

    >>> PairClassifier(4, 8)(torch.randn(3, 4), torch.randn(2, 4)).shape
    torch.Size([3, 2, 1])
    """

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.first = nn.Linear(2 * in_channels, _checks.positive("hidden_channels", hidden_channels))
        self.last = nn.Linear(hidden_channels, _checks.positive("out_channels", out_channels))
        self.dropout = nn.Dropout(_checks.probability("dropout", dropout))

    def forward(self, a: Tensor, b: Tensor, pairs: Tensor | None = None) -> Tensor:
        """Return the scores of pairs; of all of them, without gradients, block by block."""
        for name, value in (("a", a), ("b", b)):
            _checks.features(name, value, self.in_channels, weight=self.first.weight)
        left, right = self.first.weight.chunk(2, 1)  # a pair's sum is that of its halves, once a node and not a pair
        of_a = [a @ left.t() + self.first.bias, a @ right.t() + self.first.bias]
        of_b = [b @ right.t(), b @ left.t()]
        if pairs is not None:
            _check_pairs(pairs, a.size(0), b.size(0))
            first, second = pairs.unbind(1)
            return self._scored([x.index_select(0, first) for x in of_a], [y.index_select(0, second) for y in of_b])
        rows = max(1, a.size(0) if torch.is_grad_enabled() else TOGETHER // max(1, b.size(0)))
        blocks = zip(*(x.unsqueeze(1).split(rows) for x in of_a), strict=True)
        return torch.cat([self._scored(block, of_b) for block in blocks])

    def _scored(self, of_a: Sequence[Tensor], of_b: Sequence[Tensor]) -> Tensor:
        """Return the scores of the sums of two halves, in both orders."""
        hidden = [self.dropout((x + y).relu_()) for x, y in zip(of_a, of_b, strict=True)]
        return self.last((hidden[0] + hidden[1]) / 2)


def _check_pairs(pairs: Tensor, num_a: int, num_b: int) -> None:
    allowed = f"integers [num_pairs, 2] in [0, {num_a}) and [0, {num_b})"
    fits = pairs.dim() == 2 and pairs.size(1) == 2 and not pairs.is_floating_point()
    if not fits or (pairs.numel() and (pairs.min() < 0 or (pairs.amax(0) >= pairs.new_tensor([num_a, num_b])).any())):
        got = f"{pairs.dtype} {list(pairs.shape)}"
        raise ValueError(_checks.problem("pairs", allowed, got, "a row is a node of a and a node of b"))
