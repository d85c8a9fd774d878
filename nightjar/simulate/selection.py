"""Which events a survey selects, and their detections; those that fail are drawn anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from nightjar.errors import InputError
from nightjar.simulate import bands, cadence, observing
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop
from nightjar.simulate.events import Events, Rows
from nightjar.simulate.light import Engine
from nightjar.simulate.randomness import Floats, hashed, quota
from nightjar.simulate.spectrographs import Spectrograph
from nightjar.simulate.survey import Survey

_ATTEMPTS = 200
_YOUNGEST = 0.3  # rest-frame days since explosion from which there is light to see
_DISCOVERED = 1.25  # times from explosion to peak until which an event may go unnoticed


class Settings(NamedTuple):
    """What `supernovae.simulate` was asked for, but for the number of objects."""

    seed: int
    population: pop.Population
    survey: Survey
    classes: dict[str, float]
    passbands: dict[str, bands.Band]
    spectrograph: Spectrograph
    spectrum_snr: float
    host_light: float
    min_points: int
    engine: Engine
    spectra: int  # of each object
    phases: tuple[float, float] | None  # rest-frame days about peak; None: the survey's rule
    limits: tuple[float, float] | None  # magnitudes to which events are proposed; None: one
    follow_up: tuple[float, float] | None  # rest-frame days after peak; None: the kinds' spans


class Points(NamedTuple):
    """Detections, flat, sorted by object and time."""

    rows: Rows  # number of the object
    time: Floats  # MJD
    mag: NDArray[np.float32]
    mag_err: NDArray[np.float32]
    mag_perfect: NDArray[np.float32]
    band: NDArray[np.int8]  # index into the passbands


def select(settings: Settings, rows: Rows) -> tuple[Events, Points]:
    """Objects ``rows`` as selected: those that fail are drawn again until none is left.

    An object keeps its class and its limit: it belongs to a survey to that limit, whose next event
    takes the place of the one that fails.  A new limit with every attempt would favour the bright
    ones, whose events fail less often.

    Raises
    ------
    InputError
        A class is practically never selected.
    """
    kept: list[tuple[Events, Points]] = []
    for attempt in range(_ATTEMPTS):
        classes = _classes(settings, rows)
        events = ev.draw(
            settings.seed,
            settings.population,
            classes,
            rows,
            attempt,
            settings.engine,
            _limits(settings, rows),
        )
        good, points = observe(settings, events, attempt)
        kept.append((events.take(good), points))
        rows = rows[~good]
        if len(rows) == 0:
            return _merge(kept)
    names = ", ".join(sorted(set(_classes(settings, rows))))
    remedy = "lower it" if settings.limits is None else "lower it, or the fainter magnitude_limit"
    raise InputError(f"min_points: {names} hardly ever reach {settings.min_points}; {remedy}")


def _limits(settings: Settings, rows: Rows) -> Floats | None:
    """Magnitude to which each object's events are proposed, uniform between the two ends."""
    if settings.limits is None:
        return None
    bright, faint = settings.limits
    return bright + (faint - bright) * hashed(
        settings.seed, f"{settings.population.name}-limit", rows
    )


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


def observe(settings: Settings, events: Events, attempt: int) -> tuple[NDArray[np.bool_], Points]:
    """Which events are selected, (events,), and the detections of those."""
    survey, latents = settings.survey, events.latents
    passbands = list(settings.passbands.values())
    explosion, one = latents["explosion_time"], 1 + latents["redshift"]
    begin, end = followed(settings, events, attempt)
    stop = explosion + one * end
    start, place = latents["first_night"], (latents["ra"], latents["dec"])
    plan = cadence.visits(survey, settings.seed, start, stop, *place, passbands)
    age = (plan.time - explosion[:, None]) / one[:, None]
    seen = plan.made & (age > begin[:, None]) & (plan.time < stop[:, None])
    true = ev.fluxes(events, plan.band, age, seen, passbands)
    at = np.nonzero(seen)
    wavelength = np.array([passband.mean for passband in passbands])[plan.band[at[1]]]
    sigma = observing.noise(survey, true[at], plan.depth[at], wavelength)
    noisy = np.zeros(seen.shape)
    counters = events.rows[at[0]], attempt, at[1]
    deviate = ndtri(hashed(settings.seed, f"{survey.name}-noise", *counters))
    noisy[at] = true[at] + sigma / survey.claimed * deviate
    error = np.zeros(seen.shape)
    error[at] = sigma
    found = seen & observing.detected(noisy, plan.depth)
    good = _good(settings, found, noisy, plan.band)
    return good, _points(events.rows, plan, (noisy, error, true), found & good[:, None])


def followed(settings: Settings, events: Events, attempt: int) -> tuple[Floats, Floats]:
    """Rest-frame days since explosion between which events are looked at, (events,) each.

    With ``follow_up`` the last is peak_time and a number of days, even in its logarithm, and the
    first is even between the explosion and 1.25 peak_time: of 489 real pairs a quarter begin at
    their brightest point, half within 6 days before it.  Neither asks for the class, which would
    else be told by the length of every light curve that does not fade.
    """
    if settings.follow_up is None:
        spans = np.array([pop.KINDS[kind].span for kind in events.kind])
        return np.full(len(spans), _YOUNGEST), spans
    name, (shortest, longest) = f"{settings.population.name}-follow-up", settings.follow_up
    early, late = (hashed(settings.seed, name, events.rows, attempt, i) for i in (0, 1))
    peak = events.latents["peak_time"]
    begin = np.maximum(_DISCOVERED * peak * early, _YOUNGEST)
    return begin, peak + shortest * (longest / shortest) ** late


def _good(
    settings: Settings, found: NDArray[np.bool_], flux: Floats, band: Rows
) -> NDArray[np.bool_]:
    """The survey's selection, (events,)."""
    good = np.ones(len(found), dtype=bool)
    for code in range(len(settings.passbands)):
        good &= found[:, band == code].sum(axis=1) >= settings.min_points
    if settings.survey.selected is not None:
        brightest = np.where(found, flux, 0.0).max(axis=1)
        good &= brightest > bands.flux(settings.survey.selected)
    return good


def _points(
    rows: Rows,
    plan: cadence.Visits,
    fluxes: tuple[Floats, Floats, Floats],
    which: NDArray[np.bool_],
) -> Points:
    """Flat detections in order of time; fluxes are observed, error and perfect, in nJy."""
    event, visit = np.nonzero(which)
    order = np.lexsort((plan.time[event, visit], event))
    at = event[order], visit[order]
    flux, error, true = (values[at] for values in fluxes)
    return Points(
        rows[at[0]],
        plan.time[at],
        bands.magnitude(flux).astype(np.float32),
        (2.5 / np.log(10) * error / flux).astype(np.float32),
        observing.perfect_magnitude(true).astype(np.float32),
        plan.band[at[1]].astype(np.int8),
    )
