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


@pytest.mark.parametrize(("name", "bad"), [("indices", [0, 9]), ("indices", [0, -1]), ("indptr", [0, 9, 2])])
def test_a_sparse_matrix_with_indices_out_of_range_is_refused(tmp_path: Path, name: str, bad: list[int]):
    matrix = csr_matrix(np.eye(2))
    setattr(matrix, name, np.array(bad, dtype=np.int32))
    with pytest.raises(ValueError, match=r"file\.pkl: expected a pickle of arrays"):
        load_pickled_arrays(written(tmp_path, matrix))
