"""Sparse features give what the dense matrix gives, values and gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit.graphs import SparseFeatures
from gnn_toolkit.layers import GCNConv

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])


functional: Any = nn.functional  # typed for tensors alone


def mostly_zero(rows: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, width, dtype=torch.double, generator=generator)
    return x * (torch.rand(rows, width, generator=generator) < 0.3)


def run(layer: nn.Module, *inputs: object) -> list[Tensor]:
    out = layer(*inputs)
    weights = torch.linspace(-1, 1, out.numel(), dtype=torch.double).view_as(out)
    return [out, *torch.autograd.grad((out * weights).sum(), list(layer.parameters()))]


@pytest.mark.parametrize(("rows", "width"), [(4, 7), (4, 2), (4, 4)])
@pytest.mark.parametrize("kind", [nn.Linear, GCNConv, PyGConv])
def test_a_layer_reads_them_as_the_matrix(kind: type[nn.Module], rows: int, width: int):
    x, layer = mostly_zero(rows, width), kind(width, 3).double()
    rest = () if kind is nn.Linear else (EDGES,)
    for a, b in zip(run(layer, SparseFeatures.of(x), *rest), run(layer, x, *rest), strict=True):
        torch.testing.assert_close(a, b)


def test_a_linear_layer_without_bias():
    x, layer = mostly_zero(5, 3), nn.Linear(3, 2, bias=False).double()
    torch.testing.assert_close(layer(SparseFeatures.of(x)), layer(x))


def test_rows_and_columns_of_zeros_and_no_entry_at_all():
    layer = nn.Linear(3, 2).double()
    x = torch.zeros(4, 3, dtype=torch.double)
    x[1, 0] = 2.0
    for given in (x, torch.zeros_like(x)):
        for a, b in zip(run(layer, SparseFeatures.of(given)), run(layer, given), strict=True):
            torch.testing.assert_close(a, b)


def test_dropout_drops_entries_scales_the_others_and_leaves_zeros():
    x = torch.ones(50, 40, dtype=torch.double).tril()
    features = SparseFeatures.of(x)
    torch.manual_seed(0)
    dropped = functional.linear(functional.dropout(features, 0.25), torch.eye(40, dtype=torch.double))
    assert set(dropped.unique().tolist()) == {0.0, 1 / 0.75}
    assert not dropped[x == 0].any()
    assert abs(float((dropped[x == 1] == 0).double().mean()) - 0.25) < 0.03
    kept = functional.dropout(features, 0.25, training=False)
    torch.testing.assert_close(functional.linear(kept, torch.eye(40, dtype=torch.double)), x)
    assert features.value.equal(torch.ones_like(features.value))


def test_they_say_what_they_are():
    features = SparseFeatures.of(mostly_zero(4, 7))
    assert (features.shape, features.size(0), features.size(-1), features.dim()) == ((4, 7), 4, 7, 2)
    assert features.is_floating_point()
    assert (features.dtype, features.device) == (torch.double, torch.device("cpu"))
    single = features.to(torch.float)
    assert (single.dtype, single.indices[0].dtype) == (torch.float, torch.int32)


def test_what_they_cannot_do_is_refused():
    features = SparseFeatures.of(mostly_zero(4, 7))
    with pytest.raises(TypeError, match=r"no implementation found for 'torch\.nn\.functional\.relu'"):
        functional.relu(features)
    with pytest.raises(ValueError, match=r"x: expected a floating-point tensor, got torch\.int64"):
        SparseFeatures.of(torch.ones(2, 2).long())
    with pytest.raises(ValueError, match="x: expected shape"):
        SparseFeatures.of(torch.ones(2))


def test_the_identity_names_every_node():
    weight = torch.randn(4, 3, requires_grad=True)
    x = SparseFeatures.identity(3)
    out = torch.nn.functional.linear(x, weight)  # pyright: ignore[reportArgumentType]
    out.square().sum().backward()
    assert out.equal(weight.t())
    assert weight.grad is not None
    assert weight.grad.equal(2 * weight.detach())
    assert SparseFeatures.identity(0).shape == (0, 0)
