"""Views of trees whose edges go from child to parent: the tree itself, and other edges over the same words.

A tree's nodes have ``x`` [N, 1], the number of their word, 0 where there is none; ``mask`` [N] says which of them are
asked about, and an optional ``y`` [N] has their answers.
"""

import random

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.levels import topological_levels
from gnn_toolkit.graphs.views import node_count, with_edges

SHAPES = ("path", "path both ways", "random tree", "bag")


class Tree(BaseTransform):
    """A tree from its leaves to its root: the order of a Tree-LSTM (Tai et al. 2015).

    Args:
        num_types: number of edge types; a node's first child has type 0, the next 1, and from the last type on all
            the same. With 1 a parent does not tell its children apart.

    Raises:
        ValueError: a node has two parents, or the edges a cycle.

    >>> data = Tree(2)(Data(num_nodes=4, edge_index=torch.tensor([[0, 1, 2], [3, 3, 3]])))
    >>> data.edge_type.tolist(), data.level.tolist()
    ([0, 1, 1], [0, 0, 0, 1])
    """

    def __init__(self, num_types: int = 1) -> None:
        self.num_types = _checks.positive("num_types", num_types)

    def forward(self, data: Data) -> Data:
        """Return ``data`` with level and, where there are several, types of edges."""
        child, parent, place = _children(data)
        edge_index = torch.stack([child, parent])
        kind = place.clamp(max=self.num_types - 1) if self.num_types > 1 else None
        return with_edges(data, edge_index, level=topological_levels(edge_index, node_count(data)), edge_type=kind)


class SiblingTree(BaseTransform):
    """The same tree with two edges into a node at most: from its last child (type 0) and its sibling before (type 1).

    A state then reads a node's children one after the other, as on a path, and the last of them hands the parent what
    was read. It is the binary tree that stands for any ordered tree (first child and next sibling), walked backwards.

    Raises:
        ValueError: a node has two parents, or the edges a cycle.

    >>> data = SiblingTree()(Data(num_nodes=4, edge_index=torch.tensor([[0, 1, 2], [3, 3, 3]])))
    >>> data.edge_index.tolist(), data.edge_type.tolist()
    ([[2, 0, 1], [3, 1, 2]], [0, 1, 1])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the edges from last children and from siblings."""
        child, parent, _ = _children(data)
        follows = parent[1:] == parent[:-1]
        is_last = torch.cat([~follows, follows.new_ones(1)]) if len(child) else child.bool()
        last = torch.stack([child[is_last], parent[is_last]])
        next_one = torch.stack([child[:-1][follows], child[1:][follows]])
        edge_index = torch.cat([last, next_one], 1)
        edge_type = torch.arange(2).repeat_interleave(torch.tensor([last.size(1), next_one.size(1)]))
        level = topological_levels(edge_index, node_count(data))
        return with_edges(data, edge_index, level=level, edge_type=edge_type)


class RandomParents(BaseTransform):
    """A random tree over the same nodes: the parent of each is any node after it, each as likely; the last is the root.

    It is the control for a tree whose inner nodes have words of their own: about ``log N`` deep, and the wrong one.

    Args:
        seed: of the draw; each tree has one of its own by its words, always the same.

    >>> data = RandomParents()(Data(x=torch.tensor([[2], [3], [4]]), edge_index=torch.empty(2, 0).long()))
    >>> data.edge_index.tolist()
    [[0, 1], [1, 2]]
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def forward(self, data: Data) -> Data:
        """Return ``data`` with edges to random parents; ``phrase`` says which tree a node is of."""
        if data.x is None:
            raise ValueError(_checks.problem("data", "a tree with words x", data, "set data.x"))
        sizes = torch.bincount(data["phrase"]).tolist() if "phrase" in data else [data.x.size(0)]
        edges, first = [], 0
        for words in data.x[:, 0].split(sizes):
            source, last = random.Random(f"{self.seed} {words.tolist()}"), first + len(words) - 1
            edges += [(node, source.randint(node + 1, last)) for node in range(first, last)]
            first = last + 1
        edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t().contiguous()
        return with_edges(data, edge_index, level=topological_levels(edge_index, first))


class TreePath(BaseTransform):
    """All nodes of a tree in their order, each with an edge to the next; of several trees, each for itself.

    Args:
        both_ways: also the edges back, for convolutions; there is then no ``level``.

    >>> tree = Data(num_nodes=3, edge_index=torch.tensor([[0], [1]]), phrase=torch.tensor([0, 0, 1]))
    >>> data = TreePath()(tree)
    >>> data.edge_index.tolist(), data.level.tolist()
    ([[0], [1]], [0, 1, 0])
    """

    def __init__(self, both_ways: bool = False) -> None:
        self.both_ways = both_ways

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the edges of the paths; ``phrase`` says which tree a node is of."""
        nodes = torch.arange(node_count(data))
        phrase = data["phrase"] if "phrase" in data else torch.zeros_like(nodes)
        edge_index = _paths(phrase)
        if self.both_ways:
            return with_edges(data, torch.cat([edge_index, edge_index.flip(0)], 1))
        starts = torch.diff(phrase, prepend=phrase.new_tensor([-1])) != 0
        return with_edges(data, edge_index, level=nodes - nodes[starts][starts.cumsum(0) - 1])


class Phrases(BaseTransform):
    """The words below every node that is asked about, each of these phrases with edges of its own.

    Words are repeated for each phrase that has them: a path cannot hand on what the phrases within a phrase say, and
    this is what it costs. The last node of a phrase is the one that is asked about.

    Args:
        shape: ``"path"``, the words in their order, each with an edge to the next; ``"path both ways"``, also back;
            ``"random tree"``, a binary tree over the words in their order, split at random, with nodes without words
            inside; ``"bag"``, no edges.
        seed: of the random trees; each phrase has one of its own, always the same.

    Returns:
        ``x``, ``mask``, ``y`` of the words so arranged, ``edge_index``, ``level`` where there is no edge back, and
        ``phrase`` [M], which phrase of its graph a node is of, from 0 on. Attributes with one row stay.

    Raises:
        ValueError: an unknown shape, a phrase without words, or no phrase.

    >>> tree = Data(x=torch.tensor([[5], [6], [0]]), edge_index=torch.tensor([[0, 1], [2, 2]]))
    >>> tree.mask = torch.tensor([True, False, True])
    >>> data = Phrases("path")(tree)
    >>> data.x.flatten().tolist(), data.edge_index.tolist(), data.phrase.tolist(), data.mask.tolist()
    ([5, 5, 6], [[1], [2]], [0, 1, 1], [True, False, True])
    """

    def __init__(self, shape: str, seed: int = 0) -> None:
        self.shape, self.seed = _checks.choice("shape", shape, SHAPES), seed

    def forward(self, data: Data) -> Data:
        """Return the phrases of ``data``."""
        x = data.x
        if x is None:
            raise ValueError(_checks.problem("data", "a tree with words x", data, "set data.x"))
        phrase, node = _below(data)
        worded = x[node, 0] > 0
        phrase, node = phrase[worded], node[worded]
        asked = data["mask"].nonzero().flatten()
        sizes = torch.bincount(phrase, minlength=len(asked))
        if not len(sizes) or int(sizes.min()) == 0:
            got = "none" if not len(sizes) else f"node {int(asked[sizes.argmin()])} without words"
            raise ValueError(_checks.problem("data", "phrases of at least one word", got, "leave empty sentences out"))
        words = x[node, 0]
        if self.shape == "random tree":
            words, phrase, edge_index = self._split(words, sizes.tolist())
        else:
            edge_index = _paths(phrase) if self.shape != "bag" else phrase.new_empty(2, 0)
        out = Data(x=words[:, None], phrase=phrase, mask=torch.diff(phrase, append=phrase.new_tensor([-1])) != 0)
        if self.shape == "path both ways":
            edge_index = torch.cat([edge_index, edge_index.flip(0)], 1)
        else:
            out.level = topological_levels(edge_index, len(words))
        out.edge_index = edge_index
        for key, value in data.to_dict().items():
            if isinstance(value, Tensor) and key not in out:
                if key == "y" and value.size(0) == x.size(0):
                    value = value[asked][phrase]
                elif value.size(0) != 1 or key in ("level", "edge_type", "edge_weight"):
                    continue
                out[key] = value
        return out

    def _split(self, words: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return words, phrases and edges of a random tree over the words of each phrase, children first."""
        found, phrases, edges = [], [], []
        for number, mine in enumerate(words.split(sizes)):
            source = random.Random(f"{self.seed} {mine.tolist()}")
            first = len(found)
            _grow(mine.tolist(), source, found, edges)
            phrases += [number] * (len(found) - first)
        edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t().contiguous()
        return torch.tensor(found), torch.tensor(phrases), edge_index


def _grow(words: list[int], source: random.Random, found: list[int], edges: list[tuple[int, int]]) -> None:
    """Add to nodes and edges a binary tree over words, each way to split equally likely, the root last."""
    work: list[tuple[int, int, list[int], list[int] | None]] = [(0, len(words), [], None)]
    while work:
        start, end, mine, children = work.pop()
        if children is None and end - start > 1:
            cut, inside = source.randrange(start + 1, end), list[int]()
            work += [(start, end, mine, inside), (cut, end, inside, None), (start, cut, inside, None)]
            continue
        edges += [(child, len(found)) for child in children or ()]
        mine.append(len(found))
        found.append(0 if children is not None else words[start])


def _children(data: Data) -> tuple[Tensor, Tensor, Tensor]:
    """Return children, their parents, and which child of its parent each is, siblings side by side."""
    edge_index = data.edge_index
    if edge_index is None:
        raise ValueError(_checks.problem("data", "a tree with edge_index", data, "give it edges first"))
    child, parent = edge_index[:, (edge_index[1] * node_count(data) + edge_index[0]).argsort()]
    if len(child.unique()) < len(child):
        node = int(torch.bincount(child).argmax())
        raise ValueError(_checks.problem("data", "a tree", f"node {node} with several parents", "see another view"))
    counts = torch.bincount(parent, minlength=node_count(data))
    return child, parent, torch.arange(len(child)) - (counts.cumsum(0) - counts)[parent]


def _below(data: Data) -> tuple[Tensor, Tensor]:
    """Return pairs of a phrase's number and a node below it, sorted, by the ways from all nodes up."""
    child, parent, _ = _children(data)
    count, mask = node_count(data), data["mask"]
    up = torch.full((count,), -1)
    up[child] = parent
    number = mask.long().cumsum(0) - 1
    node, at, steps = torch.arange(count), torch.arange(count), 0
    phrases, nodes = [], []
    while len(at):
        asked = mask[at]
        phrases.append(number[at[asked]])
        nodes.append(node[asked])
        node, at, steps = node[up[at] >= 0], up[at][up[at] >= 0], steps + 1
        if steps > count:
            raise ValueError(_checks.problem("data", "a tree", "a cycle", "see topological_levels for its nodes"))
    phrase, node = torch.cat(phrases), torch.cat(nodes)
    order = (phrase * count + node).argsort()
    return phrase[order], node[order]


def _paths(phrase: Tensor) -> Tensor:
    """Return an edge from every node to the next of its phrase."""
    start = (phrase[1:] == phrase[:-1]).nonzero().flatten()
    return torch.stack([start, start + 1])
