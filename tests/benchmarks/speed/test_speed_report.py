import json

from benchmarks.speed import speed_report as speed_report
from benchmarks.speed.case import Result
from benchmarks.speed.scaling import Curve, Point, ends

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
MISSED = Result(
    "two", "DAGLSTM", "message passing", "speed", 1.5, [2.0, 4.0], [2.0, 5.0], profile={"products": 0.6, "rest": 0.4}
)
FAILED = Result("three", "DAGGRU", "message passing", "speed", 1.5, error="Traceback\nAssertionError: output is off\n")
TOLD = Result("four", "DAGLSTM", "a loop", "memory", None, [1250.0], [5000.0])
CURVE = Curve("a layer", "nodes", (1000, 10_000), {"fast": lambda *_: list, "slow": lambda *_: list}, ends)
POINTS = [Point("nodes", "fast", 1000, 1.0), Point("nodes", "fast", 10_000, 16.0), Point("nodes", "slow", 1000, 2.0)]


def test_reports_have_the_numbers(tmp_path):
    report = speed_report.Report(
        MACHINE, 0.25, 3, [MET, MISSED, FAILED, TOLD], [(CURVE, POINTS)], {"huge": "Traceback\nMemoryError: no room\n"}
    )
    assert report.failed
    paths = speed_report.write(report, tmp_path / "new", "cpu")
    assert [path.name for path in paths] == ["speed-cpu.json", "speed-cpu.md", "speed.svg"]
    text = paths[1].read_text()
    assert "| LSTM | torch.nn.LSTM | time ≤ 1.1 | 1 (0.5 to 1.5) | 2 ms | 2 ms | met |" in text
    assert "| DAGLSTM | message passing | speed ≥ 1.5 | 1.12 (1 to 1.25) | 3 ms | 3.5 ms | MISSED |" in text
    assert "| DAGGRU | message passing | speed ≥ 1.5 |  |  |  | FAILED |" in text
    assert "| DAGLSTM | a loop | memory, no bar | 0.25 (0.25 to 0.25) | 1,250 MiB | 5,000 MiB |  |" in text
    assert "| training step | against | products | rest |\n" in text
    assert "| DAGLSTM | message passing | 60% | 40% |\n" in text
    assert "- three failed: AssertionError: output is off\n" in text
    assert "- a layer, fast: 1 ms at 1,000 and 16 ms at 10,000\n" in text
    assert "- huge failed: MemoryError: no room\n" in text
    assert "a processor, 2 cores, 2 threads used, load 0.2 before it began" in text
    stored = json.loads(paths[0].read_text())
    assert [case["verdict"] for case in stored["cases"]] == ["met", "MISSED", "FAILED", ""]
    assert stored["cases"][0]["ours"] == [2.0, 1.0, 3.0]
    assert stored["growth"][1]["milliseconds"] == 16.0
    assert paths[2].read_text().count("<path") > 10
    assert ">a layer</text>" in paths[2].read_text()
    assert not speed_report.Report(MACHINE, 0.25, 3, [MET]).failed
    gpu = speed_report.Report({**MACHINE, "gpu": "NVIDIA H100 80GB"}, 0.0, 1, [MET])
    assert [path.name for path in speed_report.write(gpu, tmp_path, "cuda")] == [
        "speed-nvidia-h100-80gb.json",
        "speed-nvidia-h100-80gb.md",
    ]
