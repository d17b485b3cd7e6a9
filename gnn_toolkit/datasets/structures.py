"""Protein structures, from PDB and mmCIF files: residues in the order of their chains, as heavy atoms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gnn_toolkit._checks import problem

AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
BACKBONE = ("N", "CA", "C", "O", "OXT")
_HYDROGEN = ("H", "D")


@dataclass(frozen=True)
class Structure:
    """Residues of a protein, in the order of the file, with their heavy atoms, residue by residue.

    Attributes:
        name: of the file.
        ids: of each residue its chain, number and insertion code, e.g. ``"A:57"``.
        aa: [N] its amino acid, a place in :data:`AMINO_ACIDS`.
        atoms: [A, 3] float64, in Å.
        residue: [A] the residue of each atom, ascending.
        names: [A] of the atoms, e.g. ``"CA"``.
        elements: [A] of the atoms, e.g. ``"C"``.
        notes: what was left out or chosen, a sentence each.
    """

    name: str
    ids: tuple[str, ...]
    aa: np.ndarray
    atoms: np.ndarray
    residue: np.ndarray
    names: np.ndarray
    elements: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def chains(self) -> tuple[str, ...]:
        """The chain of each residue."""
        return tuple(one.rpartition(":")[0] for one in self.ids)

    def place(self, atom: str) -> np.ndarray:
        """Return where each residue has its atom of a name [N, 3]; NaN where it has none."""
        found = np.full((len(self.ids), 3), np.nan)
        mine = self.names == atom
        found[self.residue[mine]] = self.atoms[mine]
        return found


def read_structure(path: str | Path, *, chains: Sequence[str] = (), model: int | None = None) -> Structure:
    """Return the protein in a PDB or mmCIF file, also packed by gzip.

    Of a residue with alternative places, that of the highest occupancy counts, of equal ones the first in the alphabet;
    hydrogen does not count. Modified amino acids, such as selenomethionine, count as those that they are made of.
    Water, ligands, nucleic acids, and residues without CA are left out; ``notes`` says so.

    Args:
        path: of the file; its content says which format.
        chains: those to read, all of them by default.
        model: which of several models, from 1; by default the first, and ``notes`` says so.

    Raises:
        ValueError: the file holds no structure, has no such chain or model, or no residue with CA.
        OSError: the file cannot be read.
        ModuleNotFoundError: gemmi is not installed.
    """
    path = Path(path)
    gemmi = _gemmi()
    chosen, notes = _model(gemmi, path, model)
    there = list(dict.fromkeys(chain.name for chain in chosen))
    for chain in chains:
        if chain not in there:
            raise ValueError(problem(f"{path}: chains", f"some of {', '.join(there)}", chain, "check the names"))
    found = [_residue(gemmi, chain.name, group) for chain, group in _groups(chosen, chains)]
    kept = [one for one in found if not isinstance(one, str)]
    notes += _counted([one for one in found if isinstance(one, str)])
    notes += _counted([note for one in kept for note in one.notes])
    if not kept:
        what = "; ".join(notes) or "no atoms"
        remedy = "pass the structure of a protein with all its atoms, or other chains"
        raise ValueError(problem(str(path), "amino acids with their CA atoms", what, remedy))
    sizes = [len(one.atoms) for one in kept]
    rows = [atom for one in kept for atom in one.atoms]
    return Structure(
        path.name,
        tuple(one.id for one in kept),
        np.array([AMINO_ACIDS.index(one.letter) for one in kept]),
        np.array([atom.pos.tolist() for atom in rows]),
        np.repeat(np.arange(len(kept)), sizes),
        np.array([atom.name for atom in rows]),
        np.array([atom.element.name for atom in rows]),
        tuple(notes),
    )


@dataclass(frozen=True)
class _Residue:
    id: str
    letter: str
    atoms: list[Any]
    notes: tuple[str, ...]


def _gemmi() -> Any:
    try:
        import gemmi
    except ModuleNotFoundError as error:
        remedy = 'pip install "gnn-toolkit[proteins]"'
        raise ModuleNotFoundError(problem("gemmi", "the library that reads structures", "none", remedy)) from error
    return gemmi


def _model(gemmi: Any, path: Path, number: int | None) -> tuple[Any, list[str]]:
    """Return one model of a file, and what there is to say about it."""
    if not path.is_file():
        raise FileNotFoundError(problem(str(path), "a PDB or mmCIF file", "none", "check the path"))
    try:
        structure = gemmi.read_structure(str(path), format=gemmi.CoorFormat.Detect)
    except (ValueError, RuntimeError, IndexError, OSError) as error:
        got = " ".join(str(error).split())
        raise ValueError(problem(str(path), "a structure in PDB or mmCIF format", got, "get the file anew")) from error
    count = len(structure)
    if not count:
        raise ValueError(problem(str(path), "a structure with atoms", "no model", "get the file anew"))
    if number is not None and not 1 <= number <= count:
        raise ValueError(problem(f"{path}: model", f"1 to {count}", number, "pass another one"))
    several = number is None and count > 1
    return structure[(number or 1) - 1], [f"the first of {count} models is read"] if several else []


def _groups(model: Any, chains: Sequence[str]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield chain and residues of one number: several where different amino acids share a place."""
    for chain in model:
        group: list[Any] = []
        for residue in chain if not chains or chain.name in chains else ():
            if group and residue.seqid != group[0].seqid:
                yield chain, group
                group = []
            group.append(residue)
        if group:
            yield chain, group


def _residue(gemmi: Any, chain: str, group: list[Any]) -> _Residue | str:
    """Return a residue, or why it is left out."""
    residue = max(group, key=lambda one: sum(atom.occ for atom in one) / max(len(one), 1))
    kind = gemmi.find_tabulated_residue(residue.name)
    letter = kind.one_letter_code.upper()
    if kind.is_water():
        return "molecules of water are left out"
    if not kind.is_amino_acid():
        return "residues that are no amino acids are left out"
    if letter not in AMINO_ACIDS:
        return f"amino acids other than the twenty are left out ({residue.name})"
    atoms, alternative = _one_place(residue)
    if not any(atom.name == "CA" for atom in atoms):
        return "residues without a CA atom are left out"
    notes = ["residues have alternative places: that of the highest occupancy is taken"] * (
        alternative or len(group) > 1
    )
    if not kind.is_standard():
        notes.append(f"modified amino acids count as those that they are made of ({residue.name} as {letter})")
    if {"N", "C", "O"} - {atom.name for atom in atoms}:
        notes.append("residues lack atoms of their backbone: angles at them are not known")
    return _Residue(f"{chain}:{residue.seqid}", letter, atoms, tuple(notes))


def _one_place(residue: Any) -> tuple[list[Any], bool]:
    """Return the heavy atoms of a residue, each at one place, and whether there were others."""
    heavy = [atom for atom in residue if atom.element.name not in _HYDROGEN]
    weights: dict[str, float] = {}
    for atom in heavy:
        if atom.has_altloc():
            weights[atom.altloc] = weights.get(atom.altloc, 0.0) + atom.occ
    best = min(weights, key=lambda one: (-weights[one], one), default="")
    found: dict[str, Any] = {}
    for atom in sorted(heavy, key=lambda one: one.has_altloc() and one.altloc != best):
        found.setdefault(atom.name, atom)
    chosen = {id(atom) for atom in found.values()}
    return [atom for atom in heavy if id(atom) in chosen], len(weights) > 1


def _counted(notes: Sequence[str]) -> list[str]:
    return [f"{notes.count(note)} {note}" for note in dict.fromkeys(notes)]
