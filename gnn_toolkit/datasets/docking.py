"""Docking Benchmark 5: pairs of proteins in their unbound forms, and which of their residues touch when they bind."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.cards import load_card
from gnn_toolkit.datasets.docking_complexes import COMPLEXES, IDENTITY_DIGITS
from gnn_toolkit.datasets.fetch import show_progress
from gnn_toolkit.datasets.prepared import arrays_at_hand, arrays_digest, cached_arrays, gather, keep_arrays
from gnn_toolkit.datasets.residue_features import contacts, residue_arrays
from gnn_toolkit.datasets.residue_graphs import residue_graph
from gnn_toolkit.datasets.structures import Structure, read_structure

CARD = "db5"
VERSION = 1  # of the preparation: what an older one has left in the cache is made anew
TOUCH = 6.0  # Å between heavy atoms of two residues that touch
GRAPHS, EXTRA = "db5_residue_graphs.npz", "db5_extra_features.npz"
SIDES = {"l": "ligand", "r": "receptor"}
_OF_RESIDUES = ("aa", "id", "ca", "rsa", "hsaac", "cx", "depth", "nbr", "nbr_dist", "nbr_angle")

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Complex:
    """Two proteins that bind, each as it is alone, and what touches when they are bound.

    Attributes:
        name: in the protein data bank.
        ligand: the graph of its residues (:func:`gnn_toolkit.datasets.residue_graphs.residue_graph`).
        receptor: that of the other one.
        pairs: [P, 2] residues of ligand and receptor that have heavy atoms within 6 Å of one another in the bound form.
        is_test: whether it is one of the 55 that are new in version 5.
    """

    name: str
    ligand: Data
    receptor: Data
    pairs: Tensor
    is_test: bool


def load_docking_benchmark(*, download: bool = True) -> list[Complex]:
    """Return the 230 complexes of Docking Benchmark 5 (Vreven et al. 2015), as Fout et al. (2017) cut them.

    Positions are no features: unbound partners lie superimposed on the complex, and would give the answer away.
    Residues that the bound form lacks are left out, but belong to the surroundings of the others.

    Where the prepared files of the card are not in the folder named by ``GNN_TOOLKIT_DATA``, the complexes are made of
    920 PDB files (150 MB), which are downloaded into the user's cache one by one, so that an interrupted download goes
    on where it stopped. That takes the extra ``proteins`` and some minutes, once.

    Args:
        download: whether to download what is not at hand.

    Returns:
        the complexes in the order of their names.

    Raises:
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    arrays = _given() or cached_arrays(CARD, _kept_as()) or _made(download)
    return [_complex(arrays, place) for place in range(len(arrays["names"]))]


def prepare_complex(folder: Path, name: str) -> Arrays:
    """Return the arrays of one complex, from its four PDB files: of the ligand ``l_...``, of the receptor ``r_...``.

    Args:
        folder: holds ``<name>_l_u.pdb`` and ``<name>_r_u.pdb`` (unbound), ``<name>_l_b-matched.pdb`` and
            ``<name>_r_b-matched.pdb`` (bound, with the same numbers of chains and residues).
        name: of the complex.

    Returns:
        what :func:`gnn_toolkit.datasets.residue_features.residue_arrays` gives of the residues that both forms have,
        and ``pairs`` [P, 2] uint16.

    Raises:
        ValueError: the forms have no residue in common, or nothing touches.
    """
    found: Arrays = {}
    bound: list[Structure] = []
    places: list[np.ndarray] = []
    for side in SIDES:
        unbound = read_structure(folder / f"{name}_{side}_u.pdb")
        bound.append(read_structure(folder / f"{name}_{side}_b-matched.pdb"))
        number = {one: place for place, one in enumerate(bound[-1].ids)}
        kept = np.flatnonzero([one in number for one in unbound.ids])
        if len(kept) < 2:
            remedy = "name chains and residues alike in both files"
            got = f"{len(kept)} of {len(unbound.ids)}"
            raise ValueError(problem(f"{name}, {SIDES[side]}", "residues that both forms have", got, remedy))
        place = np.full(len(bound[-1].ids), -1)
        place[[number[unbound.ids[one]] for one in kept]] = np.arange(len(kept))
        places.append(place)
        found |= {f"{side}_{key}": value for key, value in residue_arrays(unbound, kept).items()}
    touching = contacts(bound[0], bound[1], TOUCH)
    pairs = np.stack([place[column] for place, column in zip(places, touching.T, strict=True)], 1)
    pairs = pairs[(pairs >= 0).all(1)]
    if not len(pairs):
        remedy = "check that the bound forms lie as they do in the complex"
        raise ValueError(problem(name, f"residues within {TOUCH:g} Å of the other partner", "none", remedy))
    return found | {"pairs": pairs[np.lexsort(pairs.T[::-1])].astype(np.uint16)}


def identity(arrays: Arrays) -> str:
    """Return by what a complex is recognised: a digest of residues, places of CA and pairs."""
    names = ("l_aa", "l_id", "l_ca", "r_aa", "r_id", "r_ca", "pairs")
    plain = {name: arrays[name].astype("U16") if name.endswith("id") else arrays[name] for name in names}
    return arrays_digest(plain)[:IDENTITY_DIGITS]


def join_complexes(complexes: Sequence[tuple[str, bool, Arrays]]) -> Arrays:
    """Return the arrays of complexes, each with its name and whether it is in the test set, one after another."""
    parts = [arrays for _, _, arrays in complexes]
    whole: Arrays = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    for key, of in (("l_ptr", "l_aa"), ("r_ptr", "r_aa"), ("p_ptr", "pairs")):
        whole[key] = np.cumsum([0, *(len(part[of]) for part in parts)]).astype(np.int32)
    whole["names"] = np.array([name for name, _, _ in complexes])
    whole["new_in_db5"] = np.array([is_test for _, is_test, _ in complexes])
    return whole


def _kept_as() -> str:
    return f"residues-{VERSION}.npz"


def _given() -> Arrays | None:
    """Return the prepared files that the user has, if so."""
    graphs, extra = (arrays_at_hand(CARD, name) for name in (GRAPHS, EXTRA))
    return None if graphs is None or extra is None else graphs | extra


def _made(download: bool) -> Arrays:
    """Prepare all complexes, and keep them."""
    card = load_card(CARD)
    originals = [f"{name}_{side}_{form}.pdb" for name in COMPLEXES for side in SIDES for form in ("u", "b-matched")]
    folder = gather(card, card.prepared_file(GRAPHS), "structures-matched", originals, download=download)
    parts = [(name, COMPLEXES[name].is_test, prepare_complex(folder, name)) for name in _counted(tuple(COMPLEXES))]
    others = [name for name, _, arrays in parts if identity(arrays) != COMPLEXES[name].identity]
    if others:
        warnings.warn(
            f"{CARD}: residues or pairs of {len(others)} of {len(parts)} complexes are not those of the committed "
            f"records: {', '.join(others)}",
            stacklevel=3,
        )
    arrays = join_complexes(parts)
    keep_arrays(CARD, _kept_as(), arrays)
    return arrays


def _counted(names: Sequence[str]) -> Iterator[str]:
    """Yield names, and show how many are done."""
    for done, name in enumerate(names, 1):
        yield name
        show_progress(f"{CARD}: complexes prepared", done, len(names))


def _complex(arrays: Arrays, place: int) -> Complex:
    sides = []
    for side in SIDES:
        first, last = arrays[f"{side}_ptr"][place : place + 2]
        sides.append(residue_graph({key: arrays[f"{side}_{key}"][first:last] for key in _OF_RESIDUES}))
    first, last = arrays["p_ptr"][place : place + 2]
    pairs = torch.from_numpy(arrays["pairs"][first:last].astype(np.int64))
    return Complex(str(arrays["names"][place]), sides[0], sides[1], pairs, bool(arrays["new_in_db5"][place]))
