"""Models: sequence models with torch's call, a generator of text, forecasts on graphs, and one network for any view."""

from gnn_toolkit.models.char_generator import CharGenerator, TextState
from gnn_toolkit.models.forecaster import Forecaster, Scaling, teaching_rate
from gnn_toolkit.models.monitor import Reading, StreetMonitor
from gnn_toolkit.models.network import GraphNetwork
from gnn_toolkit.models.sampling import Sampling
from gnn_toolkit.models.sequence import GRU, LSTM, RNN
from gnn_toolkit.models.skips import SkipGRU, SkipLSTM, SkipRNN
from gnn_toolkit.models.vocabulary import Vocabulary
from gnn_toolkit.models.weights import load_weights, read_description, save_weights

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "CharGenerator",
    "Forecaster",
    "GraphNetwork",
    "Reading",
    "Sampling",
    "Scaling",
    "SkipGRU",
    "SkipLSTM",
    "SkipRNN",
    "StreetMonitor",
    "TextState",
    "Vocabulary",
    "load_weights",
    "read_description",
    "save_weights",
    "teaching_rate",
]
