"""pLSTM (Poeppel et al. 2025, arXiv 2506.11997) is a linear recurrence over the line graph of a DAG.

States belong to edges: a matrix, key times value, for each head. With S the source gate of an edge, T the transition
between an edge and one that goes on from its end, M the mark gate of an edge, D the direct gate of a node,

    C_e = sum over e' that e goes on from of T_e'e C_e' + S_e k_u v_u^T          e = (u -> w)
    o_w = sum over e = (u -> w) of M_e q_w^T C_e + D_w (q_w . k_w) v_w
"""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import AcyclicOrder, GridDAG, Path, line_graph
from gnn_toolkit.layers import linear_recurrence

HEADS, KEY, VALUE = 2, 3, 4
Gates = dict[str, Tensor]


def drawn(edge_index: Tensor, num_nodes: int) -> Gates:
    """Draw queries, keys and values of every node and the gates of edges, pairs of edges and nodes."""
    edges, pairs = edge_index.size(1), line_graph(edge_index, num_nodes).size(1)
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "query": (num_nodes, HEADS, KEY),
        "key": (num_nodes, HEADS, KEY),
        "value": (num_nodes, HEADS, VALUE),
        "source": (edges, HEADS),
        "transition": (pairs, HEADS),
        "mark": (edges, HEADS),
        "direct": (num_nodes, HEADS),
    }
    return {
        name: torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for name, shape in shapes.items()
    }


def by_loop(edge_index: Tensor, num_nodes: int, gates: Gates) -> Tensor:
    """Walk the nodes in their order, and from each of them its edges, one edge after another."""
    query, key, value, source, transition, mark, direct = gates.values()
    edges = [(u, w) for u, w in edge_index.t().tolist()]
    pair = {(e, f): k for k, (e, f) in enumerate(line_graph(edge_index, num_nodes).t().tolist())}
    states: dict[int, Tensor] = {}
    out = []
    for node in torch.tensor(levels_of(edges, num_nodes)).argsort().tolist():
        for f in [f for f, (u, _) in enumerate(edges) if u == node]:
            state = source[f, :, None, None] * key[node, :, :, None] * value[node, :, None, :]
            for e in [e for e, (_, w) in enumerate(edges) if w == node]:
                state = state + transition[pair[e, f], :, None, None] * states[e]
            states[f] = state
    for node in range(num_nodes):
        read = direct[node, :, None] * (query[node] * key[node]).sum(-1, keepdim=True) * value[node]
        for e in [e for e, (_, w) in enumerate(edges) if w == node]:
            read = read + mark[e, :, None] * torch.einsum("hk,hkv->hv", query[node], states[e])
        out.append(read)
    return torch.stack(out)


def levels_of(edges: list[tuple[int, int]], num_nodes: int) -> list[int]:
    """Return the longest way into each node, by relaxing every edge as often as there are nodes."""
    level = [0] * num_nodes
    for _ in range(num_nodes):
        for u, w in edges:
            level[w] = max(level[w], level[u] + 1)
    return level


def by_recurrence(edge_index: Tensor, num_nodes: int, gates: Gates) -> Tensor:
    """The same in four lines: one linear recurrence over the line graph, a coefficient a head."""
    query, key, value, source, transition, mark, direct = gates.values()
    u, w = edge_index
    b = source[..., None, None] * key[u, :, :, None] * value[u, :, None, :]
    states = linear_recurrence(transition, b.flatten(1), line_graph(edge_index, num_nodes), per="edge").view_as(b)
    read = mark[..., None] * torch.einsum("ehk,ehkv->ehv", query[w], states)
    return (direct * (query * key).sum(-1))[..., None] * value + torch.zeros_like(value).index_add(0, w, read)


def molecules() -> Data:
    """Three rings with branches, as one batch of DAGs; one has an isolated node."""
    ring = torch.tensor([[0, 1, 2, 3, 4, 5, 2, 6], [1, 2, 3, 4, 5, 0, 6, 7]])
    graphs = [Data(edge_index=ring, num_nodes=count) for count in (8, 9)]
    graphs.append(Data(edge_index=ring.flip(1)[:, :6] % 5, num_nodes=6))
    views = [
        AcyclicOrder(by, descending=True)(graph) for by, graph in zip(("bfs", "index", "degree"), graphs, strict=True)
    ]
    batch: Any = Batch.from_data_list(views)
    return batch


DAGS = {
    "a path": Path()(Data(num_nodes=9)),
    "a grid": GridDAG(4, 3)(Data(num_nodes=12)),
    "molecules": molecules(),
    "edges given twice": Data(edge_index=torch.tensor([[2, 2, 0, 1], [0, 0, 1, 3]]), num_nodes=4),
    "no edges": Data(edge_index=torch.empty(2, 0, dtype=torch.long), num_nodes=2),
}


@pytest.mark.parametrize("name", DAGS)
def test_plstm_is_a_linear_recurrence_over_the_line_graph(name: str):
    edge_index, num_nodes = DAGS[name].edge_index, DAGS[name].num_nodes
    assert edge_index is not None
    assert num_nodes is not None
    gates = drawn(edge_index, num_nodes)
    ours, plain = (way(edge_index, num_nodes, gates) for way in (by_recurrence, by_loop))
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-12)
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    inputs = list(gates.values())
    mine, theirs = (torch.autograd.grad((out * weight).sum(), inputs, allow_unused=True) for out in (ours, plain))
    for gate, got, expected in zip(gates, mine, theirs, strict=True):
        zeros = torch.zeros_like(gates[gate])
        torch.testing.assert_close(
            zeros if got is None else got, zeros if expected is None else expected, rtol=1e-10, atol=1e-12, msg=gate
        )
