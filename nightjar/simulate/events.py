"""Supernovae as seen from Earth: from latent parameters to fluxes at any time and wavelength."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate import bands, cadence, cosmology, explosions
from nightjar.simulate import populations as pop
from nightjar.simulate.dust import transmission
from nightjar.simulate.light import Engine
from nightjar.simulate.randomness import Floats, draws
from nightjar.simulate.spectrographs import SEDM, host_spectrum
from nightjar.simulate.templates import Templates

Rows = NDArray[np.int64]
_NARROW = 25.0  # Angstrom: narrow lines are widened to this in photometry, so that nodes catch them
_ZTF = (bands.named("g"), bands.named("r"))


class Events(NamedTuple):
    """Some supernovae, (events,) each but for the line strengths."""

    rows: Rows  # number of the object
    kind: NDArray[np.str_]  # a name of populations.KINDS
    latents: pop.Latents
    scales: Floats  # (events, LINES_MAX) factors on the strengths of the kind's lines
    engine: Engine = explosions

    def take(self, which: NDArray[np.bool_] | Rows) -> Events:
        """Only these events."""
        latents = {name: values[which] for name, values in self.latents.items()}
        return self._replace(
            rows=self.rows[which],
            kind=self.kind[which],
            latents=latents,
            scales=self.scales[which],
        )


def concatenate(parts: Sequence[Events]) -> Events:
    """All parts' events, one part after the other; they share an engine."""
    latents = {
        name: np.concatenate([part.latents[name] for part in parts]) for name in parts[0].latents
    }
    return parts[0]._replace(
        rows=np.concatenate([part.rows for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        latents=latents,
        scales=np.concatenate([part.scales for part in parts]),
    )


def templates(events: Events) -> NDArray[np.object_]:
    """Name of the SED series that each event is made from, "builtin" without one, (events,)."""
    names = events.engine.names if isinstance(events.engine, Templates) else ()
    return np.array([*names, "builtin"], dtype=object)[events.latents["template"].astype(np.int64)]


class Sight(NamedTuple):
    """The line of sight to events at some observed wavelengths, (events, pixels)."""

    rest: Floats  # Angstrom, rest frame
    factor: Floats  # 1e-15 erg/s/cm^2/Angstrom received per erg/s/Angstrom emitted


def draw(
    seed: int,
    population: pop.Population,
    classes: NDArray[np.str_],
    rows: Rows,
    attempt: int,
    engine: Engine = explosions,
    limit: Floats | None = None,
) -> Events:
    """Draw the latent parameters of objects ``rows`` of the given classes.

    Adds to those of `populations.draw` and of the engine's ``complete``: ra, dec (deg, evenly over
    the sky north of -30 deg), explosion_time and first_night (MJD); and magnitude_limit (mag) where
    the events have their own ``limit`` (events,), see `populations.draw`.
    """
    stream = f"{population.name}-latent"
    uniform, normal = draws(seed, stream, rows, pop.LATENT_UNIFORMS, pop.LATENT_NORMALS, attempt)
    kind = pop.subtype(classes, uniform)
    latents: pop.Latents = {}
    for name in np.unique(kind):
        of = np.flatnonzero(kind == name)
        own = None if limit is None else limit[of]
        drawn = pop.draw(str(name), population, uniform[of], normal[of], own)
        for key, values in engine.complete(str(name), drawn).items():
            latents.setdefault(key, np.full(len(rows), np.nan))[of] = values
    latents.setdefault("template", np.full(len(rows), -1.0))
    latents["ra"] = 360 * uniform[:, -5]
    latents["dec"] = np.degrees(np.arcsin(-0.5 + 1.5 * uniform[:, -6]))
    first, last = cadence.FIRST, cadence.LAST
    latents["explosion_time"] = first + uniform[:, -7] * (last - first)
    latents["first_night"] = latents["explosion_time"] - 10 * uniform[:, -8]
    if limit is not None:
        latents["magnitude_limit"] = limit
    free = 3 * pop.CANDIDATES + 9
    scales = np.exp(population.lines * normal[:, free : free + pop.LINES_MAX])
    return Events(rows, kind, latents, scales, engine)


def sight(latents: pop.Latents, wavelength: Floats) -> Sight:
    """Redshift, distance and both dusts at observed ``wavelength`` (pixels,) in Angstrom."""
    column = {name: values[:, None] for name, values in latents.items()}
    one = 1 + column["redshift"]
    rest = wavelength / one
    factor = transmission(wavelength[None, :], column["mwebv"])
    factor = factor * transmission(rest, column["host_ebv"], column["host_rv"])
    # The intrinsic colour of a SN Ia acts like dust about its mean; M_B already counts it.
    # A SED series has its own colour law.
    colour = np.where(column["template"] < 0, np.nan_to_num(column["colour_c"] + 0.084), 0.0)
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
    latents = {name: values[event] for name, values in events.latents.items()}
    light = events.engine.luminosity_density(
        kind,
        latents,
        age,
        seen.rest[event],
        events.scales[event],
        resolution / (1 + latents["redshift"]),
    )
    light *= seen.factor[event]
    return light


def fluxes(
    events: Events,
    band: Rows,
    age: Floats,
    seen: NDArray[np.bool_],
    passbands: Sequence[bands.Band] = _ZTF,
) -> Floats:
    """Fluxes in nJy through the survey's bands, (events, visits); zero where not ``seen``.

    Parameters
    ----------
    band : (visits,) index into ``passbands``
    age : (events, visits) rest-frame days since explosion
    """
    out = np.zeros(age.shape)
    for code, passband in enumerate(passbands):
        line_of_sight = sight(events.latents, passband.wavelength)
        for kind in np.unique(events.kind):
            of = (events.kind == kind)[:, None] & (band == code)
            event, visit = np.nonzero(seen & of)
            light = received(str(kind), events, event, age[event, visit], line_of_sight, _NARROW)
            out[event, visit] = (light * passband.weight).sum(axis=1)
    return out


def spectra(
    events: Events,
    age: Floats,
    host: Floats,
    pixels: Floats = SEDM.wavelength,
    resolution: float = SEDM.line_spread,
) -> Floats:
    """Spectra without noise, in 1e-15 erg/s/cm^2/Angstrom, (events, pixels).

    Parameters
    ----------
    age : (events,) rest-frame days since explosion
    host : (events,) host light over supernova light at 6000 Angstrom
    pixels : (pixels,) Angstrom, observer frame; those of the SEDM-like spectrograph if not given
    resolution : Angstrom (standard deviation), observer frame
    """
    out = np.empty((len(age), len(pixels)))
    seen = sight(events.latents, pixels)
    for kind in np.unique(events.kind):
        event = np.flatnonzero(events.kind == kind)
        out[event] = received(str(kind), events, event, age[event], seen, resolution)
    middle = out[:, [int(np.argmin(np.abs(pixels - 6000)))]]
    return out + host[:, None] * middle * host_spectrum(seen.rest)
