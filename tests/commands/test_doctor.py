"""``doctor`` by its output, and what it says of a layer that is wrong."""

from typer.testing import CliRunner

from gnn_toolkit.__main__ import app
from gnn_toolkit.analysis import doctor
from gnn_toolkit.layers import DAGGRU


def test_it_reports_versions_and_that_every_layer_is_right():
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    for name in ("Python", "torch ", "torch-geometric", "processor", "GPU", "torch.compile"):
        assert f"\n{name}" in "\n" + result.output
    for layer in ("DAGRNN", "DAGGRU", "DAGLSTM", "GCNConv"):
        assert f"\n{layer:<18}right; " in result.output


def test_a_layer_that_is_wrong_is_named_and_the_exit_code_says_so(monkeypatch):
    walk = DAGGRU.pass_messages

    def doubled(self, *args, **kwargs):
        return [2 * state for state in walk(self, *args, **kwargs)]

    monkeypatch.setattr(DAGGRU, "pass_messages", doubled)
    verdicts = dict(doctor.self_test())
    assert verdicts["DAGGRU"].startswith("WRONG: output 0")
    assert verdicts["DAGLSTM"].startswith("right")
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1
