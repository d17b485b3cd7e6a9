"""Small proteins in PDB and mmCIF format, for tests: a helix of any amino acids, with what is to be handled."""

from collections.abc import Sequence
from math import cos, radians, sin

LETTERS = {"A": "ALA", "G": "GLY", "K": "LYS", "L": "LEU", "E": "GLU", "S": "SER", "W": "TRP"}
# Radius, angle in degrees and height of the atoms of a residue in an ideal helix.
ATOMS = {"N": (1.55, -27.7, -0.9), "CA": (2.29, 0.0, 0.0), "C": (1.68, 26.6, 1.1), "O": (2.03, 38.1, 2.3)}
CB = (3.3, -19.1, -0.6)


def line(number: int, atom: str, residue: str, chain: str, place: str, at: Sequence[float], **more: str) -> str:
    """Return a line of an atom in PDB format; ``more``: record, alternative, occupancy, element."""
    element = more.get("element", atom[0])
    name = f" {atom:<3}" if len(element) == 1 and len(atom) < 4 else f"{atom:<4}"
    x, y, z = at
    return (
        f"{more.get('record', 'ATOM'):<6}{number:>5} {name}{more.get('alternative', ' ')}{residue:>3} "
        f"{chain}{place:>5}   "
        f"{x:8.3f}{y:8.3f}{z:8.3f}{more.get('occupancy', '1.00'):>6}{'10.00':>6}          {element:>2}\n"
    )


def helix(
    letters: str, chain: str = "A", shift: Sequence[float] = (0, 0, 0), atoms: Sequence[str] = tuple(ATOMS)
) -> str:
    """Return a helix in PDB format, one residue a letter."""
    lines = []
    for place, letter in enumerate(letters):
        mine = {name: ATOMS[name] for name in atoms} | ({} if letter == "G" else {"CB": CB})
        for atom, (radius, angle, height) in mine.items():
            turn = radians(100 * place + angle)
            at = (radius * cos(turn) + shift[0], radius * sin(turn) + shift[1], height + 1.5 * place + shift[2])
            lines.append(line(len(lines) + 1, atom, LETTERS[letter], chain, f"{place + 1} ", at))
    return "".join(lines)
