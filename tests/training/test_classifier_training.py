"""Classifiers learn what can be learnt, are judged on texts held out of each class, and the best is the simplest."""

import pytest
import torch
from scipy.stats import binomtest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from gnn_toolkit.models.text_classifier import KINDS
from gnn_toolkit.training import ClassifierSettings, fit_classifiers
from gnn_toolkit.training.classifier_training import split_by_class, wilson

SMALL = ClassifierSettings(hidden_channels=8, learning_rate=0.02)


def told_by_a_word(count: int = 120) -> tuple[list[str], list[str]]:
    generator = torch.Generator().manual_seed(0)
    texts, labels = [], []
    for k in range(count):
        length = int(torch.randint(1, 6, (1,), generator=generator))
        others = torch.randint(5, (length,), generator=generator).tolist()
        texts.append(" ".join([*(f"w{other}" for other in others), ("good", "bad")[k % 2]]))
        labels.append(("pos", "neg")[k % 2])
    return texts, labels


def test_every_kind_learns_a_word_and_the_simplest_of_the_best_is_taken():
    seen: list[tuple[str, int, int]] = []
    fitted = fit_classifiers(*told_by_a_word(), SMALL, progress=lambda *args: seen.append(args))
    assert [one.name for one in fitted.judged] == ["majority class", *KINDS]
    assert fitted.judged[0].test == 0.5
    assert {one.name: one.test for one in fitted.judged[1:]} == dict.fromkeys(KINDS, 1.0)
    assert fitted.best.name == "tf-idf"
    assert {kind for kind, *_ in seen} == set(KINDS)
    assert fitted.sizes == {"train": 96, "validation": 12, "test": 12}
    assert fitted.notes == ["12 texts are few to test on: look at the intervals"]
    for one in fitted.judged[1:]:
        assert one.model is not None
        assert one.model.classify(["good w1", "bad w1"]) == ["pos", "neg"]


def test_the_line_is_scikit_learns():
    texts, labels = told_by_a_word()
    texts = [f"{text} w{len(text) % 7}" for text in texts]
    for names in (["x", "y"], ["x", "y", "z"]):
        labels = [names[len(text) % len(names)] for text in texts]
        settings = ClassifierSettings(kinds=("tf-idf",))
        model = fit_classifiers(texts, labels, settings).judged[1].model
        y = torch.tensor([names.index(label) for label in labels])
        train = split_by_class(y, 0)["train"].tolist()
        vectorizer = TfidfVectorizer(token_pattern=r"\S+").fit([texts[k] for k in train])
        features = vectorizer.transform([texts[k] for k in train])
        regression = LogisticRegression(max_iter=1000).fit(features, y[train].numpy())
        assert model is not None
        expected = torch.from_numpy(regression.predict_proba(vectorizer.transform(texts))).float()
        torch.testing.assert_close(model.probabilities(texts), expected, rtol=1e-3, atol=1e-4)


def test_every_class_is_shared_out_and_a_rare_one_is_trained_on():
    y = torch.tensor([0] * 50 + [1] * 3 + [2] * 2)
    parts = split_by_class(y, 3)
    assert torch.cat(list(parts.values())).sort().values.tolist() == list(range(55))
    assert {part: torch.bincount(y[which], minlength=3).tolist() for part, which in parts.items()} == {
        "train": [40, 1, 2],
        "validation": [5, 1, 0],
        "test": [5, 1, 0],
    }
    assert not split_by_class(y, 4)["test"].equal(parts["test"])


def test_notes_say_what_is_rare_and_what_is_cut():
    texts, labels = told_by_a_word()
    settings = ClassifierSettings(kinds=("tf-idf",), longest=3)
    fitted = fit_classifiers([*texts, "once"], [*labels, "odd"], settings)
    assert fitted.notes[0] == "too few texts to test: odd"
    assert fitted.notes[1].endswith("texts are read only up to word 3")


@pytest.mark.parametrize(("right", "count"), [(0, 5), (5, 5), (8, 10), (150, 200)])
def test_the_interval_is_wilsons(right: int, count: int):
    reference = binomtest(right, count).proportion_ci(0.95, "wilson")
    assert wilson(right, count) == pytest.approx((reference.low, reference.high), abs=1e-6)


@pytest.mark.parametrize(
    ("texts", "labels", "settings", "match"),
    [
        (["a"] * 9, ["x"] * 9, SMALL, "two different ones"),
        (["a", "b"], ["x", "y"], SMALL, "three texts of a class"),
        (["", " "] * 6, ["x", "y"] * 6, SMALL, "at least one word"),
        (["a"], ["x", "y"], SMALL, "as many of both"),
        (["a"], ["x"], ClassifierSettings(kinds=("bert",)), "kinds"),
        (["a"], ["x"], ClassifierSettings(minutes=0), "a time above 0"),
        (["a"], ["x"], ClassifierSettings(minutes=float("nan")), "a time above 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    texts: list[str], labels: list[str], settings: ClassifierSettings, match: str
):
    with pytest.raises(ValueError, match=match):
        fit_classifiers(texts, labels, settings)
