"""What is read of each model of words, and which edges it can use."""

from functools import partial
from typing import Any

import pytest
import torch

from benchmarks.models.words import word_network
from benchmarks.suites.suite import load
from benchmarks.tables import MODELS, TASKS, VIEWS
from benchmarks.tasks.config import Config
from benchmarks.tasks.metrics import ACCURACY
from benchmarks.tasks.phrases import PhraseObjective
from benchmarks.tasks.sized_graphs import SizedGraphs
from gnn_toolkit.datasets import SyntaxTree, numbered
from gnn_toolkit.graphs import Phrases
from gnn_toolkit.models import WordNetwork

TREE = SyntaxTree(("not", "bad", ""), (2, 2, -1))
SPLITS: dict[str, torch.Tensor] = dict.fromkeys(("train", "validation", "test"), torch.tensor([0]))


def objective(view: str, several: bool) -> PhraseObjective:
    data = numbered([TREE], {"not": 2, "bad": 3})
    data.y = torch.tensor([0, 1, 1])
    if several:
        data.mask[:] = True
    transform: Any = VIEWS[view].transform
    source = SizedGraphs([data], SPLITS).viewed(transform)
    return PhraseObjective(source, Config(steps=1, hidden_channels=4), ACCURACY, 2, num_words=4)


def test_one_graph_that_is_asked_about_inside_is_enough():
    word = SyntaxTree(("not",), (-1,))
    graphs = [numbered([tree], {"not": 2, "bad": 3}) for tree in (word, TREE, word)]
    for graph in graphs:
        graph.y = torch.zeros(graph.num_nodes or 0, dtype=torch.long)
    splits: dict[str, torch.Tensor] = dict.fromkeys(("train", "validation", "test"), torch.arange(3))
    assert not SizedGraphs(graphs, splits).asks_inside()
    graphs[1].mask = torch.tensor([True, False, True])
    assert SizedGraphs(graphs, splits).asks_inside()
    assert not SizedGraphs(graphs, splits).viewed(Phrases("path")).asks_inside()


@pytest.mark.parametrize(
    ("layer", "view", "several", "readout"),
    [
        ("lstm", "ordered tree", True, "nodes"),
        ("gru", "words", False, "nodes"),
        ("gcn", "tree", False, "mean"),
        ("gcn", "tree", True, "nodes"),
        ("gcn", "words both ways", True, "mean"),
    ],
)
def test_what_is_read(layer: str, view: str, several: bool, readout: str):
    asked = objective(view, several)
    model = word_network(layer, asked.config, asked)
    assert isinstance(model, WordNetwork)
    assert model.readout == readout
    assert asked.judge(model, asked.source.draw(torch.Generator(), 1)).points.shape == (3 if several else 1,)


COMPARISONS = sorted(
    {(one.task, one.view, one.model) for name in ("sentences", "computation") for one in load(name).comparisons}
)


@pytest.mark.parametrize(("task", "view", "model"), COMPARISONS, ids=lambda name: name.replace(" ", "_"))
def test_every_comparison_of_the_suites_gives_a_loss_and_gradients(task: str, view: str, model: str):
    pair = task in ("sick", "proplogic")
    trees = [TREE, SyntaxTree(("bad", "not", "bad", "not"), (3, 2, 3, -1))]
    graphs = [numbered([tree, tree] if pair else [tree], {"not": 2, "bad": 3}) for tree in trees]
    for graph in graphs:
        graph.y = torch.ones(1 if pair else graph.num_nodes or 0, dtype=torch.long)
        if task == "listops":
            graph.mask[-2:] = True
    transform: Any = VIEWS[view].transform
    splits: dict[str, torch.Tensor] = dict.fromkeys(("train", "validation", "test"), torch.arange(2))
    source = SizedGraphs(graphs, splits).viewed(transform)
    config = TASKS[task].configured({"hidden_channels": 4, "batch_size": 8})
    asked = PhraseObjective(source, config, ACCURACY, 2, num_words=4, pair="relation" if pair else "")
    network = MODELS[model].builders["words"].build(config, asked)
    batch = asked.batch(torch.Generator().manual_seed(0))
    answers, y = asked.answers(network, batch)
    assert answers.shape == (len(y), 2)
    asked.loss(network, batch).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())


def test_each_edge_type_has_a_matrix_and_in_the_n_ary_lstm_a_forget_gate():
    asked = objective("ordered tree", False)
    shapes = []
    for model in ("LSTM", "N-ary Tree-LSTM"):
        built = MODELS[model].builders["words"].build(asked.config, asked)
        shapes.append(tuple(dict(built.named_parameters())["network.layers.0.weight_hh_l0"].shape))
    assert shapes == [(2, 16, 4), (2, 20, 4)]


def test_both_ways_need_a_path_and_a_bag_needs_no_edges():
    assert MODELS["BiLSTM"].builders["words"].edges == ("path",)
    assert MODELS["wide MLP"].builders["words"].edges == ("none",)
    kinds = {name: VIEWS[name].edges for name in ("words", "bag of words", "tree", "sibling tree", "random tree")}
    assert kinds == {
        "words": "path",
        "bag of words": "none",
        **dict.fromkeys(("tree", "sibling tree", "random tree"), "dag"),
    }


def test_the_forget_bias_is_read():
    asked = objective("words", False)
    config = Config(steps=1, hidden_channels=4, forget_bias=2.0)
    make = partial(word_network, "lstm")
    torch.manual_seed(0)
    plain = make(asked.config, asked)
    torch.manual_seed(0)
    changed = make(config, asked)
    difference = (
        dict(changed.named_parameters())["network.layers.0.bias_ih_l0"]
        - dict(plain.named_parameters())["network.layers.0.bias_ih_l0"]
    )
    torch.testing.assert_close(difference, torch.tensor([0.0] * 4 + [2.0] * 4 + [0.0] * 8))
