"""A head on frozen embeddings that predicts a distribution: a quantile regression forest.

Meinshausen (2006, JMLR 7, 983): a random forest weighs the training objects by how often they
share a leaf with the new one, and the weighted training targets are its predicted distribution, not
their mean alone.  Quantiles cannot cross, nothing is extrapolated beyond the training targets, and
there is no setting that validation would have to choose: those objects are free to calibrate
(`conformal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestRegressor

from nightjar.probes import Part

LEVELS = (0.05, 0.1, 0.16, 0.25, 0.35, 0.5, 0.65, 0.75, 0.84, 0.9, 0.95)
TREES = 100
LEAF = 5  # fewest objects: Meinshausen's choice, under which his results hardly change
COLUMNS = 1 / 3  # tried at a split: Breiman's for regression

Floats = NDArray[np.float64]


class QuantileForest(BaseEstimator):
    """Quantiles of a value, given an embedding.

    Parameters
    ----------
    levels : of the quantiles, rising, the middle one the median

    Attributes
    ----------
    forest_ : fitted RandomForestRegressor
    target_, share_ : (m,) training targets in rising order and the weights of their rows
    leaves_ : (m, trees) leaf of each training row
    """

    def __init__(self, levels: Sequence[float] = LEVELS) -> None:
        self.levels = levels

    def fit(self, train: Part) -> Self:
        """Grow the trees on ``train``, a row counting by its weight.

        Rows are taken in the order of target, then embedding: which rows a tree draws would
        otherwise depend on the order in which they come.
        """
        order = np.lexsort((*train.embeddings.T[::-1], train.target))
        x, self.target_ = train.embeddings[order], train.target[order].astype(np.float64)
        self.share_ = np.ones(len(order)) if train.weight is None else train.weight[order]
        forest = RandomForestRegressor(
            TREES, min_samples_leaf=LEAF, max_features=COLUMNS, random_state=0
        )
        self.forest_ = forest.fit(x, self.target_, sample_weight=self.share_)
        self.leaves_ = forest.apply(x)
        return self

    def predict(self, embeddings: np.ndarray) -> Floats:
        """Quantiles (n, levels), rising along a row, of embeddings (n, dim)."""
        weight = self.weights(embeddings)
        below = np.cumsum(weight, axis=1) - weight / 2  # half of a target's own weight is below it
        found = [np.interp(self.levels, row, self.target_) for row in below]
        return np.stack(found) if found else np.empty((0, len(self.levels)))

    def weights(self, embeddings: np.ndarray) -> Floats:
        """Weight (n, m) of every training target, of sum 1, in the distribution of each object."""
        total = np.zeros((len(embeddings), len(self.target_)))
        if len(embeddings):
            for own, trained in zip(self.forest_.apply(embeddings).T, self.leaves_.T, strict=True):
                shared = (own[:, None] == trained) * self.share_
                total += shared / shared.sum(axis=1, keepdims=True)
        return total / TREES
