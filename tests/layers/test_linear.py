import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from gnn_toolkit.layers import linear_recurrence
from gnn_toolkit.layers.kernels import blocks, chains

DIAMOND = torch.tensor([[0, 1, 0, 3, 0, 0], [1, 2, 2, 4, 1, 4]])  # two roots, one edge twice, an isolated node 5
REAL, COMPLEX = torch.float64, torch.complex128


def node_by_node(a: Tensor, b: Tensor, edge_index: Tensor, per: str | None, initial: Tensor | None = None) -> Tensor:
    """Return the states as one would first write them: one node, one edge, at a time."""
    edges = edge_index.t().tolist()
    waiting = {v: [e for e, (_, w) in enumerate(edges) if w == v] for v in range(b.size(0))}
    starts = [v for v, into in waiting.items() if not into]
    h: dict[int, Tensor] = {}
    wide = a.repeat_interleave(b.size(1) // a.size(-1), -1)
    while len(h) < b.size(0):
        for v, into in waiting.items():
            if v in h or any(edges[e][0] not in h for e in into):
                continue
            state = b[v]
            if initial is not None and not into:
                row = initial[starts.index(v)]
                state = state + (row if per == "edge" else row * (wide[v] if per == "target" else wide))
            for e in into:
                state = state + (wide[e] if per == "edge" else wide[v] if per == "target" else wide) * h[edges[e][0]]
            h[v] = state
    return torch.stack([h[v] for v in range(b.size(0))]) if h else b


def coefficients(per: str | None, edge_index: Tensor, nodes: int, groups: int, dtype: torch.dtype) -> Tensor:
    rows = {"edge": (edge_index.size(1),), "target": (nodes,), None: ()}[per]
    return torch.randn(*rows, groups, dtype=dtype, requires_grad=True)


def assert_parity(edge_index: Tensor, nodes: int, per: str | None, groups: int = 4, dtype=REAL, initial: bool = False):
    a = coefficients(per, edge_index, nodes, groups, dtype)
    b = torch.randn(nodes, 4, dtype=dtype, requires_grad=True)
    starts = nodes - torch.unique(edge_index[1]).numel()
    h_0 = torch.randn(starts, 4, dtype=dtype, requires_grad=True) if initial else None
    ours = linear_recurrence(a, b, edge_index, per=per, initial=h_0)
    plain = node_by_node(a, b, edge_index, per, h_0)
    torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-9)
    inputs = [a, b] + ([] if h_0 is None else [h_0])
    weight = torch.randn_like(plain)
    options = {"materialize_grads": True, "allow_unused": True}
    found, expected = (torch.autograd.grad(h, inputs, weight, **options) for h in (ours, plain))
    for x, y in zip(found, expected, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-8, atol=1e-8 * max(1.0, float(y.abs().max()) if y.numel() else 1.0))


@st.composite
def dags(draw):
    nodes = draw(st.integers(0, 9))
    kind = draw(st.sampled_from(["dag", "forest", "inward forest", "path"]))
    pairs = []
    for v in range(1, nodes):
        if kind == "path":
            pairs += [(v - 1, v)] * draw(st.integers(0, 1))
        elif kind == "dag":
            pairs += draw(st.lists(st.tuples(st.integers(0, v - 1), st.just(v)), max_size=3))
        else:
            pairs += [(draw(st.integers(0, v - 1)), v)] * draw(st.integers(0, 1))
    numbers = torch.tensor(draw(st.permutations(range(nodes))), dtype=torch.long)
    edge_index = torch.tensor(draw(st.permutations(pairs)), dtype=torch.long).view(-1, 2).t()
    if kind == "inward forest":
        edge_index = edge_index.flip(0)
    return (numbers[edge_index] if nodes else edge_index), nodes


QUIET = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(params=["levels", "chains"])
def evaluation(request, monkeypatch):
    """Walk by level, or along chains with blocks, whatever the size."""
    along_chains = request.param == "chains"
    monkeypatch.setattr(chains.Chains, "pays", lambda self, channels: along_chains)
    monkeypatch.setattr(chains, "SHORT", 0)
    monkeypatch.setattr(chains, "_GROUP_CALLS", 0)
    monkeypatch.setattr(blocks, "SHORT", 3)


@given(
    graph=dags(),
    per=st.sampled_from(["edge", "target", None]),
    groups=st.sampled_from([1, 2, 4]),
    dtype=st.sampled_from([REAL, COMPLEX]),
    initial=st.booleans(),
)
@QUIET
def test_values_and_gradients_are_those_of_a_loop_over_nodes(evaluation, graph, per, groups, dtype, initial):
    torch.manual_seed(0)
    assert_parity(*graph, per, groups, dtype, initial)
