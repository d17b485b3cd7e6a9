"""Baselines of classification that see features and no edges: logistic regression and gradient boosting."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression


def logistic_regression(
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    *,
    strengths: Sequence[float] = (1.0,),
    max_iter: int = 2000,
    tol: float = 1e-4,
) -> tuple[float, int]:
    """Return the test accuracy of scikit-learn's logistic regression, and its number of parameters.

    Args:
        x: features [rows, F] of ``"train"`` and ``"test"``; of ``"validation"`` where there are several strengths.
        y: classes of the same rows.
        strengths: inverse weights of the penalty, of which the one that validates best is tested.
        max_iter: iterations of its solver at most.
        tol: where its solver stops.

    >>> x, y = [[0.0], [1.0], [4.0], [5.0]], [0, 0, 1, 1]
    >>> logistic_regression({"train": x, "test": x}, {"train": y, "test": y})
    (1.0, 2)
    """
    models = [LogisticRegression(C=c, max_iter=max_iter, tol=tol).fit(x["train"], y["train"]) for c in strengths]
    best = models[0]
    if len(models) > 1:
        best = max(models, key=lambda model: model.score(x["validation"], y["validation"]))
    return float(best.score(x["test"], y["test"])), best.coef_.size + best.intercept_.size


def boosted_trees(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return the decision function of gradient boosting (200 trees, rate 0.05) on two classes, and its leaves.

    Args:
        x: features [N, F].
        y: classes [N], 0 or 1.
    """
    model = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.05, random_state=0).fit(x, y)
    return model.decision_function, sum(tree.get_n_leaf_nodes() for trees in model._predictors for tree in trees)
