"""torch's own module tests on RNN, GRU and LSTM, and what code written for torch.nn's layers reads and calls."""

import copy
import io
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit import GRU, LSTM, RNN

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_modules import module_db

PAIRS: dict[str, tuple[Any, Any]] = {"RNN": (RNN, nn.RNN), "GRU": (GRU, nn.GRU), "LSTM": (LSTM, nn.LSTM)}
# What torch's tests ask for and these layers refuse: projections of an LSTM's states.
REFUSED = {"LSTM": {"proj_size": 2}}


def samples(name: str, dtype: torch.dtype = torch.float64, requires_grad: bool = False) -> Iterator[Any]:
    """Yield torch's own inputs for a module: how to build it and what to call it with."""
    (info,) = [info for info in module_db if info.module_cls is PAIRS[name][1]]
    torch.manual_seed(0)
    for sample in info.module_inputs_func(
        info, "cpu", dtype, requires_grad, training=True, with_packed_sequence=name != "LSTM"
    ):
        if sample.constructor_input.kwargs.get("proj_size") != REFUSED.get(name, {}).get("proj_size", 1):
            yield sample


def build(name: str, sample: Any, dtype: torch.dtype = torch.float64) -> tuple[Any, Any]:
    given = sample.constructor_input
    ours, theirs = (kind(*given.args, **given.kwargs, dtype=dtype) for kind in PAIRS[name])
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [value.data] if isinstance(value, PackedSequence) else [t for part in value for t in tensors(part)]


def call(model: Any, sample: Any) -> list[Tensor]:
    return tensors(model(*sample.forward_input.args, **sample.forward_input.kwargs))


@pytest.mark.parametrize("name", PAIRS)
def test_forward_and_every_gradient_are_torch_s(name: str):
    for sample in samples(name, requires_grad=True):
        models, leaves = build(name, sample), tensors(sample.forward_input.args)
        leaves = [leaf for leaf in leaves if leaf.requires_grad]
        found, grads = [], []
        for model in models:
            out = call(model, sample)
            found.append(out)
            total = sum((t * torch.arange(1.0, t.numel() + 1).view_as(t)).sum() for t in out)
            assert isinstance(total, Tensor)
            grads.append(torch.autograd.grad(total, [*leaves, *model.parameters()]))
        for a, b in zip(found[0] + list(grads[0]), found[1] + list(grads[1]), strict=True):
            torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("name", PAIRS)
def test_the_reference_of_torch_s_tests_agrees(name: str):
    for sample in samples(name):
        if isinstance(sample.forward_input.args[0], PackedSequence):
            continue  # the reference is that of an input without a batch
        ours, _ = build(name, sample)
        args, kwargs = sample.forward_input.args, sample.forward_input.kwargs
        expected = sample.reference_fn(ours, *args, **kwargs)
        for a, b in zip(call(ours, sample), tensors(expected), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", PAIRS)
def test_first_and_second_derivatives_are_right(name: str):
    for sample in list(samples(name, requires_grad=True))[::8]:
        ours, _ = build(name, sample)
        names, values = zip(*ours.named_parameters(), strict=True)
        leaves = [leaf for leaf in tensors(sample.forward_input.args) if leaf.requires_grad]

        def run(*inputs: Tensor, ours=ours, names=names, sample=sample) -> tuple[Tensor, ...]:
            params = dict(zip(names, inputs[-len(names) :], strict=True))
            return tuple(tensors(torch.func.functional_call(ours, params, sample.forward_input.args)))

        assert torch.autograd.gradcheck(run, (*leaves, *values), fast_mode=True)
        assert torch.autograd.gradgradcheck(run, (*leaves, *values), fast_mode=True)


@pytest.mark.parametrize("name", PAIRS)
def test_copies_pickles_and_states_compute_the_same(name: str):
    for sample in samples(name):
        ours, theirs = build(name, sample)
        expected = call(ours, sample)
        file = io.BytesIO()
        torch.save(ours, file)
        file.seek(0)
        loaded = PAIRS[name][0](*sample.constructor_input.args, **sample.constructor_input.kwargs).double()
        loaded.load_state_dict(theirs.state_dict())
        saved = torch.load(file, weights_only=False)
        for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), saved, loaded):
            assert all(a.equal(b) for a, b in zip(call(other, sample), expected, strict=True))
        for state in (ours.state_dict(), theirs.state_dict()):
            assert list(state) == [name for names in ours._all_weights for name in names]


@pytest.mark.parametrize("name", PAIRS)
def test_inputs_that_are_not_contiguous_give_the_same(name: str):
    for sample in samples(name):
        if isinstance(sample.forward_input.args[0], PackedSequence):
            continue
        ours, _ = build(name, sample)
        x, *rest = sample.forward_input.args
        spread = torch.stack([x, x], -1)[..., 0]
        assert not spread.is_contiguous()
        for a, b in zip(tensors(ours(spread, *rest)), call(ours, sample), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", PAIRS)
def test_devices_types_and_modes(name: str):
    for sample in list(samples(name))[:4]:
        ours, _ = build(name, sample)
        out = call(ours, sample)
        for a, b in zip(call(ours.eval(), sample), out, strict=True):
            assert a.equal(b)
        ours.zero_grad()
        assert {p.device.type for p in copy.deepcopy(ours).to("meta").parameters()} == {"meta"}
        assert {p.dtype for p in ours.to(torch.float32).parameters()} == {torch.float32}
        given = sample.constructor_input
        meta = PAIRS[name][0](*given.args, **given.kwargs, device="meta", dtype=torch.float16)
        assert {(p.device.type, p.dtype) for p in meta.parameters()} == {("meta", torch.float16)}
        assert str(ours).startswith(f"{name}(")


@pytest.mark.parametrize("name", PAIRS)
def test_the_attributes_of_torch_s_layers(name: str):
    options = {"num_layers": 2, "bidirectional": True, "batch_first": True}
    ours, theirs = (kind(4, 3, **options) for kind in PAIRS[name])
    ours.load_state_dict(theirs.state_dict())
    ours.flatten_parameters()
    assert isinstance(ours, nn.RNNBase)
    assert not isinstance(ours, nn.RNN | nn.GRU | nn.LSTM)
    same = ("mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
    for attribute in (*same, "proj_size", "_all_weights", "_flat_weights_names"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    for a, b in zip(ours.all_weights, theirs.all_weights, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    for a, b in zip(ours._flat_weights, theirs._flat_weights, strict=True):
        assert torch.equal(torch.as_tensor(a), torch.as_tensor(b))
    x = torch.randn(2, 5, 4)
    assert ours.get_expected_hidden_size(x, None) == theirs.get_expected_hidden_size(x, None)
    if name == "RNN":
        assert (ours.nonlinearity, RNN(4, 3, nonlinearity="relu").mode) == ("tanh", "RNN_RELU")


@pytest.mark.parametrize("name", PAIRS)
def test_truth_values_and_integers_of_other_kinds(name: str):
    kind = PAIRS[name][0]
    assert kind(4, 3, bias=0).bias is False
    assert [n for n, _ in kind(4, 3, 1, bias=0).named_parameters()] == ["weight_ih_l0", "weight_hh_l0"]
    x = torch.randn(5, 2, 4)
    assert kind(4, 3, bias=0)(x)[0].shape == (5, 2, 3)
    assert kind(torch.tensor(4), 3)(x)[0].shape == (5, 2, 3)


@pytest.mark.parametrize("name", PAIRS)
def test_an_initialisation_loop_finds_the_layer(name: str):
    model = nn.Sequential(nn.Linear(2, 4), PAIRS[name][0](4, 3))
    for module in model.modules():
        if isinstance(module, nn.RNNBase):
            for weight in module._flat_weights:
                nn.init.constant_(torch.as_tensor(weight), 0.25)
    assert all(bool((p == 0.25).all()) for p in model[1].parameters())


@pytest.mark.parametrize("name", PAIRS)
def test_an_input_of_another_type_is_named(name: str):
    model = PAIRS[name][0](4, 3)
    with pytest.raises(ValueError, match=r"^input: expected torch.float32, as the layer, got torch.float64"):
        model(torch.zeros(5, 2, 4, dtype=torch.float64))
    state = torch.zeros(1, 2, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"^hx: expected torch.float32, as the layer, got torch.float64"):
        model(torch.zeros(5, 2, 4), (state, state) if name == "LSTM" else state)
    with pytest.raises(ValueError, match=r"^input: expected a tensor, got numpy.ndarray"):
        model(torch.zeros(5, 2, 4).numpy())
