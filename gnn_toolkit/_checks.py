"""One form for every input error: which argument, what is allowed, what was got, what to do."""

import numbers
import operator
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, SupportsIndex

import numpy as np
import torch
from torch import Tensor


def problem(argument: str, allowed: str, got: object, remedy: str) -> str:
    """Return the text of an input error.

    >>> problem("hidden_channels", "a positive integer", -3, "pass e.g. 128")
    'hidden_channels: expected a positive integer, got -3; pass e.g. 128'
    """
    return f"{argument}: expected {allowed}, got {got}; {remedy}"


def choice(argument: str, value: str, options: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``options``, else raise a ``ValueError`` that suggests the nearest.

    >>> choice("backend", "vendr", ["auto", "vendor"])
    Traceback (most recent call last):
    ValueError: backend: expected one of auto, vendor, got 'vendr'; did you mean 'vendor'?
    """
    names = list(options)
    if value in names:
        return value
    near = get_close_matches(str(value), names, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else "pick one of these"
    raise ValueError(problem(argument, f"one of {', '.join(names)}", repr(value), remedy))


def positive(argument: str, value: SupportsIndex) -> int:
    """Return ``value`` as an ``int`` if it is an integer above zero, of Python or numpy, else raise a ``ValueError``.

    >>> import numpy as np
    >>> positive("hidden_channels", np.int64(3))
    3
    """
    number = _integer(value)
    if number is None or number < 1:
        raise ValueError(problem(argument, "an integer of at least 1", repr(value), "pass e.g. 1"))
    return number


def count(argument: str, value: Any) -> int:
    """Return ``value`` as an ``int`` if it is an integer of at least 0, else raise a ``ValueError``.

    What a compiler traces is not looked at.
    """
    if torch.compiler.is_compiling():
        return value
    number = _integer(value)
    if number is None or number < 0:
        raise ValueError(problem(argument, "an integer of at least 0", repr(value), "pass e.g. x.size(0)"))
    return number


def seed(argument: str, value: SupportsIndex) -> int:
    """Return ``value`` as an ``int`` if torch takes it as a seed, else raise a ``ValueError``."""
    number = _integer(value)
    if number is None or not -(1 << 63) <= number < 1 << 64:
        raise ValueError(problem(argument, "an integer of at most 64 bits", repr(value), "pass e.g. 0"))
    return number


def _integer(value: object) -> int | None:
    """Return an integer of Python, numpy or torch as an ``int``; ``None`` for a truth value and for anything else."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, Tensor) and value.dtype == torch.bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        return None


def probability(argument: str, value: float) -> float:
    """Return ``value`` if it is a probability, else raise a ``ValueError``.

    >>> probability("dropout", 0.1)
    0.1
    """
    allowed = isinstance(value, numbers.Real) and not isinstance(value, bool) and 0.0 <= value <= 1.0
    if not allowed:
        raise ValueError(problem(argument, "a probability in [0, 1]", repr(value), "pass e.g. 0.1"))
    return float(value)


def tensor(argument: str, value: object) -> None:
    """Raise a ``ValueError`` unless ``value`` is a tensor."""
    if not isinstance(value, Tensor):
        got = f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")
        remedy = "leave it out only where it is optional" if value is None else f"pass torch.as_tensor({argument})"
        raise ValueError(problem(argument, "a tensor", got, remedy))


def like(argument: str, value: object, reference: Tensor, *, sparse: bool = False) -> None:
    """Raise a ``ValueError`` unless ``value`` is a tensor of the type and on the device of a layer's parameters.

    Under autocast any floating-point type will do.
    """
    tensor(argument, value)
    assert isinstance(value, Tensor)
    if value.device != reference.device:
        remedy = f"move {argument} or the layer with .to(...)"
        raise ValueError(problem(argument, f"a tensor on {reference.device}, as the layer", value.device, remedy))
    if value.layout != torch.strided and not sparse:
        raise ValueError(problem(argument, "a dense tensor", value.layout, f"pass {argument}.to_dense()"))
    free = value.is_floating_point() and torch.is_autocast_enabled(reference.device.type)
    if value.dtype != reference.dtype and not free:
        remedy = f"cast {argument} or the layer with .to(...)"
        raise ValueError(problem(argument, f"{reference.dtype}, as the layer", value.dtype, remedy))


def on_device(reference: Tensor, **values: Tensor | None) -> None:
    """Raise a ``ValueError`` that names the first of ``values`` that is no tensor on the device of ``reference``."""
    for argument, value in values.items():
        if value is None and argument != "edge_index":
            continue
        tensor(argument, value)
        assert value is not None
        if value.device != reference.device:
            remedy = f"move it with .to(...): {reference.device} is where the nodes are"
            raise ValueError(problem(argument, f"a tensor on {reference.device}", value.device, remedy))


def features(
    argument: str, x: Tensor, width: int, *, batched: bool = False, weight: Tensor | None = None, sparse: bool = False
) -> None:
    """Raise a ``ValueError`` unless ``x`` is a floating-point matrix [N, width], or several where ``batched``.

    Its type and device must be those of ``weight``, a parameter of the layer, where one is given; it is dense unless
    ``sparse`` ones will do.
    """
    if not hasattr(x, "layout"):  # what is prepared as sparse features has one, too
        tensor(argument, x)
    if x.dim() < 2 or (x.dim() > 2 and not batched) or x.size(-1) != width:
        allowed = f"shape [num_nodes, {width}]" + (f" or [..., num_nodes, {width}]" if batched else "")
        raise ValueError(problem(argument, allowed, list(x.shape), "check in_channels of the layer"))
    if not x.is_floating_point():
        raise ValueError(problem(argument, "a floating-point tensor", x.dtype, f"pass {argument}.float()"))
    if weight is not None:
        like(argument, x, weight, sparse=sparse)


def edge_form(edge_index: Tensor) -> None:
    """Raise a ``ValueError`` unless ``edge_index`` is a dense integer tensor [2, E]."""
    tensor("edge_index", edge_index)
    if edge_index.layout != torch.strided:
        remedy = "a convolution takes a sparse matrix; here pass its indices"
        raise ValueError(problem("edge_index", "a dense tensor [2, num_edges]", edge_index.layout, remedy))
    if edge_index.dim() != 2 or edge_index.size(0) != 2:
        remedy = "row 0 holds sources, row 1 targets; transpose a list of pairs with .t()"
        raise ValueError(problem("edge_index", "shape [2, num_edges]", list(edge_index.shape), remedy))
    if edge_index.dtype not in (torch.int64, torch.int32):
        raise ValueError(problem("edge_index", "dtype torch.int64", edge_index.dtype, "pass edge_index.long()"))


def edges(edge_index: Tensor, num_nodes: int) -> None:
    """Raise a ``ValueError`` unless ``edge_index`` is an integer tensor [2, E] of indices into ``num_nodes`` nodes."""
    edge_form(edge_index)
    if edge_index.is_meta:
        raise ValueError(problem("edge_index", "a tensor with values", "one on the device meta", "move it to a CPU"))
    if edge_index.numel() == 0:
        return
    low, high = edge_index.aminmax()
    for node in (int(low), int(high)):
        if not 0 <= node < num_nodes:
            raise ValueError(
                problem(
                    "edge_index",
                    f"node indices in [0, {num_nodes})",
                    node,
                    f"x has {num_nodes} rows: add the missing nodes to x or drop the edge",
                )
            )


def traced_edges(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return ``edge_index``; in compiled code after a check that comes before all that reads what is returned.

    A compiler orders the operators that do not read each other's results as it likes, and its code may write beyond
    the end of a tensor before another operator looks at the indices.
    """
    if torch.compiler.is_compiling() and not torch.onnx.is_in_onnx_export():
        return _checked_edges(edge_index, num_nodes)
    return edge_index


@torch.library.custom_op("gnn_toolkit::checked_edges", mutates_args=())
def _checked_edges(edge_index: Tensor, num_nodes: int) -> Tensor:
    edges(edge_index, num_nodes)
    return edge_index.clone()


@_checked_edges.register_fake
def _(edge_index: Tensor, num_nodes: int) -> Tensor:
    return torch.empty_like(edge_index)


def edge_types(edge_type: Tensor | None, num_edges: int, num_relations: int) -> Tensor:
    """Return ``edge_type`` if it holds one integer in [0, num_relations) an edge, else raise a ``ValueError``."""
    allowed = f"an integer tensor of shape [{num_edges}] with values in [0, {num_relations})"
    if edge_type is not None:
        tensor("edge_type", edge_type)
    if edge_type is None or edge_type.shape != (num_edges,) or edge_type.is_floating_point():
        got = None if edge_type is None else f"{edge_type.dtype} {list(edge_type.shape)}"
        raise ValueError(problem("edge_type", allowed, got, "a layer with num_relations > 1 needs one type an edge"))
    if num_edges and not (int(edge_type.min()) >= 0 and int(edge_type.max()) < num_relations):
        got = f"values from {int(edge_type.min())} to {int(edge_type.max())}"
        raise ValueError(problem("edge_type", allowed, got, "raise num_relations or renumber the types from 0"))
    return edge_type


def edge_weights(edge_weight: Tensor, num_edges: int, *, signed: bool = False) -> None:
    """Raise a ``ValueError`` unless ``edge_weight`` is floating-point [num_edges], not negative unless ``signed``."""
    edge_weight_form(edge_weight, num_edges)
    if not signed:
        not_negative(edge_weight)


def edge_weight_form(edge_weight: Tensor, num_edges: int) -> None:
    """Raise a ``ValueError`` unless ``edge_weight`` is a dense floating-point tensor [num_edges]."""
    tensor("edge_weight", edge_weight)
    if edge_weight.layout != torch.strided:
        got, remedy = edge_weight.layout, "pass edge_weight.to_dense()"
        raise ValueError(problem("edge_weight", f"a dense tensor of shape [{num_edges}]", got, remedy))
    if edge_weight.shape != (num_edges,) or not edge_weight.is_floating_point():
        got = f"{edge_weight.dtype} {list(edge_weight.shape)}"
        allowed = f"a floating-point tensor of shape [{num_edges}]"
        raise ValueError(problem("edge_weight", allowed, got, "give one weight for each column of edge_index"))


def not_negative(edge_weight: Tensor, remedy: str | None = None) -> None:
    """Raise a ``ValueError`` if a weight is negative; in compiled code, where values are not known, torch's own."""
    remedy = SIGNED if remedy is None else remedy
    if torch.compiler.is_compiling():
        torch.ops.aten._assert_async.msg(
            ~(edge_weight < 0).any(), problem("edge_weight", WEIGHTS, "a negative one", remedy)
        )
        return
    functorch: Any = torch._C._functorch  # pyright: ignore[reportAttributeAccessIssue]
    while functorch.is_functorch_wrapped_tensor(edge_weight):  # the weights of all calls that vmap makes at once
        edge_weight = functorch.get_unwrapped(edge_weight)
    edge_weight = edge_weight.detach()
    if bool((edge_weight < 0).any()):
        edge = [int(place) for place in (edge_weight < 0).nonzero()[0]]
        got = f"{float(edge_weight[tuple(edge)])} at edge {edge[0] if len(edge) == 1 else edge}"
        raise ValueError(problem("edge_weight", WEIGHTS, got, remedy))


WEIGHTS = "weights of at least 0"
SIGNED = "a symmetric normalisation divides by the root of a degree: set signed=True or normalize=False"


IMPOSSIBLE = 1e30  # files mark gaps with the largest number that a float holds; nothing that is measured is as large


def measured(argument: str, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return where ``values`` hold a reading: where ``mask`` says so and the number is finite and below 1e30 in size.

    Raises:
        ValueError: values that are no tensor of real numbers, or a mask of another shape or of numbers.

    >>> measured("values", torch.tensor([50.0, torch.nan, 3.4e38]))
    tensor([ True, False, False])
    """
    if not isinstance(values, Tensor):
        raise ValueError(problem(argument, "a tensor", type(values).__name__, f"pass torch.as_tensor({argument})"))
    if values.dtype == torch.bool or values.is_complex():
        remedy = "the mask is another argument, and a complex number is two real ones"
        raise ValueError(problem(argument, "real numbers", values.dtype, remedy))
    there = values.isfinite() & (values.abs().double() < IMPOSSIBLE)
    if mask is None:
        return there
    if mask.dtype != torch.bool or mask.shape != values.shape:
        got = f"{mask.dtype} {list(mask.shape)}"
        remedy = f"say of every number of {argument} whether it was measured, e.g. {argument}.isfinite()"
        raise ValueError(problem("mask", f"torch.bool {list(values.shape)}", got, remedy))
    return there & mask
