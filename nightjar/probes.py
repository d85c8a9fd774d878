"""Probes of frozen embeddings: nearest neighbours, linear SVC, linear regression.

A probe's one setting (neighbours, penalty) is chosen on the validation part.  There the rarest
class may have five objects, so that macro F1 moves in steps of several points and its maximum over
many settings is mostly luck; a linear SVC's penalty is therefore chosen by its own loss, which is
smooth.  The probe that is scored is the chosen one *fitted on the training part alone*: validation
objects never join the training, so that every candidate and every model is compared on the same
fit.  The published evaluation chose k on the scored folds (Zhang+2024), which flatters.

Nothing is random: liblinear solves the primal problem, neighbours are searched exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from nightjar import metrics

KERNEL_PENALTY = 10.0  # C of the SVC with a Gaussian kernel
PENALTIES = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)  # C of the SVC
RIDGES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # alpha of the linear regression
Score = Callable[[np.ndarray, np.ndarray], float]


class Prediction(NamedTuple):
    """What one probe says of the test part, and how it was chosen."""

    test: np.ndarray  # (n_test,) labels or values
    score: float  # on validation: macro F1, or minus the root mean square error
    choice: float  # the chosen k, C or alpha


class ChosenProbe(BaseEstimator):
    """An estimator whose setting is chosen on a validation part and fitted on the training part.

    Parameters
    ----------
    make : setting -> unfitted scikit-learn estimator
    choices : settings to try; among equals the first wins
    score : (true, predicted) -> float, higher is better
    criterion : (fitted estimator, validation part) -> float, higher is better: what the setting is
        chosen by, in place of ``score``

    Attributes
    ----------
    choice_, score_, estimator_ : the best setting, its validation score, its fitted estimator
    """

    def __init__(
        self,
        make: Callable[[float], BaseEstimator],
        choices: Sequence[float],
        score: Score,
        criterion: Callable[[Any, Part], float] | None = None,
    ) -> None:
        self.make = make
        self.choices = choices
        self.score = score
        self.criterion = criterion

    def fit(self, train: Part, validation: Part) -> Self:
        """Fit every candidate on ``train`` and keep the best on ``validation``."""
        fitted = [_fitted(self.make(choice), train) for choice in self.choices]
        criterion = self.criterion or self._scored
        best = int(np.argmax([criterion(estimator, validation) for estimator in fitted]))
        self.choice_, self.estimator_ = self.choices[best], fitted[best]
        self.score_ = self._scored(fitted[best], validation)
        return self

    def predict(self, embeddings: np.ndarray) -> np.ndarray:
        """Labels or values (n,) of embeddings (n, dim)."""
        return np.asarray(self.estimator_.predict(embeddings))

    def _scored(self, estimator: Any, part: Part) -> float:
        return self.score(part.target, estimator.predict(part.embeddings))


class Part(NamedTuple):
    """One part of a fold, with what its objects are to be probed for."""

    embeddings: np.ndarray  # (n, dim) float
    target: np.ndarray  # (n,) labels (integers or strings), or values
    weight: np.ndarray | None = None  # (n,) of a row in the fit; None: all alike


def classify(
    train: Part, validation: Part, test: np.ndarray, neighbours: Sequence[int]
) -> dict[str, Prediction]:
    """Predicted labels of the test embeddings by ``knn`` and ``svc``.

    kNN: uniform votes, Euclidean distance (cosine for unit embeddings), k from ``neighbours`` by
    macro F1.
    SVC: linear, on standardised embeddings, classes weighted inversely to their size, because the
    score is macro F1 and supernova samples are mostly Ia; C from `PENALTIES` by `minus_hinge`.
    Weights of the training rows count in the linear fit; neighbours vote alike, whatever theirs.

    Parameters
    ----------
    train, validation : embeddings and labels
    test : (n, dim) embeddings
    neighbours : candidates for k; those above the number of training objects become that number

    Returns
    -------
    dict of probe name to Prediction
    """
    sizes = _sizes(neighbours, len(train.embeddings))
    probes = {
        "knn": ChosenProbe(lambda k: KNeighborsClassifier(int(k)), sizes, _macro_f1),
        "svc": ChosenProbe(_svc, PENALTIES, _macro_f1, minus_hinge),
    }
    return {name: _predict(probe, train, validation, test) for name, probe in probes.items()}


def kernel(train: Part, test: np.ndarray) -> np.ndarray:
    """Predicted labels of the test embeddings by an SVC with a Gaussian kernel.

    On standardised embeddings; scikit-learn's width of the kernel, classes weighted inversely to
    their size, C fixed to `KERNEL_PENALTY`: few labels leave none to choose it by.  It takes
    embeddings of many columns, and bends where the linear one cannot.

    Parameters
    ----------
    train : embeddings and labels
    test : (n, dim) embeddings
    """
    svc = SVC(C=KERNEL_PENALTY, class_weight="balanced")
    return _fitted(make_pipeline(StandardScaler(), svc), train).predict(test)


def regress(
    train: Part, validation: Part, test: np.ndarray, neighbours: Sequence[int]
) -> dict[str, Prediction]:
    """Predicted values of the test embeddings by ``knn`` and ``linear``, chosen by RMS error.

    kNN: mean of the k nearest.  Linear: ridge regression on standardised embeddings, because CLIP
    embeddings fill only a subspace of their dimensions (Zhang+2024) and plain least squares is
    then ill-conditioned; alpha from `RIDGES`.  Parameters and result as in `classify`.
    """
    sizes = _sizes(neighbours, len(train.embeddings))
    probes = {
        "knn": ChosenProbe(lambda k: KNeighborsRegressor(int(k)), sizes, _minus_rms),
        "linear": ChosenProbe(_ridge, RIDGES, _minus_rms),
    }
    return {name: _predict(probe, train, validation, test) for name, probe in probes.items()}


def best(predictions: Mapping[str, Prediction]) -> str:
    """Name of the probe with the highest validation score; the first among equals."""
    return max(predictions, key=lambda name: predictions[name].score)


def _fitted(estimator: Any, train: Part) -> Any:
    """Fitted with the rows' weights in every step of a pipeline; nothing else here takes them."""
    weighted = train.weight is not None and isinstance(estimator, Pipeline)
    steps = estimator.steps if weighted else ()
    weights = {f"{name}__sample_weight": train.weight for name, _ in steps}
    return estimator.fit(train.embeddings, train.target, **weights)


def _predict(probe: ChosenProbe, train: Part, validation: Part, test: np.ndarray) -> Prediction:
    probe.fit(train, validation)
    return Prediction(probe.predict(test), probe.score_, probe.choice_)


def _sizes(neighbours: Sequence[int], available: int) -> list[int]:
    return sorted({min(k, available) for k in neighbours})


def _svc(penalty: float) -> Any:
    # the primal problem: deterministic, and quick where objects outnumber dimensions
    svc = LinearSVC(C=penalty, class_weight="balanced", dual=False, max_iter=10_000)
    return make_pipeline(StandardScaler(), svc)


def _ridge(alpha: float) -> Any:
    return make_pipeline(StandardScaler(), Ridge(alpha=alpha, solver="svd"))


def minus_hinge(classifier: Any, part: Part) -> float:
    """Minus the hinge loss of a linear SVC, one class against the rest, every class weighed alike.

    Parameters
    ----------
    classifier : fitted, with ``decision_function`` and ``classes_``
    part : embeddings and labels; a label that the classifier does not know counts as none of its
    """
    decision = classifier.decision_function(part.embeddings)
    if decision.ndim == 1:  # two classes have one decision
        decision = np.stack([-decision, decision], axis=1)
    sign = np.where(part.target[:, None] == classifier.classes_, 1, -1)
    loss = np.maximum(1 - sign * decision, 0).mean(axis=1)
    return -float(np.mean([loss[part.target == name].mean() for name in np.unique(part.target)]))


def _macro_f1(true: np.ndarray, predicted: np.ndarray) -> float:
    return float(metrics.classification(true, predicted)["macro_f1"] or 0.0)


def _minus_rms(true: np.ndarray, predicted: np.ndarray) -> float:
    return -float(np.sqrt(np.mean((true - predicted) ** 2)))
