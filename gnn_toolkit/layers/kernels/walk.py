"""The tools of every walk: tensors cut into blocks of a level, sums over incoming edges, and their way back."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gnn_toolkit.graphs.incidence import Incidence

SUM = 0
MODES = {"sum": SUM, "mean": 1, "max": 2}  # torch.embedding_bag's numbers
_CHUNK = 1024  # blocks cut at a time: one call cuts many, and a deep graph's views need not all exist at once
_ROWS = 4096  # rows of what is prepared for all nodes at a time, so that it stays in the processor's caches


class Step(NamedTuple):
    """One block of a walk.

    Attributes:
        nodes: the block's rows of the node tensors.
        edges: the rows of the edge tensors that belong to its incoming edges; empty where it has none.
        into: of its incoming edges ``source``, ``local``, ``source_row``, and where each row's and each node's begin.
        outof: of its outgoing edges ``out_slot``, ``out_row``, and where each row's and each node's begin.
        places: where the block lies among the states.
        before: on a batch of paths, the places of its predecessors.
    """

    nodes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    into: tuple[Tensor, ...]
    outof: tuple[Tensor, ...]
    places: slice
    before: slice


class Walk:
    """The blocks that a kernel computes; those of initial states are not among them.

    On a batch of paths nothing is gathered: the predecessors of a level are the first rows of the level before.

    Args:
        structure: an ``Incidence``; on a batch of paths all but ``node_ptr`` may be empty.
        extra: how many initial states take the first places.
        aggr: ``"sum"``, ``"mean"`` or ``"max"``.
    """

    def __init__(self, structure: Sequence[Tensor], extra: int, aggr: str) -> None:
        self.structure = Incidence(*structure)
        self.bounds: list[int] = self.structure.node_ptr.tolist()
        self.in_ptr: list[int] = self.structure.in_ptr.tolist()
        self.out_ptr: list[int] = self.structure.out_ptr.tolist()
        self.extra, self.first = extra, self.bounds.index(extra)
        self.is_paths = self.structure.in_start.size(0) < self.bounds[-1]
        self.mode = SUM if self.is_paths else MODES[aggr]
        self.relations = 1 if self.is_paths else self.structure.in_start.size(1)
        source, local, source_row, in_start, out_slot, out_row, out_start, *_ = self.structure
        self.into = ((source, local, source_row), in_start)
        self.outof = ((out_slot, out_row), out_start)
        self.numbers = torch.arange(source.size(0), device=source.device)
        self._counts: Tensor | None = None

    # --- the blocks -----------------------------------------------------------------------------------------------

    def forward(self, nodes: Sequence[Tensor], edges: Sequence[Tensor] = ()) -> Iterator[Step]:
        """Yield the blocks from the first to the last, with rows of node tensors [N, ...] and edge tensors [E, ...]."""
        return self._steps(nodes, edges, range(self.first, len(self.bounds) - 1))

    def backward(self, nodes: Sequence[Tensor], edges: Sequence[Tensor] = ()) -> Iterator[Step]:
        """Yield the blocks from the last to the first."""
        return self._steps(nodes, edges, range(len(self.bounds) - 2, self.first - 1, -1))

    def given(self, nodes: Sequence[Tensor]) -> Iterator[Step]:
        """Yield the blocks of initial states, with rows of tensors [S, ...]."""
        return self._steps(nodes, (), range(self.first), 0)

    def _steps(
        self, nodes: Sequence[Tensor], edges: Sequence[Tensor], blocks: range, extra: int = -1
    ) -> Iterator[Step]:
        offset = self.extra if extra < 0 else extra
        for k in range(0, len(blocks), _CHUNK):
            part = sorted(blocks[k : k + _CHUNK])
            a, b = part[0], part[-1] + 2
            rows = [_split(t, self.bounds[a:b], offset) for t in nodes]
            if self.is_paths:
                columns = [[()] * len(part)] * 3
            else:
                kept = [_split(t, self.in_ptr[a:b]) for t in edges]
                columns = [zip(*kept, strict=True) if kept else [()] * len(part)]
                columns += [self._ends(self.into, self.in_ptr[a:b], self.bounds[a:b])]
                columns += [self._ends(self.outof, self.out_ptr[a:b], self.bounds[a:b])]
            places = [slice(*pair) for pair in pairwise(self.bounds[a:b])]
            before = [self._before(block) for block in part]
            steps = list(map(Step._make, zip(zip(*rows, strict=True), *columns, places, before, strict=True)))
            yield from steps if blocks.step > 0 else reversed(steps)

    def _ends(self, ends: tuple[tuple[Tensor, ...], Tensor], ptr: list[int], bounds: list[int]) -> Iterator[Any]:
        """Yield each block's part of the edges' tensors and of where each row's and each node's edges begin."""
        edges, start = ends
        parts = [_split(t, ptr) for t in edges]
        nodes = _split(start[:, 0].contiguous(), bounds)
        rows = nodes if self.relations == 1 else _split(start.flatten(), [self.relations * place for place in bounds])
        return zip(*parts, rows, nodes, strict=True)

    def _before(self, block: int) -> slice:
        if block == 0:
            return slice(0, 0)
        start = self.bounds[block - 1]
        return slice(start, start + self.bounds[block + 1] - self.bounds[block])

    # --- forth: sums over incoming edges --------------------------------------------------------------------------

    def sums(self, step: Step, rows: Tensor, mode: int) -> Tensor | None:
        """Return a block's aggregates of the predecessors' ``rows`` [S + N, K], [n, R * K]; ``None`` without edges."""
        if self.is_paths:
            return rows[step.before] if step.before.stop > step.before.start else None
        source, _, _, start, _ = step.into
        if not source.size(0):
            return None
        found = _bag(rows, source, start, mode)
        return found if self.relations == 1 else found.view(-1, self.relations * rows.size(1))

    def all_sums(self, rows: Tensor, mode: int) -> Tensor:
        """Return the aggregates of all nodes, [N, R * K]."""
        if self.is_paths:
            blocks = range(self.first, len(self.bounds) - 1)
            starts = rows.new_zeros(0 if self.first else self.bounds[1], rows.size(1))
            return torch.cat([starts, *(rows[self._before(block)] for block in blocks)])
        start = self._absolute(self.structure.in_start)
        found = _bag(rows, self.structure.source, start.flatten(), mode)
        return found.view(start.size(0), -1)[self.extra :]

    def gather_into(self, step: Step, rows: Tensor) -> Tensor:
        """Return the aggregates of a block's incoming edges' ``rows`` [e, K], summed over the types, [n, K]."""
        numbers = self.numbers[: rows.size(0)]
        if self.mode == SUM or self.relations == 1:
            return _bag(rows, numbers, step.into[4], self.mode)
        return _bag(rows, numbers, step.into[3], self.mode).view(-1, self.relations, rows.size(1)).sum(1)

    def sum_outof(self, step: Step, rows: Tensor, by_row: bool = False) -> Tensor:
        """Return the sums of ``rows`` [E, K] over a block's outgoing edges, [n, K] or by type [n, R * K]."""
        slots, _, by_rows, by_nodes = step.outof
        if by_row and self.relations > 1:
            return _bag(rows, slots, by_rows, SUM).view(by_nodes.size(0), -1)
        return _bag(rows, slots, by_nodes, SUM)

    def sum_edges(self, rows: Tensor) -> Tensor:
        """Return the sums of edge tensor ``rows`` [E, K] over all incoming edges of all nodes, [N, K]."""
        start = self._absolute(self.structure.in_start)[:, 0]
        return _bag(rows, self.numbers, start.contiguous(), SUM)[self.extra :]

    def _absolute(self, start: Tensor) -> Tensor:
        sizes = self.structure.node_ptr.diff()
        first = self.structure.in_ptr[:-1].repeat_interleave(sizes).to(start.device)
        return start + first.unsqueeze(1)

    # --- back: what the successors return -------------------------------------------------------------------------

    def prepare(self, h: Tensor) -> Tensor | None:
        """Count the edges into each row where aggregates are means; return the edges' shares where they are maxima."""
        if self.mode == MODES["mean"]:
            in_start = self.structure.in_start
            counts = torch.bincount(self._target_rows(), minlength=in_start.numel()).clamp_(min=1)
            self._counts = counts.to(h.dtype).view_as(in_start)
        return self.shares(h.index_select(0, self.structure.source)) if self.mode == MODES["max"] else None

    def shares(self, rows: Tensor) -> Tensor | None:
        """Return what part of its aggregate's gradient each edge passes back: [E, 1] or [E, K]; ``None`` for all of it.

        For a maximum, equal largest values share the gradient evenly, as in ``torch.amax``.

        Args:
            rows: [E, K], what the edges carry, slot by slot.
        """
        if self.mode == SUM:
            return None
        targets = self._target_rows()
        if self._counts is not None:
            return self._counts.view(-1, 1).index_select(0, targets).reciprocal_()
        largest = _bag(rows, self.numbers, self._absolute(self.structure.in_start).flatten(), self.mode)
        part = (rows == largest.index_select(0, targets)).to(rows.dtype)
        total = torch.zeros_like(largest).index_add_(0, targets, part)
        return part.div_(total.index_select(0, targets))

    def _target_rows(self) -> Tensor:
        """Return the row of each slot's target."""
        return torch.empty_like(self.structure.out_row).scatter_(0, self.structure.out_slot, self.structure.out_row)

    def messages(self, gradient: Tensor) -> Tensor:
        """Return where the gradients of the sums go, [S + N, R * H]: for paths, right where they are added up."""
        return gradient if self.is_paths else gradient.new_empty(gradient.size(0), self.relations * gradient.size(1))

    def send(
        self, step: Step, messages: Tensor, *products: tuple[Tensor, Tensor], through: Tensor | None = None
    ) -> None:
        """Give ``ds_r = sum of gradient @ weight_r + through`` back to a block's predecessors.

        On paths it is added to their gradients at once, else left in ``messages``.
        """
        into = messages[step.before if self.is_paths else step.places]
        if not into.size(0) or not (self.is_paths or step.into[0].size(0)):
            return
        for k, (gradient, weight) in enumerate(products):
            into.addmm_(gradient, weight, beta=1 if self.is_paths or k else 0)
        if through is not None:
            into.view(*through.shape[:1], self.relations, -1).add_(through.unsqueeze(1))
        if self._counts is not None:
            into.view(into.size(0), self.relations, -1).div_(self._counts[step.places].unsqueeze(2))

    def keep(self, step: Step, memories: Tensor, gradient: Tensor, forget: Tensor) -> None:
        """Give ``gradient * forget_r`` [n, R, H] back to a block's predecessors, as :meth:`send` does."""
        if self.is_paths:
            if step.before.stop > step.before.start:
                memories[step.before].addcmul_(gradient, forget[:, 0])
        elif step.into[0].numel():
            kept = torch.mul(gradient.unsqueeze(1), forget, out=memories[step.places].view_as(forget))
            if self._counts is not None:
                kept.div_(self._counts[step.places].unsqueeze(2))

    def collect(self, step: Step, into: Tensor, messages: Tensor, shares: Tensor | None) -> None:
        """Add to ``into`` [n, H] what a block's successors left in ``messages`` [S + N, R * H]; each edge its share."""
        if self.is_paths or not step.outof[0].size(0):
            return
        slots, rows, _, start = step.outof
        flat = messages if self.relations == 1 else messages.view(-1, into.size(1))
        if shares is None:
            into.add_(_bag(flat, rows, start, SUM))
        else:
            part = flat.index_select(0, rows).mul_(shares.index_select(0, slots))
            into.add_(_bag(part, self.numbers[: slots.size(0)], start, SUM))

    def weight_gradient(self, dq: Tensor, h: Tensor) -> Tensor:
        """Return ``dW_r = sum over v of dq_v s_r,v^T`` for every relation, [R, G * H, H]: one product."""
        product = dq.t() @ self.all_sums(h, self.mode)
        return product.view(dq.size(1), -1, h.size(1)).transpose(0, 1).contiguous()


def chunks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the tensors' rows, some thousand at a time."""
    return zip(*(tensor.split(_ROWS) for tensor in tensors), strict=True)


def _split(tensor: Tensor, bounds: list[int], extra: int = 0) -> tuple[Tensor, ...]:
    """Return the rows between consecutive bounds; the tensor's first row is number ``extra``."""
    sizes = [b - a for a, b in pairwise(bounds)]
    return tensor[bounds[0] - extra : bounds[-1] - extra].split_with_sizes(sizes)


def _bag(rows: Tensor, index: Tensor, start: Tensor, mode: int) -> Tensor:
    """Return aggregates of gathered rows without writing the rows out: one for each entry of ``start``."""
    return torch.embedding_bag(rows, index, start, False, mode)[0]
