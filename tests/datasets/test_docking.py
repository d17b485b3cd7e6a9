"""Docking Benchmark 5: what PDB files are made into, against the prepared arrays; and how it is had and kept."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests

from gnn_toolkit.datasets import DatasetUnavailableError, docking, load_card, load_docking_benchmark, prepared
from gnn_toolkit.datasets.docking import identity, join_complexes, prepare_complex
from gnn_toolkit.datasets.docking_complexes import COMPLEXES
from tests.datasets.structures import helix

SIX = ("2OOB", "1AY7", "1GCQ", "1FFW", "1KTZ", "1QA9")
# By how much what is made of a PDB file may differ from the prepared arrays: on the machine that wrote this test all
# are equal to the last bit. Depth, protrusion, distances and angles are kept in half precision, so that a last bit of
# a sum may move them by one step; of accessibility one of 96 points of one atom may fall on the other side.
TOLERANCES = {"ca": 0.0, "sc": 1e-4, "rsa": 0.02, "cx": 0.01, "depth": 0.02, "nbr_dist": 0.02, "nbr_angle": 2e-3}


def test_the_six_complexes_come_to_the_prepared_arrays(data_folder: Callable[[str], Path]):
    folder = data_folder("db5/structures-matched/2OOB_l_u.pdb").parent
    whole = {}
    for name in (docking.GRAPHS, docking.EXTRA):
        whole |= dict(np.load(data_folder(f"db5/{name}")))
    for name in SIX:
        made, place = prepare_complex(folder, name), list(whole["names"]).index(name)
        for side in "lr":
            first, last = whole[f"{side}_ptr"][place : place + 2]
            for key in ("aa", "id", "hsaac", "nbr"):
                assert np.array_equal(made[f"{side}_{key}"], whole[f"{side}_{key}"][first:last]), (name, side, key)
            for key, allowed in TOLERANCES.items():
                mine, theirs = (
                    each.astype(np.float64) for each in (made[f"{side}_{key}"], whole[f"{side}_{key}"][first:last])
                )
                assert np.array_equal(np.isnan(mine), np.isnan(theirs))
                assert np.nanmax(np.abs(mine - theirs)) <= allowed, (name, side, key)
        first, last = whole["p_ptr"][place : place + 2]
        assert np.array_equal(made["pairs"], whole["pairs"][first:last])
        assert identity(made) == COMPLEXES[name].identity


def test_the_benchmark_is_as_its_card_says(data_folder: Callable[[str], Path]):
    data_folder("db5/db5_extra_features.npz")
    complexes = load_docking_benchmark(download=False)
    assert (len(complexes), sum(one.is_test for one in complexes)) == (230, 55)
    assert [one.name for one in complexes] == list(COMPLEXES)
    positive = [sum(len(one.pairs) for one in complexes if one.is_test is part) for part in (False, True)]
    assert positive == [15437, 4669]
    one = complexes[0]
    assert one.ligand["x"].shape == (195, 70)
    assert one.ligand.residue[:3] == ["B:8 Q", "B:9 V", "B:10 Q"]
    assert one.receptor["edge_index"].shape == (2, 244 * 20)
    assert one.receptor["edge_attr"].min() >= 0
    assert one.receptor["edge_attr"].max() <= 1
    assert one.receptor.rank.view(-1, 20)[5].tolist() == list(range(20))
    assert not np.isnan(sum(float(each.ligand["x"].sum()) for each in complexes))


def structures(folder: Path, shift: float = 9.0) -> Path:
    """Write the files of two complexes of two helices; the second residue of the bound ligand is missing."""
    folder.mkdir(parents=True)
    for name in ("1AAA", "1BBB"):
        ligand, receptor = helix("AGKLSEKA", "B"), helix("LKAGELSW", "A", (shift, 0, 0))
        bound = "".join(line for line in ligand.splitlines(keepends=True) if "GLY B   2" not in line)
        for part, text in (("l_u", ligand), ("l_b-matched", bound), ("r_u", receptor), ("r_b-matched", receptor)):
            (folder / f"{name}_{part}.pdb").write_text(text + "END\n")
    return folder


def test_residues_that_the_bound_form_lacks_are_left_out(tmp_path: Path):
    arrays = prepare_complex(structures(tmp_path / "all"), "1AAA")
    assert "B:2" not in arrays["l_id"]
    assert len(arrays["l_id"]) == 7
    assert len(arrays["r_id"]) == 8
    assert arrays["pairs"].min() == 0
    assert (arrays["pairs"].max(0) < (7, 8)).all()


def test_a_complex_without_contacts_is_refused_by_name(tmp_path: Path):
    folder = structures(tmp_path / "all", shift=60)
    with pytest.raises(ValueError, match=r"^1AAA: expected residues within 6 Å of the other partner, got none"):
        prepare_complex(folder, "1AAA")
    (folder / "1AAA_l_b-matched.pdb").write_text(helix("AGKLSEKA", "C") + "END\n")
    with pytest.raises(ValueError, match=r"^1AAA, ligand: expected residues that both forms have, got 0 of 8"):
        prepare_complex(folder, "1AAA")


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """The benchmark as two complexes on a server; yields the cache's folder and the files that were asked for."""
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: str(tmp_path / name))
    source, asked = structures(tmp_path / "server"), []
    made = {name: prepare_complex(source, name) for name in ("1AAA", "1BBB")}
    entries = {name: type(COMPLEXES["1A2K"])(name == "1BBB", identity(one)) for name, one in made.items()}
    monkeypatch.setattr(docking, "COMPLEXES", entries)

    def stream(file, target: Path) -> None:
        asked.append(file.name)
        content, done = (source / file.name).read_bytes(), target.stat().st_size
        assert file.url.endswith(f"structures-matched/{file.name}")
        if len(asked) == 3:  # breaks off
            target.write_bytes(content[:500])
            raise requests.ConnectionError("gone")
        assert target.read_bytes() == content[:done]
        with target.open("ab") as sink:
            sink.write(content[done:])

    monkeypatch.setattr(prepared, "stream", stream)
    return tmp_path / "gnn_toolkit" / "db5", asked


def test_an_interrupted_download_goes_on_and_what_is_made_is_kept(two: tuple[Path, list[str]]):
    cache, asked = two
    with pytest.raises(DatasetUnavailableError, match="expected all files, got 0 of 8; allow the download"):
        load_docking_benchmark(download=False)
    with pytest.raises(DatasetUnavailableError, match=r"1AAA_r_u.pdb: expected a file at https://raw.*, got gone"):
        load_docking_benchmark()
    assert (cache / "structures-matched" / "1AAA_r_u.pdb.part").stat().st_size == 500
    first = load_docking_benchmark()
    assert asked == [*asked[:3], *asked[2:3], *asked[4:]]
    assert len(asked) == 9
    assert [(one.name, one.is_test) for one in first] == [("1AAA", False), ("1BBB", True)]
    shutil.rmtree(cache / "structures-matched")
    assert load_docking_benchmark(download=False)[0].ligand["x"].equal(first[0].ligand["x"])
    assert len(asked) == 9


def test_what_is_kept_is_made_anew_where_it_is_damaged_or_of_another_version(
    two: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
):
    cache, asked = two
    asked += [""] * 3
    load_docking_benchmark()
    kept = cache / "residues-1.npz"
    arrays = dict(np.load(kept))
    np.savez_compressed(kept, **arrays | {"l_rsa": arrays["l_rsa"] + 1})
    assert prepared.cached_arrays("db5", kept.name) is None
    (cache / "structures-matched" / "1AAA_l_u.pdb").unlink()
    with pytest.raises(DatasetUnavailableError, match="got 7 of 8"):
        load_docking_benchmark(download=False)
    load_docking_benchmark()
    monkeypatch.setattr(docking, "VERSION", 2)
    load_docking_benchmark(download=False)
    assert (cache / "residues-2.npz").is_file()


def test_complexes_that_differ_from_those_of_the_records_are_named(
    two: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
):
    two[1].extend([""] * 3)
    entries = docking.COMPLEXES | {"1BBB": docking.COMPLEXES["1BBB"]._replace(identity="00000000")}
    monkeypatch.setattr(docking, "COMPLEXES", entries)
    with pytest.warns(UserWarning, match=r"db5: residues or pairs of 1 of 2 complexes are not those .*: 1BBB"):
        load_docking_benchmark()


def test_complexes_stand_one_after_another(tmp_path: Path):
    one = prepare_complex(structures(tmp_path / "all"), "1AAA")
    whole = join_complexes([("1AAA", False, one), ("1BBB", True, one)])
    assert whole["l_ptr"].tolist() == [0, 7, 14]
    assert whole["r_ptr"].tolist() == [0, 8, 16]
    assert np.array_equal(whole["pairs"][whole["p_ptr"][1] :], one["pairs"])


def test_the_card_names_the_originals_at_a_commit():
    for file in load_card("db5").prepared:
        assert file.url.startswith("https://raw.githubusercontent.com/haddocking/BM5-clean/ff8ee220587a84fc")
        assert file.url.endswith("/structures-matched/")
