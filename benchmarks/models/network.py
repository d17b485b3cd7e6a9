"""The toolkit's own layers, stacked: over batches of equal graphs, or over text."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit.graphs import repeat_graph
from gnn_toolkit.layers.initial import init_long_memory_
from gnn_toolkit.models import CharGenerator, GraphNetwork, Vocabulary
from gnn_toolkit.models.graph_network import RECURRENCES

from ..tasks.task import Batch, Budget, Problem
from .forecast import forecaster


def network(
    layer: str,
    budget: Budget,
    problem: Problem,
    graph: Data,
    *,
    num_convolutions: int | None = None,
    bidirectional: bool = False,
) -> nn.Module:
    """Return a network of one kind of layer, untrained; a generator for a text, a forecaster for a series.

    Args:
        layer: which kind.
        budget: of the task; it also has the sizes.
        problem: the task's data.
        graph: one graph, with the view's edges.
        num_convolutions: instead of the budget's.
        bidirectional: whether a recurrence also runs against the edges.
    """
    if problem.horizon is not None:
        return forecaster(layer, budget, problem.horizon, graph)
    if problem.corpus is not None:
        return generator(layer, budget, problem.corpus.vocabulary)
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
        forget_bias=budget.forget_bias,
        chrono=budget.chrono,
        orthogonal=budget.orthogonal,
        bidirectional=bidirectional,
    )
    return NeighbourhoodModel(stack, graph) if "copy_of" in graph else GraphModel(stack, graph)


def generator(cell: str, budget: Budget, vocabulary: Vocabulary) -> CharGenerator:
    """Return a generator of text, untrained, as wide as the budget says or its number of parameters allows."""
    sizes = {"num_layers": budget.num_layers, "dropout": budget.dropout}
    width = budget.hidden_channels
    if budget.parameters is not None:
        width = width_for(budget.parameters, cell, vocabulary, budget.num_layers)
    model = CharGenerator(vocabulary, cell, hidden_channels=width, **sizes)
    options = {"forget_bias": budget.forget_bias, "chrono": budget.chrono, "orthogonal": budget.orthogonal}
    init_long_memory_(model.recurrence, **options)
    return model


def width_for(parameters: int, cell: str, vocabulary: Vocabulary, num_layers: int) -> int:
    """Return the width of a state with which a generator's parameters come nearest to a number.

    >>> width_for(100_000, "lstm", Vocabulary("abc"), 2)
    80
    """

    def off(width: int) -> int:
        with torch.device("meta"):
            model = CharGenerator(vocabulary, cell, hidden_channels=width, num_layers=num_layers)
        return sum(p.numel() for p in model.parameters()) - parameters

    low, high = 1, 2
    while off(high) < 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if off(middle) < 0 else (low, middle)
    return min(low, high, key=lambda width: abs(off(width)))


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
