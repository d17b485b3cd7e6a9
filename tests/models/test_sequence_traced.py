from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit import GRU, LSTM, RNN
from gnn_toolkit.testing import assert_parity

F, H = 4, 3
MODELS = [RNN, GRU, LSTM]


@pytest.fixture(autouse=True)
def _forget_compiled() -> Iterator[None]:
    yield
    torch.compiler.reset()


def make(kind: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def outputs(model: Any, *arguments: Any) -> list[Tensor]:
    out, final = model(*arguments)
    return [out, *final] if isinstance(final, tuple) else [out, final]


def gradients(found: list[Tensor], leaves: list[Tensor]) -> list[Tensor]:
    total = sum((normal(*out.shape, seed=k) * out).sum() for k, out in enumerate(found))
    assert isinstance(total, Tensor)
    return list(torch.autograd.grad(total, leaves))


def initial(kind: Any, sequences: int, layers: int = 1) -> Any:
    states = [normal(layers, sequences, H, seed=k + 1) for k in range(2)]
    return tuple(states) if kind is LSTM else states[0]


@pytest.mark.parametrize(
    ("options", "with_initial"), [({}, False), ({"batch_first": True}, True), ({"bidirectional": True}, False)]
)
@pytest.mark.parametrize("kind", MODELS)
def test_compiled_whole_it_computes_the_same(kind: Any, options: dict[str, Any], with_initial: bool):
    model = make(kind, **options)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for steps in (5, 7):
        x = normal(2, steps, F) if options.get("batch_first") else normal(steps, 2, F)
        hx = (initial(kind, 2),) if with_initial else ()
        leaves = [x, *model.parameters(), *([] if not hx else hx[0] if kind is LSTM else hx)]
        found, expected = outputs(compiled, x, *hx), outputs(model, x, *hx)
        assert_parity(found, expected)
        assert_parity(gradients(found, leaves), gradients(expected, leaves))


@pytest.mark.parametrize("kind", MODELS)
def test_exported_it_computes_the_same(kind: Any):
    model = make(kind, num_layers=2, batch_first=True)
    program = torch.export.export(model, (normal(2, 5, F).detach(),)).module()
    x = normal(2, 5, F, seed=1).detach()
    assert_parity(outputs(program, x), outputs(model, x))


@pytest.mark.parametrize("form", ["dense", "list"])
@pytest.mark.parametrize("kind", MODELS)
def test_a_repeat_under_one_seed_is_equal_to_the_last_bit(kind: Any, form: str):
    def run() -> list[Tensor]:
        torch.manual_seed(0)
        model = kind(F, H, num_layers=2, dropout=0.5)
        x = torch.randn(7, 3, F)
        found = model(x if form == "dense" else [x[:7, 0], x[:4, 1], x[:1, 2]])[0]
        out = found if form == "dense" else torch.cat(found)
        return [out, *torch.autograd.grad(out.square().sum(), list(model.parameters()))]

    assert all(a.equal(b) for a, b in zip(run(), run(), strict=True))
