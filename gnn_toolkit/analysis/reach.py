"""Reach: which inputs can have a say in a node's output, by the edges and by the gradients."""

from collections.abc import Callable

import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from gnn_toolkit import _checks


def receptive_field(edge_index: Tensor, node: int, hops: int | None, num_nodes: int | None = None) -> Tensor:
    """Return which nodes' inputs can reach a node along at most ``hops`` edges, the node itself among them.

    ``u`` is in the field of ``v`` if a directed path of at most ``hops`` edges leads from ``u`` to ``v``. A stack of k
    graph convolutions with self-loops sees ``hops=k``; a recurrence over a directed acyclic graph sees all ancestors,
    ``hops=None``.

    Args:
        edge_index: integer tensor [2, E], row 0 sources, row 1 targets.
        node: the node whose field is asked for.
        hops: greatest number of edges; ``None`` for any number.
        num_nodes: number of nodes N; the highest index in use plus one where ``None``.

    Returns:
        A mask of the nodes, bool [N].

    Raises:
        ValueError: the edges, the node or the number of hops do not fit.

    >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
    >>> receptive_field(path, 3, hops=2)
    tensor([False,  True,  True,  True])
    >>> receptive_field(path, 3, hops=None)
    tensor([True, True, True, True])
    """
    if num_nodes is None:
        num_nodes = max(node, int(edge_index.max()) if edge_index.numel() else node) + 1
    _checks.edges(edge_index, num_nodes)
    _node(node, num_nodes)
    if hops is not None and (isinstance(hops, bool) or not isinstance(hops, int) or hops < 0):
        raise ValueError(_checks.problem("hops", "a number of at least 0, or None", repr(hops), "pass e.g. hops=2"))
    source, target = edge_index.cpu().numpy()
    backwards = csr_matrix(([1.0] * len(source), (target, source)), shape=(num_nodes, num_nodes))
    limit = float("inf") if hops is None else float(hops)
    distance = torch.from_numpy(dijkstra(backwards, indices=node, unweighted=True, limit=limit))
    return distance.isfinite().to(edge_index.device)


def empirical_receptive_field(model: Callable[[Tensor], Tensor], x: Tensor, node: int) -> Tensor:
    """Return which nodes' inputs move a node's output: those with a non-zero gradient at ``x``.

    ``u`` is in the field of ``v`` if any entry of the Jacobian ``d out_v / d x_u`` is not zero. The field lies within
    :func:`receptive_field`. It can be smaller: a relu may be shut, dropout hides inputs (call ``model.eval()``
    first), and along very many edges a gradient may vanish below the smallest number.

    Args:
        model: maps features [N, F] to outputs [N, C], e.g. ``lambda x: layer(x, edge_index)``.
        x: features [N, F] at which the gradient is taken.
        node: the node whose field is asked for.

    Returns:
        A mask of the nodes, bool [N].

    Raises:
        ValueError: ``x`` is not a floating-point matrix, the node does not fit, or the model does not return a row for
            each node.

    >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
    >>> from gnn_toolkit import DAGRNN, GCNConv
    >>> conv, walk = GCNConv(2, 4), DAGRNN(2, 4)
    >>> empirical_receptive_field(lambda x: conv(x, path), torch.randn(4, 2), 3)
    tensor([False, False,  True,  True])
    >>> empirical_receptive_field(lambda x: walk(x, path)[0], torch.randn(4, 2), 3)
    tensor([True, True, True, True])
    """
    if x.dim() != 2 or not x.is_floating_point():
        got = f"{x.dtype} {list(x.shape)}"
        raise ValueError(_checks.problem("x", "a floating-point tensor [num_nodes, width]", got, "pass x.float()"))
    _node(node, x.size(0))
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        out = model(x)
        if out.dim() != 2 or out.size(0) != x.size(0):
            remedy = "ask a model that answers for every node"
            raise ValueError(_checks.problem("model", f"output of shape [{x.size(0)}, C]", list(out.shape), remedy))
        field = torch.zeros(x.size(0), dtype=torch.bool, device=x.device)
        for value in out[node] if out.requires_grad else ():
            (gradient,) = torch.autograd.grad(value, x, retain_graph=True, materialize_grads=True)
            field |= (gradient != 0).any(1)
    return field


def _node(node: int, num_nodes: int) -> None:
    if not 0 <= node < num_nodes:
        raise ValueError(_checks.problem("node", f"a node in [0, {num_nodes})", node, "pass the index of a node"))
