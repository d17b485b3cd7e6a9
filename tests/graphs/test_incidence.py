from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit.graphs import incidence as module
from gnn_toolkit.graphs import level_order
from gnn_toolkit.graphs.incidence import Incidence, path_incidence
from gnn_toolkit.testing import random_dag


def found_in(kept: Incidence, relations: int) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Return the edges (source, type, target) as told from the targets' side, and as told from the sources'."""
    nodes, slots, leaving = (ptr.tolist() for ptr in (kept.node_ptr, kept.in_ptr, kept.out_ptr))
    told_in, told_out = [], []
    for block, (first, last) in enumerate(pairwise(nodes)):
        begins = [*(kept.in_start[first:last] + slots[block]).flatten().tolist(), slots[block + 1]]
        for row, (a, b) in enumerate(pairwise(begins)):
            target, relation = first + row // relations, row % relations
            for slot in range(a, b):
                assert int(kept.local[slot]) == target - first
                assert int(kept.source_row[slot]) == int(kept.source[slot]) * relations + relation
                told_in.append((int(kept.source[slot]), relation, target))
        begins = [*(kept.out_start[first:last] + leaving[block]).flatten().tolist(), leaving[block + 1]]
        for row, (a, b) in enumerate(pairwise(begins)):
            source, relation = first + row // relations, row % relations
            for k in range(a, b):
                told_out.append((source, relation, int(kept.out_row[k]) // relations))
                assert int(kept.out_row[k]) % relations == relation
                assert int(kept.source_row[kept.out_slot[k]]) == source * relations + relation
    return told_in, told_out


@given(st.integers(0, 12), st.integers(0, 30), st.integers(1, 3), st.integers(1, 4), st.integers(0, 9))
def test_both_sides_tell_of_every_edge_once(num_nodes: int, num_edges: int, relations: int, block: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    num_edges = min(num_edges, num_nodes * (num_nodes - 1) // 2)
    edge_index = random_dag(num_nodes, num_edges, generator)
    edge_type = torch.randint(relations, (num_edges,), generator=generator)
    order = level_order(edge_index, num_nodes, edge_type=edge_type, num_relations=relations)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        kept = module.incidence(order.source, order.target, order.relation, order.node_ptr, num_nodes, relations)
    expected = zip(order.source.tolist(), order.relation.tolist(), order.target.tolist(), strict=True)
    told_in, told_out = found_in(kept, relations)
    assert sorted(told_in) == sorted(told_out) == sorted(expected)
    # Blocks are no larger than asked for, and none reaches over the border of a level.
    bounds = kept.node_ptr.tolist()
    assert all(b - a <= block for a, b in pairwise(bounds))
    assert set(order.node_ptr.tolist()) <= set(bounds)


def test_paths_need_no_more_than_their_levels():
    kept = path_incidence(torch.tensor([0, 2, 3]))
    assert kept.node_ptr.tolist() == [0, 2, 3]
    assert all(t.numel() == 0 for name, t in kept._asdict().items() if name != "node_ptr")
