"""The parts of a networkx graph that a tensor cannot say, kept beside the data for the way back."""

import zlib
from collections.abc import Iterable
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.graphs.convert.columns import Column

Attribute = tuple[Any, str | None, str | None]
"""How an attribute goes back: its name in networkx; ``Column.form``; the name of its mask in the data, if any."""


class Origin(TypedDict):
    """The graph that data come from, in plain values, which ``torch.load(weights_only=True)`` takes.

    Attributes:
        directed: whether its edges have a direction.
        labels: of its nodes, in the order of the rows.
        keys: of a multigraph's edges, in the order of ``edge_index``; None for a graph without parallel edges.
        nodes: how each attribute of the nodes goes back, by its name in the data.
        edges: the same of the edges.
        graph: the same of the graph.
        unheld: attributes of the graph that data do not hold: readers' defaults, and None.
        structure: the checksum of ``edge_index``.
    """

    directed: bool
    labels: list[Any]
    keys: list[Any] | None
    nodes: dict[str, Attribute]
    edges: dict[str, Attribute]
    graph: dict[str, Attribute]
    unheld: dict[Any, Any]
    structure: int


class NamedData(Data):
    """Data whose attributes were named by others: those of networkx join as they are, whatever they are called.

    PyG takes a name that holds ``index`` or ``batch`` for one of node numbers, and counts such an attribute up from
    graph to graph of a batch.
    """

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return 0 if self._is_named(key) else super().__inc__(key, value, *args, **kwargs)

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return 0 if self._is_named(key) else super().__cat_dim__(key, value, *args, **kwargs)

    def _is_named(self, key: str) -> bool:
        origin: Origin | None = getattr(self, "_networkx", None)
        if origin is None:  # e.g. of a batch
            return key not in COUNTED
        name = key.removesuffix("_mask")
        return any(part in origin[of] for part in (key, name) for of in ("nodes", "edges", "graph"))


COUNTED = ("edge_index", "edge_label_index")
torch.serialization.add_safe_globals([NamedData])


def class_for(keys: Iterable[str]) -> type[Data]:
    """Return ``NamedData`` if PyG would take one of these attributes for node numbers, else PyG's own class."""
    return NamedData if any(part in key for key in keys for part in ("index", "batch", "face")) else Data


def going_back(found: Iterable[Column]) -> dict[str, Attribute]:
    """Return by name in the data how columns go back."""
    return {c.key: (c.name, c.form, None if c.mask is None else f"{c.key}_mask") for c in found}


def remember(data: Data, origin: Origin) -> None:
    """Keep the origin beside the data: copied, moved and pickled with them, but no attribute of theirs.

    A batch collates as it would without it, and does not have it.
    """
    data._networkx = origin  # PyG keeps what begins with an underscore apart from the attributes


def recall(data: Data) -> Origin | None:
    """Return the origin, or None if there is none or the nodes or edges are no longer those that it describes."""
    origin: Origin | None = getattr(data, "_networkx", None)
    if origin is None or data.edge_index is None or data.num_nodes != len(origin["labels"]):
        return None
    return origin if origin["structure"] == checksum(data.edge_index) else None


def checksum(edge_index: Tensor) -> int:
    """Return a number that changes, but for one case in 2^32, when an edge does.

    >>> forth, back = torch.tensor([[0, 1], [1, 2]]), torch.tensor([[1, 2], [0, 1]])
    >>> checksum(forth) == checksum(forth.int()), checksum(forth) == checksum(back)
    (True, False)
    """
    return zlib.crc32(edge_index.detach().to("cpu", torch.int64).contiguous().numpy().tobytes())
