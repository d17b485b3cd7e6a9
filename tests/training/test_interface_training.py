"""Training on complexes, what is saved of it, and the scores of a pair of proteins."""

from pathlib import Path

import pytest
import torch

from gnn_toolkit.datasets import RESIDUE_FEATURES, Complex
from gnn_toolkit.training import InterfaceSettings, fit_interfaces, interface_scores, load_interfaces
from gnn_toolkit.training.interface_training import ask_pairs, partners, split_complexes, touching
from tests.datasets.proteins import complexes

QUICK = InterfaceSettings(epochs=15, hidden_channels=8, num_convolutions=1, learning_rate=0.01)


def test_what_touches_by_a_mark_is_learnt_and_tested_on_complexes_of_their_own():
    steps = []
    fitted = fit_interfaces(complexes(16, 4), QUICK, validation=4, progress=lambda done, of: steps.append((done, of)))
    assert fitted.sizes == {"train": 8, "validation": 4, "test": 4}
    assert steps[-1] == (120, 120)
    assert fitted.test.shape == (4,)
    assert fitted.median > 0.95
    assert fitted.validation > 0.95
    again = fit_interfaces(complexes(16, 4), QUICK, validation=4)
    assert torch.equal(again.test, fitted.test)


def test_asked_are_all_that_touch_and_others_that_do_not():
    one, generator = complexes(1, 0)[0], torch.Generator().manual_seed(0)
    pairs, y = ask_pairs(one, 10, generator)
    matrix = touching(one)
    assert matrix.sum() == len(one.pairs)
    assert torch.equal(matrix[pairs[:, 0], pairs[:, 1]], y > 0)
    assert torch.equal(pairs[: len(one.pairs)], one.pairs)
    assert 5 * len(one.pairs) < (y == 0).sum() <= 10 * len(one.pairs)


def test_splits_keep_the_test_apart_and_are_drawn_once():
    splits = split_complexes(complexes(16, 4), 4)
    assert splits["test"].tolist() == [12, 13, 14, 15]
    assert sorted([*splits["train"].tolist(), *splits["validation"].tolist()]) == list(range(12))
    assert torch.equal(split_complexes(complexes(16, 4), 4)["validation"], splits["validation"])


def test_too_few_complexes_and_one_without_contacts_are_refused():
    with pytest.raises(ValueError, match=r"^complexes: expected more than 35 not tested, got 16 complexes; pass more"):
        fit_interfaces(complexes(16, 4), QUICK)
    some = complexes(3, 0)
    some[1] = Complex("1ABC", some[1].ligand, some[1].receptor, torch.empty(0, 2, dtype=torch.long), False)
    with pytest.raises(ValueError, match=r"^1ABC: expected residues that touch, got none; leave the complex out"):
        fit_interfaces(some, QUICK, validation=1)


def test_a_saved_network_scores_as_it_did(tmp_path: Path):
    some = complexes(6, 1, len(RESIDUE_FEATURES))
    fitted = fit_interfaces(some, InterfaceSettings(epochs=1, hidden_channels=4), validation=1)
    fitted.save(tmp_path / "net.safetensors")
    network = load_interfaces(tmp_path / "net.safetensors")
    ligand, receptor = some[5].ligand, some[5].receptor
    scores = interface_scores(network, ligand, receptor)
    assert scores.shape == (ligand.num_nodes, receptor.num_nodes)
    assert torch.equal(scores, fitted.network(partners(ligand, receptor)).sigmoid())
    described = tmp_path / "net.json"
    described.write_text(described.read_text().replace("hydrophobicity", "charge"))
    with pytest.raises(ValueError, match=r"net.json: expected the checksum"):
        load_interfaces(tmp_path / "net.safetensors")


def test_a_protein_of_one_residue_is_refused():
    some = complexes(4, 0)
    fitted = fit_interfaces(some, InterfaceSettings(epochs=1, hidden_channels=4), validation=1)
    one = some[0].ligand.subgraph(torch.tensor([0]))
    with pytest.raises(ValueError, match=r"^receptor: expected two residues at least, got 1"):
        interface_scores(fitted.network, some[0].ligand, one)
