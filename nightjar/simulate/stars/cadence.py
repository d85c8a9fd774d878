"""When fields are observed.  All stars of a field share its visits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate.randomness import Draws, Floats

VISITS = 400  # most visits of a field
_YEAR = 365.25
_SKY_SCATTER = 0.2  # of the logarithm of the photon noise, visit to visit


class Fields(NamedTuple):
    """Fields of a survey.

    Attributes
    ----------
    ra, dec : (fields,) deg, centres
    time : (fields, VISITS) days since the survey's start, sorted, the planned visits first; the
        others repeat the last one
    planned : (fields, VISITS) whether there is such a visit
    sky : (fields, VISITS) relative photon noise of the visit, from seeing and sky brightness
    """

    ra: Floats
    dec: Floats
    time: Floats
    planned: NDArray[np.bool_]
    sky: Floats


class Cadence(NamedTuple):
    """How a survey observes.

    Attributes
    ----------
    start : MJD of its first night, the zero point of time
    nights : how long it lasts
    side : deg, of a square field
    uniforms : random numbers that a field needs
    plan : of (fields, uniforms) random numbers, ra and dec (deg): time and planned of `Fields`
    centre : ra and dec (deg) of two random numbers for each field
    """

    start: float
    nights: int
    side: float
    uniforms: int
    plan: Callable[[Floats, Floats, Floats], tuple[Floats, NDArray[np.bool_]]]
    centre: Callable[[Floats, Floats], tuple[Floats, Floats]]


def fields(cadence: Cadence, random: Draws) -> Fields:
    """Centres and visits of fields.

    Parameters
    ----------
    random : ``cadence.uniforms`` + 2 uniform and VISITS normal numbers for each field
    """
    ra, dec = cadence.centre(random.uniform[:, -1], random.uniform[:, -2])
    time, planned = cadence.plan(random.uniform[:, :-2], ra, dec)
    return Fields(ra, dec, time, planned, np.exp(_SKY_SCATTER * random.normal))


def _sorted(time: Floats, wanted: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """The wanted times of each row first and sorted, then repeats of the last; which are wanted."""
    time = np.sort(np.where(wanted, time, np.inf), axis=1)
    planned = np.isfinite(time)
    last = np.where(planned, time, -np.inf).max(axis=1, keepdims=True)
    return np.where(planned, time, last), planned


# --- MACHO ----------------------------------------------------------------------------------------

_MACHO_START, _MACHO_NIGHTS = 48825.0, 2720  # 21 July 1992 to the end of 1999
_LMC_OPPOSITION = 48967.0  # MJD of 11 December 1992, when the LMC (RA 5h20m) is highest at midnight


def _macho_plan(uniform: Floats, ra: Floats, dec: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """One visit in a night, 180 to 400 in all.

    The LMC never sets at Mount Stromlo, but around June it is low: the chance of a night falls to a
    twentieth (Alcock+1997: observed all year round, with thinner winters).
    """
    night = np.arange(_MACHO_NIGHTS)
    season = np.cos(2 * np.pi * (_MACHO_START + night - _LMC_OPPOSITION) / _YEAR)
    weight = np.clip(0.5 + 0.9 * season, 0.05, 1.0)
    # Exponential ranks over weights: drawing without replacement with these weights.
    rank = -np.log1p(-uniform[:, :_MACHO_NIGHTS]) / weight
    time = night + 0.40 + 0.35 * uniform[:, _MACHO_NIGHTS:-1]  # UT in days
    order = np.argsort(rank, axis=1)[:, :VISITS]
    wanted = np.arange(VISITS)[None, :] < np.floor(180 + 221 * uniform[:, -1:])
    return _sorted(np.take_along_axis(time, order, axis=1), wanted)


def _macho_centre(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    return 75.0 + 12.0 * u, -71.0 + 4.0 * v


MACHO = Cadence(
    _MACHO_START, _MACHO_NIGHTS, 0.71, 2 * _MACHO_NIGHTS + 1, _macho_plan, _macho_centre
)

# --- ATLAS ----------------------------------------------------------------------------------------

_ATLAS_START, _ATLAS_NIGHTS = 57180.0, 730  # June 2015 to June 2017, data release 1 (Heinze+2018)
_EQUINOX = 57467.0  # MJD of 20 March 2016: fields at RA 180 deg are in opposition
_SLOTS = _ATLAS_NIGHTS // 2  # the sky is covered in two nights
_PER_NIGHT = 4
_GAP = 15.0 / 1440  # days between exposures of a group


def _atlas_plan(uniform: Floats, ra: Floats, dec: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Groups of four exposures 15 minutes apart, every second night, as weather and filter allow.

    A field is observed within 110 days of its opposition; 35 to 75 % of its nights are clear and in
    the o band, at most 100.
    """
    slot = 2.0 * np.arange(_SLOTS)
    opposition = _EQUINOX + (ra[:, None] - 180.0) / 360.0 * _YEAR
    away = np.mod(_ATLAS_START + slot - opposition + _YEAR / 2, _YEAR) - _YEAR / 2
    clear = uniform[:, :_SLOTS] < 0.35 + 0.40 * uniform[:, -1:]
    rank = np.where(clear & (np.abs(away) < 110), uniform[:, _SLOTS : 2 * _SLOTS], np.inf)
    count = np.minimum(np.isfinite(rank).sum(axis=1), VISITS // _PER_NIGHT)
    night = slot + 0.25 + 0.30 * uniform[:, 2 * _SLOTS : 3 * _SLOTS]  # UT in days, Hawaii
    order = np.argsort(rank, axis=1)[:, : VISITS // _PER_NIGHT]
    wanted = np.arange(order.shape[1])[None, :] < count[:, None]
    night, planned = _sorted(np.take_along_axis(night, order, axis=1), wanted)
    late = uniform[:, 3 * _SLOTS : 3 * _SLOTS + VISITS].reshape(len(ra), -1, _PER_NIGHT)
    time = night[:, :, None] + _GAP * (np.arange(_PER_NIGHT) + 0.1 * late)
    return time.reshape(len(ra), -1), np.repeat(planned, _PER_NIGHT, axis=1)


def _atlas_centre(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Centres spread evenly over the sky between declinations -45 and 85 deg."""
    low, high = np.sin(np.radians(-45.0)), np.sin(np.radians(85.0))
    return 360.0 * u, np.degrees(np.arcsin(low + (high - low) * v))


ATLAS = Cadence(
    _ATLAS_START, _ATLAS_NIGHTS, 5.4, 3 * _SLOTS + VISITS + 1, _atlas_plan, _atlas_centre
)
