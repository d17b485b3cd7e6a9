"""What a layer or a model can see, and what it does see."""

from gnn_toolkit.analysis.reach import empirical_receptive_field, receptive_field

__all__ = ["empirical_receptive_field", "receptive_field"]
