"""How far apparent brightness alone finds partners: a shortcut past what a supernova is.

A nearby supernova is bright in its light curve and, if the spectrograph is calibrated, in its
spectrum.  `judge` is retrieval by that one number: the peak magnitude of each light curve against
the flux level of each spectrum.  Spectra in arbitrary units, or scaled to a common median as those
of many catalogues, leave it next to nothing, so that its score is a lower limit of the shortcut.
Preprocessed spectra have lost their level: a network cannot take this way itself, but magnitude
tells redshift, and so do the lines of a spectrum.  `judge_alike` therefore asks how well a network
finds partners among objects of like apparent brightness.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import metrics
from nightjar.metrics import Scores
from nightjar.pairs import Pairs
from nightjar.ragged import LightCurves, Spectra

Floats = NDArray[np.floating]
Rows = NDArray[np.int64]

LEVEL_BETWEEN = (5000.0, 7000.0)  # Angstrom, observer frame: nearly every optical spectrum has it
COVERED = 0.5  # share of that range that a spectrum must span
ALIKE = 0.5  # mag: peak magnitudes within this are alike


def brightness(pairs: Pairs, raw: Spectra, row: Rows) -> pd.DataFrame:
    """Peak magnitude of every light curve and flux level of the spectrum that stands for it.

    Parameters
    ----------
    pairs : light curves and preprocessed spectra
    raw : the spectra as the survey gives them
    row : which of them became each preprocessed one

    Returns
    -------
    columns ``peak`` and ``level``, NaN where unknown; the index is object_id
    """
    default = pairs.data.spectra.default
    assert default is not None  # `pairs.open_pairs` sets it
    some = np.flatnonzero(default >= 0)
    level = np.full(len(default), np.nan)
    level[some] = flux_levels(raw, row[default[some]], pairs.redshift[some])
    peak = peak_magnitudes(pairs.data.light_curves.light_curves)
    return pd.DataFrame({"peak": peak, "level": level}, index=pairs.ids)


def peak_magnitudes(light_curves: LightCurves) -> NDArray[np.float64]:
    """Brightest magnitude of each light curve in the band that most of them have, (n,).

    One band, because objects differ in colour; NaN for a light curve without a point in it.

    Parameters
    ----------
    light_curves : in magnitudes
    """
    bands = max(len(light_curves.bands), 1)
    row = np.repeat(np.arange(len(light_curves)), np.diff(light_curves.offsets))
    brightest = np.full(len(light_curves) * bands, np.inf)
    np.minimum.at(brightest, row * bands + light_curves.band, light_curves.value)
    table = brightest.reshape(-1, bands)
    table[~np.isfinite(table)] = np.nan
    return table[:, np.isfinite(table).sum(axis=0).argmax()]


def flux_levels(spectra: Spectra, rows: Rows, redshift: Floats) -> NDArray[np.float64]:
    """Flux level of spectra as -2.5 log10 of their mean flux between 5000 and 7000 Angstrom.

    Parameters
    ----------
    spectra : as the survey gives them, before the continuum is divided out
    rows : (q,) spectra
    redshift : (q,) shifts the range for spectra in the rest frame

    Returns
    -------
    (q,) magnitudes of no zero point; NaN where less than half of the range is covered, where the
    mean is not above 0, or for a spectrum in the rest frame of unknown redshift
    """
    return np.array([_level(spectra, row, z) for row, z in zip(rows, redshift, strict=True)])


def _level(spectra: Spectra, row: int, redshift: float) -> float:
    wavelength, flux, _, _, rest = spectra[int(row)]
    low, high = np.array(LEVEL_BETWEEN) / (1 + redshift if rest else 1.0)
    inside = (wavelength >= low) & (wavelength <= high) & np.isfinite(flux)
    if inside.sum() < 2 or np.ptp(wavelength[inside]) < COVERED * (high - low):
        return np.nan
    mean = float(np.mean(flux[inside], dtype=np.float64))
    return -2.5 * np.log10(mean) if mean > 0 else np.nan


def judge(peak: Floats, level: Floats, rows: Mapping[str, Rows]) -> Scores:
    """Retrieval by peak magnitude and flux level, on the scored objects of a fold.

    The level is turned into a peak magnitude by a straight line, fitted on the training part;
    candidates are ranked by the difference from the query's.  An object that lacks a number gets
    the mean of the training part: it is looked for, and in the way, as any other.

    Parameters
    ----------
    peak : (n,) of the light curves, mag
    level : (n,) of the spectra, mag; both NaN where unknown
    rows : ``train`` and ``test``

    Returns
    -------
    the keys of `metrics.retrieval`, each after ``retrieval_``; none if the training part has fewer
    than two objects with both numbers
    """
    train, test = rows["train"], rows["test"]
    both = train[np.isfinite(peak[train]) & np.isfinite(level[train])]
    if len(both) < 2:
        return {}
    centre = level[both].mean()
    slope, mean = _line(level[both] - centre, peak[both])
    expected = np.nan_to_num(mean + slope * (level[test] - centre), nan=mean)
    seen = np.nan_to_num(peak[test], nan=mean)
    similarity = -np.abs(seen[:, None] - expected)
    found = metrics.both_ways(
        metrics.partner_ranks(similarity), metrics.partner_ranks(similarity.T)
    )
    return {f"retrieval_{key}": value for key, value in found.items()}


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope, and height at x = 0, of the least squares through points whose mean x is 0."""
    spread = float(np.sum(x**2))
    return (float(np.sum(x * y)) / spread if spread > 0 else 0.0), float(np.mean(y))


def judge_alike(
    light_curves: Floats, spectra: Floats, peak: Floats, limit: float = ALIKE
) -> Scores:
    """Area under the retrieval curve where candidates are as bright as the object looked for.

    The candidates for query i are the n_i objects, its partner among them, whose peak magnitude is
    within ``limit`` of its own.  With its partner at rank r_i of them, the area is the mean of
    (n_i - r_i) / (n_i - 1) over queries: 1 perfect, 0.5 chance, as among all objects.  Queries with
    fewer than two candidates have nothing to be told from and are left out; so are, as queries and
    as candidates, objects of unknown peak.

    Parameters
    ----------
    light_curves, spectra : (n, dim) embeddings of the scored objects
    peak : (n,) mag, NaN where unknown
    limit : mag

    Returns
    -------
    ``retrieval_auc_alike``, ``retrieval_reverse_auc_alike``; the mean number of candidates
    ``retrieval_alike_candidates`` and the number of objects ``retrieval_alike_left_out``
    """
    similarity = metrics.cosine(light_curves, spectra)
    alike = np.abs(peak[:, None] - peak) <= limit  # NaN is like nothing
    count = alike.sum(axis=1)
    chosen = count > 1
    forward = _area(similarity, alike, count, chosen)
    backward = _area(similarity.T, alike, count, chosen)
    return {
        "retrieval_auc_alike": forward,
        "retrieval_reverse_auc_alike": backward,
        "retrieval_alike_candidates": float(count[chosen].mean()) if chosen.any() else None,
        "retrieval_alike_left_out": float(np.sum(~chosen)),
    }


def _area(
    similarity: Floats, alike: NDArray[np.bool_], count: Rows, chosen: NDArray[np.bool_]
) -> float | None:
    if not chosen.any():
        return None
    looked_at = np.where(alike | np.eye(len(alike), dtype=bool), similarity, -np.inf)
    rank = metrics.partner_ranks(looked_at)[chosen]
    return float(np.mean((count[chosen] - rank) / (count[chosen] - 1)))
