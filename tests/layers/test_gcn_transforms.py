"""The convolution under transforms of functions and in other formats: PyG's values everywhere."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch_geometric.utils
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.functional import hessian, jacobian
from torch.func import functional_call, grad, jacfwd, jacrev, jvp, vjp, vmap
from torch.utils._pytree import tree_leaves
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import adjacency

EDGES = torch.tensor([[0, 1, 2, 3, 3, 2], [2, 2, 3, 1, 1, 2]])  # parallel edges, a loop, a node that nothing leads to
WIDTHS = [(3, 5), (5, 3)]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


WEIGHT, ALONG_WEIGHT = normal(6, seed=1).abs() + 0.5, normal(6, seed=2)


def parameters(layer: Any, factor: float = 1.0) -> dict[str, Tensor]:
    return {name: factor * p.detach() for name, p in layer.named_parameters()}


def dual(layer: Any, x: Tensor) -> Any:
    with forward_ad.dual_level():
        made = forward_ad.make_dual(x, x.cos()), EDGES, forward_ad.make_dual(WEIGHT, ALONG_WEIGHT)
        return tuple(t.clone() for t in forward_ad.unpack_dual(layer(*made)) if t is not None)


def of_weights(layer: Any) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, weight: layer(x, EDGES, weight)


def of_parameters(layer: Any, x: Tensor) -> Callable[[Any], Tensor]:
    return lambda p: functional_call(layer, p, (x, EDGES, WEIGHT))


def squared(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *inputs: function(*inputs).square().sum()


TRANSFORMS: dict[str, Callable[[Any, Tensor], Any]] = {
    "jvp": lambda layer, x: jvp(of_weights(layer), (x, WEIGHT), (x.cos(), ALONG_WEIGHT)),
    "jvp of parameters": lambda layer, x: jvp(of_parameters(layer, x), (parameters(layer),), (parameters(layer, 2),)),
    "dual tensors": dual,
    "vjp": lambda layer, x: vjp(of_weights(layer), x, WEIGHT)[1](layer(x, EDGES)),
    "grad": lambda layer, x: grad(squared(of_parameters(layer, x)))(parameters(layer)),
    "grad, edges as an argument": lambda layer, x: grad(squared(layer))(x, EDGES, WEIGHT),
    "jacrev": lambda layer, x: jacrev(of_weights(layer), (0, 1))(x, WEIGHT),
    "jacfwd": lambda layer, x: jacfwd(of_weights(layer), (0, 1))(x, WEIGHT),
    "hessian": lambda layer, x: torch.func.hessian(squared(of_weights(layer)), (0, 1))(x, WEIGHT),
    "jacobian, vectorized": lambda layer, x: jacobian(of_weights(layer), (x, WEIGHT), vectorize=True),
    "jacobian, forward": lambda layer, x: jacobian(
        of_weights(layer), (x, WEIGHT), vectorize=True, strategy="forward-mode"
    ),
    "hessian, vectorized": lambda layer, x: hessian(squared(of_weights(layer)), (x, WEIGHT), vectorize=True),
    "vmap": lambda layer, x: vmap(lambda y: layer(y, EDGES, WEIGHT))(torch.stack([x, x.cos()])),
    "vmap, edges as an argument": lambda layer, x: vmap(layer, (0, None, None))(torch.stack([x, x]), EDGES, WEIGHT),
    "vmap over weights": lambda layer, x: vmap(of_weights(layer), (None, 0))(x, torch.stack([WEIGHT, 2 * WEIGHT])),
    "gradients of every sample": lambda layer, x: vmap(
        grad(lambda p, y: functional_call(layer, p, (y, EDGES)).square().sum()), (None, 0)
    )(parameters(layer), torch.stack([x, x.cos()])),
    "several models": lambda layer, x: vmap(of_parameters(layer, x))(
        {name: torch.stack([p, 2 * p]) for name, p in parameters(layer).items()}
    ),
}


def pair(widths: tuple[int, int], **options: Any) -> tuple[GCNConv, PyGConv]:
    torch.manual_seed(0)
    ours, theirs = GCNConv(*widths, **options).double(), PyGConv(*widths, **options).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_gives_what_it_gives_of_pyg_s(name: str, widths: tuple[int, int]):
    x = normal(4, widths[0])
    found, expected = (tree_leaves(TRANSFORMS[name](layer, x)) for layer in pair(widths))
    assert len(found) == len(expected)
    assert all(t.abs().sum() > 0 for t in found)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize("form", ["matrix", "adjacency"])
def test_a_transform_goes_through_every_form_of_edges(form: str):
    layer, theirs = pair((3, 5))
    x, edges = normal(4, 3), EDGES[:, :4]
    made = {
        "matrix": lambda: torch.zeros(4, 4).double().index_put((edges[1], edges[0]), WEIGHT[:4]).to_sparse_csr(),
        "adjacency": lambda: adjacency(edges, WEIGHT[:4], 4),
    }[form]()
    for run in (lambda f: jvp(f, (x,), (x.cos(),)), lambda f: jacrev(f)(x), lambda f: vmap(f)(x[None])):
        found, expected = run(lambda y: layer(y, made)), run(lambda y: theirs(y, edges, WEIGHT[:4]))
        for a, b in zip(tree_leaves(found), tree_leaves(expected), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("widths", WIDTHS)
def test_all_derivatives_are_those_of_finite_differences(widths: tuple[int, int]):
    layer, _ = pair(widths)
    leaves = (normal(4, widths[0]).requires_grad_(), WEIGHT.clone().requires_grad_())
    every = {"check_forward_ad": True, "check_batched_grad": True, "check_batched_forward_grad": True}
    assert torch.autograd.gradcheck(of_weights(layer), leaves, **every)
    assert torch.autograd.gradgradcheck(of_weights(layer), leaves, check_batched_grad=True)


def test_negative_weights_are_refused_under_a_transform():
    layer, _ = pair((3, 5))
    x, message = normal(4, 3), r"^edge_weight: expected weights of at least 0, got -"
    for transform, weight in ((jacrev, -WEIGHT), (jacfwd, -WEIGHT), (vmap, torch.stack([WEIGHT, -WEIGHT]))):
        with pytest.raises(ValueError, match=message):
            transform(lambda w: layer(x, EDGES, w))(weight)


@pytest.mark.parametrize("name", ["jvp", "jacrev", "vmap"])
def test_a_compiled_transform_gives_the_same(name: str):
    torch.compiler.reset()
    layer, theirs = pair((3, 5))
    x = normal(4, 3)
    compiled = torch.compile(lambda y: TRANSFORMS[name](layer, y), fullgraph=True, backend="aot_eager")
    for a, b in zip(tree_leaves(compiled(x)), tree_leaves(TRANSFORMS[name](theirs, x)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-11)


def test_a_cached_adjacency_serves_transforms():
    layer, theirs = pair((3, 5), cached=True)
    x = normal(4, 3)
    for f in (lambda conv: jacrev(lambda y: conv(y, EDGES))(x), lambda conv: vmap(lambda y: conv(y, EDGES))(x[None])):
        torch.testing.assert_close(f(layer), f(theirs))
    assert not layer._cached_edge_index.value.requires_grad
    with pytest.raises(ValueError, match=r"^edge_index: .*cached=True"):
        vmap(lambda y: layer(y, EDGES.flip(0)))(x[None])
    layer(x, EDGES).sum().backward()
    assert layer.lin.weight.grad is not None


@pytest.mark.skipif(not hasattr(torch_geometric.utils, "total_influence"), reason="PyG 2.6 does not compute it")
def test_the_total_influence_is_pyg_s():
    total_influence = torch_geometric.utils.total_influence
    ours, theirs = pair((3, 3))
    data = Data(x=normal(4, 3).float(), edge_index=EDGES)
    found, expected = (total_influence(layer.float(), data, max_hops=2, num_samples=4) for layer in (ours, theirs))
    torch.testing.assert_close(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("widths", WIDTHS)
def test_it_goes_to_onnx_for_graphs_of_any_size(widths: tuple[int, int]):
    reference = pytest.importorskip("onnx.reference")
    pytest.importorskip("onnxscript")
    layer = GCNConv(*widths).eval()
    nodes, edges = torch.export.Dim("nodes"), torch.export.Dim("edges")
    given = (torch.randn(4, widths[0]), EDGES, torch.rand(6))
    logging.disable(logging.WARNING)
    try:
        shapes = ({0: nodes}, {1: edges}, {0: edges})
        program: Any = torch.onnx.export(layer, given, dynamo=True, dynamic_shapes=shapes, verbose=False)
    finally:
        logging.disable(logging.NOTSET)
    model = reference.ReferenceEvaluator(program.model_proto)
    names = [value.name for value in program.model_proto.graph.input]
    for x, edge_index, weight in (given, (torch.randn(3, widths[0]), torch.tensor([[0, 1], [1, 1]]), torch.rand(2))):
        inputs = dict(zip(names, (x.numpy(), edge_index.numpy(), weight.numpy()), strict=True))
        (out,) = model.run(None, inputs)
        torch.testing.assert_close(torch.from_numpy(out), layer(x, edge_index, weight).detach())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused_and_export_is_named():
    layer = GCNConv(3, 2)
    for refused in (
        lambda: torch.jit.script(layer),
        lambda: torch.jit.script(torch.nn.Sequential(layer)),
        lambda: torch.jit.trace(layer, (torch.randn(4, 3), EDGES)),
    ):
        with pytest.raises(TypeError, match=r"^torch\.jit cannot .* GCNConv: .*torch\.export\.export, torch\.compile"):
            refused()
