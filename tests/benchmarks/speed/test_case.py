from dataclasses import replace

from benchmarks.speed.case import Result

MET = Result("one", "LSTM", "torch.nn.LSTM", "time", 1.1, [2.0, 1.0, 3.0], [2.0, 2.0, 2.0])
MISSED = Result("two", "DAGLSTM", "message passing", "speed", 1.5, [2.0, 4.0], [2.0, 5.0])
FAILED = Result("three", "DAGGRU", "message passing", "speed", 1.5, error="Traceback\nAssertionError: output is off\n")
TOLD = Result("four", "DAGLSTM", "a loop", "memory", None, [1250.0], [5000.0])


def test_bars_are_judged():
    assert MET.ratios == [1.0, 0.5, 1.5]
    assert MISSED.ratios == [1.0, 1.25]
    assert [r.verdict for r in (MET, MISSED, FAILED, TOLD)] == ["met", "MISSED", "FAILED", ""]
    assert replace(MET, bar=0.99).verdict == "MISSED"
    assert replace(MISSED, bar=1.125).verdict == "met"
    assert MET.summary()["ratio"] == {"median": 1.0, "min": 0.5, "max": 1.5}
