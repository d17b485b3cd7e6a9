"""A DAG cut into chains, each of which is walked as a sequence: long thin graphs in few calls.

Every node is in one chain. Edges from a node of a chain to the next one are its *links*; all others are *side edges*.
Along an outward chain, every node but the first has one predecessor, so side edges reach only the first; which
successor a node is linked to is chosen by the number of nodes below it (heavy paths), so that on a tree walked from its
root at most log2(N) side edges follow one another. Inward chains are those of the turned graph. Either way no two
chains wait for each other: chains have levels of their own, and those of a level are walked at once.

The chains of a level are put into groups of like length, at least half that of the longest, and padded at the end.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.blocks import AT_ONCE, LONGEST, NARROW, SHORT

WIDE = 64  # nodes a level, on average: from there on walking by level is the faster way whatever the chains
_LEVEL_CALLS = 4  # of a level walked by itself
_GROUP_CALLS = 12  # of a group of chains, beside those of its scan


@dataclass(frozen=True, eq=False)
class Group:
    """Chains of one level and of like length, side by side.

    Attributes:
        nodes: [T * B] places, time first; what pads a chain repeats its last node.
        links: [(T - 1) * B] the slot of the edge into each node but the first ones; 0 where it pads.
        real: bool [(T - 1) * B, 1] which links there are; ``None`` for all.
        own: [n] the positions in ``nodes`` that are no padding; ``None`` for all.
        shape: T and B.
        side: the side edges into the group, and those out of it.
    """

    nodes: Tensor
    links: Tensor
    real: Tensor | None
    own: Tensor | None
    shape: tuple[int, int]
    side: tuple["Side", "Side"]


@dataclass(frozen=True, eq=False)
class Side:
    """Side edges that end in a group.

    Attributes:
        slots: [e] sorted by where they end.
        positions: [n] the positions in the group where at least one ends.
        start: [n] where each position's begin among the slots.
    """

    slots: Tensor
    positions: Tensor
    start: Tensor


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


def find_chains(source: Tensor, target: Tensor, node_ptr: Tensor, num_nodes: int) -> Chains | None:
    """Return the chains of a graph whose edges are sorted by target; ``None`` where levels are wide.

    Args:
        source: [E] places.
        target: [E] places.
        node_ptr: int64 on the CPU, where each block of places begins.
        num_nodes: number of nodes.
    """
    blocks = node_ptr.numel() - 1
    if blocks < SHORT or num_nodes >= WIDE * blocks:
        return None
    device = source.device
    source, target = source.cpu(), target.cpu()
    both = [_outward(source, target, num_nodes)]
    is_path = source.numel() and int(torch.bincount(source).max()) <= 1 and int(torch.bincount(target).max()) <= 1
    if not is_path:
        chain, position, level, link = _outward(num_nodes - 1 - target, num_nodes - 1 - source, num_nodes)
        length = torch.bincount(chain)
        chain, position, level = chain.flip(0), (length[chain] - 1 - position).flip(0), int(level.max()) - level
        both.append((chain, position, level, link))
    found = [Chains(_groups(source, target, *cut, device), _LEVEL_CALLS * blocks) for cut in both]
    return min(found, key=lambda chains: chains.calls(WIDE))


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
    chain: Tensor,
    position: Tensor,
    level: Tensor,
    link: Tensor,
    device: torch.device,
) -> list[list[Group]]:
    """Return the groups of each level of chains."""
    length = torch.bincount(chain)
    half = torch.log2(length.double()).floor().long()  # lengths of one power of two go together
    key = level * 64 + half
    keys, group_of = torch.unique(key, return_inverse=True)
    node_order = torch.argsort(chain * (int(position.max()) + 1) + position)
    first = torch.cat([length.new_zeros(1), length.cumsum(0)[:-1]])
    link_into = torch.full((chain.numel(),), -1)
    link_into[target[link]] = link.nonzero().squeeze(1)
    sides = (~link).nonzero().squeeze(1)
    place = torch.empty_like(position)  # of each node in its group
    made: list[list[Group]] = [[] for _ in range(int(level.max()) + 1)]
    layouts = []
    for number in range(keys.numel()):
        mine = (group_of == number).nonzero().squeeze(1)
        steps = int(length[mine].max())
        offset = torch.arange(steps).unsqueeze(1)
        nodes = node_order[first[mine] + torch.minimum(offset, length[mine] - 1)]
        real = offset < length[mine]
        flat = torch.arange(nodes.numel()).view_as(nodes)
        place[nodes[real]] = flat[real]
        layouts.append((nodes, real, int(keys[number]) // 64))
    of_node = group_of[chain]
    into, outof = (
        _by_group(sides, target, of_node, place, keys.numel()),
        _by_group(sides, source, of_node, place, keys.numel()),
    )
    for number, (nodes, real, depth) in enumerate(layouts):
        whole = bool(real.all())
        made[depth].append(
            Group(
                nodes=nodes.flatten().to(device),
                links=link_into[nodes[1:]].clamp(min=0).flatten().to(device),
                real=None if whole else real[1:].reshape(-1, 1).to(device),
                own=None if whole else real.flatten().nonzero().squeeze(1).to(device),
                shape=(nodes.size(0), nodes.size(1)),
                side=tuple(Side(*(t.to(device) for t in each[number])) for each in (into, outof)),  # type: ignore[arg-type]
            )
        )
    return made


def _by_group(sides: Tensor, end: Tensor, of_node: Tensor, place: Tensor, count: int) -> list[tuple[Tensor, ...]]:
    """Return slots, positions and starts of the side edges that have an end in each group."""
    node = end[sides]
    group, where = of_node[node], place[node]
    order = torch.argsort(group * (int(place.max()) + 1) + where, stable=True)
    sizes = torch.bincount(group, minlength=count).tolist()
    found = []
    for slots, positions in zip(sides[order].split(sizes), where[order].split(sizes), strict=True):
        unique, counts = torch.unique_consecutive(positions, return_counts=True)
        found.append((slots, unique, counts.cumsum(0) - counts))
    return found
