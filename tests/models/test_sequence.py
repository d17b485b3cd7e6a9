import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from gnn_toolkit import GRU, LSTM, RNN
from gnn_toolkit.layers import DAGGRU, DAGLSTM
from gnn_toolkit.testing import assert_parity

F, H, B, T = 4, 3, 5, 6
KINDS: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "rnn_tanh": (RNN, nn.RNN, {}),
    "rnn_relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "gru": (GRU, nn.GRU, {}),
    "lstm": (LSTM, nn.LSTM, {}),
}
FORMS = ["dense", "batch_first", "packed", "packed, sorted", "one sequence", "one sequence, batch_first"]


def pair(kind: str, **options: Any) -> tuple[Any, Any]:
    """Return a model and torch's, in float64 and with the same parameters."""
    ours, theirs, extra = KINDS[kind]
    torch.manual_seed(0)
    a, b = (model(F, H, **options, **extra).double() for model in (ours, theirs))
    a.load_state_dict(b.state_dict())
    return a, b


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def sample(form: str) -> tuple[Any, list[Tensor], int]:
    """Return an input, the tensors that it is made of, and its number of sequences; 0 for one without a batch."""
    if form == "dense":
        leaf = normal(T, B, F)
    elif form == "batch_first":
        leaf = normal(B, T, F)
    elif form.startswith("one sequence"):
        return (leaf := normal(T, F)), [leaf], 0
    else:
        lengths = sorted([3, 6, 1, 6, 2], reverse=form.endswith("sorted"), key=lambda n: n if "," in form else 0)
        leaves = [normal(length, F, seed=k) for k, length in enumerate(lengths)]
        return pack_sequence(leaves, enforce_sorted=form.endswith("sorted")), leaves, B
    return leaf, [leaf], B


def outputs(model: Any, *arguments: Any) -> list[Tensor]:
    out, final = model(*arguments)
    out = out.data if isinstance(out, PackedSequence) else out
    return [out, *final] if isinstance(final, tuple) else [out, final]


@pytest.mark.parametrize("backend", ["vendor", "message_passing"])
@pytest.mark.parametrize(("bias", "with_initial"), [(True, False), (False, True)])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_all_gradients_are_torch_s(
    kind: str, num_layers: int, bidirectional: bool, bias: bool, with_initial: bool, backend: str
):
    for form in FORMS:
        options = {"num_layers": num_layers, "bidirectional": bidirectional, "bias": bias}
        ours, theirs = pair(kind, **options, batch_first="batch_first" in form)
        ours.backend = backend
        x, leaves, batch = sample(form)
        arguments: list[Any] = [x]
        if with_initial:
            shape = (num_layers * (1 + bidirectional), *([batch] if batch else []), H)
            initial = [normal(*shape, seed=s + 7) for s in range(ours.cell.num_states)]
            leaves = [*leaves, *initial]
            arguments.append(tuple(initial) if kind == "lstm" else initial[0])
        inputs = ([*leaves, *ours.parameters()], [*leaves, *theirs.parameters()])
        assert_parity(outputs(ours, *arguments), outputs(theirs, *arguments), [inputs])


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_output_is_packed_as_the_input_was(kind: str):
    ours, theirs = pair(kind)
    for form in ("packed", "packed, sorted"):
        packed = sample(form)[0]
        found, expected = ours(packed)[0], theirs(packed)[0]
        assert found.batch_sizes.equal(expected.batch_sizes)
        assert (found.sorted_indices is None) == (expected.sorted_indices is None)
        if found.sorted_indices is not None:
            assert found.sorted_indices.equal(expected.sorted_indices)
            assert found.unsorted_indices.equal(expected.unsorted_indices)


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_stand_in_torch_s_order(kind: str):
    ours, theirs, extra = KINDS[kind]
    arguments = (F, H, 2, *extra.values(), False, True, 0.0, True)
    if kind == "rnn_tanh":
        arguments = (F, H, 2, "tanh", False, True, 0.0, True)
    torch.manual_seed(1)
    b = theirs(*arguments)
    torch.manual_seed(1)
    a = ours(*arguments)
    assert [(n, p.tolist()) for n, p in a.named_parameters()] == [(n, p.tolist()) for n, p in b.named_parameters()]
    x = torch.randn(B, T, F)
    assert_parity(outputs(a, x), outputs(b, x), atol=1e-6, rtol=1e-5)
    for name in ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"):
        assert getattr(a, name) == getattr(b, name)


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts_go_both_ways(kind: str):
    ours, theirs = pair(kind, num_layers=2, bidirectional=True)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.mul_(2)
    theirs.load_state_dict(ours.state_dict())
    x = sample("dense")[0]
    assert_parity(outputs(ours, x), outputs(theirs, x))


@pytest.mark.parametrize("model", [RNN, GRU, LSTM])
def test_type_and_device_of_the_parameters_can_be_chosen(model: Any):
    layer = model(F, H, device="cpu", dtype=torch.float64)
    assert {p.dtype for p in layer.parameters()} == {torch.float64}
    assert layer(normal(T, F))[0].dtype == torch.float64
    meta = model(F, H, device="meta")
    assert {str(p.device) for p in meta.parameters()} == {"meta"}


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_sequence_model_is_the_layer_over_the_path_of_the_steps(kind: str):
    ours, _ = pair(kind, num_layers=2, bidirectional=True)
    layer = (DAGGRU if kind == "gru" else DAGLSTM)(F, H, 2, bidirectional=True).double()
    layer.load_state_dict(ours.state_dict())
    x = normal(T, F)
    steps = torch.arange(T)
    assert_parity([ours(x)[0]], [layer(x, torch.stack([steps[:-1], steps[1:]]))[0]], [([x], [x])])


def test_dropout_acts_between_layers_and_only_in_training():
    torch.manual_seed(0)
    model = GRU(F, H, 2, dropout=1.0).double()
    second = GRU(H, H).double()
    second.load_state_dict({n.replace("_l1", "_l0"): p for n, p in model.state_dict().items() if "_l1" in n})
    x = normal(T, B, F)
    torch.testing.assert_close(model(x)[0], second(torch.zeros(T, B, H, dtype=torch.float64))[0])
    model.eval()
    plain = GRU(F, H, 2).double()
    plain.load_state_dict(model.state_dict())
    assert model(x)[0].equal(plain(x)[0])


def test_dropout_draws_torch_s_numbers_under_the_same_seed():
    ours, theirs = pair("lstm", num_layers=3, dropout=0.5)
    x = normal(T, B, F)
    torch.manual_seed(5)
    found = outputs(ours, x)
    torch.manual_seed(5)
    assert_parity(found, outputs(theirs, x))
    assert not torch.allclose(found[0], outputs(ours.eval(), x)[0])


def test_a_model_first_used_in_inference_mode_can_be_trained():
    model, x = pair("lstm")[0], normal(T + 1, B, F)
    model.backend = "message_passing"
    with torch.inference_mode():
        first = model(x)[0]
    out = model(x)[0]
    assert out.equal(first)
    out.sum().backward()
    assert bool((model.weight_hh_l0.grad != 0).any())


def test_a_copy_and_a_pickle_give_the_same():
    model, x = pair("gru", num_layers=2)[0], sample("dense")[0]
    expected = model(x)[0]
    assert copy.deepcopy(model)(x)[0].equal(expected)
    assert pickle.loads(pickle.dumps(model))(x)[0].equal(expected)


def test_projections_are_refused():
    with pytest.raises(ValueError, match=r"^proj_size: expected 0, got 2; project the outputs with a torch.nn.Linear"):
        LSTM(F, H, proj_size=2)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("shape", [(T, B, F + 1), (T, F - 1), (0, B, F), (0, F), (F,), (1, T, B, F)], ids=str)
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...], batch_first: bool):
    if batch_first and len(shape) == 3 and shape[0] == 0:
        shape = (B, 0, F)
    layout = r"\[batch, steps, 4\]" if batch_first else r"\[steps, batch, 4\]"
    with pytest.raises(
        ValueError, match=rf"^input: expected shape {layout} or \[steps, 4\], at least one step"
    ) as error:
        GRU(F, H, batch_first=batch_first)(torch.zeros(shape))
    assert f"got {list(shape)}" in str(error.value)


def test_a_packed_input_of_another_width_is_refused():
    with pytest.raises(ValueError, match=r"^input.data: expected shape \[steps, 4\], at least one step, got \[3, 5\]"):
        GRU(F, H)(pack_sequence([torch.zeros(3, F + 1)]))


@pytest.mark.parametrize("backend", ["vendor", "message_passing"])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("dense", [1, 5, 3], [[1, 4, 3], [2, 5, 3], [1, 5, 4], [5, 3]]),
        ("packed", [1, 5, 3], [[1, 4, 3], [1, 6, 3], [2, 5, 3]]),
        ("packed, sorted", [1, 5, 3], [[1, 4, 3], [1, 6, 3]]),
        ("one sequence", [1, 3], [[2, 3], [1, 4], [1, 1, 3]]),
    ],
)
def test_initial_states_of_another_shape_are_refused(
    kind: str, form: str, good: list[int], bad: list[list[int]], backend: str
):
    model, _ = pair(kind)
    model.backend = backend
    for shape in bad:
        state = torch.zeros(shape, dtype=torch.float64)
        with pytest.raises(ValueError) as error:
            model(sample(form)[0], (state, state) if kind == "lstm" else state)
        assert str(error.value).startswith(f"hx: expected shape {good}, got [")


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_without_sequences_is_empty(kind: str, batch_first: bool):
    model, _ = pair(kind, batch_first=batch_first, bidirectional=True)
    out, final = model(torch.zeros((0, T, F) if batch_first else (T, 0, F), dtype=torch.float64))
    assert out.shape == ((0, T, 2 * H) if batch_first else (T, 0, 2 * H))
    assert {tuple(state.shape) for state in (final if kind == "lstm" else [final])} == {(2, 0, H)}


def test_an_lstm_takes_two_initial_states():
    for form in ("dense", "packed"):
        with pytest.raises(ValueError, match=r"^hx: expected 2 states, got Tensor; an LSTM takes \(h, c\)"):
            pair("lstm")[0](sample(form)[0], torch.zeros(1, B, H))
