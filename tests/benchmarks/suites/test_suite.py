"""The suites: every comparison gives logits on its view, and a file that does not fit is named with its key."""

from pathlib import Path

import pytest
import torch

from benchmarks.run import trials
from benchmarks.suites import suite
from benchmarks.tables import TASKS
from benchmarks.tasks.objective import course_of
from benchmarks.tasks.task import counted

SUITES = {name: suite.load(name) for name in suite.names()}
LISTED = sorted({comparison for s in SUITES.values() for comparison in s.comparisons})
# Of tasks that differ in length alone, in an optimiser, or in which papers they hold, one will do.
PAPERS = {f"{name}{kind}": f"cora{kind}" for name in ("citeseer", "pubmed") for kind in ("", "-random", "-last")}
PAPERS |= {task: "memory-10-adam-0.003" for task in TASKS if task.startswith("memory-10-")}
PAPERS |= {task.replace("-40-", "-80-"): task for task in TASKS if task.startswith("memory-40-")}
PAPERS |= {f"los-loop-{minutes}": "los-loop-15" for minutes in (30, 45, 60)}
COMPARISONS = list(
    {(TASKS[t].family or PAPERS.get(t, t), v, m): (PAPERS.get(t, t), v, m) for t, v, m in LISTED}.values()
)


@pytest.mark.parametrize(("task", "view", "model"), COMPARISONS)
def test_every_comparison_gives_a_loss_and_gradients(task, view, model, at_hand):
    at_hand(task)
    torch.manual_seed(0)
    problem, budget = trials.problem_of(task, 0), TASKS[task].budget
    network = trials.build(budget, problem, view, model)
    batch = problem.train(torch.Generator().manual_seed(0), min(budget.batch_size, 8))
    course = course_of(network, problem, TASKS[task].metric, budget)
    answers, y = counted(course.logits(network, batch), batch)
    assert answers.shape == (y.shape if problem.horizon else (y.numel(), problem.num_classes))
    course.loss(network, batch).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())


def test_the_suites_are_there():
    assert list(SUITES) == ["citation", "full", "quick", "seed", "traffic"]
    assert len(SUITES["quick"].comparisons) == 20
    lengths = {task for task, _, _ in SUITES["seed"].comparisons}
    assert {f"scalar-palindrome-{length}" for length in range(5, 81, 5)} < lengths
    steps = {length: SUITES["seed"].budget(f"scalar-palindrome-{length}").steps for length in range(5, 81, 5)}
    learnt = {5: 1000, 10: 1000, 15: 10_000, 20: 5000, 25: 2000, 30: 2000}
    assert steps == {length: learnt.get(length, 100) for length in steps}
    whole = suite.load("seed", full=True)
    assert {whole.budget(task).steps for task in lengths if task.startswith("scalar")} == {10_000}
    assert whole.comparisons == SUITES["seed"].comparisons
    text = SUITES["seed"].budget("grimm")
    assert (text.steps, text.rate_decay, text.rate_decay_every, text.learning_rate) == (20_000, 0.96, 5000, 2e-3)
    assert whole.budget("grimm").steps == 800_000


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


COMPARE = '[[compare]]\ntask = "club"\nview = "graph"\nmodel = ["GCN", "MLP"]\n'


def test_a_suite_of_ones_own(tmp_path):
    file = written(tmp_path, f'title = "t"\nseeds = 2\n[budget]\nsteps = 7\n[task.club]\nclip_norm = "none"\n{COMPARE}')
    mine = suite.load(file)
    assert (mine.name, mine.title, mine.seeds) == ("mine", "t", 2)
    assert mine.comparisons == (("club", "graph", "GCN"), ("club", "graph", "MLP"))
    assert (mine.budget("club").steps, mine.budget("club").clip_norm) == (7, None)
    assert mine.budget("club").hidden_channels == TASKS["club"].budget.hidden_channels


def test_a_pattern_names_all_that_it_fits_and_a_cut_can_be_left_out(tmp_path):
    text = """
        title = "t"
        [task."palindrome-?0"]
        steps = 7
        [cut."palindrome-[24]0"]
        steps = 3
        [[compare]]
        task = ["palindrome-[12]*", "palindrome-40"]
        view = "path"
        model = "[RG]RU"
    """
    file = written(tmp_path, text)
    mine, full = suite.load(file), suite.load(file, full=True)
    tasks = ["palindrome-10", "palindrome-20", "palindrome-40"]
    assert mine.comparisons == full.comparisons == tuple((task, "path", "GRU") for task in tasks)
    assert [mine.budget(task).steps for task in tasks] == [7, 3, 3]
    assert [full.budget(task).steps for task in tasks] == [7, 7, 7]
    chosen = mine.only(["*-[24]0"]).set(["palindrome-4*.steps=5"])
    assert [task for task, _, _ in chosen.comparisons] == tasks[1:]
    assert [chosen.budget(task).steps for task in tasks] == [7, 3, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "mine.toml: expected TOML, got Invalid value"),
        (f'title = "t"\nseds = 2\n{COMPARE}', r"mine.toml: key: expected .*, got 'seds'; did you mean 'seeds'\?"),
        (COMPARE, "mine.toml: title: expected a text, got None"),
        ('title = "t"', "mine.toml: compare: expected tables, got None"),
        (f'title = "t"\nseeds = 0\n{COMPARE}', "mine.toml: seeds: expected an integer of at least 1, got 0"),
        (f'title = "t"\n[budget]\nstep = 2\n{COMPARE}', r"mine.toml: budget: .*got 'step'; did you mean 'steps'\?"),
        (f'title = "t"\n[task.clubs]\n{COMPARE}', r"mine.toml: task: .*did you mean 'club'\?"),
        (f'title = "t"\n[cut."blub*"]\nsteps = 1\n{COMPARE}', r"mine.toml: cut: expected one of .*got 'blub\*'"),
        (f'title = "t"\n[cut.club]\nstep = 1\n{COMPARE}', r"mine.toml: cut.club: .*did you mean 'steps'\?"),
        (f'title = "t"\n[task.club]\nsteps = 1.5\n{COMPARE}', "mine.toml: task.club.steps: expected an integer"),
        (f'title = "t"\n[task.club]\ndropout = "x"\n{COMPARE}', "task.club.dropout: expected a number, got 'x'"),
        (f'title = "t"\n[budget]\nhead = 1\n{COMPARE}', "budget.head: expected true or false, got 1; the tasks say"),
        (f'title = "t"\n[budget]\nkeep = "lst"\n{COMPARE}', r"budget.keep: .*did you mean 'last'\?"),
        (f'title = "t"\n[budget]\noptimizer = "adm"\n{COMPARE}', r"budget.optimizer: .*did you mean 'adam'\?"),
        (f'title = "t"\n{COMPARE.replace("MLP", "MPL")}', r"mine.toml: compare\[0\].model: .*did you mean 'MLP'\?"),
        (f'title = "t"\n{COMPARE}views = "path"\n', r"mine.toml: compare\[0\]: .*did you mean 'view'\?"),
        ('title = "t"\n[[compare]]\ntask = "club"\n', r"mine.toml: compare\[0\].view: expected a name or a list"),
    ],
)
def test_what_does_not_fit_is_named_with_file_and_key(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        suite.load(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        ValueError, match=r"suite: expected a TOML file, got .*nothing.toml; there are citation, full, quick, seed"
    ):
        suite.load(str(tmp_path / "nothing.toml"))


def test_the_command_line_has_the_last_word():
    changes = ["steps=5", "text.learning_rate=1", "club.optimizer=sgd", "club.head=false"]
    changed = SUITES["quick"].only(["club", "text"]).set(changes)
    assert (changed.budget("club").head, changed.budget("text").head) == (False, True)
    assert (changed.budget("club").steps, changed.budget("text").steps) == (5, 5)
    assert (changed.budget("text").learning_rate, changed.budget("club").optimizer) == (1.0, "sgd")
    assert SUITES["quick"].budget("club").steps == 100


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
