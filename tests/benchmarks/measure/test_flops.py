"""Operations of a training step against counts by hand: 2 for every product with an entry of a weight."""

import warnings

import pytest
import torch
from torch import nn

from benchmarks.measure.flops import of_step
from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, GCNConv, GConvGRU

N, F, H = 5, 3, 4
PATH = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
INPUT, STATE = 2 * N * F * H, 2 * N * H * H  # one gate's product with the inputs, with the states


@pytest.mark.parametrize(("layer", "gates"), [(DAGRNN, 1), (DAGGRU, 3), (DAGLSTM, 4)])
def test_fused_recurrence_is_three_products_with_each_weight(layer, gates):
    model, x = layer(F, H, backend="fused"), torch.randn(N, F)
    # The inputs ask for no gradient: one product forward, one for the weight's gradient.
    assert of_step(model, lambda: model(x, PATH)[0].sum()) == gates * (2 * INPUT + 3 * STATE)


@pytest.mark.parametrize(("layer", "gates"), [(DAGRNN, 1), (DAGGRU, 3)])
def test_messages_cost_as_much_as_the_fused_kernel_but_for_the_source(layer, gates):
    model, x = layer(F, H, backend="message_passing"), torch.randn(N, F)
    source = 2 * H * H  # is not multiplied here: once forward, once for the weight, once for a state before it
    fused = gates * (2 * INPUT + 3 * STATE)
    counted = of_step(model, lambda: model(x, PATH)[0].sum())
    assert fused - 3 * gates * source <= counted < fused


def test_relations_and_gates_of_relations_are_counted():
    edge_index, edge_type = torch.tensor([[0, 1, 1, 2], [2, 2, 3, 3]]), torch.tensor([0, 1, 0, 1])
    model = DAGLSTM(F, H, num_relations=2, forget="relation", backend="fused")
    x = torch.randn(4, F)
    gates, per_gate = 3 + 2, 2 * 4 * F * H * 2 + 3 * 2 * (2 * 4 * H * H)
    assert of_step(model, lambda: model(x, edge_index, edge_type=edge_type)[0].sum()) == gates * per_gate


def test_onednn_layer_is_counted():
    model, x = nn.LSTM(F, H, num_layers=2), torch.randn(N, 2, F)
    # Two sequences; the second layer's inputs are H wide. oneDNN always computes the gradient of the inputs.
    forward = 4 * 2 * (INPUT + STATE + 2 * STATE)
    assert of_step(model, lambda: model(x)[0].sum()) == 3 * forward


def test_sparse_product_is_counted_by_its_entries():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its CSR tensors a beta
        matrix = torch.eye(N).to_sparse_csr()
        layer, x = nn.Linear(F, H, bias=False), torch.randn(N, F)
        entries = 2 * N * H
        assert of_step(layer, lambda: (matrix @ layer(x)).sum()) == 2 * INPUT + 2 * entries
        assert of_step(layer, lambda: torch.addmm(x.new_zeros(1), matrix, layer(x)).sum()) == 2 * INPUT + 2 * entries


@pytest.mark.parametrize("learnt", [False, True])
def test_convolution_is_counted_by_its_edges_and_loops(learnt):
    model, x = GCNConv(F, H), torch.randn(N, F)
    weight = torch.ones(PATH.size(1), requires_grad=learnt)
    # A_hat multiplies on the narrower side of W, F numbers for each entry, and nothing asks for the inputs' gradient.
    # Learnt weights of edges ask for that of A_hat x, and then for a product of F numbers for each entry.
    entries = 2 * (PATH.size(1) + N) * F
    gradients = entries + INPUT if learnt else 0
    assert of_step(model, lambda: model(x, PATH, weight).sum()) == entries + 2 * INPUT + gradients


def test_counting_changes_nothing():
    model = nn.Sequential(nn.Linear(F, H), nn.Dropout(0.5)).eval()
    x, state = torch.randn(N, F), torch.get_rng_state()
    assert of_step(model, lambda: model(x).sum()) == 2 * INPUT
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_cudnn_formula_counts_every_weight_matrix_once_a_row():
    from benchmarks.measure.flops import FORMULAS

    x = torch.Size([N, 2, F])
    weights = [torch.Size(shape) for shape in ((4 * H, F), (4 * H, H), (4 * H,), (4 * H,))]
    forward = FORMULAS[torch.ops.aten._cudnn_rnn](x, weights, 4, None)
    assert forward == 4 * 2 * (INPUT + STATE)
    assert FORMULAS[torch.ops.aten._cudnn_rnn_backward](x, weights, 4, None) == 2 * forward


def test_a_recurrence_in_time_is_its_dense_and_its_sparse_products():
    steps, batch, terms = 3, 2, 2
    x = torch.randn(batch, steps, N, F)
    model = GConvGRU(F, H, K=terms, backend="fused")
    dense = 3 * steps * batch * (2 * INPUT + 3 * STATE) * terms
    entries = 2 * (N - 1)
    # Of the input one product with all steps; of the state two a step, again in the backward, and transposed.
    sparse = entries * batch * steps * F + 3 * 2 * entries * batch * steps * H
    assert of_step(model, lambda: model(x, PATH)[0].sum()) == dense + sparse
