"""Recurrences over DAGs under torch's own machinery: compile, export, autocast, autograd, serialisation, devices."""

import copy
import io
import pickle
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gnn_toolkit.graphs import topological_levels
from gnn_toolkit.layers import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.testing import assert_layer, random_dag

LAYERS = [DAGRNN, DAGGRU, DAGLSTM]
F, H = 4, 3
MERGING = torch.tensor([[0, 1, 0, 2, 3, 1], [2, 2, 3, 3, 4, 4]])
TYPES = torch.tensor([0, 1, 1, 0, 0, 1])
PATHS = torch.tensor([[3, 1, 0], [1, 0, 4]])  # 3 -> 1 -> 0 -> 4, and 2 alone


def make(kind: type, **options: Any) -> Any:
    """Return a layer in float64; its parameters are the same in every run."""
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def flat(nested: Any) -> list[Tensor]:
    return [nested] if isinstance(nested, Tensor) else [t for part in nested for t in flat(part)]


def initial_for(layer: DAGRecurrence, edge_index: Tensor, num_nodes: int) -> Any:
    """Return random initial states of every layer and direction."""
    starts, ends = (num_nodes - row.unique().numel() for row in edge_index.flip(0))
    rows = [starts, ends][: layer.num_directions] * layer.num_layers
    states = [[normal(n, H, seed=10 * s + k + 1) for k, n in enumerate(rows)] for s in range(layer.cell.num_states)]
    return states if isinstance(layer, DAGLSTM) else states[0]


def gradients(outputs: Sequence[Tensor], leaves: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of the leaves, every output weighted with numbers of its own."""
    total = torch.stack([(out * normal(*out.shape, seed=7).detach()).sum() for out in outputs]).sum()
    return list(torch.autograd.grad(total, leaves, materialize_grads=True))


def sample(layer: DAGRecurrence, num_nodes: int, num_edges: int, with_level: bool, with_initial: bool) -> Any:
    """Return the positional and the keyword arguments of a call on a random DAG."""
    edge_index = random_dag(num_nodes, num_edges, torch.Generator().manual_seed(num_nodes))
    kwargs: dict[str, Tensor] = {}
    if layer.num_relations > 1:
        kwargs["edge_type"] = torch.arange(edge_index.size(1)) % layer.num_relations
    if with_level:
        kwargs["level"] = topological_levels(edge_index, num_nodes)
    hx = initial_for(layer, edge_index, num_nodes) if with_initial else None
    return (normal(num_nodes, F), edge_index, hx), kwargs


def assert_compiled_equals_eager(layer: DAGRecurrence, compiled: Any, args: Any, kwargs: Any) -> None:
    leaves = [args[0], *layer.parameters(), *flat(args[2] or [])]
    found, expected = flat(compiled(*args, **kwargs)), flat(layer(*args, **kwargs))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients(found, leaves), gradients(expected, leaves))


@pytest.fixture(autouse=True)
def _forget_compiled() -> Iterator[None]:
    yield
    torch.compiler.reset()


COMPILED = [
    pytest.param({}, False, False, id="plain"),
    pytest.param({}, True, True, id="level and initial states"),
    pytest.param({"num_layers": 2, "bidirectional": True, "num_relations": 2}, False, False, id="two layers and types"),
]


@pytest.mark.parametrize(("options", "with_level", "with_initial"), COMPILED)
@pytest.mark.parametrize("kind", LAYERS)
def test_compiled_it_computes_the_same_on_graphs_of_any_size(
    kind: type, options: dict[str, Any], with_level: bool, with_initial: bool
):
    layer = make(kind, **options)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for num_nodes, num_edges in ((9, 14), (13, 20)):
        assert_compiled_equals_eager(layer, compiled, *sample(layer, num_nodes, num_edges, with_level, with_initial))
    # From here on sizes are symbols: no other graph is compiled again.
    with torch.compiler.set_stance("fail_on_recompile"):
        assert_compiled_equals_eager(layer, compiled, *sample(layer, 6, 5, with_level, with_initial))


def test_everything_at_once_compiles():
    layer = make(DAGGRU, num_layers=2, bidirectional=True, num_relations=2)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=True)
    assert_compiled_equals_eager(layer, compiled, *sample(layer, 9, 14, True, True))


def test_inductor_compiles_it():
    layer = make(DAGRNN)
    compiled = torch.compile(layer, fullgraph=True, dynamic=True)
    for num_nodes, num_edges in ((9, 14), (13, 20)):
        assert_compiled_equals_eager(layer, compiled, *sample(layer, num_nodes, num_edges, False, False))


def test_compiled_it_still_refuses_what_does_not_fit():
    layer = make(DAGGRU, num_relations=2)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=True)
    x, edge_index, edge_type = normal(3, F), torch.tensor([[0, 1], [1, 2]]), torch.tensor([0, 1])
    torch.testing.assert_close(
        compiled(x, edge_index, edge_type=edge_type)[0], layer(x, edge_index, edge_type=edge_type)[0]
    )
    with pytest.raises(ValueError, match=r"^edge_index: .* the cycle 2 -> 1 -> 2"):
        compiled(x, torch.tensor([[1, 2], [2, 1]]), edge_type=edge_type)
    with pytest.raises(ValueError, match=r"^edge_type: .* got values from 0 to 2"):
        compiled(x, edge_index, edge_type=edge_type * 2)


@pytest.mark.parametrize("rows", [1, 3])
def test_compiled_it_refuses_initial_states_of_another_number_of_starts(rows: int):
    layer, edge_index = make(DAGGRU), torch.tensor([[0, 1], [2, 2]])
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    with pytest.raises(RuntimeError, match=r"Runtime assertion failed|shape mismatch|equal size"):
        compiled(normal(3, F), edge_index, [normal(rows, H)])


@pytest.mark.parametrize(
    ("options", "types"),
    [({}, None), ({"num_layers": 2, "bidirectional": True, "num_relations": 2}, TYPES)],
    ids=["plain", "two layers and types"],
)
@pytest.mark.parametrize("kind", LAYERS)
def test_exported_it_computes_the_same(kind: type, options: dict[str, Any], types: Tensor | None):
    layer, kwargs = make(kind, **options), {} if types is None else {"edge_type": types}
    program = torch.export.export(layer, (normal(5, F).detach(), MERGING), kwargs)
    # The same sizes, another graph: a path in an order of its own.
    for edge_index in (MERGING, torch.tensor([[4, 1, 2, 4, 4, 2], [1, 2, 0, 3, 3, 0]])):
        x = normal(5, F, seed=1).detach()
        found, expected = program.module()(x, edge_index, **kwargs), layer(x, edge_index, **kwargs)
        torch.testing.assert_close(flat(found), flat(expected))


def test_an_exported_program_takes_graphs_of_any_size():
    layer, nodes, edges = make(DAGLSTM), torch.export.Dim("nodes", min=2), torch.export.Dim("edges", min=2)
    shapes = {"x": {0: nodes}, "edge_index": {1: edges}}
    program = torch.export.export(layer, (normal(5, F).detach(), MERGING), dynamic_shapes=shapes)
    x, edge_index = normal(13, F).detach(), random_dag(13, 20, torch.Generator().manual_seed(0))
    torch.testing.assert_close(flat(program.module()(x, edge_index)), flat(layer(x, edge_index)))


def test_what_a_compiler_cannot_know_is_no_path():
    layer = make(DAGGRU, backend="vendor")
    with pytest.raises(ValueError, match=r"^backend: .* got a compiler that traces any graph; use backend='auto'"):
        torch.export.export(layer, (normal(5, F).detach(), PATHS))


class Recorder(TorchDispatchMode):
    """Keeps the arguments of the library's own operators."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[Any, list[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.namespace == "gnn_toolkit":
            copies = tuple(a.detach().clone() if isinstance(a, Tensor) else a for a in args)
            self.calls.setdefault(func, []).append(copies)
        return func(*args, **(kwargs or {}))


OPERATORS = [
    ("dag_rnn", DAGRNN, {"aggr": "mean"}),
    ("dag_gru", DAGGRU, {"aggr": "max"}),
    ("dag_lstm", DAGLSTM, {}),
    ("dag_relation_lstm", DAGLSTM, {"forget": "relation"}),
]


@pytest.mark.parametrize("with_initial", [False, True])
@pytest.mark.parametrize(("name", "kind", "options"), OPERATORS)
def test_the_operators_keep_torch_s_rules(name: str, kind: type, options: dict[str, Any], with_initial: bool):
    layer = make(kind, num_relations=2, backend="fused", **options)
    edge_index, edge_type, level = MERGING.clone(), TYPES.clone(), topological_levels(MERGING, 5)
    hx = initial_for(layer, edge_index, 5) if with_initial else None
    with Recorder() as recorder:
        out = flat(layer(normal(5, F), edge_index, hx, edge_type=edge_type, level=level))
        gradients(out, list(layer.parameters()))
    names = {func.name().removeprefix("gnn_toolkit::") for func in recorder.calls}
    assert names == {"checked_levels", "sort_by_level", "incidence", name, f"{name}_backward"}
    for func, calls in recorder.calls.items():
        for args in calls:
            if func.name() == f"gnn_toolkit::{name}":
                args = tuple(a.requires_grad_() if isinstance(a, Tensor) and a.is_floating_point() else a for a in args)
            torch.library.opcheck(func, args)


def test_computing_levels_keeps_torch_s_rules():
    torch.library.opcheck(torch.ops.gnn_toolkit.checked_levels.default, (MERGING, None, None, 5, 1))


@pytest.mark.parametrize("backend", ["fused", "message_passing", "auto"])
@pytest.mark.parametrize("edges", [MERGING, PATHS], ids=["merging", "paths"])
@pytest.mark.parametrize("kind", LAYERS)
def test_under_autocast_it_stays_near_float32(kind: type, edges: Tensor, backend: str):
    layer = make(kind, num_layers=2, bidirectional=True, backend=backend).float()
    x = normal(5, F).detach().float().requires_grad_()
    expected = flat(layer(x, edges))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = flat(layer(x, edges))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a.float(), b, atol=0.02, rtol=0.02)
    leaves = [x, *layer.parameters()]
    grads = gradients([out.float() for out in found], leaves)
    assert {grad.dtype for grad in grads} == {torch.float32}
    for a, b in zip(grads, gradients(expected, leaves), strict=True):
        torch.testing.assert_close(a, b, atol=0.05 * float(b.abs().max()), rtol=0.05)


@pytest.mark.parametrize("backend", ["fused", "message_passing", "vendor"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", LAYERS)
def test_outputs_and_states_have_the_type_of_the_input(kind: type, dtype: torch.dtype, backend: str):
    layer = make(kind, num_layers=2, bidirectional=True, backend=backend).to(dtype)
    found = flat(layer(normal(5, F).to(dtype), PATHS))
    assert {out.dtype for out in found} == {dtype}
    assert {grad.dtype for grad in gradients(found, list(layer.parameters()))} == {dtype}


def checkable(kind: type, backend: str, edge_index: Tensor, edge_type: Tensor | None) -> tuple[Any, list[Tensor]]:
    """Return a layer as a function of its input, initial states and parameters, and these."""
    layer = make(kind, bidirectional=True, num_relations=1 if edge_type is None else 2, backend=backend)
    hx = initial_for(layer, edge_index, 5)
    names, values = zip(*layer.named_parameters(), strict=True)

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        params, states = dict(zip(names, rest, strict=False)), list(rest[len(names) :])
        given = (states[:2], states[2:]) if kind is DAGLSTM else states
        kwargs = {"edge_type": edge_type}
        return tuple(flat(torch.func.functional_call(layer, params, (x, edge_index, given), kwargs)))

    return run, [normal(5, F), *values, *flat(hx)]


@pytest.mark.parametrize(
    ("backend", "edges", "types"),
    [("fused", MERGING, TYPES), ("message_passing", MERGING, TYPES), ("fused", PATHS, None), ("vendor", PATHS, None)],
)
@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_those_of_finite_differences(kind: type, backend: str, edges: Tensor, types: Tensor | None):
    run, leaves = checkable(kind, backend, edges, types)
    assert torch.autograd.gradcheck(run, leaves, fast_mode=True)


@pytest.mark.parametrize("kind", LAYERS)
def test_messages_are_differentiable_twice(kind: type):
    assert torch.autograd.gradgradcheck(*checkable(kind, "message_passing", MERGING, TYPES), fast_mode=True)


@pytest.mark.parametrize("kind", LAYERS)
def test_copies_pickles_and_states_compute_the_same(kind: type):
    layer, x = make(kind, num_layers=2, bidirectional=True, num_relations=2), normal(5, F)
    expected = flat(layer(x, MERGING, edge_type=TYPES))
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    loaded = kind(F, H, num_layers=2, bidirectional=True, num_relations=2).double()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert repr(other) == repr(layer)
        torch.testing.assert_close(flat(other(x, MERGING, edge_type=TYPES)), expected, atol=0, rtol=0)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_saved_state_of_torch_loads_and_goes_back(kind: type):
    theirs = getattr(nn, kind.__name__.removeprefix("DAG"))(F, H, 2, bidirectional=True).double()
    layer, path = make(kind, num_layers=2, bidirectional=True), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    file.seek(0)
    layer.load_state_dict(torch.load(file, weights_only=True))
    x = normal(5, F)
    torch.testing.assert_close(layer(x, path)[0], theirs(x)[0])
    with torch.no_grad():
        layer.weight_ih_l0.mul_(2.0)
    theirs.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(x, path)[0], theirs(x)[0])


def trained(kind: type, backend: str) -> list[Tensor]:
    """Return the parameters after five steps from seed 0."""
    layer, x = make(kind, num_layers=2, bidirectional=True, dropout=0.5, backend=backend), normal(5, F).detach()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        layer(x, PATHS if backend == "vendor" else MERGING)[0].square().sum().backward()
        optimizer.step()
    return [parameter.detach() for parameter in layer.parameters()]


@pytest.mark.parametrize("backend", ["fused", "message_passing", "vendor"])
@pytest.mark.parametrize("kind", LAYERS)
def test_the_same_seed_trains_the_same_parameters_to_the_bit(kind: type, backend: str):
    first = trained(kind, backend)
    assert not first[0].equal(make(kind, num_layers=2, bidirectional=True).weight_ih_l0)
    assert all(a.equal(b) for a, b in zip(first, trained(kind, backend), strict=True))


@pytest.mark.parametrize(("kind", "num_nodes"), [(DAGRNN, 100_000), (DAGGRU, 10_000), (DAGLSTM, 10_000)])
def test_a_path_may_be_long(kind: type, num_nodes: int):
    torch.manual_seed(0)
    fused, vendor = kind(2, 2, backend="fused").double(), kind(2, 2, backend="vendor").double()
    vendor.load_state_dict(fused.state_dict())
    nodes, x = torch.arange(num_nodes), torch.randn(num_nodes, 2, dtype=torch.float64)
    edge_index = torch.stack([nodes[:-1], nodes[1:]])
    began = time.process_time()
    found = flat(fused(x, edge_index))
    grads = gradients(found, list(fused.parameters()))
    assert time.process_time() - began < num_nodes * 1e-3
    expected = flat(vendor(x, edge_index))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(grads, gradients(expected, list(vendor.parameters())), atol=1e-8, rtol=1e-8)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("backend", ["fused", "message_passing"])
@pytest.mark.parametrize("kind", LAYERS)
def test_on_a_cuda_device_it_satisfies_the_contract(kind: type, backend: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it torch refuses to be deterministic
    layer = make(kind, num_layers=2, bidirectional=True, backend=backend).cuda()
    plain = make(kind, num_layers=2, bidirectional=True, backend="message_passing")

    def on_cpu(x: Tensor, edge_index: Tensor) -> Tensor:
        return torch.func.functional_call(
            plain, {n: p.cpu() for n, p in layer.named_parameters()}, (x.cpu(), edge_index.cpu())
        )[0].cuda()

    torch.use_deterministic_algorithms(True)
    try:
        assert_layer(lambda x, e: layer(x, e)[0], F, reference=on_cpu, device="cuda")
        x, edges = normal(5, F).detach().cuda(), MERGING.cuda()
        runs = [torch.autograd.grad(layer(x, edges)[0].sum(), layer.weight_hh_l0)[0] for _ in range(2)]
        assert runs[0].equal(runs[1])
    finally:
        torch.use_deterministic_algorithms(False)
