"""``interface`` and ``train-interface``: from complexes and structures to a table and a page, and what is refused."""

import csv
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main
from gnn_toolkit.commands import train_interface as training
from gnn_toolkit.datasets import RESIDUE_FEATURES
from gnn_toolkit.training import InterfaceSettings, fit_interfaces
from tests.datasets.proteins import complexes
from tests.datasets.structures import helix, line


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "net.safetensors"
    settings = InterfaceSettings(epochs=1, hidden_channels=4, num_convolutions=1)
    fit_interfaces(complexes(5, 1, len(RESIDUE_FEATURES)), settings, validation=1).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.pdb").write_text(
        helix("AGKLSEKA") + line(90, "O", "HOH", "A", "99 ", (0, 0, 40), record="HETATM") + "END\n"
    )
    Path("b.pdb").write_text(helix("LKAGE", "B") + "TER\n" + helix("WSKA", "C", (9, 0, 0)) + "END\n")
    return tmp_path


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_all_pairs_come_by_score_with_a_page_beside(folder: Path, trained: Path):
    done = CliRunner().invoke(app, ["interface", "a.pdb", "b.pdb", "--model", str(trained)])
    assert done.exit_code == 0, done.output
    assert "a.pdb: 1 molecules of water are left out" in done.output
    assert "b.pdb: 9 residues of 2 chains" in done.output
    table = rows("a-b.csv")
    assert len(table) == 8 * 9
    scores = [float(row["score"]) for row in table]
    assert scores == sorted(scores, reverse=True)
    assert {(row["receptor chain"], row["receptor residue"], row["receptor amino acid"]) for row in table} >= {
        ("C", "1", "W")
    }
    assert f"{scores[0]:.3f} A:{table[0]['ligand residue']} {table[0]['ligand amino acid']} with" in done.output
    page = Path("a-b.html").read_text()
    assert "Where a.pdb and b.pdb may touch" in page
    again = CliRunner().invoke(app, ["interface", "a.pdb", "b.pdb", "--model", str(trained)])
    assert again.exit_code == 1
    assert "pass --force or another --out" in str(again.exception)


def test_chains_of_one_file_are_two_partners(folder: Path, trained: Path):
    options = [
        "--model",
        str(trained),
        "--ligand-chains",
        "C",
        "--receptor-chains",
        "B",
        "--pairs",
        "3",
        "--out",
        "x.csv",
    ]
    done = CliRunner().invoke(app, ["interface", "b.pdb", "b.pdb", *options])
    assert done.exit_code == 0, done.output
    table = rows("x.csv")
    assert len(table) == 3
    assert {(row["ligand chain"], row["receptor chain"]) for row in table} == {("C", "B")}
    assert "b.pdb, chains C and b.pdb, chains B" in Path("x.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pdb", "one.pdb"], "one.pdb (receptor): expected two residues at least, got 1; pass a protein, or"),
        (["bare.pdb", "b.pdb"], "bare.pdb: expected amino acids with their CA atoms, got 2 residues without a CA atom"),
        (["gone.pdb", "b.pdb"], "gone.pdb: expected a PDB or mmCIF file, got none; check the path"),
        (["text.pdb", "b.pdb"], "text.pdb: expected a structure in PDB or mmCIF format, got wrong format"),
        (["a.pdb", "b.pdb", "--receptor-chains", "B,X"], "b.pdb: chains: expected some of B, C, got X; check the"),
        (["a.pdb", "b.pdb", "--ligand-model", "2"], "a.pdb: model: expected 1 to 1, got 2; pass another one"),
        (["a.pdb", "b.pdb", "--out", "a.pdb"], "--out: expected another file than the input, got a.pdb"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_with_file_and_remedy(
    folder: Path,
    trained: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    Path("one.pdb").write_text(helix("K") + "END\n")
    Path("bare.pdb").write_text(helix("AG", atoms=("N", "C", "O")) + "END\n")
    Path("text.pdb").write_text("hello\n")
    monkeypatch.setattr(sys, "argv", ["gnn_toolkit", "interface", *arguments, "--model", str(trained)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert f"error: {message}" in capsys.readouterr().err
    assert not Path("a-b.csv").exists()


def test_without_a_network_it_says_how_to_get_one(folder: Path):
    done = CliRunner().invoke(app, ["interface", "a.pdb", "b.pdb"])
    assert done.exit_code == 1
    assert str(done.exception).startswith(
        "--model interface.safetensors: expected a trained network, got no file; train"
    )


def test_without_the_reader_of_structures_it_says_what_to_install(
    folder: Path, trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "gemmi", None)
    monkeypatch.setattr(sys, "argv", ["gnn_toolkit", "interface", "a.pdb", "b.pdb", "--model", str(trained)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert 'got none; pip install "gnn-toolkit[proteins]"' in capsys.readouterr().err


def test_a_network_is_trained_tested_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "load_docking_benchmark", lambda: complexes(40, 3, len(RESIDUE_FEATURES)))
    options = ["--epochs", "1", "--hidden", "4", "--layers", "1"]
    done = CliRunner().invoke(app, ["train-interface", *options])
    assert done.exit_code == 0, done.output
    assert "2 train, 35 validation, 3 test complexes; median AUC: test" in done.output
    assert Path("interface.safetensors").is_file()
    again = CliRunner().invoke(app, ["train-interface", *options])
    assert "interface.safetensors" in str(again.exception)
    assert CliRunner().invoke(app, ["train-interface", *options, "--force"]).exit_code == 0
