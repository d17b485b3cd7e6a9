"""Kernels against the plain walk: values, all gradients, and their own derivatives."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit.graphs.order import LevelOrder, level_order, path_order
from gnn_toolkit.layers.cells import Cell
from gnn_toolkit.layers.kernels import plain
from gnn_toolkit.testing import assert_parity, random_dag

F, H = 3, 2


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def orders(relations: int) -> dict[str, LevelOrder]:
    """Return orders of a random DAG with parallel edges and an isolated node, of nothing, and of paths."""
    generator = torch.Generator().manual_seed(0)
    edges = random_dag(8, 12, generator)
    edges = torch.cat([edges, edges[:, :2]], 1)
    types = torch.randint(relations, (edges.size(1),), generator=generator)
    found = {"a DAG": level_order(edges, 9, edge_type=types if relations > 1 else None, num_relations=relations)}
    found["no node"] = level_order(edges[:, :0], 0, num_relations=1)
    if relations == 1:
        found["paths"] = path_order(torch.tensor([3, 2, 2, 1]))
    return found


@pytest.fixture
def check_kernel() -> Callable[..., None]:
    """Return a check of one kernel under every aggregation, with and without initial states and biases."""

    def check(kernel: Any, cell: Cell, relations: int, inner: bool = False, paths: bool = True, **options: Any) -> None:
        rows = cell.num_gates * H
        for name, order in orders(relations).items():
            if name == "paths" and not paths:
                continue
            for aggr in ("sum", "mean", "max"):
                for given in (False, True):
                    extra = order.starts.numel() if given else 0
                    x, weight_ih, weight = normal(order.nodes.numel(), F), normal(rows, F, seed=1), None
                    weight = normal(relations, rows, H, seed=2)
                    bias, bias_n = (normal(rows, seed=3), normal(H, seed=4)) if given else (None, None)
                    initial = [normal(extra, H, seed=5 + k) for k in range(cell.num_states)]
                    structure = list((order.with_initial if given else order).incidence)
                    others: dict[str, Any] = {}
                    if inner:
                        others["bias_n"] = torch.zeros(H, dtype=x.dtype) if bias_n is None else bias_n
                    states = dict(zip(("h_0", "c_0"), initial, strict=False))
                    out = kernel(
                        x=x, weight_ih=weight_ih, bias=bias, weight=weight, **others, **states, structure=structure,
                        aggr=aggr, **options,
                    )  # fmt: skip
                    found = [out] if isinstance(out, Tensor) else list(out[: cell.num_states])
                    pad = None if bias_n is None or not inner else torch.nn.functional.pad(bias_n, (rows - H, 0))
                    expected = plain.walk(cell, x, weight_ih, bias, weight, pad, initial, structure, aggr)
                    leaves = [x, weight_ih, weight, *initial, *([] if bias is None else [bias])]
                    leaves += [bias_n] if inner and bias_n is not None else []
                    leaves = [leaf for leaf in leaves if leaf.numel()] if x.numel() else []
                    try:
                        assert_parity(found, expected, [(leaves, leaves)] if leaves else [])
                    except AssertionError as error:
                        raise AssertionError(f"{name}, {aggr}, initial states {given}: {error}") from error
                    if name == "a DAG" and given:
                        _check_second_derivatives(found, expected, leaves)

    return check


def _check_second_derivatives(found: list[Tensor], expected: list[Tensor], leaves: list[Tensor]) -> None:
    second = []
    for states in (found, expected):
        total = sum((state.square() * normal(*state.shape, seed=9).detach()).sum() for state in states)
        assert isinstance(total, Tensor)
        first = torch.autograd.grad(total, leaves, create_graph=True)
        penalty = sum(gradient.square().sum() for gradient in first)
        assert isinstance(penalty, Tensor)
        second += [torch.autograd.grad(penalty, leaves, allow_unused=True)]
    for a, b in zip(*second, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-8)
