"""The names that a pickle of arrays may use, and the values that are made for them: each part is checked first."""

import math
import re
import sys
from collections import defaultdict
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

# All that a pickle may name, under the names that Python 2 and former releases of numpy and scipy wrote as well.
NAMES = {
    **{(f"numpy.{core}.multiarray", name): name for core in ("core", "_core") for name in ("_reconstruct", "scalar")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): "_frombuffer" for core in ("core", "_core")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("scipy.sparse.csr", "csr_matrix"): "csr_matrix",
    ("scipy.sparse._csr", "csr_matrix"): "csr_matrix",
    ("collections", "defaultdict"): "defaultdict",
    **{(module, name): name for module in ("__builtin__", "builtins") for name in ("list", "object")},
    ("copy_reg", "_reconstructor"): "_reconstructor",
    ("copyreg", "_reconstructor"): "_reconstructor",
    ("_codecs", "encode"): "encode",
    **{(module, "bytes"): "bytes" for module in ("__builtin__", "builtins")},
}
_NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}
_STRINGS = re.compile(r"[US][1-9]\d{0,5}")
_PLAIN = (str, int, float, bytes, type(None))


class Name(str):
    """What a pickle names, one of the values of ``NAMES``; never handed out."""


class Arguments(tuple):
    """A tuple with a name, a draft or a type in it, which a pickle may hand to what it names; never handed out."""


class Draft:
    """What a pickle has named and not yet described; never handed out."""

    def __init__(self, kind: str, code: str = "") -> None:
        self.kind, self.code, self.places = kind, code, []


class Maker:
    """Makes values of what a pickle names and describes.

    Args:
        room: how many bytes all arrays together may have: as many as the file.
    """

    def __init__(self, room: int) -> None:
        self.room = room

    def made(self, name: Name, arguments: tuple[Any, ...]) -> Any:
        """Return what a name makes of its arguments: a value, or a draft that is still to be described."""
        match str(name), list(arguments):
            case "_reconstruct", [Name() as kind, *_] if kind == "ndarray":
                return Draft("ndarray")
            case "_reconstructor", [Name() as kind, *_] if kind == "csr_matrix":
                return Draft("csr_matrix")
            case "csr_matrix", []:
                return Draft("csr_matrix")
            case "dtype", [str() as code, *_]:
                return Draft("dtype", code)
            case "defaultdict", []:
                return defaultdict(None)
            case "defaultdict", [Name() as kind] if kind == "list":
                return defaultdict(list)
            case "bytes", []:
                return b""
            case "encode", [str() as text, "latin1"]:
                return text.encode("latin1")
            case "scalar", [np.dtype() as kind, data]:
                return self._array((), kind, data)[()]
            case "_frombuffer", [data, np.dtype() as kind, tuple() as shape, "C" | "F" as order]:
                return self._array(shape, kind, data, order)
        raise refusal(f"the file makes {name} of something else")

    def described(self, draft: Draft, state: Any) -> Any:
        """Return what a draft becomes by its description."""
        match draft.kind, state:
            case "ndarray", (_, tuple() as shape, np.dtype() as kind, fortran, data):
                return self._array(shape, kind, data, "F" if fortran else "C")
            case "dtype", (_, "<" | ">" | "|" | "=" as order, None, None, None, *_):
                return _dtype(draft.code, order)
            case "csr_matrix", dict():
                return _sparse(state)
        raise refusal(f"the file describes {draft.kind} in another way")

    def _array(self, shape: tuple[Any, ...], kind: np.dtype[Any], data: Any, order: Any = "C") -> Any:
        """Return an array of its own with these bytes."""
        content = data.encode("latin1") if isinstance(data, str) else bytes(of((bytes, bytearray), data))
        if any(type(size) is not int or size < 0 for size in shape):
            raise refusal(f"an array has the shape {shape}")
        self.room -= len(content)
        if math.prod(shape) * kind.itemsize != len(content) or self.room < 0:
            raise refusal(
                f"an array of shape {shape} has {len(content)} bytes, or all arrays together have more than the file"
            )
        if kind.kind == "b" and content.strip(b"\0\1"):
            raise refusal("an array of truth values has others")
        if kind.kind == "U" and (np.frombuffer(content, kind.byteorder + "u4") > sys.maxunicode).any():
            raise refusal("an array of strings has code points beyond Unicode's")
        return np.ndarray(shape, kind, content, order=order).copy(order)


def tuple_of(values: list[Any]) -> tuple[Any, ...]:
    """Return a tuple, as arguments if something is in it that is never handed out."""
    inner = any(isinstance(value, Name | Draft | Arguments | np.dtype) for value in values)
    return Arguments(values) if inner else tuple(values)


def plain(value: Any) -> Any:
    """Return a value that may be handed out."""
    if isinstance(value, Name | Draft | Arguments | np.dtype):
        raise refusal("the file holds something other than values")
    return value


def filled(target: dict[Any, Any], pairs: list[Any]) -> dict[Any, Any]:
    """Return a dictionary with more keys and values; tuples are no keys: hashing deep ones would overflow the stack."""
    if len(pairs) % 2:
        raise refusal("a key has no value")
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(key, _PLAIN) or isinstance(key, Name):
            raise refusal(f"a key is a {type(key).__name__}")
        target[key] = plain(value)
    return target


def _dtype(code: str, order: str) -> np.dtype[Any]:
    if code not in _NUMBERS and not _STRINGS.fullmatch(code):
        raise refusal(f"an array has the type {code!r}")
    return np.dtype(code).newbyteorder(order)  # type: ignore[arg-type]


def _sparse(state: dict[Any, Any]) -> csr_matrix:
    """Return a sparse matrix, its indices checked: scipy's own check passes over some, and its code trusts them all."""
    data, indices, indptr = (of(np.ndarray, state.get(name)) for name in ("data", "indices", "indptr"))
    shape = of(tuple, state.get("_shape", state.get("shape")))
    whole = len(shape) == 2 and all(type(size) is int and size >= 0 for size in shape)
    kinds = (indices.dtype.kind, indptr.dtype.kind, data.dtype.kind in "biufc", data.ndim, indices.ndim, indptr.ndim)
    if not whole or kinds != ("i", "i", True, 1, 1, 1):
        raise refusal("a sparse matrix is of other parts")
    rows = indptr.astype(np.int64)
    if len(rows) != shape[0] + 1 or rows[0] != 0 or rows[-1] != len(indices) or (rows[1:] < rows[:-1]).any():
        raise refusal("the rows of a sparse matrix are not one after the other")
    if len(data) != len(indices) or ((indices < 0) | (indices >= shape[1])).any():
        raise refusal(f"a sparse matrix has column indices that are not in [0, {shape[1]})")
    return csr_matrix((data.astype(data.dtype.newbyteorder("=")), indices, indptr), shape=shape)


def of(kind: Any, value: Any) -> Any:
    """Return a value of a kind, and of no other."""
    if not isinstance(value, kind):
        raise refusal(f"the file has a {type(value).__name__} where it should not be")
    return value


def refusal(what: str) -> ValueError:
    """Return the error that says what is wrong with the file."""
    return ValueError(what)
