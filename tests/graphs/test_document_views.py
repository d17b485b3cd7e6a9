"""The graph of a document's words, against its definition."""

import math
from itertools import combinations
from typing import Any

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from gnn_toolkit.graphs import GraphOfWords, NoEdges, Path, ShuffledEdges


def document(*codes: int) -> Data:
    return Data(x=torch.tensor(codes, dtype=torch.long), edge_index=torch.empty(2, 0, dtype=torch.long), y=7)


def edges_of(data: Any) -> dict[tuple[int, int], float]:
    ends = data.x[data.edge_index].t().tolist()
    weights = data.edge_weight.tolist() if "edge_weight" in data else [1.0] * len(ends)
    return {(u, v): w for (u, v), w in zip(ends, weights, strict=True)}


def test_every_window_of_every_pair_counts_both_ways():
    codes, window = torch.randint(1, 9, (30,), generator=torch.Generator().manual_seed(0)).tolist(), 5
    windows = [set(codes[k : k + window]) for k in range(len(codes) - window + 1)]
    data = GraphOfWords(window)(document(*codes))
    counts = {pair: float(sum({*pair} <= words for words in windows)) for pair in combinations(sorted(set(codes)), 2)}
    expected = {pair: count for pair, count in counts.items() if count}
    assert edges_of(data) == expected | {(v, u): count for (u, v), count in expected.items()}
    assert data.x is not None
    assert data.x.tolist() == list(dict.fromkeys(codes))  # in the order of their first places
    assert data.y == 7
    mutual = edges_of(GraphOfWords(window, "pmi")(document(*codes)))
    for (u, v), value in mutual.items():
        single = [sum(word in words for words in windows) for word in (u, v)]
        expected_value = math.log(counts[min(u, v), max(u, v)] * len(windows) / (single[0] * single[1]))
        assert value == pytest.approx(expected_value, rel=1e-6)
    unweighted = GraphOfWords(window, "one")(document(*codes))
    assert "edge_weight" not in unweighted
    assert edges_of(unweighted).keys() == edges_of(data).keys()


@pytest.mark.parametrize("codes", [(4,), (4, 4, 4), ()])
def test_one_word_has_no_edges(codes: tuple[int, ...]):
    data = GraphOfWords()(document(*codes))
    assert (data.num_nodes, data.num_edges) == (len(set(codes)), 0)


def test_shuffled_it_has_the_same_weights_between_other_words():
    data, right = document(1, 2, 3, 4, 1, 5), GraphOfWords(2)
    shuffled = Compose([right, ShuffledEdges()])(data)
    assert sorted(shuffled.edge_weight.tolist()) == sorted(right(data).edge_weight.tolist())
    assert edges_of(shuffled) != edges_of(right(data))
    assert shuffled.x.equal(right(data).x)


def test_the_document_itself_is_left_as_it_is_and_other_views_take_it():
    data = document(1, 2, 1)
    GraphOfWords()(data)
    assert data.x is not None
    assert data.x.tolist() == [1, 2, 1]
    assert Path()(data).num_edges == 2
    assert Path(both_ways=True)(data).num_edges == 4
    assert NoEdges()(data).num_edges == 0


def test_what_is_no_document_is_refused():
    for x in (torch.ones(3), torch.ones(3, 2, dtype=torch.long), None):
        with pytest.raises(ValueError, match="codes of words"):
            GraphOfWords()(Data(x=x, num_nodes=3))
    with pytest.raises(ValueError, match="at least 2 words"):
        GraphOfWords(1)
    with pytest.raises(ValueError, match="did you mean 'count'"):
        GraphOfWords(weight="counts")
