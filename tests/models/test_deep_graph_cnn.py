"""The deep convolution over fields, against plain arithmetic."""

import pytest
import torch
from torch_geometric.data import Data

from gnn_toolkit.models import DeepGraphCNN


def test_it_is_its_formula_with_gradients():
    torch.manual_seed(0)
    model = DeepGraphCNN(6, 3, 2, words=5, size=2).double()
    field = torch.tensor(
        [[[1, 2], [3, -1], [-1, -1], [5, 0], [4, 4]], [[0, -1], [-1, -1], [-1, -1], [-1, -1], [-1, -1]]]
    )
    out = model(Data(field=field))
    embedded = torch.zeros(2, 5, 2, 3, dtype=torch.float64)
    place = field >= 0
    embedded[place] = model.embedding.weight[1:][field[place]]
    x = torch.relu(embedded.flatten(2) @ model.fields.weight.t() + model.fields.bias)
    for convolution in model.convolutions:
        assert isinstance(convolution, torch.nn.Conv1d)
        assert convolution.bias is not None
        padded = torch.cat([torch.zeros_like(x[:, :1]), x, torch.zeros_like(x[:, :1])], 1)
        near = torch.stack([padded[:, k : k + x.size(1)] for k in range(3)], 3)
        x = torch.relu(torch.einsum("bwik,oik->bwo", near, convolution.weight) + convolution.bias)
        x = torch.stack([x[:, k : k + 2].amax(1) for k in range(0, x.size(1) // 2 * 2, 2)], 1)
    plain = x.transpose(1, 2).flatten(1) @ model.head.weight.t() + model.head.bias
    torch.testing.assert_close(out, plain)
    parameters = list(model.parameters())
    mine = torch.autograd.grad(out.square().sum(), parameters)
    for one, other in zip(mine, torch.autograd.grad(plain.square().sum(), parameters), strict=True):
        torch.testing.assert_close(one, other)


def test_fields_of_another_shape_are_refused():
    model = DeepGraphCNN(6, 3, 2, words=4, size=2)
    for data in (Data(), Data(field=torch.zeros(1, 4, 3, dtype=torch.long))):
        with pytest.raises(ValueError, match=r"data.field: expected shape \[documents, 4, 2\]"):
            model(data)
    with pytest.raises(ValueError, match="at least 4 fields"):
        DeepGraphCNN(6, 3, 2, words=3)
