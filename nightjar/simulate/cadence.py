"""When a field is visited, and how deep: planned by field and night, so neighbours share visits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from nightjar.simulate import weather
from nightjar.simulate.bands import Band
from nightjar.simulate.randomness import Floats, hashed
from nightjar.simulate.survey import Survey

FIRST, LAST = 58200.0, 60400.0  # MJD of explosions: the ZTF survey
NIGHTS = 340  # nights for which an object is followed
_FIELD = 6.9  # deg, side of a field (Dekany+2020: 47 square deg)
_SUN = 58.0  # deg: nearer to the sun a field on the equator is not observed
_MOON = (8.0, 4.0)  # sky 60 deg from a full moon, over the dark sky, in g and r
_BETWEEN_FIELDS = 0.08  # mag of depth, standard deviation: stars, airmass, reference images
_BETWEEN_VISITS = 0.16  # mag of depth, standard deviation


class Visits(NamedTuple):
    """Visits of each object, (objects, bands * NIGHTS) each but for ``band``; zero if not made."""

    made: NDArray[np.bool_]
    time: Floats  # MJD
    depth: Floats  # 5 sigma limiting magnitude
    band: NDArray[np.int64]  # (bands * NIGHTS,) index into the survey's bands


class Fields(NamedTuple):
    """The fields of some objects, one entry each."""

    number: NDArray[np.int64]
    ra: Floats  # deg, of the object
    dec: Floats  # deg, of the object

    def take(self, which: NDArray[np.int64]) -> Fields:
        """Only these, repeated as they come."""
        return Fields(self.number[which], self.ra[which], self.dec[which])


def fields(ra: Floats, dec: Floats) -> Fields:
    """Fields of about 7 deg a side that cover the sky in rings of declination."""
    ring = np.floor((dec + 90) / _FIELD).astype(np.int64)
    middle = np.radians(np.clip((ring + 0.5) * _FIELD - 90, -89.0, 89.0))
    around = np.maximum(np.round(360 * np.cos(middle) / _FIELD), 1)
    number = 1000 * ring + np.floor(np.mod(ra, 360.0) / 360 * around).astype(np.int64)
    return Fields(number, ra, dec)


def visits(
    survey: Survey,
    seed: int,
    start: Floats,
    stop: Floats,
    ra: Floats,
    dec: Floats,
    bands: Sequence[Band],
) -> Visits:
    """Visits of some objects in the nights from ``start`` to ``stop``, `NIGHTS` at most.

    Each field has its own interval; within every interval each band gets one night, or both the
    same one.  Then nights are lost to the sun, to the weather and to other programmes.

    Parameters
    ----------
    survey, seed : the plan and the weather are the same for all objects of both
    start, stop, ra, dec : (objects,) MJD, MJD, deg, deg
    bands : passbands of the survey
    """
    field = fields(ra, dec)
    night = np.floor(start).astype(np.int64)[:, None] + np.arange(NIGHTS)
    sky = weather.nights(seed, survey.name)
    inside = np.clip(night - weather.FIRST, 0, len(sky.open) - 1)
    season = in_season(night, ra[:, None], dec[:, None])
    at, when = np.nonzero(sky.open[inside] & season & (night < stop[:, None]))
    here, dates = field.take(at), night[at, when]
    made = np.zeros((len(start), len(bands), NIGHTS), dtype=bool)
    time, depth = np.zeros(made.shape), np.zeros(made.shape)
    for code, passband in enumerate(bands):
        due = np.flatnonzero(_planned(survey, seed, here, dates, code))
        there, cell = here.take(due), (at[due], code, when[due])
        hour = _hour(survey, seed, there, dates[due], code)
        made[cell], time[cell] = True, hour
        depth[cell] = _depth(survey, seed, there, hour, code, passband)
        depth[cell] -= sky.loss[inside[at[due], when[due]]]
    shape = len(start), len(bands) * NIGHTS
    band = np.repeat(np.arange(len(bands)), NIGHTS)
    return Visits(made.reshape(shape), time.reshape(shape), depth.reshape(shape), band)


def in_season(night: NDArray[np.int64], ra: Floats, dec: Floats) -> NDArray[np.bool_]:
    """Whether the sun is far enough; fields near the pole are open all year.

    Parameters
    ----------
    night : MJD; ra, dec : deg; shapes broadcast
    """
    away = np.abs(np.mod(ra - weather.sun(night + 0.3) + 180.0, 360.0) - 180.0)
    return away > _SUN * np.clip((80.0 - dec) / 80.0, 0.0, 1.0)


def _planned(
    survey: Survey, seed: int, field: Fields, night: NDArray[np.int64], code: int
) -> NDArray[np.bool_]:
    """Which of the nights have a visit in this band that is due and not given up."""
    stream = f"{survey.name}-plan"
    edges = np.cumsum(survey.intervals)
    interval = 1 + np.searchsorted(edges[:-1], hashed(seed, stream, field.number, 0), side="right")
    offset = (1000 * hashed(seed, stream, field.number, 1)).astype(np.int64)
    block, place = np.divmod(night + offset, interval)
    # The first band's night within the interval, or a night of this band's own.
    chosen = hashed(seed, stream, field.number, 3 + code, block)
    if code:
        together = hashed(seed, stream, field.number, 2, block) < survey.together
        chosen = np.where(together, hashed(seed, stream, field.number, 3, block), chosen)
    due = place == (chosen * interval).astype(np.int64)
    missed = 2 * survey.missed * hashed(seed, stream, field.number, 1000)
    due[due] = hashed(seed, stream, field.number[due], 1001 + code, night[due]) >= missed[due]
    return due


def _hour(survey: Survey, seed: int, field: Fields, night: NDArray[np.int64], code: int) -> Floats:
    """MJD of visits: Palomar's night is 03 to 12 hours UT."""
    return night + 0.14 + 0.36 * hashed(seed, f"{survey.name}-hour", field.number, code, night)


def _depth(survey: Survey, seed: int, field: Fields, time: Floats, code: int, band: Band) -> Floats:
    """5 sigma limit of visits under a clear sky of median seeing, (visits,)."""
    stream, night = f"{survey.name}-depth", np.floor(time).astype(np.int64)
    blue = survey.in_band(_MOON, band.mean)
    up = hashed(seed, stream, field.number, 1, night)
    moon = weather.moon_loss(time, field.ra, field.dec, up, blue)
    depth = survey.in_band(survey.depth, band.mean) - moon
    depth += _BETWEEN_FIELDS * ndtri(hashed(seed, stream, field.number, 0))
    depth -= 0.25 * (1 / np.maximum(np.cos(np.radians(field.dec - 33.4)), 0.4) - 1)  # airmass
    return depth + _BETWEEN_VISITS * ndtri(hashed(seed, stream, field.number, 2 + code, night))
