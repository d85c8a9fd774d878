"""Velocities of absorption troughs in spectra."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from nightjar.realism.observed import Floats

LIGHT_KM = 299792.458  # km/s
_STEP = 300.0  # km/s between samples
_SMOOTH = 1000.0  # km/s, standard deviation of the smoothing
_SHALLOW = 0.04  # of the pseudo-continuum: what is shallower is no trough


class Trough(NamedTuple):
    """Where to look for the absorption of a line; velocities of approach in km/s."""

    name: str
    wavelength: float  # Angstrom, at rest
    blue: tuple[float, float]  # in which the shoulder on the blue side lies
    red: tuple[float, float]  # the same on the red side


TROUGHS = {
    "SN Ia": Trough("Si II 6355", 6355.0, (14500.0, 24000.0), (-3000.0, 8000.0)),
    "SN II": Trough("H alpha", 6562.8, (9000.0, 20000.0), (-4000.0, 3000.0)),
}


def velocity(wavelength: Floats, flux: Floats, trough: Trough) -> float:
    """Velocity of the deepest point between two shoulders, below the straight line that joins them.

    Parameters
    ----------
    wavelength : (n,) Angstrom, rest frame, increasing
    flux : (n,) per wavelength, any unit
    trough : the line

    Returns
    -------
    km/s, Doppler formula v / c = 1 - wavelength / rest wavelength; NaN without a trough, or where
    the spectrum does not cover it
    """
    speed = np.arange(trough.red[0], trough.blue[1] + _STEP, _STEP)
    at = trough.wavelength * (1 - speed / LIGHT_KM)
    good = np.isfinite(flux)
    if good.sum() < 10 or at[-1] < wavelength[good][0] or at[0] > wavelength[good][-1]:
        return np.nan
    light = gaussian_filter1d(np.interp(at, wavelength[good], flux[good]), _SMOOTH / _STEP)
    red, blue = (_shoulder(speed, light, each) for each in (trough.red, trough.blue))
    between = slice(red, blue + 1)
    if blue - red < 4:
        return np.nan
    line = np.interp(speed[between], speed[[red, blue]], light[[red, blue]])
    if not (line > 0).all():
        return np.nan
    depth = 1 - light[between] / line
    deepest = int(np.argmax(depth))
    if depth[deepest] < _SHALLOW:
        return np.nan
    left, middle, right = depth[deepest - 1 : deepest + 2]  # the ends have no depth
    shift = 0.5 * (left - right) / min(left - 2 * middle + right, -1e-12)
    return float(speed[between][deepest] + shift * _STEP)


def _shoulder(speed: Floats, light: Floats, window: tuple[float, float]) -> int:
    """The brightest sample of the window."""
    inside = np.flatnonzero((speed >= window[0]) & (speed <= window[1]))
    return int(inside[np.argmax(light[inside])])
