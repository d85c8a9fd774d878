"""Every kind of star that can be simulated: what it draws and its brightness at any time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nightjar.simulate import binaries as b
from nightjar.simulate import pulsators as p
from nightjar.simulate.randomness import Floats
from nightjar.simulate.star import Star


def constant(uniform: Floats, normal: Floats) -> Star:
    """Stars that do not vary; magnitudes of the LMC's luminosity function, more and more faint."""
    mag = 20.2 + np.log(np.maximum(uniform[:, 0], 1e-3)) / 0.75
    nothing = np.zeros(len(mag))
    return Star(nothing * np.nan, nothing, np.clip(mag, 14.0, 20.0), uniform, normal)


def constant_curve(star: Star, time: Floats) -> Floats:
    """No variation."""
    return np.zeros_like(time)


def irregular(uniform: Floats, normal: Floats) -> Star:
    """Stars and active nuclei with red noise: amplitudes of 0.05 to 0.5 mag."""
    amplitude = np.clip(0.15 * np.exp(0.6 * normal[:, 1]), 0.03, 0.8)
    mag = 18.2 + np.clip(normal[:, 2], -3, 1.6)
    return Star(np.full(len(mag), np.nan), amplitude, mag, uniform, normal)


def irregular_curve(star: Star, time: Floats) -> Floats:
    """Sum of seven waves whose power falls with frequency squared: red noise."""
    u, total = star.uniform, np.zeros_like(time)
    for k in range(7):
        period = 1500.0 / 2**k * (0.7 + 0.6 * u[:, k : k + 1])
        wave = np.cos(2 * np.pi * (time / period + u[:, 8 + k : 9 + k]))
        total += 2.0 ** (-0.7 * k) * wave
    return 0.35 * star.amplitude[:, None] * total


Curve = Callable[[Star, Floats], Floats]
STARS: dict[str, tuple[Callable[[Floats, Floats], Star], Curve]] = {
    "RRab": (p.rrab, p.rrab_curve),
    "RRc": (p.rrc, p.rrc_curve),
    "Cep_0": (p.cepheid_fundamental, p.cepheid_fundamental_curve),
    "Cep_1": (p.cepheid_overtone, p.cepheid_overtone_curve),
    "DSCT": (p.scuti, p.scuti_curve),
    "LPV": (p.long_period, p.long_period_curve),
    "Mira": (p.mira, p.long_period_curve),
    "EC": (b.binary, b.binary_curve),
    "CB": (b.close_binary, b.close_binary_curve),
    "DB": (b.detached_binary, b.detached_binary_curve),
    "constant": (constant, constant_curve),
    "irregular": (irregular, irregular_curve),
}
