"""Named data: text, tensors and graphs."""

from gnn_toolkit.datasets.cards import (
    DatasetCard,
    DatasetFile,
    PreparedFile,
    PublishedFigure,
    cards,
    load_card,
    read_card,
)
from gnn_toolkit.datasets.cell_transmission import CellNetwork
from gnn_toolkit.datasets.chicago import CHICAGO_FEATURES, load_chicago_accidents
from gnn_toolkit.datasets.cleaning import STOP_WORDS, clean_documents, clean_text
from gnn_toolkit.datasets.digits import handwritten_digits
from gnn_toolkit.datasets.docking import Complex, load_docking_benchmark
from gnn_toolkit.datasets.documents import Documents, load_documents
from gnn_toolkit.datasets.fetch import DatasetUnavailableError, fetch
from gnn_toolkit.datasets.incidents import Incident, inject_incidents
from gnn_toolkit.datasets.labelled_texts import LabelledTexts, read_labelled_texts
from gnn_toolkit.datasets.listops import Expression, ListOps, load_listops, read_listops
from gnn_toolkit.datasets.palindromes import palindromes
from gnn_toolkit.datasets.penn_fudan import (
    Picture,
    load_penn_fudan,
    load_penn_fudan_picture,
    superpixel_edges,
)
from gnn_toolkit.datasets.pickles import load_pickled_arrays
from gnn_toolkit.datasets.planetoid import load_planetoid
from gnn_toolkit.datasets.programs import Program, load_codeforces, read_programs
from gnn_toolkit.datasets.propositional import FormulaPair, draw_formulas, load_formulas, read_formulas
from gnn_toolkit.datasets.protein_sites import load_protein_sites
from gnn_toolkit.datasets.residue_graphs import RESIDUE_FEATURES, graph_of_structure, residue_graph
from gnn_toolkit.datasets.sensor_graph import read_sensor_graph
from gnn_toolkit.datasets.sentences import SentencePair, load_sick, load_sst, read_dependencies, read_labelled_trees
from gnn_toolkit.datasets.signals import GraphSignal, from_temporal_signal
from gnn_toolkit.datasets.streets import Accident, simulate_streets, street_grid
from gnn_toolkit.datasets.structures import Structure, read_structure
from gnn_toolkit.datasets.syntax import SyntaxTree, numbered, vocabulary
from gnn_toolkit.datasets.text import (
    TextSplit,
    load_text,
    read_chunks,
    read_text,
    split_lengths,
    split_text,
    strip_gutenberg,
)
from gnn_toolkit.datasets.traffic import load_beijing_metro, load_los_loop
from gnn_toolkit.datasets.tudataset import load_tudataset
from gnn_toolkit.datasets.windows import Batch, TrafficSeries, Windows

__all__ = [
    "CHICAGO_FEATURES",
    "RESIDUE_FEATURES",
    "STOP_WORDS",
    "Accident",
    "Batch",
    "CellNetwork",
    "Complex",
    "DatasetCard",
    "DatasetFile",
    "DatasetUnavailableError",
    "Documents",
    "Expression",
    "FormulaPair",
    "GraphSignal",
    "Incident",
    "LabelledTexts",
    "ListOps",
    "Picture",
    "PreparedFile",
    "Program",
    "PublishedFigure",
    "SentencePair",
    "Structure",
    "SyntaxTree",
    "TextSplit",
    "TrafficSeries",
    "Windows",
    "cards",
    "clean_documents",
    "clean_text",
    "draw_formulas",
    "fetch",
    "from_temporal_signal",
    "graph_of_structure",
    "handwritten_digits",
    "inject_incidents",
    "load_beijing_metro",
    "load_card",
    "load_chicago_accidents",
    "load_codeforces",
    "load_docking_benchmark",
    "load_documents",
    "load_formulas",
    "load_listops",
    "load_los_loop",
    "load_penn_fudan",
    "load_penn_fudan_picture",
    "load_pickled_arrays",
    "load_planetoid",
    "load_protein_sites",
    "load_sick",
    "load_sst",
    "load_text",
    "load_tudataset",
    "numbered",
    "palindromes",
    "read_card",
    "read_chunks",
    "read_dependencies",
    "read_formulas",
    "read_labelled_texts",
    "read_labelled_trees",
    "read_listops",
    "read_programs",
    "read_sensor_graph",
    "read_structure",
    "read_text",
    "residue_graph",
    "simulate_streets",
    "split_lengths",
    "split_text",
    "street_grid",
    "strip_gutenberg",
    "superpixel_edges",
    "vocabulary",
]
