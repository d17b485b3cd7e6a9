import os
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn_toolkit.datasets import load_pickled_arrays

# What Python 2 and a former numpy wrote: pickle.dumps(numpy.array([1., 2.], "f4"), 2)
OLD = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01K\x02\x85"
    b"cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"U\x08\x00\x00\x80?\x00\x00\x00@tb."
)


class Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "file.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, 4))
    return path


def test_arrays_sparse_matrices_and_dictionaries_of_lists_come_back(tmp_path: Path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(load_pickled_arrays(written(tmp_path, array)), array)
    found = load_pickled_arrays(written(tmp_path, csr_matrix(array)))
    assert isinstance(found, csr_matrix)
    np.testing.assert_array_equal(found.toarray(), array)
    graph = defaultdict(list, {0: [1, 2], 1: [0]})
    assert load_pickled_arrays(written(tmp_path, graph)) == graph


def test_what_python_2_wrote_comes_back(tmp_path: Path):
    array = load_pickled_arrays(written(tmp_path, OLD))
    assert array.dtype == np.float32
    assert array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_and_every_kind_of_value_comes_back(tmp_path: Path, protocol: int):
    arrays = [
        np.arange(3, dtype=">i4"),
        np.ones((2, 3), order="F"),
        np.zeros((0, 3), np.float16),
        np.array([True, False]),
        np.array(["a", "bc"]),
        np.array(2.5),
    ]
    shared = [1, -(2**70), 2.5, b"x", "\u4e1c", None, True]
    content = {"arrays": arrays, "twice": [arrays[0], shared, shared], "pair": (1, ("a", 2)), 3: np.float32(0.5)}
    path = tmp_path / "file.pkl"
    path.write_bytes(pickle.dumps([content, [csr_matrix(np.eye(2))]], protocol))
    found, (matrix,) = load_pickled_arrays(path)
    for array, other in zip(arrays, found["arrays"], strict=True):
        np.testing.assert_array_equal(other, array, strict=True)
        assert other.flags.owndata
        assert other.flags.writeable
    assert found["arrays"][1].flags.f_contiguous
    assert found["twice"][0] is found["arrays"][0]
    assert found["twice"][1] is found["twice"][2]
    assert (found["twice"][1], found["pair"], found[3]) == (shared, (1, ("a", 2)), 0.5)
    np.testing.assert_array_equal(matrix.toarray(), np.eye(2))


def test_strings_of_the_first_protocol_are_bytes_of_python_2(tmp_path: Path):
    python_2 = OLD.replace(b"U\x08\x00\x00\x80?\x00\x00\x00@", b"S'\\x00\\x00\x80?\\x00\\x00\\x00@'\n")
    assert load_pickled_arrays(written(tmp_path, python_2)).tolist() == [1.0, 2.0]


class Built(Calls):
    """A call and a state to build its result with."""

    def __init__(self, function: Any, arguments: tuple[Any, ...], state: Any) -> None:
        self.call = (function, arguments, state)


RECONSTRUCT = np.empty(0).__reduce__()[0]
RAW = (RECONSTRUCT, (np.ndarray, (0,), b"b"))
FORGED = Built(np.dtype, ("V8", False, True), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))


@pytest.mark.parametrize(
    "content",
    [
        Built(*RAW, (1, (1,), FORGED, False, b"AAAAAAAA")),
        Built(*RAW, (1, (2,), np.dtype("f8"), False, b"AAAAAAAA")),
        Built(*RAW, (1, (-1,), np.dtype("f8"), False, b"AAAAAAAA")),
        Built(*RAW, (1, (1 << 62, 1 << 62), np.dtype("f8"), False, b"")),
        np.array([object], dtype=object),
        Built(*RAW, (1, (1,), np.dtype("U1"), False, b"\xff\xff\xff\xff")),
        Built(*RAW, (1, (1,), np.dtype("?"), False, b"\x02")),
        np.array([1], dtype="datetime64[s]"),
        np.array([(1, 2.0)], dtype="i4,f8"),
        np.dtype("f8"),
        [np.dtype("f8")],
        list,
        {"a": list},
        (list,),
        {((1,),): 1},
        b"]q\x00(" + b"h\x00" * 3 + b"e",
        b"(" + b"K\x01(t" * 3,
        b"K\x01q\x00(h\x00h\x01t.",
        b"cnumpy\nndarray\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
    ],
)
def test_a_forged_type_shape_or_object_is_refused(tmp_path: Path, content: object):
    with pytest.raises(ValueError, match=r"file\.pkl: expected a pickle of arrays"):
        load_pickled_arrays(written(tmp_path, content))


def test_all_arrays_together_are_no_larger_than_their_file(tmp_path: Path):
    data, kind = bytes(8000), np.dtype("f8")
    several = [Built(*RAW, (1, (1000,), kind, False, data)) for _ in range(5)]  # the bytes are in the file once
    with pytest.raises(ValueError, match=r"an array of shape \(1000,\) has 8000 bytes"):
        load_pickled_arrays(written(tmp_path, several))


@pytest.mark.parametrize("inside", [lambda matrix: [matrix], lambda matrix: {"a": (1, matrix)}])
def test_the_indices_of_a_matrix_inside_are_checked(tmp_path: Path, inside: Any):
    matrix = csr_matrix(np.eye(3))
    matrix.indices[:] = 2**28
    with pytest.raises(ValueError, match=r"a sparse matrix has column indices that are not in \[0, 3\)"):
        load_pickled_arrays(written(tmp_path, inside(matrix)))


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (Calls(os.system, "echo never > never"), "system"),
        (Calls(eval, "1 + 1"), "eval"),
        (Calls(getattr, np.ndarray, "tofile"), "getattr"),
        (Calls(np.load, "file.npy"), "numpy.*load"),
        (OrderedDict(a=1), "collections.OrderedDict"),
        ([np.array([1]), {"a": Calls(print, "never")}], "print"),
    ],
)
def test_a_pickle_that_asks_for_anything_else_is_refused_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: object, asked: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"file\.pkl: expected a pickle of arrays.*asks for .*{asked}; take the file"):
        load_pickled_arrays(written(tmp_path, content))
    assert [path.name for path in tmp_path.iterdir()] == ["file.pkl"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"no pickle", OLD[:-20]])
def test_what_is_no_pickle_is_refused(tmp_path: Path, content: bytes):
    with pytest.raises(ValueError, match=r"file\.pkl: expected a pickle of arrays"):
        load_pickled_arrays(written(tmp_path, content))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("indices", [0, 9]),
        ("indices", [0, -1]),
        ("indices", [0]),
        ("indices", np.array([0.0, 1.0])),
        ("indices", [[0, 1]]),
        ("indptr", [0, 9, 2]),
        ("indptr", [0, 83886082, -1811939328]),  # scipy's own check passes it
        ("indptr", [1, 1, 2]),
        ("indptr", [0, 1, 1]),
        ("indptr", [0, 2]),
        ("indptr", []),
    ],
)
def test_a_sparse_matrix_with_indices_out_of_range_is_refused(tmp_path: Path, name: str, bad: Any):
    matrix = csr_matrix(np.eye(2))
    setattr(matrix, name, bad if isinstance(bad, np.ndarray) else np.array(bad, dtype=np.int32))
    with pytest.raises(ValueError, match=r"file\.pkl: expected a pickle of arrays"):
        load_pickled_arrays(written(tmp_path, matrix))
