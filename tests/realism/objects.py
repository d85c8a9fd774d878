"""Objects made by hand for the tests of realism."""

from __future__ import annotations

import numpy as np

from nightjar.ragged import LightCurve, Spectrum
from nightjar.realism.observed import Observed

PEAK = 58000.0  # MJD


def observed(name: str = "SN1", redshift: float = 0.05, **changes) -> Observed:
    """A supernova seen every third night in both bands, with a spectrum at maximum."""
    time = np.repeat(np.arange(-18.0, 60.0, 3.0), 2) + PEAK
    band = np.tile([0, 1], len(time) // 2)
    mag = 17.0 + 0.003 * np.abs(time - PEAK) ** 1.5
    curve = LightCurve(time, mag, np.full(len(time), 0.05), band)
    wavelength = np.arange(3500.0, 9000.0, 5.0)
    flux = np.exp(-(((wavelength - 5000) / 2000) ** 2))
    spectrum = Spectrum(wavelength, flux, np.full(len(flux), np.nan), PEAK, False)
    about = Observed(name, "SN Ia", name, redshift, 0.02, ("g", "r"), curve, PEAK, spectrum)
    return about._replace(**changes)


def hand_made(stretch: float = 1.0) -> Observed:
    """A parabola of 0.004 mag / day^2 until day 10 of g, then a line of its slope, 0.08 mag / day.

    r is 0.3 mag brighter and 4 days later.  ``stretch`` dilates all as redshift ``stretch`` - 1.
    """
    day = np.arange(-20.0, 101.0)
    shape = np.where(day < 10, 0.004 * day**2, 0.4 + 0.08 * (day - 10))
    days = np.concatenate([day, day + 4])
    mag = np.concatenate([17 + shape, 16.7 + shape])
    order = np.argsort(days, kind="stable")
    band = np.repeat([0, 1], len(day))
    curve = LightCurve(
        PEAK + stretch * days[order], mag[order], np.full(len(days), 0.01), band[order]
    )
    return observed(redshift=stretch - 1, curve=curve, spectrum=None)
