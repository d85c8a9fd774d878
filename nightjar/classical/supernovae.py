"""A practitioner's classes and redshifts of supernovae, fold by fold.

===================== ============================================= ============================
method                class                                         redshift
===================== ============================================= ============================
``features``          gradient boosting on light-curve features     random forest, for log z
``features_forest``   random forest on them                         --
``spectrum_pca``      PCA and SVC, trained on all spectra of the    --
                      training objects
``spectrum_pca_one``  the same, trained on one spectrum of each     --
``spectrum_pca_mean`` the same, of the mean of all spectra of each  --
``template_matching`` vote of the nearest templates                 median of the nearest, held
                                                                    near that of ``features``
``features_matching`` gradient boosting on features and match       --
                      scores
===================== ============================================= ============================

Labels of real supernovae mostly come from template fits to these very spectra (SNID and the like),
so whatever classifies spectra, template matching first of all, is partly judged by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.classical import estimators, neighbours
from nightjar.classical.matched import Held, Matched
from nightjar.classical.sample import Sample
from nightjar.probes import Part
from nightjar.redshifts import learnable

Ints = NDArray[np.int64]
Rows = Mapping[str, Ints]  # part -> rows

HELD_DEX = 0.6  # matching looks at redshifts this near to the light curve's, in log10
FITTED = ("train", "validation")


# --- redshift -----------------------------------------------------------------------------------


def photometric_redshifts(sample: Sample, folds: Sequence[Rows], seed: int) -> NDArray[np.float64]:
    """Redshifts (folds, q) that each fold's forest gives to every object's light curve.

    Parameters
    ----------
    sample : NaN is all there is without its features, or without known redshifts
    folds : parts of each fold; redshifts that are not `learnable` do not count
    seed : of the forests
    """
    found = np.full((len(folds), len(sample.objects)), np.nan)
    if sample.features is None:
        return found
    for fold, rows in enumerate(folds):
        useful = [rows[p][learnable(sample.redshift[rows[p]])] for p in FITTED]
        train, validation = (Part(sample.features[r], sample.redshift[r]) for r in useful)
        found[fold] = estimators.log_redshift(train, validation, sample.features, seed)
    return found


def limits(photometric: NDArray[np.floating], redshift_max: float) -> NDArray[np.float64]:
    """Lowest and highest redshift for matching, (..., 2); all where a redshift is NaN."""
    factor = 10**HELD_DEX
    lowest = np.nan_to_num(photometric / factor, nan=0.0)
    highest = np.nan_to_num(photometric * factor, nan=redshift_max)
    return np.stack([lowest, np.minimum(highest, redshift_max)], axis=-1)


def matched_redshifts(
    held: Held,
    fold: int,
    redshift: NDArray[np.floating],
    photometric: NDArray[np.floating],
    rows: Rows,
    candidates: Sequence[int],
) -> NDArray[np.float64]:
    """Redshifts of the scored objects: median of the k best matches, k chosen on validation.

    Every method is scored on the same objects, so one that matches nothing gets its ``photometric``
    redshift, (q,), or where that is NaN the median of the training part.
    """

    def median(r: Ints, k: int) -> NDArray[np.float64]:
        near = held.score[fold, r, :k], held.redshift[fold, r, :k]
        return neighbours.median_redshift(*near)

    def score(k: int) -> float:
        r, found = rows["validation"], median(rows["validation"], k)
        known = np.isfinite(redshift[r]) & np.isfinite(found)
        if not known.any():
            return 0.0
        return estimators.minus_mean_error(redshift[r][known], found[known])

    found = median(rows["test"], max(candidates, key=score))
    found = np.where(np.isfinite(found), found, photometric[rows["test"]])
    known = redshift[rows["train"]]
    known = known[np.isfinite(known)]
    return np.where(np.isfinite(found), found, np.median(known) if len(known) else np.nan)


# --- class --------------------------------------------------------------------------------------


def classify(
    sample: Sample, matched: Matched | None, rows: Rows, candidates: Sequence[int], seed: int
) -> dict[str, NDArray[np.str_]]:
    """Classes of the scored objects of one fold by every method that the sample allows.

    Parameters
    ----------
    sample : features and spectra
    matched : match scores; None where no redshift is known, hence no template
    rows : parts of the fold, all of known class; nothing but ``train`` is fitted
    candidates : numbers of neighbours, in order of preference
    seed : of forests, boosting and PCA
    """
    labels, test = sample.labels, rows["test"]

    def parts(values: NDArray[np.floating]) -> tuple[Part, Part, NDArray[np.floating]]:
        train, validation = (Part(values[rows[p]], labels[rows[p]]) for p in FITTED)
        return train, validation, values[test]

    one = parts(sample.flux[sample.default])
    of_training = np.isin(sample.owner, rows["train"])
    every = Part(sample.flux[of_training], labels[sample.owner[of_training]])
    found = {
        "spectrum_pca": estimators.pca_svc(every, *one[1:], seed),
        "spectrum_pca_one": estimators.pca_svc(*one, seed),
        "spectrum_pca_mean": estimators.pca_svc(*parts(sample.mean_flux), seed),
    }
    if sample.features is not None:
        found["features"] = estimators.boosting(*parts(sample.features), seed)
        found["features_forest"] = estimators.forest(*parts(sample.features), seed)
    if matched is not None:
        template = np.isin(matched.owner, rows["train"])
        score, classes = matched.score[:, template], labels[matched.owner[template]]
        found["template_matching"] = _voted(score, classes, labels, rows, candidates)
        if sample.features is not None:
            scores = neighbours.class_features(score, classes, sorted({*classes}))
            both = np.hstack([sample.features, scores])
            found["features_matching"] = estimators.boosting(*parts(both), seed)
    return found


def _voted(
    score: NDArray[np.floating],
    classes: NDArray[np.str_],
    labels: NDArray[np.str_],
    rows: Rows,
    candidates: Sequence[int],
) -> NDArray[np.str_]:
    """Votes of the k nearest templates, k chosen on validation."""
    r = rows["validation"]

    def on_validation(k: int) -> float:
        return estimators.macro_f1(labels[r], neighbours.vote(score[r], classes, k))

    k = max(candidates, key=on_validation) if len(r) else candidates[0]
    return neighbours.vote(score[rows["test"]], classes, k)


# --- one fold -----------------------------------------------------------------------------------


def predictions(
    sample: Sample,
    matched: Matched | None,
    photometric: NDArray[np.floating],
    fold: int,
    rows: Rows,
    *,
    class_groups: Sequence[str],
    candidates: Sequence[int],
    seed: int,
) -> pd.DataFrame:
    """What every method says of the scored objects of one fold.

    Parameters
    ----------
    sample, matched : as in `classify`
    photometric : (q,) redshifts of the fold's forest, NaN without features
    fold : its place among the folds of ``matched.held``
    rows : its parts
    class_groups : classes of the few-way sample, for which every method is fitted anew
    candidates, seed : as in `classify`

    Returns
    -------
    one row per method and scored object: method, object_id, class, few_class (null for objects of
    other classes), redshift (NaN where the method gives none)
    """
    labels, test = sample.labels, rows["test"]
    ids = sample.objects["object_id"].to_numpy(str)[test]
    few = {part: r[np.isin(labels[r], class_groups)] for part, r in rows.items()}
    classes = classify(sample, matched, rows, candidates, seed)
    few_classes = classify(sample, matched, few, candidates, seed) if len(few["train"]) else {}
    redshifts = {"features": photometric[test]}
    if matched is not None:
        redshifts["template_matching"] = matched_redshifts(
            matched.held, fold, sample.redshift, photometric, rows, candidates
        )
    tables = []
    for method, of_all in classes.items():
        columns = {"method": method, "object_id": ids, "class": of_all, "few_class": None}
        table = pd.DataFrame(columns | {"redshift": redshifts.get(method, np.nan)})
        if few_classes:
            table.loc[np.isin(test, few["test"]), "few_class"] = few_classes[method]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
