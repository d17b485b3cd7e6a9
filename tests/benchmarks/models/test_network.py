"""Models over the views: neighbourhoods are read only where they count, features of the graph in every batch."""

import torch
from torch_geometric.data import Data

from benchmarks.models.network import GraphModel, NeighbourhoodModel
from benchmarks.tasks.task import Batch
from gnn_toolkit.graphs import Neighbourhoods, SparseFeatures
from gnn_toolkit.models import GraphNetwork

EDGES = torch.tensor([[0, 1, 2, 3, 1], [1, 2, 3, 4, 4]])
BLANK, Y = torch.empty(1, 5, 0), torch.zeros(1, 5, dtype=torch.long)


def test_a_neighbourhood_model_answers_for_the_nodes_that_count_as_if_it_read_all():
    torch.manual_seed(0)
    x = torch.randn(5, 3)
    graph = Neighbourhoods("bfs", size=3)(Data(x=x, edge_index=EDGES))
    model = NeighbourhoodModel(GraphNetwork(3, 4, 2, layer="lstm", embedding=True, num_layers=1, readout="last"), graph)
    everywhere = model(Batch(BLANK, Y))
    assert everywhere.shape == (5, 2)
    for counted in (torch.tensor([True, False, True, False, False]), torch.tensor([False, True, False, True, True])):
        for _ in range(2):
            logits = model(Batch(BLANK, Y, counted))
            torch.testing.assert_close(logits[counted], everywhere[counted])
            assert not logits[~counted].any()


def test_features_of_the_graph_are_those_of_every_batch():
    torch.manual_seed(0)
    x = torch.randn(5, 3).relu()
    network = GraphNetwork(3, 4, 2, layer="gcn")
    graph = Data(edge_index=EDGES, num_nodes=5)
    graph["x"] = SparseFeatures.of(x)
    inside = GraphModel(network, graph)
    beside = GraphModel(network, Data(edge_index=EDGES, num_nodes=5))
    torch.testing.assert_close(inside(Batch(BLANK, Y)), beside(Batch(x[None], Y)))
