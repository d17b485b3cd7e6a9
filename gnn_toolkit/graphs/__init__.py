"""Structure only: conversion, order, views, normalisation."""

from gnn_toolkit._memo import remember
from gnn_toolkit.graphs.acyclic import AcyclicOrder
from gnn_toolkit.graphs.adjacency import Adjacency, PrepareAdjacency, adjacency
from gnn_toolkit.graphs.backbone import Backbone
from gnn_toolkit.graphs.batch import repeat_graph
from gnn_toolkit.graphs.convert import from_networkx, list_from_networkx, to_networkx
from gnn_toolkit.graphs.corpus_graph import DocumentWordGraph, document_word_graph
from gnn_toolkit.graphs.document_views import GraphOfWords
from gnn_toolkit.graphs.features import SparseFeatures
from gnn_toolkit.graphs.files import GraphFile, read_graph
from gnn_toolkit.graphs.levels import topological_levels
from gnn_toolkit.graphs.line_graph import LineGraph, line_graph
from gnn_toolkit.graphs.neighbours import rank_neighbours
from gnn_toolkit.graphs.normalize import gcn_norm
from gnn_toolkit.graphs.order import LevelOrder, level_order, path_order
from gnn_toolkit.graphs.searches import Neighbourhoods, SearchDAG, SearchPath
from gnn_toolkit.graphs.trees import Phrases, RandomParents, SiblingTree, Tree, TreePath
from gnn_toolkit.graphs.views import DilatedPath, Grid, GridDAG, MirrorPath, NoEdges, Path, ShuffledEdges
from gnn_toolkit.graphs.visits import RasterPath, VisitOrder
from gnn_toolkit.graphs.word_fields import WordFields
from gnn_toolkit.graphs.words import WordVocabulary, tokenize

__all__ = [
    "AcyclicOrder",
    "Adjacency",
    "Backbone",
    "DilatedPath",
    "DocumentWordGraph",
    "GraphFile",
    "GraphOfWords",
    "Grid",
    "GridDAG",
    "LevelOrder",
    "LineGraph",
    "MirrorPath",
    "Neighbourhoods",
    "NoEdges",
    "Path",
    "Phrases",
    "PrepareAdjacency",
    "RandomParents",
    "RasterPath",
    "SearchDAG",
    "SearchPath",
    "ShuffledEdges",
    "SiblingTree",
    "SparseFeatures",
    "Tree",
    "TreePath",
    "VisitOrder",
    "WordFields",
    "WordVocabulary",
    "adjacency",
    "document_word_graph",
    "from_networkx",
    "gcn_norm",
    "level_order",
    "line_graph",
    "list_from_networkx",
    "path_order",
    "rank_neighbours",
    "read_graph",
    "remember",
    "repeat_graph",
    "to_networkx",
    "tokenize",
    "topological_levels",
]
