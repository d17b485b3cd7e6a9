"""Reference implementations of the layers: loops over nodes and dense matrices, for tests and for reading.

They take the layers' parameters as a mapping with the names of the ``state_dict``, and share no code with the layers.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def gcn(
    x: Tensor,
    edge_index: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    edge_weight: Tensor | None = None,
    *,
    signed: bool = False,
) -> Tensor:
    """Return ``D~^-1/2 (A + I) D~^-1/2 x W^T + b`` with dense matrices; parallel edges add up.

    >>> gcn(torch.eye(2), torch.tensor([[0, 1], [1, 0]]), torch.eye(2))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    n = x.size(0)
    a = [[x.new_zeros(()) for _ in range(n)] for _ in range(n)]  # a[v][u]: weight of the edge u -> v
    counted = [[x.new_zeros(()) for _ in range(n)] for _ in range(n)]  # what the degrees sum: |w| where signed
    for v in range(n):
        a[v][v] = counted[v][v] = x.new_ones(())
    for k, (u, v) in enumerate(edge_index.t().tolist()):
        w = x.new_ones(()) if edge_weight is None else edge_weight[k]
        size = w.abs() if signed else w
        a[v][u] = w if u == v else a[v][u] + w  # a loop takes the place of the one that is added
        counted[v][u] = size if u == v else counted[v][u] + size
    degrees = [torch.stack(row).sum() for row in counted]
    d = torch.diag(torch.stack([d.rsqrt() if d > 0 else torch.zeros_like(d) for d in degrees]))
    out = d @ torch.stack([torch.stack(row) for row in a]) @ d @ x @ weight.t()
    return out if bias is None else out + bias


def dag(
    kind: str,
    params: Mapping[str, Tensor],
    x: Tensor,
    edge_index: Tensor,
    edge_type: Tensor | None = None,
    initial: Sequence[Sequence[Tensor]] | None = None,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    aggr: str = "mean",
) -> tuple[Tensor, list[list[Tensor]]]:
    """Return the outputs [N, D * H] and final states of a recurrence over a DAG, node by node.

    Args:
        kind: ``"rnn_tanh"``, ``"rnn_relu"``, ``"gru"``, ``"lstm"`` or ``"relation_lstm"``.
        params: parameters by name (``weight_ih_l0`` and so on).
        x: features [N, F].
        edge_index: [2, E].
        edge_type: [E], relation 0 where ``None``.
        initial: for each state one tensor a layer and direction, rows in the order of the nodes without predecessors.
        num_layers: number of layers.
        bidirectional: whether to walk the reversed graph too.
        aggr: ``"sum"``, ``"mean"`` or ``"max"`` of what the predecessors of each relation send.
    """
    types = [0] * edge_index.size(1) if edge_type is None else edge_type.tolist()
    edges = [(u, v, r) for (u, v), r in zip(edge_index.t().tolist(), types, strict=True)]
    turned = [(v, u, r) for u, v, r in edges]
    finals: list[list[Tensor]] = [[], []] if "lstm" in kind else [[]]
    k = 0
    for layer in range(num_layers):
        outputs = []
        for way, suffix in ((edges, ""), (turned, "_reverse"))[: 2 if bidirectional else 1]:
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            weights = [params.get(f"{name}_l{layer}{suffix}") for name in names]
            start = None if initial is None else [state[k] for state in initial]
            states = _walk(kind, weights, x, way, start, aggr)
            sinks = [v for v in range(x.size(0)) if v not in {u for u, _, _ in way}]
            for final, state in zip(finals, states, strict=True):
                final.append(torch.stack([state[v] for v in sinks]))
            outputs.append(torch.stack([states[0][v] for v in range(x.size(0))]))
            k += 1
        x = torch.cat(outputs, 1)
    return x, finals


def _walk(
    kind: str,
    weights: list[Tensor | None],
    x: Tensor,
    edges: list[tuple[int, int, int]],
    start: list[Tensor] | None,
    aggr: str,
) -> list[dict[int, Tensor]]:
    w_ih, w_hh, b_ih, b_hh = weights
    if w_ih is None or w_hh is None:
        raise KeyError("params: weight_ih and weight_hh of every layer are needed")
    w_hh = w_hh if w_hh.dim() == 3 else w_hh[None]
    hidden = w_hh.size(2)
    zero = x.new_zeros(hidden)
    b_ih = x.new_zeros(w_ih.size(0)) if b_ih is None else b_ih
    b_hh = x.new_zeros(w_ih.size(0)) if b_hh is None else b_hh
    h: dict[int, Tensor] = {}
    c: dict[int, Tensor] = {}
    sources = [v for v in range(x.size(0)) if v not in {t for _, t, _ in edges}]
    left = set(range(x.size(0)))
    while left:
        v = min(v for v in left if not any(t == v and u in left for u, t, _ in edges))
        before = [(h[u], c.get(u, zero), r) for u, t, r in edges if t == v]
        if start is not None and v in sources:
            row = sources.index(v)
            before = [(start[0][row], start[1][row] if "lstm" in kind else zero, 0)]
        h[v], c[v] = _node(kind, w_ih @ x[v] + b_ih, before, w_hh, b_hh, aggr)
        left.remove(v)
    return [h, c] if "lstm" in kind else [h]


def _node(
    kind: str, a: Tensor, before: list[tuple[Tensor, Tensor, int]], w_hh: Tensor, b_hh: Tensor, aggr: str
) -> tuple[Tensor, Tensor]:
    n, relations = w_hh.size(2), w_hh.size(0)

    def gathered(values: list[Tensor]) -> Tensor:
        joined = torch.stack(values) if values else a.new_zeros(1, n)
        return {"sum": joined.sum(0), "mean": joined.mean(0), "max": joined.amax(0)}[aggr]

    s = [gathered([h_u for h_u, _, r_u in before if r_u == r]) for r in range(relations)]
    q = b_hh.clone()
    for r in range(relations):
        q = q + w_hh[r] @ s[r]
    if kind in ("rnn_tanh", "rnn_relu"):
        return (torch.tanh(a + q) if kind == "rnn_tanh" else torch.relu(a + q)), q.new_zeros(n)
    if kind == "gru":
        reset, update = torch.sigmoid(a[:n] + q[:n]), torch.sigmoid(a[n : 2 * n] + q[n : 2 * n])
        new = torch.tanh(a[2 * n :] + reset * q[2 * n :])
        return (1 - update) * new + update * torch.stack(s).sum(0), q.new_zeros(n)
    i, o = torch.sigmoid(a[:n] + q[:n]), torch.sigmoid(a[-n:] + q[-n:])
    cell = i * torch.tanh(a[-2 * n : -n] + q[-2 * n : -n])
    for r in range(relations):
        mine = [(h_u, c_u) for h_u, c_u, r_u in before if r_u == r]
        if kind == "relation_lstm":
            rows = slice((1 + r) * n, (2 + r) * n)
            cell = cell + torch.sigmoid(a[rows] + q[rows]) * gathered([c_u for _, c_u in mine])
        else:
            asked = a[n : 2 * n] + b_hh[n : 2 * n]
            cell = cell + gathered([torch.sigmoid(asked + w_hh[r, n : 2 * n] @ h_u) * c_u for h_u, c_u in mine])
    return o * torch.tanh(cell), cell


def time_terms(
    basis: str,
    order: int,
    edge_index: Tensor,
    weight: Tensor,
    nodes: int,
    *,
    lambda_max: float | Tensor | None = None,
    normalization: str | None = "sym",
    degrees: str = "in",
) -> list[Tensor]:
    """Return the dense matrices ``Z_k`` [N, N] of a basis of graph convolutions.

    Args:
        basis: ``"chebyshev"``, ``"diffusion"``, ``"authors"`` (the terms of DCRNN's program) or ``"neighbours"``.
        order: K.
        edge_index: [2, E].
        weight: [E].
        nodes: number of nodes N.
        lambda_max: of ``"chebyshev"``, as are the other two: a number, or one for each node.
        normalization: ``"sym"``, ``"rw"`` or ``None``.
        degrees: ``"in"`` or ``"out"``.
    """
    eye = torch.eye(nodes, dtype=weight.dtype)
    a = torch.zeros(nodes, nodes, dtype=weight.dtype)  # a[u, v]: weight of u -> v
    for (u, v), w in zip(edge_index.t().tolist(), weight, strict=True):
        a = a + w * torch.outer(eye[u], eye[v])
    if basis == "neighbours":
        d = (a + eye).sum(0).rsqrt()
        return [d[:, None] * (a + eye).t() * d]
    if basis == "chebyshev":
        d = a.sum(0 if degrees == "in" else 1)
        r = torch.where(d > 0, d, torch.inf)
        if normalization is None:
            laplacian, bound = torch.diag(d) - a.t(), 2 * d.max()
        else:
            laplacian, bound = eye - (a.t() / r if normalization == "rw" else a.t() / r.sqrt()[:, None] / r.sqrt()), 2
        scaled = 2 * laplacian / (bound if lambda_max is None else lambda_max) - eye
        terms = [eye, scaled]
        while len(terms) < order:
            terms.append(2 * scaled @ terms[-1] - terms[-2])
        return terms[:order]
    out_degree, in_degree = (torch.where(a.sum(k) > 0, a.sum(k), torch.inf) for k in (1, 0))
    along, against = a / out_degree[:, None], (a / in_degree).t()
    terms, before = [eye], eye
    for walk in (along, against):
        if basis == "diffusion":
            terms += [torch.linalg.matrix_power(walk, k) for k in range(1, order)]
            continue
        last = walk @ before
        terms.append(last)
        for _ in range(2, order):
            before, last = last, 2 * walk @ last - before
            terms.append(last)
    return terms


def over_time(
    kind: str,
    params: Mapping[str, Tensor],
    x: Tensor,
    terms: Sequence[tuple[list[Tensor], list[Tensor]]],
    initial: Sequence[Tensor] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs [T, N, H] and final states of a recurrence in time over a graph, gate by gate.

    Args:
        kind: ``"gru"`` (torch's), ``"early_gru"`` (resets before the product) or ``"lstm"``, with peepholes if they are
            among the parameters.
        params: parameters by name.
        x: features [T, N, F].
        terms: at each step, dense matrices ``Z_k`` for the input and for the state.
        initial: states [N, H]; zeros where ``None``.
    """
    hidden, gates = params["weight_hh"].size(1) // len(terms[0][1]), params["weight_hh"].size(0)
    b_ih, b_hh = (params.get(name, x.new_zeros(gates)) for name in ("bias_ih", "bias_hh"))

    def part(seen: tuple[list[Tensor], list[Tensor]], which: int, g: int, value: Tensor) -> Tensor:
        rows = slice(g * hidden, (g + 1) * hidden)
        joined = torch.cat([z @ value for z in seen[which]], 1)
        weight, bias = (params["weight_ih"], b_ih) if which == 0 else (params["weight_hh"], b_hh)
        return joined @ weight[rows].t() + bias[rows]

    h, c = initial if kind == "lstm" and initial else (*(initial or [x.new_zeros(x.size(1), hidden)]), None)
    c = torch.zeros_like(h) if c is None else c
    look = params.get("peephole", x.new_zeros(3, hidden))
    out = []
    for value, seen in zip(x, terms, strict=True):
        if kind == "lstm":
            i = torch.sigmoid(part(seen, 0, 0, value) + part(seen, 1, 0, h) + look[0] * c)
            f = torch.sigmoid(part(seen, 0, 1, value) + part(seen, 1, 1, h) + look[1] * c)
            c = f * c + i * torch.tanh(part(seen, 0, 2, value) + part(seen, 1, 2, h))
            h = torch.sigmoid(part(seen, 0, 3, value) + part(seen, 1, 3, h) + look[2] * c) * torch.tanh(c)
        else:
            r, z = (torch.sigmoid(part(seen, 0, g, value) + part(seen, 1, g, h)) for g in (0, 1))
            recurrent = part(seen, 1, 2, r * h) if kind == "early_gru" else r * part(seen, 1, 2, h)
            h = (1 - z) * torch.tanh(part(seen, 0, 2, value) + recurrent) + z * h
        out.append(h)
    return torch.stack(out), [h, c] if kind == "lstm" else [h]


def graph_lstm(
    params: Mapping[str, Tensor],
    x: Tensor,
    edge_index: Tensor,
    score: Tensor,
    initial: Sequence[Tensor] | None = None,
    *,
    num_layers: int = 1,
) -> tuple[Tensor, Tensor]:
    """Return h and m [N, H] of the last layer of a Graph LSTM, node by node in the order of the visit.

    Args:
        params: parameters by name.
        x: features [N, F].
        edge_index: [2, E]; the neighbours of a node are the sources of the edges into it.
        score: [N]; the highest is visited first.
        initial: h and m [N, H]; zeros where ``None``.
        num_layers: number of layers.
    """
    n, hidden = x.size(0), params["weight_hh_l0"].size(1)
    h, m = initial or (x.new_zeros(n, hidden), x.new_zeros(n, hidden))
    order = sorted(range(n), key=lambda v: (-float(score[v]), v))
    neighbours = [[u for u, v in edge_index.t().tolist() if v == i] for i in range(n)]
    for layer in range(num_layers):
        w, u, v = (params[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "weight_nh"))
        b = params.get(f"bias_l{layer}", w.new_zeros(4 * hidden))
        new: dict[int, tuple[Tensor, Tensor]] = {}
        for i in order:
            seen = [new.get(j, (h[j], m[j])) for j in neighbours[i]]
            mean_h = torch.stack([h_j for h_j, _ in seen]).mean(0) if seen else x.new_zeros(hidden)
            a = w @ x[i] + u @ h[i] + torch.cat([v[: 3 * hidden] @ mean_h, x.new_zeros(hidden)]) + b
            gate, new_memory, out, own = a.chunk(4)
            forget = [(w @ x[i] + b)[3 * hidden :] + v[3 * hidden :] @ h[j] for j in neighbours[i]]
            kept = [torch.sigmoid(f) * m_j for f, (_, m_j) in zip(forget, seen, strict=True)]
            memory = torch.stack(kept).mean(0) if kept else x.new_zeros(hidden)
            memory = memory + torch.sigmoid(own) * m[i] + torch.sigmoid(gate) * torch.tanh(new_memory)
            new[i] = (torch.tanh(torch.sigmoid(out) * memory), memory)
        h, m = (torch.stack([new[i][k] for i in range(n)]) for k in (0, 1))
        if layer < num_layers - 1:
            shortcut = params.get("shortcut.weight")
            x = (x if layer or shortcut is None else x @ shortcut.t()) + h
    return h, m
