"""Signals with the attributes of PyG Temporal's, as tensors and through a layer."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gnn_toolkit import GConvGRU
from gnn_toolkit.datasets import from_temporal_signal


def static(**change: Any) -> SimpleNamespace:
    """A signal of three steps on three nodes, as PyG Temporal's StaticGraphTemporalSignal keeps one."""
    draw = np.random.default_rng(0)
    given = {
        "features": [draw.normal(size=(3, 2)) for _ in range(3)],
        "targets": [np.array([0, 1, step]) for step in range(3)],
        "edge_index": np.array([[0, 1], [1, 2]]),
        "edge_weight": np.array([0.5, 2.0]),
        "additional_feature_keys": ["hour"],
        "hour": [np.array([float(step)]) for step in range(3)],
    }
    return SimpleNamespace(**{**given, **change})


def dynamic() -> SimpleNamespace:
    signal = static()
    edges = [np.array([[0], [step]]) for step in range(3)]
    weights = [np.array([1.0 + step]) for step in range(3)]
    del signal.edge_index, signal.edge_weight
    return SimpleNamespace(**vars(signal), edge_indices=edges, edge_weights=weights)


def test_snapshots_become_tensors_of_all_steps():
    given = static()
    signal = from_temporal_signal(given)
    assert (signal.x.dtype, signal.x.shape) == (torch.float32, (3, 3, 2))
    np.testing.assert_allclose(signal.x[1].numpy(), given.features[1].astype(np.float32))
    assert signal.y is not None
    assert (signal.y.dtype, signal.y.tolist()) == (torch.int64, [[0, 1, 0], [0, 1, 1], [0, 1, 2]])
    assert isinstance(signal.edge_index, torch.Tensor)
    assert isinstance(signal.edge_weight, torch.Tensor)
    assert signal.edge_index.tolist() == [[0, 1], [1, 2]]
    assert (signal.edge_weight.dtype, signal.edge_weight.tolist()) == (torch.float32, [0.5, 2.0])
    assert signal.others["hour"].tolist() == [[0.0], [1.0], [2.0]]
    bare = from_temporal_signal(static(targets=[None] * 3, edge_weight=None))
    assert bare.y is None
    assert bare.edge_weight is None


@pytest.mark.parametrize("given", [static(), dynamic()], ids=["static", "dynamic"])
def test_all_snapshots_at_once_are_the_snapshots_one_by_one(given: SimpleNamespace):
    torch.manual_seed(0)
    signal, layer, h = from_temporal_signal(given), GConvGRU(2, 4), None
    out, last = layer(signal.x, signal.edge_index, signal.edge_weight)
    for step in range(3):
        moves = isinstance(signal.edge_index, list)
        edges = signal.edge_index[step] if moves else signal.edge_index
        weight = signal.edge_weight[step] if isinstance(signal.edge_weight, list) else signal.edge_weight
        now, h = layer(torch.FloatTensor(given.features[step]), edges, weight, h)
        torch.testing.assert_close(now, out[step])
    assert h is not None
    torch.testing.assert_close(h, last)


@pytest.mark.parametrize(
    "given",
    [
        object(),
        static(features=[np.zeros((3, 2)), np.zeros((4, 2)), np.zeros((3, 2))]),
        static(features=[np.zeros((3, 2)), None, np.zeros((3, 2))]),
        static(targets=[np.zeros(3)] * 2),
        SimpleNamespace(**{**vars(dynamic()), "edge_weights": [None]}),
    ],
    ids=["no signal", "another shape", "nothing", "fewer targets", "fewer weights"],
)
def test_snapshots_that_do_not_fit_are_refused(given: Any):
    with pytest.raises(ValueError, match=r"^signal: expected"):
        from_temporal_signal(given)
