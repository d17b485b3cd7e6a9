"""Choose edges, then run a cell along them: graph convolutions and recurrences over any DAG, on torch and PyG."""

from gnn_toolkit.graphs import from_networkx, list_from_networkx, to_networkx
from gnn_toolkit.layers import (
    DAGGRU,
    DAGLSTM,
    DAGRNN,
    DCRNN,
    GCLSTM,
    TGCN,
    DAGOutput,
    EvolveGCNH,
    EvolveGCNO,
    GCNConv,
    GConvGRU,
    GConvLSTM,
)
from gnn_toolkit.models import GRU, LSTM, RNN, CharGenerator

__version__ = "0.1.0"
__all__ = [
    "DAGGRU",
    "DAGLSTM",
    "DAGRNN",
    "DCRNN",
    "GCLSTM",
    "GRU",
    "LSTM",
    "RNN",
    "TGCN",
    "CharGenerator",
    "DAGOutput",
    "EvolveGCNH",
    "EvolveGCNO",
    "GCNConv",
    "GConvGRU",
    "GConvLSTM",
    "from_networkx",
    "list_from_networkx",
    "to_networkx",
]
