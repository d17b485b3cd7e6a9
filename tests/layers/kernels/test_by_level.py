import pytest
import torch

from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers.kernels import by_level, chains, contracted, flow, linear

EDGES = torch.tensor([[0, 1, 0, 3, 0, 0, 2, 5], [1, 2, 2, 4, 1, 4, 5, 6]])  # branching, merging, an edge twice, node 7


def given(per: str, groups: int, dtype: torch.dtype):
    torch.manual_seed(0)
    rows = {flow.EDGE: 8, flow.SHARED: 1}.get(per, 8)
    a, b = torch.randn(rows, groups, dtype=dtype), torch.randn(8, 4, dtype=dtype)
    return a, b, flow.flow(level_order(EDGES, 8))


WAYS = [
    pytest.mark.parametrize("per", [flow.EDGE, flow.TARGET, flow.SOURCE, flow.SHARED]),
    pytest.mark.parametrize("groups", [1, 2, 4]),
    pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str),
    pytest.mark.parametrize("turned", [False, True]),
]


def every_way(test):
    for way in WAYS:
        test = way(test)
    return test


@every_way
def test_states_are_those_of_plain_operations(monkeypatch, per, groups, dtype, turned):
    monkeypatch.setattr(chains, "LONG", 0)
    monkeypatch.setattr(chains, "_GROUP_CALLS", 0)
    a, b, edges = given(per, groups, dtype)
    edges = flow.Flow(edges.incidence, edges.target, edges.edge)  # one that has not looked for chains
    expected = linear.plain(a, b, edges, per, turned)
    torch.testing.assert_close(by_level.by_level(a, b, edges, per, turned), expected)
    cut = edges.chains
    assert cut is not None
    torch.testing.assert_close(contracted.contracted(a, b, edges, per, turned, cut), expected)


@every_way
def test_the_gradient_of_a_is_that_of_plain_operations(per, groups, dtype, turned):
    a, b, edges = given(per, groups, dtype)
    h, g = b.square(), b.flip(0)
    expected = flow.coefficient_gradient(g, h, a, edges, per, turned)
    torch.testing.assert_close(by_level.gradient(g, h, a, edges, per, turned), expected)
