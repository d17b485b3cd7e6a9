"""Values of one attribute, of one form, as a tensor or a list."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

Values = Tensor | list[Any]
NUMBERS = (bool, int, float, complex, np.number, np.bool_, np.ndarray, Tensor)
UNFIT = (TypeError, ValueError, RuntimeError, OverflowError)  # what torch and numpy raise on values that fit no tensor


def converted_of(values: list[Any]) -> Values:
    """Return values of one form as a tensor, or as they are if they are strings or lists of strings.

    Raises one of ``UNFIT`` if they are of no form.
    """
    types, shape, rows = set(map(type, values)), [len(values)], values
    if _strings(types):
        return values
    while any(issubclass(kind, list | tuple) for kind in types):
        if not all(issubclass(kind, list | tuple | np.ndarray) for kind in types):
            raise ValueError("lists beside numbers")
        lengths, rows = set(map(len, rows)), list(chain.from_iterable(rows))
        types = set(map(type, rows))
        if types and _strings(types):
            return values
        if len(lengths) > 1:
            raise ValueError("a ragged list")
        shape.append(lengths.pop())
    if not all(issubclass(kind, NUMBERS) and not issubclass(kind, np.ma.MaskedArray) for kind in types):
        raise TypeError("no numbers")  # others become numbers in numpy's hands: bytes, ranges, masked arrays
    tensor = torch.stack(rows) if any(issubclass(kind, Tensor) for kind in types) else _numbers(rows, types)
    return tensor.reshape(*shape, *tensor.shape[1:])


def _strings(types: set[type]) -> bool:
    return all(issubclass(kind, str) for kind in types)


def _numbers(values: list[Any], types: set[type]) -> Tensor:
    """Return numbers or arrays of the given types as a tensor."""
    quick: Mapping[type, Any] = {float: np.float64, int: np.int64, bool: np.bool_}
    dtype = quick.get(next(iter(types), object)) if len(types) == 1 else None
    array = np.array(values) if dtype is None else np.fromiter(values, dtype, len(values))
    if array.dtype.kind not in "biufc" or array.dtype == np.uint64:
        raise TypeError(f"no tensor has the numbers of {array.dtype}")
    if array.dtype not in (np.float64, np.complex128) or types & {np.float64, np.complex128, np.ndarray}:
        return torch.from_numpy(array)
    if types and all(issubclass(kind, int | np.integer) for kind in types):
        raise TypeError("integers beyond 64 bits")
    default = torch.get_default_dtype()
    if array.dtype == np.float64 and default == torch.float32:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, as in torch, which would wake its threads
            return torch.from_numpy(array.astype(np.float32))
    return torch.from_numpy(array).to(default.to_complex() if array.dtype == np.complex128 else default)
