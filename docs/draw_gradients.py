"""The figure of gradients through time, and of the gates of a trained LSTM: the memory study's models on 40 digits.

Run ``PYTHONPATH=. python docs/draw_gradients.py``; it takes the trained models that the run ``memory`` kept, or trains
them again (half a minute), and writes ``docs/memory-gradients.svg`` and ``docs/memory-gates.svg``, and the curves of
both into ``benchmarks/results/memory-gradients.json``.
"""

import json
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import pages
import torch
from lightning_fabric import seed_everything
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.report.figures import STYLE
from benchmarks.run import trials
from gnn_toolkit import RNN
from gnn_toolkit.analysis import recurrent_jacobians, state_gradients, unroll
from gnn_toolkit.datasets import palindromes
from gnn_toolkit.layers.initial import orthogonal_

TASK, LENGTH, HIDDEN, SEED = "palindrome-memory-40", 40, 64, 2
PLAIN, MADE, TRAINED = ("#d55e00", "--"), ("#56b4e9", "-."), ("#0072b2", "-")
GAINS = {
    0.5: ("#0072b2", "-"),
    0.9: ("#56b4e9", "--"),
    1.0: ("#000000", "-"),
    1.2: ("#e69f00", "-."),
    2.0: ("#d55e00", ":"),
}
LIMIT = 1.0


def ask(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return palindromes as the study's models read them [T, B, 10], their last digits, and all digits [B, T]."""
    digits = palindromes(count, LENGTH, torch.Generator().manual_seed(7))
    x = torch.nn.functional.one_hot(digits, 10).float()
    x[:, -1] = 0.0
    return x.transpose(0, 1), digits[:, -1], digits


def stages(kind: str) -> dict[str, tuple[Any, Any, tuple[str, str]]]:
    """Return recurrence and output layer as torch would start them, as the study does, and trained."""
    trained, objective = pages.trained("memory", TASK, "path", kind, SEED)

    def fresh(**changes: Any) -> Any:
        seed_everything(SEED, verbose=False)
        config = replace(objective.config, **changes)
        return trials.build(kind, trials.objective_of("palindrome", "path", config))

    start = "orthogonal" if kind == "RNN" else "spans up to 40"
    found = {
        "torch's start": (fresh(orthogonal=False, chrono=0.0), PLAIN),
        start: (fresh(), MADE),
        "trained": (trained, TRAINED),
    }
    return {name: (m.layers[0], m.head, style) for name, (m, style) in found.items()}


Curves = dict[str, list[float]]


def plain(values: Tensor) -> list[float]:
    """Return numbers of four digits."""
    return [float(f"{value:.4g}") for value in values.tolist()]


def norms(axes: Axes, kind: str, models: dict[str, tuple[Any, Any, tuple[str, str]]]) -> Curves:
    """Draw the norm of the gradient at every state, of an LSTM at every memory, and return it."""
    (x, y, _), curves = ask(128), {}
    for name, (layer, head, (colour, dash)) in models.items():
        found = state_gradients(layer, head, x, y)
        values = found.h if found.c is None else found.c
        values = values[:-1]  # the logits are made of h(T): c(T) has no other way to them
        axes.plot(range(1, LENGTH), values, color=colour, linestyle=dash, label=name)
        curves[name] = plain(values)
    axes.set(yscale="log", xlabel="t", ylabel=f"norm of dL/d{'h' if kind == 'RNN' else 'c'}(t)", title=kind)
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)
    return curves


def singular(axes: Axes, kind: str, models: dict[str, tuple[Any, Any, tuple[str, str]]]) -> Curves:
    """Draw the largest singular value of every step's Jacobian, the mean over some palindromes, and return it."""
    (x, _, _), curves = ask(8), {}
    for name, (layer, _, (colour, dash)) in models.items():
        values = [torch.linalg.svdvals(recurrent_jacobians(layer, x[:, k]))[:, 0] for k in range(x.size(1))]
        mean = torch.stack(values).mean(0)
        axes.plot(range(1, LENGTH + 1), mean, color=colour, linestyle=dash, label=name)
        curves[name] = plain(mean)
    axes.axhline(1.0, color="#66666a", linewidth=1, linestyle=":")
    state = "h(t)" if kind == "RNN" else "(h, c)(t)"
    axes.set(xlabel="t", ylabel=f"largest singular value,\nd{state} / d{state.replace('(t)', '(t-1)')}", ylim=(0, None))
    axes.grid(axis="y", alpha=0.3)
    return curves


def scaled(gain: float) -> tuple[RNN, torch.nn.Linear]:
    """Return an untrained RNN whose recurrent weights are so many times an orthogonal matrix."""
    torch.manual_seed(0)
    layer, head = RNN(10, HIDDEN), torch.nn.Linear(HIDDEN, 10)
    orthogonal_(layer)
    with torch.no_grad():
        layer.get_parameter("weight_hh_l0").mul_(gain)
    return layer, head


def gains(axes: Axes) -> Curves:
    """Draw the gradient's norm in RNNs whose recurrent weights are larger or smaller, and return it."""
    (x, y, _), curves = ask(128), {}
    for gain, (colour, dash) in GAINS.items():
        found = state_gradients(*scaled(gain), 0.1 * x, y)
        axes.plot(range(1, LENGTH + 1), found.h, color=colour, linestyle=dash, label=f"{gain:g}")
        curves[f"{gain:g}"] = plain(found.h)
    axes.set(yscale="log", xlabel="t", ylabel="norm of dL/dh(t)", title="RNN, W_hh = gain times orthogonal")
    axes.legend(frameon=False, title="gain", ncols=2)
    axes.grid(axis="y", alpha=0.3)
    return curves


def clipping(axes: Axes) -> None:
    """Draw each entry of one gradient that explodes before and after clipping, by the norm and entry by entry."""
    x, y, _ = ask(128)
    layer, head = scaled(2.0)
    torch.nn.functional.cross_entropy(head(layer(0.1 * x)[0][-1]), y).backward()
    parameters = [*layer.parameters(), *head.parameters()]

    def entries() -> Tensor:
        return torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])[
            ::41
        ]  # fewer, for a small picture

    before = entries().clone()
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, LIMIT))
    limit = 0.1 * float(before.abs().max())
    axes.plot(
        before, before.clamp(-limit, limit), ".", color="#d55e00", markersize=2, label="entry by entry (not used)"
    )
    axes.plot(before, entries(), ".", color="#0072b2", markersize=2, label=f"by the norm: all times 1/{norm:.3g}")
    axes.set(
        xlabel="entry of the gradient", ylabel="after clipping", title=f"Clipping: norm {norm:.3g}, limit {LIMIT:g}"
    )
    axes.legend(frameon=False, loc="upper left", markerscale=4)
    axes.grid(alpha=0.3)


def gates(figure: Figure, lstm: Any) -> Curves:
    """Draw every gate of every unit at every digit of one palindrome, and how much it differs between palindromes."""
    x, _, digits = ask(1280)
    with torch.no_grad():
        found = unroll(lstm, x).gates
    order = found["f"][:, 0].mean(0).argsort()
    titles = {"i": "input i", "f": "forget f", "g": "candidate g", "o": "output o"}
    panels = figure.subplots(5, 1, sharex=True)
    for axes, (name, title) in zip(panels[:4], titles.items(), strict=True):
        options = {"cmap": "RdBu", "vmin": -1, "vmax": 1} if name == "g" else {"cmap": "viridis", "vmin": 0, "vmax": 1}
        image = axes.imshow(found[name][:, 0, order].T, aspect="auto", interpolation="nearest", **options)
        figure.colorbar(image, ax=axes, pad=0.01)
        axes.set(ylabel=f"{title}\nunit", yticks=[])
    marks = [*map(str, digits[0, :-1].tolist()), "?"]
    spread = {name: plain(found[name].std(1).mean(1)) for name in titles}
    like = digits[:, 0] == digits[0, 0]
    spread[f"g where the first is {digits[0, 0]}"] = plain(found["g"][:, like].std(1).mean(1))
    for (name, values), (colour, dash) in zip(spread.items(), GAINS.values(), strict=False):
        panels[-1].plot(values, color=colour, linestyle=dash, label=name)
    panels[-1].legend(frameon=False, ncols=5, loc="lower center", bbox_to_anchor=(0.5, 0.95))
    panels[-1].set(ylabel="spread over\npalindromes", ylim=(0, None))
    panels[-1].set_xticks(range(LENGTH), marks)
    panels[-1].set(xlabel="digit that is read; the last one is hidden")
    return spread


def main() -> None:
    """Write the pictures."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.6), layout="constrained")
        (top, bottom), models = figure.subplots(2, 3), {kind: stages(kind) for kind in ("RNN", "LSTM")}
        curves: dict[str, Any] = {"norm": {}, "singular value": {}}
        for k, (kind, found) in enumerate(models.items()):
            curves["norm"][kind] = norms(top[k], kind, found)
            curves["singular value"][kind] = singular(bottom[k], kind, found)
        curves["gain"] = gains(top[2])
        clipping(bottom[2])
        chart = Figure(figsize=(8.5, 8.5), layout="constrained")
        curves["spread of gates"] = gates(chart, models["LSTM"]["trained"][0])
        record = pages.RESULTS / "memory-gradients.json"
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in curves.items())
        record.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    for name, drawn in (("gradients", figure), ("gates", chart)):
        pages.save(drawn, f"memory-{name}.svg", STYLE)


if __name__ == "__main__":
    main()
