"""Pulsating stars: RR Lyrae, Cepheids, delta Scuti, long-period variables.

Light curves are cosine series, mag = sum A_k cos(2 pi k phase + phi_k), given by the amplitude
ratios R_k1 = A_k / A_1 and phases phi_k1 = phi_k - k phi_1 (Simon & Lee 1981).
"""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.star import Star, cycles


def _series(turns: Floats, amplitude: Floats, ratios: list[Floats], phases: list[Floats]) -> Floats:
    """Cosine series whose range is ``amplitude``."""
    terms = np.concatenate([np.ones((1, len(amplitude))), np.array(ratios)])
    shifts = np.concatenate([np.zeros((1, len(amplitude))), np.array(phases)])
    grid = np.linspace(0, 1, 64, endpoint=False)[None, :]
    shape = _sum_series(np.repeat(grid, len(amplitude), axis=0), terms, shifts)
    scale = amplitude / (shape.max(axis=1) - shape.min(axis=1))
    return scale[:, None] * _sum_series(turns, terms, shifts)


def _sum_series(turns: Floats, terms: Floats, shifts: Floats) -> Floats:
    angle = 2 * np.pi * np.mod(turns, 1.0)
    total = np.zeros_like(angle)
    for k, (term, shift) in enumerate(zip(terms, shifts, strict=True), start=1):
        total += term[:, None] * np.cos(k * angle + shift[:, None])
    return total


def rrab(uniform: Floats, normal: Floats) -> Star:
    """RR Lyrae of the fundamental mode.

    Periods of the LMC (Soszynski+2009: mean 0.576 d); V amplitude from the period as in M3
    (Cacciari, Corwin & Carney 2005, AJ 129, 267), times 0.8 for R (Bersier 2004).
    """
    period = np.clip(0.576 + 0.065 * normal[:, 0], 0.42, 0.85)
    log_p = np.log10(period) + 0.02 * normal[:, 1]
    amplitude = np.clip(-2.627 - 22.046 * log_p - 30.876 * log_p**2, 0.25, 1.4)
    mag = 19.0 + 0.15 * normal[:, 2] - 1.5 * (log_p + 0.24)
    return Star(period, 0.8 * amplitude, mag, uniform, normal)


def rrab_curve(star: Star, time: Floats) -> Floats:
    """Sharp rise, slow decline: phi_21 = 4.0, phi_31 = 2.0 (Jurcsik+1996); some Blazhko."""
    n, u = star.normal, star.uniform
    ratios = [np.clip(m + 0.03 * n[:, 3 + i], 0, 1) for i, m in enumerate((0.48, 0.34, 0.22, 0.12))]
    longer = star.period - 0.576  # phi_31 grows with period at given metallicity
    phases = [
        4.0 + 1.5 * longer,
        2.0 + 4.0 * longer + 0.15 * n[:, 7],
        6.1 + 6 * longer,
        4.1 + 8 * longer,
    ]
    modulation = np.where(u[:, 0] < 0.2, 0.25, 0.0)
    blazhko = 2 * np.pi * (time / (20 + 80 * u[:, 1:2]) + u[:, 2:3])
    curve = _series(cycles(star, time), star.amplitude, ratios, phases)
    return curve * (1 + modulation[:, None] * np.sin(blazhko))


def rrc(uniform: Floats, normal: Floats) -> Star:
    """RR Lyrae of the first overtone: mean period 0.337 d, V amplitude 0.4 (Alcock+2004)."""
    period = np.clip(0.337 + 0.035 * normal[:, 0], 0.24, 0.45)
    amplitude = np.clip(0.42 + 0.08 * normal[:, 1] - 1.2 * np.abs(period - 0.32), 0.12, 0.6)
    return Star(period, 0.8 * amplitude, 18.95 + 0.15 * normal[:, 2], uniform, normal)


def rrc_curve(star: Star, time: Floats) -> Floats:
    """Nearly a sine; R_21 falls and phi_31 grows with period (Alcock+2004, AJ 127, 334)."""
    n = star.normal
    ratios = [
        np.clip(0.18 - 0.8 * (star.period - 0.33) + 0.02 * n[:, 3], 0.03, 0.35),
        np.clip(0.07 + 0.015 * n[:, 4], 0, 0.2),
    ]
    phases = [4.7 + 3 * (star.period - 0.33), 3.2 + 12 * (star.period - 0.33) + 0.3 * n[:, 5]]
    return _series(cycles(star, time), star.amplitude, ratios, phases)


def cepheid_fundamental(uniform: Floats, normal: Floats) -> Star:
    """Cepheids of the fundamental mode in the LMC (Soszynski+2008, 2015): mode at 3 days.

    Period-luminosity relation in R between those of V and I; amplitudes smallest near 10 days.
    """
    log_p = np.clip(0.48 + 0.22 * np.abs(normal[:, 0]) * np.sign(uniform[:, 0] - 0.25), 0.1, 1.6)
    amplitude = np.clip(0.55 + 0.13 * normal[:, 1] + 0.15 * (log_p - 0.5), 0.15, 1.0)
    amplitude *= 1 - 0.35 * np.exp(-(((log_p - 1.0) / 0.12) ** 2))
    mag = 16.75 - 2.9 * log_p + 0.16 * normal[:, 2]
    return Star(10**log_p, amplitude, mag, uniform, normal)


def cepheid_fundamental_curve(star: Star, time: Floats) -> Floats:
    """The Hertzsprung progression: the bump moves up the curve and meets the top at 10 days."""
    log_p, n = np.log10(star.period), star.normal
    dip = np.exp(-(((log_p - 1.0) / 0.16) ** 2))
    ratios = [
        np.clip(0.45 - 0.33 * dip + 0.03 * n[:, 3], 0.03, 0.7),
        np.clip(0.25 - 0.17 * dip + 0.03 * n[:, 4], 0.02, 0.5),
        np.clip(0.12 - 0.07 * dip + 0.02 * n[:, 5], 0.01, 0.3),
    ]
    phases = [4.1 + 0.9 * log_p, 1.9 + 2.0 * log_p, 5.9 + 3.2 * log_p]
    return _series(cycles(star, time), star.amplitude, ratios, phases)


def cepheid_overtone(uniform: Floats, normal: Floats) -> Star:
    """Cepheids of the first overtone: 0.7 to 6 days, 0.6 mag brighter, smaller range."""
    log_p = np.clip(0.32 + 0.18 * normal[:, 0], -0.15, 0.78)
    amplitude = np.clip(0.28 + 0.06 * normal[:, 1], 0.08, 0.45)
    mag = 16.15 - 3.0 * log_p + 0.16 * normal[:, 2]
    return Star(10**log_p, amplitude, mag, uniform, normal)


def cepheid_overtone_curve(star: Star, time: Floats) -> Floats:
    """Smoother: R_21 near 0.2, vanishing near 3 days (Soszynski+2008, figure 5)."""
    log_p, n = np.log10(star.period), star.normal
    ratio = 0.22 - 0.17 * np.exp(-(((log_p - 0.47) / 0.1) ** 2)) + 0.02 * n[:, 3]
    ratios = [np.clip(ratio, 0.01, 0.4), np.clip(0.06 + 0.015 * n[:, 4], 0.0, 0.2)]
    return _series(cycles(star, time), star.amplitude, ratios, [4.3 + log_p, 2.5 + 2 * log_p])


def scuti(uniform: Floats, normal: Floats) -> Star:
    """High-amplitude delta Scuti stars: 0.04 to 0.2 days (McNamara 2000)."""
    period = np.exp(np.log(0.085) + 0.4 * np.clip(normal[:, 0], -1.8, 1.8))
    return Star(
        period, np.clip(0.35 + 0.12 * normal[:, 1], 0.1, 0.8), normal[:, 2], uniform, normal
    )


def scuti_curve(star: Star, time: Floats) -> Floats:
    """An asymmetric main period and a first overtone at 0.77 of it."""
    ones = np.ones_like(star.period)
    main = _series(
        cycles(star, time), star.amplitude, [0.3 * ones, 0.12 * ones], [4.0 * ones, 1.9 * ones]
    )
    overtone = 2 * np.pi * (time / (0.772 * star.period[:, None]) + star.uniform[:, 1:2])
    return main + 0.1 * (star.uniform[:, 2] * star.amplitude)[:, None] * np.cos(overtone)


def long_period(uniform: Floats, normal: Floats) -> Star:
    """Red giants of the LMC: semi-regular (two in three) and Mira stars (Wood+1999)."""
    mira = uniform[:, 0] < 0.33
    log_p = np.where(mira, 2.35 + 0.17 * normal[:, 0], 1.75 + 0.25 * normal[:, 0])
    big = np.exp(np.log(1.6) + 0.35 * normal[:, 1])
    small = np.exp(np.log(0.22) + 0.5 * normal[:, 1])
    amplitude = np.clip(np.where(mira, big, small), 0.05, 4.0)
    mag = 15.6 + 0.6 * normal[:, 2] - 0.3 * (log_p - 2)
    return Star(10 ** np.clip(log_p, 1.3, 2.85), amplitude, mag, uniform, normal)


def long_period_curve(star: Star, time: Floats) -> Floats:
    """A main period with drifting phase, a shorter one, and a long secondary period in a third."""
    u, n = star.uniform, star.normal
    drift = 0.06 * np.sin(2 * np.pi * (time / (900 + 2000 * u[:, 1:2]) + u[:, 2:3]))
    turns = cycles(star, time) + drift
    ratios = [np.clip(0.12 + 0.06 * n[:, 3], 0.0, 0.35)]
    curve = _series(turns, star.amplitude, ratios, [4.2 + 0.5 * n[:, 4]])
    swell = 1 + 0.25 * np.sin(2 * np.pi * (time / (600 + 2500 * u[:, 3:4]) + u[:, 4:5]))
    faster = 2 * np.pi * (time / (star.period[:, None] * (0.5 + 0.04 * n[:, 5:6])) + u[:, 5:6])
    regular = np.minimum(star.amplitude, 0.35)[:, None]
    curve = curve * swell + 0.22 * regular * np.cos(faster)
    secondary = np.where(u[:, 6:7] < 0.35, 0.5 * regular, 0.0)
    slow = 2 * np.pi * (time / (star.period[:, None] * (8 + 2 * u[:, 7:8])) + u[:, 8:9])
    return curve + secondary * np.cos(slow)


def mira(uniform: Floats, normal: Floats) -> Star:
    """Mira stars of the field: 100 to 500 days, more than 1.2 mag in the red."""
    period = np.clip(280 + 85 * normal[:, 0], 100, 560)
    amplitude = np.clip(2.4 + 0.7 * normal[:, 1] + 0.004 * (period - 280), 1.2, 5.0)
    return Star(period, amplitude, 13.5 + 1.3 * normal[:, 2], uniform, normal)
