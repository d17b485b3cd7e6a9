"""Message passing that somebody may observe: hooks, explainers, subclasses, and tracers of modules."""

from typing import Any, TypeVar

import torch
from torch import fx
from torch_geometric.nn import MessagePassing

T = TypeVar("T")

STEPS = ("propagate", "message", "aggregate", "update", "edge_update", "message_and_aggregate", "explain_message")
OBSERVED = ("propagate", "message", "aggregate")
HOOKS = [f"_{step}_forward_{when}" for step in OBSERVED for when in ("pre_hooks", "hooks")]


class ObservedMessagePassing(MessagePassing):
    """A layer with a faster way than ``propagate``, which it takes where nobody asks for single messages.

    ``torch.fx.symbolic_trace`` of a model keeps the layer as one call of a module; ``torch.jit`` is refused.
    """

    _rewritten = False  # whether a subclass has a step of message passing of its own

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__module__.startswith(f"{__name__.partition('.')[0]}.")
        cls._rewritten = cls._rewritten or (not own and any(step in vars(cls) for step in STEPS))

    @property
    def is_observed(self) -> bool:
        """Whether hooks, an explainer, or steps that were written anew need every single message."""
        hooked = bool(self.explain) or any(getattr(self, name) for name in HOOKS)
        return hooked or self._rewritten or any(self._is_own(step) for step in STEPS)

    def by_flow(self, source: T, target: T) -> tuple[T, T]:
        """Return what belongs to the sources of edges and what to their targets in the order ``propagate`` has them."""
        return (source, target) if self.flow == "source_to_target" else (target, source)

    def _is_own(self, step: str) -> bool:
        """Whether this one layer was given a step of its own; PyG gives it back the class's after an explanation."""
        given = getattr(vars(self).get(step), "__func__", vars(self).get(step))
        of_class = [getattr(type(self), name, None) for name in ("_orig_propagate", "_jinja_propagate")]
        return given is not None and given not in of_class

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer, or leave a node in the graph that ``torch.fx.symbolic_trace`` records."""
        proxy = next((value for value in (*args, *kwargs.values()) if isinstance(value, fx.Proxy)), None)
        if proxy is not None and isinstance(proxy.tracer, fx.Tracer) and self is not proxy.tracer.root:
            path = proxy.tracer.path_of_module(self)
            return proxy.tracer.create_proxy("call_module", path, args, kwargs)
        return super().__call__(*args, **kwargs)

    def __prepare_scriptable__(self) -> Any:
        """Refuse ``torch.jit.script``, which calls this."""
        raise TypeError(
            f"torch.jit cannot script {type(self).__name__}: use torch.export.export, torch.compile, or "
            "torch.onnx.export(dynamo=True)"
        )


def refuse_jit_trace(layer: object) -> None:
    """Raise a ``TypeError`` under ``torch.jit.trace``, which would freeze the order of one graph without a word."""
    if not torch.compiler.is_compiling() and torch._C._get_tracing_state() is not None:
        raise TypeError(
            f"torch.jit cannot trace {type(layer).__name__}: the order of one graph would be frozen. Use "
            "torch.export.export, torch.compile, or torch.onnx.export(dynamo=True)"
        )
