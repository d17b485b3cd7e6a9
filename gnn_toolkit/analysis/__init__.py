"""Analysis of a layer or a model: what it can see, what it does see, and what happens inside on the way."""

from gnn_toolkit.analysis.explanation_page import explanation_page
from gnn_toolkit.analysis.gradients import LastStepGradients, StateGradients, last_step_gradients, state_gradients
from gnn_toolkit.analysis.parameters import parameter_count
from gnn_toolkit.analysis.reach import empirical_receptive_field, receptive_field
from gnn_toolkit.analysis.street_page import street_page
from gnn_toolkit.analysis.unrolled import Unrolled, recurrent_jacobians, unroll

__all__ = [
    "LastStepGradients",
    "StateGradients",
    "Unrolled",
    "empirical_receptive_field",
    "explanation_page",
    "last_step_gradients",
    "parameter_count",
    "receptive_field",
    "recurrent_jacobians",
    "state_gradients",
    "street_page",
    "unroll",
]
