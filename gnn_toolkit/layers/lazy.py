"""The width of a recurrence's input, taken from the first input or from saved weights."""

from typing import Any

from torch import Tensor
from torch.nn.parameter import UninitializedParameter


def wait_for_width(layer: Any) -> None:
    """Let a layer with uninitialised parameters take the width of its input from what comes first.

    Args:
        layer: a :class:`~gnn_toolkit.layers.stacked.StackedRecurrence` of ``in_channels=-1``.
    """
    layer._lazy_hooks = (
        layer.register_forward_pre_hook(_initialise, with_kwargs=True),
        layer.register_load_state_dict_pre_hook(_load),
    )


def _initialise(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Take the width from the first input, and draw the weights."""
    x = args[0] if args else kwargs.get("x")
    if isinstance(x, Tensor) and x.dim() == 2:
        _materialise(layer, x.size(1))
        layer.reset_parameters()


def _load(layer: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Take the width from saved weights."""
    weight = state.get(f"{prefix}weight_ih_l0")
    if isinstance(weight, Tensor) and not isinstance(weight, UninitializedParameter):
        _materialise(layer, weight.size(1))


def _materialise(layer: Any, width: int) -> None:
    layer.in_channels = width
    for parameter in layer.parameters():
        if isinstance(parameter, UninitializedParameter):
            parameter.materialize(layer._shapes(0)["weight_ih"])
    for hook in layer._lazy_hooks:
        hook.remove()
