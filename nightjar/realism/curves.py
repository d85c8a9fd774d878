"""What a light curve says: named features from a Gaussian process over both bands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from nightjar.ragged import LightCurve
from nightjar.realism.observed import BANDS, Floats, Ints, Observed
from nightjar.simulate import cosmology

# Fixed for all objects, so that where the process knows a light curve follows from its times and
# errors alone: standard deviations in mag of the level (shared, own), of the shape (shared, own).
_LEVEL, _OWN_LEVEL, _SHAPE, _OWN_SHAPE = 3.0, 0.7, 1.0, 0.35
_SCALE = 20.0  # rest-frame days over which a light curve changes (Matern 5/2)
_NOISE = 0.02  # mag, added to the errors
_KNOWN = 0.2  # mag, standard deviation up to which a light curve counts as known
_NEARBY = 0.01  # redshift below which peculiar velocities move distances by over 0.2 mag

UNITS = {
    **{f"{band}_rise": "mag from 10 d before maximum to maximum" for band in BANDS},
    **{f"{band}_dm15": "mag from maximum to 15 d later" for band in BANDS},
    **{f"{band}_dm30": "mag from maximum to 30 d later" for band in BANDS},
    **{f"{band}_dm60": "mag from maximum to 60 d later" for band in BANDS},
    **{f"{band}_late": "mag / 100 d between 40 and 80 d" for band in BANDS},
    "lag": "d, maximum in r after that in g",
    **{f"colour{day:+d}": f"mag, g - r at {day:+d} d" for day in (-10, 0, 15, 30, 60)},
    **{f"{band}_peak": "mag, absolute, at maximum" for band in BANDS},
    **{f"{band}_scatter": "errors, median residual" for band in BANDS},
    "outliers": "share of points over 3 errors off",
    **{f"{band}_points": "nights" for band in BANDS},
    **{f"{band}_error": "mag, median" for band in BANDS},
    "gap": "d, median between nights",
    "first": "d, first night after the brightest",
    "last": "d, last night after the brightest",
    "redshift": "",
}
GROUPS = {
    "shape": (
        *(f"{b}_{what}" for b in BANDS for what in ("rise", "dm15", "dm30", "dm60", "late")),
        "lag",
    ),
    "colour": tuple(name for name in UNITS if name.startswith("colour")),
    "brightness": tuple(f"{band}_peak" for band in BANDS),
    "scatter": (*(f"{band}_scatter" for band in BANDS), "outliers"),
    "sampling": (
        *(f"{band}_{what}" for band in BANDS for what in ("points", "error")),
        *("gap", "first", "last", "redshift"),
    ),
}
NAMES = tuple(name for names in GROUPS.values() for name in names)


class Smooth(NamedTuple):
    """Light curves of one object on a grid of rest-frame days, (bands, days) but for ``days``."""

    days: Floats  # (days,) since the brightest night
    mag: Floats  # NaN where it is not known
    error: Floats


def covariance(days: Floats, band: Ints, other: Floats, other_band: Ints) -> Floats:
    """Prior covariance of magnitudes in mag^2, (n, m): a level and a shape, shared and own."""
    same = (band[:, None] == other_band).astype(float)
    x = np.sqrt(5) * np.abs(days[:, None] - other) / _SCALE
    matern = (1 + x + x * x / 3) * np.exp(-x)
    level = _LEVEL**2 + _OWN_LEVEL**2 * same
    return level + (_SHAPE**2 + _OWN_SHAPE**2 * same) * matern


def smooth(days: Floats, curve: LightCurve) -> Smooth:
    """Mean and deviation of the Gaussian process given one light curve.

    Parameters
    ----------
    days : (n,) rest-frame days of its points
    curve : mag; bands 0 and 1
    """
    grid = np.arange(np.floor(days.min()) - 5.0, np.ceil(days.max()) + 6.0)
    zero = float(np.mean(curve.value))
    inner = covariance(days, curve.band, days, curve.band)
    inner[np.diag_indices(len(days))] += np.asarray(curve.error) ** 2 + _NOISE**2
    factor = cho_factor(inner, lower=True)
    weight = cho_solve(factor, np.asarray(curve.value, float) - zero)
    mag, error = np.empty((2, len(BANDS), len(grid)))
    prior = _LEVEL**2 + _OWN_LEVEL**2 + _SHAPE**2 + _OWN_SHAPE**2
    for band in range(len(BANDS)):
        cross = covariance(grid, np.full(len(grid), band), days, curve.band)
        mag[band] = zero + cross @ weight
        variance = prior - (cross * cho_solve(factor, cross.T).T).sum(axis=1)
        error[band] = np.sqrt(np.maximum(variance, 0.0))
    return Smooth(grid, np.where(error < _KNOWN, mag, np.nan), error)


def measure(observed: Observed) -> dict[str, float]:
    """All features of one object, NaN where its points do not tell (`UNITS` says what they are)."""
    curve = observed.curve
    days = observed.phase(curve.time)
    model = smooth(days, curve)
    found = dict.fromkeys(UNITS, np.nan)
    peaks = [_maximum(model.days, mag) for mag in model.mag]
    for band, mag, peak in zip(BANDS, model.mag, peaks, strict=True):
        found |= _decline(band, model.days, mag, peak)
        if observed.redshift > _NEARBY:
            found[f"{band}_peak"] = _at(model.days, mag, peak) - _modulus(observed.redshift)
    found["lag"] = peaks[1] - peaks[0]
    reference = peaks[0] if np.isfinite(peaks[0]) else peaks[1]
    for day in (-10, 0, 15, 30, 60):
        colour = model.mag[0] - model.mag[1]
        found[f"colour{day:+d}"] = _at(model.days, colour, reference + day)
    return found | _scatter(days, curve) | _sampling(days, observed)


def colour(observed: Observed, days: Floats) -> Floats:
    """Blue minus red band in mag at ``days`` after maximum in the blue, NaN where not known."""
    model = smooth(observed.phase(observed.curve.time), observed.curve)
    peak = _maximum(model.days, model.mag[0])
    difference = model.mag[0] - model.mag[1]
    return np.interp(peak + days, model.days, difference, left=np.nan, right=np.nan)


def _modulus(redshift: float) -> float:
    return float(cosmology.modulus(np.array([redshift]))[0])


def _maximum(days: Floats, mag: Floats) -> float:
    """Day of maximum light, by a parabola through the brightest day and its neighbours."""
    if not np.isfinite(mag).any():
        return np.nan
    top = int(np.nanargmin(mag))
    left, middle, right = (mag[i] if 0 <= i < len(mag) else np.nan for i in (top - 1, top, top + 1))
    bend = left - 2 * middle + right
    return float(days[top] + (0.5 * (left - right) / bend if bend > 0 else 0.0))


def _at(days: Floats, mag: Floats, day: float) -> float:
    """Magnitude at a day, NaN where a neighbour on the grid is not known."""
    return float(np.interp(day, days, mag, left=np.nan, right=np.nan))


def _decline(band: str, days: Floats, mag: Floats, peak: float) -> dict[str, float]:
    top, at = _at(days, mag, peak), {d: _at(days, mag, peak + d) for d in (-10, 15, 30, 40, 60, 80)}
    return {
        f"{band}_rise": at[-10] - top,
        f"{band}_dm15": at[15] - top,
        f"{band}_dm30": at[30] - top,
        f"{band}_dm60": at[60] - top,
        f"{band}_late": 2.5 * (at[80] - at[40]),
    }


def _scatter(days: Floats, curve: LightCurve) -> dict[str, float]:
    """Residuals of each point from the process given the others, in units of their deviation.

    Leave-one-out residuals of a Gaussian process are K^-1 y / diag(K^-1) (Rasmussen & Williams
    2006, equations 5.10 to 5.12).
    """
    total = covariance(days, curve.band, days, curve.band)
    total[np.diag_indices(len(days))] += np.asarray(curve.error) ** 2
    inverse = cho_solve(cho_factor(total, lower=True), np.eye(len(days)))
    own = np.diag(inverse)
    residual = (inverse @ (curve.value - np.mean(curve.value))) / np.sqrt(own)
    known = 1 / np.sqrt(own) < _KNOWN
    found = {"outliers": float(np.mean(np.abs(residual[known]) > 3)) if known.any() else np.nan}
    for code, band in enumerate(BANDS):
        mine = np.abs(residual[known & (curve.band == code)])
        found[f"{band}_scatter"] = float(np.median(mine)) if len(mine) > 2 else np.nan
    return found


def _sampling(days: Floats, observed: Observed) -> dict[str, float]:
    curve = observed.curve
    found = {"first": days.min(), "last": days.max(), "redshift": observed.redshift}
    found["gap"] = float(np.median(np.diff(np.sort(curve.time)))) if len(days) > 1 else np.nan
    for code, band in enumerate(BANDS):
        mine = curve.band == code
        found[f"{band}_points"] = float(mine.sum())
        found[f"{band}_error"] = float(np.median(curve.error[mine])) if mine.any() else np.nan
    return {name: float(value) for name, value in found.items()}
