"""The linear classifier on TF-IDF sees what scikit-learn's vectorizer makes."""

from typing import Any

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from gnn_toolkit.graphs import WordVocabulary
from gnn_toolkit.models import TfIdfLinear
from gnn_toolkit.models.text_classifier import together

TEXTS = ["a b a c", "b", "c c b a d"]


def test_it_is_a_line_on_scikit_learns_features():
    torch.manual_seed(0)
    vocabulary = WordVocabulary.of(TEXTS)
    vectorizer = TfidfVectorizer(token_pattern=r"\S+").fit(TEXTS)
    model = TfIdfLinear(len(vocabulary), 3)
    with torch.no_grad():
        model.idf[1:] = torch.from_numpy(vectorizer.idf_).float()
        model.weight.normal_()
        model.bias.normal_()
    texts = [*TEXTS, "d x d", "", "y z"]
    batch: Any = together([vocabulary.document(text) for text in texts])
    features = np.asarray(vectorizer.transform(texts).todense())
    expected = torch.from_numpy(features).float() @ model.weight[1:] + model.bias
    torch.testing.assert_close(model(batch), expected)
    torch.testing.assert_close(model(batch)[4], model.bias)  # of an empty text nothing is known
