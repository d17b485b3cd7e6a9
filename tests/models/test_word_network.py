"""A network of words is the embedding, the layers and the head one after the other, on each text by itself."""

from typing import Any

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import GraphOfWords, NoEdges, Path, Phrases, SiblingTree, Tree, WordVocabulary
from gnn_toolkit.layers import DAGLSTM, GCNConv
from gnn_toolkit.models import WordNetwork


def make(layer: str, **options: Any) -> Any:
    torch.manual_seed(0)
    own = {"readout": "mean"} if layer == "bag" else {"readout": "nodes", "num_layers": 1, "aggr": "sum"}
    return WordNetwork(9, 4, 3, layer=layer, padding_idx=0, **{**own, **options}).double()


def sentence(asked: list[bool]) -> Any:
    edge_index = torch.tensor([[0, 1, 2, 3], [2, 2, 4, 4]])
    data = Data(x=torch.tensor([[5], [6], [0], [7], [0]]), edge_index=edge_index, phrase=torch.zeros(5).long())
    data.mask = torch.tensor(asked)
    return data


ROOT = [False, False, False, False, True]


@pytest.mark.parametrize("forget", ["edge", "relation"])
def test_a_tree_lstm_is_read_at_the_nodes_that_are_asked_about(forget: str):
    model = make("lstm", num_relations=2, forget=forget)
    data = Tree(2)(sentence([True, False, True, False, True]))
    layer = DAGLSTM(4, 4, num_relations=2, forget=forget, aggr="sum").double()
    layer.load_state_dict(model.network.layers[0].state_dict())
    x = model.embedding(data.x[:, 0])
    assert x[2].eq(0).all()
    states = layer(x, data.edge_index, edge_type=data.edge_type)[0]
    torch.testing.assert_close(model(data), model.head(states[[0, 2, 4]]))


def test_a_child_sum_tree_lstm_follows_the_published_equations():
    model = make("lstm")
    data = Tree()(sentence(ROOT))
    x, layer = model.embedding(data.x[:, 0]), model.network.layers[0]
    w, u, bias = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0
    (wi, wf, wg, wo), (ui, uf, ug, uo), (bi, bf, bg, bo) = w.chunk(4), u.chunk(4), bias.chunk(4)
    h, c = {}, {}
    for node, children in enumerate([[], [], [0, 1], [], [2, 3]]):
        total = sum((h[k] for k in children), torch.zeros(4).double())
        i, o = (torch.sigmoid(a @ x[node] + b @ total + d) for a, b, d in ((wi, ui, bi), (wo, uo, bo)))
        g = torch.tanh(wg @ x[node] + ug @ total + bg)
        c[node] = i * g + sum(torch.sigmoid(wf @ x[node] + uf @ h[k] + bf) * c[k] for k in children)
        h[node] = o * torch.tanh(c[node])
    torch.testing.assert_close(model.states(data)[0], h[4])


def test_both_ways_are_read_where_they_end():
    model = make("lstm", bidirectional=True, readout="last")
    data = Phrases("path")(sentence([True, False, True, False, True]))
    ours, theirs = model.network.layers[0], nn.LSTM(4, 4, bidirectional=True).double()
    theirs.load_state_dict(ours.state_dict())
    expected = []
    for words in ([5], [5, 6], [5, 6, 7]):
        _, (h, _) = theirs(model.embedding(torch.tensor(words)))
        expected.append(torch.cat([h[0], h[1]]))
    torch.testing.assert_close(model.states(data), torch.stack(expected))


def test_a_bag_is_a_perceptron_on_the_shares_of_words():
    model = make("bag")
    data = Phrases("bag")(sentence(ROOT))
    shares = torch.zeros(9).double()
    shares[[5, 6, 7]] = 1 / 3
    torch.testing.assert_close(model(data)[0], model.head(torch.relu(shares @ model.embedding.weight)))


def test_a_convolution_is_the_mean_over_each_phrase():
    model = make("gcn", readout="mean", num_layers=1)
    data = Phrases("path both ways")(sentence([False, False, True, False, True]))
    layer = GCNConv(4, 4).double()
    layer.load_state_dict(model.network.layers[0].state_dict())
    states = layer(model.embedding(data.x[:, 0]), data.edge_index)
    torch.testing.assert_close(model.states(data), torch.stack([states[:2].mean(0), states[2:].mean(0)]))


def test_a_mean_over_phrases_within_phrases_is_refused():
    with pytest.raises(ValueError, match="data: expected one node asked about in each text, got 2 in 1"):
        make("gcn", readout="mean")(Tree()(sentence([True, False, False, False, True])))


@pytest.mark.parametrize("pair", ["similarity", "relation"])
def test_pairs(pair: str):
    model = make("lstm", pair=pair)
    data = Batch.from_data_list([Tree()(sentence(ROOT)), Phrases("path")(sentence(ROOT))])
    h, k = model.states(data)
    parts = [(h - k).abs(), h * k] if pair == "similarity" else [h, k, h * k]
    torch.testing.assert_close(model(data)[0], model.head(torch.cat(parts)))
    turned = Batch.from_data_list([Phrases("path")(sentence(ROOT)), Tree()(sentence(ROOT))])
    assert torch.allclose(model(turned), model(data)) == (pair == "similarity")


@pytest.mark.parametrize(
    ("layer", "options"),
    [("rnn", {}), ("gru", {}), ("lstm", {}), ("lstm", {"forget": "relation"}), ("gcn", {"readout": "mean"})],
)
def test_a_batch_is_its_graphs_one_by_one(layer: str, options: dict[str, Any]):
    model = make(layer, num_relations=2, **options)
    alone = Data(
        x=torch.tensor([[8]]), edge_index=torch.empty(2, 0).long(), mask=torch.tensor([True]), phrase=torch.tensor([0])
    )
    graphs = [SiblingTree()(sentence(ROOT)), SiblingTree()(alone), SiblingTree()(sentence(ROOT))]
    together = model(Batch.from_data_list(graphs))
    torch.testing.assert_close(together, torch.cat([model(graph) for graph in graphs]))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match='forget: expected "edge" for a layer without memory'):
        make("gru", forget="relation")
    with pytest.raises(ValueError, match="pair: expected one of"):
        make("lstm", pair="similar")


TEXTS = ["a b a c", "d", "", "c c b x a"]
VOCABULARY = WordVocabulary(["a", "b", "c", "d"])
DOCUMENTS = [VOCABULARY.document(text) for text in TEXTS]


def batch_of(view: Any) -> Any:
    return Batch.from_data_list([view(document) for document in DOCUMENTS])


def test_the_wide_perceptron_is_its_formula_with_gradients():
    torch.manual_seed(0)
    model = WordNetwork(5, 7, 3, layer="bag").double()
    assert model.bias is not None
    with torch.no_grad():
        model.bias.normal_()
    head: Any = model.head
    out = model(batch_of(NoEdges()))
    shares = torch.zeros(len(TEXTS), 5, dtype=torch.float64)
    for row, document in zip(shares, DOCUMENTS, strict=True):
        assert document.x is not None
        for code in document.x.tolist():
            row[code] += 1 / len(document.x)
    plain = torch.relu(shares @ model.embedding.weight + model.bias) @ head.weight.t() + head.bias
    torch.testing.assert_close(out, plain)
    weights = [model.embedding.weight, model.bias, head.weight, head.bias]
    for mine, reference in zip(
        torch.autograd.grad(out.square().sum(), weights),
        torch.autograd.grad(plain.square().sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference)


@pytest.mark.parametrize(
    ("view", "options"),
    [
        (Path(), {"layer": "lstm", "readout": "last"}),
        (Path(), {"layer": "gru", "readout": "last", "bidirectional": True}),
        (GraphOfWords(2), {"layer": "gcn", "readout": "mean"}),
        (GraphOfWords(2), {"layer": "gcn", "readout": "attention"}),
        (NoEdges(), {"layer": "mlp", "readout": "attention"}),
    ],
)
def test_each_document_of_a_batch_is_read_as_if_alone(view: Any, options: dict[str, Any]):
    torch.manual_seed(0)
    model = WordNetwork(len(VOCABULARY), 6, 3, **options).double()
    batch = batch_of(view)
    out = model(batch)
    alone = torch.cat([model(view(document)) for document in DOCUMENTS])
    torch.testing.assert_close(out, alone)
    assert batch.x.dtype == torch.int64  # the batch is left as it is
    out.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())


def test_what_is_no_code_is_refused():
    for model in (WordNetwork(3, 4, 2, layer="bag"), WordNetwork(3, 4, 2, layer="gcn", readout="mean")):
        with pytest.raises(ValueError, match="codes of words"):
            model(Data(x=torch.ones(2, 3), edge_index=torch.empty(2, 0, dtype=torch.long)))
