"""The figure of how large the states of fresh recurrences become with the depth of a graph, under each aggregation.

Run ``python docs/draw_growth.py``; it writes ``docs/growth.svg``. The graph has an edge from each node to the next and
to the one after, so that every node but two has two predecessors.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pages
import torch
from matplotlib.figure import Figure

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN

DEPTH, HIDDEN, SEEDS = 800, 8, 10
KINDS: dict[str, Any] = {"DAGRNN": DAGRNN, "DAGGRU": DAGGRU, "DAGLSTM": DAGLSTM}
STYLES = {"sum": ("#d55e00", "-"), "mean": ("#0072b2", "-"), "max": ("#009e73", "--")}


def growth(kind: Any, aggr: str) -> np.ndarray:
    """Return the largest state, h or c, up to each level: the median over seeds, nan where it is not finite."""
    nodes = torch.arange(DEPTH)
    edges = torch.cat([torch.stack([nodes[:-k], nodes[k:]]) for k in (1, 2)], 1)
    curves = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        layer, x = kind(4, HIDDEN, aggr=aggr, backend="message_passing"), torch.randn(DEPTH, 4)
        states: list[torch.Tensor] = []
        layer.register_propagate_forward_pre_hook(lambda _, given, kept=states: kept.append(given[2]["state"][0]))
        with torch.no_grad():
            layer(x, edges)
        sizes = np.array([float(state.abs().max()) for state in states])
        curves.append(np.maximum.accumulate(np.where(np.isfinite(sizes), sizes, np.nan)))
    return np.median(np.stack(curves), 0)


def main() -> None:
    """Write the picture."""
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        for axes, (name, kind) in zip(figure.subplots(1, 3, sharey=True), KINDS.items(), strict=True):
            for aggr, (colour, line) in STYLES.items():
                curve = growth(kind, aggr)
                axes.plot(np.arange(1, len(curve) + 1), curve, line, color=colour, label=aggr)
            axes.set(title=name, xlabel="level", yscale="log", xscale="log", ylim=(1e-2, 1e40))
            axes.spines[["top", "right"]].set_visible(False)
        figure.axes[0].set_ylabel("largest state so far")
        figure.axes[0].legend(frameon=False, title="aggr")
    pages.save(figure, "growth.svg")


if __name__ == "__main__":
    main()
