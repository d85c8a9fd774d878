"""Which light curves are worth training on: those that vary, by their moments."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.errors import InputError
from nightjar.params import KeepCurves
from nightjar.ragged import LightCurves
from nightjar.windows.writing import POINTS_PER_CHUNK, chunks


class Moments(NamedTuple):
    """Of the magnitudes of each light curve, (curves,) each; 0 for a constant curve.

    Attributes
    ----------
    std : mag, over n - 1
    skewness : of the sample, corrected for bias (G1 of Joanes and Gill 1998); positive where the
        star spends little time faint, as an eclipsing binary does
    kurtosis : in excess of a Gaussian's, corrected for bias (G2 there); at most n of n points
    """

    std: NDArray[np.float64]
    skewness: NDArray[np.float64]
    kurtosis: NDArray[np.float64]


def moments(value: NDArray[np.floating], offsets: NDArray[np.int64]) -> Moments:
    """Moments of every light curve, as pandas has them.

    Parameters
    ----------
    value : (points,) magnitudes
    offsets : (curves + 1,) where each light curve begins

    Returns
    -------
    (curves,) each; 0 for curves of fewer than four points, which have no such kurtosis
    """
    points = np.diff(offsets)
    row = np.repeat(np.arange(len(points)), points)
    # of the first value first: a constant curve then varies by 0, not by the mean's rounding
    deviation = value.astype(np.float64) - value[offsets[:-1][row]]
    deviation -= (_sum(deviation, row, points) / np.maximum(points, 1))[row]
    square = _sum(deviation**2, row, points)
    known = (points >= 4) & (square > 0)
    n = np.where(known, points, 4).astype(np.float64)
    variance = np.where(known, square / n, 1.0)
    g1 = _sum(deviation**3, row, points) / n / variance**1.5
    g2 = _sum(deviation**4, row, points) / n / variance**2 - 3
    skewness = np.sqrt(n * (n - 1)) / (n - 2) * g1
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6)
    std = np.sqrt(square / (n - 1))
    return Moments(*(np.where(known, each, 0.0) for each in (std, skewness, kurtosis)))


def keep(
    light_curves: LightCurves, rows: NDArray[np.int64], settings: KeepCurves
) -> tuple[NDArray[np.int64], Counter[str]]:
    """Keep the light curves that exceed *every* limit which is given.

    Donoso-Oliva+2025 names |kurtosis| > 10, |skewness| > 1 and std > 0.1 mag without saying whether
    these curves stay or go.  In the authors' script (astromer-science/main-code,
    presentation/scripts/clean_pipeline.py) those that fulfil all three stay; the skewness there has
    no modulus, so that stars which are rarely bright go.

    Parameters
    ----------
    light_curves : single-band curves, as `curves` gives them
    rows : (n,) those of them to choose from
    settings : ``std_above`` in mag, ``skewness_above``, ``kurtosis_above``, of the modulus; None:
        not asked for

    Returns
    -------
    rows : (m,) those that are kept, in the given order
    drops : light curves ``std_too_small``, ``skewness_too_small``, ``kurtosis_too_small``, each
        under the first of these that holds

    Raises
    ------
    InputError
        Nothing is kept.
    """
    asked = {name: limit for name, limit in settings.model_dump().items() if limit is not None}
    kept, drops = rows, Counter[str]()
    if not asked:
        return kept, drops
    parts = [moments(c.value, c.offsets) for c in chunks(light_curves, POINTS_PER_CHUNK)]
    of_all = Moments(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    for name, limit in asked.items():
        measure = name.removesuffix("_above")
        exceeds = np.abs(getattr(of_all, measure)[kept]) > limit
        drops[f"{measure}_too_small"] = int((~exceeds).sum())
        kept = kept[exceeds]
    if not len(kept):
        raise InputError(
            f"keep_curves: none of {len(rows)} light curves exceeds all of "
            f"{', '.join(f'{name} {limit:g}' for name, limit in asked.items())}; lower a limit, or "
            "set it to null"
        )
    return kept, +drops


def _sum(
    of_points: NDArray[np.float64], row: NDArray[np.int64], points: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum over each light curve, (curves,)."""
    sums = np.bincount(row, weights=of_points, minlength=len(points))
    return np.asarray(sums, dtype=np.float64)
