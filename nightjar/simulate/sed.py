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
from nightjar.simulate.lines import NODES, Course, Line, Shape
from nightjar.simulate.randomness import Floats

BOLTZMANN = 5.670374e-5  # Stefan-Boltzmann, erg/s/cm^2/K^4
LIGHT_KM = 299792.458  # km/s
_INSIDE = 0.88  # radius of the continuum over that of the lines
_SHARP = 8  # sharpness of the change to the floor
_ONSET = 10  # sharpness of an ion's window in temperature
_TEMPERATURES = np.geomspace(2500.0, 90000.0, 121)  # K, of the table of blanketing
_DEPTHS = np.linspace(0.0, 12.0, 121)
_DEPTHS_RED = np.linspace(-2.0, 4.0, 61)
_TROUGH, _PEAK = 0.27, 0.42  # widths (standard deviation) over the velocity of the trough
_BLOCK = 1024  # rows at a time: temporaries stay in the cache


class State(NamedTuple):
    """The photosphere at some times, (times,) each."""

    luminosity: Floats  # erg/s, bolometric
    temperature: Floats  # K, of the continuum
    ionisation: Floats  # K, falls on below the floor: decides which ions show
    velocity: Floats  # km/s


def photosphere(
    time: Floats,
    luminosity: Floats,
    velocity: Floats,
    expansion: Floats,
    slope: Floats,
    reference: Floats | float,
    floor: Floats,
) -> State:
    """Temperature and velocity at rest-frame days ``time`` since explosion.

    Parameters
    ----------
    luminosity : erg/s at those times
    velocity, expansion : km/s at day ``reference``; v = velocity (time / reference)^-slope; lines
        form at the one, the radius of the continuum grows with the other
    floor : K, the temperature at which the photosphere recedes
    """
    safe = np.maximum(time, 0.3)
    fallen = (safe / reference) ** -slope
    speed = np.minimum(velocity * fallen, 0.1 * LIGHT_KM)
    radius = _INSIDE * np.minimum(expansion * fallen, 0.1 * LIGHT_KM) * 1e5 * safe * DAY
    hot = np.sqrt(np.sqrt(luminosity / (4 * np.pi * BOLTZMANN * radius**2)))
    return State(luminosity, above(hot, floor), hot, speed)


def above(temperature: Floats, floor: Floats) -> Floats:
    """Temperature of a photosphere that stops cooling at ``floor``, K."""
    return (temperature**_SHARP + floor**_SHARP) ** (1 / _SHARP)


def blackbody(wavelength: Floats, temperature: Floats) -> Floats:
    """pi B_lambda / (sigma T^4) in 1/Angstrom: integrates to one over wavelength.

    Parameters
    ----------
    wavelength : Angstrom; temperature : K; shapes broadcast
    """
    c1 = 2 * np.pi * 6.62607015e-27 * (2.99792458e10) ** 2  # erg cm^2 / s
    x = 1.438776877e8 / (wavelength * temperature)
    np.expm1(x, out=x)
    square = wavelength * wavelength
    x *= square
    x *= square
    x *= wavelength  # the fifth power without `pow`, which costs more than all else here
    return c1 * 1e32 / (BOLTZMANN * temperature**4) / x


def _forest(wavelength: Floats) -> Floats:
    """Sets in at 4300 Angstrom, then grows by one per 1000 Angstrom towards the blue."""
    x = np.maximum((4300.0 - wavelength) * 1e-3, 0.0)
    return x * x / (x + 0.3)


def _infrared(wavelength: Floats) -> Floats:
    """Grows from zero at 5500 to one far in the infrared, one half at 8500 Angstrom."""
    x = np.maximum((wavelength - 5500.0) * (1 / 3000.0), 0.0)
    x *= x
    return x / (1 + x)


@lru_cache(maxsize=1)
def _passed_tables() -> tuple[Floats, Floats]:
    """Share of a black body's energy that forest and infrared let pass, (temperatures, depths)."""
    wavelength = np.geomspace(400.0, 60000.0, 800)
    light = blackbody(wavelength, _TEMPERATURES[:, None]) * wavelength
    light /= light.sum(axis=1, keepdims=True)
    blue = np.exp(-_DEPTHS[:, None] * _forest(wavelength))
    red = np.exp(-_DEPTHS_RED[:, None] * _infrared(wavelength))
    return light @ blue.T, light @ red.T


class Clock:
    """Where ionisation temperatures (rows,) lie between `NODES`, to interpolate many courses."""

    def __init__(self, ionisation: Floats) -> None:
        self.ionisation = ionisation
        at = np.interp(np.log(ionisation), np.log(NODES), np.arange(len(NODES)))
        self.left = np.minimum(at.astype(np.int64), len(NODES) - 2)
        self.part = at - self.left

    def __call__(self, course: Course) -> Floats:
        """Values (rows,) of a quantity given at `NODES`; linear in log temperature."""
        values = np.array(course)
        low = values[self.left]
        return low + self.part * (values[self.left + 1] - low)


def continuum(
    wavelength: Floats, temperature: Floats, strength: Floats, clock: Clock, shape: Shape
) -> Floats:
    """Black body under a forest of iron-group lines, in 1/Angstrom; integrates to one.

    The forest passes exp(-tau), tau = strength x course x s(wavelength), with s a ramp below 4300
    Angstrom: a smooth stand-in for the line opacity that takes over the ultraviolet as the ejecta
    cool (cf. the cut-off of Nicholl+2017, equation 12).  In the infrared doubly ionised iron-group
    matter hardly emits; when it recombines, blue light comes out there instead, which is the second
    maximum of SN Ia (Kasen 2006, ApJ 649, 939).  What either takes comes out again at all
    wavelengths in proportion.

    Parameters
    ----------
    wavelength : (rows, pixels) Angstrom
    temperature : (rows,) K
    strength : (rows,) depth of the forest per 1000 Angstrom where its course is 1
    """
    blue = np.minimum(strength * clock(shape.forest), _DEPTHS[-1])
    red = clock(shape.infrared)
    row = np.log(temperature / _TEMPERATURES[0]) / np.log(_TEMPERATURES[1] / _TEMPERATURES[0])
    tables = _passed_tables()
    # The two take from different wavelengths, so that what they take adds up.
    passed = look_up(tables[0], row, blue / _DEPTHS[1]) - 1
    step = _DEPTHS_RED[1] - _DEPTHS_RED[0]
    passed += look_up(tables[1], row, (red - _DEPTHS_RED[0]) / step)
    depth = blue[:, None] * _forest(wavelength)
    if any(shape.infrared):
        depth += red[:, None] * _infrared(wavelength)
    np.negative(depth, out=depth)
    light = blackbody(wavelength, temperature[:, None])
    light *= np.exp(depth, out=depth)
    light /= passed[:, None]
    return light


def bump(u: Floats) -> Floats:
    """A bell with compact support, (1 - u^2 / 8)^4 inside |u| < 2.83, close to exp(-u^2 / 2).

    Exactly zero outside, so that leaving out lines that do not reach a wavelength changes nothing.
    """
    inside = u * u
    inside *= -0.125
    inside += 1.0
    np.maximum(inside, 0.0, out=inside)
    inside *= inside
    inside *= inside
    return inside


def presence(temperature: Floats, window: tuple[float, float]) -> Floats:
    """How far an ion shows at this temperature, 0 to 1."""
    low, high = window
    return 1 / ((1 + (low / temperature) ** _ONSET) * (1 + (temperature / high) ** _ONSET))


def strength(line: Line, clock: Clock) -> tuple[Floats, Floats]:
    """Depth of the trough and height of the peak, (rows,) each."""
    here = presence(clock.ionisation, line.window)
    absorption, emission = (
        clock(height) if isinstance(height, tuple) else height * here
        for height in (line.absorption, line.emission)
    )
    return absorption, emission


def add_line(
    profile: Floats,
    wavelength: Floats,
    line: Line,
    velocity: Floats,
    clock: Clock,
    scale: Floats,
    resolution: Floats,
) -> None:
    """Multiply ``profile`` in place by one line's P Cygni shape.

    Parameters
    ----------
    profile, wavelength : (rows, pixels); wavelength in Angstrom, rest frame, ascending along rows
        and columns (the same observed pixels, rows by falling redshift)
    velocity : (rows,) km/s of the photosphere
    clock : of the rows
    scale : (rows,) factor on the line's strength
    resolution : (rows,) Angstrom (standard deviation) of the instrument in the rest frame; lines
        are widened by it in quadrature and lowered in proportion, which keeps the equivalent width
    """
    absorption, emission = strength(line, clock)
    speed = velocity * line.speed
    for height, centre, width in (
        (emission, -line.blueshift * speed, line.width or _PEAK * line.breadth * speed),
        (-absorption, -speed, _TROUGH * line.breadth * speed),
    ):
        if not height.any():
            continue
        sigma = line.wavelength * np.asarray(width + 0 * speed) / LIGHT_KM
        wide = np.sqrt(sigma**2 + resolution**2)
        middle = line.wavelength * (1 + centre / LIGHT_KM)
        reach = 2.83 * wide
        # The pixels that the line reaches in some row; wavelengths ascend in both directions.
        first = int(np.searchsorted(wavelength[-1], (middle - reach).min()))
        last = int(np.searchsorted(wavelength[0], (middle + reach).max()))
        if first >= last:
            continue
        # A trough saturates: never deeper than 95 % of the light.
        amplitude = np.maximum(height * scale, -0.95) * sigma / wide
        u = wavelength[:, first:last] - middle[:, None]
        u *= (1 / wide)[:, None]
        shape = bump(u)
        shape *= amplitude[:, None]
        shape += 1
        profile[:, first:last] *= shape


def energy(wavelength: Floats, light: Floats) -> Floats:
    """Integral of ``light`` (rows, pixels) over ``wavelength`` (pixels,), by trapezia, (rows,)."""
    whole: Floats = 0.5 * ((light[:, 1:] + light[:, :-1]) * np.diff(wavelength)).sum(axis=1)
    return whole


def luminosity_density(
    wavelength: Floats,
    state: State,
    lines: Sequence[Line],
    blanket: Floats,
    shape: Shape,
    scales: Floats,
    resolution: Floats,
) -> Floats:
    """Luminosity per wavelength in erg/s/Angstrom, (rows, pixels).

    Parameters
    ----------
    wavelength : (rows, pixels) Angstrom, rest frame, ascending
    state : (rows,) photospheres
    lines : the class's lines
    blanket : (rows,) strength of the blanketing
    shape : the class's continuum
    scales : (rows, lines) factors on the line strengths
    resolution : see `add_line`
    """
    out = np.empty_like(wavelength)
    # Rows of like redshift together: a line then reaches few pixels of a block.
    order = np.argsort(wavelength[:, 0], kind="stable")  # the last redshift first
    for start in range(0, len(wavelength), _BLOCK):
        rows = order[start : start + _BLOCK]
        part, wave = State(*(x[rows] for x in state)), wavelength[rows]
        clock = Clock(part.ionisation)
        profile = continuum(wave, part.temperature, blanket[rows], clock, shape)
        for line, scale in zip(lines, scales[rows].T, strict=True):
            add_line(profile, wave, line, part.velocity, clock, scale, resolution[rows])
        profile *= part.luminosity[:, None]
        out[rows] = profile
    return out
