"""Networks over residues: convolutions over the nearest residues, recurrences along the chain, or both."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import nn

from gnn_toolkit.models import InterfaceNetwork, ResidueNetwork, SiteNetwork

from ..tasks.config import Config
from .model import Builder, Model

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


def _models() -> Iterator[tuple[str, Model]]:
    yield "classifier alone", Model("the classifier on the features of residues", both("none", (), alone=True))
    depth, length = ("num_convolutions",), ("num_layers",)
    for end, more in CONTEXT.items():
        context: dict[str, Any] = {"context": bool(end)}
        yield (
            f"residue MLP{end}",
            Model(f"linear layers with relu on each residue{more}", both("none", depth, **context)),
        )
        for name, (kind, text) in CONVOLUTIONS.items():
            yield f"{name}{end}", Model(f"{text}{more}", both("graph", depth, convolution=kind, **context))
        for name, (kind, text) in CHAINS.items():
            alone = both("path", length, recurrence=kind, alone=True, **context)
            yield f"{name}{end}", Model(f"{text}{more}", alone)
            beside = both("graph + path", (*depth, *length), convolution="edge", recurrence=kind, **context)
            text = f"convolutions by the means of neighbours and edges, and {text}{more}"
            yield f"node and edge average + {name}{end}", Model(text, beside)


CONVOLUTIONS = {
    "node average": ("node", "convolutions by the mean of neighbours"),
    "node and edge average": ("edge", "convolutions by the means of neighbours and edges"),
    "order dependent": ("ordered", "convolutions with a matrix for each rank of a neighbour"),
}
CHAINS = {
    "chain BiLSTM": ("lstm", "long short-term memory along the chain both ways"),
    "chain MinGRU": ("mingru", "minimal gated recurrent unit along the chain both ways, in residual blocks"),
}
CONTEXT = {"": "", ", context": "; a residue also sees the mean over its protein"}
MODELS = dict(_models())
