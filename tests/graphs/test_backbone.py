"""The chain of residues as a path: between chains there is none."""

import pytest
import torch
from torch_geometric.data import Batch, Data

from gnn_toolkit.graphs import Backbone
from gnn_toolkit.graphs.backbone import along


def protein(*chains: int) -> Data:
    n = len(chains)
    edges = torch.stack([torch.arange(n), torch.arange(n).flip(0)])
    return Data(
        x=torch.ones(n, 1),
        edge_index=edges,
        edge_attr=torch.ones(n, 2),
        rank=torch.zeros(n),
        chain=torch.tensor(chains),
    )


def test_each_residue_has_an_edge_to_the_next_of_its_chain():
    data = Backbone()(protein(0, 0, 0, 2, 2, 1))
    assert data["edge_index"].tolist() == [[0, 1, 3], [1, 2, 4]]
    assert data.level.tolist() == [0, 1, 2, 0, 1, 0]
    assert "edge_attr" not in data
    assert "rank" not in data


def test_beside_the_edges_it_says_who_follows_whom_also_in_a_batch():
    parts = [Backbone(beside=True)(protein(*chains)) for chains in ((0, 0), (0, 1, 1))]
    assert parts[1].num_edges == 3
    assert parts[1].edge_attr is not None
    path, level = along(Batch.from_data_list(parts)["follows"])  # pyright: ignore[reportArgumentType]
    assert path.tolist() == [[0, 3], [1, 4]]
    assert level.tolist() == [0, 1, 0, 0, 1]


@pytest.mark.parametrize("beside", [False, True])
def test_no_residue_and_one_residue_have_no_path(beside: bool):
    for count in (0, 1):
        data = Backbone(beside)(
            Data(num_nodes=count, chain=torch.zeros(count, dtype=torch.long), edge_index=torch.empty(2, 0))
        )
        path = along(data["follows"])[0] if beside else data["edge_index"]
        assert path.shape == (2, 0)


def test_chains_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"^chain: expected a number for each of 3 nodes, got none; set data.chain"):
        Backbone()(Data(num_nodes=3))
    with pytest.raises(ValueError, match=r"^chain: expected chains whose residues stand together, got one apart"):
        Backbone()(protein(0, 1, 0))
