"""The speed cases: nothing wrong is timed, the floor does the kernel's products, bars and reports are right."""

import json
from dataclasses import replace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from typer.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks import growth, speed, speed_report, timing
from benchmarks.growth import Point
from benchmarks.speed import CASES, Case, Workload, run_case
from benchmarks.timing import Contest, Floor, Result, measure

MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "threads": 2,
    "gpu": None,
    "system": "a system",
    "python": "3.11",
    "versions": {"torch": "2.13.0", "torch-geometric": "2.8.1"},
    "revision": "abc",
}
MET = Result("one", "LSTM", "torch.nn.LSTM", "time", 1.1, [2.0, 1.0, 3.0], [2.0, 2.0, 2.0])
MISSED = Result("two", "DAGLSTM", "message passing", "speed", 1.5, [2.0, 4.0], [2.0, 5.0])
FAILED = Result("three", "DAGGRU", "message passing", "speed", 1.5, error="Traceback\nAssertionError: output is off\n")
TOLD = Result("four", "DAGLSTM", "a loop", "memory", None, [1250.0], [5000.0])
POINTS = [
    Point("nodes", "fused", 1000, 50, 1.0),
    Point("nodes", "fused", 10_000, 50, 16.0),
    Point("depth", "fused", 1000, 2, 1.0),
    Point("depth", "fused", 1000, 20, 3.0),
    Point("depth", "message_passing", 1000, 2, 2.0),
]


def never():
    raise NotImplementedError("measured although outputs differ")


def contest(ours, theirs):
    return Contest(lambda: ours, lambda: theirs, never, (never, never))


@pytest.mark.parametrize(
    ("ours", "error"),
    [
        ([torch.ones(3), torch.tensor([1.0, 2.0, 2.001])], "gradient 0 is off by 5.0e-04"),
        ([torch.tensor([1.0, 1.0, float("nan")]), torch.full((3,), 2.0)], "output is off by nan"),
        ([torch.ones(3), torch.ones(2)], "shapes"),
        ([torch.ones(3)], "shapes"),
    ],
)
def test_a_candidate_that_disagrees_is_not_timed(ours, error):
    with pytest.raises(AssertionError, match=error):
        measure(contest(ours, [torch.ones(3), torch.tensor([1.0, 2.0, 2.0])]), 1)


def test_agreement_is_measured_by_the_largest_entry():
    timing.assert_agreement([torch.tensor([100.0, 0.001])], [torch.tensor([100.0, 0.002])])
    timing.assert_agreement([torch.zeros(2), torch.ones(0)], [torch.zeros(2), torch.ones(0)])
    with pytest.raises(AssertionError, match="off by 1"):
        timing.assert_agreement([torch.full((2,), 1e-3)], [torch.zeros(2)])


def test_ours_and_the_rival_take_turns():
    seen = []
    costs = (lambda: float(len(seen.append("ours") or seen)), lambda: float(len(seen.append("rival") or seen)))
    ours, theirs = measure(Contest(list, list, never, costs), 2)
    assert seen == ["ours", "rival"] * 2
    assert (ours, theirs) == ([1.0, 3.0], [2.0, 4.0])


def test_a_short_step_is_repeated_and_collection_waits(monkeypatch):
    calls = []
    monkeypatch.setattr(timing, "LONG_ENOUGH", 0.0)
    assert timing.milliseconds(lambda: calls.append(timing.gc.isenabled()), 3) >= 0.0
    assert calls == [False] * 3
    assert timing.gc.isenabled()


TINY = {
    "dense": lambda: speed.dense("cpu", "GRU", batch=2, steps=3, width=4, hidden=5),
    "ragged": lambda: speed.ragged("cpu", "LSTM", batch=3, lengths=(1, 4), width=4, hidden=5),
    "floor": lambda: speed.against_floor("cpu", speed.grid(side=3, copies=2), 4, 5),
    "trees": lambda: speed.against_message_passing("cpu", "DAGLSTM", speed.trees(count=2, leaves=(2, 5)), 4, 5),
    "dags": lambda: speed.against_message_passing("cpu", "DAGGRU", speed.dags(count=2, nodes=9), 4, 5),
    "nodes": lambda: speed.against_node_by_node("cpu", speed.dags(count=2, nodes=9), 4, 5),
    "order": lambda: speed.ordering("cpu", speed.dags(count=2, nodes=9), 4, 5),
    "deep": lambda: speed.deep_memory("cpu", levels=4, width=3, hidden=5),
}


@pytest.mark.parametrize("name", TINY)
def test_every_kind_of_case_agrees_at_a_tiny_size(name):
    torch.manual_seed(0)
    made = TINY[name]()
    timing.assert_agreement(made.ours(), made.expected())
    made.rival()


def test_deep_graphs_keep_gradients_finite():
    torch.manual_seed(0)
    assert all(gradient.isfinite().all() for gradient in speed.deep_step(600, 2, 4, "cpu", "fused")())


def test_graphs_are_what_the_titles_say():
    torch.manual_seed(0)
    trees = speed.trees(count=3, leaves=(5, 35))
    source, target = trees["edge_index"]
    assert (torch.bincount(source) <= 1).all()
    assert set(torch.bincount(target).tolist()) == {0, 2}
    assert trees["num_nodes"] - source.numel() == 3
    dags = speed.dags(count=2, nodes=50)
    source, target = dags["edge_index"]
    assert (source < target).all()
    assert (source // 50 == target // 50).all()
    assert torch.unique(dags["edge_index"], dim=1).size(1) == source.numel()
    degrees = torch.bincount(target, minlength=100).view(2, 50)
    assert degrees[:, 0].tolist() == [0, 0]
    assert set(degrees[:, 4:].flatten().tolist()) == {1, 2, 3, 4}
    deep = speed.layered(6, width=4)
    source, target = deep["edge_index"]
    assert torch.unique(deep["edge_index"], dim=1).size(1) == source.numel() == 2 * 20
    assert (deep["level"][target] - deep["level"][source] == 1).all()


def multiplications(step):
    """Count a step's scalar multiplications in matrix products."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as measured:
        step()
    count = 0
    for event in measured.events() or ():
        if event.name in ("aten::mm", "aten::addmm", "aten::addmm_"):
            first = int(event.name != "aten::mm")  # what addmm adds to comes before the factors
            (n, k), (_, m) = event.input_shapes[first : first + 2]
            count += n * k * m
    return count


def test_the_floor_does_the_products_of_the_kernel():
    torch.manual_seed(0)
    # Two relations into node 2: levels of 2 and 1 nodes; F = 3, H = 4.
    typed = {"edge_type": torch.tensor([0, 1]), "num_relations": 2}
    graph = {"edge_index": torch.tensor([[0, 1], [2, 2]]), "num_nodes": 3, "level": torch.tensor([0, 0, 1]), **typed}
    floor = Floor(Workload(graph, "cpu", "DAGLSTM", 3, 4).order(), 3, 4)
    inputs = 2 * (3 * 3 * 16)  # x W^T and its weight's gradient: 3 nodes
    walk = 2 * 2 * (1 * 4 * 12 + 2 * 4 * 4)  # there and back, two relations: i, o, g of 1 node, the forget part of 2
    weights = 2 * (3 * 4 * 12 + 3 * 4 * 4)  # two relations, all 3 nodes
    assert sum(a.size(0) * a.size(1) * b.size(1) for a, b, _ in floor.products) == inputs + walk + weights
    assert multiplications(floor) == inputs + walk + weights
    for out, (a, b, _) in zip(floor()[-3:], floor.products[-3:], strict=True):
        assert torch.equal(out, a @ b)


def test_the_floor_is_no_higher_than_the_kernel():
    torch.manual_seed(0)
    made = speed.against_floor("cpu", speed.grid(side=6, copies=4), 8, 16)
    made.ours()
    floor, kernel = multiplications(made.rival), multiplications(made.ours)
    assert 0.8 * kernel < floor <= kernel


def test_bars_are_judged():
    assert MET.ratios == [1.0, 0.5, 1.5]
    assert MISSED.ratios == [1.0, 1.25]
    assert [r.verdict for r in (MET, MISSED, FAILED, TOLD)] == ["met", "MISSED", "FAILED", ""]
    assert replace(MET, bar=0.99).verdict == "MISSED"
    assert replace(MISSED, bar=1.125).verdict == "met"
    assert MET.summary()["ratio"] == {"median": 1.0, "min": 0.5, "max": 1.5}


def test_reports_have_the_numbers(tmp_path):
    report = speed_report.Report(MACHINE, 0.25, 3, [MET, MISSED, FAILED, TOLD], POINTS)
    assert report.failed
    paths = speed_report.write(report, tmp_path / "new", "cpu")
    assert [path.name for path in paths] == ["speed-cpu.json", "speed-cpu.md", "speed.svg"]
    text = paths[1].read_text()
    assert "| LSTM | torch.nn.LSTM | time ≤ 1.1 | 1 (0.5 to 1.5) | 2 ms | 2 ms | met |" in text
    assert "| DAGLSTM | message passing | speed ≥ 1.5 | 1.12 (1 to 1.25) | 3 ms | 3.5 ms | MISSED |" in text
    assert "| DAGGRU | message passing | speed ≥ 1.5 |  |  |  | FAILED |" in text
    assert "| DAGLSTM | a loop | memory, no bar | 0.25 (0.25 to 0.25) | 1,250 MiB | 5,000 MiB |  |" in text
    assert "- three failed: AssertionError: output is off\n" in text
    assert "1000 ns at 1,000, 1600 ns at 10,000; flat within 1.60 (bar ≤ 1.5): MISSED" in text
    assert "a processor, 2 cores, 2 threads used, load 0.2 before it began" in text
    stored = json.loads(paths[0].read_text())
    assert [case["verdict"] for case in stored["cases"]] == ["met", "MISSED", "FAILED", ""]
    assert stored["cases"][0]["ours"] == [2.0, 1.0, 3.0]
    assert stored["growth"][1]["milliseconds"] == 16.0
    assert paths[2].read_text().count("<text") > 10
    gpu = speed_report.Report({**MACHINE, "gpu": "NVIDIA H100 80GB"}, 0.0, 1, [MET])
    assert [path.name for path in speed_report.write(gpu, tmp_path, "cuda")] == [
        "speed-nvidia-h100-80gb.json",
        "speed-nvidia-h100-80gb.md",
    ]


def test_growth_leaves_out_what_takes_too_long(monkeypatch):
    monkeypatch.setattr(growth, "LONGEST", 0.0)
    seen = []
    points = growth.measure_growth(1, "cpu", seen.append, nodes=(100, 200), depths=(2, 5), size=40)
    assert points == seen
    assert [(p.axis, p.backend, p.nodes, p.depth) for p in points] == [
        ("nodes", "fused", 100, 50),
        ("nodes", "fused", 200, 50),
        ("depth", "fused", 40, 2),
        ("depth", "fused", 40, 5),
        ("depth", "message_passing", 40, 2),
    ]
    assert all(p.milliseconds > 0 for p in points)


def invoke(*arguments):
    before = torch.get_num_threads()
    try:
        return CliRunner().invoke(command_line.app, ["speed", *arguments, "--no-growth"])
    finally:
        torch.set_num_threads(before)


def test_the_command_reports_a_broken_case_and_exits_1(tmp_path, monkeypatch):
    tiny = Case("a GRU", "torch.nn.GRU", "time", None, lambda device: TINY["dense"]())
    broken = Case("a kernel", "the truth", "time", 1.0, lambda device: contest([torch.ones(1)], [torch.zeros(1)]))
    monkeypatch.setitem(CASES, "tiny", tiny)
    monkeypatch.setitem(CASES, "broken", broken)
    monkeypatch.setattr(timing, "LONG_ENOUGH", 1e-3)
    done = invoke("--case", "tiny", "--case", "broken", "--rounds", "2", "--threads", "1", "--out", str(tmp_path))
    assert done.exit_code == 1, done.output
    assert "[2/2] broken: FAILED, not timed: AssertionError: output is off" in done.output
    stored = json.loads((tmp_path / "speed-cpu.json").read_text())
    assert [len(case["ours"]) for case in stored["cases"]] == [2, 0]
    assert invoke("--case", "tiny", "--rounds", "1", "--threads", "1", "--out", str(tmp_path)).exit_code == 0


def test_an_unknown_case_is_refused_with_the_nearest_name():
    done = invoke("--case", "tree-floor")
    assert isinstance(done.exception, ValueError)
    assert "did you mean 'trees-floor'?" in str(done.exception)


def test_a_kernel_that_raises_fails_its_case_alone():
    def build(device):
        raise RuntimeError("no such kernel")

    result = run_case("x", Case("a", "b", "time", None, build), 1, "cpu")
    assert result.verdict == "FAILED"
    assert result.error.endswith("RuntimeError: no such kernel\n")
