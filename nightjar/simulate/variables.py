"""Simulated variable stars: MACHO-like fields, a labelled catalogue, an ATLAS-like survey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.simulate.randomness import Draws, Floats, draws, quota
from nightjar.simulate.star import STAR_NORMALS, STAR_UNIFORMS, Star
from nightjar.simulate.stars import STARS
from nightjar.tables import Tables

Rows = NDArray[np.int64]
POINTS = 400  # most points of a light curve
_MACHO = (48800.0, 2700.0)  # MJD of the first night, days: 1992 to 1999 (Alcock+1997)
_ATLAS = (57400.0, 1500.0)  # 2016 to 2020 (Heinze+2018)
# Objects in the labelled catalogues: Alcock+2001 as used by Astromer, and Heinze+2018.
_ALCOCK = {"Cep_0": 1182, "Cep_1": 683, "EC": 6824, "LPV": 3046, "RRab": 7397, "RRc": 1762}
_HEINZE = {"CB": 80218, "DB": 28767, "Mira": 7370, "Pulse": 25021}
_PULSE = {"RRab": 0.55, "RRc": 0.15, "DSCT": 0.2, "Cep_0": 0.1}
_FIELD = {
    "constant": 0.5, "irregular": 0.1, "LPV": 0.1, "EC": 0.1,
    "RRab": 0.1, "RRc": 0.04, "Cep_0": 0.04, "Cep_1": 0.02,
}  # fmt: skip
_OUTLIERS = 0.005  # fraction of points that are wrong by more than noise


class Cadence(NamedTuple):
    """When stars are observed, (stars, POINTS)."""

    time: Floats  # MJD, sorted, the planned ones first
    planned: NDArray[np.bool_]


@dataclass(frozen=True)
class Survey:
    """A survey of variable stars.

    Attributes
    ----------
    name, prefix, band : as they stand in the tables
    classes : kind of star or label -> share
    labelled : whether the table tells the class
    cadence : times from random numbers
    floor, faint, at, slope : error in mag = floor + faint 10^(slope (mag - at))
    limit : faintest magnitude detected
    shift : mag added to the kinds that are drawn at the distance of the LMC
    """

    name: str
    prefix: str
    band: str
    classes: Mapping[str, float]
    labelled: bool
    cadence: Callable[[Draws], Cadence]
    floor: float
    faint: float
    at: float
    slope: float
    limit: float
    shift: float


def simulate(unlabelled: int, labelled: int, seed: int, *, chunk: int = 512) -> Tables:
    """Simulate three samples of variable stars.

    Star i of a survey depends on (seed, survey, i) only, not on the sizes or ``chunk``.

    Parameters
    ----------
    unlabelled : stars of ``macho``, class null, half of them constant
    labelled : stars of ``alcock`` (Cep_0, Cep_1, EC, LPV, RRab, RRc) and as many of ``atlas`` (CB,
        DB, Mira, Pulse)
    seed : non-negative
    chunk : stars at a time

    Returns
    -------
    Tables
        ``objects``: object_id, survey, class (null in ``macho``), kind (what was simulated), ra,
        dec (deg), period (days), amplitude (mag, peak to peak), mean_mag.  ``photometry``: mag in
        band R (macho, alcock) or o (atlas), 100 to 400 points; read it once.  No spectra.
    """
    sizes = (unlabelled, labelled, labelled)
    parts = [
        _chunk(seed, survey, np.arange(start, min(start + chunk, size)))
        for survey, size in zip(SURVEYS, sizes, strict=True)
        for start in range(0, size, chunk)
    ]
    return Tables(
        objects=pd.concat([objects for objects, _ in parts], ignore_index=True),
        photometry=(photometry for _, photometry in parts),
        spectra=(),
        drops=Counter(),
    )


def _chunk(seed: int, survey: Survey, rows: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Objects and photometry of stars ``rows`` of a survey."""
    star = draws(seed, f"{survey.name}-star", rows, STAR_UNIFORMS + 3, STAR_NORMALS)
    sky = draws(seed, f"{survey.name}-sky", rows, 3 * POINTS + 2, 2 * POINTS)
    label, kind = _kinds(survey, rows, star.uniform[:, -1])
    plan = survey.cadence(sky)
    mag = np.empty((len(rows), POINTS))
    table = {name: np.full(len(rows), np.nan) for name in ("period", "amplitude", "mean_mag")}
    for name in np.unique(kind):
        of = np.flatnonzero(kind == name)
        drawn, curve = _star(survey, str(name), star, of), STARS[str(name)][1]
        mag[of] = drawn.mag[:, None] + curve(drawn, plan.time[of] - plan.time[of][:, :1])
        for column, values in zip(table, (drawn.period, drawn.amplitude, drawn.mag), strict=True):
            table[column][of] = values
    identifiers = np.array([f"{survey.prefix}-{row:07d}" for row in rows], dtype=object)
    objects = pd.DataFrame({"object_id": identifiers, "survey": survey.name})
    objects["class"] = pd.Series(label if survey.labelled else [None] * len(rows), dtype=object)
    objects["kind"] = kind
    ra, dec = _position(survey, star.uniform)
    return objects.assign(ra=ra, dec=dec, **table), _photometry(survey, identifiers, plan, mag, sky)


def _kinds(
    survey: Survey, rows: Rows, uniform: Floats
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Label and kind of each star; the two differ for Pulse, which holds several kinds."""
    names = np.array(list(survey.classes), dtype=object)
    label = names[quota(rows, np.array(list(survey.classes.values()), dtype=np.float64))]
    edges = np.cumsum(list(_PULSE.values()))
    pulse = np.array(list(_PULSE), dtype=object)[np.searchsorted(edges[:-1], uniform)]
    return label, np.where(label == "Pulse", pulse, label)


def _star(survey: Survey, kind: str, star: Draws, of: Rows) -> Star:
    """Stars of a kind, at the survey's distances."""
    uniform, normal = star.uniform[of, :STAR_UNIFORMS], star.normal[of]
    drawn = STARS[kind][0](uniform, normal)
    mag = drawn.mag + survey.shift
    if survey.shift and kind not in ("CB", "DB", "Mira"):
        mag = 15.5 + 1.2 * normal[:, 2]  # the field, not the LMC: any distance
    return Star(drawn.period, drawn.amplitude, mag, drawn.uniform, drawn.normal)


def _position(survey: Survey, uniform: Floats) -> tuple[Floats, Floats]:
    """Right ascension and declination in deg: the LMC, or the sky north of -50 deg."""
    u, v = uniform[:, -2], uniform[:, -3]
    if survey.band == "R":
        return 75.0 + 12.0 * u, -71.0 + 4.0 * v
    return 360.0 * u, np.degrees(np.arcsin(-0.766 + 1.766 * v))


def _photometry(
    survey: Survey, identifiers: NDArray[np.object_], plan: Cadence, mag: Floats, sky: Draws
) -> pd.DataFrame:
    """Noisy magnitudes with their errors: what is planned and bright enough."""
    error = survey.floor + survey.faint * 10 ** (survey.slope * (mag - survey.at))
    error = np.minimum(error, 0.5) * np.exp(0.15 * sky.normal[:, POINTS:])
    wrong = sky.uniform[:, 2 * POINTS : 3 * POINTS] < _OUTLIERS
    observed = mag + error * sky.normal[:, :POINTS] * np.where(wrong, 12.0, 1.0)
    seen = plan.planned & (observed < survey.limit)
    row, column = np.nonzero(seen)
    return pd.DataFrame(
        {
            "object_id": identifiers[row],
            "time": plan.time[row, column],
            "band": survey.band,
            "mag": observed[row, column].astype(np.float32),
            "mag_err": error[row, column].astype(np.float32),
        }
    )


# --- cadences ---------------------------------------------------------------------------------


def _first(time: Floats, count: Floats) -> Cadence:
    """Only the first ``count`` random times of each star, sorted."""
    planned = np.arange(POINTS)[None, :] < np.floor(count)[:, None]
    time = np.where(planned, time, np.inf)
    order = np.argsort(time, axis=1, kind="stable")
    time = np.take_along_axis(time, order, axis=1)
    planned = np.isfinite(time)
    return Cadence(np.where(planned, time, time[:, :1]), planned)


def macho_cadence(sky: Draws) -> Cadence:
    """Single visits on nights of eight seasons of nine months, 160 to 400 a star."""
    u, v = sky.uniform[:, :POINTS], sky.uniform[:, POINTS : 2 * POINTS]
    start, days = _MACHO
    season = np.floor(u * days / 365.25)
    day = np.floor((u * days / 365.25 - season) * 0.75 * 365.25)
    time = start + 60 + season * 365.25 + day + 0.4 + 0.35 * v
    return _first(time, 160 + 241 * sky.uniform[:, -1])


def atlas_cadence(sky: Draws) -> Cadence:
    """Groups of four exposures 15 minutes apart, on even nights, in seasons of 7 months."""
    u, v = sky.uniform[:, : POINTS // 4], sky.uniform[:, POINTS : POINTS + POINTS // 4]
    start, days = _ATLAS
    season = np.floor(u * days / 365.25)
    day = 2 * np.floor((u * days / 365.25 - season) * 0.58 * 365.25 / 2)
    night = start + season * 365.25 + 365.25 * sky.uniform[:, -2:-1] + day
    jitter = sky.uniform[:, POINTS + POINTS // 4 : 2 * POINTS + POINTS // 4]
    within = np.tile(np.arange(4) * 15.0 / 1440, POINTS // 4)
    time = np.repeat(night + 0.25 + 0.3 * v, 4, axis=1) + within + jitter * 1.5 / 1440
    return _first(time, 4 * np.floor(37 + 64 * sky.uniform[:, -1]))


def _shares(counts: Mapping[str, int], least: float) -> dict[str, float]:
    """Shares of a catalogue's classes, none below ``least`` before normalising.

    So that few-shot splits find enough objects of a rare class in a small sample.
    """
    total = sum(counts.values())
    return {name: max(count / total, least) for name, count in counts.items()}


SURVEYS = (
    Survey("macho", "SIM-MACHO", "R", _FIELD, False, macho_cadence, 0.012, 0.13, 19.5, 0.32, 21, 0),
    Survey(
        "alcock", "SIM-ALCOCK", "R", _shares(_ALCOCK, 1 / 10), True,
        macho_cadence, 0.012, 0.13, 19.5, 0.32, 21, 0,
    ),
    Survey(
        "atlas", "SIM-ATLAS", "o", _shares(_HEINZE, 1 / 10), True,
        atlas_cadence, 0.008, 0.12, 18.5, 0.33, 19.5, 0.3,
    ),
)  # fmt: skip
