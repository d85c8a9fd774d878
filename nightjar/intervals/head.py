"""A head on frozen embeddings that predicts a distribution: its quantiles, which never cross.

The median and the steps between neighbouring quantiles are linear in the embedding, the steps under
a softplus, so that each is positive (Gasthaus et al. 2019, and many before): one fit gives all
quantiles in their order, whatever the embedding.  The loss is the mean pinball loss over the levels
(Koenker & Bassett 1978), which no other distribution than the true one minimises in expectation at
these levels, plus a ridge penalty of the weights.  It is convex in no sense that helps, but smooth
and small; L-BFGS from the training part's own quantiles, penalty after penalty from strong to weak,
each from where the one before ended, is deterministic and takes tenths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

from nightjar.intervals.scores import pinball
from nightjar.probes import Part

LEVELS = (0.05, 0.1, 0.16, 0.25, 0.35, 0.5, 0.65, 0.75, 0.84, 0.9, 0.95)
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
SMOOTHING = 0.03  # of the pinball loss, in standard deviations of the target
STEPS = 200  # of L-BFGS per penalty
LEAST_STEP = 1e-3  # between quantiles of the start: training targets may repeat

Floats = NDArray[np.float64]


class QuantileHead(BaseEstimator):
    """Quantiles of a value, given an embedding.

    Parameters
    ----------
    levels : of the quantiles, rising, the middle one the median
    penalties : of the sum of squared weights, per unit of mean loss; chosen by the pinball loss on
        validation

    Attributes
    ----------
    penalty_, score_ : the chosen one, and its mean pinball loss on validation
    scaler_ : of the embeddings
    mean_, scale_ : of the training targets
    weights_, start_ : (dim, levels) and (levels,) of median and steps, in units of the scale
    """

    def __init__(
        self, levels: Sequence[float] = LEVELS, penalties: Sequence[float] = PENALTIES
    ) -> None:
        self.levels = levels
        self.penalties = penalties

    def fit(self, train: Part, validation: Part) -> Self:
        """Fit every penalty on ``train``, a row counting by its weight; keep the best."""
        weight = np.ones(len(train.target)) if train.weight is None else train.weight
        self.scaler_ = StandardScaler().fit(train.embeddings, sample_weight=weight)
        self.mean_ = float(np.average(train.target, weights=weight))
        variance = np.average((train.target - self.mean_) ** 2, weights=weight)
        self.scale_ = float(np.sqrt(variance)) or 1.0
        x = self.scaler_.transform(train.embeddings.astype(np.float64))
        y = (train.target - self.mean_) / self.scale_
        found = np.vstack([np.zeros((x.shape[1], len(self.levels))), self._marginal(y)])
        self.score_ = np.inf
        for penalty in sorted(self.penalties, reverse=True):
            found = _minimum(found, x, y, weight / weight.sum(), self.levels, penalty)
            self._keep_if_best(found, penalty, validation)
        return self

    def predict(self, embeddings: np.ndarray) -> Floats:
        """Quantiles (n, levels), rising along a row, of embeddings (n, dim)."""
        return self._quantiles(self.weights_, self.start_, embeddings)

    def _keep_if_best(self, found: Floats, penalty: float, validation: Part) -> None:
        quantiles = self._quantiles(found[:-1], found[-1], validation.embeddings)
        score = pinball(validation.target, quantiles, self.levels)
        if score < self.score_:
            self.score_, self.penalty_ = score, penalty
            self.weights_, self.start_ = found[:-1], found[-1]

    def _quantiles(self, weights: Floats, start: Floats, embeddings: np.ndarray) -> Floats:
        x = self.scaler_.transform(embeddings.astype(np.float64))
        outputs = x @ weights + start
        return self.mean_ + self.scale_ * _stacked(outputs, _steps_to_quantiles(len(self.levels)))

    def _marginal(self, target: Floats) -> Floats:
        """The outputs that give every object the quantiles of the targets."""
        quantiles = np.quantile(target, self.levels)
        steps = np.maximum(np.diff(quantiles), LEAST_STEP)
        inverse_softplus = np.log(np.expm1(steps))
        return np.concatenate([[quantiles[len(quantiles) // 2]], inverse_softplus])


def _steps_to_quantiles(levels: int) -> Floats:
    """Matrix (levels - 1, levels) that adds the steps up, away from the median."""
    step, level = np.arange(levels - 1)[:, None], np.arange(levels)
    middle = levels // 2
    above = (step >= middle) & (step < level)
    below = (step < middle) & (step >= level)
    return above.astype(float) - below


def _stacked(outputs: Floats, matrix: Floats) -> Floats:
    """Quantiles (n, levels) of outputs (n, levels): the median, then the steps' raw values."""
    return outputs[:, :1] + np.logaddexp(0, outputs[:, 1:]) @ matrix


def _minimum(
    start: Floats,
    x: Floats,
    y: Floats,
    weight: Floats,
    levels: Sequence[float],
    penalty: float,
) -> Floats:
    """Weights and, in the last row, constants (dim + 1, levels) that minimise `loss`."""
    arguments = (x, y, weight, np.asarray(levels), penalty)
    found = minimize(
        loss, start.ravel(), arguments, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    return found.x.reshape(start.shape)


def loss(
    parameters: Floats, x: Floats, y: Floats, weight: Floats, levels: Floats, penalty: float
) -> tuple[float, Floats]:
    """Penalised pinball loss and its gradient.

    Smoothed as ``level d + h log(1 + exp(-d / h))`` for d = y - quantile, h = `SMOOTHING` (Zheng
    2011): the corner at 0 has no gradient, and L-BFGS stops at it.

    Parameters
    ----------
    parameters : ((dim + 1) levels,) weights and, last, constants
    x, y, weight : (n, dim), (n,), (n,) of sum 1
    levels : (levels,)
    penalty : of the sum of squared weights
    """
    found = parameters.reshape(x.shape[1] + 1, len(levels))
    matrix = _steps_to_quantiles(len(levels))
    outputs = x @ found[:-1] + found[-1]
    error = y[:, None] - _stacked(outputs, matrix)
    row = weight[:, None] / len(levels)
    value = row * (levels * error + SMOOTHING * np.logaddexp(0, -error / SMOOTHING))
    of_quantiles = row * (expit(-error / SMOOTHING) - levels)
    of_steps = of_quantiles @ matrix.T * expit(outputs[:, 1:])
    of_outputs = np.hstack([of_quantiles.sum(axis=1, keepdims=True), of_steps])
    gradient = np.vstack([x.T @ of_outputs + 2 * penalty * found[:-1], of_outputs.sum(axis=0)])
    return float(value.sum() + penalty * np.sum(found[:-1] ** 2)), gradient.ravel()
