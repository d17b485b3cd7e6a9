"""Binding sites of single proteins: which residues take part in an interface with any other protein."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.prepared import fetch_prepared
from gnn_toolkit.datasets.residue_features import NEIGHBOURS

CARD = "graphppis"
SPLITS = {"train": "Train_335", "test": "Test_60"}
LEFT_OUT = ("2yajA", "3cf4A")  # one of each, whose distances are not in the prepared files
WIDTHS = {"pssm": 20, "hmm": 20, "dssp": 14}
REACH = 14.0  # Å between the CA of residues that are joined
_STEPS = 10  # an Å, in which distances are kept

Arrays = dict[str, Any]


def load_protein_sites(split: str = "train", *, download: bool = True) -> list[Data]:
    """Return proteins as graphs whose residues say whether they bind (Yuan et al. 2022, GraphPPIS).

    Where the prepared file of the card is not at hand, it is made of the authors' files, which are downloaded one by
    one into the user's cache, so that an interrupted download goes on where it stopped.

    Args:
        split: ``"train"`` (334 proteins of Train_335; 2yajA is left out) or ``"test"`` (59 of Test_60; without 3cf4A).
        download: whether to download what is not at hand.

    Returns:
        a graph a protein, of N residues: ``x`` [N, 54] as the authors scale it (profile of PSI-BLAST 20, of HHblits
        20, DSSP 14), ``y`` [N], ``edge_index`` [2, E] from the 20 nearest residues within 14 Å (CA) to each,
        ``edge_attr`` [E, 2], the closeness ``exp(-(d / 8 Å)^2)`` and ``1 / (1 + |i - j|)``, how near residues i and j
        are in the chain; ``rank`` [E], 0 for the nearest; ``chain`` [N]; and ``name``.

    Raises:
        ValueError: there is no such split.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.

    >>> load_protein_sites("validation")
    Traceback (most recent call last):
    ValueError: split: expected one of train, test, got 'validation'; pick one of these
    """
    name = SPLITS[choice("split", split, SPLITS)]
    fasta = fetch(CARD, f"{name}.fa", download=download)
    names = [one for one, _, _ in read_sites(fasta) if one not in LEFT_OUT]
    originals = [f"{kind}/{one}.npy" for one in names for kind in ("distance_map", *WIDTHS)]
    prepare = partial(prepare_sites, fasta)
    arrays = fetch_prepared(CARD, f"{name}.npz", prepare, originals=originals, download=download)
    return [_graph(arrays, place) for place in range(len(arrays["names"]))]


def read_sites(path: Path) -> list[tuple[str, str, list[int]]]:
    """Return name, sequence and labels of each protein in a file of three lines a protein.

    Raises:
        ValueError: a protein has another form, e.g. fewer labels than residues.
    """
    lines = path.read_text(encoding="ascii").split()
    found = []
    for start in range(0, len(lines), 3):
        name, sequence, labels = [*lines[start : start + 3], "", ""][:3]
        if not name.startswith(">") or len(sequence) != len(labels) or set(labels) - {"0", "1"} or not sequence:
            remedy = "take the file from its source"
            raise ValueError(problem(f"{path}: line {start + 1}", "a name, a sequence and its labels", name, remedy))
        found.append((name[1:], sequence, [int(one) for one in labels]))
    return found


def prepare_sites(fasta: Path, folder: Path) -> Arrays:
    """Return the arrays of a split, from the authors' files.

    Args:
        fasta: names, sequences and labels; proteins of :data:`LEFT_OUT` are left out.
        folder: holds ``distance_map/<name>.npy`` [N, N] in Å, and ``pssm``, ``hmm`` and ``dssp`` likewise.

    Raises:
        ValueError: a file of other sizes.
    """
    proteins = [one for one in read_sites(fasta) if one[0] not in LEFT_OUT]
    sizes = [len(sequence) for _, sequence, _ in proteins]
    edges = [
        _near(_matrix(folder / f"distance_map/{name}.npy", size, size)) for (name, *_), size in _with(proteins, sizes)
    ]
    features = {
        kind: np.concatenate(
            [_matrix(folder / f"{kind}/{name}.npy", size, width) for (name, *_), size in _with(proteins, sizes)]
        ).astype(np.float32)
        for kind, width in WIDTHS.items()
    }
    whole = np.concatenate(edges, 1)
    return {
        "names": np.array([name for name, _, _ in proteins]),
        "sequence": np.array("".join(sequence for _, sequence, _ in proteins)),
        "ptr": np.cumsum([0, *sizes]).astype(np.int32),
        "y": np.array([label for *_, labels in proteins for label in labels], dtype=np.uint8),
        **features,
        "edge_ptr": np.cumsum([0, *(one.shape[1] for one in edges)]).astype(np.int32),
        "edge_i": whole[0].astype(np.uint16),
        "edge_j": whole[1].astype(np.uint16),
        "edge_dist_tenth_angstrom": whole[2].astype(np.uint8),
    }


def _with(proteins: Sequence[Any], sizes: Sequence[int]) -> zip:  # type: ignore[type-arg]
    return zip(proteins, sizes, strict=True)


def _matrix(path: Path, rows: int, columns: int) -> np.ndarray:
    found = np.load(path, allow_pickle=False)
    if found.shape != (rows, columns):
        remedy = "take the file from its source"
        raise ValueError(problem(str(path), f"an array [{rows}, {columns}]", list(found.shape), remedy))
    return found


def _near(distance: np.ndarray) -> np.ndarray:
    """Return the pairs i < j of residues within reach, and their distance in tenths of an Å [3, pairs]."""
    near = np.stack(np.nonzero(np.triu(distance <= REACH, 1)))
    return np.concatenate([near, np.rint(_STEPS * distance[*near])[None].astype(np.int64)])


def _graph(arrays: Arrays, place: int) -> Data:
    first, last = arrays["ptr"][place : place + 2]
    start, end = arrays["edge_ptr"][place : place + 2]
    i, j, apart = (arrays[key][start:end].astype(np.int64) for key in ("edge_i", "edge_j", "edge_dist_tenth_angstrom"))
    source, target, distance = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([apart, apart]) / _STEPS
    order = np.lexsort((source, distance, target))
    source, target, distance = source[order], target[order], distance[order]
    rank = np.arange(len(target)) - np.searchsorted(target, target)
    kept = rank < NEIGHBOURS
    source, target, distance, rank = source[kept], target[kept], distance[kept], rank[kept]
    edges = np.stack([np.exp(-((distance / 8.0) ** 2)), 1 / (1 + np.abs(source - target))], 1)
    x = np.concatenate([arrays[kind][first:last] for kind in WIDTHS], 1)
    data = Data(
        x=torch.from_numpy(x),
        edge_index=torch.from_numpy(np.stack([source, target])),
        edge_attr=torch.from_numpy(edges).float(),
        y=torch.from_numpy(arrays["y"][first:last].astype(np.int64)),
    )
    data.rank, data.chain = torch.from_numpy(rank), torch.zeros(int(last - first), dtype=torch.long)
    data.name = str(arrays["names"][place])
    return data
