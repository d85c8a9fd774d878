"""A simulated twin of every real supernova: the same place, visits and errors, other physics.

A real sample mixes the cadences, bands, depths and redshifts of dozens of surveys, which any
classifier sees at once.  A twin has all of these from its real object, so that only the physics
can give it away.  What is not physics is taken out: the date of the explosion is the one at which
the twin follows the real light curve best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter

from nightjar.ragged import LightCurve, Spectrum
from nightjar.realism.observed import Floats, Ints, Observed, number
from nightjar.simulate import bands, events, populations
from nightjar.simulate.events import Events
from nightjar.simulate.light import Engine
from nightjar.simulate.randomness import draws

_AGES = np.concatenate([np.arange(0.5, 90.0), np.arange(90.5, 262.0, 2.0)])  # rest-frame days
_SHIFTS = np.arange(-30.0, 30.5)  # rest-frame days that a twin's maximum may lie off the brightest
_DATED_BY = (-30.0, 40.0)  # rest-frame days around the brightest night that date a twin
_SOFTENING = 0.3  # mag, added to the errors while it is dated: shapes differ, this is no fit
_CUT = 25.0  # squared deviation beyond which a point counts no more
_PIXELS = np.arange(3000.0, 10500.0, 5.0)  # Angstrom, of spectra
_SPREAD = 5.0  # Angstrom, standard deviation of the spectrographs' resolution
_POINTS = 1024  # random numbers for points: more nights than any object has
_BLOCK = 200  # objects at a time


class Pair(NamedTuple):
    """A real object and its twin, at the same times."""

    real: Observed
    twin: Observed
    unseen: int  # visits left out of both: the real object was seen before the twin exploded


class Physics(NamedTuple):
    """What twins are drawn from."""

    population: populations.Population
    engine: Engine
    seed: int


def make(real: list[Observed], label: str, physics: Physics) -> list[Pair]:
    """A twin of each real object of a class; the twin of an object does not depend on the others.

    Latent parameters come from `events.draw`; redshift, Milky Way dust and passbands are the real
    object's (no dust where it is unknown), and so are the times and errors of the points, and
    wavelengths, rest-frame phase and signal-to-noise ratio of the spectrum.  Noise is Gaussian in
    magnitudes, as the errors are.  Nothing is detected or lost: the real visits are detections, and
    the twin is measured at the same ones with the same signal-to-noise ratio.

    Parameters
    ----------
    real : objects of one class
    label : a class of `populations.CLASSES`
    """
    blocks = (real[start : start + _BLOCK] for start in range(0, len(real), _BLOCK))
    return [pair for block in blocks for pair in _pairs(block, label, physics)]


def _pairs(real: list[Observed], label: str, physics: Physics) -> list[Pair]:
    seed, rows = physics.seed, np.array([number(each.object_id) for each in real])
    classes = np.full(len(real), label)
    drawn = events.draw(seed, physics.population, classes, rows, 0, physics.engine)
    twins = _at_the_place_of(real, drawn)
    point = draws(seed, "twin-points", rows, 0, _POINTS).normal
    each = zip(real, twins.latents["peak_time"], _light(twins, real), point, strict=True)
    dated = [_dated(*one) for one in each]
    spectra = _spectra(twins, np.array([age for _, age in dated]), real)
    pixel = draws(seed, "twin-pixels", rows, 0, len(_PIXELS)).normal
    return [
        pair._replace(twin=pair.twin._replace(spectrum=_spectrum(pair.real.spectrum, flux, noise)))
        for (pair, _), flux, noise in zip(dated, spectra, pixel, strict=True)
    ]


def _at_the_place_of(real: list[Observed], drawn: Events) -> Events:
    """The events at the redshifts and behind the Milky Way dust of the real objects."""
    dust = np.nan_to_num(np.array([each.mwebv for each in real]), nan=0.0)
    latents = drawn.latents | {
        "redshift": np.array([each.redshift for each in real]),
        "mwebv": dust,
    }
    return drawn._replace(latents=latents)


def _passband(name: str) -> tuple[bands.Band, float]:
    """Quadrature nodes of a raw band, and AB - Vega where it is given in Vega magnitudes.

    Collected light curves in Johnson-Cousins bands are Vega, all others AB.  Their g and r come
    from half a dozen telescopes; ZTF's stand for all.
    """
    return bands.named(name), bands.VEGA.get(name, 0.0)


def _light(twins: Events, real: list[Observed]) -> Floats:
    """Magnitudes in the real objects' passbands at the ages `_AGES`, (objects, bands, ages)."""
    out = np.empty((len(real), 2, len(_AGES)))
    for code in range(2):
        names = np.array([each.passbands[code] for each in real])
        for name in np.unique(names):
            passband, offset = _passband(str(name))
            of = np.flatnonzero(names == name)
            age = np.tile(_AGES, (len(of), 1))
            one_band, all_seen = np.zeros(len(_AGES), np.int64), np.ones(age.shape, bool)
            flux = events.fluxes(twins.take(of), one_band, age, all_seen, (passband,))
            out[of, code] = bands.magnitude(np.maximum(flux, 1e-9)) - offset
    return out


def _dated(real: Observed, peak: float, light: Floats, noise: Floats) -> tuple[Pair, float]:
    """The pair at the best date, and the twin's age (rest-frame days) on the brightest night.

    A real point is compared with the twin's magnitude less a constant, the mean difference, so
    that brightness plays no part; a point off by over 5 deviations, or seen before the
    twin explodes, counts as 5.
    """
    curve = real.curve
    phase = real.phase(curve.time)
    age = phase + peak - _SHIFTS[:, None]
    mag = _magnitudes(light, curve.band, age)
    exploded = age > _AGES[0]
    counts = (phase > _DATED_BY[0]) & (phase < _DATED_BY[1])
    weight = exploded * counts / (np.asarray(curve.error) ** 2 + _SOFTENING**2)
    off = curve.value - mag
    off -= ((off * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9))[:, None]
    cost = np.where(exploded, np.minimum(off**2 * weight, _CUT), _CUT * counts)
    best = int(np.argmin(cost.sum(axis=1)))
    seen = exploded[best]
    value = mag[best] + noise[: len(phase)] * curve.error
    shown = LightCurve(*(column[seen] for column in curve))
    twin = real._replace(curve=shown._replace(value=value[seen]))
    pair = Pair(real._replace(curve=shown), twin, int((~seen).sum()))
    return pair, float(peak - _SHIFTS[best])


def _magnitudes(light: Floats, band: Ints, age: Floats) -> Floats:
    """Magnitudes at any age, (shifts, points), from those at `_AGES`."""
    out = np.empty(age.shape)
    for code in range(2):
        mine = band == code
        out[:, mine] = np.interp(age[:, mine], _AGES, light[code])
    return out


def _spectra(twins: Events, night: Floats, real: list[Observed]) -> Floats:
    """Spectra on `_PIXELS` at the rest-frame phases of the real ones, (objects, pixels).

    Without host light: the real spectra are of supernovae near maximum, mostly nearby.
    """
    phase = [each.phase(each.spectrum.time) if each.spectrum else 0.0 for each in real]
    age = np.maximum(night + np.array(phase), _AGES[0])
    return events.spectra(twins, age, np.zeros(len(real)), _PIXELS, _SPREAD)


def _spectrum(real: Spectrum | None, flux: Floats, noise: Floats) -> Spectrum | None:
    """The twin's spectrum at the wavelengths and with the signal-to-noise ratio of the real one."""
    if real is None:
        return None
    perfect = np.interp(real.wavelength, _PIXELS, flux)
    share = noise_share(np.asarray(real.flux, float))
    deviate = np.resize(noise, len(perfect))
    return real._replace(
        flux=perfect * (1 + share * deviate), flux_err=np.full(len(perfect), np.nan)
    )


def noise_share(flux: Floats, width: int = 51) -> Floats:
    """Noise over signal of each pixel of a spectrum, from how pixels differ from their neighbours.

    The second difference f[i-1] - 2 f[i] + f[i+1] of white noise has 6 times its variance; its
    median absolute value over ``width`` pixels, over 0.6745, is a deviation that lines hardly
    touch.  Most published spectra have no errors.
    """
    if len(flux) < 5:
        return np.zeros(len(flux))
    rough = np.abs(np.convolve(flux, [1.0, -2.0, 1.0], mode="same"))
    rough[[0, -1]] = rough[[1, -2]]
    deviation = median_filter(rough, width, mode="nearest") / (0.6745 * np.sqrt(6))
    signal = median_filter(np.abs(flux), width, mode="nearest")
    return np.minimum(deviation / np.maximum(signal, 1e-30), 1.0)
