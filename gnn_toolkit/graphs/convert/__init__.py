"""Conversion between networkx graphs and PyG data, a whole column of attributes at a time."""

from gnn_toolkit.graphs.convert.export import to_networkx
from gnn_toolkit.graphs.convert.load import from_networkx, list_from_networkx

__all__ = ["from_networkx", "list_from_networkx", "to_networkx"]
