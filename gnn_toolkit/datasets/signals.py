"""Signals on graphs as PyG Temporal keeps them, one snapshot after another, as tensors of all steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit._checks import problem


@dataclass(frozen=True)
class GraphSignal:
    """The snapshots of a graph side by side, as a recurrence in time takes them.

    Attributes:
        x: [T, N, ...] features; [T, N, F] for a layer.
        y: [T, N, ...] targets, or ``None``.
        edge_index: [2, E], or a list of T where the edges change.
        edge_weight: [E], or a list of T; ``None`` for a graph without weights.
        others: what else a snapshot has, by name, [T, ...] each.
    """

    x: Tensor
    y: Tensor | None
    edge_index: Tensor | list[Tensor]
    edge_weight: Tensor | list[Tensor] | None
    others: dict[str, Tensor] = field(default_factory=dict)


def from_temporal_signal(signal: Any) -> GraphSignal:
    """Return all snapshots of a signal of PyG Temporal as tensors.

    Read are the attributes of its ``StaticGraphTemporalSignal`` (``features``, ``targets``, ``edge_index``,
    ``edge_weight``), or ``edge_indices`` and ``edge_weights`` of its ``DynamicGraphTemporalSignal``, and what
    ``additional_feature_keys`` names; the package itself is not needed. Floating-point numbers come in single precision
    and integers as ``int64``, as its own snapshots have them.

    Args:
        signal: an object with these attributes.

    Raises:
        ValueError: an attribute is missing, or snapshots differ in shape.

    >>> from types import SimpleNamespace
    >>> steps = [np.zeros((3, 4)), np.ones((3, 4))]
    >>> edges = np.array([[0, 1], [1, 2]])
    >>> signal = SimpleNamespace(features=steps, targets=steps, edge_index=edges, edge_weight=np.ones(2))
    >>> from_temporal_signal(signal).x.shape
    torch.Size([2, 3, 4])
    """
    moves = hasattr(signal, "edge_indices")
    names = ("edge_indices", "edge_weights") if moves else ("edge_index", "edge_weight")
    for name in ("features", "targets", *names):
        if not hasattr(signal, name):
            remedy = "pass a StaticGraphTemporalSignal or a DynamicGraphTemporalSignal"
            raise ValueError(problem("signal", f"an object with {name}", type(signal).__name__, remedy))
    edges, weights = (getattr(signal, name) for name in names)
    steps = len(signal.features)
    if moves and not len(edges) == len(weights) == steps:
        got = f"{len(edges)} edge_indices and {len(weights)} edge_weights"
        raise ValueError(problem("signal", f"edges for each of {steps} snapshots", got, "one for each of features"))
    targets = None if all(target is None for target in signal.targets) else _stacked("targets", signal.targets, steps)
    others = {key: _stacked(key, getattr(signal, key), steps) for key in getattr(signal, "additional_feature_keys", ())}
    return GraphSignal(
        x=_stacked("features", signal.features, steps).float(),
        y=targets,
        edge_index=[_tensor(each).long() for each in edges] if moves else _tensor(edges).long(),
        edge_weight=_weights(weights, moves),
        others=others,
    )


def _weights(weights: Any, moves: bool) -> Tensor | list[Tensor] | None:
    if weights is None or (moves and all(each is None for each in weights)):
        return None
    return [_tensor(each).float() for each in weights] if moves else _tensor(weights).float()


def _stacked(name: str, snapshots: Sequence[Any], steps: int) -> Tensor:
    shapes = {None if each is None else np.shape(each) for each in snapshots}
    if len(shapes) != 1 or None in shapes or len(snapshots) != steps:
        allowed = f"{steps} snapshots of one shape in {name}"
        got = f"{len(snapshots)} of shapes {sorted(map(str, shapes))}"
        raise ValueError(problem("signal", allowed, got, "cut or pad them first"))
    return torch.stack([_tensor(each) for each in snapshots])


def _tensor(value: Any) -> Tensor:
    tensor = torch.as_tensor(value)
    return tensor.float() if tensor.is_floating_point() else tensor.long()
