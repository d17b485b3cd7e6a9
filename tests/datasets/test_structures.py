"""Structures of proteins: what is read, what is left out and said, and what is refused."""

from pathlib import Path

import gemmi
import numpy as np
import pytest

from gnn_toolkit.datasets import read_structure
from gnn_toolkit.datasets.structures import AMINO_ACIDS
from tests.datasets.structures import helix, line


def written(path: Path, *parts: str) -> Path:
    path.write_text("".join(parts) + "END\n")
    return path


def test_residues_come_in_the_order_of_their_chains_with_their_heavy_atoms(tmp_path: Path):
    hydrogen = line(99, "H", "GLY", "B", "2 ", (0, 0, 0))
    found = read_structure(written(tmp_path / "two.pdb", helix("AGK"), "TER\n", helix("LG", "B"), hydrogen))
    assert found.ids == ("A:1", "A:2", "A:3", "B:1", "B:2")
    assert "".join(AMINO_ACIDS[one] for one in found.aa) == "AGKLG"
    assert found.chains == ("A", "A", "A", "B", "B")
    assert np.bincount(found.residue).tolist() == [5, 4, 5, 5, 4]
    assert found.place("CB")[2] == pytest.approx(found.atoms[13])
    assert np.isnan(found.place("CB")[1]).all()
    assert found.notes == ()


@pytest.mark.parametrize("ending", ["cif", "cif.gz", "pdb.gz", "txt"])
def test_the_content_says_which_format_a_file_has(tmp_path: Path, ending: str):
    plain = written(tmp_path / "one.pdb", helix("AGKL"))
    structure = gemmi.read_structure(str(plain))
    structure.setup_entities()
    text = structure.make_mmcif_document().as_string() if "cif" in ending else plain.read_text()
    path = tmp_path / f"same.{ending}"
    if ending.endswith("gz"):
        import gzip

        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    found, same = read_structure(path), read_structure(plain)
    assert found.ids == same.ids
    assert np.abs(found.atoms - same.atoms).max() < 1e-6


def test_chains_and_models_are_chosen_by_name(tmp_path: Path):
    models = "".join(f"MODEL {k}\n{helix(letters)}ENDMDL\n" for k, letters in ((1, "AG"), (2, "KGL")))
    path = written(tmp_path / "nmr.pdb", models)
    assert read_structure(path).notes == ("the first of 2 models is read",)
    assert len(read_structure(path).ids) == 2
    assert (len(read_structure(path, model=2).ids), read_structure(path, model=2).notes) == (3, ())
    with pytest.raises(ValueError, match=r"nmr.pdb: model: expected 1 to 2, got 3; pass another one"):
        read_structure(path, model=3)
    two = written(tmp_path / "two.pdb", helix("AG"), "TER\n", helix("KGL", "B"))
    assert read_structure(two, chains=["B"]).ids == ("B:1", "B:2", "B:3")
    with pytest.raises(ValueError, match=r"two.pdb: chains: expected some of A, B, got C; check the names"):
        read_structure(two, chains=["B", "C"])


def test_the_place_of_the_highest_occupancy_is_taken(tmp_path: Path):
    both = [
        line(50 + k, "CB", "ALA", "A", "2 ", (k, 0, 0), alternative=letter, occupancy=occupancy)
        for k, (letter, occupancy) in enumerate((("A", "0.40"), ("B", "0.60")))
    ]
    backbone = helix("GG").splitlines(keepends=True)
    moved = [one.replace("GLY A   2", "ALA A   2") for one in backbone]
    found = read_structure(written(tmp_path / "alternative.pdb", *moved, *both))
    assert found.place("CB")[1].tolist() == [1.0, 0.0, 0.0]
    assert found.notes == ("1 residues have alternative places: that of the highest occupancy is taken",)
    equal = [one.replace("0.60", "0.40") for one in both]
    assert read_structure(written(tmp_path / "equal.pdb", *moved, *equal)).place("CB")[1].tolist() == [0.0, 0.0, 0.0]


def test_of_two_amino_acids_at_one_place_the_more_frequent_is_taken(tmp_path: Path):
    serine = helix("GS").splitlines(keepends=True)[4:]
    weak = [one[:16] + "A" + one[17:54] + "  0.30" + one[60:] for one in serine]
    strong = [one[:16] + "B" + one[17:20].replace("SER", "LYS") + one[20:54] + "  0.70" + one[60:] for one in serine]
    found = read_structure(written(tmp_path / "both.pdb", helix("G"), *weak, *strong))
    assert "".join(AMINO_ACIDS[one] for one in found.aa) == "GK"
    assert found.notes[0].startswith("1 residues have alternative places")


def test_what_is_left_out_is_said(tmp_path: Path):
    water = line(90, "O", "HOH", "A", "9 ", (9, 9, 9), record="HETATM")
    ligand = line(91, "C1", "GDP", "A", "10 ", (9, 9, 12), record="HETATM", element="C")
    calcium = line(92, "CA", "CA", "A", "11 ", (9, 9, 15), record="HETATM", element="CA")
    selenium = helix("GLG").replace("LEU", "MSE")
    bare = line(93, "N", "ALA", "A", "4 ", (0, 0, 20))
    unknown = line(94, "CA", "UNK", "A", "5 ", (0, 0, 25))
    short = line(95, "CA", "ALA", "A", "6 ", (0, 0, 30))
    found = read_structure(written(tmp_path / "all.pdb", selenium, bare, unknown, short, water, ligand, calcium))
    assert "".join(AMINO_ACIDS[one] for one in found.aa) == "GMGA"
    assert set(found.notes) == {
        "1 molecules of water are left out",
        "2 residues that are no amino acids are left out",
        "1 amino acids other than the twenty are left out (UNK)",
        "1 residues without a CA atom are left out",
        "1 modified amino acids count as those that they are made of (MSE as M)",
        "1 residues lack atoms of their backbone: angles at them are not known",
    }


def test_what_is_no_protein_is_refused_by_file(tmp_path: Path):
    no_ca = written(tmp_path / "bare.pdb", helix("AG", atoms=("N", "C", "O")))
    with pytest.raises(
        ValueError, match=r"bare.pdb: expected amino acids with their CA atoms, got 2 residues without a"
    ):
        read_structure(no_ca)
    for name, content in (("text.pdb", b"hello\n"), ("none.cif", b"data_x\n"), ("empty.pdb", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}: expected "):
            read_structure(tmp_path / name)
    (tmp_path / "cut.cif").write_text("data_x\nloop_\n_atom_site.id\n_atom_site.x\n1 2 3\n")
    with pytest.raises(ValueError, match=r"cut.cif: expected a structure in PDB or mmCIF format"):
        read_structure(tmp_path / "cut.cif")
    with pytest.raises(FileNotFoundError, match=r"gone.pdb: expected a PDB or mmCIF file, got none; check the path"):
        read_structure(tmp_path / "gone.pdb")
