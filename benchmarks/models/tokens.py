"""Networks over words: what reads sentences, formulas and programs."""

from functools import partial

from torch import nn

from gnn_toolkit.models import TokenNetwork
from gnn_toolkit.models.graph_network import RECURRENCES
from gnn_toolkit.models.token_network import BAG

from ..tasks.config import Config
from ..tasks.phrases import PhraseObjective
from ..tasks.sized_graphs import SizedGraphs
from .model import Builder

SIZES = ("hidden_channels", "dropout", "input_dropout")


def network(
    layer: str, config: Config, objective: PhraseObjective, *, bidirectional: bool = False, forget: str = "edge"
) -> nn.Module:
    """Return a network of one kind of layer, untrained.

    A recurrence is read at the node that is asked about, to which all ways lead. A convolution is read as the mean over
    the phrase, or at that node where a graph is asked about several.

    Args:
        layer: which kind.
        config: of the trial; it also has the sizes.
        objective: says how many words and answers there are.
        bidirectional: whether a recurrence also runs against the edges.
        forget: what has a forget gate of its own in an LSTM.
    """
    recurrent, source = layer in RECURRENCES, objective.source
    assert isinstance(source, SizedGraphs)
    return TokenNetwork(
        objective.num_tokens,
        config.hidden_channels,
        objective.out_channels,
        layer=layer,
        num_layers=config.num_layers if recurrent else config.num_convolutions,
        num_relations=source.num_relations,
        readout="node" if recurrent or source.asks_inside() else "mean",
        bidirectional=bidirectional,
        pair=objective.pair,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        aggr=config.aggr,
        forget=forget,
        forget_bias=config.forget_bias,
    )


def recurrence(layer: str, *, bidirectional: bool = False, forget: str = "edge") -> Builder:
    """Return the builder of a recurrence, which needs edges without cycles; both ways it needs paths."""
    settings = (*SIZES, "num_layers", "aggr", *(("forget_bias",) if layer != "rnn" else ()))
    edges = ("path",) if bidirectional else ("path", "dag")
    return Builder(partial(network, layer, bidirectional=bidirectional, forget=forget), edges, settings)


CONVOLUTION = Builder(partial(network, "gcn"), ("path", "dag", "graph"), (*SIZES, "num_convolutions"))
BAG_OF_WORDS = Builder(partial(network, BAG), ("none",), SIZES)
