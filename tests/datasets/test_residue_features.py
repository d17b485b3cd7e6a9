"""What a residue's surroundings look like: against plain loops over atoms, and where atoms are missing."""

from pathlib import Path

import numpy as np
import pytest

from gnn_toolkit.datasets import read_structure
from gnn_toolkit.datasets.residue_features import NO_NEIGHBOUR, contacts, residue_arrays
from gnn_toolkit.datasets.structures import BACKBONE, Structure
from tests.datasets.structures import helix

RADII = {"C": 1.7, "N": 1.55, "O": 1.52}


@pytest.fixture(scope="module")
def protein(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    path = tmp_path_factory.mktemp("structure") / "two.pdb"
    path.write_text(helix("AGKLSEWGALKEAGS") + "TER\n" + helix("LGKAELSAKG", "B", (7, 2, 1)) + "END\n")
    return read_structure(path)


def exposed(protein: Structure) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the share of 96 points that a probe reaches of each atom, and these points, point by point."""
    k = np.arange(96) + 0.5
    polar, turn = np.arccos(1 - k / 48), np.pi * (1 + 5**0.5) * k
    sphere = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    radii = np.array([RADII[element] + 1.4 for element in protein.elements])
    shares, points = [], []
    for a, radius in zip(protein.atoms, radii, strict=True):
        mine = [a + radius * p for p in sphere]
        free = [
            p
            for p in mine
            if all(np.linalg.norm(p - b) >= r - 1e-9 for b, r in zip(protein.atoms, radii, strict=True) if b is not a)
        ]
        shares.append(len(free) / 96)
        points += free
    return np.array(shares), points


def test_the_surface_and_what_lies_below_it(protein: Structure):
    arrays, (share, points) = residue_arrays(protein), exposed(protein)
    largest = {"A": 129, "G": 104, "K": 236, "L": 201, "E": 223, "S": 155, "W": 285}
    letters = "AGKLSEWGALKEAGSLGKAELSAKG"
    for residue, letter in enumerate(letters):
        mine = protein.residue == residue
        radii = np.array([RADII[element] + 1.4 for element in protein.elements[mine]])
        area = (4 * np.pi * radii**2 * share[mine]).sum()
        assert arrays["rsa"][residue] == pytest.approx(area / largest[letter], rel=1e-5)
        depth = [min(np.linalg.norm(atom - np.array(points), axis=1)) - 1.4 for atom in protein.atoms[mine]]
        ca = list(protein.names[mine]).index("CA")
        assert arrays["depth"][residue] == pytest.approx([np.mean(depth), depth[ca]], abs=2e-3)


def test_protrusion(protein: Structure):
    arrays = residue_arrays(protein)
    count = [(np.linalg.norm(protein.atoms - atom, axis=1) <= 10).sum() for atom in protein.atoms]
    values = np.array([max(0, (4000 / 3 * np.pi - 20.1 * n) / (20.1 * n)) for n in count])
    side = ~np.isin(protein.names, BACKBONE)
    for residue in range(25):
        mine = protein.residue == residue
        chosen = values[mine & side] if (mine & side).any() else values[mine]
        wanted = [values[mine].mean(), values[mine].std(), chosen.mean(), chosen.std(), chosen.max(), chosen.min()]
        assert arrays["cx"][residue] == pytest.approx(wanted, abs=2e-3)


def test_composition_of_half_spheres(protein: Structure):
    arrays, ca = residue_arrays(protein), protein.place("CA")
    for residue in range(25):
        mine = protein.residue == residue
        chain = protein.atoms[mine & ~np.isin(protein.names, BACKBONE)]
        n, c = protein.place("N")[residue], protein.place("C")[residue]
        side = chain.mean(0) - ca[residue] if len(chain) else 2 * ca[residue] - n - c
        wanted = np.zeros(40)
        for other in range(25):
            if other != residue and np.linalg.norm(ca[other] - ca[residue]) < 8:
                behind = (ca[other] - ca[residue]) @ side <= 0
                wanted[20 * behind + protein.aa[other]] += 1
        assert arrays["hsaac"][residue].tolist() == wanted.tolist()


def test_neighbours_their_distance_and_angle(protein: Structure):
    arrays = residue_arrays(protein)
    assert arrays["nbr"].shape == (25, 20)
    groups = [protein.atoms[protein.residue == residue] for residue in range(25)]
    normal = [
        np.cross(protein.place("C")[k] - protein.place("CA")[k], protein.place("O")[k] - protein.place("C")[k])
        for k in range(25)
    ]
    for residue in (0, 7, 24):
        apart = [np.linalg.norm(groups[residue][:, None] - other, axis=2).mean() for other in groups]
        order = sorted((k for k in range(25) if k != residue), key=lambda k: apart[k])[:20]
        assert arrays["nbr"][residue].tolist() == order
        assert arrays["nbr_dist"][residue] == pytest.approx([apart[k] for k in order], rel=1e-3)
        cosine = [
            normal[residue] @ normal[k] / np.linalg.norm(normal[residue]) / np.linalg.norm(normal[k]) for k in order
        ]
        assert np.cos(arrays["nbr_angle"][residue].astype(float)) == pytest.approx(cosine, abs=2e-3)


def test_residues_that_are_left_out_belong_to_the_surroundings_of_the_others(protein: Structure):
    kept = np.array([0, 3, 4, 20])
    whole, some = residue_arrays(protein), residue_arrays(protein, kept)
    for name in ("aa", "id", "ca", "sc", "rsa", "hsaac", "cx", "depth"):
        assert np.array_equal(some[name], whole[name][kept]), name
    assert (some["nbr"][:, 3:] == NO_NEIGHBOUR).all()
    assert np.isnan(some["nbr_dist"][:, 3:]).all()
    assert sorted(some["nbr"][0, :3]) == [1, 2, 3]


def test_missing_atoms_make_angles_that_are_not_known(tmp_path: Path):
    lines = helix("AGK").splitlines(keepends=True)
    path = tmp_path / "cut.pdb"
    path.write_text("".join(one for one in lines if not ("GLY" in one and " O  " in one)) + "END\n")
    arrays = residue_arrays(read_structure(path))
    assert np.isnan(arrays["nbr_angle"][1]).all()
    assert np.isnan(arrays["nbr_angle"][0]).sum() == 19
    assert np.isfinite(arrays["nbr_dist"][1][:2]).all()


def test_contacts_are_pairs_with_near_atoms(protein: Structure):
    first, second = (np.array([one.startswith(chain) for one in protein.ids]) for chain in "AB")
    near = contacts(protein, protein, 6.0)
    found = {(i, j) for i, j in near.tolist() if first[i] and second[j]}
    wanted = {
        (i, j)
        for i in np.flatnonzero(first)
        for j in np.flatnonzero(second)
        if np.linalg.norm(
            protein.atoms[protein.residue == i][:, None] - protein.atoms[protein.residue == j], axis=2
        ).min()
        < 6
    }
    assert found == wanted
    assert len(wanted) > 10
    assert contacts(protein, protein, 1e-9).shape == (25, 2)
