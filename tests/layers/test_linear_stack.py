"""What the linear layers do alike: backends, observers, transforms, compilers, weights by name, single steps."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils import parametrizations, prune
from torch_geometric.data import HeteroData
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.explain.algorithm.utils import clear_masks, set_masks
from torch_geometric.nn import to_hetero

from gnn_toolkit import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM, DAGOutput
from gnn_toolkit.testing import random_dag

F, H = 4, 3
KINDS: list[Any] = [DAGMinGRU, DAGMinLSTM, DAGLRU, DAGMamba]
EDGES = random_dag(7, 11, torch.Generator().manual_seed(0))
PATHS = torch.tensor([[0, 1, 3, 4], [1, 2, 4, 5]])  # 0 1 2 and 3 4 5; with a node 6 they differ in length
GRAPHS = {"a DAG": (EDGES, 7), "paths": (PATHS, 7), "paths of one length": (PATHS, 6)}


def make(kind: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_see_and_change_every_message_as_long_as_they_are_registered(kind: Any):
    layer, x, seen = make(kind), normal(7, F), []
    plain = layer(x, EDGES)[0]

    def silence(_: object, __: object, message: Tensor) -> Tensor:
        seen.append(message.size(0))
        return torch.zeros_like(message)

    handle = layer.register_message_forward_hook(silence)
    torch.testing.assert_close(layer(x, EDGES)[0], layer(x, EDGES[:, :0])[0])
    assert sum(seen) == EDGES.size(1)
    handle.remove()
    torch.testing.assert_close(layer(x, EDGES)[0], plain)


@pytest.mark.parametrize("kind", KINDS)
def test_a_subclass_s_own_message_is_used(kind: Any):
    class Silent(kind):
        def message(self, state_j: Tensor, coefficient: Tensor) -> Tensor:
            return 0.0 * super().message(state_j, coefficient)

    torch.testing.assert_close(make(Silent)(normal(7, F), EDGES)[0], make(kind)(normal(7, F), EDGES[:, :0])[0])


class Classifier(nn.Module):
    """Three classes for every node."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.recurrence, self.head = layer, nn.Linear(H, 3, dtype=torch.float64)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.head(self.recurrence(x, edge_index)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_an_explanation_gives_no_weight_to_what_cannot_reach_the_node(kind: Any):
    # Node 4 is reached from all but 7 and 8; the last two edges do not lead to it.
    edges = torch.tensor([[5, 1, 0, 2, 3, 1, 6, 6, 4], [2, 2, 3, 3, 4, 4, 4, 7, 8]])
    model, x = Classifier(make(kind)).eval(), normal(9, F)
    before = model(x, edges)
    explainer = Explainer(
        model,
        GNNExplainer(epochs=5),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
    )
    assert explainer(x, edges, index=4).edge_mask.ne(0).tolist() == [True] * 7 + [False] * 2
    torch.testing.assert_close(model(x, edges), before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_weighs_its_own_edges_and_never_initial_states(kind: Any):
    layer, x = make(kind, num_relations=2, aggr="sum"), normal(7, F)
    types = torch.arange(11) % 2
    starts = 7 - EDGES[1].unique().numel()
    hx = [normal(starts, layer.state_width, seed=1)]
    kept = torch.ones(11, dtype=torch.bool)
    kept[torch.arange(11)[(torch.bincount(EDGES[1])[EDGES[1]] > 1)][:1]] = False  # its target has another predecessor
    set_masks(layer, kept.double(), EDGES, apply_sigmoid=False)
    found, _ = layer(x, EDGES, hx, edge_type=types)
    clear_masks(layer)
    expected, _ = layer(x, EDGES[:, kept], hx, edge_type=types[kept])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("kind", KINDS)
def test_transforms_of_functions_give_what_differences_do(kind: Any, graph: str):
    edges, nodes = GRAPHS[graph]
    layer, x, v = make(kind, num_layers=2, bidirectional=True), normal(nodes, F), normal(nodes, F, seed=5)

    def run(y: Tensor) -> Tensor:
        return layer(y, edges)[0]

    with torch.no_grad():
        tangent = (run(x + 1e-6 * v) - run(x - 1e-6 * v)) / 2e-6
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(run(forward_ad.make_dual(x, v))).tangent
    for found in (torch.func.jvp(run, (x,), (v,))[1], dual):
        torch.testing.assert_close(found, tangent, atol=1e-7, rtol=1e-6)
    both = torch.func.vmap(run)(torch.stack([x, x + v]))
    torch.testing.assert_close(both, torch.stack([run(x), run(x + v)]))
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(run(leaf).square().sum(), leaf)
    torch.testing.assert_close(torch.func.grad(lambda y: run(y).square().sum())(x), expected)
    whole, part = (torch.autograd.functional.jacobian(run, x, vectorize=many) for many in (False, True))
    torch.testing.assert_close(part, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_the_fused_operator_by_name_is_not_transformed_without_a_word(kind: Any):
    layer = make(kind, backend="fused")
    with pytest.raises(ValueError, match=r"^backend: expected 'auto' or 'message_passing' under torch.func"):
        torch.func.vmap(lambda y: layer(y, EDGES)[0])(normal(1, 7, F))


@pytest.mark.parametrize("kind", [DAGMinGRU, DAGLRU])
def test_a_compiler_takes_the_layer_whole_and_export_any_graph(kind: Any):
    layer, x = make(kind, num_layers=2, bidirectional=True), normal(7, F)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    leaf, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, expected = compiled(leaf, EDGES)[0], layer(other, EDGES)[0]
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(
        torch.autograd.grad(out.square().sum(), [leaf, *layer.parameters()]),
        torch.autograd.grad(expected.square().sum(), [other, *layer.parameters()]),
    )
    nodes, edges = torch.export.Dim("nodes", min=2), torch.export.Dim("edges", min=2)
    shapes: Any = {"x": {0: nodes}, "edge_index": {1: edges}}
    program = torch.export.export(layer, (x, EDGES), dynamic_shapes=shapes, strict=False).module()
    for graph in (EDGES, PATHS, random_dag(9, 5, torch.Generator().manual_seed(3))):
        y = normal(int(graph.max()) + 1, F)
        torch.testing.assert_close(program(y, graph)[0], layer(y, graph)[0])


@pytest.mark.parametrize("backend", ["auto", "message_passing"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_under_a_weight_s_name_is_used(kind: Any, backend: str):
    changed, plain = make(kind, backend=backend), make(kind, backend=backend)
    for name in [name for name, _ in changed.named_parameters()]:
        prune.random_unstructured(changed, name, 0.5)
        plain.get_parameter(name).data.copy_(getattr(changed, name))
    torch.testing.assert_close(changed(normal(7, F), EDGES)[0], plain(normal(7, F), EDGES)[0])
    normed = make(kind)
    parametrizations.weight_norm(normed, "weight_ih_l0")
    torch.testing.assert_close(normed(normal(7, F), EDGES)[0], make(kind)(normal(7, F), EDGES)[0])
    with pytest.raises(ValueError, match=r"^weight_ih_l0: expected a parameter of its own"):
        normed.reset_parameters()


@pytest.mark.parametrize("kind", KINDS)
def test_steps_one_by_one_are_the_walk_along_paths(kind: Any):
    layer, x = make(kind, num_layers=2), normal(6, F)
    out, final = layer(x, PATHS)
    states = torch.zeros(2, 2, layer.state_width, dtype=x.dtype)
    for t in range(3):
        step, states = layer.step(x[[t, 3 + t]], states)
        torch.testing.assert_close(step, out[[t, 3 + t]])
    torch.testing.assert_close(list(states), list(final))


def test_under_anomaly_detection_the_level_is_named_at_which_sums_overflow():
    depth = 300
    edges = torch.tensor([[*range(depth - 1), *range(depth - 2)], [*range(1, depth), *range(2, depth)]])
    layer: Any = DAGMinGRU(F, H, aggr="sum")
    with torch.no_grad():
        layer.bias_ih_l0[:H] = -6.0  # states add up as Fibonacci's numbers
    layer(torch.ones(depth, F), edges)  # no error without it
    with (
        pytest.warns(UserWarning, match="Anomaly Detection has been enabled"),
        torch.autograd.detect_anomaly(),
        pytest.raises(RuntimeError, match=r"^DAGMinGRU: h is not finite from level [12]\d\d of 300 on \(pass l0, "),
    ):
        layer(torch.ones(depth, F), edges)


@pytest.mark.usefixtures("to_hetero_runs")
@pytest.mark.parametrize("kind", KINDS)
def test_the_outputs_alone_are_a_layer_of_pyg_s_containers(kind: Any):
    class Alone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer: Any = DAGOutput(kind(F, H))

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.layer(x, edge_index).relu()

    data, model, x = HeteroData(), Alone(), normal(7, F).float()
    data["paper"].x, data["paper", "cites", "paper"].edge_index = x, EDGES
    hetero: Any = to_hetero(model, data.metadata())
    torch.testing.assert_close(hetero(data.x_dict, data.edge_index_dict)["paper"], model(x, EDGES))
