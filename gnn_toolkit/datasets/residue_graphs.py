"""Proteins as graphs: a node for each residue, edges from the residues that are nearest to it."""

from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from gnn_toolkit.datasets.residue_features import NO_NEIGHBOUR, residue_arrays
from gnn_toolkit.datasets.structures import AMINO_ACIDS, Structure

# Hydrophobicity of amino acids, in the order of AMINO_ACIDS (Kyte and Doolittle 1982).
HYDROPHOBICITY = (
    *(1.8, -4.5, -3.5, -3.5, 2.5, -3.5, -3.5, -0.4, -3.2, 4.5),
    *(3.8, -3.9, 1.9, 2.8, -1.6, -0.8, -0.7, -0.9, -1.3, 4.2),
)
RESIDUE_FEATURES = (
    *(f"is {letter}" for letter in AMINO_ACIDS),
    "hydrophobicity",
    "accessibility",
    "mean depth",
    "depth of CA",
    *(f"protrusion, {what}" for what in ("mean", "deviation")),
    *(f"protrusion of the side chain, {what}" for what in ("mean", "deviation", "most", "least")),
    *(f"{letter} {where}" for where in ("on the side chain's side", "on the other side") for letter in AMINO_ACIDS),
)
REACH = 8.0  # Å, over which the closeness of neighbours falls to 1/e


def residue_graph(arrays: dict[str, Any]) -> Data:
    """Return a protein as a graph, from the arrays of :func:`gnn_toolkit.datasets.residue_features.residue_arrays`.

    Returns:
        a graph of N residues with ``x`` [N, 70] (:data:`RESIDUE_FEATURES`, as measured); ``edge_index`` [2, E] from the
        20 nearest residues to each; ``edge_attr`` [E, 2], the closeness ``exp(-(d / 8 Å)^2)`` for the average distance
        d of heavy atoms, and the angle between the residues' planes over π (1/2 where it cannot be measured); ``rank``
        [E], 0 for the nearest; ``chain`` [N], the number of the chain; and ``residue``, the names.
    """
    aa = arrays["aa"].astype(np.int64)
    columns = [
        np.eye(len(AMINO_ACIDS))[aa],
        np.array(HYDROPHOBICITY)[aa][:, None],
        arrays["rsa"][:, None],
        *(arrays[name] for name in ("depth", "cx", "hsaac")),
    ]
    near = arrays["nbr"].astype(np.int64)
    target, rank = np.nonzero(near != NO_NEIGHBOUR)
    distance, angle = (arrays[name][target, rank].astype(np.float64) for name in ("nbr_dist", "nbr_angle"))
    edges = np.stack([np.exp(-((distance / REACH) ** 2)), np.nan_to_num(angle / np.pi, nan=0.5)], 1)
    chains = np.array([one.rpartition(":")[0] for one in arrays["id"]])
    data = Data(
        x=torch.from_numpy(np.concatenate(columns, 1)).float(),
        edge_index=torch.from_numpy(np.stack([near[target, rank], target])),
        edge_attr=torch.from_numpy(edges).float(),
    )
    data.rank, data.chain = torch.from_numpy(rank), torch.from_numpy(np.cumsum(chains[1:] != chains[:-1], dtype=int))
    data.chain = torch.nn.functional.pad(data.chain, (1, 0))
    data.residue = [f"{one} {AMINO_ACIDS[letter]}" for one, letter in zip(arrays["id"], aa, strict=True)]
    return data


def graph_of_structure(structure: Structure) -> Data:
    """Return a structure as a graph, see :func:`residue_graph`."""
    return residue_graph(residue_arrays(structure))
