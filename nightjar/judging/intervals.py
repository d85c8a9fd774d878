"""Redshifts with their uncertainty: predicted distributions of ln z, and how far to trust them.

A quantile forest on the frozen embeddings of the training part predicts quantiles; those of the
validation part, which it has not seen, say how far the intervals have to move to hold what they
promise (keys ``redshift_conformal_...``, beside the uncorrected ``redshift_...``).  Pinball loss
and CRPS are of ln z, thus about relative errors of z; widths are of z.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import intervals
from nightjar.intervals import LEVELS
from nightjar.judging import clip
from nightjar.judging.clip import Judged, Rows, Teachers
from nightjar.metrics import Scores
from nightjar.redshifts import learnable

BOUNDS = {
    68: (LEVELS.index(0.16), LEVELS.index(0.84)),
    90: (LEVELS.index(0.05), LEVELS.index(0.95)),
}
COLUMNS = (
    *("object_id", "class", "redshift", "median"),
    *(f"{side}_{share}" for share in BOUNDS for side in ("lower", "upper")),
    *("pit", "pit_conformal"),
)
MEDIAN = LEVELS.index(0.5)
Floats = NDArray[np.floating]


class Predicted(NamedTuple):
    """Quantiles (n, levels) of ln z, as predicted and as calibrated; None where nothing could."""

    raw: Floats
    calibrated: Floats | None


def judge(
    embeddings: Floats, objects: pd.DataFrame, rows: Rows, teachers: Teachers | None = None
) -> tuple[Scores, pd.DataFrame | None]:
    """Predict the redshifts of one fold's scored objects, with their uncertainty.

    Parameters
    ----------
    embeddings, objects, rows, teachers : as in `clip.judge_embeddings`

    Returns
    -------
    scores; a table of `COLUMNS`, None where too few redshifts are known
    """
    redshift = objects["redshift"].to_numpy(float)
    parts = clip.known_redshifts(embeddings, redshift, rows, teachers)
    if parts is None:
        return {}, None
    head = intervals.QuantileForest().fit(parts["train"])
    known = parts["validation"]
    margin = intervals.margins(known.target, head.predict(known.embeddings), LEVELS)
    raw = head.predict(embeddings[rows["test"]])
    calibrated = None if margin is None else intervals.moved(raw, margin)
    found = Predicted(raw, calibrated)
    return _scores(found, redshift[rows["test"]]), _table(found, objects.iloc[rows["test"]])


def chance(objects: pd.DataFrame, rows: Rows) -> Scores:
    """Scores of predicting the training part's own quantiles for every object."""
    redshift = objects["redshift"].to_numpy(float)
    known = redshift[rows["train"]][learnable(redshift[rows["train"]])]
    if not len(known):
        return {}
    quantiles = np.tile(np.quantile(np.log(known), LEVELS), (len(rows["test"]), 1))
    return _scores(Predicted(quantiles, None), redshift[rows["test"]])


def table(judged: Mapping[str, Sequence[Judged]], folds: Sequence[int]) -> pd.DataFrame:
    """Every section's objects with their redshifts and intervals; no row without any redshift.

    Returns
    -------
    section, fold, `COLUMNS`
    """
    found = [pd.DataFrame(columns=["section", "fold", *COLUMNS])]
    for name, of_folds in judged.items():
        for fold, each in zip(folds, of_folds, strict=False):  # others than these may lack a fold
            if each.intervals is not None:
                found.append(each.intervals.assign(section=name, fold=fold))
    return pd.concat(found[1:] or found, ignore_index=True)[found[0].columns]


def _scores(found: Predicted, redshift: Floats) -> Scores:
    known = learnable(redshift)
    if not known.any():
        return {}
    true = np.log(redshift[known])
    scores = _named("redshift", true, found.raw[known])
    if found.calibrated is not None:
        scores |= _named("redshift_conformal", true, found.calibrated[known])
    return scores


def _named(prefix: str, true: Floats, quantiles: Floats) -> Scores:
    scores: Scores = {
        "pinball": intervals.pinball(true, quantiles, LEVELS),
        "crps": intervals.crps(true, quantiles, LEVELS),
        "pit_distance": intervals.pit_distance(intervals.pit(true, quantiles, LEVELS)),
    }
    redshift = np.exp(quantiles)
    for share, (low, high) in BOUNDS.items():
        held = intervals.covered(true, quantiles[:, low], quantiles[:, high])
        width = (redshift[:, high] - redshift[:, low]) / (1 + redshift[:, MEDIAN])
        scores |= {f"coverage_{share}": float(held.mean()), f"width_{share}": float(width.mean())}
    return {f"{prefix}_{key}": value for key, value in scores.items()}


def _table(found: Predicted, objects: pd.DataFrame) -> pd.DataFrame:
    """`COLUMNS` of every object: median, calibrated bounds, PIT as predicted and calibrated.

    NaN where the redshift is unknown, or nothing could calibrate.
    """
    columns = objects[["object_id", "class", "redshift"]].reset_index(drop=True)
    columns = columns.assign(median=np.exp(found.raw[:, MEDIAN]))
    quantiles = found.raw * np.nan if found.calibrated is None else found.calibrated
    for share, (low, high) in BOUNDS.items():
        columns[f"lower_{share}"] = np.exp(quantiles[:, low])
        columns[f"upper_{share}"] = np.exp(quantiles[:, high])
    redshift = columns["redshift"].to_numpy(float)
    known = learnable(redshift)
    for name, each in (("pit", found.raw), ("pit_conformal", quantiles)):
        columns[name] = np.nan
        columns.loc[known, name] = intervals.pit(np.log(redshift[known]), each[known], LEVELS)
    return columns
