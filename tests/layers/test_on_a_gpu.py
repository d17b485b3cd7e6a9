"""Every layer on a GPU: values and all gradients are those on the CPU, and the contract holds there."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from gnn_toolkit import layers, models
from gnn_toolkit.graphs import rank_neighbours
from gnn_toolkit.testing import assert_layer, assert_parity, random_dag, random_graph

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
F, H, D, K = 4, 3, 2, 20
Call = Callable[[Any, Tensor, Tensor], Tensor]


def attributes(x: Tensor, edges: Tensor) -> Tensor:
    """Features of edges that go with their ends, however nodes and edges are numbered."""
    return torch.stack([x[edges[0], 0], (x[edges[0], 1] * x[edges[1], 2]).tanh()], 1).detach()


def ordered(layer: Any, x: Tensor, edges: Tensor) -> Tensor:
    values = attributes(x, edges)
    return layer(x, edges, rank_neighbours(edges, values[:, 0]), values)


def over_three_steps(layer: Any, x: Tensor, edges: Tensor) -> Tensor:
    return layer(torch.stack([x, x.roll(1, 1), -x]), edges)[0].transpose(0, 1).flatten(1)


def first(layer: Any, x: Tensor, edges: Tensor) -> Tensor:
    return layer(x, edges)[0]


STACK: dict[str, Any] = {"num_layers": 2, "bidirectional": True}
DAGS: dict[str, tuple[Callable[[], nn.Module], Call]] = {
    f"{kind.__name__}, {aggr}, {backend}": (
        lambda kind=kind, aggr=aggr, backend=backend: kind(F, H, aggr=aggr, backend=backend, **STACK),
        first,
    )
    for kind in (
        layers.DAGRNN,
        layers.DAGGRU,
        layers.DAGLSTM,
        layers.DAGMinGRU,
        layers.DAGMinLSTM,
        layers.DAGLRU,
        layers.DAGMamba,
    )
    for aggr in ("sum", "mean")
    for backend in ("fused", "message_passing")
}
GRAPHS: dict[str, tuple[Callable[[], nn.Module], Call]] = {
    "GCNConv": (lambda: layers.GCNConv(F, H), lambda layer, x, e: layer(x, e)),
    "GCNConv, wide to narrow": (lambda: layers.GCNConv(F, 9), lambda layer, x, e: layer(x, e)),
    "NodeAverageConv": (lambda: layers.NodeAverageConv(F, H), lambda layer, x, e: layer(x, e)),
    "NodeEdgeAverageConv": (
        lambda: layers.NodeEdgeAverageConv(F, H, D),
        lambda layer, x, e: layer(x, e, attributes(x, e)),
    ),
    "OrderedConv": (lambda: layers.OrderedConv(F, H, K, D), ordered),
    "GraphLSTM": (lambda: layers.GraphLSTM(F, H, num_layers=2), lambda layer, x, e: layer(x, e, x.detach()[:, 0])[0]),
    "GConvGRU": (lambda: layers.GConvGRU(F, H, K=3), over_three_steps),
    "GConvLSTM": (lambda: layers.GConvLSTM(F, H), over_three_steps),
    "GCLSTM": (lambda: layers.GCLSTM(F, H), over_three_steps),
    "DCRNN": (lambda: layers.DCRNN(F, H), over_three_steps),
    "TGCN": (lambda: layers.TGCN(F, H), over_three_steps),
    "EvolveGCNO": (lambda: layers.EvolveGCNO(F, H), lambda layer, x, e: layer(x[None], e)[0][0]),
}


def assert_same(cpu: nn.Module, call: Callable[[Any, Tensor], Any], x: Tensor) -> None:
    """Assert that a module computes on the GPU what it computes on the CPU, values and the gradients of all."""
    gpu = copy.deepcopy(cpu).cuda()
    here, there = x.clone().requires_grad_(), x.clone().cuda().requires_grad_()
    expected, found = call(cpu, here), call(gpu, there)
    assert all(part.is_cuda for part in found)
    leaves = [there, *gpu.parameters()]
    outs = torch.autograd.grad(_total(found), leaves, allow_unused=True)
    wanted = torch.autograd.grad(_total(expected), [here, *cpu.parameters()], allow_unused=True)
    assert_parity([part.cpu() for part in found], expected)
    for a, b in zip(outs, wanted, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            torch.testing.assert_close(a.cpu(), b, atol=1e-10, rtol=1e-8)


def _total(parts: list[Tensor]) -> Tensor:
    """Return the sum of all numbers, each with a weight of its own."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(part.shape, dtype=torch.float64, generator=generator).to(part.device) for part in parts]
    return torch.stack([(part * weight).sum() for part, weight in zip(parts, weights, strict=True)]).sum()


@pytest.mark.parametrize("name", [*DAGS, *GRAPHS])
def test_a_layer_is_what_it_is_on_the_cpu(name: str):
    torch.manual_seed(0)
    make, call = (DAGS | GRAPHS)[name]
    draw = random_dag if name in DAGS else random_graph
    edges = draw(40, 70, torch.Generator().manual_seed(1))
    x = torch.randn(43, F, dtype=torch.float64)  # three of them alone
    assert_same(make().double(), lambda layer, x: [call(layer, x, edges.to(x.device))], x)


@pytest.mark.parametrize("name", [*DAGS, *GRAPHS])
def test_the_contract_holds(name: str):
    torch.manual_seed(0)
    make, call = (DAGS | GRAPHS)[name]
    layer = make().double().cuda()
    assert_layer(lambda x, e: call(layer, x, e), F, acyclic=name in DAGS, device="cuda")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "kind", [models.RNN, models.GRU, models.LSTM, models.MinGRU, models.MinLSTM, models.LRU, models.Mamba]
)
def test_a_sequence_is_what_it_is_on_the_cpu(kind: type, packed: bool):
    torch.manual_seed(0)
    layer = kind(F, H, batch_first=True, **STACK).double()

    def call(layer: Any, x: Tensor) -> list[Tensor]:
        if not packed:
            return [layer(x)[0]]
        return [layer(pack_padded_sequence(x, torch.tensor([7, 2, 5]), batch_first=True, enforce_sorted=False))[0].data]

    assert_same(layer, call, torch.randn(3, 7, F, dtype=torch.float64))


@pytest.mark.parametrize("per", ["edge", "target"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("graph", ["path", "DAG"])
def test_a_linear_recurrence_is_what_it_is_on_the_cpu(graph: str, dtype: torch.dtype, per: str):
    generator = torch.Generator().manual_seed(0)
    path = torch.stack([torch.arange(299), torch.arange(1, 300)])
    edges = path if graph == "path" else random_dag(300, 500, generator)
    rows = edges.size(1) if per == "edge" else 300
    a = torch.randn(rows, F, dtype=dtype, generator=generator) * 0.3
    b = torch.randn(300, F, dtype=dtype, generator=generator)
    results = []
    for device in ("cpu", "cuda"):
        leaves = (a.to(device).requires_grad_(), b.to(device).requires_grad_())
        h = layers.linear_recurrence(leaves[0], leaves[1], edges.to(device), per=per)
        results.append([h, *torch.autograd.grad(h.abs().square().sum(), leaves)])
    for here, there in zip(*results, strict=True):
        torch.testing.assert_close(there.cpu(), here, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [layers.DAGGRU, layers.DAGLSTM, layers.DAGMinGRU, layers.GCNConv])
def test_autocast_stays_near_float32(kind: type, dtype: torch.dtype):
    torch.manual_seed(0)
    layer, x = kind(F, 16).cuda(), torch.randn(40, F, device="cuda")
    edges = random_dag(40, 70, torch.Generator().manual_seed(1)).cuda()
    plain = layer(x, edges)
    with torch.autocast("cuda", dtype):
        half = layer(x, edges)
    plain, half = (out if isinstance(out, Tensor) else out[0] for out in (plain, half))
    torch.testing.assert_close(half.float(), plain, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("kind", [layers.DAGGRU, layers.DAGLSTM, layers.DAGMinGRU])
def test_a_compiled_layer_is_the_layer(kind: type):
    torch.manual_seed(0)
    layer, x = kind(F, H).double().cuda(), torch.randn(40, F, dtype=torch.float64, device="cuda")
    edges = random_dag(40, 70, torch.Generator().manual_seed(1)).cuda()
    torch.testing.assert_close(torch.compile(layer)(x, edges)[0], layer(x, edges)[0], atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_a_text_written_on_a_gpu_is_that_of_the_cpu(cell: str):
    torch.manual_seed(0)
    vocabulary = models.Vocabulary("once upon a time")
    model = models.CharGenerator(vocabulary, cell, embedding_channels=5, hidden_channels=8).double()
    written = model.generate("once", 20, seed=1)
    assert model.cuda().generate("once", 20, seed=1) == written


@pytest.mark.parametrize("kind", [layers.DAGLSTM, models.RNN, models.GRU, models.LSTM])
def test_weights_lie_in_one_block_as_cudnn_reads_them(kind: type):
    torch.manual_seed(0)
    layer = kind(F, H, **STACK)
    before = [p.detach().clone() for p in layer.parameters()]
    layer.cuda()
    assert len({p.untyped_storage().data_ptr() for p in layer.parameters()}) == 1
    assert all(p.detach().cpu().equal(b) for p, b in zip(layer.parameters(), before, strict=True))
    layer.cpu().load_state_dict(layer.cuda().state_dict())
    assert all(p.detach().cpu().equal(b) for p, b in zip(layer.parameters(), before, strict=True))
