"""The picture of how far one to four graph convolutions see in the karate club.

Run ``python docs/draw_reach.py``; it writes ``docs/reach.svg``.
"""

import matplotlib as mpl
import networkx as nx
import pages
import torch
from matplotlib.figure import Figure

from gnn_toolkit import GCNConv, from_networkx
from gnn_toolkit.analysis import empirical_receptive_field, receptive_field

ORANGE, BLUE, PALE = "#d55e00", "#0072b2", "#e4e4e4"
NODE = 16


def main() -> None:
    """Write the picture."""
    torch.manual_seed(0)
    club = nx.karate_club_graph()
    edge_index: torch.Tensor = from_networkx(club)["edge_index"]
    place = nx.kamada_kawai_layout(club, weight=None)
    layers = [GCNConv(4, 4).double() for _ in range(4)]
    x = torch.randn(club.number_of_nodes(), 4, dtype=torch.double)
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(12, 3.1), layout="constrained")
        for count, axes in enumerate(figure.subplots(1, 4), 1):

            def model(x: torch.Tensor, count: int = count) -> torch.Tensor:
                for layer in layers[:count]:
                    x = torch.tanh(layer(x, edge_index))
                return x

            seen = empirical_receptive_field(model, x, NODE)
            if not torch.equal(seen, receptive_field(edge_index, NODE, count)):
                raise AssertionError(f"{count} layers do not see {count} hops")
            inside = [(u, v) for u, v in club.edges if seen[u] and seen[v]]
            nx.draw_networkx_edges(club, place, ax=axes, edge_color=PALE, width=0.8)
            nx.draw_networkx_edges(club, place, inside, ax=axes, edge_color=BLUE, width=0.8, alpha=0.6)
            colours = [ORANGE if v == NODE else BLUE if seen[v] else PALE for v in club]
            nx.draw_networkx_nodes(club, place, ax=axes, node_color=colours, node_size=70)
            layers_word = "layer" if count == 1 else "layers"
            axes.set_title(f"{count} {layers_word}: {int(seen.sum())} of {len(club)} members", fontsize=10)
            axes.set_axis_off()
    pages.save(figure, "reach.svg")


if __name__ == "__main__":
    main()
