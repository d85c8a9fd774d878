"""Spectra of the selected events: when each is taken, its host light and its noise."""

from __future__ import annotations

import numpy as np

from nightjar.simulate import events as ev
from nightjar.simulate.events import Events
from nightjar.simulate.randomness import Floats, draws, hashed
from nightjar.simulate.selection import Settings

_ATTEMPTS = 6
_YOUNGEST = 1.0  # rest-frame days since explosion before which no spectrum is taken


def observed_spectra(settings: Settings, events: Events) -> list[np.ndarray]:
    """``settings.spectra`` spectra of each event, those of an event one after the other.

    Returns
    -------
    row, time (MJD), flux, flux_err, flux_perfect : (spectra, ...) each; fluxes are float32 in 1e-15
        erg/s/cm^2/Angstrom.  An event's n-th spectrum does not depend on how many are taken.
    """
    taken = [_observed(settings, events, number) for number in range(settings.spectra)]
    order = np.argsort(np.tile(np.arange(len(events.rows)), settings.spectra), kind="stable")
    return [np.concatenate(columns)[order] for columns in zip(*taken, strict=True)]


def _observed(settings: Settings, events: Events, number: int) -> list[np.ndarray]:
    """The spectrum ``number`` of each event."""
    survey, instrument = settings.survey, settings.spectrograph
    pixels = instrument.wavelength
    stream = f"{survey.name}-spectrum"
    uniform, normal = draws(settings.seed, stream, events.rows, 2, len(pixels) + 4, number)
    age = _age(settings, events.latents["peak_time"], uniform[:, 0], normal[:, -1])
    # Host light: exponential, at most as much as the supernova's own on the average of 0.12.
    most = max(1.0, 8 * settings.host_light)
    host = np.minimum(-settings.host_light * np.log1p(-uniform[:, 1]), most)
    perfect = ev.spectra(events, age, host, pixels, instrument.line_spread)
    for attempt in range(_ATTEMPTS):
        dark = np.median(perfect, axis=1) <= 0
        if not dark.any():
            break
        age[dark] = _nearer(settings, events.take(dark), age[dark], number, attempt)
        lit = events.take(dark), age[dark], host[dark]
        perfect[dark] = ev.spectra(*lit, pixels, instrument.line_spread)
    snr = settings.spectrum_snr * np.exp(survey.snr_scatter * normal[:, -2])
    sigma = instrument.noise(perfect, snr)
    flux = perfect + sigma * normal[:, : len(pixels)]
    time = events.latents["explosion_time"] + age * (1 + events.latents["redshift"])
    return [events.rows, time, *(part.astype(np.float32) for part in (flux, sigma, perfect))]


def _age(settings: Settings, peak: Floats, uniform: Floats, normal: Floats) -> Floats:
    """Rest-frame days since explosion at which the spectrum is taken, (events,)."""
    if settings.phases is not None:
        first, last = (np.maximum(peak + phase, _YOUNGEST) for phase in settings.phases)
        return first + uniform * (last - first)
    if settings.survey.spectrum == "rise":
        return _YOUNGEST + uniform * np.maximum(peak - _YOUNGEST, 0.0)
    return np.maximum(peak + 1.0 + 6.0 * normal, 2.0)


def _nearer(settings: Settings, events: Events, age: Floats, number: int, attempt: int) -> Floats:
    """Another age for events that have no light then, as no spectrum is taken of none.

    SALT has hardly any light in its first days, and SED series end.  At peak there is light.  With
    ``phases`` it is any time between peak and the one before, so that what has light stays evenly
    covered, and peak in the end.
    """
    peak = events.latents["peak_time"]
    if settings.phases is None or attempt == _ATTEMPTS - 1:
        return peak
    stream = f"{settings.survey.name}-spectrum-again"
    return peak + (age - peak) * hashed(settings.seed, stream, events.rows, number, attempt)
