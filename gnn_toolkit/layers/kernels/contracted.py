"""The linear recurrence over a DAG along its chains: each is walked as a sequence, what enters from the side first."""

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels import blocks
from gnn_toolkit.layers.kernels.chains import Chains, Group
from gnn_toolkit.layers.kernels.flow import EDGE, SHARED, TARGET, Flow, times


def contracted(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool, chains: Chains) -> Tensor:
    """Return h [N, C]; the arguments are those of :func:`~gnn_toolkit.layers.kernels.by_level.by_level`."""
    h = torch.empty(b.shape, dtype=b.dtype, device=b.device)
    source, target = (edges.target, edges.incidence.source) if turned else (edges.incidence.source, edges.target)
    rows = None if per == SHARED else edges.edge if per == EDGE else target if per == TARGET else source
    for level in reversed(chains.groups) if turned else chains.groups:
        for group in level:
            offset = b.index_select(0, group.nodes)
            side = group.side[turned]
            if side.slots.numel():
                message = times(
                    a if rows is None else a.index_select(0, rows[side.slots]), h.index_select(0, source[side.slots])
                )
                ends = side.positions.repeat_interleave(_counts(side.start, side.slots.numel()))
                offset.index_add_(0, ends, message)
            own = a if rows is None else a.index_select(0, rows[group.links])
            states = _along(own, offset, group, turned)
            if group.own is None:
                h.index_copy_(0, group.nodes, states)
            else:
                h.index_copy_(0, group.nodes[group.own], states[group.own])
    return h


def _counts(start: Tensor, total: int) -> Tensor:
    return torch.diff(start, append=start.new_tensor([total]))


def _along(a: Tensor, offset: Tensor, group: Group, turned: bool) -> Tensor:
    """Return the states of a group of chains, [T * B, C], from the coefficients of its links."""
    steps, count = group.shape
    if steps == 1:
        return offset
    groups = a.size(-1)
    if group.real is not None:
        a = a * group.real
    a = a.view(-1, 1, groups).expand(-1, count, -1) if a.size(0) == 1 else a.view(steps - 1, count, groups)
    b = offset.view(steps, count, offset.size(1))
    if groups < b.size(2):
        a, b = a.reshape(a.size(0), -1, 1), b.view(steps, count * groups, b.size(2) // groups)
    h = torch.empty_like(b)
    first, later = (-1, slice(0, -1)) if turned else (0, slice(1, None))
    h[first] = b[first]
    blocks.run(a, b[later], h[first], h[later], turned)
    return h.view(offset.shape)
