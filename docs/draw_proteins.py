"""The picture of each test complex and protein with its neighbours in space and without.

Run ``python docs/draw_proteins.py``; it reads ``benchmarks/results/proteins-units.json`` and writes
``docs/proteins.svg``.
"""

import json
from typing import Any

import matplotlib as mpl
import numpy as np
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from protein_tables import EDGE, PLAIN, UNITS, Side

# A panel: its title, the row across, the row upwards, and their names.
PANELS: tuple[tuple[str, Side, Side, str, str], ...] = (
    (
        "interfaces: AUC of each complex",
        PLAIN,
        ("interfaces", EDGE, "graph"),
        "residues alone",
        "20 nearest residues",
    ),
    (
        "sites: share of each protein in the AUPRC",
        ("sites", "residue MLP, context", "no edges"),
        ("sites", f"{EDGE}, context", "graph"),
        "residues alone",
        "20 nearest residues",
    ),
)


def means(units: dict[str, Any], side: Side) -> np.ndarray | None:
    """Return the mean of each unit over the seeds [units]."""
    found = units.get(" | ".join(side))
    return None if found is None else np.array(list(found["seeds"].values())).mean(0)


def draw(axes: Axes, across: np.ndarray, upwards: np.ndarray) -> None:
    """Draw a point a unit, and the line where both are equal."""
    low, high = min(across.min(), upwards.min()) - 0.02, max(across.max(), upwards.max()) + 0.02
    axes.plot([low, high], [low, high], color="#999999", linewidth=0.8)
    axes.scatter(across, upwards, s=14, color="#0072b2", linewidths=0)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    better = int((upwards > across).sum())
    axes.text(0.97, 0.04, f"above the line: {better} of {len(across)}", transform=axes.transAxes, ha="right")


def main() -> None:
    """Write the picture."""
    units = json.loads(pages.read(UNITS))
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        for axes, (title, first, second, x, y) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            across, upwards = means(units, first), means(units, second)
            if across is None or upwards is None:
                axes.set_axis_off()
                continue
            draw(axes, across, upwards)
            axes.set_title(title, fontsize=10)
            axes.set_xlabel(x)
            axes.set_ylabel(y)
        pages.save(figure, "proteins.svg")


if __name__ == "__main__":
    main()
