"""Classifiers of documents against their formulas; a document's answer does not depend on its batch."""

import math
from typing import Any

import pytest
import torch
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import GraphOfWords, NoEdges, Path, WordVocabulary
from gnn_toolkit.models import DocumentNetwork, GraphNetwork, WideMLP

TEXTS = ["a b a c", "d", "", "c c b x a"]
VOCABULARY = WordVocabulary(["a", "b", "c", "d"])
DOCUMENTS = [VOCABULARY.document(text) for text in TEXTS]


def batch_of(view: Any) -> Any:
    return Batch.from_data_list([view(document) for document in DOCUMENTS])


def test_the_wide_perceptron_is_its_formula_with_gradients():
    torch.manual_seed(0)
    model = WideMLP(5, 7, 3, dropout=0.0).double()
    with torch.no_grad():
        model.bias.normal_()
    out = model(batch_of(NoEdges()))
    shares = torch.zeros(len(TEXTS), 5, dtype=torch.float64)
    for row, document in zip(shares, DOCUMENTS, strict=True):
        assert document.x is not None
        for code in document.x.tolist():
            row[code] += 1 / len(document.x)
    plain = torch.relu(shares @ model.embedding.weight + model.bias) @ model.head.weight.t() + model.head.bias
    torch.testing.assert_close(out, plain)
    weights = [model.embedding.weight, model.bias, model.head.weight, model.head.bias]
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
    model = DocumentNetwork(len(VOCABULARY), 6, 3, **options).double()
    batch = batch_of(view)
    out = model(batch)
    alone = torch.cat([model(view(document)) for document in DOCUMENTS])
    torch.testing.assert_close(out, alone)
    assert batch.x.dtype == torch.int64  # the batch is left as it is
    out.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())


def test_attention_is_a_softmax_over_each_graphs_nodes():
    torch.manual_seed(0)
    model = GraphNetwork(3, 4, 2, layer="mlp", num_layers=1, readout="attention").double()
    x, sizes = torch.randn(5, 3, dtype=torch.float64), [2, 3]
    batch = Data(x=x, edge_index=torch.empty(2, 0, dtype=torch.long), batch=torch.tensor([0, 0, 1, 1, 1]))
    states = torch.relu(model.layers[0](x)).detach()
    assert model.attention is not None
    read = []
    for part in states.split(sizes):
        scores = [math.exp(float(score)) for score in part @ model.attention.weight[0].detach()]
        read.append(sum(score * row for score, row in zip(scores, part, strict=True)) / sum(scores))
    torch.testing.assert_close(model(batch), model.head(torch.stack(read)))


def test_what_is_no_code_is_refused():
    for model in (WideMLP(3, 4, 2), DocumentNetwork(3, 4, 2, layer="gcn", readout="mean")):
        with pytest.raises(ValueError, match="codes of words"):
            model(Data(x=torch.ones(2, 3), edge_index=torch.empty(2, 0, dtype=torch.long)))
