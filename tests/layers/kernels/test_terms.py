"""The terms in place against those of matrices, and their transposes against autograd."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.layers.bases import Basis, Chebyshev, Diffusion, Neighbours
from gnn_toolkit.layers.kernels.terms import PARTS, Terms, flat, per_step, prepared
from gnn_toolkit.testing import random_graph

BASES = [Chebyshev(1), Chebyshev(4, 3.0), Diffusion(3), Diffusion(3, "authors"), Neighbours()]
NODES, BATCH, WIDTH = 6, 2, 3


def sample(basis: Basis, seed: int = 0) -> tuple[list[Tensor], list[int], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    edges = random_graph(NODES, 7, generator)[:, :9]
    weight = torch.rand(9, dtype=torch.float64, generator=generator) + 0.1
    matrices = basis.matrices(edges, weight, NODES, torch.float64)
    x = torch.randn(NODES * BATCH, WIDTH, dtype=torch.float64, generator=generator)
    return flat(matrices, torch.float64), [number for step in basis.plan for number in step], x


@pytest.mark.parametrize("basis", BASES, ids=str)
def test_terms_and_their_transposes_are_those_of_the_basis(basis: Basis):
    matrices, plan, x = sample(basis)
    terms = Terms(plan, basis.first, matrices, NODES)
    leaf = x.clone().requires_grad_()
    expected = [term.reshape(x.shape) for term in basis.terms(prepared(matrices), leaf.view(NODES, -1))]
    ours = terms.forward(x)
    for a, b in zip(ours, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)
    gradients = [torch.randn_like(term) for term in ours]
    (theirs,) = torch.autograd.grad(expected, leaf, gradients)
    torch.testing.assert_close(terms.backward([g.clone() for g in gradients]), theirs, atol=1e-12, rtol=0)


@pytest.mark.parametrize("basis", BASES, ids=str)
def test_a_list_of_matrices_is_cut_into_the_steps_it_has(basis: Basis):
    (one, plan, x), (other, _, _) = sample(basis), sample(basis, 1)
    assert all(matrices is one for matrices in per_step(one, plan, 3))
    stays = Terms.of_steps(plan, basis.first, one, NODES, 3)
    assert stays[0] is stays[1] is stays[2]
    if not plan:
        return
    assert len(one) == PARTS * (1 + max(plan[::3]))
    changes = Terms.of_steps(plan, basis.first, [*one, *other], NODES, 2)
    for terms, matrices in zip(changes, (one, other), strict=True):
        expected = Terms(plan, basis.first, matrices, NODES).forward(x)
        assert all(a.equal(b) for a, b in zip(terms.forward(x), expected, strict=True))


def test_values_take_the_type_of_the_state_and_the_structure_keeps_its_own():
    (matrix,) = Chebyshev(2).matrices(torch.tensor([[0, 1], [1, 0]]), None, 2, torch.float64)
    value, *indices = flat([matrix], torch.float32)
    assert value.dtype == torch.float32
    assert all(a is b for a, b in zip(indices, matrix.indices, strict=True))
