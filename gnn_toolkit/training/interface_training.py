"""Training of a network that says which residues of two proteins touch, on complexes whose bound form is known."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets.docking import Complex
from gnn_toolkit.datasets.residue_graphs import RESIDUE_FEATURES
from gnn_toolkit.graphs.batch import together
from gnn_toolkit.models.residue_network import InterfaceNetwork, ResidueNetwork
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.training.loop import fit
from gnn_toolkit.training.ranking import roc_area
from gnn_toolkit.training.settings import Settings

MODEL = "InterfaceNetwork"
VALIDATION = 35  # of the 175 complexes that are not tested, as many as Fout et al. (2017) take
VALIDATIONS = 6  # in the course of a training
_NAMES = ("residue",)  # what a graph has for people


@dataclass(frozen=True)
class InterfaceSettings:
    """How a network for interfaces is trained.

    Attributes:
        epochs: how often each training complex is seen, on average.
        hidden_channels: width of the first convolution; the others and the classifier are twice as wide.
        num_convolutions: number of convolutions, by the means of neighbours and edges.
        dropout: of states.
        negatives: pairs that do not touch for each one that does.
        learning_rate: of Adam.
        seed: of weights and batches.
    """

    epochs: int = 6
    hidden_channels: int = 32
    num_convolutions: int = 3
    dropout: float = 0.3
    negatives: int = 10
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class FittedInterfaces:
    """A trained network and how it did.

    Attributes:
        network: with the weights that validated best.
        settings: how it was trained.
        validation: mean area under the ROC curve over the validation complexes.
        test: the areas of the test complexes [T]; empty where there are none.
        sizes: number of complexes of each part.
    """

    network: InterfaceNetwork
    settings: InterfaceSettings
    validation: float
    test: Tensor
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The median area of the test complexes, NaN where there are none."""
        return float(np.median(self.test.numpy())) if len(self.test) else float("nan")

    def save(self, path: Path) -> None:
        """Save the network as safetensors, and beside it a JSON file with what it reads and how it did.

        Raises:
            ValueError: ``path`` does not end in ``.safetensors``.
            FileExistsError: another file is there.
            OSError: a file cannot be written.
        """
        description = {
            "model": MODEL,
            "settings": asdict(self.settings),
            "complexes": self.sizes,
            "validation, mean AUC": self.validation,
            "test, median AUC": None if math.isnan(self.median) else self.median,
            "features": list(RESIDUE_FEATURES),
        }
        save_weights(path, self.network, description)


def load_interfaces(path: Path) -> InterfaceNetwork:
    """Return the network that :meth:`FittedInterfaces.save` saved.

    Raises:
        ValueError: the files are damaged, of another model, or of one that reads other features.
        OSError: a file is missing.
    """
    description = read_description(path, MODEL)
    if description["features"] != list(RESIDUE_FEATURES):
        remedy = "train it anew"
        raise ValueError(_checks.problem(str(path), "a network for the features of this version", "others", remedy))
    network = new_network(len(RESIDUE_FEATURES), InterfaceSettings(**description["settings"]))
    load_weights(path, network)
    return network.eval()


@torch.no_grad()
def interface_scores(network: InterfaceNetwork, ligand: Data, receptor: Data) -> Tensor:
    """Return the score of every pair of residues of two proteins, between 0 and 1 [n, m].

    A score ranks pairs. It is no probability: in training one pair touched for every ten that did not, among all pairs
    of a complex some touch in a thousand.

    Args:
        network: trained.
        ligand: the graph of n residues (:func:`gnn_toolkit.datasets.graph_of_structure`).
        receptor: of m residues.

    Raises:
        ValueError: a protein of fewer than two residues.
    """
    for name, graph in (("ligand", ligand), ("receptor", receptor)):
        if (graph.num_nodes or 0) < 2:
            remedy = "pass a protein with its neighbours in space"
            raise ValueError(_checks.problem(name, "two residues at least", graph.num_nodes, remedy))
    return network(partners(ligand, receptor)).sigmoid()


def fit_interfaces(
    complexes: Sequence[Complex],
    settings: InterfaceSettings | None = None,
    *,
    validation: int = VALIDATION,
    progress: Callable[[int, int], None] | None = None,
) -> FittedInterfaces:
    """Train convolutions over the nearest residues, with a classifier of pairs, on complexes.

    Args:
        complexes: with the pairs that touch; those of the test set are not trained on.
        settings: how to train.
        validation: complexes by which weights are chosen, drawn once from those not tested.
        progress: called with the steps done and their number.

    Raises:
        ValueError: too few complexes, or a complex in which nothing touches.
    """
    settings = settings or InterfaceSettings()
    for one in complexes:
        if not len(one.pairs):
            raise ValueError(_checks.problem(one.name, "residues that touch", "none", "leave the complex out"))
    splits = split_complexes(complexes, validation)
    if not len(splits["train"]) or not len(splits["validation"]):
        got = f"{len(complexes)} complexes"
        raise ValueError(_checks.problem("complexes", f"more than {validation} not tested", got, "pass more"))
    parts = [partners(one.ligand, one.receptor) for one in complexes]
    torch.manual_seed(_checks.seed("seed", settings.seed))
    network = new_network(parts[0].num_node_features, settings)
    train = splits["train"]
    network.residues.standardise(torch.cat([parts[k].x for k in train.tolist()]))
    steps = settings.epochs * len(train)

    def draw(generator: torch.Generator) -> Any:
        k = int(train[torch.randint(len(train), (1,), generator=generator)])
        batch = copy.copy(parts[k])
        pairs, batch.y = ask_pairs(complexes[k], settings.negatives, generator)
        batch.pairs = pairs + torch.tensor([0, complexes[k].ligand.num_nodes or 0])
        return batch

    def loss(model: nn.Module, batch: Any) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(model(batch), batch.y)

    def areas(part: str) -> Tensor:
        found = [roc_area(network(parts[k]), touching(complexes[k])) for k in splits[part].tolist()]
        return torch.tensor(found, dtype=torch.float64)

    history = fit(
        network,
        draw,
        loss,
        lambda _: float(areas("validation").mean()),
        Settings(
            steps=steps,
            learning_rate=settings.learning_rate,
            evaluate_every=max(1, steps // VALIDATIONS),
            seed=settings.seed,
        ),
        higher_is_better=True,
        progress=None if progress is None else lambda step: progress(step, steps),
    )
    network.eval()
    with torch.no_grad():
        test = areas("test")
    sizes = {part: len(which) for part, which in splits.items()}
    return FittedInterfaces(network, settings, max(history.validation), test, sizes)


def new_network(in_channels: int, settings: InterfaceSettings) -> InterfaceNetwork:
    """Return the network that :func:`fit_interfaces` trains, untrained."""
    residues = ResidueNetwork(
        in_channels,
        settings.hidden_channels,
        convolution="edge",
        num_convolutions=settings.num_convolutions,
        context=True,
        dropout=settings.dropout,
    )
    return InterfaceNetwork(residues, 2 * settings.hidden_channels)


def split_complexes(complexes: Sequence[Complex], validation: int = VALIDATION) -> dict[str, Tensor]:
    """Return the numbers of the complexes of each part; those for validation are drawn once, from those not tested."""
    is_test = torch.tensor([one.is_test for one in complexes])
    rest = (~is_test).nonzero().flatten()
    drawn = rest[torch.randperm(len(rest), generator=torch.Generator().manual_seed(0))]
    parts = {"train": drawn[validation:], "validation": drawn[:validation], "test": is_test.nonzero().flatten()}
    return {part: which.sort().values for part, which in parts.items()}


def partners(ligand: Data, receptor: Data) -> Any:
    """Return two proteins as a batch, without the names of their residues."""
    graphs = []
    for graph in (ligand, receptor):
        plain = copy.copy(graph)
        for name in _NAMES:
            if name in plain:
                del plain[name]
        graphs.append(plain)
    return together(graphs)


def touching(one: Complex) -> Tensor:
    """Return which pairs of residues of a complex touch, bool [n, m]."""
    found = torch.zeros(one.ligand.num_nodes or 0, one.receptor.num_nodes or 0, dtype=torch.bool)
    found[one.pairs[:, 0], one.pairs[:, 1]] = True
    return found


def ask_pairs(one: Complex, negatives: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the pairs of a complex that touch, and others drawn from all that do not, and whether they touch.

    Args:
        one: the complex.
        negatives: pairs drawn for each that touches; those that touch after all are dropped.
        generator: of the draw.

    Returns:
        pairs [P, 2], residues of ligand and receptor, and answers [P], 1 or 0.
    """
    sizes = [one.ligand.num_nodes or 0, one.receptor.num_nodes or 0]
    count = negatives * len(one.pairs)
    drawn = torch.stack([torch.randint(size, (count,), generator=generator) for size in sizes], 1)
    codes = [pairs[:, 0] * sizes[1] + pairs[:, 1] for pairs in (drawn, one.pairs)]
    apart = drawn[~torch.isin(*codes)]
    return torch.cat([one.pairs, apart]), torch.cat([torch.ones(len(one.pairs)), torch.zeros(len(apart))])
