"""A page that shows where two proteins may touch: residues coloured along their chains, and a map of all pairs."""

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

import numpy as np
from torch import Tensor

from gnn_toolkit import _checks

CELLS = 600  # of the map at most, along each side
SHOWN = 20  # pairs in the table
_COLOURS = ((0, 32, 76), (87, 92, 109), (165, 156, 116), (255, 234, 70))  # cividis, told apart by those who see no red
_LIGHT = 0.55  # from this share of the highest score on letters are dark


def interface_page(scores: Tensor, ligand: Sequence[str], receptor: Sequence[str], titles: tuple[str, str]) -> str:
    """Return an HTML page, complete in itself, on the scores of pairs of residues of two proteins.

    A residue is coloured by the highest score among its pairs. A map of more than 600 residues a side shows the highest
    score of each block of pairs.

    Args:
        scores: [n, m], between 0 and 1.
        ligand: n names of residues, as ``"A:57 K"``.
        receptor: m names.
        titles: what the two proteins are called.

    Raises:
        ValueError: names that are not as many as the scores, or no pair.

    >>> import torch
    >>> page = interface_page(torch.rand(2, 1), ["A:1 K", "A:2 L"], ["B:1 G"], ("a.pdb", "b.pdb"))
    >>> page.startswith("<!doctype html>")
    True
    """
    if scores.shape != (len(ligand), len(receptor)) or not scores.numel():
        allowed, got = f"[{len(ligand)}, {len(receptor)}], some pairs", list(scores.shape)
        raise ValueError(_checks.problem("scores", allowed, got, "give a row a residue of the ligand"))
    most = float(scores.max()) or 1.0
    blocks, step = _pooled((scores / most).clamp(0, 1).cpu().numpy())
    data = {
        "rows": blocks.shape[0],
        "columns": blocks.shape[1],
        "step": step,
        "most": most,
        "ligand": list(ligand),
        "receptor": list(receptor),
        "cells": base64.b64encode(np.rint(255 * blocks).astype(np.uint8).tobytes()).decode(),
        "colours": _COLOURS,
    }
    template = Template(Path(__file__).with_name("interface_page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(" and ".join(titles)),
        names="".join(_protein(*side, most) for side in _sides(scores, ligand, receptor, titles)),
        rows=_best_pairs(scores, ligand, receptor),
        most=f"{most:.3f}",
        block="" if step == 1 else f" Each cell is the highest score of {step} by {step} pairs.",
        data=json.dumps(data, separators=(",", ":")).replace("</", "<\\/"),
    )


def best_pairs(scores: Tensor, count: int) -> list[tuple[int, int, float]]:
    """Return the pairs of the highest scores, the highest first, each with its score.

    >>> import torch
    >>> [pair[:2] for pair in best_pairs(torch.tensor([[0.1, 0.5], [0.9, 0.2]]), 2)]
    [(1, 0), (0, 1)]
    """
    order = scores.flatten().sort(descending=True, stable=True)
    columns = scores.size(1)
    found = zip(order.indices[:count].tolist(), order.values[:count].tolist(), strict=True)
    return [(place // columns, place % columns, score) for place, score in found]


def _sides(
    scores: Tensor, ligand: Sequence[str], receptor: Sequence[str], titles: tuple[str, str]
) -> list[tuple[str, list[float], Sequence[str]]]:
    best = [scores.amax(1).tolist(), scores.amax(0).tolist()]
    return list(zip(titles, best, (ligand, receptor), strict=True))


def _pooled(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the highest value of each square block, and its side."""
    step = -(-max(values.shape) // CELLS)
    padded = np.pad(values, [(0, -size % step) for size in values.shape])
    rows, columns = (size // step for size in padded.shape)
    return padded.reshape(rows, step, columns, step).max((1, 3)), step


def _protein(title: str, best: Sequence[float], names: Sequence[str], most: float) -> str:
    return f"<h2>{html.escape(title)}</h2>\n{_chains(best, names, most)}"


def _chains(best: Sequence[float], names: Sequence[str], most: float) -> str:
    """Return the residues as coloured letters, a paragraph a chain."""
    parts: list[str] = []
    chain = None
    for name, score in zip(names, best, strict=True):
        own = name.rpartition(":")[0]
        if own != chain:
            parts.append(f"{'</p>' if parts else ''}\n<p class=chain><b>{html.escape(own) or 'one'}</b> ")
            chain = own
        share = score / most
        ink = "#111" if share > _LIGHT else "#fff"
        style = f"background:rgb({_colour(share)});color:{ink}"
        parts.append(f'<i style="{style}" title="{html.escape(name)}: {score:.3f}">{html.escape(name[-1:])}</i>')
    return "".join([*parts, "</p>\n"])


def _colour(share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(_COLOURS) - 1)
    k = min(int(place), len(_COLOURS) - 2)
    mixed = [round(a + (place - k) * (b - a)) for a, b in zip(_COLOURS[k], _COLOURS[k + 1], strict=True)]
    return ",".join(map(str, mixed))


def _best_pairs(scores: Tensor, ligand: Sequence[str], receptor: Sequence[str]) -> str:
    return "\n".join(
        f"<tr><td>{html.escape(ligand[i])}</td><td>{html.escape(receptor[j])}</td><td>{score:.3f}</td></tr>"
        for i, j, score in best_pairs(scores, SHOWN)
    )
