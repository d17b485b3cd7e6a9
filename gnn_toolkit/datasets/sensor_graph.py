"""The graph of sensors from CSV files: a matrix, or a list of pairs with distances or weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.tables import count_of, read_rows
from gnn_toolkit.datasets.timestamps import is_number

WEIGHTS = ("weight", "weights", "w", "share")  # columns that hold weights; any other holds distances
LEAST = 0.1  # weights of distances below this are no edges
LATITUDE, LONGITUDE = ("latitude", "lat", "y"), ("longitude", "lon", "lng", "long", "x")


@dataclass(frozen=True)
class SensorGraph:
    """The edges between sensors.

    Attributes:
        edge_index: [2, E].
        edge_weight: [E].
        notes: what was dropped, a sentence each.
    """

    edge_index: np.ndarray
    edge_weight: np.ndarray
    notes: list[str]


def read_sensor_graph(path: Path, names: tuple[str, ...]) -> SensorGraph:
    """Return the edges between the named sensors from a CSV file.

    It is a matrix, in the order of the sensors or with their names in the first line and, if there is one, the first
    column; entry (u, v) is the weight of the edge u -> v. Or it is a list: from, to and a weight (a column of that name
    in the header) or a distance d, of which

        weight = exp(-(d / sigma)^2), no edge where that is below 0.1     (Li et al. 2018, section 4)

    with the standard deviation sigma of all distances. Loops are left out: every layer adds its own.

    Raises:
        ValueError: neither of these, or a weight that is no number from 0.
        OSError: it cannot be read.
    """
    header, rows = read_rows(path)
    if len(header) in (2, 3) and not any(map(is_number, header)) and not set(header) & set(names):
        return _pairs(path, header, rows, names)
    if len(header) in (2, 3) and {*header[:2]} <= set(names) and len(rows) not in (len(header) - 1, len(header)):
        return _pairs(path, ["from", "to", "distance"][: len(header)], [header, *rows], names)
    return _matrix(path, [header, *rows], names)


def _matrix(path: Path, rows: list[list[str]], names: tuple[str, ...]) -> SensorGraph:
    labels, notes = list(names), []
    if len(rows) == max(map(len, rows)) + 1 or not all(map(is_number, rows[0])):
        labels, rows = rows[0], rows[1:]
        if rows and len(labels) == len(rows) + 1:  # a corner over the first column
            labels = labels[1:]
        if rows and len(rows[0]) == len(labels) + 1:
            rows = [row[1:] for row in rows]
    size = len(rows)
    if any(len(row) != size for row in rows) or size != len(labels):
        got = f"{size} rows of {len(rows[0]) if rows else 0} cells"
        remedy = "give one row and column a sensor, or a list with the header from,to,distance"
        raise ValueError(problem(str(path), f"a matrix of the {len(names)} sensors", got, remedy))
    matrix = np.array([[_weight(path, cell) for cell in row] for row in rows])
    np.fill_diagonal(matrix, 0.0)
    place = {name: k for k, name in enumerate(names)}
    kept = np.array([k for k, label in enumerate(labels) if label in place], dtype=int)
    if len(kept) < size:
        notes.append(f"left out {count_of(size - len(kept), 'sensor')} of {path.name}: without readings")
    number = np.array([place[labels[k]] for k in kept], dtype=int)
    u, v = matrix[np.ix_(kept, kept)].nonzero()
    weight = matrix[kept[u], kept[v]]
    return SensorGraph(np.stack([number[u], number[v]]), weight, notes + _alone(names, number[u], number[v]))


def _pairs(path: Path, header: list[str], rows: list[list[str]], names: tuple[str, ...]) -> SensorGraph:
    place, notes = {name: k for k, name in enumerate(names)}, []
    if any(len(row) != len(header) for row in rows):
        raise ValueError(problem(str(path), f"rows of {len(header)} cells", "others", "correct the rows"))
    inside = [row for row in rows if row[0] in place and row[1] in place]
    if len(inside) < len(rows):
        notes.append(f"left out {count_of(len(rows) - len(inside), 'pair')} of {path.name}: a sensor without readings")
    if rows and not inside:
        remedy = f"the readings have e.g. {names[0]!r}"
        raise ValueError(problem(str(path), "names of sensors that have readings", repr(rows[0][0]), remedy))
    number = np.array([[place[row[0]], place[row[1]]] for row in inside], dtype=int).reshape(-1, 2).T
    cost = np.array([_weight(path, row[2]) if len(row) > 2 else 1.0 for row in inside])
    if len(header) > 2 and header[2].lower() not in WEIGHTS:
        apart = cost[number[0] != number[1]]
        sigma = float(apart.std()) or float(apart.mean()) if len(apart) else 1.0
        cost = np.exp(-np.square(cost / (sigma or 1.0)))
        far = int((cost < LEAST).sum())
        if len(apart) and far >= int((number[0] != number[1]).sum()):
            got = f"{count_of(len(apart), 'distance')} of deviation {sigma:.4g}, by which every pair is far apart"
            remedy = "give a column of weights, or the distances of pairs that are no neighbours, too"
            raise ValueError(problem(str(path), "distances from near to far", got, remedy))
        if far:
            notes.append(f"left out {count_of(far, 'pair')} of {path.name}: so far apart that it weighs below {LEAST}")
        cost = np.where(cost < LEAST, 0.0, cost)
    joined = (number[0] != number[1]) & (cost > 0)
    number, cost = number[:, joined], cost[joined]
    _, first = np.unique(number, axis=1, return_index=True)
    if len(first) < len(cost):
        notes.append(f"left out {count_of(len(cost) - len(first), 'pair')} of {path.name} that came before")
    number, cost = number[:, np.sort(first)], cost[np.sort(first)]
    return SensorGraph(number, cost, notes + _alone(names, *number))


def _alone(names: tuple[str, ...], u: np.ndarray, v: np.ndarray) -> list[str]:
    """Note the sensors without a neighbour."""
    alone = sorted(set(range(len(names))) - set(u.tolist()) - set(v.tolist()))
    return [f"found {count_of(len(alone), 'sensor')} without a neighbour, e.g. {names[alone[0]]!r}"] if alone else []


def read_places(path: Path, names: tuple[str, ...]) -> np.ndarray:
    """Return longitude and latitude, or x and y, of the named sensors [N, 2] from a CSV file; nan where it has none.

    Raises:
        ValueError: it has no such columns, or none of the sensors.
        OSError: it cannot be read.
    """
    header, rows = read_rows(path)
    lower = [name.lower() for name in header]
    columns = [next((lower.index(name) for name in some if name in lower), None) for some in (LONGITUDE, LATITUDE)]
    if None in columns:
        remedy = "name two of them longitude and latitude"
        raise ValueError(problem(str(path), "columns of places", ", ".join(header), remedy))
    place, found = {name: k for k, name in enumerate(names)}, np.full((len(names), 2), np.nan)
    whole = [row for row in rows if len(row) == len(header)]
    label = max(range(len(header)), key=lambda k: sum(row[k] in place for row in whole))
    for row in whole:
        if row[label] in place:
            found[place[row[label]]] = [
                float(row[k]) if is_number(row[k]) else np.nan for k in columns if k is not None
            ]
    if np.isnan(found).all():
        raise ValueError(problem(str(path), "names of sensors that have readings", "none of them", "check the names"))
    return found


def _weight(path: Path, cell: str) -> float:
    """Return a weight or a distance."""
    if not is_number(cell) or not 0 <= float(cell) < np.inf:
        raise ValueError(problem(str(path), "numbers from 0", repr(cell), "write 0 where there is no edge"))
    return float(cell)
