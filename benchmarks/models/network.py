"""The toolkit's own layers, stacked, over graphs."""

from functools import partial
from typing import Any

from torch import nn

from gnn_toolkit.models import GraphNetwork
from gnn_toolkit.models.graph_network import LINEAR, RECURRENCES

from ..tasks.config import Config
from ..tasks.objective import Objective
from .model import Builder

SIZES = ("hidden_channels", "dropout", "input_dropout")
REMEMBERED = ("forget_bias", "chrono", "gate_gain")  # by a gate


def network(
    layer: str,
    config: Config,
    objective: Objective,
    *,
    num_convolutions: int | None = None,
    bidirectional: bool = False,
) -> nn.Module:
    """Return a network of one kind of layer, untrained.

    Args:
        layer: which kind.
        config: of the trial; it also has the sizes.
        objective: says how wide features and answers are, and what an answer is about.
        num_convolutions: instead of the configuration's.
        bidirectional: whether a recurrence also runs against the edges.
    """
    recurrent = layer in RECURRENCES
    readout = objective.readout
    if readout == "graph":  # where all ways end in the last node, a recurrence has seen the whole graph there
        readout = "last" if recurrent and objective.source.ends_last else "mean"
    if "copy_of" in objective.example:  # each node's own path ends in it
        readout = "last"
    own = linear_options(layer, config) if layer in LINEAR else plain_options(config)
    return GraphNetwork(
        objective.source.num_features,
        config.hidden_channels,
        objective.out_channels,
        layer=layer,
        num_layers=config.num_layers if recurrent else num_convolutions or config.num_convolutions,
        embedding=config.embedding and recurrent,
        head=config.head or recurrent,
        num_relations=objective.source.num_relations,
        readout=readout,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        chrono=config.chrono if recurrent else 0.0,
        gate_gain=config.gate_gain if recurrent else 1.0,
        bidirectional=bidirectional,
        **own,
    )


def plain_options(config: Config) -> dict[str, Any]:
    """Return what only recurrences that are not linear in their states read."""
    return {"forget_bias": config.forget_bias, "orthogonal": config.orthogonal, "aggr": config.aggr}


def linear_options(layer: str, config: Config) -> dict[str, Any]:
    """Return what only recurrences that are linear in their states read; they take means over predecessors."""
    options: dict[str, Any] = {"expansion": config.expansion}
    if layer == "mamba":
        options |= {"gate": True, "state_channels": config.state_channels}
    return options


def linear(layer: str) -> Builder:
    """Return the builder of a recurrence that is linear in its states, in residual blocks."""
    return Builder(partial(network, layer), ("none", "path", "dag"), (*linear_settings(layer), "embedding"))


def linear_settings(layer: str) -> tuple[str, ...]:
    """Return which settings a recurrence that is linear in its states reads."""
    settings = (*SIZES, "num_layers", "chrono", "expansion")
    settings += ("gate_gain",) if layer != "lru" else ()
    return settings + (("state_channels",) if layer == "mamba" else ())


def recurrence(layer: str, *, bidirectional: bool = False) -> Builder:
    """Return the builder of a recurrence, which needs edges without cycles."""
    settings = (*SIZES, "num_layers", "embedding", "orthogonal", "aggr", *(REMEMBERED if layer != "rnn" else ()))
    return Builder(partial(network, layer, bidirectional=bidirectional), ("none", "path", "dag"), settings)


def convolution(num_convolutions: int | None = None) -> Builder:
    """Return the builder of graph convolutions, which take any edges; as many as the configuration says, or so many."""
    settings = (*SIZES, "head", *(() if num_convolutions else ("num_convolutions",)))
    build = partial(network, "gcn", num_convolutions=num_convolutions)
    return Builder(build, ("none", "path", "dag", "graph"), settings)


MLP = Builder(partial(network, "mlp"), ("none",), (*SIZES, "head", "num_convolutions"))
