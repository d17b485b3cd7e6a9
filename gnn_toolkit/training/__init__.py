"""The training loop, its history and its checkpoints; and the training of a generator of text."""

from gnn_toolkit._files import write_atomically
from gnn_toolkit.models.weights import load_weights, save_weights
from gnn_toolkit.training.checkpoint import load_checkpoint, save_checkpoint
from gnn_toolkit.training.loop import Companion, History, NotFiniteError, fit
from gnn_toolkit.training.settings import KEPT, OPTIMIZERS, Settings

__all__ = [
    "KEPT",
    "OPTIMIZERS",
    "Companion",
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
