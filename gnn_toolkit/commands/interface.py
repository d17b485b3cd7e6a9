"""``interface LIGAND RECEPTOR``: which residues of two proteins may touch, as a table and a page."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.analysis.interface_page import best_pairs, interface_page
from gnn_toolkit.commands.console import say
from gnn_toolkit.commands.train_interface import MODEL
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets import Structure, graph_of_structure, read_structure
from gnn_toolkit.models.serialization import described
from gnn_toolkit.training import interface_scores, load_interfaces


def interface(
    ligand: Annotated[Path, typer.Argument(help="A protein as PDB or mmCIF, .gz or not.", show_default=False)],
    receptor: Annotated[Path, typer.Argument(help="The other one.", show_default=False)],
    model: Annotated[Path, typer.Option(help="What train-interface wrote.")] = MODEL,
    out: Annotated[
        Path | None,
        typer.Option(help="The table of pairs; the page goes beside it. Default: LIGAND-RECEPTOR.csv here."),
    ] = None,
    ligand_chains: Annotated[str, typer.Option(help="Chains to read, by commas; default: all.")] = "",
    receptor_chains: Annotated[str, typer.Option(help="The same of the other one.")] = "",
    ligand_model: Annotated[int | None, typer.Option(help="Which of several models; default: the first.")] = None,
    receptor_model: Annotated[int | None, typer.Option(help="The same of the other one.")] = None,
    pairs: Annotated[int, typer.Option(min=0, help="Rows of the table, best first; 0: all pairs.")] = 1000,
    force: Annotated[bool, typer.Option("--force", help="Overwrite table and page.")] = False,
) -> None:
    """Score all pairs of residues of two proteins: a table by score, and a page with chains and map.

    Both may be chains of one file. Places in space serve within each protein alone: how the two lie does not matter.
    """
    out = out or Path(f"{_stem(ligand)}-{_stem(receptor)}.csv")
    page = out.with_suffix(".html")
    check_written("--out", [out, page], [ligand, receptor, model, described(model)], force=force)
    if not model.is_file():
        remedy = "train one: python -m gnn_toolkit train-interface"
        raise FileNotFoundError(_checks.problem(f"--model {model}", "a trained network", "no file", remedy))
    network = load_interfaces(model)
    first = graph_of_structure(_read("ligand", ligand, ligand_chains, ligand_model))
    second = graph_of_structure(_read("receptor", receptor, receptor_chains, receptor_model))
    scores, names = interface_scores(network, first, second), (first["residue"], second["residue"])
    shown = table(scores, names[0], names[1], pairs or scores.numel())
    write_atomically(out, lambda file: file.write(shown.encode()))
    titles = _title(ligand, ligand_chains), _title(receptor, receptor_chains)
    text = interface_page(scores, names[0], names[1], titles)
    write_atomically(page, lambda file: file.write(text.encode()))
    for i, j, score in best_pairs(scores, 5):
        print(f"{score:.3f} {names[0][i]} with {names[1][j]}")
    say(f"wrote {out} and {page}; open the page in a browser")


def table(scores: Tensor, ligand: Sequence[str], receptor: Sequence[str], count: int) -> str:
    """Return pairs of residues as CSV, the highest score first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    sides = ("ligand", "receptor")
    writer.writerow([f"{side} {what}" for side in sides for what in ("chain", "residue", "amino acid")] + ["score"])
    for i, j, score in best_pairs(scores, count):
        writer.writerow([*_parts(ligand[i]), *_parts(receptor[j]), f"{score:.5f}"])
    return text.getvalue()


def _parts(name: str) -> tuple[str, str, str]:
    """Return chain, number and amino acid of a residue."""
    place, _, letter = name.rpartition(" ")
    chain, _, number = place.rpartition(":")
    return chain, number, letter


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name


def _title(path: Path, chains: str) -> str:
    return f"{path.name}, chains {chains}" if chains else path.name


def _read(side: str, path: Path, chains: str, model: int | None) -> Structure:
    """Return a protein of two residues at least, having said what was left out."""
    found = read_structure(path, chains=[one.strip() for one in chains.split(",") if one.strip()], model=model)
    for note in found.notes:
        say(f"{path}: {note}")
    if len(found.ids) < 2:
        remedy = "pass a protein, or more chains"
        raise ValueError(_checks.problem(f"{path} ({side})", "two residues at least", len(found.ids), remedy))
    count = len(set(found.chains))
    say(f"{path}: {len(found.ids)} residues of {count} chain{'s' * (count > 1)}")
    return found
