"""What is asked of lists, formulas and programs, and the groups of the scores."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.tasks import computation as module
from gnn_toolkit.datasets import Expression, FormulaPair, ListOps, SyntaxTree, load_listops, vocabulary

computation: Any = module  # whose sources have graphs and splits

LISTS = {
    "train": ListOps(max_depth=2, min_depth=1).draw(30, 0),
    "validation": ListOps(max_depth=2, min_depth=1).draw(5, 1),
    "test": [Expression.of(text.split()) for text in ("[MAX 1 [MIN 2 3 ] ]", "4", "[SM 9 9 ]")],
}


@pytest.mark.parametrize("parts", [True, False])
def test_the_value_of_every_list_is_asked_for_or_of_the_whole_alone(parts: bool):
    data = computation.computed(LISTS, parts)
    first, expression = data.source.graphs[0], LISTS["train"][0]
    closed = [place for place, token in enumerate(expression.tokens) if token == "]"]
    assert first.mask.nonzero().flatten().tolist() == (closed if parts else closed[-1:])
    assert first.y[first.mask].tolist() == [expression.values()[place] for place in (closed if parts else closed[-1:])]
    tested = [data.source.graphs[k] for k in data.source.splits["test"].tolist()]
    assert [(int(g.mask.sum()), int(g.y[-1])) for g in tested] == [(1, 2), (1, 4), (1, 8)]
    groups = data.objective.keywords["groups"]
    assert [groups["depth"][-3:], groups["length"][-3:]] == [["2", "0", "1"], ["4-7", "1", "4-7"]]
    assert "30 random expressions" in data.note


def test_fresh_expressions_are_asked_about_like_the_fixed_ones():
    data = computation.computed(LISTS, True)
    numbers = vocabulary([one.tree() for one in LISTS["train"]])
    fixed = data.source.graphs[:3]
    fresh = computation._asked([one.tree() for one in LISTS["train"][:3]], numbers, True)
    for key in ("x", "mask"):
        assert fresh[key].equal(torch.cat([graph[key] for graph in fixed]))
    assert fresh.y[fresh.mask].equal(torch.cat([graph.y[graph.mask] for graph in fixed]))
    assert int(computation._asked([one.tree() for one in LISTS["train"][:3]], numbers, False).mask.sum()) == 3


def test_new_expressions_are_drawn_and_never_those_of_the_test(
    data_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    data_folder("listops/test_d20s.tsv")
    tested = [one for one in load_listops() if one.depth == 1 and len(one.tokens) <= 5]
    monkeypatch.setattr(module, "load_listops", lambda: tested)
    monkeypatch.setattr(module, "HELD", 5)
    monkeypatch.setattr(module, "COUNTED", 50)
    data = computation.lists(0, depth=1, length=5, expressions=0, parts=True)
    words = {number: word for word, number in vocabulary([one.tree() for one in tested]).items()}
    batch = data.source.draw(torch.Generator().manual_seed(0), 300)
    drawn = [tuple(words[int(x)] for x in part[:, 0]) for part in batch.x.split(batch.phrase.bincount().tolist())]
    assert not {*drawn} & {one.tokens for one in tested}
    assert batch.y[batch.mask].tolist() == [Expression.of(tokens).value for tokens in drawn]
    assert "every batch has new expressions" in data.note


def test_baselines_score_what_arithmetic_says():
    trees = {split: [SyntaxTree((word,), (-1,)) for word in "abab"] for split in computation.SPLITS}
    data = computation.single(trees, {split: [0, 1, 0, 1] for split in computation.SPLITS}, 2, {}, "")
    assert data.baselines["majority class"]() == (0.5, 1)
    assert data.baselines["regression on counts"]()[0] == 1.0


def test_formulas_are_pairs_with_a_relation():
    a, b = SyntaxTree(("a",), (-1,)), SyntaxTree(("not", "b", ")"), (2, 2, -1))
    pair = [FormulaPair(a, b, "#"), FormulaPair(b, a, "|")]
    data = computation.compared(dict.fromkeys(computation.SPLITS, pair), ["", ""] * 2 + ["1", "1"], 1)
    graph = data.source.graphs[1]
    assert (graph.y.tolist(), graph.mask.tolist()) == ([6], [False, False, True, True])
    assert graph.edge_index.tolist() == [[0, 1], [2, 2]]
    assert data.baselines["regression on counts"]()[0] == 1.0
    assert data.objective(data.source, computation.FORMULAS.config).source.batch(torch.tensor([0, 1])).y.tolist() == [
        0,
        6,
    ]
