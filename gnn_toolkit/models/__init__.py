"""Models: sequence models with torch's call, a generator of text, and one network for any view."""

from gnn_toolkit.models.char_generator import CharGenerator, Vocabulary
from gnn_toolkit.models.network import GraphNetwork
from gnn_toolkit.models.sequence import GRU, LSTM, RNN

__all__ = ["GRU", "LSTM", "RNN", "CharGenerator", "GraphNetwork", "Vocabulary"]
