"""Networks: what they read out, and that the data's own features are those of every batch."""

from functools import partial

import torch
from torch_geometric.data import Data

from benchmarks.models.network import network
from benchmarks.tasks.config import Config
from benchmarks.tasks.graph_list import GraphList
from benchmarks.tasks.metrics import ACCURACY
from benchmarks.tasks.objective import Objective
from benchmarks.tasks.source import OneGraph
from gnn_toolkit.graphs import Neighbourhoods, Path, SearchDAG, SparseFeatures

EDGES = torch.tensor([[0, 1, 2, 3, 1], [1, 2, 3, 4, 4]])
Y = torch.tensor([0, 1, 0, 1, 0])
MASKS = {
    "train": torch.tensor([True, False, True, False, False]),
    "validation": torch.tensor([False, True, False, True, True]),
    "test": torch.ones(5, dtype=torch.bool),
}
CONFIG = Config(steps=1, hidden_channels=4)
answering = partial(Objective, config=CONFIG, metric=ACCURACY, out_channels=2)


def test_a_neighbourhood_is_read_for_the_nodes_that_count_as_if_all_were_read():
    torch.manual_seed(0)
    source = OneGraph(Data(x=torch.randn(5, 3), edge_index=EDGES, y=Y), MASKS).viewed(Neighbourhoods("bfs", size=3))
    model = network("lstm", CONFIG, answering(source, readout="nodes"))
    everywhere = model(next(source.held_out("test")))
    assert everywhere.shape == (5, 2)
    (batch,) = source.held_out("validation")
    torch.testing.assert_close(model(batch), everywhere[MASKS["validation"]])
    assert batch.y.tolist() == [1, 1, 0]
    assert batch.num_graphs == 3


def test_sparse_features_are_those_of_every_batch():
    torch.manual_seed(0)
    x = torch.randn(5, 3).relu()
    graph = Data(edge_index=EDGES, num_nodes=5, y=Y)
    graph["x"] = SparseFeatures.of(x)
    sparse, dense = OneGraph(graph, MASKS), OneGraph(Data(x=x, edge_index=EDGES, y=Y), MASKS)
    model = network("gcn", CONFIG, answering(sparse, readout="nodes"))
    torch.testing.assert_close(*(model(source.draw(torch.Generator(), 1)) for source in (sparse, dense)))


def test_a_recurrence_reads_the_last_node_only_where_all_ways_end_in_it():
    graphs = [Data(x=torch.randn(n, 3), edge_index=torch.tensor([[0], [1]]), y=torch.tensor([n % 2])) for n in (2, 3)]
    which = torch.tensor([0, 1])
    source = GraphList(graphs, dict.fromkeys(MASKS, which))
    for view, readout in ((Path(), "last"), (SearchDAG("bfs"), "mean")):
        model = network("gru", CONFIG, answering(source.viewed(view), readout="graph"))
        assert model.readout == readout
    assert network("gcn", CONFIG, answering(source, readout="graph")).readout == "mean"
