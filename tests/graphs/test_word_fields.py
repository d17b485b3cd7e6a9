"""Receptive fields, against a search by hand."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from gnn_toolkit.graphs import GraphOfWords, WordFields


def test_the_best_connected_come_first_and_the_nearest_with_them():
    # a star around 10 with a chain 13 - 14 - 15 - 16 - 17 hanging on it; one word alone
    pairs = torch.tensor([[0, 0, 0, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7]])
    x = torch.arange(10, 19)
    graph = Data(x=x, edge_index=torch.cat([pairs, pairs.flip(0)], 1))
    found: Any = WordFields(words=10, size=4)(graph)
    assert found.field.shape == (1, 10, 4)
    field = found.field[0].tolist()
    # sums of weights: 10 has 3; 13, 14, 15, 16 have 2; 11, 12, 17 have 1; 18 has none
    assert [row[0] for row in field] == [10, 13, 14, 15, 16, 11, 12, 17, 18, -1]
    assert field[0] == [10, 13, 11, 12]
    assert field[1] == [13, 10, 14, 15]  # two hops away 15, 11 and 12: 15 is better connected
    assert field[7] == [17, 16, 15, 14]
    assert field[8] == [18, -1, -1, -1]


def test_it_reaches_three_hops():
    pairs = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    graph = Data(x=torch.arange(1, 6), edge_index=torch.cat([pairs, pairs.flip(0)], 1))
    field = WordFields(words=5, size=5)(graph).field[0]
    assert field[field[:, 0] == 1].tolist() == [[1, 2, 3, 4, -1]]


def test_weights_decide_and_an_empty_document_has_one_field():
    graph: Any = GraphOfWords(window=2)(Data(x=torch.tensor([5, 6, 5, 6, 7])))
    assert WordFields(words=3, size=1)(graph).field[0].tolist() == [[6], [5], [7]]
    lonely = Data(x=torch.tensor([0]), edge_index=torch.empty(2, 0, dtype=torch.long))
    assert WordFields(words=2, size=2)(lonely).field.tolist() == [[[0, -1], [-1, -1]]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="size"):
        WordFields(size=0)
    with pytest.raises(ValueError, match="edge_index"):
        WordFields()(Data(x=torch.tensor([1])))
