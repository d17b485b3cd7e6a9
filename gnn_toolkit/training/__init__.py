"""The training loop, its history and its checkpoints."""

from gnn_toolkit.training.checkpoint import load_checkpoint, save_checkpoint, write_atomically
from gnn_toolkit.training.loop import History, NotFiniteError, fit
from gnn_toolkit.training.settings import KEPT, OPTIMIZERS, Settings
from gnn_toolkit.training.weights import load_weights, save_weights

__all__ = [
    "KEPT",
    "OPTIMIZERS",
    "History",
    "NotFiniteError",
    "Settings",
    "fit",
    "load_checkpoint",
    "load_weights",
    "save_checkpoint",
    "save_weights",
    "write_atomically",
]
