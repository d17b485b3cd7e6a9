"""Models: sequence models with torch's call, a generator of text, forecasts on graphs, and one network for any view."""

from gnn_toolkit.models.blocks import RecurrentBlock, RecurrentStack
from gnn_toolkit.models.char_generator import CharGenerator, TextState
from gnn_toolkit.models.deep_graph_cnn import DeepGraphCNN
from gnn_toolkit.models.dilated import DilatedGRU, DilatedLSTM, DilatedRNN
from gnn_toolkit.models.forecaster import Forecaster, StandardScaler, scheduled_sampling_probability
from gnn_toolkit.models.graph_network import GraphNetwork
from gnn_toolkit.models.linear_sequences import LRU, Mamba, MinGRU, MinLSTM
from gnn_toolkit.models.monitor import Reading, StreetMonitor
from gnn_toolkit.models.residue_network import InterfaceNetwork, ResidueNetwork, SiteNetwork
from gnn_toolkit.models.sampling import Sampling
from gnn_toolkit.models.sequence import GRU, LSTM, RNN
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.models.superpixel_network import SuperpixelNetwork
from gnn_toolkit.models.text_classifier import TextClassifier
from gnn_toolkit.models.tf_idf import TfIdfLinear
from gnn_toolkit.models.usual_day import UsualDay
from gnn_toolkit.models.vocabulary import Vocabulary
from gnn_toolkit.models.word_network import WordNetwork

__all__ = [
    "GRU",
    "LRU",
    "LSTM",
    "RNN",
    "CharGenerator",
    "DeepGraphCNN",
    "DilatedGRU",
    "DilatedLSTM",
    "DilatedRNN",
    "Forecaster",
    "GraphNetwork",
    "InterfaceNetwork",
    "Mamba",
    "MinGRU",
    "MinLSTM",
    "Reading",
    "RecurrentBlock",
    "RecurrentStack",
    "ResidueNetwork",
    "Sampling",
    "SiteNetwork",
    "StandardScaler",
    "StreetMonitor",
    "SuperpixelNetwork",
    "TextClassifier",
    "TextState",
    "TfIdfLinear",
    "UsualDay",
    "Vocabulary",
    "WordNetwork",
    "load_weights",
    "read_description",
    "save_weights",
    "scheduled_sampling_probability",
]
