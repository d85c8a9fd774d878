"""From match scores to classes and redshifts: nearest templates, their votes, features of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]  # -inf: no match

MEAN_OF = 5  # a class is as near as the mean of so many of its best matches


def nearest(score: Scores, count: int) -> NDArray[np.int64]:
    """Columns of the highest scores of every row, highest first, (rows, at most ``count``)."""
    count = min(count, score.shape[1])
    best = np.argpartition(-score, count - 1, axis=1)[:, :count] if count else np.argsort(score)
    order = np.argsort(-np.take_along_axis(score, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def vote(score: Scores, labels: NDArray[np.str_], k: int) -> NDArray[np.str_]:
    """The commonest class among the k nearest templates; among equals that of higher scores.

    Parameters
    ----------
    score : (n, m) of n spectra against m templates
    labels : (m,) class of each template; at least one
    k : templates that vote; those without a match do not

    Returns
    -------
    (n,) class; the commonest of the templates where none matches
    """
    names, code, count = np.unique(labels, return_inverse=True, return_counts=True)
    near = nearest(score, k)
    height = np.take_along_axis(score, near, axis=1)
    votes = np.zeros((len(score), len(names)))
    # a score is below 1 and above -1, so k of them, weighted, are less than one vote
    weight = np.where(np.isfinite(height), 1 + height / (2 * k + 1), 0.0)
    np.add.at(votes, (np.arange(len(score))[:, None], code[near]), weight)
    votes[~votes.any(axis=1)] = count
    return names[votes.argmax(axis=1)]


def class_features(
    score: Scores, labels: NDArray[np.str_], classes: Sequence[str]
) -> NDArray[np.float64]:
    """Match scores as features: how near the nearest templates of each class are.

    Parameters
    ----------
    score : (n, m) of n spectra against m templates
    labels : (m,) class of each template
    classes : C names, which need not have templates

    Returns
    -------
    (n, 2 C + 1) : per class the best score and the mean of the best `MEAN_OF`, each below that of
        the best class, which makes spectra of different quality comparable; then the best score.
        NaN without a match.
    """
    best, mean = (np.full((len(score), len(classes)), np.nan) for _ in range(2))
    for column, name in enumerate(classes):
        of_class = score[:, labels == name]
        heights = np.take_along_axis(of_class, nearest(of_class, MEAN_OF), axis=1)
        some = np.isfinite(heights).any(axis=1)
        if not some.any():  # no template, or none that overlaps
            continue
        best[some, column] = heights[some, 0]
        known = np.where(np.isfinite(heights[some]), heights[some], np.nan)
        mean[some, column] = np.nanmean(known, axis=1)
    top, top_mean = (_highest(each) for each in (best, mean))
    return np.hstack([best - top, mean - top_mean, top])


def _highest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest known value of every row, (n, 1); NaN where none is known."""
    highest = np.max(np.where(np.isnan(values), -np.inf, values), axis=1, keepdims=True)
    return np.where(np.isfinite(highest), highest, np.nan)


def median_redshift(score: Scores, redshift: NDArray[np.floating]) -> NDArray[np.float64]:
    """Median redshift of matches, (n,); NaN where there is none.

    Parameters
    ----------
    score, redshift : (n, k) of the nearest templates
    """
    known = np.where(np.isfinite(score), redshift, np.nan).astype(np.float64)
    found = np.full(len(score), np.nan)
    some = np.isfinite(known).any(axis=1)
    found[some] = np.nanmedian(known[some], axis=1)
    return found
