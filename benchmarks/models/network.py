"""The toolkit's own layers, stacked: over batches of equal graphs, or over text."""

from torch import Tensor, nn
from torch_geometric.data import Data

from benchmarks.models.text import TextModel
from benchmarks.tasks.task import Batch, Budget, Problem
from gnn_toolkit.graphs import repeat_graph
from gnn_toolkit.models import CharGenerator, GraphNetwork
from gnn_toolkit.models.network import RECURRENCES


def network(
    layer: str,
    budget: Budget,
    problem: Problem,
    graph: Data,
    *,
    num_convolutions: int | None = None,
    bidirectional: bool = False,
) -> nn.Module:
    """Return a network of one kind of layer, untrained; for a text, a generator of characters.

    Args:
        layer: which kind.
        budget: of the task; it also has the sizes.
        problem: the task's data.
        graph: one graph, with the view's edges.
        num_convolutions: in the place of the budget's.
        bidirectional: whether a recurrence also runs against the edges.
    """
    if problem.vocabulary is not None:
        sizes = {"hidden_channels": budget.hidden_channels, "num_layers": budget.num_layers, "dropout": budget.dropout}
        return TextModel(CharGenerator(problem.vocabulary, layer, **sizes))
    recurrent = layer in RECURRENCES
    readout = problem.readout
    if readout == "graph":  # a recurrence has seen the whole graph at its last node, a convolution nowhere
        readout = "last" if recurrent else "mean"
    if "copy_of" in graph:
        readout = "last"
    stack = GraphNetwork(
        problem.num_features,
        budget.hidden_channels,
        problem.num_classes,
        layer=layer,
        num_layers=budget.num_layers if recurrent else num_convolutions or budget.num_convolutions,
        embedding=budget.embedding and recurrent,
        head=budget.head or recurrent,
        num_relations=int(graph.edge_type.max()) + 1 if "edge_type" in graph else 1,
        readout=readout,
        dropout=budget.dropout,
        input_dropout=budget.input_dropout,
        memory_bias=budget.memory_bias,
        chrono=budget.chrono,
        orthogonal=budget.orthogonal,
        bidirectional=bidirectional,
    )
    return NeighbourhoodModel(stack, graph) if "copy_of" in graph else GraphModel(stack, graph)


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
            if "x" in self.graph:
                self._structures[count].x = self.graph.to(batch.x.device).x
        data = self._structures[count]
        if "x" not in self.graph:
            data.x = batch.x.reshape(count * nodes, width)
        return self.network(data)


class NeighbourhoodModel(nn.Module):
    """A network that reads for each node a graph of its own; only those of the nodes that count are read."""

    def __init__(self, network: GraphNetwork, graph: Data) -> None:
        super().__init__()
        self.network, self.graph = network, graph
        self._chosen: list[tuple[Tensor, Data]] = []

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of each node [n, classes]; zeros where a node does not count."""
        counted = batch.counted
        if counted is None:
            return self.network(self.graph)
        known = next((data for mask, data in self._chosen if mask is counted), None)
        if known is None:
            known = self._choose(counted)
            self._chosen.append((counted, known))
        logits = self.network(known)
        return logits.new_zeros(counted.numel(), logits.size(1)).masked_scatter(counted[:, None], logits)

    def _choose(self, counted: Tensor) -> Data:
        """Return the graphs of the nodes that count."""
        graph = self.graph.to(counted.device)
        batch = graph["batch"]
        kept = counted[batch]
        place = kept.long().cumsum(0) - 1
        edges = graph["edge_index"]
        data = Data(x=graph.x, edge_index=place[edges[:, kept[edges[1]]]])
        data.copy_of, data.level = graph.copy_of[kept], graph.level[kept]
        data.batch = (counted.long().cumsum(0) - 1)[batch[kept]]
        data.num_nodes = int(kept.sum())
        return data
