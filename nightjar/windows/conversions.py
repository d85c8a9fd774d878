"""Light curves as Maven's sequences and as Astromer's single-band curves, a chunk at a time."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from nightjar import peaks
from nightjar.params import WindowLightCurves
from nightjar.ragged import LightCurves
from nightjar.windows import clipping

AB_ZERO_POINT = 31.4  # AB magnitude of 1 nJy (Oke and Gunn 1983)
ERROR_OF_LOG = 2.5 / np.log(10)  # mag_err = this x flux_err / flux
MIN_CURVE_POINTS = 5  # the Astromer loader's rule: fewer are no light curve


def to_magnitudes(
    flux: NDArray[np.floating], flux_err: NDArray[np.floating], min_snr: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """AB magnitudes of fluxes in nJy: mag = 31.4 - 2.5 log10(flux), error to first order.

    Returns
    -------
    mag, mag_err : float32, NaN where not kept
    kept : bool, flux / flux_err >= min_snr.  Below, a difference flux may be negative, and the
        error of its logarithm is no Gaussian's.
    """
    kept = (flux > 0) & (flux >= min_snr * flux_err)
    safe = np.where(kept, flux, np.nan).astype(np.float64)
    mag = AB_ZERO_POINT - 2.5 * np.log10(safe)
    return mag.astype(np.float32), (ERROR_OF_LOG * flux_err / safe).astype(np.float32), kept


def sequences(
    light_curves: LightCurves, settings: WindowLightCurves
) -> tuple[LightCurves, Counter[str]]:
    """Maven's sequences: magnitudes against days since the object's first point, all bands.

    Time zero is the earliest kept point over *all* bands, as the paper says (Zhang et al. 2024).
    The public code has one zero per band, which loses the lag between g and r.  All points from
    ``before`` days before to ``after`` days after the object's brightest one (`peaks.brightest`, of
    the points that are fine; observer's days, as the redshift is not known here) are kept: at most
    ``points_per_band`` of them are drawn anew every epoch.

    Parameters
    ----------
    light_curves : a chunk of objects, points sorted by time; magnitudes, or fluxes in nJy
    settings : ``error_max`` in mag, ``min_snr`` (fluxes only), ``before`` and ``after`` in days or
        None: no such end

    Returns
    -------
    light_curves : the same objects in the same order, times in days from 0, magnitudes; objects
        without a point stay, empty, so that rows still belong together
    drops : points ``sequence_snr_too_low``, ``sequence_error_too_large``,
        ``sequence_before_window``, ``sequence_after_window``; objects ``sequence_empty``
    """
    mag, mag_err, kept, drops = _magnitudes(light_curves, settings, "sequence")
    fine = mag_err <= settings.error_max
    drops["sequence_error_too_large"] = int((kept & ~fine).sum())
    kept &= fine
    if settings.before is not None or settings.after is not None:
        drops += _near_peak(light_curves, mag, kept, settings)
    row = _rows(light_curves.offsets)[kept]
    offsets = _offsets(row, len(light_curves))
    points = np.diff(offsets)
    drops["sequence_empty"] = int((points == 0).sum())
    time = light_curves.time[kept]
    first = time[offsets[:-1][points > 0]]  # sorted by time, so that the first is the earliest
    converted = LightCurves(
        object_id=light_curves.object_id,
        offsets=offsets,
        time=time - np.repeat(first, points[points > 0]),
        value=mag[kept],
        error=mag_err[kept],
        band=light_curves.band[kept],
        bands=light_curves.bands,
        quantity="mag",
    )
    return converted, +drops


def _near_peak(
    light_curves: LightCurves,
    mag: NDArray[np.float32],
    kept: NDArray[np.bool_],
    settings: WindowLightCurves,
) -> Counter[str]:
    """Take the points too long before or after the brightest one out of ``kept``; how many."""
    row, time = _rows(light_curves.offsets)[kept], light_curves.time[kept]
    band, objects = light_curves.band[kept], len(light_curves)
    since = time - peaks.brightest(row, time, mag[kept], band, objects)[row]
    early = since < -(np.inf if settings.before is None else settings.before)
    late = since > (np.inf if settings.after is None else settings.after)
    kept[kept] = ~(early | late)
    return Counter(sequence_before_window=int(early.sum()), sequence_after_window=int(late.sum()))


def curves(
    light_curves: LightCurves, settings: WindowLightCurves
) -> tuple[LightCurves, Counter[str]]:
    """Astromer's light curves: one per object and band, cleaned, times as they are.

    Parameters
    ----------
    light_curves : a chunk of objects, points sorted by time; magnitudes, or fluxes in nJy
    settings : ``error_max`` in mag, exclusive, as is 0; ``min_snr`` (fluxes only);
        ``keep_between_percentiles`` or None, see `clipping.between_percentiles`

    Returns
    -------
    light_curves : one row per (object, band), in the order of the objects and of ``bands``;
        object_id repeats, band is constant within a row, times are float64 MJD
    drops : points ``curve_snr_too_low``, ``curve_error_out_of_range``,
        ``curve_outside_percentiles``, ``curve_too_few_points`` (in single-band curves of fewer than
        five); objects ``curve_empty``, left without a curve, which clipping alone never causes
    """
    mag, mag_err, kept, drops = _magnitudes(light_curves, settings, "curve")
    fine = (mag_err > 0) & (mag_err < settings.error_max)
    drops["curve_error_out_of_range"] = int((kept & ~fine).sum())
    kept &= fine
    bands = max(len(light_curves.bands), 1)
    key = _rows(light_curves.offsets) * bands + light_curves.band
    if settings.keep_between_percentiles is not None:
        inside = clipping.between_percentiles(
            mag[kept], key[kept], settings.keep_between_percentiles, MIN_CURVE_POINTS
        )
        drops["curve_outside_percentiles"] = int((~inside).sum())
        kept[kept] = inside
    points = np.bincount(key[kept], minlength=len(light_curves) * bands)
    long = points >= MIN_CURVE_POINTS
    drops["curve_too_few_points"] = int(points[~long].sum())
    drops["curve_empty"] = int((~long.reshape(len(light_curves), bands).any(axis=1)).sum())
    kept &= long[key]
    point = np.flatnonzero(kept)
    point = point[np.argsort(key[point], kind="stable")]  # stable: still sorted by time
    converted = LightCurves(
        object_id=light_curves.object_id[np.flatnonzero(long) // bands],
        offsets=np.concatenate([[0], np.cumsum(points[long])]),
        time=light_curves.time[point],
        value=mag[point],
        error=mag_err[point],
        band=light_curves.band[point],
        bands=light_curves.bands,
        quantity="mag",
    )
    return converted, +drops


def _magnitudes(
    light_curves: LightCurves, settings: WindowLightCurves, prefix: str
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], Counter[str]]:
    """Magnitudes, their errors, which points have one, and how many have none."""
    value, error = light_curves.value, light_curves.error
    if light_curves.quantity == "mag":
        return value, error, np.ones(len(value), dtype=bool), Counter()
    mag, mag_err, kept = to_magnitudes(value, error, settings.min_snr)
    return mag, mag_err, kept, Counter({f"{prefix}_snr_too_low": int((~kept).sum())})


def _rows(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row of the light curve to which each point belongs."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _offsets(row: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Where each row begins, given the row of each point."""
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
