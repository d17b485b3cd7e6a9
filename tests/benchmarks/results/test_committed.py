"""The committed results: every number is the one that was published, whatever its task is called today."""

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.results.names import renamed
from benchmarks.tables import MODELS, TASKS, VIEWS

FOLDER = Path(__file__).parents[3] / "benchmarks" / "results"
# Rows, and a digest of all that they hold beside task and variant, of the record as it was first published.
PUBLISHED = {
    "citation": (72, "1c6cb76983c9d7e2"),
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
