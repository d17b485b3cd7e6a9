"""What a layer in time asks of its input: results, or an error that begins with the argument's name."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex

from gnn_toolkit import DCRNN, GCLSTM, TGCN, EvolveGCNH, EvolveGCNO, GConvGRU, GConvLSTM
from gnn_toolkit.graphs.adjacency import adjacency

EDGES = torch.tensor([[0, 1, 2], [1, 2, 0]])
WEIGHT = torch.tensor([1.0, 2.0, 3.0])
LAYERS: dict[str, Callable[..., Any]] = {
    kind.__name__: kind for kind in (GConvGRU, GConvLSTM, GCLSTM, DCRNN, TGCN, EvolveGCNO, EvolveGCNH)
}
layers = pytest.mark.parametrize("name", LAYERS)


def build(name: str) -> Any:
    torch.manual_seed(0)
    return LAYERS[name](2, 3)


def window(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@layers
@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("x", {"x": None}),
        ("x", {"x": [[1.0, 2.0]] * 3}),
        ("x", {"x": np.zeros((4, 3, 2), dtype=np.float32)}),
        ("x", {"x": torch.zeros(4, 3, 2, dtype=torch.float64)}),
        ("x", {"x": torch.zeros(4, 3, 2, dtype=torch.long)}),
        ("x", {"x": torch.zeros(4, 3, 2, dtype=torch.bfloat16)}),
        ("x", {"x": torch.zeros(4, 3, 2, dtype=torch.complex64)}),
        ("x", {"x": torch.zeros(4, 3, 2, device="meta")}),
        ("x", {"x": torch.zeros(3, 2).to_sparse()}),
        ("x", {"x": torch.zeros(2)}),
        ("x", {"x": torch.zeros(0, 3, 2)}),
        ("x", {"x": torch.zeros(1, 1, 4, 3, 2)}),
        ("edge_index", {"edge_index": None}),
        ("edge_index", {"edge_index": EDGES.numpy()}),
        ("edge_index", {"edge_index": EDGES.tolist() * 2}),
        ("edge_index", {"edge_index": EDGES.float()}),
        ("edge_index", {"edge_index": EDGES.t()[:2].t()[:1]}),
        ("edge_index", {"edge_index": EDGES + 1}),
        ("edge_index", {"edge_index": EDGES - 1}),
        ("edge_index", {"edge_index": EDGES.to("meta")}),
        ("edge_index", {"edge_index": [EDGES] * 3}),
        ("edge_index", {"edge_index": torch.eye(2).to_sparse_csr()}),
        ("edge_index", {"edge_index": adjacency(EDGES, None, 3)}),
        ("edge_weight", {"edge_weight": [1.0, 2.0, 3.0]}),
        ("edge_weight", {"edge_weight": WEIGHT.numpy()}),
        ("edge_weight", {"edge_weight": WEIGHT.long()}),
        ("edge_weight", {"edge_weight": WEIGHT[:2]}),
        ("edge_weight", {"edge_weight": WEIGHT[:, None]}),
        ("edge_weight", {"edge_weight": WEIGHT.to("meta")}),
        ("edge_weight", {"edge_weight": -WEIGHT}),
        ("edge_weight", {"edge_index": [EDGES] * 4, "edge_weight": WEIGHT}),
        ("edge_weight", {"edge_weight": [WEIGHT] * 3}),
        ("edge_weight", {"edge_index": torch.eye(3).to_sparse(), "edge_weight": WEIGHT}),
        ("edge_time", {"edge_time": torch.tensor([0, 1, 4])}),
        ("edge_time", {"edge_time": torch.tensor([0, -1, 3])}),
        ("edge_time", {"edge_time": torch.tensor([0.0, 1.0, 3.0])}),
        ("edge_time", {"edge_time": torch.tensor([0, 1])}),
        ("edge_time", {"edge_time": [0, 1, 2]}),
        ("edge_time", {"edge_time": torch.zeros(3, dtype=torch.long, device="meta")}),
        ("edge_time", {"edge_index": [EDGES] * 4, "edge_time": torch.tensor([0, 1, 2])}),
        ("hx", {"hx": 0.0}),
        ("hx", {"hx": torch.zeros(5)}),
        ("hx", {"hx": (None, None)}),
        ("hx", {"hx": [torch.zeros(3, 3, dtype=torch.float64)] * 2}),
    ],
    ids=lambda value: value if isinstance(value, str) else ", ".join(value),
)
def test_an_error_begins_with_the_argument_s_name(name: str, argument: str, change: dict[str, Any]):
    given = {"x": window(4, 3, 2), "edge_index": EDGES, **change}
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        build(name)(**given)


@layers
def test_what_a_layer_refuses_it_takes_in_the_form_that_the_error_names(name: str):
    layer, x = build(name), window(4, 3, 2)
    expected = layer(x, EDGES, WEIGHT)[0]
    torch.testing.assert_close(layer.double()(x.double(), EDGES, WEIGHT)[0], expected.double(), atol=1e-5, rtol=1e-5)
    layer.float()
    for weight in (torch.from_numpy(np.array([1.0, 2.0, 3.0])), WEIGHT.half()):
        assert layer(x, EDGES, weight)[0].equal(expected)
    assert layer(x, EdgeIndex(EDGES), WEIGHT)[0].equal(expected)
    assert layer(x, EDGES.int(), WEIGHT)[0].equal(expected)
    assert layer(x, EDGES, [WEIGHT] * 4)[0].allclose(expected, atol=1e-6)
    matrix = torch.zeros(3, 3).index_put((EDGES[1], EDGES[0]), WEIGHT)
    torch.testing.assert_close(layer(x, matrix.to_sparse_csr())[0], expected)


@layers
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.half])
def test_a_layer_in_half_precision_keeps_its_type_and_learns(name: str, dtype: torch.dtype):
    layer, x = build(name), window(4, 3, 2)
    expected = layer(x, EDGES, WEIGHT)[0]
    out, _ = layer.to(dtype)(x.to(dtype), EDGES, WEIGHT)
    assert out.dtype == dtype
    torch.testing.assert_close(out.float(), expected, atol=0.03, rtol=0.1)
    out.sum().backward()
    assert layer.weight_hh.grad.dtype == dtype


@layers
def test_a_batch_of_nothing_and_a_graph_without_nodes_come_back_empty(name: str):
    layer, none = build(name), torch.empty(2, 0, dtype=torch.long)
    assert layer(window(0, 4, 3, 2), EDGES, WEIGHT)[0].shape == (0, 4, 3, 3)
    if name == "EvolveGCNH":
        with pytest.raises(ValueError, match=r"^x: expected a node at least"):
            layer(window(4, 0, 2), none)
    else:
        assert layer(window(4, 0, 2), none)[0].shape == (4, 0, 3)


@layers
def test_what_comes_out_may_be_changed_in_place(name: str):
    layer, x = build(name), window(1, 4, 3, 2)
    out, state = layer(x, EDGES, WEIGHT)
    out.relu_()
    for h in state if isinstance(state, tuple) else [state]:
        h.mul_(2.0)
    out.sum().backward()
    changed = layer.weight_hh.grad.clone()
    layer.zero_grad()
    layer(x, EDGES, WEIGHT)[0].relu().sum().backward()
    torch.testing.assert_close(changed, layer.weight_hh.grad)


@layers
def test_sizes_may_be_integers_of_numpy(name: str):
    layer = LAYERS[name](np.int64(2), np.int32(3))
    assert (layer.in_channels, layer.out_channels) == (2, 3)
    assert type(layer.in_channels) is type(layer.out_channels) is int


GOOD = {"x": [window(4, 3, 2), window(2, 4, 3, 2), window(3, 2)], "edge_index": [EDGES, EDGES[:, :0], [EDGES] * 4]}
VALUES: list[Any] = [
    *(None, 0, 2.5, "auto", True, [], (), {}, np.arange(3), np.ones((2, 3)), np.int64(3), object()),
    *(
        torch.tensor(2.0),
        torch.zeros(0),
        torch.ones(3),
        torch.ones(3).double(),
        torch.ones(2, 3),
        torch.ones(4, 3, 2).double(),
    ),
    *(torch.ones(3, 3), torch.ones(2, 3, 3), (torch.ones(3, 3),) * 2, (torch.ones(2, 3, 3),) * 2, [torch.ones(3)] * 4),
    *(
        EDGES,
        EDGES.int(),
        EDGES.float(),
        EDGES.bool(),
        EDGES.t(),
        EDGES + 5,
        -EDGES,
        EDGES[0],
        [EDGES] * 4,
        [EDGES, None],
    ),
    *(torch.ones(4, 3, 2, dtype=torch.cfloat), torch.ones(4, 3, 2).to_sparse(), torch.eye(3).to_sparse_csr()),
    *(value.to("meta") for value in (EDGES, WEIGHT, torch.ones(4, 3, 2))),
    *(torch.ones(4, 3, 2, dtype=kind) for kind in (torch.half, torch.bool, torch.uint8, torch.int64)),
    *(
        torch.randn(0, 2),
        torch.randn(1, 0, 3, 2),
        torch.randn(4, 3, 2, 1),
        torch.tensor([0, 1, 3]),
        torch.tensor([0, 1, 9]),
    ),
]
NAMES = ("x", "edge_index", "edge_weight", "hx", "edge_time", "lambda_max")


def test_any_call_gives_a_result_or_an_error_that_names_an_argument():
    draw, refused, results = random.Random(0), [], 0
    for _ in range(600):
        name = draw.choice(list(LAYERS))
        layer, spectral = build(name), LAYERS[name] in (GConvGRU, GConvLSTM, GCLSTM)
        given = {key: draw.choice(values) for key, values in GOOD.items()}
        for key in draw.sample(NAMES if spectral else NAMES[:-1], draw.choice([0, 1, 1, 2])):
            given[key] = draw.choice(VALUES)
        try:
            out, _ = layer(**given)
        except ValueError as error:
            refused.append(str(error))
        else:
            assert out.shape == (*given["x"].shape[:-1], 3)
            assert out.isfinite().all()
            results += 1
    assert [message for message in refused if message.split(":")[0] not in NAMES] == []
    assert min(results, len(refused)) > 100


SIZES: list[Any] = [
    None,
    0,
    -1,
    2,
    2.0,
    "2",
    True,
    np.int64(3),
    np.float64(3.0),
    [2],
    torch.tensor(2),
    torch.tensor(2.5),
]
OPTIONS: dict[str, list[Any]] = {
    "K": SIZES,
    "lambda_max": [
        None,
        0,
        -1.0,
        2,
        2.5,
        "2",
        True,
        np.float32(2),
        [2.0],
        torch.tensor(2.0),
        torch.tensor([1.0, 2.0]),
        EDGES,
    ],
    "normalization": ["sym", "rw", None, "none", 1, ["sym"]],
    "degrees": ["in", "out", None, "both", 0],
    "variant": ["paper", "authors", "linear", "H", None, 1],
    "backend": ["auto", "message_passing", "fused", "autograd", None, 2],
}
TAKES = {
    "GConvGRU": ("K", "lambda_max", "normalization", "degrees", "backend"),
    "DCRNN": ("K", "variant", "backend"),
    "TGCN": ("variant", "backend"),
    "EvolveGCNO": ("variant",),
    "EvolveGCNH": (),
}


def test_any_constructor_gives_a_layer_or_an_error_that_names_an_argument():
    draw, refused, made = random.Random(0), [], 0
    for _ in range(500):
        name = draw.choice(list(LAYERS))
        sizes = [draw.choice([2, 3, draw.choice(SIZES)]) for _ in range(2)]
        takes = TAKES.get(name, TAKES["GConvGRU"])
        options = {key: draw.choice(OPTIONS[key]) for key in takes if draw.random() < 0.3}
        try:
            layer = LAYERS[name](*sizes, **options)
        except ValueError as error:
            refused.append(str(error))
        else:
            made += 1
            assert layer(window(4, 3, layer.in_channels), EDGES)[0].isfinite().all()
    assert [
        message for message in refused if message.split(":")[0] not in ("in_channels", "out_channels", *OPTIONS)
    ] == []
    assert min(made, len(refused)) > 100
