"""What reads documents: networks over a document's words, or over the words and documents of a corpus."""

from functools import partial
from typing import Any

from torch import nn

from gnn_toolkit.models import DeepGraphCNN, DocumentNetwork, WideMLP
from gnn_toolkit.models.graph_network import RECURRENCES

from ..tasks.config import Config
from ..tasks.documents import DocumentClass
from .model import Builder
from .network import REMEMBERED, SIZES, network

WIDE = 1024  # hidden units of the wide perceptron, whatever the others' width
WIDE_DROPOUT = 0.5


def document_network(
    layer: str, config: Config, objective: DocumentClass, *, bidirectional: bool = False, readout: str = ""
) -> nn.Module:
    """Return a network of one kind of layer, untrained.

    A recurrence is read where it ends. In the graph of a corpus documents are nodes, whose states are their logits.

    Args:
        layer: which kind.
        config: of the trial; it also has the sizes.
        objective: says how many words and classes there are.
        bidirectional: whether a recurrence also runs against the edges.
        readout: how the nodes of a document make one state, unless it is where a recurrence ends.
    """
    if objective.readout == "nodes":
        return network(layer, config, objective)
    recurrent = layer in RECURRENCES
    options: dict[str, Any] = {"forget_bias": config.forget_bias, "chrono": config.chrono, "aggr": config.aggr}
    return DocumentNetwork(
        objective.source.num_features,
        config.hidden_channels,
        objective.out_channels,
        layer=layer,
        num_layers=config.num_layers if recurrent else config.num_convolutions,
        num_relations=objective.source.num_relations,
        readout=readout or ("last" if objective.source.ends_last else "mean"),
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        head=config.head or recurrent,
        orthogonal=config.orthogonal,
        bidirectional=bidirectional,
        **options,
    )


def recurrence(layer: str, *, bidirectional: bool = False) -> Builder:
    """Return the builder of a recurrence over a document's words, which needs edges without cycles."""
    settings = (*SIZES, "num_layers", "orthogonal", "aggr", *(REMEMBERED if layer != "rnn" else ()))
    return Builder(partial(document_network, layer, bidirectional=bidirectional), ("path", "dag"), settings)


def convolution(readout: str = "mean") -> Builder:
    """Return the builder of graph convolutions over a document's words, read as a mean or by attention."""
    build = partial(document_network, "gcn", readout=readout)
    return Builder(build, ("none", "path", "dag", "graph"), (*SIZES, "num_convolutions", "head"))


def wide(config: Config, objective: DocumentClass) -> nn.Module:
    """Return the wide perceptron on bags of words, untrained, in its authors' sizes."""
    return WideMLP(objective.source.num_features, WIDE, objective.out_channels, dropout=WIDE_DROPOUT)


WIDE_MLP = Builder(wide, ("none",), ())


def deep(config: Config, objective: DocumentClass) -> nn.Module:
    """Return the deep convolution over receptive fields, untrained."""
    _, words, size = objective.example["field"].shape
    return DeepGraphCNN(
        objective.source.num_features,
        config.hidden_channels,
        objective.out_channels,
        words=words,
        size=size,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
    )


DEEP = Builder(deep, ("fields",), SIZES)
