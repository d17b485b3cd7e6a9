"""Recurrences over DAGs under PyG's own machinery: loaders, explainers, hooks."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.explain.algorithm.utils import clear_masks, set_masks
from torch_geometric.loader import DataLoader

from gnn_toolkit.graphs import topological_levels
from gnn_toolkit.layers import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.testing import random_dag

LAYERS = [DAGRNN, DAGGRU, DAGLSTM]
F, H = 4, 3
# Node 4 is reached from all but 7 and 8; the last two edges, 6 -> 7 and 4 -> 8, do not lead to it.
EDGES = torch.tensor([[5, 1, 0, 2, 3, 1, 6, 6, 4], [2, 2, 3, 3, 4, 4, 4, 7, 8]])


def make(kind: type, **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(F, H, **options).double()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def stored(seed: int) -> Data:
    """Return a random graph with its levels and two types of edges."""
    num_nodes = 5 + seed
    edge_index = random_dag(num_nodes, 2 * num_nodes - seed, torch.Generator().manual_seed(seed))
    return Data(
        x=normal(num_nodes, F, seed=seed),
        edge_index=edge_index,
        edge_type=torch.arange(edge_index.size(1)) % 2,
        level=topological_levels(edge_index, num_nodes),
    )


@pytest.mark.parametrize("kind", LAYERS)
def test_a_loader_s_batch_gives_what_its_graphs_give(kind: type):
    graphs = [stored(seed) for seed in range(5)]
    layer = make(kind, num_layers=2, bidirectional=True, num_relations=2)
    expected = [layer(g.x, g.edge_index, edge_type=g.edge_type)[0] for g in graphs]
    seen = 0
    for batch in DataLoader(graphs, batch_size=2, num_workers=2):
        part = slice(seen, seen + batch.num_graphs)
        assert batch.level.equal(torch.cat([g.level for g in graphs[part]]))
        out, _ = layer(batch.x, batch.edge_index, edge_type=batch.edge_type, level=batch.level)
        torch.testing.assert_close(out, torch.cat(expected[part]))
        seen += batch.num_graphs
    assert seen == 5


class Classifier(nn.Module):
    """Three classes for every node."""

    def __init__(self, kind: type, **options: Any) -> None:
        super().__init__()
        self.recurrence = make(kind, **options)
        self.head = nn.LazyLinear(3, dtype=torch.float64)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.head(self.recurrence(x, edge_index)[0])


def explained(model: nn.Module, x: Tensor, edges: Tensor, index: int) -> Any:
    model.eval()(x, edges)
    explainer = Explainer(
        model,
        GNNExplainer(epochs=10),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
    )
    return explainer(x, edges, index=index)


@pytest.mark.parametrize("backend", ["message_passing", "auto"])
@pytest.mark.parametrize("kind", LAYERS)
def test_an_explanation_gives_no_weight_to_what_cannot_reach_the_node(kind: type, backend: str):
    model, x = Classifier(kind, num_layers=2, backend=backend), normal(9, F)
    before = model(x, EDGES)
    explanation = explained(model, x, EDGES, 4)
    assert explanation.edge_mask.ne(0).tolist() == [True] * 7 + [False] * 2
    assert explanation.node_mask.ne(0).any(1).tolist() == [True] * 7 + [False] * 2
    # Nothing of the explainer is left behind.
    torch.testing.assert_close(model(x, EDGES), before)


def test_a_bidirectional_explanation_follows_edges_both_ways():
    # 0 -> 1 -> 2, apart from 3 -> 4: node 1 sees the first path alone.
    edges = torch.tensor([[3, 1, 0], [4, 2, 1]])
    explanation = explained(Classifier(DAGLSTM, bidirectional=True), normal(5, F), edges, 1)
    assert explanation.edge_mask.ne(0).tolist() == [False, True, True]


def test_fused_kernels_have_no_messages_to_explain():
    with pytest.raises(ValueError, match="make sure that edges are used via message passing"):
        explained(Classifier(DAGGRU, backend="fused"), normal(9, F), EDGES, 4)


@pytest.mark.parametrize("apply_sigmoid", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_mask_weighs_its_own_edges_and_never_initial_states(kind: type, apply_sigmoid: bool):
    layer, x = make(kind, bidirectional=True, num_relations=2, aggr="sum"), normal(9, F)
    edge_type = torch.tensor([0, 1, 1, 0, 0, 1, 0, 1, 1])
    # Nodes 0, 1, 5, 6 start and 7, 8 end, with all edges and without the two removed ones.
    states = [[normal(4, H, seed=s), normal(2, H, seed=s + 2)] for s in range(layer.cell.num_states)]
    hx = states if kind is DAGLSTM else states[0]
    removed = torch.tensor([False, True, False, False, False, False, True, False, False])
    mask = torch.ones(9, dtype=torch.float64).masked_fill(removed, 0.0)
    set_masks(layer, (mask - 0.5) * 100 if apply_sigmoid else mask, EDGES, apply_sigmoid)
    found, _ = layer(x, EDGES, hx, edge_type=edge_type)
    clear_masks(layer)
    expected, _ = layer(x, EDGES[:, ~removed], hx, edge_type=edge_type[~removed])
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, layer(x, EDGES, hx, edge_type=edge_type)[0])


@pytest.mark.parametrize("kind", LAYERS)
def test_hooks_see_and_change_what_is_passed(kind: type):
    layer, x = make(kind, backend="message_passing"), normal(9, F)
    plain, sizes, messages = layer(x, EDGES)[0], [], []

    def before(_: object, arguments: tuple[Any, ...]) -> None:
        edge_index, size, kwargs = arguments
        sizes.append((edge_index.size(1), size[1]))
        assert kwargs["edges"].numel() == edge_index.size(1)

    def after(_: object, __: object, message: Tensor) -> Tensor:
        messages.append(message.size(0))
        return torch.zeros_like(message)

    handles = [layer.register_propagate_forward_pre_hook(before), layer.register_message_forward_hook(after)]
    silent = layer(x, EDGES)[0]
    for handle in handles:
        handle.remove()
    # Levels: 0, 1, 5, 6; then 2, 7; then 3; then 4; then 8.
    assert sizes == [(3, 2), (2, 1), (3, 1), (1, 1)]
    assert messages == [3, 2, 3, 1]
    torch.testing.assert_close(silent, layer(x, EDGES[:, :0])[0])
    torch.testing.assert_close(layer(x, EDGES)[0], plain, atol=0, rtol=0)
