import re
from array import array
from collections import deque
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from gnn_toolkit.graphs.convert.columns import Column, Table, columns, graph_columns, grouped, masks

PART = 3


def table(*records: dict[Any, Any]) -> Table:
    parts = [list(records[start : start + PART]) for start in range(0, len(records), PART)]
    return Table("node", lambda: parts, lambda row: f"node 'n{row}'")


def column(*values: Any, missing: Any = "error") -> Column:
    (found,) = columns(table(*({} if value is ... else {"a": value} for value in values)), missing)
    return found


@pytest.mark.parametrize(
    ("values", "expected", "dtype", "form"),
    [
        ((1.5, 2.5), [1.5, 2.5], torch.float32, None),
        ((1, -(2**63)), [1, -(2**63)], torch.int64, None),
        ((True, False), [True, False], torch.bool, None),
        ((1j, 2.0), [1j, 2.0], torch.complex64, None),
        ((np.float64(1.5), 2.5), [1.5, 2.5], torch.float64, None),
        ((np.int32(1), np.int32(2)), [1, 2], torch.int32, None),
        ((np.complex128(1j),), [1j], torch.complex128, None),
        (([1.5, 2.5], (1.5, 2)), [[1.5, 2.5], [1.5, 2.0]], torch.float32, None),
        (((1, 2), (3, 4)), [[1, 2], [3, 4]], torch.int64, "tuple"),
        (([], []), [[], []], torch.float32, None),
        (([[1], [2]],), [[[1], [2]]], torch.int64, None),
        ((np.ones(2), np.zeros(2)), [[1.0, 1.0], [0.0, 0.0]], torch.float64, "array"),
        ((np.array(3, np.uint8),), [3], torch.uint8, "array"),
        (([np.float32(1), np.float32(2)],), [[1.0, 2.0]], torch.float32, None),
        ((torch.ones(2).bfloat16(),), [[1.0, 1.0]], torch.bfloat16, "tensor"),
        (([torch.tensor(1.0)], [torch.tensor(2.0)]), [[1.0], [2.0]], torch.float32, None),
    ],
)
def test_numbers_become_a_tensor_and_their_form_is_told(values: Any, expected: Any, dtype: Any, form: Any) -> None:
    found = column(*values)
    assert (found.name, found.key, found.values.tolist()) == ("a", "a", expected)
    assert (found.values.dtype, found.form, found.mask) == (dtype, form, None)


@pytest.mark.parametrize("values", [("one", "two"), (["a"], ["b", "c"], []), (("a", "b"),), ([["a"], []],)])
def test_strings_and_lists_of_strings_stay_as_they_are(values: Any) -> None:
    assert column(*values).values == list(values)


def test_names_that_stand_in_no_part_before_are_found_in_every_later_one() -> None:
    rows: list[dict[Any, Any]] = [{"a": 1}] * PART + [{"b": 2}] * PART + [{"a": 1}, {"b": 2}]
    found = {c.name: c for c in columns(table(*rows), "fill")}
    expected = {"a": [1] * PART + [0] * PART + [1, 0], "b": [0] * PART + [2] * PART + [0, 2]}
    assert {name: c.values.tolist() for name, c in found.items()} == expected
    assert all(c.mask is not None and torch.equal(c.mask, c.values > 0) for c in found.values())


def test_columns_of_several_parts_are_what_short_ones_are() -> None:
    assert column(*[1] * PART, 2.5).values.tolist() == [1.0] * PART + [2.5]
    assert column(*[True] * PART, 2).values.tolist() == [1] * PART + [2]
    assert column(*["a"] * PART, "b").values == ["a"] * PART + ["b"]
    assert column(*[["a"]] * PART, ("b", "c")).values == [["a"]] * PART + [("b", "c")]
    assert column(*[(1, 2)] * PART, (3, 4)).form == "tuple"
    assert column(*[(1, 2)] * PART, [3, 4]).form is None
    for last in ("a", [1], torch.tensor(1), ["a"]):
        with pytest.raises(ValueError, match=r"on node 'n3', not numbers of shape \[\] as on node 'n0'"):
            column(*[1] * PART, last)


@pytest.mark.parametrize(
    ("values", "filled"),
    [
        ((1.5, ..., 2.5), [1.5, 0.0, 2.5]),
        ((..., 3, None), [0, 3, 0]),
        ((True, ...), [True, False]),
        (([1, 2], ...), [[1, 2], [0, 0]]),
        ((torch.ones(2), ...), [[1.0, 1.0], [0.0, 0.0]]),
        ((..., "s"), ["", "s"]),
        ((..., ["s", "t"]), [[], ["s", "t"]]),
    ],
)
def test_fill_gives_an_empty_value_and_a_mask(values: Any, filled: Any) -> None:
    found = column(*values, missing="fill")
    assert found.mask is not None
    assert found.mask.tolist() == [value is not ... and value is not None for value in values]
    assert (found.values.tolist() if isinstance(found.values, torch.Tensor) else found.values) == filled
    (mask,) = masks([found])
    assert (mask.name, mask.key, mask.values is found.mask) == ("a_mask", "a_mask", True)


def test_fill_keeps_the_dtype_and_the_gradient_and_masks_only_where_something_is_missing() -> None:
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    found = column(weight[0], ..., weight[1], missing="fill")
    found.values.sum().backward()
    assert (found.values.dtype, torch.as_tensor(weight.grad).tolist()) == (torch.float64, [1.0, 1.0])
    complete = column(1, 2, missing="fill")
    assert (complete.mask, masks([complete])) == (None, [])


def test_drop_leaves_out_what_some_rows_lack_or_what_fits_no_column_and_nothing_else() -> None:
    rows = [{"a": 1, "b": 1, "c": None, "d": {}, "e": 1}, {"b": 2, "c": {}, "d": {}, "e": "x"}]
    assert [(c.name, c.values.tolist()) for c in columns(table(*rows), "drop")] == [("b", [1, 2])]


@pytest.mark.parametrize("missing", ["fill", "drop"])
def test_what_no_row_has_is_left_out(missing: Any) -> None:
    assert columns(table({"a": None}, {"a": None}), missing) == []


class Colour(IntEnum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, torch.tensor([1, 1])),
        (Point(1, 2), torch.tensor([[1, 2], [1, 2]])),
        (torch.Size([3]), torch.tensor([[3], [3]])),
        ([Point(1, 2)], torch.tensor([[[1, 2]], [[1, 2]]])),
        (np.float16(2.0), torch.tensor([2.0, 2.0], dtype=torch.float16)),
        (np.array(3), torch.tensor([3, 3])),
    ],
)
def test_kinds_of_numbers_and_lists_are_numbers_and_lists(value: Any, expected: torch.Tensor) -> None:
    found = column(value, value)
    assert found.values.dtype == expected.dtype
    assert torch.equal(found.values, expected)


@pytest.mark.parametrize(
    "value",
    [
        range(3),
        deque([1, 2]),
        bytearray(b"ab"),
        memoryview(b"ab"),
        array("d", [1.0]),
        np.ma.masked_array([1.0, 2.0], mask=np.array([False, True])),
        [bytearray(b"a")],
        Decimal(1),
        datetime(2026, 1, 1),
        np.datetime64("2026-01-01"),
        [1, None],
        torch.eye(2).to_sparse(),
    ],
)
def test_what_only_numpy_takes_for_numbers_is_no_column(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^node attribute 'a': expected numbers of one shape, .* \(unfit\)"):
        column(value, value)


NUMBERS = "numbers of shape []"


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ((1, "two"), f"'two' (a string) on node 'n1', not {NUMBERS} as on node 'n0'"),
        (("one", 2), f"2 ({NUMBERS}) on node 'n1', not a string as on node 'n0'"),
        (("one", ["two"]), "['two'] (strings) on node 'n1', not a string as on node 'n0'"),
        (([1, 2], [1, 2], [1]), "[1] (numbers of shape [1]) on node 'n2', not numbers of shape [2] as on node 'n0'"),
        ((1, [1]), f"[1] (numbers of shape [1]) on node 'n1', not {NUMBERS} as on node 'n0'"),
        ((torch.ones(2), [1.0, 1.0]), "[1.0, 1.0] (numbers of shape [2]) on node 'n1', not a tensor of shape [2] as"),
        ((torch.ones(2), torch.ones(3)), "[1.0, 1.0, 1.0] (a tensor of shape [3]) on node 'n1', not a tensor of"),
        (([[1], [1, 2]],), "[[1], [1, 2]] (unfit) on node 'n0'"),
        (([1, [2]],), "[1, [2]] (unfit) on node 'n0'"),
        (([{1: 2}, [3]],), "[{1: 2}, [3]] (unfit) on node 'n0'"),
        (([1, "tag"],), "[1, 'tag'] (unfit) on node 'n0'"),
        ((1, {"k": 1}), f"{{'k': 1}} (unfit) on node 'n1', not {NUMBERS} as on node 'n0'"),
        (({1, 2},), "{1, 2} (unfit) on node 'n0'"),
        ((np.uint64(1),), "np.uint64(1) (unfit) on node 'n0'"),
        ((1, 2**63), f"9223372036854775808 (unfit) on node 'n1', not {NUMBERS} as on node 'n0'"),
        ((2**63, -1), "9223372036854775808 (unfit) on node 'n0'"),
        ((b"bytes",), "b'bytes' (unfit) on node 'n0'"),
    ],
)
def test_what_fits_no_column_is_named_with_its_row_and_value(values: tuple[Any, ...], got: str) -> None:
    calls = "nx.set_node_attributes(G, numbers, 'a') or nx.remove_node_attributes(G, 'a')"
    remedy = f'pass missing="drop", or replace it: {calls}'
    with pytest.raises(
        ValueError, match=rf"^node attribute 'a': expected .*, got {re.escape(got)}.*; {re.escape(remedy)}$"
    ):
        column(*values)


@pytest.mark.parametrize(
    ("values", "missing", "got"),
    [
        ((1.5, 2.5, ...), "error", f"no value on node 'n2', not {NUMBERS} as on node 'n0'"),
        ((*[...] * PART, 2.5), "error", "no value on node 'n0'"),
        ((1, None), "error", f"no value on node 'n1', not {NUMBERS} as on node 'n0'"),
        ((None, None), "error", "no value on node 'n0'"),
    ],
)
def test_a_row_without_a_value_is_named(values: tuple[Any, ...], missing: str, got: str) -> None:
    remedy = 'pass missing="fill" or "drop"'
    with pytest.raises(ValueError, match=rf"^node attribute 'a': expected .*, got {re.escape(got)}; {remedy}$"):
        column(*values, missing=missing)


def test_among_filled_rows_the_unfit_one_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"got 'two' \(a string\) on node 'n2', not numbers of shape \[\] as on node 'n1'"
    ):
        column(..., 1, "two", missing="fill")


def test_of_the_graph_what_is_no_number_stays_as_it_is() -> None:
    blocks = [{1, 2}, {3}]
    record = {"scale": 2.5, "origin": (1, 2), "title": "g", "blocks": blocks, "ragged": [[1], [2, 3]], 7: [True]}
    found = {c.key: c for c in graph_columns(record, taken={"scale"})}
    assert list(found) == ["graph_scale", "origin", "title", "blocks", "ragged", "7"]
    assert [found[key].values.tolist() for key in ("graph_scale", "origin", "7")] == [2.5, [1, 2], [True]]
    assert [found[key].values for key in ("title", "blocks", "ragged")] == ["g", blocks, [[1], [2, 3]]]
    assert [(c.name, c.form) for c in found.values()][:2] == [("scale", None), ("origin", "tuple")]


def test_grouping_leaves_the_rest_and_takes_the_order_given() -> None:
    rows = table({"a": 1, "b": [2.0, 3.0], "c": "s"})
    rest, joined = grouped(rows, columns(rows, "error"), ["b", "a"], "x")
    assert (rest.key, joined.key, joined.values.tolist()) == ("c", "x", [[2.0, 3.0, 1.0]])
    rows = table({"a": 1, "b": [2.0, 3.0], "c": "s"})
    assert [c.key for c in grouped(rows, columns(rows, "error"), None, "x")] == ["a", "b", "c"]
