"""Shape of a supernova's light curve as few numbers: peak, decline, colour, width.

The numbers that a supernova observer would quote.  They need no fit and no package.  A number that
the sampling does not give is NaN: magnitudes are interpolated over at most `MAX_GAP` days, the time
of half the peak flux over any gap (it lies between the two points, however far apart).

How *often*, how *long* and how *precisely* an object was observed is left out on purpose: it tells
who observed it and why, which in a sample gathered from many surveys tells the class.  That a
number is missing tells some of it still; the networks see the same gaps.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BEFORE, AFTER = 50.0, 150.0  # days around the brightest point; the rest is host, noise or another
MAX_GAP = 20.0  # days between the two points that an interpolation takes
PHASES = (-10.0, 15.0, 30.0, 60.0)  # days from the band's peak
COLOUR_PHASES = (-10.0, 0.0, 15.0, 30.0, 60.0)  # days from the last band's peak
HALF = 2.5 * np.log10(2.0)  # half the flux of the peak, in mag below it

BAND_NAMES = (
    "peak",
    *(f"decline_{phase:+.0f}" for phase in PHASES),
    "rise_from_half",
    "fall_to_half",
    "width_at_half",
)


class Curve(NamedTuple):
    """One band of one object: time (n,) days, increasing; mag and mag_err (n,)."""

    time: Floats
    mag: Floats
    mag_err: Floats


def curves(
    time: NDArray[np.floating],
    mag: NDArray[np.floating],
    mag_err: NDArray[np.floating],
    band: NDArray[np.integer],
    bands: int,
) -> list[Curve]:
    """One curve per band, of the days around the brightest point of all bands.

    Parameters
    ----------
    time, mag, mag_err, band : (n,) points of one object, sorted by time
    bands : number of bands; one without points gets an empty curve

    Notes
    -----
    Of points of one band at one time, the first stays: features divide by time differences.
    """
    if not len(time):
        return [Curve(*np.empty((3, 0)))] * bands
    from_peak = time - time[np.argmin(mag)]
    near = (from_peak >= -BEFORE) & (from_peak <= AFTER)
    found = []
    for code in range(bands):
        mine = np.flatnonzero(near & (band == code))
        mine = mine[np.unique(time[mine], return_index=True)[1]]
        found.append(Curve(*(np.asarray(c[mine], np.float64) for c in (time, mag, mag_err))))
    return found


def at(curve: Curve, time: float) -> float:
    """Magnitude at a time, linear between its neighbours; NaN outside, or in too wide a gap."""
    right = int(np.searchsorted(curve.time, time))
    if right < len(curve.time) and curve.time[right] == time:
        return float(curve.mag[right])
    if right in (0, len(curve.time)) or curve.time[right] - curve.time[right - 1] > MAX_GAP:
        return np.nan
    return float(np.interp(time, curve.time, curve.mag))


def of_band(curve: Curve) -> list[float]:
    """The numbers `BAND_NAMES` of one band; NaN for a band without points.

    ``peak`` is the brightest magnitude; ``decline_+15`` (the field's delta m 15) the magnitudes
    below it 15 days later; ``rise_from_half`` and ``fall_to_half`` the days between half the peak
    flux and the peak, and ``width_at_half`` their sum.
    """
    if not len(curve.time):
        return [np.nan] * len(BAND_NAMES)
    top = int(np.argmin(curve.mag))
    peak = float(curve.mag[top])
    declines = [at(curve, curve.time[top] + phase) - peak for phase in PHASES]
    rise, fall = _half(curve, top, -1), _half(curve, top, 1)
    return [peak, *declines, rise, fall, rise + fall]


def _half(curve: Curve, top: int, direction: int) -> float:
    """Days from the peak to half its flux, in one direction; NaN where it is not observed."""
    limit = curve.mag[top] + HALF
    days = direction * (curve.time - curve.time[top])
    below = np.flatnonzero((days > 0) & (curve.mag >= limit))
    if not len(below):
        return np.nan
    outer = below[np.argmin(days[below])]  # the first one below half
    inner = outer - direction
    part = (limit - curve.mag[inner]) / (curve.mag[outer] - curve.mag[inner])
    return float(days[inner] + part * (days[outer] - days[inner]))


def colour_names(bands: tuple[str, ...]) -> list[str]:
    """Names of the numbers of `colours`."""
    names = []
    for first, second in pairwise(bands):
        names += [f"{first}-{second}_peak", f"{first}-{second}_lag"]
        names += [f"{first}-{second}_{phase:+.0f}" for phase in COLOUR_PHASES]
    return names


def colours(of_object: list[Curve]) -> list[float]:
    """Neighbouring bands compared: peak magnitudes, days between peaks, colour at some phases."""
    found: list[float] = []
    for first, second in pairwise(of_object):
        if not (len(first.time) and len(second.time)):
            found += [np.nan] * (2 + len(COLOUR_PHASES))
            continue
        peak = second.time[np.argmin(second.mag)]
        found += [
            float(np.min(first.mag) - np.min(second.mag)),
            float(peak - first.time[np.argmin(first.mag)]),
            *(at(first, peak + phase) - at(second, peak + phase) for phase in COLOUR_PHASES),
        ]
    return found
