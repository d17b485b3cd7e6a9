"""The convolutions of Fout et al. against loops over nodes, and the classifier of pairs against its formula."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit.graphs import rank_neighbours
from gnn_toolkit.layers import NodeAverageConv, NodeEdgeAverageConv, OrderedConv
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_graph

F, D, K, OUT = 4, 2, 12, 3


def attributes(x: Tensor, edge_index: Tensor) -> Tensor:
    """Attributes that are a function of the edge's ends, so that renumbering the nodes moves them along."""
    source, target = x.detach()[edge_index[0]], x.detach()[edge_index[1]]
    return torch.stack([(source - target).square().sum(1), (source * target).sum(1)], 1)


def ranks(x: Tensor, edge_index: Tensor) -> Tensor:
    return rank_neighbours(edge_index, attributes(x, edge_index)[:, 0])


def by_loop(x: Tensor, edge_index: Tensor, layer: Any, message: Any) -> Tensor:
    """z_i = W_C x_i + b + mean of the messages, node by node."""
    rows = []
    for node in range(x.size(0)):
        into = [e for e in range(edge_index.size(1)) if edge_index[1, e] == node]
        row = layer.center(x[node])
        if into:
            row = row + torch.stack([message(x[edge_index[0, e]], e) for e in into]).mean(0)
        rows.append(row)
    return torch.stack(rows)


def node_average(**options: Any) -> tuple[nn.Module, Any, Any]:
    layer = NodeAverageConv(F, OUT, **options).double()
    return layer, layer, lambda x, edges: by_loop(x, edges, layer, lambda x_j, e: layer.neighbour.weight @ x_j)


def edge_average(**options: Any) -> tuple[nn.Module, Any, Any]:
    layer = NodeEdgeAverageConv(F, OUT, D, **options).double()

    def reference(x: Tensor, edges: Tensor) -> Tensor:
        attr = attributes(x, edges)
        return by_loop(x, edges, layer, lambda x_j, e: layer.neighbour.weight @ x_j + layer.edge.weight @ attr[e])

    return layer, lambda x, edges: layer(x, edges, attributes(x, edges)), reference


def ordered(**options: Any) -> tuple[nn.Module, Any, Any]:
    layer = OrderedConv(F, OUT, K, D, **options).double()

    def reference(x: Tensor, edges: Tensor) -> Tensor:
        attr, rank = attributes(x, edges), ranks(x, edges)
        return by_loop(x, edges, layer, lambda x_j, e: torch.cat([x_j, attr[e]]) @ layer.neighbour[rank[e]])

    return layer, lambda x, edges: layer(x, edges, ranks(x, edges), attributes(x, edges)), reference


LAYERS = pytest.mark.parametrize("make", [node_average, edge_average, ordered])


@LAYERS
def test_each_satisfies_the_contract(make: Any):
    torch.manual_seed(0)
    _, call, reference = make()
    assert_layer(call, F, reference=reference, acyclic=False)
    assert_layer(call, F, reference=reference, acyclic=True)


@LAYERS
@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
def test_messages_one_by_one_are_the_fast_path(make: Any, flow: str):
    torch.manual_seed(0)
    layer, _, _ = make(flow=flow)
    hooked = copy.deepcopy(layer)
    hooked.register_message_forward_hook(lambda *_: None)
    x, edges = torch.randn(9, F, dtype=torch.float64), random_graph(9, 11, torch.Generator().manual_seed(1))
    attr = torch.randn(edges.size(1), D, dtype=torch.float64)
    rank = rank_neighbours(edges, attr[:, 0], flow=flow)
    more = {"node_average": (), "edge_average": (attr,), "ordered": (rank, attr)}[make.__name__]
    leaves = [x.clone().requires_grad_() for _ in range(2)]
    outs = [each(leaf, edges, *more) for each, leaf in zip((layer, hooked), leaves, strict=True)]
    inputs = ([leaves[0], *layer.parameters()], [leaves[1], *hooked.parameters()])
    assert_parity([outs[0]], [outs[1]], [inputs])


@LAYERS
def test_it_is_differentiable_twice_and_compiles_whole(make: Any):
    torch.manual_seed(0)
    layer, _, _ = make()
    x = torch.randn(6, F, dtype=torch.float64, requires_grad=True)
    edges = random_graph(6, 6, torch.Generator().manual_seed(1))
    attr = torch.randn(edges.size(1), D, dtype=torch.float64)
    more = {"node_average": (), "edge_average": (attr,), "ordered": (rank_neighbours(edges, attr[:, 0]), attr)}
    rest = more[make.__name__]
    assert torch.autograd.gradgradcheck(lambda t: layer(t, edges, *rest).tanh(), (x,))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, edges, *rest), layer(x, edges, *rest))


def test_a_layer_without_edge_features_refuses_them():
    layer = OrderedConv(F, OUT, K)
    x, edges = torch.randn(3, F), torch.tensor([[0, 2], [1, 1]])
    with pytest.raises(ValueError, match=r"edge_attr: expected torch.float32 \[2, 0\]"):
        layer(x, edges, torch.tensor([0, 1]), torch.randn(2, 2))


def test_bad_input_is_refused_by_name():
    assert_refuses(NodeAverageConv(F, OUT), F)
    assert_refuses(lambda x, e: NodeEdgeAverageConv(F, OUT, D)(x, e, torch.zeros(e.size(1), D)), F)
    assert_refuses(lambda x, e: OrderedConv(F, OUT, K)(x, e, torch.zeros(e.size(1), dtype=torch.long)), F)
    x, edges = torch.randn(3, F), torch.tensor([[0, 2], [1, 1]])
    for rank, got in ((torch.tensor([0, 0]), "a tie"), (torch.tensor([0, K]), "up to 12"), (torch.rand(2), "float32")):
        with pytest.raises(ValueError, match=rf"rank: .*{got}"):
            OrderedConv(F, OUT, K)(x, edges, rank)


def test_ranks_follow_the_score_within_each_target():
    edges = torch.tensor([[0, 1, 2, 3, 0], [4, 4, 4, 0, 0]])
    score = torch.tensor([3.0, 1.0, 2.0, 7.0, 7.0])
    assert rank_neighbours(edges, score).tolist() == [2, 0, 1, 0, 1]
    assert rank_neighbours(edges, score, flow="target_to_source").tolist() == [0, 0, 0, 0, 1]
    assert rank_neighbours(edges[:, :0], score[:0]).tolist() == []
    with pytest.raises(ValueError, match=r"score: .*NaN"):
        rank_neighbours(edges, score.log() * torch.nan)
