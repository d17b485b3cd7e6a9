"""The picture of one convolution, twice: as messages along edges, and as a product of matrices.

Run ``python docs/draw_messages.py``; it writes ``docs/messages.svg``.
"""

import matplotlib as mpl
import pages
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import gcn_norm

BLUE, ORANGE = "#0072b2", "#d55e00"
PAIRS = torch.tensor([[0, 0, 1, 2, 3], [1, 2, 2, 3, 4]])
EDGES = torch.cat([PAIRS, PAIRS.flip(0)], 1)
PLACES = [(0.0, 1.0), (0.0, -1.0), (1.2, 0.0), (2.5, 0.0), (3.7, 0.0)]
NODE = 2  # whose messages are shown


def convolve(x: Tensor, layer: GCNConv) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the output by messages, the messages with their edges, and the dense matrix of the other form."""
    seen: list[Tensor] = []
    handle = layer.register_message_forward_hook(lambda _, __, messages: seen.append(messages))
    out = layer(x, EDGES)
    handle.remove()
    edges, weights = gcn_norm(EDGES, None, x.size(0), dtype=x.dtype)
    matrix = torch.zeros(x.size(0), x.size(0), dtype=x.dtype).index_put((edges[1], edges[0]), weights)
    return out, seen[0], edges, matrix


def draw_messages(axes: Axes, messages: Tensor, edges: Tensor, matrix: Tensor, out: Tensor) -> None:
    """Draw the graph, and each message into the node."""
    for u, v in PAIRS.t().tolist():
        axes.plot(*zip(PLACES[u], PLACES[v], strict=True), color="#d8d8d8", linewidth=1.5, zorder=0)
    for message, (u, v) in zip(messages.tolist(), edges.t().tolist(), strict=True):
        if v != NODE:
            continue
        bend, shrink = ("arc3,rad=0", 13) if u != v else ("arc3,rad=2.6", 9)
        start = PLACES[u] if u != v else (PLACES[v][0] + 0.17, PLACES[v][1])
        end = PLACES[v] if u != v else (PLACES[v][0] - 0.17, PLACES[v][1])
        style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": ORANGE, "shrinkA": shrink, "shrinkB": shrink}
        axes.add_patch(FancyArrowPatch(start, end, connectionstyle=bend, **style))
        words = f"{matrix[v, u]:.2f} m{u} = ({message[0]:.2f}, {message[1]:.2f})"
        x, y = {0: (0.2, 1.0), 1: (0.2, -1.1), 2: (1.3, 0.62), 3: (1.75, -0.3)}[u]
        axes.text(x, y, words, fontsize=8, color=ORANGE)
    for v, (x, y) in enumerate(PLACES):
        axes.scatter(x, y, s=330, color=BLUE if v == NODE else "#bcd6e8", zorder=2)
        axes.text(x, y, str(v), ha="center", va="center", fontsize=9, color="white" if v == NODE else "black", zorder=3)
    total = f"their sum: ({out[NODE, 0]:.2f}, {out[NODE, 1]:.2f})"
    axes.text(1.2, -1.75, total, fontsize=9, color=BLUE, fontweight="bold", ha="center")
    axes.set(xlim=(-0.5, 4.3), ylim=(-2.1, 2.1))
    axes.set_title("messages into node 2", fontsize=10, fontweight="bold")
    axes.set_axis_off()


def draw_matrix(axes: Axes, values: Tensor, title: str, frame: str | None) -> None:
    """Draw a matrix by its numbers, the row of the node framed in a colour."""
    axes.imshow(values.abs(), cmap="Blues", vmin=0.0, vmax=2.5)
    for (row, col), value in zip(torch.cartesian_prod(*map(torch.arange, values.shape)), values.flatten(), strict=True):
        if value:
            axes.text(int(col), int(row), f"{value:.2f}", ha="center", va="center", fontsize=8)
    if frame:
        place = (-0.5, NODE - 0.5), values.size(1), 1
        axes.add_patch(Rectangle(*place, fill=False, edgecolor=frame, linewidth=2, clip_on=False, zorder=3))
    axes.set(xticks=[], yticks=range(values.size(0)))
    axes.tick_params(length=0, labelsize=8)
    axes.set_title(title, fontsize=10, fontweight="bold")
    for spine in axes.spines.values():
        spine.set_visible(False)


def main() -> None:
    """Write the picture."""
    torch.manual_seed(0)
    layer = GCNConv(3, 2, bias=False).double()
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        out, messages, edges, matrix = convolve(x, layer)
        product = matrix @ layer.lin(x)
        m = layer.lin(x)
    apart = float((out - product).abs().max())
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(12, 3.4), layout="constrained")
        figure.patch.set_facecolor("white")
        axes = figure.subplots(1, 4, gridspec_kw={"width_ratios": [2.3, 1.6, 0.8, 0.8]})
        draw_messages(axes[0], messages, edges, matrix, out)
        draw_matrix(axes[1], matrix, r"$\hat{A}$", ORANGE)
        draw_matrix(axes[2], m, r"$H\,W$, the rows m", None)
        draw_matrix(axes[3], product, r"$H' = \hat{A} H W$", BLUE)
        text = f"The same convolution as messages and as matrices; the largest difference is {apart:.0e}"
        figure.suptitle(text, fontsize=12)
    pages.save(figure, "messages.svg")


if __name__ == "__main__":
    main()
