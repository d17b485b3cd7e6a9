"""Features of a residue's surroundings, from the atoms of a protein: accessibility, protrusion, depth, neighbours.

The features of Fout et al. (2017, table 1), but for the profiles of sequences (PSSM), which need a search of large data
bases. Where their definitions are not published to the last detail, ours are:

- *accessibility*: Shrake and Rupley's surface (96 points an atom, probe of 1.4 Å, radii of 1.7 Å for C, 1.55 for N,
  1.52 for O, 1.8 for all others), over the largest one of the amino acid (Tien et al. 2013);
- *protrusion* of an atom: ``max(0, (V - 20.1 n) / (20.1 n))`` with n heavy atoms in its sphere of 10 Å and V its
  volume in Å^3 (Pintar et al. 2002); of a residue the mean and standard deviation over its atoms, then mean, standard
  deviation, largest and least over its side chain (over all atoms where there is none);
- *depth* of an atom: its distance from the nearest point of that surface less 1.4 Å; of a residue the mean over its
  atoms, and that of CA;
- *half-sphere composition*: how many residues of each amino acid have their CA within 8 Å of this CA, on the side to
  which the side chain's centre points, and on the other one. A residue without side chain points away from N and C;
- *neighbours*: the 20 residues of the least average distance between heavy atoms, that distance, and the angle between
  the normals of both planes through C, CA and O.
"""

from typing import Any

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from gnn_toolkit.datasets.structures import AMINO_ACIDS, BACKBONE, Structure

NEIGHBOURS = 20
NO_NEIGHBOUR = 65535
PROBE = 1.4  # Å
_POINTS, _SPHERE, _ATOM, _NEAR = 96, 10.0, 20.1, 8.0
_RADII = {"C": 1.7, "N": 1.55, "O": 1.52}
_OTHER_RADIUS = 1.8
_LARGEST = (129, 274, 195, 193, 167, 225, 223, 104, 224, 197, 201, 236, 224, 240, 159, 155, 172, 285, 263, 174)  # Å^2
_TOGETHER = 2000  # atoms that are looked at together

Arrays = dict[str, Any]


def residue_arrays(structure: Structure, kept: np.ndarray | None = None) -> Arrays:
    """Return what is known of residues, as arrays: see the text of this module.

    Args:
        structure: all that is there of the protein: it makes the surface and the surroundings.
        kept: [K] the residues that the arrays are of and that are neighbours of one another; by default all.

    Returns:
        ``aa`` [K] uint8, ``id`` [K], ``ca`` and ``sc`` [K, 3] (CA and the side chain's centre), ``rsa`` [K], ``hsaac``
        [K, 40] uint8, ``cx`` [K, 6], ``depth`` [K, 2], ``nbr`` [K, 20] uint16 (65535 for none), ``nbr_dist`` and
        ``nbr_angle`` [K, 20] (NaN for none, and where an atom is missing).
    """
    kept = np.arange(len(structure.ids)) if kept is None else kept
    side = ~np.isin(structure.names, BACKBONE)
    centre = side_chain_centres(structure, side)
    areas, surface = _surface(structure)
    accessible = _per_residue(structure, areas) / np.array(_LARGEST)[structure.aa]
    near, distance = _neighbours(structure, kept)
    return {
        "aa": structure.aa[kept].astype(np.uint8),
        "id": np.array(structure.ids)[kept],
        "ca": structure.place("CA")[kept].astype(np.float32),
        "sc": centre[kept].astype(np.float32),
        "rsa": accessible[kept].astype(np.float32),
        "hsaac": _composition(structure, centre)[kept].astype(np.uint8),
        "cx": _protrusion(structure, side)[kept].astype(np.float16),
        "depth": _depth(structure, surface)[kept].astype(np.float16),
        "nbr": near,
        "nbr_dist": distance.astype(np.float16),
        "nbr_angle": _angles(structure, kept, near).astype(np.float16),
    }


def side_chain_centres(structure: Structure, side: np.ndarray) -> np.ndarray:
    """Return the mean place of the side chain's atoms of each residue [N, 3]; CA where it has none."""
    count = _per_residue(structure, side.astype(float))
    total = np.stack([_per_residue(structure, np.where(side, axis, 0.0)) for axis in structure.atoms.T], 1)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], structure.place("CA"))


def contacts(first: Structure, second: Structure, within: float) -> np.ndarray:
    """Return the pairs of residues, one of each structure, that have heavy atoms nearer than ``within`` Å [P, 2]."""
    near = KDTree(first.atoms).sparse_distance_matrix(KDTree(second.atoms), within, output_type="coo_matrix")
    mine = near.data < within
    pairs = np.stack([first.residue[near.row[mine]], second.residue[near.col[mine]]], 1)
    return np.unique(pairs, axis=0)


def _per_residue(structure: Structure, values: np.ndarray) -> np.ndarray:
    return np.bincount(structure.residue, values, len(structure.ids))


def _sphere() -> np.ndarray:
    """Return points that cover a sphere evenly, along a spiral [96, 3]."""
    place = np.arange(_POINTS) + 0.5
    polar, turn = np.arccos(1 - 2 * place / _POINTS), np.pi * (1 + 5**0.5) * place
    return np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)


def _surface(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Return the area that a probe reaches of each atom in Å^2 [A], and the points of all of them [points, 3]."""
    atoms, points = structure.atoms, _sphere()
    radii = np.array([_RADII.get(element, _OTHER_RADIUS) for element in structure.elements]) + PROBE
    tree, areas, found = KDTree(atoms), np.empty(len(atoms)), []
    for start in range(0, len(atoms), _TOGETHER):
        these = np.arange(start, min(start + _TOGETHER, len(atoms)))
        near = tree.query_ball_point(atoms[these], radii[these] + radii.max())
        atom = np.repeat(these, [len(one) for one in near])
        other = np.concatenate([np.array(one) for one in near])
        atom, other = atom[atom != other], other[atom != other]
        apart = atoms[atom] - atoms[other]
        within = (radii[other] ** 2 - radii[atom] ** 2 - (apart**2).sum(1)) / (2 * radii[atom])
        covered = np.zeros((len(these), _POINTS), dtype=bool)
        np.logical_or.at(covered, atom - start, apart @ points.T < within[:, None])
        areas[these] = 4 * np.pi * radii[these] ** 2 * (~covered).mean(1)
        of, point = np.nonzero(~covered)
        found.append(atoms[these][of] + radii[these][of, None] * points[point])
    return areas, np.concatenate(found)


def _composition(structure: Structure, centre: np.ndarray) -> np.ndarray:
    """Return how many residues of each amino acid are near, on the side chain's side and on the other [N, 40]."""
    ca = structure.place("CA")
    away = 2 * ca - structure.place("N") - structure.place("C")
    side = np.where((centre != ca).any(1, keepdims=True), centre - ca, away)
    near = KDTree(ca).query_pairs(_NEAR, output_type="ndarray")
    near = near[np.linalg.norm(ca[near[:, 0]] - ca[near[:, 1]], axis=1) < _NEAR]
    of, other = np.concatenate([near, near[:, ::-1]]).T
    behind = ~(((ca[other] - ca[of]) * side[of]).sum(1) > 0)
    columns = 2 * len(AMINO_ACIDS)
    place = of * columns + behind * len(AMINO_ACIDS) + structure.aa[other]
    return np.bincount(place, minlength=len(ca) * columns).reshape(len(ca), columns)


def _protrusion(structure: Structure, side: np.ndarray) -> np.ndarray:
    """Return mean and deviation over a residue's atoms; mean, deviation, most and least over its side chain [N, 6]."""
    count = KDTree(structure.atoms).query_ball_point(structure.atoms, _SPHERE, return_length=True)
    room, filled = 4 / 3 * np.pi * _SPHERE**3, _ATOM * count
    values = np.maximum((room - filled) / filled, 0.0)
    bare = _per_residue(structure, side.astype(float)) == 0
    chosen = side | bare[structure.residue]
    whole = _moments(structure, values, np.ones_like(chosen))
    starts = np.flatnonzero(np.diff(structure.residue[chosen], prepend=-1))
    ends = [ufunc.reduceat(values[chosen], starts) for ufunc in (np.maximum, np.minimum)]
    return np.stack([*whole, *_moments(structure, values, chosen), *ends], 1)


def _moments(structure: Structure, values: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation over the chosen atoms of each residue."""
    weight = chosen.astype(float)
    count = _per_residue(structure, weight)
    mean = _per_residue(structure, weight * values) / count
    square = _per_residue(structure, weight * (values - mean[structure.residue]) ** 2) / count
    return mean, np.sqrt(square)


def _depth(structure: Structure, surface: np.ndarray) -> np.ndarray:
    """Return the mean depth of a residue's atoms, and that of CA [N, 2]."""
    depth = KDTree(surface).query(structure.atoms)[0] - PROBE
    count = _per_residue(structure, np.ones(len(depth)))
    of_ca = np.zeros(len(count))
    mine = structure.names == "CA"
    of_ca[structure.residue[mine]] = depth[mine]
    return np.stack([_per_residue(structure, depth) / count, of_ca], 1)


def _neighbours(structure: Structure, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest residues among the kept ones, and their distances [K, 20]."""
    place = np.full(len(structure.ids), -1)
    place[kept] = np.arange(len(kept))
    mine = place[structure.residue] >= 0
    atoms, residue = structure.atoms[mine], place[structure.residue[mine]]
    starts, count = np.flatnonzero(np.diff(residue, prepend=-1)), np.bincount(residue)
    near = np.full((len(kept), NEIGHBOURS), NO_NEIGHBOUR, dtype=np.uint16)
    distance = np.full((len(kept), NEIGHBOURS), np.nan)
    ends = np.append(starts, len(atoms))
    for first in range(0, len(kept), 100):
        last = min(first + 100, len(kept))
        apart = np.add.reduceat(cdist(atoms[ends[first] : ends[last]], atoms), starts, axis=1)
        apart = np.add.reduceat(apart, starts[first:last] - starts[first], axis=0)
        apart /= count[first:last, None] * count
        apart[np.arange(last - first), np.arange(first, last)] = np.inf
        order = apart.argsort(1, kind="stable")[:, : min(NEIGHBOURS, len(kept) - 1)]
        near[first:last, : order.shape[1]] = order
        distance[first:last, : order.shape[1]] = np.take_along_axis(apart, order, 1)
    return near, distance


def _angles(structure: Structure, kept: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the angles between the planes of each residue and of its neighbours in radians [K, 20]."""
    ca, c, o = (structure.place(atom)[kept] for atom in ("CA", "C", "O"))
    normal = np.cross(c - ca, o - c)
    normal = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    is_one = near != NO_NEIGHBOUR
    cosine = (normal[:, None] * normal[np.where(is_one, near, 0)]).sum(2)
    return np.where(is_one, np.arccos(np.clip(cosine, -1, 1)), np.nan)
