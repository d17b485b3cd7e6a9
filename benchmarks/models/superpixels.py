"""Networks over the superpixels of pictures."""

from functools import partial

from torch import nn

from gnn_toolkit.models import SuperpixelNetwork
from gnn_toolkit.models.superpixel_network import HEADS

from ..tasks.config import Config
from ..tasks.pedestrians import PATCHES
from ..tasks.superpixels import PartOfSuperpixel
from .model import Builder
from .width import width_for

SIZES = ("hidden_channels", "dropout", "input_dropout", "parameters")
RECURRENT = ("graph_lstm", "lstm", "patch_lstm")


def network(layer: str, config: Config, objective: PartOfSuperpixel) -> nn.Module:
    """Return a network of one kind of layer, untrained, as wide as the configuration says or its parameters allow."""
    recurrent = layer in RECURRENT

    def make(width: int) -> nn.Module:
        return SuperpixelNetwork(
            objective.source.num_features,
            width,
            objective.out_channels,
            layer=layer,
            num_layers=config.num_layers if recurrent else config.num_convolutions,
            dropout=config.dropout,
            input_dropout=config.input_dropout,
            patches=PATCHES,
        )

    if config.parameters is None:
        return make(config.hidden_channels)
    return make(width_for(config.parameters, make, HEADS))


def superpixels(layer: str, *edges: str) -> Builder:
    """Return the builder of a network of one kind of layer, for some kinds of edges."""
    depth = "num_layers" if layer in RECURRENT else "num_convolutions"
    return Builder(partial(network, layer), edges, (*SIZES, depth))
