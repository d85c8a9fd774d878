"""Nights at one site: clear or closed, clouds and seeing; the same for all objects of a seed."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri

from nightjar.simulate.randomness import Floats, hashed

FIRST, LAST = 58100, 61100  # MJD: nights of which there is weather
_MEMORY = 0.7  # correlation of the weather of one night with the next: bad nights come in runs
_CLOSED = 0.27  # share of the nights lost; Palomar loses about a quarter to a third
_SEASON = 0.10  # more are lost in winter, fewer in summer, by this
_SEEING = 0.13  # mag of depth, standard deviation from night to night


class Nights(NamedTuple):
    """The nights from `FIRST` on, (nights,) each."""

    open: NDArray[np.bool_]
    loss: Floats  # mag of depth lost to thin clouds and seeing against a median night


@lru_cache(maxsize=8)
def nights(seed: int, site: str) -> Nights:
    """Draw all nights of a site: an autoregressive series of two numbers, cloud and seeing.

    The dome is closed while the cloud exceeds a threshold that follows the season; nights just
    below it are dimmed by up to half a magnitude.
    """
    number = np.arange(FIRST, LAST)
    cloud, seeing = (_series(seed, f"{site}-{name}", number) for name in ("cloud", "seeing"))
    winter = np.cos(2 * np.pi * (number - 59215.0) / 365.2422)  # one in mid January 2021
    limit = ndtri(1 - (_CLOSED + _SEASON * winter))
    dim = 0.5 * np.clip(1 - (limit - cloud) / 0.8, 0, None)
    return Nights(cloud < limit, dim + _SEEING * seeing)


def _series(seed: int, stream: str, number: NDArray[np.int64]) -> Floats:
    """Gaussian numbers of mean 0 and variance 1, correlated from night to night, (nights,)."""
    fresh = np.sqrt(1 - _MEMORY**2) * ndtri(hashed(seed, stream, number))
    fresh[0] /= np.sqrt(1 - _MEMORY**2)
    return np.asarray(lfilter([1.0], [1.0, -_MEMORY], fresh))


def moon_loss(time: Floats, ra: Floats, dec: Floats, chance: Floats, blue: Floats) -> Floats:
    """Depth in mag that moonlight costs a visit; shapes broadcast.

    The moon brightens the sky with the square of its illuminated fraction (by 10 to 14 times
    60 deg from a full moon in g and about 4 times in r: Krisciunas & Schaefer 1991, PASP 103, 1033,
    simplified), more the nearer it is; a waxing or waning moon is up for part of the night only.

    Parameters
    ----------
    time : MJD; ra, dec : deg, of the field
    chance : uniform numbers; the moon is up where they are below the share of the night it is
    blue : brightening of the sky 60 deg from a full moon, over the dark sky
    """
    age = np.mod((time - 59581.77) / 29.530588, 1.0)  # new moon 2022 January 2
    lit = (1 - np.cos(2 * np.pi * age)) / 2
    longitude = np.radians(sun(time) + 360.0 * age)
    moon_dec = 0.398 * np.sin(longitude)  # sine of the declination, on the ecliptic
    along = np.cos(np.radians(ra) - longitude)
    cosine = np.sin(np.radians(dec)) * moon_dec
    cosine = cosine + np.cos(np.radians(dec)) * np.sqrt(1 - moon_dec**2) * along
    near = (1.5 + cosine) / 2.0  # one at 60 deg, less beyond
    up = chance < 1 - np.abs(2 * age - 1)
    return 1.25 * np.log10(1 + blue * lit**2 * np.maximum(near, 0.2) * up)


def sun(time: NDArray[np.floating]) -> NDArray[np.floating]:
    """Right ascension of the mean sun in deg; equinox MJD 59658.65 (2022)."""
    return 360.0 * (time - 59658.65) / 365.2422
