import pytest
import torch

from benchmarks.speed.profile import KINDS, REST, shares


def test_shares_add_up_and_say_what_dominates():
    a = torch.randn(400, 400)
    found = shares(lambda: a @ a)
    assert list(found) == [*KINDS, REST]
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=found.__getitem__) == "matrix products"


def test_in_place_operations_count_as_their_kind():
    a = torch.randn(300_000)
    found = shares(lambda: a.tanh_())
    assert found["element by element"] > found["matrix products"] == 0
