"""Simulated supernovae: a light curve in g and r and one spectrum of each, as `Tables`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.errors import InputError
from nightjar.simulate import bands, explosions, observing
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop
from nightjar.simulate.events import Events, Rows
from nightjar.simulate.randomness import Floats, draws, quota
from nightjar.tables import Tables

_ATTEMPTS = 200


class Settings(NamedTuple):
    """What `simulate` was asked for, but for the number of objects."""

    seed: int
    population: pop.Population
    classes: dict[str, float]
    noise: bool
    spectrum_snr: float
    min_points: int
    engine: ev.Engine


class Points(NamedTuple):
    """Detections, flat, sorted by object and time."""

    rows: Rows  # number of the object
    time: Floats  # MJD
    mag: NDArray[np.float32]
    mag_err: NDArray[np.float32]
    band: NDArray[np.int8]  # index into observing.BANDS


def simulate(
    objects: int,
    seed: int,
    *,
    population: Literal["pretraining", "observed"],
    classes: Mapping[str, float],
    noise: bool,
    spectrum_snr: float,
    min_points: int,
    engine: ev.Engine = explosions,
    chunk: int = 256,
) -> Tables:
    """Simulate supernovae that a ZTF-like survey detects, each with a SEDM-like spectrum.

    An event that is not selected (5 sigma detections, ``min_points`` in g and in r, and for the
    observed population a detection brighter than 18.5 mag) is drawn anew within its class.  Object
    i depends on (seed, population, classes, min_points, i) only, not on ``objects`` or ``chunk``.

    Parameters
    ----------
    objects : number of objects after selection
    seed : non-negative
    population : ``"pretraining"``: spectrum at a random time from explosion to peak;
        ``"observed"``: brighter than 18.5 mag, other templates, noise and host light, spectrum
        around peak (see `populations.Population`)
    classes : class -> fraction (normalised); names of `populations.CLASSES`
    noise : False gives the perfect magnitudes and fluxes at the same points, with the same errors
    spectrum_snr : median signal-to-noise ratio per pixel of 25 Angstrom
    min_points : detections needed in each band
    engine : what makes the light, see `templates.engine`
    chunk : objects at a time

    Returns
    -------
    Tables
        ``objects``: object_id, class, subtype, redshift, mwebv (mag), ra, dec (deg), explosion_time
        (MJD) and the latent parameters, units in `populations.draw` and `explosions.complete`.
        ``photometry``: AB mag, detections only.  ``spectra``: 220 pixels of 3700-9200 Angstrom,
        flux in 1e-15 erg/s/cm^2/Angstrom; made while they are read.  Both can be read once.

    Raises
    ------
    InputError
        an unknown class or population, or a class that the survey practically never selects
    """
    settings = _settings(seed, population, classes, noise, spectrum_snr, min_points, engine)
    starts = range(0, objects, chunk)
    parts = [_select(settings, np.arange(i, min(i + chunk, objects))) for i in starts]
    return Tables(
        objects=pd.concat([_objects(settings, events) for events, _ in parts], ignore_index=True),
        photometry=(_photometry(settings, points) for _, points in parts),
        spectra=(_spectra(settings, events) for events, _ in parts),
        drops=Counter(),
    )


def _settings(
    seed: int,
    population: str,
    classes: Mapping[str, float],
    noise: bool,
    snr: float,
    points: int,
    engine: ev.Engine,
) -> Settings:
    unknown = [name for name in classes if name not in pop.CLASSES]
    if unknown or not classes:
        raise InputError(f"classes: {unknown} cannot be simulated; use some of {pop.CLASSES}")
    if population not in pop.POPULATIONS:
        raise InputError(f"population: {population!r} is none of {tuple(pop.POPULATIONS)}")
    return Settings(seed, pop.POPULATIONS[population], dict(classes), noise, snr, points, engine)


# --- selection -----------------------------------------------------------------------------------


def _select(settings: Settings, rows: Rows) -> tuple[Events, Points]:
    """Objects ``rows`` as selected: those that fail are drawn again until none is left."""
    kept: list[tuple[Events, Points]] = []
    for attempt in range(_ATTEMPTS):
        classes = _classes(settings, rows)
        events = ev.draw(
            settings.seed, settings.population, classes, rows, attempt, settings.engine
        )
        good, points = _observe(settings, events, attempt)
        kept.append((events.take(good), points))
        rows = rows[~good]
        if len(rows) == 0:
            return _merge(kept)
    names = sorted(set(_classes(settings, rows)))
    raise InputError(f"min_points: {names} hardly ever reach {settings.min_points}; lower it")


def _classes(settings: Settings, rows: Rows) -> NDArray[np.str_]:
    names = np.array(list(settings.classes))
    return names[quota(rows, np.array(list(settings.classes.values())))]


def _merge(parts: list[tuple[Events, Points]]) -> tuple[Events, Points]:
    """All attempts together, in the order of the objects."""
    events, points = zip(*parts, strict=True)
    all_events = ev.concatenate(events)
    order = np.argsort(np.concatenate([p.rows for p in points]), kind="stable")
    columns = [np.concatenate(column)[order] for column in zip(*points, strict=True)]
    return all_events.take(np.argsort(all_events.rows)), Points._make(columns)


def _observe(settings: Settings, events: Events, attempt: int) -> tuple[NDArray[np.bool_], Points]:
    """Which events are selected, (events,), and the detections of those."""
    stream = f"{settings.population.name}-visits"
    sizes = observing.VISIT_UNIFORMS, observing.VISIT_NORMALS
    random = draws(settings.seed, stream, events.rows, *sizes, attempt)
    latents = events.latents
    cadence = settings.population.cadence
    plan = observing.visits(latents["first_night"], latents["ra"], cadence, random)
    age = (plan.time - latents["explosion_time"][:, None]) / (1 + latents["redshift"][:, None])
    span = np.array([pop.KINDS[kind].span for kind in events.kind])
    seen = plan.open & (age > 0.3) & (age < span[:, None])
    true = ev.fluxes(events, plan.band, age, seen)
    sigma = observing.noise(true, plan.depth, settings.population.calibration)
    deviate = random.normal[:, -2 * observing.NIGHTS :] * settings.population.underestimate
    noisy = true + sigma * deviate
    detected = seen & (noisy > 5 * sigma)
    good = _good(settings, detected, noisy, plan.band)
    error = 2.5 / np.log(10) * sigma / np.where(detected, noisy, np.inf)
    value = noisy if settings.noise else true
    return good, _points(events.rows, plan, value, error, detected & good[:, None])


def _good(
    settings: Settings, detected: NDArray[np.bool_], flux: Floats, band: Rows
) -> NDArray[np.bool_]:
    """The survey's selection, (events,)."""
    good = np.ones(len(detected), dtype=bool)
    for code in range(len(observing.BANDS)):
        good &= detected[:, band == code].sum(axis=1) >= settings.min_points
    if settings.population.selected is not None:
        brightest = np.where(detected, flux, 0.0).max(axis=1)
        good &= brightest > bands.flux(np.float64(settings.population.selected))
    return good


def _points(
    rows: Rows, plan: observing.Visits, flux: Floats, error: Floats, which: NDArray[np.bool_]
) -> Points:
    """Flat detections of (objects, visits) in order of time; ``error`` in mag."""
    order = np.argsort(plan.time, axis=1, kind="stable")
    event, rank = np.nonzero(np.take_along_axis(which, order, axis=1))
    at = event, order[event, rank]
    mag = bands.magnitude(flux[at]).astype(np.float32)
    band = plan.band[at[1]].astype(np.int8)
    return Points(rows[event], plan.time[at], mag, error[at].astype(np.float32), band)


# --- tables --------------------------------------------------------------------------------------


def _identifiers(settings: Settings, rows: Rows) -> NDArray[np.object_]:
    prefix = pop.PREFIX[settings.population.name]
    return np.array([f"{prefix}-{row:07d}" for row in rows], dtype=object)


def _objects(settings: Settings, events: Events) -> pd.DataFrame:
    frame = pd.DataFrame(events.latents)
    stripped = np.isin(events.kind, ("SN Ib", "SN Ic"))
    frame.insert(0, "object_id", _identifiers(settings, events.rows))
    frame.insert(1, "class", np.where(stripped, "SN Ib/c", events.kind))
    frame.insert(2, "subtype", events.kind)
    frame["template"] = ev.templates(events)
    return frame.drop(columns=["first_night", "other_1", "other_2"])


def _photometry(settings: Settings, points: Points) -> pd.DataFrame:
    names, code = np.unique(points.rows, return_inverse=True)
    return pd.DataFrame(
        {
            "object_id": _identifiers(settings, names)[code],
            "time": points.time,
            "band": np.array(observing.BANDS, dtype=object)[points.band],
            "mag": points.mag,
            "mag_err": points.mag_err,
        }
    )


def _spectra(settings: Settings, events: Events) -> pd.DataFrame:
    """One spectrum of each event."""
    population = settings.population
    stream = f"{population.name}-spectrum"
    uniform, normal = draws(settings.seed, stream, events.rows, 2, observing.SPECTRUM_NORMALS)
    age = _spectrum_age(population, events.latents["peak_time"], uniform[:, 0], normal[:, -1])
    # Host light: exponential, at most as much as the supernova's own.
    host = np.minimum(-population.contamination * np.log1p(-uniform[:, 1]), 1.0)
    flux = ev.spectra(events, age, host)
    snr = settings.spectrum_snr * np.exp(population.snr_scatter * normal[:, -2])
    sigma = observing.spectrum_noise(flux, snr)
    if settings.noise:
        flux = flux + sigma * normal[:, : len(observing.PIXELS)]
    wavelength = observing.PIXELS.astype(np.float32)
    return pd.DataFrame(
        {
            "object_id": _identifiers(settings, events.rows),
            "time": events.latents["explosion_time"] + age * (1 + events.latents["redshift"]),
            "wavelength": [wavelength] * len(age),
            "flux": list(flux.astype(np.float32)),
            "flux_err": list(sigma.astype(np.float32)),
            "frame": "observed",
        }
    )


def _spectrum_age(
    population: pop.Population, peak: Floats, uniform: Floats, normal: Floats
) -> Floats:
    """Rest-frame days since explosion at which the spectrum is taken, (events,)."""
    if population.spectrum == "rise":
        return 1.0 + uniform * np.maximum(peak - 1.0, 0.0)
    return np.maximum(peak + 1.0 + 6.0 * normal, 2.0)
