"""The committed results: every number is the one that was published, whatever its task is called today."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.report.publish import renew
from benchmarks.results.compare import across
from benchmarks.results.names import renamed
from benchmarks.results.published import read_published
from benchmarks.results.rows import by_task, rows
from benchmarks.tables import MODELS, TASKS, VIEWS

FOLDER = Path(__file__).parents[3] / "benchmarks" / "results"
# Rows, and a digest of all that they hold beside task and variant, of the record as it was first published.
PUBLISHED = {
    "accidents": (16, "5dcd7565369db298"),
    "citation": (72, "1c6cb76983c9d7e2"),
    "monitor": (10, "b0af0aed3ade5ff8"),
    "memory": (185, "a96eee7156c70c5f"),
    "storyteller": (35, "ed36a1f1839ba3ca"),
    "traffic": (40, "27c0c4b1a4ff95c0"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_numbers_are_the_published_ones(name: str):
    rows = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    content = [{key: value for key, value in row.items() if key not in ("task", "variant")} for row in rows]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    assert (len(rows), digest) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_tasks_views_and_models_are_in_the_tables(name: str):
    for row in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["rows"]:
        assert row["task"] in TASKS
        assert not row["view"] or row["view"] in VIEWS
        assert row["model"] in (MODELS if row["view"] else TASKS[row["task"]].baselines)
        former = "-".join(filter(None, (row["task"], row["variant"])))
        assert renamed(former)[0] == row["task"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_verdicts_are_those_of_the_rule_as_it_is_now(name: str, tmp_path: Path):
    for ending in ("json", "md"):
        (tmp_path / f"{name}.{ending}").write_bytes((FOLDER / f"{name}.{ending}").read_bytes())
    page = renew(tmp_path / f"{name}.json")
    text = page.read_text(encoding="utf-8")
    assert text == (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    table = rows(read_published(FOLDER / f"{name}.json"))
    said = [line for line in text.splitlines() if " has the best mean, " in line]
    assert len(said) == len(by_task(table)) == text.count("\n## ")
    page.write_text(
        text.replace("; ahead of ", "; not distinguishable from ").replace(
            "; better than ", "; not distinguishable from "
        )
    )
    assert renew(tmp_path / f"{name}.json").read_text(encoding="utf-8") == text


def test_three_data_sets_under_two_splits_are_ranked_by_nobody():
    standing = across(rows(read_published(FOLDER / "citation.json")))
    assert standing.ranking is None
    assert standing.tasks == ["cora", "citeseer", "pubmed"]


def test_what_is_no_published_run_is_named(tmp_path: Path):
    for content in ("", "[]", '{"rows": [{}]}', '{"rows": 3}'):
        path = tmp_path / "mine.json"
        path.write_text(content)
        with pytest.raises(ValueError, match=r"mine\.json: no published run"):
            read_published(path)


def test_records_name_revisions_that_exist_or_say_that_they_do_not():
    root = FOLDER.parents[1]
    git = ["git", "-C", str(root)]
    shallow = subprocess.run([*git, "rev-parse", "--is-shallow-repository"], capture_output=True, text=True)
    if shallow.stdout.strip() != "false":
        pytest.skip("no checkout with a history")
    for page in [root / "README.md", *(root / "docs").glob("*.md"), *FOLDER.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for revision in set(re.findall(r"revision ([0-9a-f]{12})", text)):
            found = subprocess.run([*git, "merge-base", "--is-ancestor", revision, "HEAD"], capture_output=True)
            gone = f"Revision {revision} is not in this repository's history" in text
            assert (found.returncode == 0) != gone, f"{page.name}: {revision}"
