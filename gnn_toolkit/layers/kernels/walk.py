"""What every kernel needs to walk: tensors cut into levels, sums over incoming edges, and their way back."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

_BLOCK = 1024  # levels cut at a time: one call cuts many, and a deep graph's views need not all exist at once


class Structure(NamedTuple):
    """A walk's structure, as an op takes it; places, levels and slots are those of ``LevelOrder``.

    Attributes:
        source: [E] the place of each edge's source.
        target: [E] the place of each edge's target.
        node_ptr: CPU int64 [L + 1].
        edge_ptr: CPU int64 [L * R + 1].
        aggr: ``"sum"``, ``"mean"`` or ``"max"``.
    """

    source: Tensor
    target: Tensor
    node_ptr: Tensor
    edge_ptr: Tensor
    aggr: str


class Walk:
    """The levels that a kernel computes; a level of initial states is not among them.

    Args:
        structure: of the graph.
        extra: how many initial states take the first places.
    """

    def __init__(self, structure: Structure, extra: int) -> None:
        self.structure, self.extra = structure, extra
        given = 1 if extra else 0
        self.sizes: list[int] = structure.node_ptr.diff()[given:].tolist()
        num_levels = structure.node_ptr.numel() - 1
        self.relations = (structure.edge_ptr.numel() - 1) // max(num_levels, 1)
        cuts = structure.edge_ptr.diff()
        self.cuts: list[int] = cuts[given * self.relations :].tolist()
        first = structure.node_ptr[:-1].repeat_interleave(self.relations).repeat_interleave(cuts)
        self.local = structure.target - first.to(structure.target.device)  # targets, counted from their level's start

    def levels(self, nodes: Sequence[Tensor], edges: Sequence[Tensor], reverse: bool = False) -> Iterator[Any]:
        """Yield each level's rows of the node tensors, then for each edge tensor a tuple of its rows by relation.

        Args:
            nodes: tensors [N, ...].
            edges: tensors [E, ...].
            reverse: whether to go from the last level to the first.
        """
        r = self.relations
        starts = [0]
        for k in range(0, len(self.sizes), _BLOCK):
            starts.append(starts[-1] + sum(self.sizes[k : k + _BLOCK]))
        slots = [0]
        for k in range(0, len(self.sizes), _BLOCK):
            slots.append(slots[-1] + sum(self.cuts[k * r : (k + _BLOCK) * r]))
        blocks = range(len(starts) - 1)
        for block in reversed(blocks) if reverse else blocks:
            first = block * _BLOCK
            sizes, cuts = self.sizes[first : first + _BLOCK], self.cuts[first * r : (first + _BLOCK) * r]
            rows = [t[starts[block] : starts[block + 1]].split(sizes) for t in nodes]
            pieces = [iter(t[slots[block] : slots[block + 1]].split(cuts)) for t in edges]
            levels = zip(*rows, *(zip(*[piece] * r, strict=True) for piece in pieces), strict=True)
            yield from reversed(list(levels)) if reverse else levels

    def add_up(self, sums: Tensor, local: Tensor, messages: Tensor, width: int) -> None:
        """Add messages [e, K] to their targets' rows of ``sums`` [n, K], which are zero.

        The first ``width`` columns are aggregated as the structure says; any others are summed.
        """
        if self.structure.aggr == "max":
            index = local.unsqueeze(1).expand(-1, width)
            sums[:, :width].scatter_reduce_(0, index, messages[:, :width], "amax", include_self=False)
            sums, messages = sums[:, width:], messages[:, width:]
        sums.index_add_(0, local, messages)
        if self.structure.aggr == "mean":
            count = torch.bincount(local, minlength=sums.size(0)).clamp_(min=1).to(sums.dtype)
            sums[:, :width].div_(count.unsqueeze(1))

    def shares(self, h: Tensor, sums: Tensor) -> Tensor | None:
        """Return what part of ``ds_r,v`` each edge passes back, [E, 1] or [E, H]; ``None`` where it is all.

        For a maximum, equal largest values share the gradient evenly, as in ``torch.amax``.

        Args:
            h: states [S + N, H].
            sums: aggregated states [R, N, H].
        """
        source, target, _, edge_ptr, aggr = self.structure
        if aggr == "sum":
            return None
        slot = torch.arange(edge_ptr.numel() - 1).repeat_interleave(edge_ptr.diff()).to(target.device)
        into = (slot % self.relations) * sums.size(1) + target - self.extra
        rows = sums.size(0) * sums.size(1)
        part = h.new_ones(target.numel(), 1)
        if aggr == "max":
            part = (h.index_select(0, source) == sums.flatten(0, 1).index_select(0, into)).to(h.dtype)
        total = h.new_zeros(rows, part.size(1)).index_add_(0, into, part)
        return part / total.index_select(0, into)


def weight_gradient(dq: Tensor, sums: Tensor) -> Tensor:
    """Return ``dW_r = sum over v of dq_v s_r,v^T`` for every relation, [R, G * H, H]."""
    return torch.stack([dq.t() @ s for s in sums])
