from typing import Any

import pytest
import torch

from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers.kernels import chains
from gnn_toolkit.layers.kernels.flow import flow


def found(edge_index, nodes) -> Any:
    return flow(level_order(edge_index, nodes)).chains


def path(nodes):
    return torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])


def caterpillar(spine):
    place = torch.arange(spine)
    return torch.cat([path(spine), torch.stack([place, place + spine])], 1)


def test_a_path_is_one_chain_read_in_place():
    cut = found(path(100), 100)
    ((group,),) = cut.groups
    assert group.shape == (100, 1)
    assert (group.nodes.first, group.real, group.own) == (0, None, None)
    assert [rows.first for rows in group.links] == [0, 0, 1]  # edges, sources, targets
    assert cut.pays(8)


@pytest.mark.parametrize("inward", [False, True])
def test_a_caterpillar_is_its_spine_and_the_legs(inward: bool):
    edges = caterpillar(300)
    cut = found(edges.flip(0) if inward else edges, 600)
    spine, legs = cut.groups[::-1] if inward else cut.groups
    assert sum(group.nodes.index.numel() for group in spine) == 301  # with a leg at its end
    assert sum(group.nodes.index.numel() for group in legs) == 299
    assert cut.pays(8)


def test_every_node_is_in_one_chain_and_every_edge_a_link_or_at_a_side(monkeypatch):
    monkeypatch.setattr(chains, "LONG", 100)
    torch.manual_seed(0)
    parents = torch.stack([(torch.arange(1, 400) - torch.randint(1, 3, (399,))).clamp(min=0), torch.arange(1, 400)])
    cut = found(parents, 400)
    groups = [group for level in cut.groups for group in level]
    own = [g.nodes.index if g.own is None else g.nodes.index[g.own] for g in groups]
    assert torch.cat(own).sort().values.tolist() == list(range(400))
    links = [g.links[2].index if g.real is None else g.links[2].index[g.real.squeeze(1)] for g in groups]
    slots = [g.side[0].slots for g in groups]
    target = level_order(parents, 400).target
    assert torch.cat([*links, *(target[s] for s in slots)]).sort().values.tolist() == target.sort().values.tolist()
    assert sorted(torch.cat(slots).tolist()) == sorted(torch.cat([g.side[1].slots for g in groups]).tolist())


def test_graphs_without_chains_are_left_to_levels():
    ladder = torch.cat([path(200), torch.stack([torch.arange(198), torch.arange(2, 200)])], 1)
    assert found(ladder, 200) is None  # every node but two has two ways in
    assert found(torch.empty(2, 0, dtype=torch.long), 5) is None


def test_what_is_wider_than_long_is_left_to_levels(monkeypatch):
    star = torch.stack([torch.zeros(500, dtype=torch.long), torch.arange(1, 501)])
    assert found(star, 501) is None
    monkeypatch.setattr(chains, "WIDE", 10_000)
    assert found(star, 501) is None  # two levels
