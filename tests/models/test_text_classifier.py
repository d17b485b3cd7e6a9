"""A classifier of texts: saved and loaded, explained by leaving words out, indifferent to what it is given."""

from pathlib import Path

import pytest
import torch

from gnn_toolkit.graphs import WordVocabulary
from gnn_toolkit.models import CharGenerator, TextClassifier, Vocabulary
from gnn_toolkit.models.text_classifier import KINDS

WORDS = WordVocabulary(["bad", "film", "good", "京"])
STRANGE = ["A good film!", "", "zebra", "京", "good " * 50, "  \n", "\u0645\u0631\u062d\u0628\u0627"]


def classifier(kind: str, **options: int) -> TextClassifier:
    torch.manual_seed(0)
    return TextClassifier(WORDS, ["neg", "pos", "so-so"], kind, hidden_channels=8, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_has_probabilities_alone_and_in_company(kind: str):
    model = classifier(kind)
    together = model.probabilities(STRANGE)
    torch.testing.assert_close(together.sum(1), torch.ones(len(STRANGE)))
    for text, row in zip(STRANGE, together, strict=True):
        torch.testing.assert_close(model.probabilities([text])[0], row)
    assert model.probabilities([]).shape == (0, 3)
    assert model.training  # as before
    assert model.classify(STRANGE) == [model.classes[k] for k in together.argmax(1).tolist()]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_answers_as_before(kind: str, tmp_path: Path):
    model = classifier(kind, longest=7)
    model.save(tmp_path / "m.safetensors", {"test": 0.5})
    loaded = TextClassifier.load(tmp_path / "m.safetensors")
    assert (loaded.kind, loaded.classes, loaded.longest) == (kind, model.classes, 7)
    assert loaded.vocabulary.words == WORDS.words
    assert loaded.probabilities(STRANGE).equal(model.probabilities(STRANGE))


def test_another_model_is_refused(tmp_path: Path):
    CharGenerator(Vocabulary("ab"), hidden_channels=4).save(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="a saved TextClassifier"):
        TextClassifier.load(tmp_path / "m.safetensors")


def test_a_word_weighs_what_the_probability_loses_without_it():
    model = classifier("wide-mlp", longest=4)
    text = "good bad good film film"
    found = model.explain(text, "pos")
    whole = float(model.probabilities([text])[0, 1])
    without = {word: " ".join(w for w in text.split()[:4] if w != word) for word in ("good", "bad", "film")}
    expected = {word: whole - float(model.probabilities([rest])[0, 1]) for word, rest in without.items()}
    assert [word for word, _ in found] == text.split()
    assert [weight for _, weight in found[:4]] == pytest.approx([expected[word] for word in text.split()[:4]])
    assert found[4] == ("film", 0.0)  # it is not read
    likeliest = model.classes[int(model.probabilities([text])[0].argmax())]
    assert model.explain(text) == model.explain(text, likeliest)
    assert model.explain("") == []
    assert len(model.explain("zebra")) == 1


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="did you mean 'gcn'"):
        TextClassifier(WORDS, ["a", "b"], "gnc")
    for classes in (["a"], ["a", "a"], []):
        with pytest.raises(ValueError, match="two different names"):
            TextClassifier(WORDS, classes)
    model = classifier("gcn")
    with pytest.raises(ValueError, match="a list of texts"):
        model.probabilities("good")
    with pytest.raises(ValueError, match="did you mean 'pos'"):
        model.explain("good", "poss")
