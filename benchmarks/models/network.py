"""The toolkit's own layers, stacked: over batches of equal graphs, or over text."""

from torch import Tensor, nn
from torch_geometric.data import Data

from benchmarks.models.text import TextModel
from benchmarks.tasks.task import Batch, Budget, Problem
from gnn_toolkit.graphs import repeat_graph
from gnn_toolkit.models import CharGenerator, GraphNetwork
from gnn_toolkit.models.network import RECURRENCES


def network(layer: str, budget: Budget, problem: Problem, graph: Data) -> nn.Module:
    """Return a network of one kind of layer, untrained; for a text, a generator of characters."""
    if problem.vocabulary is not None:
        sizes = {"hidden_channels": budget.hidden_channels, "num_layers": budget.num_layers, "dropout": budget.dropout}
        return TextModel(CharGenerator(problem.vocabulary, layer, **sizes))
    recurrent = layer in RECURRENCES
    readout = problem.readout
    if readout == "graph":  # a recurrence has seen the whole graph at its last node, a convolution nowhere
        readout = "last" if recurrent else "mean"
    stack = GraphNetwork(
        problem.num_features,
        budget.hidden_channels,
        problem.num_classes,
        layer=layer,
        num_layers=budget.num_layers if recurrent else budget.num_convolutions,
        num_relations=int(graph.edge_type.max()) + 1 if "edge_type" in graph else 1,
        readout=readout,
        dropout=budget.dropout,
        memory_bias=budget.memory_bias,
    )
    return GraphModel(stack, graph)


class GraphModel(nn.Module):
    """A network over batches of equal graphs; the batch's structure is made once for each size and kept."""

    def __init__(self, network: GraphNetwork, graph: Data) -> None:
        super().__init__()
        self.network, self.graph = network, graph
        self._structures: dict[int, Data] = {}

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of each graph or node of the batch."""
        count, nodes, width = batch.x.shape
        if count not in self._structures:
            self._structures[count] = repeat_graph(self.graph, count).to(batch.x.device)
        data = self._structures[count]
        data.x = batch.x.reshape(count * nodes, width)
        return self.network(data)
