"""The risk of road accidents in Chicago, and how it is made of the authors' archive."""

import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.pickles import load_pickled_arrays
from gnn_toolkit.datasets.prepared import Arrays, fetch_prepared
from gnn_toolkit.datasets.traffic import edges_of
from gnn_toolkit.datasets.windows import TrafficSeries

CHICAGO_FEATURES = (
    *("risk", "inflow", "outflow"),
    *("temperature", "holiday", "clear", "cloudy", "rain", "snow", "mist"),
)
_START, _SIDE = datetime(2016, 2, 1), 20
_WEATHER = ("Clear", "Cloudy", "Rain", "Snow", "Mist")
_PARTS = {"all_data": "all", "grid_node_map": "cells", "road_adj": "road", "risk_adj": "risk", "risk_mask": "mask"}
_MOST = 1 << 30  # bytes of an unpacked member: the largest has some 0.4 or 0.8 thousand million


def load_chicago_accidents(graph: str = "road", *, download: bool = True) -> TrafficSeries:
    """Return the accident risk of 197 cells of Chicago, every hour of February to September 2016 (Wang et al. 2021).

    The features are ``CHICAGO_FEATURES``: accidents weighted by severity, taxi trips that end and begin in the cell,
    and, the same in all cells, temperature in kelvin, whether it is a holiday, and the weather, of which an hour may
    have none. Cells are named by row and column of the grid of 20 x 20; ``places`` are column and row. Each cell has
    edges from the ten that it is most like, weighted.

    The authors' archive is downloaded and made into arrays, with some 2 GB of memory, when it is first asked for.

    Args:
        graph: ``"road"``, cells whose roads are alike, or ``"risk"``, cells whose risk is.
        download: whether to download what is not at hand.

    Raises:
        ValueError: there is no such graph.
        DatasetUnavailableError: the file is altered, or neither here nor to be made of what is at its address.

    >>> load_chicago_accidents("roads")
    Traceback (most recent call last):
    ValueError: graph: expected one of road, risk, got 'roads'; did you mean 'road'?
    """
    choice("graph", graph, ("road", "risk"))
    arrays = fetch_prepared("chicago_accidents", "chicago_20x20.npz", prepare_chicago, download=download)
    cell, hours = arrays["node_cell"].astype(np.int64), len(arrays["risk"])
    own = [arrays[name].reshape(hours, -1)[:, cell] for name in ("risk", "inflow", "outflow")]
    shared = np.column_stack([arrays["temperature"], arrays["holiday"], arrays["weather"]])
    everywhere = np.broadcast_to(shared[:, None], (hours, len(cell), shared.shape[1]))
    values = torch.from_numpy(np.concatenate([np.stack(own, 2), everywhere], 2).astype(np.float32))
    rows, columns = np.divmod(cell, _SIDE)
    return TrafficSeries(
        values,
        torch.ones_like(values, dtype=torch.bool),
        *edges_of(arrays[f"{graph}_adj"].T),
        steps_per_day=24,
        names=tuple(f"{row},{column}" for row, column in zip(rows, columns, strict=True)),
        places=torch.from_numpy(np.column_stack([columns, rows])).float(),
        start=_START,
    )


def prepare_chicago(archive: Path) -> Arrays:
    """Return the arrays of the authors' ``chicago.zip``, without loss: pickles are read without running them.

    Of ``all_data_20_20.pkl`` [T, 41, 20, 20] channel 0 is the risk, 1 to 24 say the hour, 25 to 31 the day of the
    week, 32 is the holiday, 33 the temperature, 34 to 38 are the weather, 39 and 40 inflow and outflow.

    Raises:
        ValueError: a file is missing, or is not of that form.
    """
    parts = _parts(archive)
    whole, cells = parts["all"], parts["cells"]
    if whole.ndim != 4 or whole.shape[1:] != (41, _SIDE, _SIDE):
        remedy = "take the file from its source"
        raise ValueError(problem("all_data_20_20.pkl", "the shape [hours, 41, 20, 20]", list(whole.shape), remedy))
    first = whole[:, :, 0, 0]
    return {
        "risk": _exactly("risk", whole[:, 0], np.uint8),
        "inflow": _exactly("inflow", whole[:, 39], np.uint16),
        "outflow": _exactly("outflow", whole[:, 40], np.uint16),
        "hour": first[:, 1:25].argmax(1).astype(np.uint8),
        "day_of_week": first[:, 25:32].argmax(1).astype(np.uint8),
        "holiday": _exactly("holiday", first[:, 32], np.uint8),
        "temperature": first[:, 33].astype(np.float32),
        "weather": _exactly("weather", first[:, 34:39], np.uint8),
        "weather_names": np.array(_WEATHER),
        "node_cell": cells.argmax(0).astype(np.int16),
        "road_adj": parts["road"].astype(np.float32),
        "risk_adj": parts["risk"].astype(np.float32),
        "risk_mask": _exactly("risk_mask", parts["mask"], np.uint8),
    }


def _parts(archive: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the archive that count, by our names for them."""
    found = {}
    with zipfile.ZipFile(archive) as packed, TemporaryDirectory() as folder:
        members = {Path(member.filename).name: member for member in packed.infolist()}
        for part, name in _PARTS.items():
            title = f"{part}_20_20.pkl"
            if title not in members or members[title].file_size > _MOST:
                got = "none" if title not in members else f"{members[title].file_size} bytes"
                raise ValueError(problem(title, f"a file of at most {_MOST} bytes", got, "take chicago.zip anew"))
            path = Path(folder) / title
            path.write_bytes(packed.read(members[title]))
            found[name] = np.asarray(load_pickled_arrays(path))
            path.unlink()
    return found


def _exactly(name: str, values: np.ndarray, kind: type[np.unsignedinteger]) -> np.ndarray:
    """Return numbers as integers of a type, if they are such."""
    with np.errstate(invalid="ignore"):  # what is no number becomes one that is not equal
        converted = values.astype(kind)
    if not np.array_equal(converted, values):
        raise ValueError(problem(name, f"integers as {np.dtype(kind)} has them", "others", "take chicago.zip anew"))
    return converted
