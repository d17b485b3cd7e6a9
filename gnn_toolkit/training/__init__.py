"""The training loop, its history and checkpoints; the training of generators, classifiers, forecasters, monitors ..."""

from gnn_toolkit._files import write_atomically
from gnn_toolkit.models.serialization import load_weights, save_weights
from gnn_toolkit.training.batching import Reader, nats_per_character, rows_of, samples_of
from gnn_toolkit.training.checkpoint import load_checkpoint, save_checkpoint
from gnn_toolkit.training.classifier_training import (
    ClassifierSettings,
    FittedClassifiers,
    Judged,
    fit_classifiers,
)
from gnn_toolkit.training.corpus import Corpus
from gnn_toolkit.training.errors import ForecastErrors, masked_mae
from gnn_toolkit.training.fitted_forecaster import FittedForecaster, ForecastSettings
from gnn_toolkit.training.forecast_training import fit_forecaster, quantiles
from gnn_toolkit.training.interface_training import (
    FittedInterfaces,
    InterfaceSettings,
    fit_interfaces,
    interface_scores,
    load_interfaces,
)
from gnn_toolkit.training.loop import History, NotFiniteError, Stateful, fit
from gnn_toolkit.training.monitor_training import calibrate, fit_monitor, lowest_threshold, scores_of
from gnn_toolkit.training.settings import KEPT, OPTIMIZERS, Settings
from gnn_toolkit.training.text_plan import TextPlan
from gnn_toolkit.training.text_training import TextSettings, bits, fit_text

__all__ = [
    "KEPT",
    "OPTIMIZERS",
    "ClassifierSettings",
    "Corpus",
    "FittedClassifiers",
    "FittedForecaster",
    "FittedInterfaces",
    "ForecastErrors",
    "ForecastSettings",
    "History",
    "InterfaceSettings",
    "Judged",
    "NotFiniteError",
    "Reader",
    "Settings",
    "Stateful",
    "TextPlan",
    "TextSettings",
    "bits",
    "calibrate",
    "fit",
    "fit_classifiers",
    "fit_forecaster",
    "fit_interfaces",
    "fit_monitor",
    "fit_text",
    "interface_scores",
    "load_checkpoint",
    "load_interfaces",
    "load_weights",
    "lowest_threshold",
    "masked_mae",
    "nats_per_character",
    "quantiles",
    "rows_of",
    "samples_of",
    "save_checkpoint",
    "save_weights",
    "scores_of",
    "write_atomically",
]
