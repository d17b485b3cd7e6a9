from typing import Any

import pytest
import torch

from gnn_toolkit import _checks

EDGES = torch.tensor([[0, 1], [1, 2]])


def test_a_problem_names_argument_allowed_got_and_remedy():
    assert _checks.problem("a", "b", [1], "c") == "a: expected b, got [1]; c"


def test_a_choice_is_returned():
    assert _checks.choice("backend", "auto", ("auto", "vendor")) == "auto"


@pytest.mark.parametrize(
    ("value", "end"), [("vendro", "did you mean 'vendor'?"), ("", "pick one of these"), ("xyz", "pick one of these")]
)
def test_an_unknown_choice_is_answered_with_the_nearest_if_one_is_near(value: str, end: str):
    with pytest.raises(ValueError) as error:
        _checks.choice("backend", value, ("auto", "vendor"))
    assert str(error.value) == f"backend: expected one of auto, vendor, got {value!r}; {end}"


def test_an_integer_above_zero_is_returned():
    assert _checks.positive("n", 3) == 3


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "1", None])
def test_what_is_no_integer_above_zero_is_refused(value: Any):
    with pytest.raises(ValueError, match=f"^n: expected an integer of at least 1, got {value!r};"):
        _checks.positive("n", value)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(3), r"^x: expected shape \[num_nodes, 4\], got \[3\]"),
        (torch.zeros(3, 5), r"^x: expected shape \[num_nodes, 4\], got \[3, 5\]"),
        (torch.zeros(2, 3, 4), r"^x: expected shape \[num_nodes, 4\], got \[2, 3, 4\]"),
        (torch.zeros(3, 4, dtype=torch.long), r"^x: expected a floating-point tensor, got torch.int64; .*x\.float\(\)"),
    ],
)
def test_features_that_do_not_fit_are_refused(x: torch.Tensor, message: str):
    with pytest.raises(ValueError, match=message):
        _checks.features("x", x, 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("num_nodes", [0, 3])
def test_features_that_fit_pass(dtype: torch.dtype, num_nodes: int):
    _checks.features("x", torch.zeros(num_nodes, 4, dtype=dtype), 4)
    _checks.features("x", torch.zeros(2, 1, num_nodes, 4, dtype=dtype), 4, batched=True)


def test_a_batch_of_features_still_has_a_width():
    with pytest.raises(
        ValueError, match=r"^x: expected shape \[num_nodes, 4\] or \[..., num_nodes, 4\], got \[2, 3, 5\]"
    ):
        _checks.features("x", torch.zeros(2, 3, 5), 4, batched=True)


@pytest.mark.parametrize(
    ("edge_index", "message"),
    [
        (EDGES.t()[:1], r"shape \[2, num_edges\], got \[1, 2\]"),
        (EDGES[0], r"shape \[2, num_edges\], got \[2\]"),
        (EDGES.float(), r"dtype torch.int64, got torch.float32"),
        (EDGES.bool(), r"dtype torch.int64, got torch.bool"),
        (EDGES + 1, r"node indices in \[0, 3\), got 3; x has 3 rows"),
        (EDGES - 1, r"node indices in \[0, 3\), got -1"),
    ],
)
def test_edges_that_do_not_fit_are_refused(edge_index: torch.Tensor, message: str):
    with pytest.raises(ValueError, match=f"^edge_index: expected {message}"):
        _checks.edges(edge_index, 3)


@pytest.mark.parametrize("edge_index", [EDGES, EDGES.int(), EDGES[:, :0]])
def test_edges_that_fit_pass(edge_index: torch.Tensor):
    _checks.edges(edge_index, 3)


@pytest.mark.parametrize(
    ("edge_type", "got"),
    [
        (None, "None"),
        (torch.tensor([0]), r"torch.int64 \[1\]"),
        (torch.tensor([0.0, 1.0]), r"torch.float32 \[2\]"),
        (torch.tensor([0, 2]), "values from 0 to 2; raise num_relations"),
        (torch.tensor([-1, 1]), "values from -1 to 1"),
    ],
)
def test_edge_types_that_do_not_fit_are_refused(edge_type: torch.Tensor | None, got: str):
    with pytest.raises(ValueError, match=rf"^edge_type: .* shape \[2\] with values in \[0, 2\), got {got}"):
        _checks.edge_types(edge_type, 2, 2)


def test_edge_types_that_fit_are_returned():
    edge_type = torch.tensor([1, 0])
    assert _checks.edge_types(edge_type, 2, 2) is edge_type
    assert _checks.edge_types(edge_type[:0], 0, 2).numel() == 0


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("weight", [torch.ones(1), torch.ones(2, 1), torch.ones(2, dtype=torch.long)])
def test_weights_that_do_not_fit_are_refused(weight: torch.Tensor, signed: bool):
    with pytest.raises(ValueError, match=r"^edge_weight: expected a floating-point tensor of shape \[2\]"):
        _checks.edge_weights(weight, 2, signed=signed)


def test_a_negative_weight_is_named_by_its_edge_unless_signs_are_allowed():
    weight = torch.tensor([0.0, 1.0, -0.5, -2.0])
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, got -0.5 at edge 2;"):
        _checks.edge_weights(weight, 4)
    _checks.edge_weights(weight, 4, signed=True)
    _checks.edge_weights(weight.abs(), 4)


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_readings_are_real_numbers(dtype: torch.dtype):
    with pytest.raises(ValueError, match=f"^values: expected real numbers, got {dtype}"):
        _checks.measured("values", torch.ones(2).to(dtype))
