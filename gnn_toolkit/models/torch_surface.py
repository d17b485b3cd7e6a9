"""The attributes and methods of ``torch.nn``'s recurrent layers, which code written for them reads and calls."""

from typing import Any

from torch import Tensor, nn


class TorchSurface(nn.RNNBase):
    """What makes a layer an ``isinstance`` of ``torch.nn.RNNBase``, without that class's own bookkeeping.

    Loops that initialise a model test for that class. A layer is no ``torch.nn.RNN``, ``GRU`` or ``LSTM``: a compiler
    breaks its graph at those. Weights are looked up by name, so nothing here keeps a second list of them.
    """

    proj_size: int = 0

    def __init__(self) -> None:
        nn.Module.__init__(self)

    # What torch.nn.RNNBase does here keeps its own list of weights in step, and there is none.
    __setattr__: Any = nn.Module.__setattr__
    __setstate__: Any = nn.Module.__setstate__
    __getstate__: Any = object.__getstate__
    _apply: Any = nn.Module._apply
    _replicate_for_data_parallel: Any = nn.Module._replicate_for_data_parallel

    @property
    def _all_weights(self) -> list[list[str]]:
        """Names of the weights, a list for each layer and direction."""
        names = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if self.bias else ()))
        return [[f"{name}_{suffix}" for name in names] for _, suffix in self.passes()]

    @property
    def _flat_weights_names(self) -> list[str]:
        """Names of all weights in torch's order."""
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Tensor]:
        """All weights as they are now, in torch's order."""
        return self.flat_weights()

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """Weights as they are now, a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def passes(self) -> list[tuple[int, str]]:
        """Return (layer, suffix of the parameters' names) of every walk, in torch's order."""
        raise NotImplementedError

    def flat_weights(self) -> list[Tensor]:
        """Return all weights as they are now, in torch's order."""
        raise NotImplementedError
