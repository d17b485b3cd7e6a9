"""Binding sites: the counts on the card, and the way from the authors' files to the prepared ones and to graphs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gnn_toolkit.datasets import load_protein_sites
from gnn_toolkit.datasets.prepared import arrays_digest
from gnn_toolkit.datasets.protein_sites import WIDTHS, prepare_sites, read_sites


def test_the_proteins_are_as_their_card_says(data_folder: Callable[[str], Path]):
    data_folder("graphppis/Train_335.npz")
    for split, proteins, residues, share in (("train", 334, 65497, 0.1567), ("test", 59, 12378, 0.1630)):
        graphs = load_protein_sites(split, download=False)
        y = torch.cat([graph["y"] for graph in graphs])
        assert (len(graphs), len(y), round(float(y.float().mean()), 4)) == (proteins, residues, share)
        assert all(graph["x"].shape == (graph.num_nodes, 54) for graph in graphs)
        assert max(int(graph["edge_index"][1].bincount().max()) for graph in graphs) == 20
    names = [name for name, *_ in read_sites(data_folder("graphppis/Test_60.fa")) if name != "3cf4A"]
    assert [graph.name for graph in graphs] == names


def authors_files(folder: Path, sizes: dict[str, int]) -> tuple[Path, dict[str, np.ndarray]]:
    """Write files in the authors' form; return the one with sequences, and the distances."""
    random, lines, distances = np.random.default_rng(0), [], {}
    for name, size in sizes.items():
        places = random.uniform(0, 14, (size, 3))
        distances[name] = np.round(np.linalg.norm(places[:, None] - places, axis=2), 1)
        for kind, values in (
            ("distance_map", distances[name]),
            *((k, random.random((size, w))) for k, w in WIDTHS.items()),
        ):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            np.save(folder / kind / f"{name}.npy", values)
        lines += [f">{name}", "A" * size, "01" * (size // 2) + "0" * (size % 2)]
    fasta = folder / "some.fa"
    fasta.write_text("\n".join(lines) + "\n")
    return fasta, distances


def test_the_authors_files_become_the_arrays(tmp_path: Path):
    fasta, distances = authors_files(tmp_path, {"1abcA": 30, "2yajA": 5, "2defB": 41})
    arrays = prepare_sites(fasta, tmp_path)
    assert arrays["names"].tolist() == ["1abcA", "2defB"]
    assert arrays["ptr"].tolist() == [0, 30, 71]
    first, last = arrays["edge_ptr"][1:]
    near = np.argwhere(np.triu(distances["2defB"] <= 14, 1))
    assert np.stack([arrays["edge_i"], arrays["edge_j"]], 1)[first:last].tolist() == near.tolist()
    assert (arrays["edge_dist_tenth_angstrom"][first:last] / 10).tolist() == pytest.approx(distances["2defB"][*near.T])
    assert np.array_equal(arrays["pssm"][30:], np.load(tmp_path / "pssm" / "2defB.npy").astype(np.float32))


def test_what_is_prepared_goes_the_same_way_as_the_real_files(tmp_path: Path, data_folder: Callable[[str], Path]):
    """Three real proteins, written as the authors have them, become their part of the prepared arrays again."""
    whole = dict(np.load(data_folder("graphppis/Test_60.npz")))
    lines = []
    for place in range(3):
        (first, last), (start, end) = (whole[key][place : place + 2] for key in ("ptr", "edge_ptr"))
        name, size = str(whole["names"][place]), last - first
        distance = np.full((size, size), 99.0)
        distance[whole["edge_i"][start:end], whole["edge_j"][start:end]] = (
            whole["edge_dist_tenth_angstrom"][start:end] / 10
        )
        for kind, values in (
            ("distance_map", np.minimum(distance, distance.T)),
            *((k, whole[k][first:last]) for k in WIDTHS),
        ):
            (tmp_path / kind).mkdir(exist_ok=True)
            np.save(tmp_path / kind / f"{name}.npy", values)
        lines += [f">{name}", str(whole["sequence"])[first:last], "".join(map(str, whole["y"][first:last]))]
    (tmp_path / "three.fa").write_text("\n".join(lines))
    found = prepare_sites(tmp_path / "three.fa", tmp_path)
    residues, edges = whole["ptr"][3], whole["edge_ptr"][3]
    wanted = {key: value[:residues] for key, value in whole.items() if key in ("y", *WIDTHS)}
    wanted |= {
        key: value[:edges] for key, value in whole.items() if key in ("edge_i", "edge_j", "edge_dist_tenth_angstrom")
    }
    wanted |= {"ptr": whole["ptr"][:4], "edge_ptr": whole["edge_ptr"][:4], "names": whole["names"][:3]}
    wanted["sequence"] = np.array(str(whole["sequence"])[:residues])
    assert arrays_digest(found) == arrays_digest(wanted)


def test_files_of_another_form_are_refused(tmp_path: Path):
    fasta, _ = authors_files(tmp_path, {"1abcA": 10})
    np.save(tmp_path / "hmm" / "1abcA.npy", np.zeros((9, 20)))
    with pytest.raises(ValueError, match=r"1abcA.npy: expected an array \[10, 20\], got \[9, 20\]; take the file"):
        prepare_sites(fasta, tmp_path)
    fasta.write_text(">1abcA\nAAAA\n010\n")
    with pytest.raises(ValueError, match=r"some.fa: line 1: expected a name, a sequence and its labels"):
        read_sites(fasta)
