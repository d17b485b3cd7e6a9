"""The linear recurrence over a DAG along its chains: each is walked as a sequence, what enters from the side first."""

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels import blocks
from gnn_toolkit.layers.kernels.chains import Chains, Group
from gnn_toolkit.layers.kernels.flow import EDGE, SHARED, TARGET, Flow, times


def contracted(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool, chains: Chains) -> Tensor:
    """Return h [N, C]; the arguments are those of :func:`~gnn_toolkit.layers.kernels.by_level.by_level`."""
    h = torch.empty(b.shape, dtype=b.dtype, device=b.device)
    for level in reversed(chains.groups) if turned else chains.groups:
        for group in level:
            offset = group.nodes.of_tensor(b)
            if group.side[turned].slots.numel():
                offset = _with_side(offset, a, h, edges, per, turned, group)
            own = a if per == SHARED else group.links[_link(per, turned)].of_tensor(a)
            is_direct = group.nodes.first is not None
            states = group.nodes.of_tensor(h) if is_direct else torch.empty_like(offset)
            _along(own, offset, group, turned, states)
            if group.own is not None:
                h.index_copy_(0, group.nodes.index[group.own], states[group.own])
            elif not is_direct:
                h.index_copy_(0, group.nodes.index, states)
    return h


def _link(per: str, turned: bool) -> int:
    """Return which of the links' edges, sources and targets are rows of a."""
    return 0 if per == EDGE else 2 if (per == TARGET) != turned else 1


def _with_side(offset: Tensor, a: Tensor, h: Tensor, edges: Flow, per: str, turned: bool, group: Group) -> Tensor:
    """Return a group's offsets and what its side edges bring."""
    slots, positions = group.side[turned].slots, group.side[turned].positions
    source, target = edges.incidence.source[slots], edges.target[slots]
    own = a
    if per != SHARED:
        own = a.index_select(0, (edges.edge[slots], source, target)[_link(per, turned)])
    return offset.index_add(0, positions, times(own, h.index_select(0, target if turned else source)))


def _along(a: Tensor, offset: Tensor, group: Group, turned: bool, out: Tensor) -> None:
    """Write the states of a group of chains, [T * B, C], from the coefficients of its links."""
    steps, count = group.shape
    groups = a.size(-1)
    if group.real is not None:
        a = a * group.real
    a = a.view(1, 1, groups).expand(1, count, groups) if a.size(0) == 1 else a.view(steps - 1, count, groups)
    b, h = (t.view(steps, count, t.size(1)) for t in (offset, out))
    if groups < b.size(2):
        a = a.reshape(a.size(0), count * groups, 1)
        b, h = (t.view(steps, count * groups, t.size(2) // groups) for t in (b, h))
    first, later = (-1, slice(0, -1)) if turned else (0, slice(1, None))
    h[first] = b[first]
    blocks.run(a, b[later], h[first], h[later], turned)
