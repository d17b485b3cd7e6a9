"""Layers that run a cell along edges."""

from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN

__all__ = ["DAGGRU", "DAGLSTM", "DAGRNN", "GCNConv"]
