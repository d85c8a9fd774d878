"""Distances and rates, tabulated once from astropy's Planck 2018 cosmology."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nightjar.simulate.randomness import Floats

NEAREST = 0.0002  # redshift at which the table begins: 0.9 Mpc, the edge of the Local Group
REDSHIFT_MAX = 1.5
_NEAR = 600  # points of the table below redshift 0.002
_START = 0.002  # surveys of one limit hold no nearer event to speak of


class Table(NamedTuple):
    """Cosmology on a redshift grid, (4600,) each."""

    redshift: Floats
    modulus: Floats  # mag, luminosity distance
    volume: Floats  # Mpc^3 / sr per unit redshift


@lru_cache(maxsize=1)
def table() -> Table:
    """Planck18 (Planck Collaboration 2020, A&A 641, A6) between `NEAREST` and `REDSHIFT_MAX`.

    Redshifts are those of the expansion alone: peculiar velocities, 300 km/s or so, are left out.
    """
    from astropy.cosmology import Planck18

    near = np.geomspace(NEAREST, _START, _NEAR, endpoint=False)
    redshift = np.concatenate([near, np.geomspace(_START, REDSHIFT_MAX, 4000)])
    modulus = Planck18.distmod(redshift).value
    volume = Planck18.differential_comoving_volume(redshift).value
    return Table(redshift, modulus, volume)


def modulus(redshift: Floats) -> Floats:
    """Distance modulus in mag (interpolated; better than 1e-5 mag inside the table)."""
    grid = table()
    return np.interp(np.log(redshift), np.log(grid.redshift), grid.modulus)


def distance(redshift: Floats) -> Floats:
    """Luminosity distance in cm: 10 pc * 10^(modulus / 5)."""
    return 10 * 3.0856775814913673e18 * 10 ** (modulus(redshift) / 5)


def reach(absolute: Floats, limit: Floats | float, nearest: float = _START) -> Floats:
    """Redshift at which a source of this absolute magnitude appears at magnitude ``limit``.

    The K-correction is that of a spectrum flat in flux per frequency, -2.5 log10(1 + z).  Shapes
    broadcast; ``nearest`` is the least redshift given.
    """
    grid = table()
    apparent = grid.modulus - 2.5 * np.log10(1 + grid.redshift)
    return np.maximum(np.interp(limit - absolute, apparent, grid.redshift), nearest)


def evolution(history: str, redshift: Floats) -> Floats:
    """Rate per comoving volume and rest-frame time at each redshift, in the history's own unit.

    ``"delayed"`` (1 + z)^1.5 for SN Ia (Dilday+2010, ApJ 713, 1026): star formation seen through
    delays of 1 / t; ``"star_formation"`` Madau & Dickinson 2014 (ARA&A 52, 415), equation 15, for
    massive stars.
    """
    one = 1 + redshift
    if history == "delayed":
        return one**1.5
    return one**2.7 / (1 + (one / 2.9) ** 5.6)


@lru_cache(maxsize=8)
def cumulative_rate(history: str) -> Floats:
    """Events seen out to each redshift of the table per sr, (4600,); see `evolution`.

    The observed rate per redshift is R(z) / (1 + z) dV/dz, in Mpc^3 times the unit of R.
    """
    near, far = table().redshift[:_NEAR], table().redshift[_NEAR:]
    rate = evolution(history, far) / (1 + far) * table().volume[_NEAR:]
    steps = 0.5 * (rate[1:] + rate[:-1]) * np.diff(far)
    first = rate[0] * far[0] / 3  # the volume inside z = 0.002, where rate ~ z^2
    beyond = first + np.concatenate([[0.0], np.cumsum(steps)])
    return np.concatenate([first * (near / far[0]) ** 3, beyond])


def events(redshift: Floats, history: str) -> Floats:
    """Events per sr closer than each redshift; see `cumulative_rate`."""
    return np.interp(redshift, table().redshift, cumulative_rate(history))


def redshift_of(fraction: Floats, most: Floats, history: str, nearest: float = _START) -> Floats:
    """Redshift within which a ``fraction`` of the events closer than ``most`` lie.

    ``nearest`` is the least redshift given.
    """
    inside = fraction * events(most, history)
    redshift = np.interp(inside, cumulative_rate(history), table().redshift)
    return np.maximum(redshift, nearest)
