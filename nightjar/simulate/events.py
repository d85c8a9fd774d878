"""Supernovae as seen from Earth: from latent parameters to fluxes at any time and wavelength."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate import bands, cosmology, explosions, observing, sed
from nightjar.simulate import populations as pop
from nightjar.simulate.dust import transmission
from nightjar.simulate.lines import LINES
from nightjar.simulate.randomness import Floats, draws

Rows = NDArray[np.int64]
_NARROW = 25.0  # Angstrom: narrow lines are widened to this in photometry, so that nodes catch them


class Events(NamedTuple):
    """Some supernovae, (events,) each but for the line strengths."""

    rows: Rows  # number of the object
    kind: NDArray[np.str_]  # a name of populations.KINDS
    latents: pop.Latents
    scales: Floats  # (events, LINES_MAX) factors on the strengths of the kind's lines

    def take(self, which: NDArray[np.bool_] | Rows) -> Events:
        """Only these events."""
        latents = {name: values[which] for name, values in self.latents.items()}
        return Events(self.rows[which], self.kind[which], latents, self.scales[which])


class Sight(NamedTuple):
    """The line of sight to events at some observed wavelengths, (events, pixels)."""

    rest: Floats  # Angstrom, rest frame
    factor: Floats  # 1e-15 erg/s/cm^2/Angstrom received per erg/s/Angstrom emitted


def draw(
    seed: int, population: pop.Population, classes: NDArray[np.str_], rows: Rows, attempt: int
) -> Events:
    """Draw the latent parameters of objects ``rows`` of the given classes.

    Adds to those of `populations.draw` and `explosions.complete`: ra, dec (deg, evenly over the sky
    north of -30 deg), explosion_time and first_night (MJD).
    """
    stream = f"{population.name}-latent"
    uniform, normal = draws(seed, stream, rows, pop.LATENT_UNIFORMS, pop.LATENT_NORMALS, attempt)
    kind = pop.subtype(classes, uniform)
    latents: pop.Latents = {}
    for name in np.unique(kind):
        of = np.flatnonzero(kind == name)
        drawn = pop.draw(str(name), population, uniform[of], normal[of])
        for key, values in explosions.complete(str(name), drawn).items():
            latents.setdefault(key, np.full(len(rows), np.nan))[of] = values
    latents["ra"] = 360 * uniform[:, -5]
    latents["dec"] = np.degrees(np.arcsin(-0.5 + 1.5 * uniform[:, -6]))
    first, last = observing.FIRST, observing.LAST
    latents["explosion_time"] = first + uniform[:, -7] * (last - first)
    latents["first_night"] = latents["explosion_time"] - 10 * uniform[:, -8]
    free = 3 * pop.CANDIDATES + 9
    scales = np.exp(population.lines * normal[:, free : free + pop.LINES_MAX])
    return Events(rows, kind, latents, scales)


def sight(latents: pop.Latents, wavelength: Floats) -> Sight:
    """Redshift, distance and both dusts at observed ``wavelength`` (pixels,) in Angstrom."""
    column = {name: values[:, None] for name, values in latents.items()}
    one = 1 + column["redshift"]
    rest = wavelength / one
    factor = transmission(wavelength[None, :], column["mwebv"])
    factor = factor * transmission(rest, column["host_ebv"], column["host_rv"])
    # The intrinsic colour of a SN Ia acts like dust about its mean; M_B already counts it.
    colour = np.nan_to_num(column["colour_c"] + 0.084)
    factor *= transmission(rest, colour) / transmission(np.float64(4400.0), colour)
    area = 4 * np.pi * cosmology.distance(column["redshift"]) ** 2
    return Sight(rest, 1e15 * factor / (area * one))


def received(
    kind: str, events: Events, event: Rows, age: Floats, seen: Sight, resolution: float
) -> Floats:
    """Flux density at the telescope in 1e-15 erg/s/cm^2/Angstrom, (times, pixels).

    Parameters
    ----------
    kind : the kind of all events that ``event`` points at
    event : (times,) row in ``events``; age : (times,) rest-frame days since its explosion
    seen : their lines of sight
    resolution : Angstrom (standard deviation), observer frame
    """
    names = ("redshift", "blanketing", *explosions.LATENTS)
    latents = {name: events.latents[name][event] for name in names}
    light = sed.luminosity_density(
        seen.rest[event],
        explosions.photospheres(kind, latents, age),
        LINES[kind],
        latents["blanketing"],
        events.scales[event, : len(LINES[kind])],
        resolution / (1 + latents["redshift"]),
    )
    light *= seen.factor[event]
    return light


def fluxes(events: Events, band: Rows, age: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Fluxes in nJy through the survey's bands, (events, visits); zero where not ``seen``.

    Parameters
    ----------
    band : (visits,) index into `observing.BANDS`
    age : (events, visits) rest-frame days since explosion
    """
    out = np.zeros(age.shape)
    for code, name in enumerate(observing.BANDS):
        passband = bands.ZTF[name]
        line_of_sight = sight(events.latents, passband.wavelength)
        for kind in np.unique(events.kind):
            of = (events.kind == kind)[:, None] & (band == code)
            event, visit = np.nonzero(seen & of)
            light = received(str(kind), events, event, age[event, visit], line_of_sight, _NARROW)
            out[event, visit] = (light * passband.weight).sum(axis=1)
    return out


def spectra(events: Events, age: Floats, host: Floats) -> Floats:
    """Spectra of the SEDM-like spectrograph without noise, in 1e-15 erg/s/cm^2/Angstrom.

    Parameters
    ----------
    age : (events,) rest-frame days since explosion
    host : (events,) host light over supernova light at 6000 Angstrom

    Returns
    -------
    (events, 220)
    """
    out = np.empty((len(age), len(observing.PIXELS)))
    seen = sight(events.latents, observing.PIXELS)
    for kind in np.unique(events.kind):
        event = np.flatnonzero(events.kind == kind)
        out[event] = received(str(kind), events, event, age[event], seen, observing.LINE_SPREAD)
    middle = out[:, [int(np.argmin(np.abs(observing.PIXELS - 6000)))]]
    return out + host[:, None] * middle * observing.host_spectrum(seen.rest)
