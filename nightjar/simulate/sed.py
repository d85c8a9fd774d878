"""Spectral energy of an expanding, cooling photosphere with line blanketing and P Cygni lines.

Bolometric luminosity L(t) and photospheric velocity v(t) give the radius R = v t and so the
temperature (L / 4 pi sigma R^2)^(1/4), which stops falling at a floor where the photosphere
recedes (the prescription of Nicholl+2017, ApJ 850, 55, section 2.4).  Ions come and go with
temperature, and their troughs move with the velocity, so that light curve and spectrum follow from
the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nightjar.simulate.engines import DAY, look_up
from nightjar.simulate.lines import Line
from nightjar.simulate.randomness import Floats

BOLTZMANN = 5.670374e-5  # Stefan-Boltzmann, erg/s/cm^2/K^4
LIGHT_KM = 299792.458  # km/s
_INSIDE = 0.88  # radius of the continuum over that of the lines
_SHARP = 8  # sharpness of the change to the floor
_ONSET = 10  # sharpness of an ion's window in temperature
_TEMPERATURES = np.geomspace(2500.0, 90000.0, 121)  # K, of the table of blanketing
_DEPTHS = np.linspace(0.0, 12.0, 121)
_BLOCK = 1024  # rows at a time: temporaries stay in the cache


class State(NamedTuple):
    """The photosphere at some times, (times,) each."""

    luminosity: Floats  # erg/s, bolometric
    temperature: Floats  # K
    velocity: Floats  # km/s


def photosphere(
    time: Floats,
    luminosity: Floats,
    velocity: Floats,
    slope: Floats,
    reference: Floats | float,
    floor: Floats,
) -> State:
    """Temperature and velocity at rest-frame days ``time`` since explosion.

    Parameters
    ----------
    luminosity : erg/s at those times
    velocity : km/s at day ``reference``; v = velocity (time / reference)^-slope
    floor : K, the temperature at which the photosphere recedes
    """
    safe = np.maximum(time, 0.3)
    speed = np.minimum(velocity * (safe / reference) ** -slope, 0.1 * LIGHT_KM)
    radius = _INSIDE * speed * 1e5 * safe * DAY
    hot = (luminosity / (4 * np.pi * BOLTZMANN * radius**2)) ** 0.25
    return State(luminosity, (hot**_SHARP + floor**_SHARP) ** (1 / _SHARP), speed)


def blackbody(wavelength: Floats, temperature: Floats) -> Floats:
    """pi B_lambda / (sigma T^4) in 1/Angstrom: integrates to one over wavelength.

    Parameters
    ----------
    wavelength : Angstrom; temperature : K; shapes broadcast
    """
    c1 = 2 * np.pi * 6.62607015e-27 * (2.99792458e10) ** 2  # erg cm^2 / s
    x = 1.438776877e8 / (wavelength * temperature)
    return c1 * 1e-8 / ((wavelength * 1e-8) ** 5 * np.expm1(x) * BOLTZMANN * temperature**4)


def _ramp(wavelength: Floats) -> Floats:
    """Grows by one per 1000 Angstrom below 4300 Angstrom."""
    return 0.45 * np.logaddexp(0.0, (4300.0 - wavelength) / 450.0)


@lru_cache(maxsize=1)
def _passed_table() -> Floats:
    """Share of a black body's energy that blanketing lets pass, (temperatures, depths)."""
    wavelength = np.geomspace(400.0, 60000.0, 800)
    light = blackbody(wavelength, _TEMPERATURES[:, None]) * wavelength
    light /= light.sum(axis=1, keepdims=True)
    through = np.exp(-_DEPTHS[:, None] * _ramp(wavelength))
    return np.array([(row * through).sum(axis=1) for row in light])


def continuum(wavelength: Floats, temperature: Floats, strength: Floats) -> Floats:
    """Black body under a forest of iron-group lines, in 1/Angstrom; integrates to one.

    The forest passes exp(-tau), tau = strength (9000 K / T)^2.5 s(wavelength), with s a ramp that
    grows by one per 1000 Angstrom below 4300 Angstrom: a smooth stand-in for the line opacity that
    takes over the ultraviolet as the ejecta cool (cf. the cut-off of Nicholl+2017, equation 12).
    The energy that it takes comes out again at all wavelengths in proportion.

    Parameters
    ----------
    wavelength : (rows, pixels) Angstrom
    temperature, strength : (rows,) K, depth at 9000 K
    """
    depth = strength * np.minimum((9000.0 / temperature) ** 2.5, 5.0)
    row = np.log(temperature / _TEMPERATURES[0]) / np.log(_TEMPERATURES[1] / _TEMPERATURES[0])
    passed = look_up(_passed_table(), row, depth / _DEPTHS[1])
    light = blackbody(wavelength, temperature[:, None])
    light *= np.exp(-depth[:, None] * _ramp(wavelength))
    light /= passed[:, None]
    return light


def bump(u: Floats) -> Floats:
    """A bell with compact support, (1 - u^2 / 8)^4 inside |u| < 2.83, close to exp(-u^2 / 2).

    Exactly zero outside, so that leaving out lines that do not reach a wavelength changes nothing.
    """
    inside = np.maximum(1.0 - 0.125 * u * u, 0.0)
    inside *= inside
    inside *= inside
    return inside


def presence(temperature: Floats, window: tuple[float, float]) -> Floats:
    """How far an ion shows at this temperature, 0 to 1."""
    low, high = window
    return 1 / ((1 + (low / temperature) ** _ONSET) * (1 + (temperature / high) ** _ONSET))


def add_line(
    profile: Floats, wavelength: Floats, line: Line, state: State, scale: Floats, resolution: Floats
) -> None:
    """Multiply ``profile`` in place by one line's P Cygni shape.

    Parameters
    ----------
    profile, wavelength : (rows, pixels); wavelength in Angstrom, rest frame
    state : (rows,) photospheres
    scale : (rows,) factor on the line's strength
    resolution : (rows,) Angstrom (standard deviation) of the instrument in the rest frame; lines
        are widened by it in quadrature and lowered in proportion, which keeps the equivalent width
    """
    strength = presence(state.temperature, line.window) * scale
    speed = state.velocity * line.speed
    for height, centre, width in (
        (line.emission, np.zeros_like(speed), line.width or 0.42 * speed),
        (-line.absorption, -speed, 0.27 * speed),
    ):
        if height == 0:
            continue
        sigma = line.wavelength * np.asarray(width + 0 * speed) / LIGHT_KM
        wide = np.sqrt(sigma**2 + resolution**2)
        middle = line.wavelength * (1 + centre / LIGHT_KM)
        reach = 2.83 * wide.max()
        if (wavelength.max() < middle.min() - reach) or (wavelength.min() > middle.max() + reach):
            continue
        # A trough saturates: never deeper than 95 % of the light.
        amplitude = np.maximum(height * strength, -0.95) * sigma / wide
        profile *= 1 + amplitude[:, None] * bump((wavelength - middle[:, None]) / wide[:, None])


def luminosity_density(
    wavelength: Floats,
    state: State,
    lines: Sequence[Line],
    blanket: Floats,
    scales: Floats,
    resolution: Floats,
) -> Floats:
    """Luminosity per wavelength in erg/s/Angstrom, (rows, pixels).

    Parameters
    ----------
    wavelength : (rows, pixels) Angstrom, rest frame
    state : (rows,) photospheres
    lines : the class's lines
    blanket : (rows,) strength of the blanketing
    scales : (rows, lines) factors on the line strengths
    resolution : see `add_line`
    """
    out = np.empty_like(wavelength)
    for start in range(0, len(wavelength), _BLOCK):
        rows = slice(start, start + _BLOCK)
        part, wave = State(*(x[rows] for x in state)), wavelength[rows]
        profile = continuum(wave, part.temperature, blanket[rows])
        for line, scale in zip(lines, scales[rows].T, strict=True):
            add_line(profile, wave, line, part, scale, resolution[rows])
        out[rows] = part.luminosity[:, None] * profile
    return out
