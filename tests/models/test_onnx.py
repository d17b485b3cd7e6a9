"""Sequence layers as ONNX, run by onnx's own evaluator."""

import logging
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from gnn_toolkit import DAGGRU, GRU, LSTM, RNN


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch):
    """Leave out what torch's exporter says of its own parts."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}], ids=["plain", "both ways"])
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_an_exported_layer_computes_the_same(kind: Any, options: dict[str, Any]):
    torch.manual_seed(0)
    layer, x = kind(4, 3, **options).eval(), torch.randn(5, 2, 4)
    program = torch.onnx.export(layer, (x,), dynamo=True, verbose=False)
    assert program is not None
    found = ReferenceEvaluator(program.model_proto).run(None, {str(program.model.graph.inputs[0].name): x.numpy()})
    out, final = layer(x)
    expected = [out, *(final if isinstance(final, tuple) else [final])]
    assert isinstance(found, list)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-6)


def test_a_recurrence_over_any_graph_is_refused():
    with pytest.raises(Exception, match=r"No ONNX function found for .*gnn_toolkit"):
        torch.onnx.export(DAGGRU(4, 3), (torch.randn(3, 4), torch.tensor([[0, 1], [2, 2]])), dynamo=True, verbose=False)
