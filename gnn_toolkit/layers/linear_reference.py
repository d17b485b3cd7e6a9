"""Reference implementations of the layers that are linear in their state, node by node, for tests and for reading.

They take the layers' parameters as a mapping with the names of the ``state_dict``, and share no code with the layers.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

Chosen = tuple[list[Tensor], Tensor, Callable[[Tensor], Tensor]]  # a for each type of edge, b, and the readout


def linear_dag(
    kind: str,
    params: Mapping[str, Tensor],
    x: Tensor,
    edge_index: Tensor,
    edge_type: Tensor | None = None,
    initial: Sequence[Tensor] | None = None,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    num_relations: int = 1,
    aggr: str = "mean",
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs [N, D * H] and final states of a linear recurrence over a DAG, node by node.

    Args:
        kind: ``"mingru"``, ``"minlstm"``, ``"lru"`` or ``"mamba"``.
        params: parameters by name (``weight_ih_l0`` and so on).
        x: features [N, F].
        edge_index: [2, E].
        edge_type: [E], type 0 where ``None``.
        initial: one tensor a layer and direction, rows in the order of the nodes without predecessors.
        num_layers: number of layers.
        bidirectional: whether to walk the reversed graph too.
        num_relations: number of types of edges.
        aggr: ``"mean"`` over all predecessors, or ``"sum"``.
    """
    types = [0] * edge_index.size(1) if edge_type is None else edge_type.tolist()
    edges = [(u, v, r) for (u, v), r in zip(edge_index.t().tolist(), types, strict=True)]
    turned = [(v, u, r) for u, v, r in edges]
    choose = {"mingru": _mingru, "minlstm": _minlstm, "lru": _lru, "mamba": _mamba}[kind]
    finals, k = [], 0
    for layer in range(num_layers):
        outputs = []
        for way, suffix in ((edges, f"_l{layer}"), (turned, f"_l{layer}_reverse"))[: 2 if bidirectional else 1]:
            p = {name.removesuffix(suffix): value for name, value in params.items() if name.endswith(suffix)}
            chosen = [choose(p, row, num_relations) for row in x]
            h = _walk(chosen, way, None if initial is None else initial[k], aggr)
            sinks = [v for v in range(x.size(0)) if v not in {u for u, _, _ in way}]
            finals.append(torch.stack([_as_real(h[v]) for v in sinks]))
            outputs.append(torch.stack([read(h[v]) for v, (_, _, read) in enumerate(chosen)]))
            k += 1
        x = torch.cat(outputs, 1)
    return x, finals


def _walk(chosen: list[Chosen], edges: list[tuple[int, int, int]], initial: Tensor | None, aggr: str) -> dict:
    h: dict[int, Tensor] = {}
    sources = [v for v in range(len(chosen)) if v not in {t for _, t, _ in edges}]
    left = set(range(len(chosen)))
    while left:
        v = min(v for v in left if not any(t == v and u in left for u, t, _ in edges))
        a, b, _ = chosen[v]
        before = [(h[u], r) for u, t, r in edges if t == v]
        if initial is not None and v in sources:
            row = initial[sources.index(v)]
            before = [(torch.complex(row[::2], row[1::2]) if b.is_complex() else row, 0)]
        h[v] = b
        for h_u, r in before:
            h[v] = h[v] + a[r] * h_u / (len(before) if aggr == "mean" else 1)
        left.remove(v)
    return h


def _as_real(h: Tensor) -> Tensor:
    return torch.stack([h.real, h.imag], 1).flatten() if h.is_complex() else h


def _products(p: Mapping[str, Tensor], x: Tensor, *sizes: int) -> list[Tensor]:
    gates = p["weight_ih"] @ x + p.get("bias_ih", torch.zeros_like(p["weight_ih"][:, 0]))
    return list(gates.split(list(sizes)))


def _mingru(p: Mapping[str, Tensor], x: Tensor, relations: int) -> Chosen:
    hidden = p["weight_ih"].size(0) // (relations + 1)
    *z, new = _products(p, x, *[hidden] * (relations + 1))
    z = [torch.sigmoid(each) for each in z]
    return [1 - each for each in z], torch.stack(z).mean(0) * new, lambda h: h


def _minlstm(p: Mapping[str, Tensor], x: Tensor, relations: int) -> Chosen:
    hidden = p["weight_ih"].size(0) // (relations + 2)
    *f, i, new = _products(p, x, *[hidden] * (relations + 2))
    f, i = [torch.sigmoid(each) for each in f], torch.sigmoid(i)
    share = torch.stack([i / (each + i) for each in f]).mean(0)
    return [each / (each + i) for each in f], share * new, lambda h: h


def _lru(p: Mapping[str, Tensor], x: Tensor, relations: int) -> Chosen:
    channels = p["nu"].size(1)
    into, skip = _products(p, x, 2 * channels, p["weight_out"].size(0))
    lam = [torch.exp(torch.complex(-nu.exp(), theta.exp())) for nu, theta in zip(p["nu"], p["theta"], strict=True)]
    gamma = torch.sqrt(1 - torch.stack([each.abs() ** 2 for each in lam]).mean(0))
    out = torch.complex(p["weight_out"][..., 0], p["weight_out"][..., 1])
    return lam, gamma * torch.complex(into[::2], into[1::2]), lambda h: (out @ h).real + skip


def _mamba(p: Mapping[str, Tensor], x: Tensor, relations: int) -> Chosen:
    hidden, rank = p["weight_delta"].shape
    n = p["log_a"].size(2)
    u, low, into, out = _products(p, x, hidden, rank, n, n)
    delta = torch.log1p(torch.exp(p["weight_delta"] @ low + p["bias_delta"]))
    a = [torch.exp(delta[:, None] * -each.exp()).flatten() for each in p["log_a"]]
    b = ((delta * u)[:, None] * into[None, :]).flatten()
    return a, b, lambda h: h.view(hidden, n) @ out + p["skip"] * u
