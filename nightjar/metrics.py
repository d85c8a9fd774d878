"""Scores of predictions and of retrieval; their mean over folds; the metrics file.

A score that is undefined (an AUROC without errors, an R2 of one object) is None and left out.  NaN
is never a result: ``over_folds`` and ``write_json`` refuse it, so that a bug cannot pass for one.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Scores = dict[str, float | None]
RECALLS = (1, 5, 10)  # the k of recall at k


# --- classification -----------------------------------------------------------------------------


def confusion(true: ArrayLike, predicted: ArrayLike, classes: Sequence[Any]) -> np.ndarray:
    """Counts (classes, classes): row = true class, column = predicted class.

    Raises
    ------
    ValueError
        A label is not among ``classes``.
    """
    order = np.asarray(classes)
    sorter = np.argsort(order)
    codes = []
    for labels in (np.asarray(true), np.asarray(predicted)):
        place = np.searchsorted(order, labels, sorter=sorter).clip(max=len(order) - 1)
        code = sorter[place]
        if np.any(order[code] != labels):
            unknown = labels[order[code] != labels][0]
            raise ValueError(f"label {unknown!r} is not among the classes {list(classes)}")
        codes.append(code)
    size = len(order)
    return np.bincount(codes[0] * size + codes[1], minlength=size**2).reshape(size, size)


def classification(true: ArrayLike, predicted: ArrayLike) -> Scores:
    """Macro and micro F1, macro precision and recall, balanced accuracy, accuracy.

    Macro averages run over the classes that occur in ``true`` or ``predicted``; a class without
    predictions has precision 0 (scikit-learn with zero_division = 0).  Balanced accuracy is the
    mean recall over the classes in ``true``.  With one label per object micro F1 equals accuracy.

    Parameters
    ----------
    true, predicted : (n,) labels, integers or strings
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    counts = confusion(true, predicted, np.unique(np.concatenate([true, predicted])).tolist())
    hits, of_true, of_predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    recall = hits / np.maximum(of_true, 1)
    accuracy = float(hits.sum() / counts.sum())
    return {
        "macro_f1": float(np.mean(2 * hits / (of_true + of_predicted))),
        "micro_f1": accuracy,
        "macro_precision": float(np.mean(hits / np.maximum(of_predicted, 1))),
        "macro_recall": float(np.mean(recall)),
        "balanced_accuracy": float(np.mean(recall[of_true > 0])),
        "accuracy": accuracy,
    }


# --- redshift -----------------------------------------------------------------------------------


def redshift(true: ArrayLike, predicted: ArrayLike, *, outlier: float, low: float) -> Scores:
    """Errors of predicted redshifts, for all objects and for those with true z < ``low``.

    ``r2`` = 1 - sum dz^2 / sum (z - mean z)^2; ``l1`` = mean |dz|; ``l2`` = root mean dz^2;
    ``median_error`` = median |dz| / (1 + z); ``outlier_fraction`` = share with
    |dz| / (1 + z) > ``outlier`` (Zhang+2024).  The nearby sample's keys end in ``_below_015`` for
    low = 0.15.

    Parameters
    ----------
    true, predicted : (n,) redshifts
    outlier : limit on |dz| / (1 + z)
    low : upper limit in true z of the nearby sample
    """
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    near = true < low
    suffix = "_below_" + f"{low:.2f}".replace(".", "")
    nearby = _redshift(true[near], predicted[near], outlier)
    return _redshift(true, predicted, outlier) | {k + suffix: v for k, v in nearby.items()}


def _redshift(true: np.ndarray, predicted: np.ndarray, outlier: float) -> Scores:
    names = ("r2", "l1", "l2", "median_error", "outlier_fraction")
    if len(true) == 0:
        return dict.fromkeys(names)
    error = predicted - true
    relative = np.abs(error) / (1 + true)
    values = (
        r2(true, predicted),
        float(np.mean(np.abs(error))),
        float(np.sqrt(np.mean(error**2))),
        float(np.median(relative)),
        float(np.mean(relative > outlier)),
    )
    return dict(zip(names, values, strict=True))


def r2(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """1 - sum of squared errors / sum of squared deviations from the mean; None where that is 0."""
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    total = np.sum((true - true.mean()) ** 2) if len(true) else 0.0
    return float(1 - np.sum((true - predicted) ** 2) / total) if total > 0 else None


# --- retrieval ----------------------------------------------------------------------------------


def ranks(queries: np.ndarray, candidates: np.ndarray, chunk: int = 1024) -> np.ndarray:
    """Rank of each query's partner among all candidates by cosine similarity, 1 = nearest.

    Candidates as near as the partner share their mean rank, so that a collapsed network, whose
    embeddings are all alike, ranks at chance and not first.

    Parameters
    ----------
    queries, candidates : (n, dim); row i of one belongs to row i of the other
    chunk : queries compared at once; memory is chunk * n numbers

    Returns
    -------
    (n,) float
    """
    queries, candidates = _unit(queries), _unit(candidates)
    found = np.empty(len(queries))
    for start in range(0, len(queries), chunk):
        similarity = queries[start : start + chunk] @ candidates.T  # (chunk, n)
        found[start : start + chunk] = partner_ranks(similarity, start)
    return found


def partner_ranks(similarity: np.ndarray, start: int = 0) -> np.ndarray:
    """Rank of each query's partner, ties as in `ranks`.

    Parameters
    ----------
    similarity : (q, n) of queries to candidates; -inf where a candidate is not looked at
    start : candidate ``start + i`` is the partner of query i

    Returns
    -------
    (q,) float
    """
    rows = np.arange(len(similarity))
    # relative to the partner; identical embeddings may differ in the last bits of the product
    excess = similarity - similarity[rows, start + rows][:, None]
    ties = np.sum(np.abs(excess) <= 1e-9, axis=1) - 1
    return 1 + np.sum(excess > 1e-9, axis=1) + ties / 2


def cosine(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Cosine similarity (q, n) of vectors (q, dim) and (n, dim)."""
    return _unit(queries) @ _unit(candidates).T


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, float)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)


def retrieval(light_curves: np.ndarray, spectra: np.ndarray) -> Scores:
    """Find the partner in the other modality, from light curve to spectrum and (``reverse_``) back.

    ``auc`` is the area under success against the fraction of the other objects that are looked at
    (`retrieval_curve`, without its grid): 1 perfect, 0.5 chance, 0 reversed.  ``recall_at_k`` is
    the share of partners among the first k; ``median_rank`` is in objects.

    Parameters
    ----------
    light_curves, spectra : (n, dim) embeddings; row i of one belongs to row i of the other
    """
    return both_ways(ranks(light_curves, spectra), ranks(spectra, light_curves))


def both_ways(forward: np.ndarray, backward: np.ndarray) -> Scores:
    """Scores of `retrieval` from the partners' ranks (n,) in either direction."""
    reverse = {f"reverse_{key}": value for key, value in _retrieval(backward).items()}
    return _retrieval(forward) | reverse


def _retrieval(rank: np.ndarray) -> Scores:
    n = len(rank)
    recall: Scores = {f"recall_at_{k}": float(np.mean(rank <= k)) if n else None for k in RECALLS}
    return {
        "auc": float(np.mean((n - rank) / (n - 1))) if n > 1 else None,
        **recall,
        "median_rank": float(np.median(rank)) if n else None,
    }


def retrieval_chance(n: int) -> Scores:
    """Expectation of the scores of `retrieval` among ``n`` objects, where all orders are as likely.

    A rank is then each of 1 ... n as often: AUC 1/2, recall min(k, n) / n, median (n + 1) / 2.
    """
    forward = _retrieval(np.arange(1.0, n + 1))
    return forward | {f"reverse_{key}": value for key, value in forward.items()}


def retrieval_curve(
    folds: Sequence[np.ndarray], points: int = 201
) -> tuple[np.ndarray, np.ndarray]:
    """Success, over the queries of all folds, against the fraction of other objects looked at.

    Parameters
    ----------
    folds : of each fold the ranks (n,) of `ranks` among its n objects
    points : of the grid

    Returns
    -------
    fraction, success : (points,)
    """
    fraction = np.linspace(0, 1, points)
    place = np.sort(np.concatenate([(rank - 1) / max(len(rank) - 1, 1) for rank in folds]))
    return fraction, np.searchsorted(place, fraction + 1e-12, side="right") / max(len(place), 1)


# --- folds and files ----------------------------------------------------------------------------


def over_folds(folds: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Mean over folds and sample standard deviation (ddof = 1, key ``<name>_std``) of every score.

    A score that is None or absent in a fold is left out of both; one that no fold defines is left
    out altogether, and so is the deviation of a single value.

    Raises
    ------
    ValueError
        A score is NaN or infinite.
    """
    merged: dict[str, float] = {}
    for key in dict.fromkeys(key for fold in folds for key in fold):
        values = [value for fold in folds if (value := fold.get(key)) is not None]
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{key}: not finite in a fold: {values}")
        if values:
            merged[key] = float(np.mean(values))
        if len(values) > 1:
            merged[f"{key}_std"] = float(np.std(values, ddof=1))
    return merged


def write_json(path: str | Path, values: Mapping[str, Any]) -> None:
    """Write a metrics file: sorted keys, 2-space indent, floats to 6 significant digits.

    Parameters
    ----------
    path : written to a temporary name, then renamed
    values : numbers, or mappings of names to numbers

    Raises
    ------
    ValueError
        A value is not a finite number (a list, string, truth value, None), or nested deeper.
    """
    path = Path(path)
    clean = {str(key): _clean(value, str(key), 1) for key, value in values.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(clean, indent=2, sort_keys=True, allow_nan=False) + "\n")
    os.replace(partial, path)


def _clean(value: Any, where: str, depth: int) -> Any:
    if isinstance(value, Mapping) and depth < 2:
        return {str(key): _clean(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(f"{value:.6g}") + 0.0  # + 0.0: no negative zero
    raise ValueError(f"{where}: a metric must be a finite number at most two deep, not {value!r}")
