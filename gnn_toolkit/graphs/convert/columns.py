"""The attributes of all nodes, all edges or the graph as columns: one tensor or list each."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress
from operator import itemgetter
from reprlib import repr as short
from types import NoneType
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit._checks import problem
from gnn_toolkit.graphs.convert.values import UNFIT, Values, converted_of

Missing = Literal["error", "fill", "drop"]
Names = Sequence[str] | Literal["all"] | Callable[..., bool] | None
TAKEN = {  # by PyG, which gives them a meaning of their own
    *("edge_index", "num_nodes", "batch", "ptr"),
    *("num_edges", "num_features", "num_node_features", "num_edge_features"),
}


@dataclass(frozen=True)
class Column:
    """One attribute of all rows.

    Attributes:
        name: what networkx calls it.
        key: what the data call it.
        values: a tensor of R rows or a list of R strings or lists of strings.
        form: what each value was, where a list would not do to restore it: ``"tuple"``, ``"array"`` or ``"tensor"``.
        mask: which rows have the attribute [R], if not all have it.
    """

    name: Any
    key: str
    values: Any
    form: str | None = None
    mask: Tensor | None = None


@dataclass(frozen=True)
class Table:
    """The attributes of all nodes or all edges, one record a row.

    Attributes:
        kind: ``"node"``, ``"edge"`` or ``"graph"``: what a row is.
        parts: reads the attributes of each row by name, some rows at a time, from the first row on.
        where: tells in words what stands at a row.
    """

    kind: Literal["node", "edge", "graph"]
    parts: Callable[[], Iterable[list[dict[Any, Any]]]]
    where: Callable[[int], str]


def columns(table: Table, missing: Missing, taken: Collection[str] = ()) -> list[Column]:
    """Return the columns of a table in the order in which their names first occur.

    Args:
        table: the records.
        missing: what happens to an attribute that not all rows have (``None`` counts as not having it): ``"error"``,
            ``"fill"`` with zeros, False or empty strings and a mask, or ``"drop"`` the column. ``"fill"`` leaves out
            what no row has; ``"drop"`` also what is neither numbers nor strings.
        taken: names that are others' already; a column with one of them, or with a name to which PyG gives a meaning,
            is called ``node_<name>`` or ``edge_<name>``.

    Raises:
        ValueError: if a value is neither numbers nor strings, or not in the form of the others; it is named with the
            row it stands at.

    >>> records = [{"age": 31, "club": "chess"}, {"club": "go"}]
    >>> table = Table("node", lambda: [records], lambda row: f"node {row}")
    >>> [(column.name, column.values, column.mask) for column in columns(table, "fill")]
    [('age', tensor([31,  0]), tensor([ True, False])), ('club', ['chess', 'go'], None)]
    """
    found = [_column(table, name, drafts, missing) for name, drafts in _drafted(table).items()]
    return [
        replace(c, key=f"{table.kind}_{c.key}") if c.key in taken or c.key in TAKEN else c
        for c in found
        if c is not None
    ]


def graph_columns(record: Mapping[Any, Any], taken: Collection[str]) -> list[Column]:
    """Return the attributes of the graph: numbers as tensors, anything else as it is.

    Args:
        record: the attributes by name.
        taken: names that are others' already; an attribute with one of them is called ``graph_<name>``.
    """
    found = []
    for name, value in record.items():
        key = f"graph_{name}" if str(name) in taken or str(name) in TAKEN else str(name)
        try:
            values = converted_of([value])[0]
        except UNFIT:
            values = value
        found.append(Column(name, key, values, _form_of({type(value)}) if isinstance(values, Tensor) else None))
    return found


def masks(found: Sequence[Column]) -> list[Column]:
    """Return the masks of the columns that have one as columns of their own."""
    named = ((f"{column.key}_mask", column.mask) for column in found if column.mask is not None)
    return [Column(name, name, mask) for name, mask in named]


def grouped(table: Table, found: list[Column], names: Names, target: str) -> list[Column]:
    """Return the columns, those in ``names`` joined side by side into one [R, F] called ``target``.

    ``"all"`` and Python's ``all``, which PyG takes, are all of them. With no rows, F is the number of names.

    Raises:
        ValueError: if a name is unknown, or a column is not numeric or does not fit the others, or is called ``target``
            and not among them.
    """
    if names is None:
        return found
    argument, names = f"group_{table.kind}_attrs", "all" if names is all else names
    if callable(names) or (isinstance(names, str) and names != "all"):
        raise ValueError(problem(argument, 'a list of names, or "all"', repr(names), f"pass [{names!r}]"))
    by_name = {str(column.name): column.values for column in found}
    chosen = list(by_name) if isinstance(names, str) else list(names)
    rest = [column for column in found if str(column.name) not in chosen]
    if any(column.key == target for column in rest):
        remedy = f"rename it, or join it with the others in {argument}"
        raise ValueError(problem(argument, f"no other {table.kind} attribute {target!r}", chosen, remedy))
    return [*rest, Column(target, target, _side_by_side(by_name, chosen, table, argument))]


def _side_by_side(by_name: Mapping[str, Values], chosen: list[str], table: Table, argument: str) -> Tensor:
    if not any(table.parts()):
        return torch.zeros(0, len(chosen))
    tensors = [values for values in map(by_name.get, chosen) if isinstance(values, Tensor)]
    tensors = [tensor[:, None] if tensor.dim() == 1 else tensor for tensor in tensors]
    if not tensors or len(tensors) < len(chosen) or len({tensor.shape[:-1] for tensor in tensors}) > 1:
        got = {name: _described(by_name[name][0]) if name in by_name else "unknown" for name in chosen}
        allowed = "names of numeric attributes of one shape up to the last dimension"
        raise ValueError(problem(argument, allowed, got or "none", f"the {table.kind}s have {list(by_name)}"))
    return torch.cat(tensors, dim=-1)


class Draft(NamedTuple):
    """A part of a column: the types in it, and what the values become if they are of one form."""

    types: frozenset[type]
    values: Values | None


def _drafted(table: Table) -> dict[Any, list[Draft]]:
    """Return each column by name in parts."""
    found: dict[Any, list[Draft]] = {}
    for place, part in enumerate(table.parts()):
        for name, values in (_uniform(part, found) or _mixed(part, found)).items():
            try:
                converted = converted_of(values)
            except UNFIT:
                converted = None
            drafts = found.setdefault(name, [Draft(frozenset({NoneType}), None)] * place)
            drafts.append(Draft(frozenset(map(type, values)), converted))
    return found


def _uniform(part: list[dict[Any, Any]], names: Iterable[Any]) -> dict[Any, list[Any]] | None:
    """Return the values of records that all have these names and no other; of other records None."""
    names = list(names)
    if set(map(len, part)) != {len(names)}:
        return None
    try:
        return {name: list(map(itemgetter(name), part)) for name in names}
    except KeyError:
        return None


def _mixed(part: list[dict[Any, Any]], names: Iterable[Any]) -> dict[Any, list[Any]]:
    names = dict.fromkeys(chain(names, chain.from_iterable(part)))
    return {name: [record.get(name) for record in part] for name in names}


def _column(table: Table, name: Any, drafts: list[Draft], missing: Missing) -> Column | None:
    types, mask = {kind for draft in drafts for kind in draft.types}, None
    if NoneType in types and missing == "drop":
        return None
    if types == {NoneType} and missing == "fill":
        return None
    converted = None if NoneType in types else _joined(drafts)
    if converted is None:
        try:
            converted, mask = _whole(table, name, types, missing)
        except ValueError:
            if missing == "drop":
                return None
            raise
    return Column(name, str(name), converted, _form_of(types - {NoneType}), mask)


def _joined(drafts: list[Draft]) -> Values | None:
    """Return the parts of a column as one, if they are of one form."""
    parts = [draft.values for draft in drafts if draft.types == drafts[0].types]
    tensors = [part for part in parts if isinstance(part, Tensor)]
    if len(tensors) == len(drafts) and len({(tensor.dtype, tensor.shape[1:]) for tensor in tensors}) == 1:
        return torch.cat(tensors)
    strings = [part for part in parts if isinstance(part, list)]
    return list(chain.from_iterable(strings)) if len(strings) == len(drafts) and drafts[0].types == {str} else None


def _whole(table: Table, name: Any, types: set[type], missing: Missing) -> tuple[Values, Tensor | None]:
    """Return a column and its mask, if it needs one, from all its values at once."""
    values = [record.get(name) for part in table.parts() for record in part]
    try:
        if NoneType not in types or missing == "error":
            return converted_of(values), None
        present = [value is not None for value in values]
        mask = torch.tensor(present)
        return _filled(converted_of(list(compress(values, present))), present, mask), mask
    except UNFIT as error:
        raise ValueError(_offence(table, name, values, missing)) from error


def _filled(values: Values, present: list[bool], mask: Tensor) -> Values:
    """Return the values at the rows that have them, and an empty one of their kind elsewhere."""
    if isinstance(values, Tensor):
        return values.new_zeros(len(mask), *values.shape[1:]).index_put((mask,), values)
    rows = iter(values)
    return [next(rows) if there else type(values[0])() for there in present]


def _form_of(types: set[type]) -> str | None:
    forms: Mapping[type, str] = {tuple: "tuple", np.ndarray: "array", Tensor: "tensor"}
    return forms.get(types.pop()) if len(types) == 1 else None


def _offence(table: Table, name: Any, values: list[Any], missing: Missing) -> str:
    """Say which value at which row keeps a column from being one."""
    rows = [row for row, value in enumerate(values) if value is not None or missing == "error"] or [0]
    forms = [_described(values[row]) for row in rows]
    at = next((i for i, form in enumerate(forms) if form != forms[0] or form in ("no value", "unfit")), 0)
    value, where = values[rows[at]], table.where(rows[at])
    plain = isinstance(value, np.ndarray) or (isinstance(value, Tensor) and value.layout == torch.strided)
    shown = short(value.tolist() if plain else value)
    got = f"{forms[at]} on {where}" if value is None else f"{shown} ({forms[at]}) on {where}"
    if at:
        got += f", not {forms[0]} as on {table.where(rows[0])}"
    calls = f"nx.set_{table.kind}_attributes(G, numbers, {name!r}) or nx.remove_{table.kind}_attributes(G, {name!r})"
    remedy = 'pass missing="fill" or "drop"' if value is None else f'pass missing="drop", or replace it: {calls}'
    return problem(f"{table.kind} attribute {name!r}", "numbers of one shape, or strings, everywhere", got, remedy)


def _described(value: Any) -> str:
    """Say in what all values of a column must agree."""
    if value is None:
        return "no value"
    try:
        column = converted_of([value])
    except UNFIT:
        return "unfit"
    if isinstance(column, Tensor):
        return f"{'a tensor' if isinstance(value, Tensor) else 'numbers'} of shape {list(column.shape[1:])}"
    return "a string" if isinstance(value, str) else "strings"
