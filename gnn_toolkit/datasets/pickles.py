"""Arrays out of pickles, without running what a pickle may ask for."""

import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from gnn_toolkit._checks import problem

# All that arrays, sparse matrices and dictionaries of lists ask for, under the names that Python 2 and former releases
# of numpy and scipy wrote as well. None of these opens a file, imports a module or calls a function it is given.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("scipy.sparse.csr", "csr_matrix"): csr_matrix,
    ("scipy.sparse._csr", "csr_matrix"): csr_matrix,
    ("collections", "defaultdict"): defaultdict,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module_name}.{global_name}")
        return _ALLOWED[module_name, global_name]


def load_pickled_arrays(path: Path) -> Any:
    """Return what a pickle holds if that is an array, a sparse matrix, or lists and dictionaries of plain values.

    A pickle is a program. This one may name nothing but the types of numpy arrays, ``scipy.sparse.csr_matrix`` and
    ``collections.defaultdict``; the indices of a sparse matrix are checked before it is handed out.

    Args:
        path: a pickle, also one that Python 2 wrote.

    Returns:
        The content.

    Raises:
        ValueError: the file is no pickle, or asks for anything else.
    """
    try:
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="latin1").load()
        if isinstance(content, csr_matrix):
            content.check_format(full_check=True)
    except Exception as error:  # a broken pickle raises whatever the place where it breaks raises
        allowed = "a pickle of arrays, sparse matrices, lists and dictionaries"
        raise ValueError(problem(str(path), allowed, error, "take the file from its source")) from error
    return content
