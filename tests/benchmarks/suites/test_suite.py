"""The suites: every comparison gives logits on its view, and a file that does not fit is named with its key."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.models.model import EDGES
from benchmarks.results.rows import rows
from benchmarks.run import trials
from benchmarks.run.workdir import Output
from benchmarks.suites import suite
from benchmarks.tables import MODELS, TASKS, VIEWS

SUITES = {name: suite.load(name) for name in suite.names()}
# Of comparisons that differ in settings alone, or in which papers they hold, one will do.
LIKE = {
    "citeseer": "cora",
    "pubmed": "cora",
    "proteins": "mutag",
    "street-accidents": "detector-incidents",
    "mr": "trec",
}
FEW = {  # of large data a few hundred will do
    "listops": {"expressions": 100},
    "proplogic": {"pairs": 200, "tested": 5},
    "programs": {"programs": 100, "tested": 100},
}
COMPARISONS = list(
    {
        (LIKE.get(c.task, c.task), c.view, c.model): (name, c)
        for name, one in SUITES.items()
        for c in one.comparisons
        if c.task not in LIKE and TASKS[c.task].form != "tokens"  # those: tests/benchmarks/models/test_tokens.py
    }.values()
)


@pytest.mark.parametrize(
    ("name", "comparison"), COMPARISONS, ids=["-".join((c.label, c.view, c.model)) for _, c in COMPARISONS]
)
def test_every_comparison_gives_a_loss_and_gradients(name, comparison, at_hand):
    at_hand(comparison.task)
    torch.manual_seed(0)
    config = SUITES[name].config(comparison.label)
    config = replace(config, batch_size=8, data=config.data | FEW.get(comparison.task, {}))
    objective = trials.objective_of(comparison.task, comparison.view, config)
    network = trials.build(comparison.model, objective)
    batch = objective.batch(torch.Generator().manual_seed(0))
    answers, y = objective.answers(network, batch)
    assert answers.shape == (y.shape if objective.form == "series" else (y.numel(), objective.out_channels))
    objective.loss(network, batch).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())


def test_the_suites_are_there():
    names = "accidents citation computation documents documents-large full long long-tuning memory molecules monitor"
    later = ["pictures", "proteins", "quick", "sentences", "storyteller", "traffic"]
    assert list(SUITES) == [*names.split(), *later]
    assert len(SUITES["quick"].comparisons) == 20
    assert len(TASKS) == 31
    lengths = range(5, 81, 5)
    memory, whole = SUITES["memory"], suite.load("memory", full=True)
    steps = {length: memory.config(f"palindrome-scalar-{length}").steps for length in lengths}
    learnt = {5: 1000, 10: 1000, 15: 10_000, 20: 5000, 25: 2000, 30: 2000}
    assert steps == {length: learnt.get(length, 100) for length in steps}
    assert {whole.config(f"palindrome-scalar-{length}").steps for length in lengths} == {10_000}
    assert whole.comparisons == memory.comparisons
    text = SUITES["storyteller"].config("grimm")
    assert (text.steps, text.rate_decay, text.rate_decay_every, text.learning_rate) == (20_000, 0.96, 5000, 2e-3)
    assert suite.load("storyteller", full=True).config("grimm").steps == 800_000


def test_a_variant_says_of_data_and_settings_what_is_different():
    memory = SUITES["memory"]
    config = memory.config("palindrome-memory-40-one-bias")
    assert config.data == {"length": 40, "digits": "one-hot"}
    assert (config.chrono, config.orthogonal, config.target) == (0.0, True, 0.995)
    assert config.forget_bias == pytest.approx(3.66356, abs=1e-5)  # log 39
    assert memory.config("palindrome-memory-80").chrono == 80.0
    assert memory.config("palindrome-memory-10-adam-0.003").learning_rate == 3e-3
    assert memory.config("palindrome-memory-40-scalar").data["digits"] == "number"
    assert SUITES["citation"].config("cora-random").data == {"split": "random"}
    assert SUITES["citation"].config("cora-last").keep == "last"
    best = SUITES["storyteller"].config("shakespeare-best")
    assert (best.dropout, best.data) == (0.1, {"window": 64, "carry": True})


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


COMPARE = '[[compare]]\ntask = "club"\nview = "graph"\nmodel = ["GCN", "GCN-1"]\n'


def test_a_comparison_may_be_left_to_full(tmp_path):
    text = """
        title = "t"
        [[compare]]
        task = "palindrome"
        view = "path"
        model = "RNN"
        [[compare]]
        task = "palindrome"
        view = "path"
        model = ["RNN", "GRU"]
        full = true
    """
    file = written(tmp_path, text)
    assert [one.model for one in suite.load(file).comparisons] == ["RNN"]
    assert [one.model for one in suite.load(file, full=True).comparisons] == ["RNN", "GRU"]
    with pytest.raises(ValueError, match=r"compare\[0\].full: expected true or false, got 'yes'"):
        suite.load(
            written(tmp_path, text.replace("full = true", "").replace('model = "RNN"', 'model = "RNN"\nfull = "yes"'))
        )
    with pytest.raises(ValueError, match="compare: expected a table without full = true, got none; say --full"):
        suite.load(written(tmp_path, text.replace('model = "RNN"', 'model = "RNN"\nfull = true')))


def test_a_suite_of_ones_own(tmp_path):
    file = written(tmp_path, f'title = "t"\nseeds = 2\n[config]\nsteps = 7\n[task.club]\nclip_norm = "none"\n{COMPARE}')
    mine = suite.load(file)
    assert (mine.name, mine.title, mine.seeds) == ("mine", "t", 2)
    assert mine.comparisons == (("club", "", "graph", "GCN"), ("club", "", "graph", "GCN-1"))
    assert (mine.config("club").steps, mine.config("club").clip_norm) == (7, None)
    assert mine.config("club").hidden_channels == TASKS["club"].config.hidden_channels


def test_a_pattern_names_all_that_it_fits_and_a_cut_can_be_left_out(tmp_path):
    text = """
        title = "t"
        [variant."{length}"]
        length = [10, 20, 40]
        [task."palindrome-?0"]
        steps = 7
        [cut."palindrome-[24]0"]
        steps = 3
        [[compare]]
        task = "palindrome"
        variant = ["[12]*", "40"]
        view = "path"
        model = "[RG]RU"
    """
    file = written(tmp_path, text)
    mine, full = suite.load(file), suite.load(file, full=True)
    labels = ["palindrome-10", "palindrome-20", "palindrome-40"]
    assert mine.comparisons == full.comparisons
    assert mine.comparisons == tuple(("palindrome", variant, "path", "GRU") for variant in ("10", "20", "40"))
    assert [mine.config(label).steps for label in labels] == [7, 3, 3]
    assert [full.config(label).steps for label in labels] == [7, 7, 7]
    chosen = mine.only(["*-[24]0"]).set(["palindrome-4*.steps=5"])
    assert list(chosen.by_label()) == labels[1:]
    assert [chosen.config(label).steps for label in labels[1:]] == [3, 5]
    assert list(mine.only(["palindrome"]).by_label()) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "mine.toml: expected TOML, got Invalid value"),
        (f'title = "t"\nseds = 2\n{COMPARE}', r"mine.toml: key: expected .*, got 'seds'; did you mean 'seeds'\?"),
        (COMPARE, "mine.toml: title: expected a text, got None"),
        ('title = "t"', "mine.toml: compare: expected tables, got None"),
        (f'title = "t"\nseeds = 0\n{COMPARE}', "mine.toml: seeds: expected an integer of at least 1, got 0"),
        (f'title = "t"\n[config]\nstep = 2\n{COMPARE}', r"mine.toml: config: .*got 'step'; did you mean 'steps'\?"),
        (f'title = "t"\n[task.clubs]\n{COMPARE}', r"mine.toml: task: .*did you mean 'club'\?"),
        (f'title = "t"\n[cut."blub*"]\nsteps = 1\n{COMPARE}', r"mine.toml: cut: expected one of .*got 'blub\*'"),
        (f'title = "t"\n[cut.club]\nstep = 1\n{COMPARE}', r"mine.toml: cut.club: .*did you mean 'steps'\?"),
        (f'title = "t"\n[task.club]\nsteps = 1.5\n{COMPARE}', "mine.toml: task.club.steps: expected an integer"),
        (f'title = "t"\n[task.club]\ndropout = "x"\n{COMPARE}', "task.club.dropout: expected a number, got 'x'"),
        (f'title = "t"\n[config]\nhead = 1\n{COMPARE}', "config.head: expected true or false, got 1; the tasks say"),
        (f'title = "t"\n[config]\nkeep = "lst"\n{COMPARE}', r"config.keep: .*did you mean 'last'\?"),
        (f'title = "t"\n[config]\noptimizer = "adm"\n{COMPARE}', r"config.optimizer: .*did you mean 'adam'\?"),
        (f'title = "t"\n{COMPARE.replace("GCN-1", "GNC")}', r"mine.toml: compare\[0\].model: .*did you mean 'GCN'\?"),
        (f'title = "t"\n{COMPARE}views = "path"\n', r"mine.toml: compare\[0\]: .*did you mean 'view'\?"),
        ('title = "t"\n[[compare]]\ntask = "club"\n', r"mine.toml: compare\[0\].view: expected a name or a list"),
    ],
)
def test_what_does_not_fit_is_named_with_file_and_key(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        suite.load(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"suite: expected a TOML file, got .*nothing.toml; there are accidents, citation, computation,",
    ):
        suite.load(str(tmp_path / "nothing.toml"))


def test_the_command_line_has_the_last_word():
    changes = ["steps=5", "text.learning_rate=1", "club.optimizer=sgd", "club.head=false"]
    changed = SUITES["quick"].only(["club", "text"]).set(changes)
    assert (changed.config("club").head, changed.config("text").head) == (False, True)
    assert (changed.config("club").steps, changed.config("text").steps) == (5, 5)
    assert (changed.config("text").learning_rate, changed.config("club").optimizer) == (1.0, "sgd")
    assert SUITES["quick"].config("club").steps == 100


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("steps", "--set: expected key=value, got 'steps'"),
        ("stops=3", r"--set: .*did you mean 'steps'\?"),
        ("steps=-3", "--set steps: expected an integer of at least 1, got -3"),
        ("clubb.steps=3", r"--set: .*did you mean 'club'\?"),
        ("seed=3", "--set: expected one of"),
    ],
)
def test_an_assignment_that_does_not_fit(assignment, message):
    with pytest.raises(ValueError, match=message):
        SUITES["quick"].set([assignment])


FITS = 'title = "t"\n[[compare]]\ntask = "club"\nview = "graph"\nmodel = "GCN"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FITS.replace("GCN", "LSTM"), r"compare\[0\].view: expected for LSTM on club edges of the kind none or path"),
        (FITS.replace("GCN", "MLP"), "compare.0..view: expected for MLP on club edges of the kind none, got 'graph'"),
        (FITS.replace("GCN", "DCRNN"), r"compare\[0\].model: expected for club one of RNN, .*, got DCRNN"),
        (FITS + "[config]\nnum_layers = 2\n", "config: expected a setting that GCN on club reads, got num_layers"),
        (FITS + "[task.club]\nbatch_size = 2\n", "club: expected a setting that GCN on club reads, got batch_size"),
        (FITS + "[task.club]\nlength = 2\n", "task.club: expected one of .*, got 'length'"),
        (FITS + 'variant = "wide"\n', r"compare\[0\].variant: expected one of , got 'wide'"),
        (FITS + "[variant]\nwide = 3\n", "variant.wide: expected a table of settings, got 3"),
        (FITS + 'variant = "w"\n[variant.w]\nhidden = 3\n', r"variant.club-w: .*did you mean 'hidden_channels'\?"),
        (FITS + '[variant.w]\nlike = "v"\n', "variant: expected one of w, got 'v'"),
        (FITS + '[variant.w]\nlike = "w"\n', "variant.w: expected a table of settings, got w like w"),
        (FITS + '[variant."{a}"]\na = [1, 2]\nb = [1]\n', "expected lists of one length, got lists of 1, 2 values"),
        (FITS + '[variant."x{a}"]\na = [1, 1]\n', "variant: expected a name for each, got 'x1' twice"),
        (FITS + '[variant."x{b}"]\na = [1, 2]\n', "variant: expected braces around one of a, got 'x{b}'"),
        (FITS + '[search]\npoints = 2\n', "search.ranges: expected a table of settings"),
        (FITS + '[search.ranges]\nlearning_rate = 3\n', "ranges.learning_rate: expected low and high, or a list"),
        (FITS + '[search.ranges]\nlearning_rate = {low = 1, high = 0}\n', "expected low below high"),
        (FITS + '[search]\npoints = 2\nranges = {num_layers = [1, 2]}\n', "GCN on club reads, got num_layers"),
        (FITS + '[search]\nmethod = "grid"\nranges = {dropout = [0.0]}\n', "expected one of random, sobol, got 'grid'"),
        (FITS + "[search.ranges]\nhead = [true, false]\n", "search.points: expected at most the 2 that differ, got 8"),
        (FITS + "plugins = 3\n", "mine.toml: plugins: expected a name or a list of names, got 3"),
        ("title = 3", "mine.toml: title: expected a text, got 3"),
        ('title = "t"\ncompare = [1]\n', r"compare\[0\]: expected a table, got 1"),
    ],
)  # fmt: skip
def test_what_no_model_can_use_is_refused_when_the_suite_is_read(text, message, tmp_path):
    top = "".join(line + "\n" for line in text.splitlines() if line.startswith("plugins"))
    with pytest.raises(ValueError, match=message):
        suite.load(written(tmp_path, top + text.replace(top, "") if top else text))


def test_a_setting_for_all_is_for_those_that_read_it(tmp_path):
    mine = suite.load(
        written(tmp_path, FITS + '[[compare]]\ntask="text"\nview="path"\nmodel="GRU"\n[config]\nnum_layers=3\n')
    )
    assert (mine.config("club").num_layers, mine.config("text").num_layers) == (TASKS["club"].config.num_layers, 3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_file_of_another_encoding_is_read_or_named(encoding, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FITS.replace('"t"', '"é"'), encoding=encoding)
    if encoding == "utf-8-sig":
        assert suite.load(str(path)).title == "é"
    else:
        with pytest.raises(ValueError, match=r"mine.toml: expected a TOML file in UTF-8"):
            suite.load(str(path))


def test_a_folder_is_no_suite(tmp_path):
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(ValueError, match="expected a TOML file"):
        suite.load(str(tmp_path / "mine.toml"))


def test_every_model_gets_the_same_points_of_a_search(tmp_path):
    text = (
        FITS.replace('"GCN"', '["GCN", "GCN-1"]')
        + """
[search]
points = 5
[search.ranges]
learning_rate = { low = 1e-4, high = 1e-1, log = true }
hidden_channels = { low = 4, high = 8 }
head = [true, false]
"""
    )
    mine = suite.load(written(tmp_path, text))
    planned = [trial for trial in trials.plan(replace(mine, seeds=2), "cpu") if trial.view]
    assert len(planned) == 2 * 5 * 2
    points = {model: set() for model in ("GCN", "GCN-1")}
    for trial in planned:
        values = (trial.config["learning_rate"], trial.config["hidden_channels"], trial.config["head"])
        points[trial.model].add((*values, trial.seed))
        assert 1e-4 <= values[0] <= 1e-1
        assert values[1] in range(4, 9)
    assert points["GCN"] == points["GCN-1"]
    assert len(points["GCN"]) == 10
    assert suite.load(written(tmp_path, text)).search == mine.search
    assert len({trial.id for trial in planned}) == len(planned)


RANKED = """title = "t"
[[compare]]
task = "club"
view = ["BFS path", "DFS path"]
model = ["LSTM", "GRU"]
[ranking]
"""


def test_a_suite_declares_the_view_with_which_a_model_enters_a_ranking(tmp_path):
    mine = suite.load(written(tmp_path, RANKED + 'LSTM = "dfs PATH"\nGRU = ["*"]\n'))
    assert mine.ranking == {"LSTM": ["DFS path"], "GRU": ["BFS path", "DFS path"]}
    assert suite.load(written(tmp_path, RANKED)).ranking == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RANKED + 'GCN = "graph"\n', r"mine.toml: ranking: expected one of LSTM, GRU, got 'GCN'"),
        (RANKED + 'GRU = "graph"\n', r"ranking.GRU: expected one of BFS path, DFS path, got 'graph'"),
        (RANKED + "GRU = []\n", r"ranking.GRU: expected for club one of BFS path, DFS path, got none; add it"),
        (RANKED + "GRU = 3\n", r"ranking.GRU: expected a name or a list of names, got 3"),
        (RANKED.replace("[ranking]", "ranking = 3\n"), "ranking"),
    ],
)
def test_a_declaration_that_does_not_fit_is_named(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        suite.load(written(tmp_path, text))


def test_names_are_found_whatever_their_capitals():
    quick = SUITES["quick"]
    assert suite.load("Quick") == quick
    assert {c.model for c in quick.only(models=["lstm"]).comparisons} == {"LSTM"}
    assert list(quick.only(["Palindrome"]).by_label()) == ["palindrome-10", "palindrome-20"]
    assert list(quick.only(["PALINDROME-10"]).by_label()) == ["palindrome-10"]
    assert quick.set(["Club.steps=3"]).config("club").steps == 3
    with pytest.raises(
        ValueError, match=r"got none that fits; 'quick' has GCN on palindrome-10, palindrome-20, digits"
    ):
        quick.only(["text"], ["gcn"])


def test_every_view_and_model_of_the_tables_says_what_it_makes_and_reads():
    assert {view.edges for view in VIEWS.values()} == set(EDGES)
    assert {form for model in MODELS.values() for form in model.builders} == {task.form for task in TASKS.values()}


def test_a_report_takes_the_point_of_a_search_that_validated_best(tmp_path):
    search = "[search]\npoints = 3\n[search.ranges]\nhidden_channels = [1, 8, 16]\n"
    text = f"{FITS}[task.club]\nsteps = 4\nevaluate_every = 4\n{search}"
    mine = replace(suite.load(written(tmp_path, text)), seeds=2)
    records = [trials.run(trial, Output(tmp_path), lambda step: None) for trial in trials.plan(mine, "cpu")]
    row = rows(records)[-1]
    assert (row.model, row.tried, len(row.records)) == ("GCN", 3, 2)
    means = {}
    for record in records:
        if record.trial.view:
            means.setdefault(record.trial.config["hidden_channels"], []).append(record.curve["best_validation"])
    assert row.validation == max(sum(scores) / 2 for scores in means.values())
