"""Features of variable stars for a random forest, in three nested sets.

====================== =======================================================================
``features_no_period`` statistics of the magnitudes: their distribution, and how they go with time
``features_period``    + period of the highest Lomb-Scargle peak, its power, its signal to noise
``features``           + the folded light curve as Fourier series: amplitudes, phases, shape
====================== =======================================================================

Apparent magnitude is no feature: it tells how deep a survey looks, and the networks, which subtract
a window's mean, do not see it either.  Nor are the number of points and the time span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from nightjar.classical import periods
from nightjar.classical.features import MIN_ERROR, package
from nightjar.classical.folding import FOURIER, fold, shape
from nightjar.classical.shapes import Curve
from nightjar.ragged import LightCurves

Floats = NDArray[np.float64]

MIN_POINTS = 10  # fewer, at different times, have no period
PEAKS = 4  # of the periodogram, among which the series chooses
CHUNK = 64  # stars that a process takes at a time

PERIOD = ("log_peak_period", "peak_power", "peak_signal_to_noise")


def of_stars(
    light_curves: LightCurves,
    object_ids: ArrayLike,
    *,
    period_min: float,
    points: int | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Features of variable stars, each in its band with most points.

    One band, not their mean: a mean over bands would be another quantity where a band is missing.

    Parameters
    ----------
    light_curves : single-band curves, as `windows.curves` makes them; object_id repeats per band
    object_ids : (n,) stars wanted; different, in any order
    period_min : shortest period looked for, days
    points : use a star's first so many points alone; None = all
    threads : processes

    Returns
    -------
    (n rows, features) indexed by object_id in the order asked for.  NaN where a star has too few
    points for a feature; a star without a light curve is NaN throughout.

    Raises
    ------
    InputError
        The `light-curve` package is not installed.
    """
    package()  # here, not first in a process
    ids = np.asarray(object_ids).astype(str)
    rows = _rows(light_curves, ids)
    chunks = _chunks(light_curves, rows, points)
    found = Parallel(threads)(
        delayed(_of_curves)(chunk, period_min)
        for chunk in tqdm(chunks, desc="features of stars", total=-(-len(rows) // CHUNK))
    )
    columns = [*_statistics()[1], *PERIOD, *FOURIER]
    values = np.array([row for chunk in found for row in chunk], np.float64)
    return pd.DataFrame(
        values.reshape(len(ids), len(columns)),
        index=pd.Index(ids, name="object_id"),
        columns=columns,
    )


def sets(columns: Sequence[str]) -> dict[str, list[str]]:
    """Method -> its columns of the table of `of_stars`, from all features to magnitudes alone."""
    not_folded = [name for name in columns if name not in FOURIER]
    return {
        "features": list(columns),
        "features_period": not_folded,
        "features_no_period": [name for name in not_folded if name not in PERIOD],
    }


def of_curve(curve: Curve, period_min: float) -> Floats:
    """Features of one light curve, in the order of the columns of `of_stars`."""
    extract, names = _statistics()
    found = np.full(len(names) + len(PERIOD) + len(FOURIER), np.nan)
    if len(curve.time) < 2 or not np.ptp(curve.mag):
        return found
    error = np.maximum(curve.mag_err, MIN_ERROR)
    found[: len(names)] = extract(curve.time, curve.mag, error, fill_value=np.nan)
    if len(curve.time) >= MIN_POINTS:
        peaks = periods.search(curve.time, curve.mag, period_min, PEAKS)
        if len(peaks.frequency):
            highest = -np.log10(peaks.frequency[0]), peaks.power[0], peaks.signal_to_noise
            found[len(names) :] = [*highest, *shape(curve, fold(curve, peaks))]
    return np.where(np.isfinite(found), found, np.nan)


@cache
def _statistics() -> tuple[Any, list[str]]:
    """What the package makes of magnitudes, without apparent magnitude and number of points."""
    lc = package()
    extract = lc.Extractor(
        lc.Amplitude(),
        lc.AndersonDarlingNormal(),
        lc.BeyondNStd(1.0),
        lc.BeyondNStd(2.0),
        lc.Cusum(),
        lc.Eta(),
        lc.EtaE(),
        *(lc.InterPercentileRange(q) for q in (0.02, 0.1, 0.25)),
        lc.Kurtosis(),
        lc.LinearTrend(),
        lc.MagnitudePercentageRatio(0.4, 0.05),
        lc.MagnitudePercentageRatio(0.2, 0.05),
        lc.MaximumSlope(),
        lc.MedianAbsoluteDeviation(),
        lc.MedianBufferRangePercentage(0.1),
        lc.OtsuSplit(),
        lc.PercentAmplitude(),
        lc.PercentDifferenceMagnitudePercentile(0.05),
        lc.ReducedChi2(),
        lc.Skew(),
        lc.StandardDeviation(),
        lc.StetsonK(),
    )
    return extract, list(extract.names)


def _of_curves(curves: Sequence[Curve], period_min: float) -> list[Floats]:
    with threadpool_limits(1):  # small matrices; and sums do not depend on the number of cores
        return [of_curve(curve, period_min) for curve in curves]


def _chunks(
    light_curves: LightCurves, rows: NDArray[np.int64], points: int | None
) -> Iterator[list[Curve]]:
    for start in range(0, len(rows), CHUNK):
        yield [_curve(light_curves, int(row), points) for row in rows[start : start + CHUNK]]


def _rows(light_curves: LightCurves, ids: NDArray[np.str_]) -> NDArray[np.int64]:
    """Row of each star's curve with most points, the first of several; -1 without a curve."""
    points = np.diff(light_curves.offsets)
    order = np.argsort(-points, kind="stable")
    first = pd.Series(order, index=light_curves.object_id[order].astype(str))
    first = first[~first.index.duplicated()]
    return first.reindex(ids).fillna(-1).to_numpy(np.int64)


def _curve(light_curves: LightCurves, row: int, points: int | None) -> Curve:
    """Finite points of a row at different times, the first of each time; empty for row -1."""
    if row < 0:
        return Curve(*np.empty((3, 0)))
    columns = [np.asarray(c, np.float64)[:points] for c in light_curves[row][:3]]
    finite = np.isfinite(columns).all(axis=0)
    time = columns[0][finite]
    different = np.unique(time, return_index=True)[1]
    return Curve(*(column[finite][different] for column in columns))
