"""Layers that run a cell along edges, or through time over a graph."""

from gnn_toolkit.layers.evolve import EvolveGCNH, EvolveGCNO
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.graph_lstm import GraphLSTM
from gnn_toolkit.layers.linear import linear_recurrence, linear_scan
from gnn_toolkit.layers.linear_layers import DAGLRU, DAGMamba, DAGMinGRU, DAGMinLSTM
from gnn_toolkit.layers.pairs import PairClassifier
from gnn_toolkit.layers.recurrent import DAGGRU, DAGLSTM, DAGRNN, DAGOutput
from gnn_toolkit.layers.residues import NodeAverageConv, NodeEdgeAverageConv, OrderedConv
from gnn_toolkit.layers.spatiotemporal import DCRNN, TGCN
from gnn_toolkit.layers.spectral import GCLSTM, GConvGRU, GConvLSTM

__all__ = [
    "DAGGRU",
    "DAGLRU",
    "DAGLSTM",
    "DAGRNN",
    "DCRNN",
    "GCLSTM",
    "TGCN",
    "DAGMamba",
    "DAGMinGRU",
    "DAGMinLSTM",
    "DAGOutput",
    "EvolveGCNH",
    "EvolveGCNO",
    "GCNConv",
    "GConvGRU",
    "GConvLSTM",
    "GraphLSTM",
    "NodeAverageConv",
    "NodeEdgeAverageConv",
    "OrderedConv",
    "PairClassifier",
    "linear_recurrence",
    "linear_scan",
]
