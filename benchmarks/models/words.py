"""Networks over words: documents, sentences, formulas, programs, and the graph of a corpus."""

from functools import partial
from typing import Any

from torch import nn

from gnn_toolkit import _checks
from gnn_toolkit.models import DeepGraphCNN, WordNetwork
from gnn_toolkit.models.graph_network import LINEAR, RECURRENCES
from gnn_toolkit.models.word_network import BAG

from ..tasks.config import Config
from .model import Builder
from .network import REMEMBERED, SIZES, linear_options, linear_settings, network, plain_options

WIDE = 1024  # hidden units of the wide perceptron, whatever the others' width
WIDE_DROPOUT = 0.5


def word_network(
    layer: str, config: Config, objective: Any, *, bidirectional: bool = False, forget: str = "edge", readout: str = ""
) -> nn.Module:
    """Return a network of one kind of layer, untrained.

    A recurrence is read where all ways end, or at the nodes that are asked about. A convolution is read as the mean
    over the text, or at those nodes where a text has several. In the graph of a corpus documents are nodes, whose
    states are their logits.

    Args:
        layer: which kind.
        config: of the trial; it also has the sizes.
        objective: says how many words and answers there are.
        bidirectional: whether a recurrence also runs against the edges.
        forget: what has a forget gate of its own in an LSTM.
        readout: how the nodes of a text make one state, whatever the layer.
    """
    if objective.readout == "nodes":
        return network(layer, config, objective)
    if not config.head:
        remedy = "leave it out: what is read of a text are no logits"
        raise ValueError(_checks.problem("head", "true, unless documents are the nodes of one graph", False, remedy))
    recurrent, linear = layer in RECURRENCES, layer in LINEAR
    options: dict[str, Any] = linear_options(layer, config) if linear else {**plain_options(config), "forget": forget}
    return WordNetwork(
        objective.num_words,
        config.hidden_channels,
        objective.out_channels,
        layer=layer,
        num_layers=config.num_layers if recurrent else config.num_convolutions,
        num_relations=objective.source.num_relations,
        readout=readout or objective.read(recurrent, bidirectional),
        padding_idx=objective.padding_idx,
        pair=objective.pair,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        chrono=config.chrono if recurrent else 0.0,
        gate_gain=config.gate_gain if recurrent else 1.0,
        bidirectional=bidirectional,
        **options,
    )


def recurrence(layer: str, *, bidirectional: bool = False, forget: str = "edge") -> Builder:
    """Return the builder of a recurrence, which needs edges without cycles; both ways it needs paths."""
    settings = (*SIZES, "num_layers", "orthogonal", "aggr", *(REMEMBERED if layer != "rnn" else ()))
    edges = ("path",) if bidirectional else ("path", "dag")
    return Builder(partial(word_network, layer, bidirectional=bidirectional, forget=forget), edges, settings)


def linear(layer: str) -> Builder:
    """Return the builder of a recurrence that is linear in its states, in residual blocks."""
    return Builder(partial(word_network, layer), ("path", "dag"), linear_settings(layer))


def convolution(readout: str = "") -> Builder:
    """Return the builder of graph convolutions, read as a mean, at nodes, or by attention."""
    build = partial(word_network, "gcn", readout=readout)
    return Builder(build, ("none", "path", "dag", "graph"), (*SIZES, "num_convolutions", "head"))


def wide(config: Config, objective: Any) -> nn.Module:
    """Return the wide perceptron on bags of words, untrained, in its authors' sizes."""
    own = {"padding_idx": objective.padding_idx, "pair": objective.pair, "dropout": WIDE_DROPOUT}
    return WordNetwork(objective.num_words, WIDE, objective.out_channels, layer=BAG, **own)


WIDE_MLP = Builder(wide, ("none",), ())


def deep(config: Config, objective: Any) -> nn.Module:
    """Return the deep convolution over receptive fields, untrained."""
    _, words, size = objective.example["field"].shape
    return DeepGraphCNN(
        objective.num_words,
        config.hidden_channels,
        objective.out_channels,
        words=words,
        size=size,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
    )


DEEP = Builder(deep, ("fields",), SIZES)
