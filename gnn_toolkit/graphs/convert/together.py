"""Several graphs of one data set: columns over the rows of all of them, and the cut into those of each."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import accumulate, chain
from typing import Any, Literal

import torch
from torch import Tensor

from gnn_toolkit._checks import problem
from gnn_toolkit.graphs.convert.columns import Column, Missing, Table, columns, graph_columns


def joined(kind: Literal["node", "edge"], tables: Sequence[Table], counts: Callable[[], list[int]]) -> Table:
    """Return tables of nodes or edges one below the other.

    Args:
        kind: what their rows are.
        tables: one a graph.
        counts: rows of each, once they have been read.
    """
    if len(tables) == 1:
        return tables[0]

    def where(row: int) -> str:
        ends = list(accumulate(counts()))
        graph = next(place for place, end in enumerate(ends) if row < end)
        return f"{tables[graph].where(row - (ends[graph - 1] if graph else 0))} of graph {graph}"

    return Table(kind, lambda: chain.from_iterable(table.parts() for table in tables), where)


def cut(found: Sequence[Column], counts: Sequence[int]) -> list[list[Column]]:
    """Return the columns of each graph, of so many rows each."""
    if len(counts) == 1:
        return [list(found)]
    ends = list(accumulate(counts))
    return [[_rows(column, end - count, end) for column in found] for count, end in zip(counts, ends, strict=True)]


def of_graphs(
    records: Sequence[Mapping[Any, Any]], missing: Missing, taken: Collection[str]
) -> tuple[list[list[Column]], list[list[Column]]]:
    """Return the attributes of each graph, and the masks of those that only some of several graphs have.

    Args:
        records: the attributes of each graph by name.
        missing: what happens to an attribute that not all graphs have.
        taken: names that are others' already.

    Raises:
        ValueError: an attribute that only some graphs have and that is not to be filled or dropped, or one that is
            numbers in some graphs only.
    """
    if len(records) == 1:
        return [graph_columns(records[0], taken)], [[]]
    names = dict.fromkeys(chain.from_iterable(records))
    everywhere = [name for name in names if all(name in record for record in records)]
    found = [graph_columns({name: record[name] for name in everywhere}, taken) for record in records]
    for place in range(len(everywhere)):
        same = _of_one_type(everywhere[place], [graph[place] for graph in found])
        for graph, column in zip(found, same, strict=True):
            graph[place] = column
    masks: list[list[Column]] = [[] for _ in records]
    for name in names:
        if name not in everywhere and missing != "drop":
            for number, column in enumerate(_filled(name, records, missing, taken)):
                found[number].append(column)
                mask = f"{column.key}_mask"
                masks[number].append(Column(mask, mask, column.mask))
    return found, masks


def _rows(column: Column, start: int, end: int) -> Column:
    values = column.values[start:end]
    mask = None if column.mask is None else column.mask[start:end].clone()
    return replace(column, values=values.clone() if isinstance(values, Tensor) else values, mask=mask)


def _of_one_type(name: Any, found: list[Column]) -> list[Column]:
    """Return the attribute of all graphs, numbers in the type that holds all of them."""
    tensors = [column.values for column in found if isinstance(column.values, Tensor)]
    if not tensors:
        return found
    if len(tensors) < len(found):
        graph = next(place for place, column in enumerate(found) if not isinstance(column.values, Tensor))
        raise _offence(name, f"{found[graph].values!r} of graph {graph}", "replace it, or delete the attribute")
    dtype = reduce(torch.promote_types, (tensor.dtype for tensor in tensors))
    return [replace(column, values=column.values.to(dtype)) for column in found]


def _filled(
    name: Any, records: Sequence[Mapping[Any, Any]], missing: Missing, taken: Collection[str]
) -> Iterable[Column]:
    lacking = next(place for place, record in enumerate(records) if name not in record)
    if missing == "error":
        raise _offence(name, f"none of graph {lacking}", 'pass missing="fill" or "drop"')
    rows = [{name: record.get(name)} for record in records]
    try:
        (column,) = columns(Table("graph", lambda: [rows], lambda row: f"graph {row}"), "fill", taken)
    except ValueError as error:
        raise _offence(name, "other values, which have no empty one of their kind", 'pass missing="drop"') from error
    mask = column.mask
    assert mask is not None  # some graph lacks it
    return [replace(column, values=column.values[row], mask=mask[row]) for row in range(len(records))]


def _offence(name: Any, got: str, remedy: str) -> ValueError:
    return ValueError(problem(f"graph attribute {name!r}", "numbers, or others, of every graph", got, remedy))
