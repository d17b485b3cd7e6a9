"""Views of trees: child to parent, sibling to sibling, and phrases as paths, random trees and bags."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from gnn_toolkit.graphs import Phrases, RandomParents, SiblingTree, Tree, TreePath
from gnn_toolkit.graphs.trees import SHAPES


def tree(parents: list[int], words: list[int] | None = None, asked: list[int] | None = None) -> Any:
    """Return a tree; the roots are asked about unless others are."""
    parent = torch.tensor(parents)
    child = (parent >= 0).nonzero().flatten()
    x = torch.tensor(words or list(range(2, len(parents) + 2)))
    data = Data(x=x[:, None], edge_index=torch.stack([child, parent[child]]))
    data.mask = (
        parent < 0
        if asked is None
        else torch.zeros(len(parents), dtype=torch.bool).index_fill(0, torch.tensor(asked), True)
    )
    return data


FOUR = [4, 2, 4, 4, -1]  # node 4 has the children 0, 2, 3; node 2 has 1


def test_the_tree_has_levels_and_types_by_place():
    data = Tree(2)(tree(FOUR))
    assert data.edge_index.tolist() == [[1, 0, 2, 3], [2, 4, 4, 4]]
    assert data.edge_type.tolist() == [0, 0, 1, 1]
    assert data.level.tolist() == [0, 0, 1, 0, 2]
    assert "edge_type" not in Tree()(tree(FOUR))
    assert Tree(9)(tree(FOUR)).edge_type.tolist() == [0, 0, 1, 2]


def test_siblings_are_read_one_after_the_other():
    data = SiblingTree()(tree(FOUR))
    edges = {(*ends, kind) for *ends, kind in zip(*data.edge_index.tolist(), data.edge_type.tolist(), strict=True)}
    assert edges == {(1, 2, 0), (3, 4, 0), (0, 2, 1), (2, 3, 1)}
    assert data.level.tolist() == [0, 0, 1, 2, 3]
    assert Tree()(SiblingTree()(tree([-1]))).level.tolist() == [0]


@pytest.mark.parametrize("view", [Tree(2), SiblingTree(), *map(Phrases, SHAPES)], ids=repr)
def test_what_is_no_tree_is_refused(view):
    two = Data(
        x=torch.ones(3, 1).long(), edge_index=torch.tensor([[0, 0], [1, 2]]), mask=torch.tensor([False, True, True])
    )
    with pytest.raises(ValueError, match="data: expected a tree, got node 0 with several parents"):
        view(two)
    cycle = Data(
        x=torch.ones(3, 1).long(), edge_index=torch.tensor([[0, 1], [1, 0]]), mask=torch.tensor([True, False, True])
    )
    with pytest.raises(ValueError, match="cycle"):
        view(cycle)


def test_a_path_goes_through_all_nodes_of_each_tree():
    data = tree([1, -1, 4, 4, -1])
    data.phrase = torch.tensor([0, 0, 1, 1, 1])
    assert TreePath()(data.clone()).edge_index.tolist() == [[0, 2, 3], [1, 3, 4]]
    assert TreePath()(data.clone()).level.tolist() == [0, 1, 0, 1, 2]
    assert TreePath(both_ways=True)(data.clone()).edge_index.tolist() == [[0, 2, 3, 1, 3, 4], [1, 3, 4, 0, 2, 3]]
    del data.phrase
    assert TreePath()(data).level.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("view", [Tree(3), SiblingTree(), TreePath(), RandomParents(), *map(Phrases, SHAPES)], ids=repr)
def test_trees_side_by_side_are_seen_as_each_by_itself(view):
    first, second = tree(FOUR, words=[5, 6, 0, 7, 0]), tree([1, -1, 1], words=[3, 4, 2])
    for number, one in enumerate((first, second)):
        one.phrase = torch.full((one.num_nodes,), number)
    together = Data(
        x=torch.cat([first.x, second.x]),
        edge_index=torch.cat([first.edge_index, second.edge_index + 5], 1),
        mask=torch.cat([first.mask, second.mask]),
        phrase=torch.cat([first.phrase, second.phrase]),
    )
    seen, parts = view(together), [view(first), view(second)]
    first_nodes = parts[0].num_nodes
    assert seen.x.equal(torch.cat([part.x for part in parts]))
    assert seen.mask.equal(torch.cat([part.mask for part in parts]))
    edges = torch.cat([parts[0].edge_index, parts[1].edge_index + first_nodes], 1)
    assert {*zip(*seen.edge_index.tolist(), strict=True)} == {*zip(*edges.tolist(), strict=True)}
    if "level" in seen:
        assert seen.level.equal(torch.cat([part.level for part in parts]))


def test_phrases_are_the_words_below_what_is_asked_about():
    data = tree(FOUR, words=[5, 6, 0, 7, 0], asked=[1, 2, 4])
    data.y, data.score = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([9])
    found = Phrases("path")(data)
    assert found.x.flatten().tolist() == [6, 6, 5, 6, 7]
    assert found.phrase.tolist() == [0, 1, 2, 2, 2]
    assert found.edge_index.tolist() == [[2, 3], [3, 4]]
    assert found.level.tolist() == [0, 0, 0, 1, 2]
    assert found.mask.tolist() == [True, True, False, False, True]
    assert found.y[found.mask].tolist() == [1, 2, 4]
    assert found.score.tolist() == [9]


def test_words_stay_in_their_order_where_the_root_is_in_the_middle():
    found = Phrases("path both ways")(tree([1, -1, 3, 1]))
    assert found.x.flatten().tolist() == [2, 3, 4, 5]
    assert found.edge_index.tolist() == [[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]]
    assert found.mask.tolist() == [False, False, False, True]
    assert "level" not in found


def test_a_bag_has_no_edges_and_one_word_is_a_phrase():
    assert Phrases("bag")(tree(FOUR)).edge_index.shape == (2, 0)
    for shape in SHAPES:
        one = Phrases(shape)(tree([-1]))
        assert (one.x.tolist(), one.mask.tolist(), one.edge_index.shape) == ([[2]], [True], (2, 0))


def test_a_random_tree_is_binary_over_the_same_words_and_always_the_same():
    data = tree([8] * 8 + [-1], words=[2, 3, 4, 5, 6, 7, 8, 9, 0])
    found = Phrases("random tree")(data.clone())
    words = found.x.flatten()
    assert words[words > 0].tolist() == [2, 3, 4, 5, 6, 7, 8, 9]
    assert len(words) == 15
    degree = torch.bincount(found.edge_index[1], minlength=15)
    assert degree[words > 0].eq(0).all()
    assert degree[words == 0].eq(2).all()
    assert found.mask.nonzero().flatten().tolist() == [14]
    assert bool((found.edge_index[0] < found.edge_index[1]).all())
    again = Phrases("random tree")(data.clone())
    assert again.edge_index.equal(found.edge_index)
    assert not Phrases("random tree", seed=1)(data.clone()).edge_index.equal(found.edge_index)
    other = tree([8] * 8 + [-1], words=[2, 3, 4, 5, 6, 7, 8, 3, 0])
    assert not Phrases("random tree")(other).edge_index.equal(found.edge_index)


def test_random_parents_are_any_nodes_behind():
    parents = torch.stack([RandomParents(seed)(tree([-1] * 4)).edge_index[1] for seed in range(600)])
    counts = torch.bincount(parents[:, 0], minlength=4)
    assert counts[0] == 0
    assert abs(counts[1:] - 200).max() < 50
    assert parents[:, 2].eq(3).all()
    assert RandomParents()(tree([-1])).edge_index.shape == (2, 0)


def test_random_cuts_are_equally_likely():
    heights = []
    for seed in range(400):
        found = Phrases("random tree", seed)(tree([3, 3, 3, -1], words=[2, 3, 4, 0]))
        heights.append(found.edge_index[1, found.edge_index[0] == 0].item())
    assert abs(sum(parent == 2 for parent in heights) - 200) < 50  # the first two words together, or the last two


def test_a_phrase_without_words_is_refused():
    with pytest.raises(ValueError, match="data: expected phrases of at least one word, got node 2 without words"):
        Phrases("path")(tree([2, 2, -1], words=[0, 0, 0]))
    with pytest.raises(ValueError, match="shape: expected one of path, path both ways, random tree, bag, got 'trees'"):
        Phrases("trees")
