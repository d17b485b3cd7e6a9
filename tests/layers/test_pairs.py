"""The classifier of pairs, against pairs that are scored one by one."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.layers import PairClassifier, pairs

F = 4


def test_pairs_are_scored_by_the_mean_of_both_orders():
    torch.manual_seed(0)
    classifier = PairClassifier(F, 5, 2).double()
    a, b = torch.randn(3, F, dtype=torch.float64), torch.randn(4, F, dtype=torch.float64)

    def g(first: Tensor, second: Tensor) -> Tensor:
        return classifier.last(classifier.first(torch.cat([first, second])).relu())

    scores = classifier(a, b)
    for i in range(3):
        for j in range(4):
            torch.testing.assert_close(scores[i, j], (g(a[i], b[j]) + g(b[j], a[i])) / 2)
    some = torch.tensor([[2, 0], [0, 3], [2, 0]])
    torch.testing.assert_close(classifier(a, b, some), scores[some[:, 0], some[:, 1]])
    torch.testing.assert_close(classifier(b, a), scores.transpose(0, 1))
    with pytest.raises(ValueError, match="pairs: expected integers"):
        classifier(a, b, torch.tensor([[3, 0]]))


def test_without_gradients_all_pairs_are_scored_block_by_block(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    classifier, a, b = PairClassifier(F, 5, 2), torch.randn(7, F), torch.randn(3, F)
    whole = classifier(a, b)
    for together in (1, 7, 1000):
        monkeypatch.setattr(pairs, "TOGETHER", together)
        with torch.no_grad():
            torch.testing.assert_close(classifier(a, b), whole)
    with torch.no_grad():
        assert classifier(a[:0], b).shape == (0, 3, 2)
        assert classifier(a, b[:0]).shape == (7, 0, 2)


def test_gradients_are_right_and_half_of_the_hidden_units_can_be_dropped():
    torch.manual_seed(0)
    classifier = PairClassifier(F, 5, dropout=0.5).double()
    a, b = (torch.randn(n, F, dtype=torch.float64, requires_grad=True) for n in (2, 3))
    assert not torch.equal(classifier(a, b), classifier(a, b))
    classifier.eval()
    assert torch.autograd.gradcheck(classifier, (a, b))
    assert torch.autograd.gradcheck(lambda x, y: classifier(x, y, torch.tensor([[1, 2], [0, 0]])), (a, b))
