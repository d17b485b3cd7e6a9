"""Chicago's accidents: as the authors' archive has them, whether prepared here or made of the archive."""

import pickle
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pooch
import pytest

from gnn_toolkit.datasets import (
    CHICAGO_FEATURES,
    DatasetCard,
    DatasetUnavailableError,
    PreparedFile,
    load_card,
    load_chicago_accidents,
)
from gnn_toolkit.datasets import prepared as prepared_files
from gnn_toolkit.datasets.chicago import prepare_chicago
from gnn_toolkit.datasets.prepared import Arrays, arrays_digest, fetch_prepared

HOURS, SIDE = 30, 20


def small() -> Arrays:
    """Thirty hours in the form of the prepared file, with two cells that have roads."""
    random = np.random.default_rng(0)
    square = (HOURS, SIDE, SIDE)
    return {
        "risk": random.integers(0, 18, square).astype(np.uint8),
        "inflow": random.integers(0, 300, square).astype(np.uint16),
        "outflow": random.integers(0, 300, square).astype(np.uint16),
        "hour": (np.arange(HOURS) % 24).astype(np.uint8),
        "day_of_week": (np.arange(HOURS) // 24).astype(np.uint8),
        "holiday": (np.arange(HOURS) > 20).astype(np.uint8),
        "temperature": random.uniform(250, 300, HOURS).astype(np.float32),
        "weather": np.eye(5, dtype=np.uint8)[np.arange(HOURS) % 5],
        "weather_names": np.array(["Clear", "Cloudy", "Rain", "Snow", "Mist"]),
        "node_cell": np.array([5, 399], dtype=np.int16),
        "road_adj": np.array([[1.0, 0.5], [0.0, 1.0]], dtype=np.float32),
        "risk_adj": np.ones((2, 2), dtype=np.float32),
        "risk_mask": random.integers(0, 2, (SIDE, SIDE)).astype(np.uint8),
    }


def archive(path: Path, arrays: Arrays, leave_out: str = "") -> Path:
    """Write arrays as the authors' note describes their archive."""
    whole = np.zeros((HOURS, 41, SIDE, SIDE), dtype=np.float32)
    for channel, name in ((0, "risk"), (39, "inflow"), (40, "outflow")):
        whole[:, channel] = arrays[name]
    for first, width, values in (
        (1, 24, np.eye(24)[arrays["hour"]]), (25, 7, np.eye(7)[arrays["day_of_week"]]),
        (32, 1, arrays["holiday"][:, None]), (33, 1, arrays["temperature"][:, None]), (34, 5, arrays["weather"]),
    ):  # fmt: skip
        whole[:, first : first + width] = values[..., None, None]
    parts = {
        "all_data": whole, "grid_node_map": np.eye(SIDE * SIDE)[arrays["node_cell"]].T, "road_adj": arrays["road_adj"],
        "risk_adj": arrays["risk_adj"], "risk_mask": arrays["risk_mask"].astype(np.float32),
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, values in parts.items():
            if name != leave_out:
                packed.writestr(f"chicago/{name}_20_20.pkl", pickle.dumps(values))
    return path


def test_the_archive_becomes_the_arrays_without_loss(tmp_path: Path):
    made = prepare_chicago(archive(tmp_path / "chicago.zip", small()))
    assert made.keys() == small().keys()
    assert arrays_digest(made) == arrays_digest(small())


def test_an_archive_of_another_form_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"^road_adj_20_20.pkl: expected a file of at most \d+ bytes, got none"):
        prepare_chicago(archive(tmp_path / "chicago.zip", small(), "road_adj"))
    halves = small() | {"risk": np.full((HOURS, SIDE, SIDE), 0.5)}
    with pytest.raises(ValueError, match=r"^risk: expected integers as uint8 has them"):
        prepare_chicago(archive(tmp_path / "chicago.zip", halves))


def card(arrays: Arrays) -> DatasetCard:
    file = PreparedFile("small.npz", "https://example.org/chicago.zip", arrays_digest(arrays), 1 << 24)
    return DatasetCard("small", "T", "D", "L", "C", "a/b", prepared=(file,))


def test_what_is_not_at_hand_is_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: str(tmp_path / name))
    source, asked = archive(tmp_path / "chicago.zip", small()), []
    monkeypatch.setattr(prepared_files, "stream", lambda file, to: asked.append(to.write_bytes(source.read_bytes())))
    with pytest.raises(DatasetUnavailableError, match="expected a file at hand"):
        fetch_prepared(card(small()), "small.npz", prepare_chicago, download=False)
    for _ in range(2):
        found = fetch_prepared(card(small()), "small.npz", prepare_chicago)
        assert arrays_digest(found) == arrays_digest(small())
    assert len(asked) == 1
    kept = tmp_path / "gnn_toolkit" / "a" / "b" / "small.npz"
    kept.write_bytes(kept.read_bytes()[:-40])
    fetch_prepared(card(small()), "small.npz", prepare_chicago)
    assert len(asked) == 2
    with pytest.raises(DatasetUnavailableError, match="the original is another one"):
        fetch_prepared(card(small() | {"hour": np.zeros(3)}), "small.npz", prepare_chicago)


def test_the_folder_of_the_user_comes_first_and_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GNN_TOOLKIT_DATA", str(tmp_path))
    (tmp_path / "a" / "b").mkdir(parents=True)
    place = tmp_path / "a" / "b" / "small.npz"
    np.savez_compressed(place, **small())
    assert arrays_digest(fetch_prepared(card(small()), "small.npz", prepare_chicago)) == arrays_digest(small())
    altered: list[Arrays | None] = [small() | {"risk": np.zeros(3)}, None]
    for content in altered:
        place.write_bytes(b"no archive") if content is None else np.savez_compressed(place, **content)
        with pytest.raises(DatasetUnavailableError, match="replace the file, or remove it"):
            fetch_prepared(card(small()), "small.npz", prepare_chicago)


def test_the_card_names_the_original_at_a_commit():
    (file,) = load_card("chicago_accidents").prepared
    assert file.url.startswith("https://api.github.com/repos/faceless0124/MGHSTN/contents/data/chicago.zip?ref=54adf7a")
    with pytest.raises(ValueError, match=r"^name: expected one of chicago_20x20.npz, got 'chicago.npz'"):
        load_card("chicago_accidents").prepared_file("chicago.npz")


@pytest.mark.parametrize("graph", ["road", "risk"])
def test_the_series_is_the_published_one(data_folder: Callable[[str], Path], graph: str):
    data_folder("traffic/chicago_accidents/chicago_20x20.npz")
    series = load_chicago_accidents(graph)
    assert series.values.shape == (5832, 197, len(CHICAGO_FEATURES))
    assert (series.start, series.time(5831)) == (datetime(2016, 2, 1), datetime(2016, 9, 30, 23))
    risk = series.values[..., 0]
    assert (float(risk.sum()), float(risk.max())) == (28043.0, 17.0)
    assert float((risk == 0).float().mean()) == pytest.approx(0.978, abs=5e-4)
    assert (series.values[..., 3:] == series.values[:, :1, 3:]).all()
    assert series.edge_index.size(1) == 2167 - 197
    assert series.edge_index[1].bincount().unique().tolist() == [10]
    assert series.places is not None
    assert series.places[0].tolist() == [5.0, 0.0]
    assert series.names[0] == "0,5"


def test_a_file_is_made_of_many_originals_which_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: str(tmp_path / name))
    wanted, asked = {"a": np.arange(2), "b": np.arange(3)}, []

    def stream(file: PreparedFile, target: Path) -> None:
        asked.append(file.url)
        with target.open("wb") as sink:
            np.save(sink, wanted[Path(file.name).stem])

    monkeypatch.setattr(prepared_files, "stream", stream)
    file = PreparedFile("both.npz", "https://example.org/parts/", arrays_digest(wanted), 1 << 10)
    two = DatasetCard("two", "T", "D", "L", "C", prepared=(file,))
    originals = ("x/a.npy", "b.npy")

    def prepare(folder: Path) -> Arrays:
        return {Path(one).stem: np.load(folder / one) for one in originals}

    with pytest.raises(DatasetUnavailableError, match=r"two/originals: expected all files, got 0 of 2; allow"):
        fetch_prepared(two, "both.npz", prepare, originals=originals, download=False)
    assert arrays_digest(fetch_prepared(two, "both.npz", prepare, originals=originals)) == arrays_digest(wanted)
    assert asked == ["https://example.org/parts/x/a.npy", "https://example.org/parts/b.npy"]
    (tmp_path / "gnn_toolkit" / "two" / "both.npz").unlink()
    fetch_prepared(two, "both.npz", prepare, originals=originals, download=False)
    assert len(asked) == 2
    (tmp_path / "gnn_toolkit" / "two" / "both.npz").unlink()

    def broken(folder: Path) -> Arrays:
        raise ValueError("broken")

    with pytest.raises(DatasetUnavailableError, match=r"two/both.npz: expected an original at https.*, got broken;"):
        fetch_prepared(two, "both.npz", broken, originals=originals)
