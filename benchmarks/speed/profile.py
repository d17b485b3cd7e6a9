"""A profile of a step's time, by kind of operation: what stands between a case and its bar."""

from collections.abc import Callable

import torch

REPEATS = 5
KINDS: dict[str, tuple[str, ...]] = {
    "matrix products": ("mm", "addmm", "bmm", "baddbmm", "mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"),
    "element by element": (
        *("sigmoid", "tanh", "relu", "mul", "add", "sub", "div", "neg", "lerp", "addcmul", "sum", "clamp", "gt"),
        *("sigmoid_backward", "tanh_backward"),
    ),
    "gathered and summed": (
        *("index_select", "index", "index_add", "index_copy", "_index_put_impl", "scatter_add", "gather"),
        *("_embedding_bag", "_embedding_bag_forward_only"),
    ),
    "copied and filled": ("copy", "fill", "zero", "cat", "constant_pad_nd"),
}
REST = "calls, views, memory"


def shares(step: Callable[[], object]) -> dict[str, float]:
    """Return the share of a step's time that each kind of operation takes; what is no operation's own is ``REST``."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(REPEATS):
            step()
    kinds = {name: kind for kind, names in KINDS.items() for name in names}
    times = dict.fromkeys([*KINDS, REST], 0.0)
    for event in profile.key_averages():
        name = event.key.removeprefix("aten::").removesuffix("_")
        times[kinds.get(name, REST)] += event.self_cpu_time_total
    total = sum(times.values())
    return {kind: time / total for kind, time in times.items()}
