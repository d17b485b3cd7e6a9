"""Tasks of computation: nested lists (ListOps), relations of formulas, and the problem that a program solves."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from gnn_toolkit.datasets import (
    Expression,
    FormulaPair,
    ListOps,
    SyntaxTree,
    draw_formulas,
    load_codeforces,
    load_listops,
    numbered,
    vocabulary,
)
from gnn_toolkit.datasets.listops import CLOSED
from gnn_toolkit.datasets.propositional import MOST, RELATIONS

from .config import Config
from .metrics import ACCURACY
from .phrases import PhraseObjective, by_length
from .regression import logistic_regression
from .sentences import SPLITS, joined, majority
from .sized_graphs import FreshGraphs, SizedGraphs
from .task import Task, TaskData

COUNTED = 5000  # expressions that baselines are fitted to where models have new ones in every batch
HELD = 1000  # expressions or pairs to validate on
PROBLEMS = 80


def lists(seed: int, depth: int, length: int, expressions: int, parts: bool) -> TaskData:
    """Compute a nested list; those of the test may be deeper and longer than all before.

    Args:
        seed: draws nothing here: all seeds share the expressions.
        depth: greatest depth of an expression to train or validate on.
        length: greatest number of symbols of one.
        expressions: how many to train on; 0: every batch has new ones.
        parts: whether the value of every list within a training expression is asked for, where it closes.
    """
    test = load_listops()
    source = ListOps(max_depth=depth, min_depth=1, max_length=length)
    drawn = source.draw((expressions or COUNTED) + HELD, 0, without=frozenset(one.tokens for one in test))
    found = {"train": drawn[HELD:], "validation": drawn[:HELD], "test": test}
    data = computed(found, parts)
    if expressions:
        return data
    held = frozenset(one.tokens for split in ("validation", "test") for one in found[split])
    numbers = vocabulary([one.tree() for one in found["train"]])

    def fresh(chance: random.Random, count: int) -> Data:
        new = (one for one in source.stream(chance) if one.tokens not in held)
        return _asked([one.tree() for one in islice(new, count)], numbers, parts)

    kept = data.source
    assert isinstance(kept, SizedGraphs)
    note = f"{data.note}; every batch has new expressions, baselines were fitted to {COUNTED:,}"
    return replace(data, source=FreshGraphs(kept.graphs, kept.splits, fresh), note=note)


def _asked(trees: list[SyntaxTree], numbers: dict[str, int], parts: bool) -> Data:
    """Return expressions side by side, of which the value of every list is asked for, or that of the whole alone."""
    data = numbered(trees, numbers)
    data.y = torch.tensor([label for tree in trees for label in tree.labels])
    if parts:
        data.mask = torch.tensor([token == CLOSED for tree in trees for token in tree.tokens])
    return data


def computed(found: dict[str, list[Expression]], parts: bool) -> TaskData:
    """Return the data of computing expressions."""
    trees = {split: [one.tree() for one in members] for split, members in found.items()}
    values = {split: [one.value for one in members] for split, members in found.items()}
    depths = [str(one.depth) for split in SPLITS for one in found[split]]
    deepest = max(one.depth for one in found["train"])
    longest = max(len(one.tokens) for one in found["train"])
    asked = "the value of every list in them is asked for" if parts else "their value alone is asked for"
    return single(
        trees,
        values,
        10,
        {"depth": depths},
        f"ListOps: {len(found['train']):,} random expressions to train on, up to {deepest} deep and {longest} symbols "
        f"long; {asked}; {len(found['validation']):,} like them to validate on; tested on the published "
        f"{len(found['test']):,}",
        CLOSED if parts else "",
    )


def single(
    trees: dict[str, list[SyntaxTree]],
    labels: dict[str, list[int]],
    classes: int,
    groups: dict[str, list[str]],
    note: str,
    parts: str = "",
) -> TaskData:
    """Return the data of one question about each tree; while training also about each node with the word ``parts``."""
    numbers = vocabulary(trees["train"])
    every, splits = joined(trees)
    graphs = [numbered([tree], numbers) for tree in every]
    answers = [label for split in SPLITS for label in labels[split]]
    for place, (data, tree, answer) in enumerate(zip(graphs, every, answers, strict=True)):
        data.y = torch.full((len(tree.tokens),), answer)
        if parts and place < len(trees["train"]):
            data.y, data.mask = torch.tensor(tree.labels), torch.tensor([token == parts for token in tree.tokens])
    objective = partial(
        PhraseObjective,
        metric=ACCURACY,
        out_channels=classes,
        num_words=len(numbers) + 2,
        groups={**groups, "length": by_length(every)},
    )
    return TaskData(
        SizedGraphs(graphs, splits),
        objective,
        {"majority class": partial(majority, labels), "regression on counts": partial(counted, trees, labels, numbers)},
        note=note,
    )


def counted(trees: dict[str, Any], labels: dict[str, list[int]], numbers: dict[str, int]) -> tuple[float, int]:
    """Return the accuracy of a logistic regression on the logarithms of how often each word is in a tree, or in two."""
    x = {split: np.log1p([_counts(one, numbers) for one in trees[split]]) for split in ("train", "test")}
    centre, spread = x["train"].mean(0), x["train"].std(0) + 1e-6
    x = {split: (values - centre) / spread for split, values in x.items()}
    return logistic_regression(x, labels, max_iter=200, tol=1e-3)


def _counts(trees: SyntaxTree | Sequence[SyntaxTree], numbers: dict[str, int]) -> list[int]:
    """Return how often each word is in each of some trees."""
    found = []
    for tree in [trees] if isinstance(trees, SyntaxTree) else trees:
        words = Counter(tree.words)
        found += [words[word] for word in numbers]
    return found


def relations(seed: int, operators: int, pairs: int, tested: int) -> TaskData:
    """Say which relation holds between two formulas; those of the test may have more operators than all before.

    Args:
        seed: draws nothing here: all seeds share the pairs.
        operators: most operators of a formula to train or validate on.
        pairs: how many pairs to train on.
        tested: how many pairs of each number of operators to test on.
    """
    drawn = draw_formulas("train", range(operators + 1), pairs + HELD)
    test, groups = [], []
    for number in range(1, MOST + 1):
        test += draw_formulas("test", [number], tested)
        groups += [str(number)] * (len(test) - len(groups))
    parts = {"train": drawn[HELD:], "validation": drawn[:HELD], "test": test}
    return compared(parts, [""] * len(drawn) + groups, operators)


def compared(parts: dict[str, list[FormulaPair]], operators: list[str], most: int) -> TaskData:
    """Return the data of telling the relation between two formulas."""
    numbers = vocabulary([tree for pair in parts["train"] for tree in (pair.first, pair.second)])
    every, splits = joined(parts)
    graphs: list[Data] = []
    for pair in every:
        graphs.append(numbered([pair.first, pair.second], numbers))
        graphs[-1].y = torch.tensor([RELATIONS.index(pair.relation)])
    labels = {split: [RELATIONS.index(pair.relation) for pair in members] for split, members in parts.items()}
    trees = {split: [(pair.first, pair.second) for pair in members] for split, members in parts.items()}
    objective = partial(
        PhraseObjective,
        metric=ACCURACY,
        out_channels=len(RELATIONS),
        num_words=len(numbers) + 2,
        pair="relation",
        groups={"operators": operators},
    )
    return TaskData(
        SizedGraphs(graphs, splits),
        objective,
        {"majority class": partial(majority, labels), "regression on counts": partial(counted, trees, labels, numbers)},
        note=f"pairs of formulas of up to {most} operators to train on, {len(parts['train']):,}, and to validate on, "
        f"{len(parts['validation']):,}; {len(parts['test']):,} of 1 to {MOST} operators to test on",
    )


def problems(seed: int, programs: int, tested: int) -> TaskData:
    """Say which of 80 problems a program solves, from the types of its syntax tree's nodes.

    Args:
        seed: draws nothing here: the splits are those of the files, which are in a random order.
        programs: how many to train on, at most.
        tested: how many to validate and to test on, at most.
    """
    parts = {split: load_codeforces(split, programs if split == "train" else tested) for split in SPLITS}
    trees = {split: [one.tree for one in members] for split, members in parts.items()}
    labels = {split: [one.problem for one in members] for split, members in parts.items()}
    depths = [str(one.tree.depth) for split in SPLITS for one in parts[split]]
    sizes = ", ".join(f"{len(parts[split]):,} {split}" for split in SPLITS)
    return single(trees, labels, PROBLEMS, {"depth": depths}, f"syntax trees of Python programs: {sizes}")


BASELINES = ("majority class", "regression on counts")

LISTS = Task(
    "what a nested list of digits comes to, trained on shallow and short ones",
    lists,
    ACCURACY,
    BASELINES,
    Config(
        steps=3000,
        learning_rate=2e-3,
        evaluate_every=250,
        batch_size=64,
        hidden_channels=128,
        num_layers=1,
        num_convolutions=4,
    ),
    options={"depth": 5, "length": 100, "expressions": 0, "parts": False},
    form="words",
    axis="depth",
    data="listops",
)

FORMULAS = Task(
    "which relation holds between two formulas, trained on those of few operators",
    relations,
    ACCURACY,
    BASELINES,
    Config(
        steps=3000,
        learning_rate=2e-3,
        evaluate_every=250,
        batch_size=64,
        hidden_channels=64,
        num_layers=1,
        num_convolutions=4,
    ),
    options={"operators": 6, "pairs": 5000, "tested": 100},
    form="words",
    axis="operators",
    data="proplogic",
)

PROGRAMS = Task(
    "which problem a program solves, from the shape of its syntax tree",
    problems,
    ACCURACY,
    BASELINES,
    Config(
        steps=1500,
        learning_rate=2e-3,
        evaluate_every=250,
        batch_size=64,
        hidden_channels=128,
        num_layers=1,
        num_convolutions=3,
    ),
    options={"programs": 4000, "tested": 1000},
    form="words",
    data="ast_codeforces",
)
