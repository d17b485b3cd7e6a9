"""What reads proteins: convolutions over the nearest residues, recurrences along the chain, or both."""

from functools import partial
from typing import Any

from torch import nn

from gnn_toolkit.models import InterfaceNetwork, ResidueNetwork, SiteNetwork

from ..tasks.config import Config
from .model import Builder

SIZES = ("hidden_channels", "dropout", "input_dropout")


def network(
    answers: str,
    config: Config,
    objective: Any,
    *,
    convolution: str = "linear",
    recurrence: str = "",
    context: bool = False,
    alone: bool = False,
) -> nn.Module:
    """Return a network over residues, untrained; the head is twice as wide as the first layer, without dropout.

    Args:
        answers: ``"pairs"`` or ``"sites"``.
        config: of the trial; it also has the sizes.
        objective: of the trial; its source has the features of training residues.
        convolution: which kind.
        recurrence: which kind; empty for none.
        context: whether a residue also sees the mean over its protein.
        alone: whether there are no convolutions.
    """
    example = objective.example
    residues = ResidueNetwork(
        objective.source.num_features,
        config.hidden_channels,
        convolution=convolution,
        num_convolutions=0 if alone else config.num_convolutions,
        recurrence=recurrence,
        num_layers=config.num_layers,
        edge_dim=example["edge_attr"].size(1) if "edge_attr" in example else 1,
        context=context,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
    )
    residues.standardise(objective.source.features("train"))
    head = InterfaceNetwork if answers == "pairs" else SiteNetwork
    return head(residues, 2 * config.hidden_channels)


def both(edges: str, settings: tuple[str, ...], **options: Any) -> dict[str, Builder]:
    """Return the builders of a network for pairs of residues and for residues that bind."""
    return {
        answers: Builder(partial(network, answers, **options), (edges,), (*SIZES, *settings))
        for answers in ("pairs", "sites")
    }


HEAD = both("none", (), alone=True)
LINEAR = both("none", ("num_convolutions",))
LINEAR_CONTEXT = both("none", ("num_convolutions",), context=True)


def convolved(kind: str, *, context: bool = False) -> dict[str, Builder]:
    """Return the builders of convolutions over the nearest residues."""
    return both("graph", ("num_convolutions",), convolution=kind, context=context)


def along(kind: str, *, context: bool = False) -> dict[str, Builder]:
    """Return the builders of a recurrence along the chain, both ways."""
    return both("path", ("num_layers",), recurrence=kind, alone=True, context=context)


def joined(convolution: str, recurrence: str, *, context: bool = False) -> dict[str, Builder]:
    """Return the builders of convolutions and a recurrence side by side."""
    settings = ("num_convolutions", "num_layers")
    return both("graph + path", settings, convolution=convolution, recurrence=recurrence, context=context)
