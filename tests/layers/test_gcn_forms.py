"""Every form of input that PyG's layer documents, and ours: values and all gradients, in float64."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric import EdgeIndex as PyGEdgeIndex
from torch_geometric.nn import GCNConv as PyGConv
from torch_geometric.utils import add_self_loops

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import Adjacency, adjacency
from gnn_toolkit.layers import reference
from gnn_toolkit.testing import assert_layer, assert_parity, random_graph

EdgeIndex: Any = PyGEdgeIndex
LAYOUTS = [torch.sparse_coo, torch.sparse_csr, torch.sparse_csc]
WIDTHS = [(4, 3), (3, 4)]  # the sparse product after the dense one, and before it


def sample(width: int = 4, loop: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Nine nodes, two of them isolated; directed edges, no two of them parallel; weights above zero."""
    generator = torch.Generator().manual_seed(0)
    edge_index = random_graph(7, 8, generator)[:, :11]
    if loop:
        edge_index = torch.cat([edge_index, torch.tensor([[3], [3]])], 1)
    weight = torch.rand(edge_index.size(1), dtype=torch.float64, generator=generator) + 0.1
    return torch.randn(9, width, dtype=torch.float64, generator=generator), edge_index, weight


def pair(widths: tuple[int, int] = (4, 3), **options: Any) -> tuple[GCNConv, PyGConv]:
    """Return a layer and PyG's with the same parameters."""
    torch.manual_seed(0)
    ours, theirs = GCNConv(*widths, **options).double(), PyGConv(*widths, **options).double()
    torch.nn.init.normal_(ours.bias)  # type: ignore[arg-type]
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


Call = Callable[[Any, Tensor, Tensor], Tensor]


def assert_same(ours: Call, theirs: Call, layers: tuple[Any, Any], x: Tensor, weight: Tensor) -> None:
    """Assert that two calls ``call(layer, x, weight)`` agree: outputs, gradients of x, weights and parameters."""
    leaves = [[t.clone().requires_grad_() for t in (x, weight)] for _ in range(2)]
    outs = [call(layer, *leaf) for call, layer, leaf in zip((ours, theirs), layers, leaves, strict=True)]
    inputs = [[*leaf, *layer.parameters()] for leaf, layer in zip(leaves, layers, strict=True)]
    assert_parity([outs[0]], [outs[1]], [(inputs[0], inputs[1])], atol=1e-12)


def matrix(edge_index: Tensor, weight: Tensor, layout: torch.layout) -> Tensor:
    """Return the matrix of edges from column to row, of a layout, with gradients to the weights."""
    # Built from a dense one, since torch has no gradient from values to a matrix of every layout.
    dense = torch.zeros(9, 9, dtype=weight.dtype).index_put((edge_index[1], edge_index[0]), weight)
    return dense.to_sparse(layout=layout)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_sparse_matrix_is_pyg_s_edge_index(layout: torch.layout, normalize: bool, widths: tuple[int, int]):
    x, edge_index, weight = sample(widths[0])
    assert_same(
        lambda layer, x, w: layer(x, matrix(edge_index, w, layout)),
        lambda layer, x, w: layer(x, edge_index, w),
        pair(widths, normalize=normalize),
        x,
        weight,
    )


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")  # in PyG
def test_a_sparse_matrix_is_pyg_s_sparse_matrix():
    x, edge_index, weight = sample(loop=False)  # PyG adds a loop to one that a matrix has, but not to an edge_index's
    ours, theirs = pair()
    given = matrix(edge_index, weight, torch.sparse_csr)
    torch.testing.assert_close(ours(x, given), theirs(x, given), atol=1e-12, rtol=0)
    ours, theirs = pair(normalize=False)
    torch.testing.assert_close(ours(x, given), theirs(x, given), atol=1e-12, rtol=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("normalize", [True, False])
def test_an_edge_index_of_pyg_s_own_is_pyg_s(normalize: bool, weighted: bool):
    x, edge_index, weight = sample()
    given = EdgeIndex(edge_index, sparse_size=(9, 9))
    ours, theirs = pair(normalize=normalize)

    def call(layer: Any, x: Tensor, w: Tensor, edges: Tensor) -> Tensor:
        return layer(x, edges, w if weighted else None)

    assert_same(
        lambda layer, x, w: call(layer, x, w, given),
        lambda layer, x, w: call(layer, x, w, edge_index),
        (ours, theirs),
        x,
        weight,
    )
    ordered = EdgeIndex(given.as_tensor()[:, edge_index[1].argsort()], sparse_size=(9, 9), sort_order="col")
    by_column = weight[edge_index[1].argsort()] if weighted else None
    expected = theirs(x, ordered.as_tensor(), by_column)
    torch.testing.assert_close(ours(x, ordered.fill_cache_(), by_column), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("options", [{}, {"normalize": False}, {"flow": "target_to_source"}], ids=str)
@pytest.mark.parametrize("shape", [(2,), (2, 3)], ids=str)
def test_a_batch_on_one_graph_is_pyg_s(shape: tuple[int, ...], options: dict[str, Any], widths: tuple[int, int]):
    _, edge_index, weight = sample()
    x = torch.randn(*shape, 9, widths[0], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours, theirs = pair(widths, **options)

    def call(layer: Any, x: Tensor, w: Tensor) -> Tensor:
        return layer(x, edge_index, w)

    if len(shape) == 1:  # as far as PyG goes
        assert_same(call, call, (ours, theirs), x, weight)
    each = [theirs(one, edge_index, weight) for one in x.flatten(0, -3)]
    expected = torch.stack(each).view(*shape, 9, widths[1])
    torch.testing.assert_close(ours(x, edge_index, weight), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("widths", WIDTHS)
def test_nodes_may_lie_along_another_axis(widths: tuple[int, int]):
    _, edge_index, weight = sample()
    x = torch.randn(9, 5, widths[0], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    first, usual = GCNConv(*widths, node_dim=0).double(), GCNConv(*widths).double()
    usual.load_state_dict(first.state_dict())
    expected = usual(x.movedim(0, 1), edge_index, weight).movedim(1, 0)
    torch.testing.assert_close(first(x, edge_index, weight), expected, atol=1e-12, rtol=0)
    first.register_message_forward_hook(lambda *_: None)
    torch.testing.assert_close(first(x, edge_index, weight), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_sparse_features_are_pyg_s(layout: torch.layout, widths: tuple[int, int]):
    x, edge_index, weight = sample(widths[0])
    x = x.relu()
    ours, theirs = pair(widths)
    found, expected = ours(x.to_sparse(layout=layout), edge_index, weight), theirs(x, edge_index, weight)
    inputs = (list(ours.parameters()), list(theirs.parameters()))
    assert_parity([found], [expected], [inputs], atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"improved": True}, {"add_self_loops": False}, {"normalize": False}], ids=str)
def test_a_prepared_adjacency_is_the_edges_it_was_made_of(options: dict[str, Any]):
    x, edge_index, weight = sample()
    assert_same(
        lambda layer, x, w: layer(x, adjacency(edge_index, w, 9, **options)),
        lambda layer, x, w: layer(x, edge_index, w),
        pair(**options),
        x,
        weight,
    )


def test_a_prepared_adjacency_is_used_as_it_is():
    x, edge_index, weight = sample()
    prepared = adjacency(edge_index, weight, 9, improved=True)
    improved, _ = pair(improved=True)
    plain, _ = pair(normalize=False, cached=True)
    expected = improved(x, edge_index, weight)
    assert plain(x, prepared).equal(expected)
    plain.register_message_forward_hook(lambda *_: None)
    torch.testing.assert_close(plain(x, prepared), expected, atol=1e-12, rtol=0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Tensor, Tensor, int]:
    """Edges, parallel ones among them and at most one loop a node, with weights of at least zero."""
    num_nodes = draw(st.integers(1, 6))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=12))
    seen: set[int] = set()
    edges = [(u, v) for u, v in edges if u != v or not (u in seen or seen.add(u))]
    weights = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(edges), max_size=len(edges)))
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    return edge_index, torch.tensor(weights, dtype=torch.float64), num_nodes


@given(graphs(), st.booleans(), st.booleans(), st.sampled_from(WIDTHS), st.sampled_from([torch.int64, torch.int32]))
def test_any_graph_is_pyg_s(
    graph: tuple[Tensor, Tensor, int], weighted: bool, loops: bool, widths: tuple[int, int], dtype: torch.dtype
):
    edge_index, weight, num_nodes = graph
    x = torch.randn(num_nodes, widths[0], dtype=torch.float64)
    if weighted and not loops:
        weight = weight + 0.5  # the gradient at a degree of zero is 0 in ours, NaN in PyG's
    assert_same(
        lambda layer, x, w: layer(x, edge_index.to(dtype), w if weighted else None),
        lambda layer, x, w: layer(x, edge_index, w if weighted else None),
        pair(widths, add_self_loops=loops),
        x,
        weight,
    )


@given(graphs(), st.lists(st.sampled_from([-1.0, 1.0]), min_size=12, max_size=12))
def test_signed_weights_are_the_plain_twin_s(graph: tuple[Tensor, Tensor, int], signs: list[float]):
    edge_index, weight, num_nodes = graph
    weight = weight * torch.tensor(signs, dtype=torch.float64)[: weight.numel()] + 0.01
    x = torch.randn(num_nodes, 4, dtype=torch.float64)
    layer, _ = pair()
    layer.signed = True
    bare = GCNConv(4, 3, signed=True).double()
    bare.load_state_dict(layer.state_dict())
    assert_same(
        lambda layer, x, w: layer(x, edge_index, w),
        lambda layer, x, w: reference.gcn(x, edge_index, layer.lin.weight, layer.bias, w, signed=True),
        (bare, layer),
        x,
        weight,
    )


FORMS: dict[str, Callable[[Tensor], Any]] = {
    "edge_index": lambda e: e,
    "int32": lambda e: e.int(),
    "EdgeIndex": EdgeIndex,
    "hooked": lambda e: e,
    "COO": lambda e: as_matrix(e).to_sparse(),
    "CSR": lambda e: as_matrix(e).to_sparse_csr(),
    "CSC": lambda e: as_matrix(e).to_sparse_csc(),
}
SIZES: list[int] = []


def as_matrix(edge_index: Tensor) -> Tensor:
    n = SIZES[-1]
    return torch.zeros(n, n, dtype=torch.float64).index_put((edge_index[1], edge_index[0]), torch.ones(()).double())


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("form", [*FORMS, "Adjacency"])
def test_every_form_satisfies_the_contract(form: str, widths: tuple[int, int]):
    layer, _ = pair(widths)
    if form == "hooked":
        layer.register_propagate_forward_hook(lambda *_: None)

    def call(x: Tensor, edge_index: Tensor) -> Tensor:
        SIZES.append(x.size(0))
        if form == "Adjacency":
            return layer(x, adjacency(edge_index, None, x.size(0), dtype=x.dtype))
        return layer(x, FORMS[form](edge_index))

    twin = (layer.lin.weight, layer.bias)
    assert_layer(call, widths[0], reference=lambda x, e: reference.gcn(x, e, *twin), acyclic=False)


def test_loops_added_before_change_nothing():
    x, edge_index, _ = sample(loop=False)
    layer, _ = pair()
    torch.testing.assert_close(layer(x, add_self_loops(edge_index, num_nodes=9)[0]), layer(x, edge_index))


def test_matrices_and_batches_that_do_not_fit_are_refused():
    x, edge_index, weight = sample()
    layer, _ = pair()
    small = adjacency(edge_index[:, :0], None, 4, dtype=torch.float64)
    assert isinstance(small, Adjacency)
    csr = matrix(edge_index, weight, torch.sparse_csr)
    cases: list[tuple[Any, Any, Any, str]] = [
        (x, small, None, r"edge_index: expected a matrix of 9 nodes, got 4"),
        (x[:5], csr, None, r"edge_index: expected a matrix of 5 nodes, got 9"),
        (x, csr, weight, r"edge_weight: expected None beside a sparse matrix"),
        (x[:4], small, weight, r"edge_weight: expected None beside a prepared matrix"),
        (x, [small], None, r"edge_index: expected a tensor .* got builtins.list; .* Adjacency.join"),
        ((x, x), edge_index, None, r"x: expected one tensor, got tuple"),
        (x[0], edge_index, None, r"x: expected shape \[num_nodes, 4\] or \[..., num_nodes, 4\], got \[4\]"),
    ]
    for features, edges, weights, message in cases:
        with pytest.raises(ValueError, match=f"^{message}"):
            layer(features, edges, weights)
    turned, _ = pair(flow="target_to_source")
    for edges in (csr, adjacency(edge_index, weight, 9)):
        with pytest.raises(ValueError, match=r"^edge_index: expected flow source_to_target with a matrix"):
            turned(x, edges)
