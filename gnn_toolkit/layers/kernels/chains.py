"""A DAG cut into chains, each of which is walked as a sequence: long thin graphs in few calls.

Every node is in one chain. Edges from a node of a chain to the next one are its *links*; all others are *side edges*.
Along an outward chain, every node but the first has one predecessor, so side edges reach only the first; which
successor a node is linked to is chosen by the number of nodes below it (heavy paths), so that on a tree walked from its
root at most log2(N) side edges follow one another. Inward chains are those of the turned graph. Either way no two
chains wait for each other: chains have levels of their own, and those of a level are walked at once.

The chains of a level are put into groups of like length, at least half that of the longest, and padded at the end.

Measured on one core, float32, 128 channels, forward alone, in milliseconds; to find chains is remembered with an order.

    graph                                 by level   along chains   to find them
    one path of 10,000 nodes                    85            4.2            4.5
    one path of 300 / 60 / 30 nodes  2.3/0.45/0.23  0.31/0.18/0.11        1/1/1
    64 paths of 1000 nodes                      17            8.8             15
    caterpillar of 20,000 nodes                 86             25             49

So chains are walked where that takes less than half the calls. They are looked for on all paths; elsewhere, where it
takes a loop over nodes, in graphs of at least ``LONG`` levels of fewer than ``WIDE`` nodes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.blocks import AT_ONCE, LONGEST, NARROW, SHORT

LONG = 256  # levels: fewer are walked sooner than chains are found, which takes about as long as finding levels
WIDE = 64  # nodes a level, on average: from there on walking by level is the faster way whatever the chains
_LEVEL_CALLS = 4  # of a level walked by itself
_GROUP_CALLS = 12  # of a group of chains, beside those of its scan


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a tensor that are wanted.

    Attributes:
        index: [n] their numbers.
        first: the first number where they are consecutive, else ``None``.
    """

    index: Tensor
    first: int | None

    @staticmethod
    def of(index: Tensor, device: torch.device) -> "Rows":
        """Return the rows with these numbers."""
        first = int(index[0]) if index.numel() else 0
        is_run = bool((index == torch.arange(first, first + index.numel())).all())
        return Rows(index.to(device), first if is_run else None)

    def of_tensor(self, rows: Tensor) -> Tensor:
        """Return these rows; where they are consecutive, a view."""
        if self.first is None:
            return rows.index_select(0, self.index)
        return rows[self.first : self.first + self.index.numel()]


@dataclass(frozen=True, eq=False)
class Group:
    """Chains of one level and of like length, side by side.

    Attributes:
        nodes: [T * B] places, time first; what pads a chain repeats its last node.
        links: [(T - 1) * B] the edges into each node but the first ones, their sources and their targets; what pads
            a chain repeats edge 0.
        real: bool [(T - 1) * B, 1] which links there are; ``None`` for all.
        own: [n] the positions in ``nodes`` that are no padding; ``None`` for all.
        shape: T and B.
        side: the side edges into the group, and those out of it.
    """

    nodes: Rows
    links: tuple[Rows, Rows, Rows]
    real: Tensor | None
    own: Tensor | None
    shape: tuple[int, int]
    side: tuple["Side", "Side"]


@dataclass(frozen=True, eq=False)
class Side:
    """Side edges that end in a group.

    Attributes:
        slots: [e] sorted by where they end.
        positions: [e] the positions in the group where they end.
    """

    slots: Tensor
    positions: Tensor


@dataclass(frozen=True, eq=False)
class Chains:
    """The groups, level by level, and the number of calls that walking the graph by level takes."""

    groups: list[list[Group]]
    level_calls: int

    def calls(self, channels: int) -> int:
        """Return about how many calls walking the chains takes."""
        return sum(_GROUP_CALLS + _scan_calls(*group.shape, channels) for level in self.groups for group in level)

    def pays(self, channels: int) -> bool:
        """Return whether walking the chains takes fewer than half the calls of walking by level."""
        return 2 * self.calls(channels) < self.level_calls


def _scan_calls(steps: int, count: int, channels: int) -> int:
    width = max(1, count * channels)
    if steps < SHORT or width >= NARROW:
        return steps
    length = min(LONGEST, max(8, int((steps * 2 / 3) ** 0.5)))
    parts = -(-steps // (length * max(2, AT_ONCE // width)))
    return 3 * length * parts + steps // length


def find_chains(source: Tensor, target: Tensor, edge: Tensor, node_ptr: Tensor, num_nodes: int) -> Chains | None:
    """Return the chains of a graph whose edges are sorted by target; ``None`` where levels are wide.

    Args:
        source: [E] places.
        target: [E] places.
        edge: [E] the edge of ``edge_index`` at each slot.
        node_ptr: int64 on the CPU, where each block of places begins.
        num_nodes: number of nodes.
    """
    blocks = node_ptr.numel() - 1
    device = source.device
    if not source.numel():
        return None
    source, target, edge = source.cpu(), target.cpu(), edge.cpu()
    is_path = int(torch.bincount(source).max()) <= 1 and int(torch.bincount(target).max()) <= 1
    if not is_path and (blocks < LONG or num_nodes >= WIDE * blocks):
        return None
    cuts = [_outward(source, target, num_nodes)]
    if not is_path:
        chain, position, level, link = _outward(num_nodes - 1 - target, num_nodes - 1 - source, num_nodes)
        length = torch.bincount(chain)
        cuts.append((chain.flip(0), (length[chain] - 1 - position).flip(0), int(level.max()) - level, link))
    chain, position, level, link = min(cuts, key=lambda cut: _group_keys(*cut[::2])[0].numel())
    keys, group_of = _group_keys(chain, level)
    if 2 * _GROUP_CALLS * keys.numel() > _LEVEL_CALLS * blocks:
        return None
    groups = _groups(source, target, edge, (chain, position, level, link), (keys, group_of), device)
    return Chains(groups, _LEVEL_CALLS * blocks)


def _group_keys(chain: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Return the groups' keys, 64 times the level and the power of two of the length, and each chain's group."""
    half = torch.log2(torch.bincount(chain).double()).floor().long()
    return torch.unique(level * 64 + half, return_inverse=True)


def _outward(source: Tensor, target: Tensor, num_nodes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return each node's chain and position in it, each chain's level, and which edges are links."""
    into = torch.bincount(target, minlength=num_nodes)
    single = into[target] == 1  # edges that are their target's only one
    if int(torch.bincount(source, minlength=num_nodes).max()) <= 1 and bool(single.all()):
        return *_paths(source, target, num_nodes), single
    before: list[list[int]] = [[] for _ in range(num_nodes)]
    for u, v in zip(source.tolist(), target.tolist(), strict=True):
        before[v].append(u)
    size, heavy = [1] * num_nodes, [-1] * num_nodes
    for v in range(num_nodes - 1, -1, -1):
        if len(before[v]) == 1:
            u = before[v][0]
            size[u] += size[v]
            if heavy[u] < 0 or size[v] > size[heavy[u]]:
                heavy[u] = v
    chain, position, level = [0] * num_nodes, [0] * num_nodes, []
    for v, above in enumerate(before):
        if len(above) == 1 and heavy[above[0]] == v:
            chain[v], position[v] = chain[above[0]], position[above[0]] + 1
        else:
            chain[v] = len(level)
            level.append(1 + max((level[chain[u]] for u in above), default=-1))
    chains, positions = torch.tensor(chain), torch.tensor(position)
    link = single & (chains[source] == chains[target])
    return chains, positions, torch.tensor(level), link


def _paths(source: Tensor, target: Tensor, num_nodes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return chain, position and level where the whole graph is a batch of paths in level order."""
    ancestor = torch.arange(num_nodes)
    ancestor[target] = source
    position = torch.zeros(num_nodes, dtype=torch.long)
    position[target] = 1
    while bool((ancestor[ancestor] != ancestor).any()):  # twice as far in every round
        position = position + position[ancestor]
        ancestor = ancestor[ancestor]
    chain = torch.unique(ancestor, return_inverse=True)[1]
    return chain, position, torch.zeros(int(chain.max()) + 1, dtype=torch.long)


def _groups(
    source: Tensor,
    target: Tensor,
    edge: Tensor,
    cut: tuple[Tensor, Tensor, Tensor, Tensor],
    grouped: tuple[Tensor, Tensor],
    device: torch.device,
) -> list[list[Group]]:
    """Return the groups of each level of chains."""
    chain, position, level, link = cut
    keys, group_of = grouped
    layouts = _layouts(chain, position, group_of, keys.numel())
    place = torch.empty_like(position)  # of each node in its group
    for nodes, real in layouts:
        place[nodes[real]] = torch.arange(nodes.numel()).view_as(nodes)[real]
    into = torch.full((chain.numel(),), 0)
    into[target[link]] = link.nonzero().squeeze(1)
    sides, of_node = (~link).nonzero().squeeze(1), group_of[chain]
    ends = [_by_group(sides, end, of_node, place, keys.numel(), device) for end in (target, source)]
    made: list[list[Group]] = [[] for _ in range(int(level.max()) + 1)]
    for key, (nodes, real), *side in zip(keys.tolist(), layouts, *ends, strict=True):
        slots, whole = into[nodes[1:]].flatten(), bool(real.all())
        made[key // 64].append(
            Group(
                nodes=Rows.of(nodes.flatten(), device),
                links=(Rows.of(edge[slots], device), Rows.of(source[slots], device), Rows.of(target[slots], device)),
                real=None if whole else real[1:].reshape(-1, 1).to(device),
                own=None if whole else real.flatten().nonzero().squeeze(1).to(device),
                shape=(nodes.size(0), nodes.size(1)),
                side=(side[0], side[1]),
            )
        )
    return made


def _layouts(chain: Tensor, position: Tensor, group_of: Tensor, count: int) -> list[tuple[Tensor, Tensor]]:
    """Return each group's nodes [T, B] and which of them are no padding."""
    length = torch.bincount(chain)
    in_chains = torch.argsort(chain * (int(position.max()) + 1) + position)
    first = length.cumsum(0) - length
    members = torch.argsort(group_of, stable=True).split(torch.bincount(group_of, minlength=count).tolist())
    found = []
    for mine in members:
        step = torch.arange(int(length[mine].max())).unsqueeze(1)
        nodes = in_chains[first[mine] + torch.minimum(step, length[mine] - 1)]
        found.append((nodes, step < length[mine]))
    return found


def _by_group(
    sides: Tensor, end: Tensor, of_node: Tensor, place: Tensor, count: int, device: torch.device
) -> list[Side]:
    """Return the side edges that have an end in each group."""
    node = end[sides]
    group, where = of_node[node], place[node]
    order = torch.argsort(group * (int(place.max()) + 1) + where, stable=True)
    sizes = torch.bincount(group, minlength=count).tolist()
    found = []
    for slots, positions in zip(sides[order].split(sizes), where[order].split(sizes), strict=True):
        found.append(Side(slots.to(device), positions.to(device)))
    return found
