import warnings

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers import linear_recurrence, linear_scan
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
        torch.testing.assert_close(
            x, y, rtol=1e-8, atol=1e-8 * max(1.0, float(y.detach().abs().max()) if y.numel() else 1.0)
        )


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


QUIET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(params=["levels", "chains"])
def evaluation(request, monkeypatch):
    """Walk by level, or along chains with blocks, whatever the size."""
    along_chains = request.param == "chains"
    monkeypatch.setattr(chains.Chains, "pays", lambda self, channels: along_chains)
    monkeypatch.setattr(chains, "LONG", 0)
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
    edge_index, nodes = graph
    assert_parity(edge_index, nodes, per, groups, dtype, initial)


@pytest.mark.parametrize("dtype", [REAL, COMPLEX], ids=str)
@pytest.mark.parametrize(("per", "groups"), [("edge", 1), ("target", 2), (None, 1)])
def test_derivatives_of_every_order_and_mode_agree_with_differences(evaluation, per, groups, dtype):
    torch.manual_seed(0)
    edges = DIAMOND[:, :5]
    a, b = coefficients(per, edges, 5, groups, dtype), torch.randn(5, 2, dtype=dtype, requires_grad=True)
    initial = torch.randn(2, 2, dtype=dtype, requires_grad=True)

    def solve(a: Tensor, b: Tensor, initial: Tensor) -> Tensor:
        return linear_recurrence(a, b, edges, per=per, initial=initial)

    assert gradcheck(solve, (a, b, initial), check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(solve, (a, b, initial), check_batched_grad=dtype == REAL, check_fwd_over_rev=dtype == REAL)


@pytest.mark.parametrize("per", ["edge", "target", None])
def test_function_transforms_agree_with_autograd(evaluation, per):
    torch.manual_seed(0)
    a, b = coefficients(per, DIAMOND, 6, 2, REAL).detach(), torch.randn(6, 4, dtype=REAL)

    def solve(a: Tensor, b: Tensor) -> Tensor:
        return linear_recurrence(a, b, DIAMOND, per=per)

    backward = torch.autograd.functional.jacobian(solve, (a, b))
    for mode in (torch.func.jacrev, torch.func.jacfwd):
        for found, expected in zip(mode(solve, argnums=(0, 1))(a, b), backward, strict=True):
            torch.testing.assert_close(found, expected)
    several = torch.randn(3, *b.shape, dtype=REAL)
    each = torch.stack([solve(a, one) for one in several])
    torch.testing.assert_close(torch.func.vmap(solve, in_dims=(None, 0))(a, several), each)
    each_a = torch.stack([solve(one * a, b) for one in (1.0, 0.5)])
    torch.testing.assert_close(torch.func.vmap(solve, in_dims=(0, None))(torch.stack([a, 0.5 * a]), b), each_a)
    curvature = torch.func.hessian(lambda a: solve(a, b).square().sum())(a)
    expected = torch.autograd.functional.hessian(lambda a: solve(a, b).square().sum(), a)
    torch.testing.assert_close(curvature, expected)


@pytest.mark.parametrize("per", ["edge", "target", None])
def test_it_compiles_and_exports_whole(per):
    torch.manual_seed(0)
    a, b = coefficients(per, DIAMOND, 6, 2, REAL), torch.randn(6, 4, dtype=REAL, requires_grad=True)
    initial = torch.randn(3, 4, dtype=REAL)

    class Solve(torch.nn.Module):
        def forward(self, a: Tensor, b: Tensor, edge_index: Tensor) -> Tensor:
            return linear_recurrence(a, b, edge_index, per=per, initial=initial)

    compiled = torch.compile(Solve(), fullgraph=True, backend="aot_eager")
    ours, expected = compiled(a, b, DIAMOND), Solve()(a, b, DIAMOND)
    torch.testing.assert_close(ours, expected)
    weight = torch.randn_like(expected)
    for x, y in zip(*(torch.autograd.grad(h, (a, b), weight) for h in (ours, expected)), strict=True):
        torch.testing.assert_close(x, y)
    exported = torch.export.export(Solve(), (a.detach(), b.detach(), DIAMOND)).module()
    torch.testing.assert_close(exported(a.detach(), b.detach(), DIAMOND), expected)


def test_the_type_of_an_edge_chooses_its_coefficient_and_orders_come_ready_made():
    torch.manual_seed(0)
    a, b, kind = torch.randn(2, 4), torch.randn(6, 4), torch.tensor([0, 1, 1, 0, 1, 0])
    expected = linear_recurrence(a[kind], b, DIAMOND, per="edge")
    torch.testing.assert_close(linear_recurrence(a, b, DIAMOND, edge_type=kind), expected)
    typed = level_order(DIAMOND, 6, edge_type=kind, num_relations=2)
    torch.testing.assert_close(linear_recurrence(a, b, typed, edge_type=kind), expected)
    later = torch.tensor([0, 3, 7, 1, 9, 2])
    torch.testing.assert_close(linear_recurrence(a, b, DIAMOND, edge_type=kind, level=later), expected)


def test_half_precision_is_solved_in_float32_and_rounded_once():
    a, b = torch.full((1,), 0.999).bfloat16(), torch.ones(300, 1).bfloat16()
    path = torch.stack([torch.arange(299), torch.arange(1, 300)])
    exact = linear_recurrence(a.float(), b.float(), path)
    assert torch.equal(linear_recurrence(a, b, path), exact.bfloat16())
    assert torch.equal(linear_scan(a, b.unsqueeze(1)).squeeze(1), exact.bfloat16())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"a": torch.rand(3, 4)}, r"a: expected 5 rows for edges or 7 for nodes, got \[3, 4\]; give a row for every"),
        ({"a": torch.rand(5, 3)}, "where G divides 4 channels, got"),
        ({"a": torch.rand(2, 5, 4)}, r"a: expected \[5 edges or 7 nodes, G\] or \[G\]"),
        ({"a": torch.ones(5, 4, dtype=torch.long)}, r"got torch.int64; pass a.float\(\)"),
        ({"b": torch.ones(7, 4, dtype=torch.long)}, r"got torch.int64; pass b.float\(\)"),
        ({"a": torch.rand(5, 4).double()}, "a: expected torch.float32, as b, got torch.float64"),
        ({"a": torch.rand(5, 4, dtype=torch.complex64)}, "a: expected torch.float32, as b, got torch.complex64"),
        ({"a": torch.rand(5, 4, device="meta")}, "a: expected a tensor on cpu, got meta"),
        ({"a": None}, "a: expected a tensor, got NoneType"),
        ({"b": torch.rand(7)}, r"b: expected shape \[num_nodes, channels\], got \[7\]"),
        ({"edge_index": torch.tensor([[0, 1, 2, 3, 4], [1, 2, 0, 4, 5]])}, "got the cycle"),
        ({"edge_index": torch.tensor([[0, 1], [1, 9]])}, "edge_index: expected node indices in"),
        ({"edge_index": level_order(torch.tensor([[0], [1]]), 2)}, "edge_index: expected 7 nodes, as b has rows"),
        ({"per": "node"}, "per: expected one of edge, target, got 'node'"),
        ({"per": "target"}, r"a: expected 7 rows, got \[5, 4\]"),
        ({"per": "edge", "a": torch.rand(4)}, r"a: expected 5 rows, got \[4\]"),
        ({"initial": torch.rand(1, 4)}, r"initial: expected shape \[2, 4\], got \[1, 4\]; one state for each node"),
        ({"initial": torch.rand(2, 4).double()}, "initial: expected torch.float32, as b, got torch.float64"),
        ({"edge_type": torch.tensor([0, 9, 0, 0, 0])}, "edge_type: expected an integer tensor"),
        ({"edge_type": torch.zeros(5, dtype=torch.long), "a": torch.rand(4)}, "a: expected a row for every type"),
    ],
)
def test_what_cannot_be_solved_is_refused_with_a_sentence(changed, sentence):
    tree = torch.tensor([[0, 1, 1, 3, 4], [1, 2, 3, 4, 5]])
    given = {"a": torch.rand(5, 4), "b": torch.rand(7, 4), "edge_index": tree, **changed}
    with pytest.raises(ValueError, match=sentence):
        linear_recurrence(**given)


def test_several_graphs_and_looks_at_values_are_refused_under_vmap():
    a, b = torch.rand(6, 4), torch.rand(6, 4)
    several = torch.stack([DIAMOND, DIAMOND])
    with pytest.raises(ValueError, match="edge_index: expected one graph for all calls, got several under vmap"):
        torch.func.vmap(lambda edges: linear_recurrence(a, b, edges, per="edge"))(several)
    with pytest.raises(ValueError, match=r"check_finite: expected False under a compiler or torch\.func"):
        torch.func.grad(lambda a: linear_recurrence(a, b, DIAMOND, per="edge", check_finite=True).sum())(a)


def test_rows_that_could_belong_to_edges_or_nodes_are_refused_unless_said():
    edges = torch.tensor([[0, 0, 1], [1, 2, 2]])
    a, b = torch.tensor([[1.0], [2.0], [3.0]]), torch.ones(3, 1)
    with pytest.raises(ValueError, match="say which with per='edge' or per='target'"):
        linear_recurrence(a, b, edges)
    assert linear_recurrence(a, b, edges, per="edge").flatten().tolist() == [1.0, 2.0, 9.0]
    assert linear_recurrence(a, b, edges, per="target").flatten().tolist() == [1.0, 3.0, 13.0]


def test_an_overflow_is_named_by_its_level_when_asked_for():
    path = torch.stack([torch.arange(5), torch.arange(1, 6)])
    a, b = torch.full((1,), 1e20), torch.ones(6, 1)
    with pytest.warns(UserWarning, match=r"h is not finite from level 2 of 6 on \(node 2\)"):
        linear_recurrence(a, b, path, check_finite=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear_recurrence(a, b, path)
        linear_recurrence(a * 0, b, path, check_finite=True)


def test_a_long_path_is_finite_wherever_it_is_so_step_by_step():
    steps = torch.arange(600)
    path = torch.stack([steps[:-1], steps[1:]])
    grows = torch.where(steps % 80 < 40, 9.0, 1 / 9.0).unsqueeze(1)  # 9 ** 40 and 9 ** 64 leave float32
    for b in (torch.zeros(600, 1), torch.full((600, 1), 1e-8)):
        ours, plain = linear_recurrence(grows, b, path), node_by_node(grows.double(), b.double(), path, "target")
        finite = plain.abs() < 1e38
        torch.testing.assert_close(ours[finite].double(), plain[finite], rtol=1e-4, atol=1e-30)
        assert not ours.isnan().any()
