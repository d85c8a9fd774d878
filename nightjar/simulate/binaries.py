"""Eclipsing binaries from their geometry: contact, near-contact and detached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.star import Star, cycles


def binary(uniform: Floats, normal: Floats) -> Star:
    """Eclipsing binaries of the LMC: 0.3 to 60 days (Graczyk+2011), all degrees of contact."""
    period = 10 ** np.clip(0.45 + 0.42 * normal[:, 0], -0.5, 1.8)
    depth = np.clip(0.45 * np.exp(0.45 * normal[:, 1]), 0.08, 1.6)
    return Star(period, depth, 18.0 + 0.9 * normal[:, 2], uniform, normal)


def close_binary(uniform: Floats, normal: Floats) -> Star:
    """Contact and near-contact binaries: 0.22 to 1 day (Rucinski 2007)."""
    period = 10 ** np.clip(-0.42 + 0.11 * normal[:, 0], -0.65, 0.05)
    depth = np.clip(0.4 * np.exp(0.4 * normal[:, 1]), 0.1, 1.0)
    return Star(period, depth, 15.6 + 1.1 * normal[:, 2], uniform, normal)


def detached_binary(uniform: Floats, normal: Floats) -> Star:
    """Detached binaries: 0.6 to 20 days, narrow eclipses."""
    period = 10 ** np.clip(0.35 + 0.35 * normal[:, 0], -0.2, 1.3)
    depth = np.clip(0.45 * np.exp(0.5 * normal[:, 1]), 0.1, 1.5)
    return Star(period, depth, 15.3 + 1.2 * normal[:, 2], uniform, normal)


def _eclipses(
    star: Star, time: Floats, width: Floats, ratio: Floats, ellipse: Floats, off: Floats
) -> Floats:
    """Two eclipses and tidal distortion, mag, (stars, times).

    Parameters
    ----------
    width : (stars,) half width of an eclipse in cycles: sum of the radii over the orbit / 2 pi
    ratio : (stars,) light lost in the secondary eclipse over that in the primary
    ellipse : (stars,) mag of the ellipsoidal variation, cos(4 pi phase)
    off : (stars,) displacement of the secondary eclipse from one half (eccentricity)
    """
    phase = np.mod(cycles(star, time), 1.0)
    depth = (1 - 10 ** (-0.4 * star.amplitude))[:, None]
    light = np.ones_like(phase)
    for centre, deep in ((0.0, depth), (0.5 + off[:, None], ratio[:, None] * depth)):
        distance = np.abs(np.mod(phase - centre + 0.5, 1.0) - 0.5) / width[:, None]
        # Overlap of two discs is smooth at contact and flattens in the middle.
        light -= deep * np.where(distance < 1, (1 - np.minimum(distance, 1) ** 2) ** 1.3, 0.0)
    wave = ellipse[:, None] * 0.5 * (np.cos(4 * np.pi * phase) - 1)
    return -2.5 * np.log10(np.maximum(light, 0.02)) + wave


def _ratio(star: Star) -> Floats:
    return 0.25 + 0.75 * star.uniform[:, 3]


def binary_curve(star: Star, time: Floats) -> Floats:
    """Wide eclipses and strong distortion at short periods, narrow ones and none at long."""
    log_p = np.log10(star.period)
    width = np.clip(0.13 - 0.055 * log_p + 0.02 * star.normal[:, 3], 0.02, 0.22)
    ellipse = np.clip(0.22 - 0.16 * log_p, 0.0, 0.3) * np.minimum(star.amplitude, 0.8)
    off = np.where(log_p > 0.5, 0.08 * star.normal[:, 4], 0.0)
    return _eclipses(star, time, width, _ratio(star), ellipse, np.clip(off, -0.2, 0.2))


def close_binary_curve(star: Star, time: Floats) -> Floats:
    """Round, always changing light: eclipses of a quarter cycle on ellipsoidal variation."""
    width = np.clip(0.19 + 0.02 * star.normal[:, 3], 0.14, 0.25)
    even = np.maximum(star.uniform[:, 3], 0.75)  # the two stars of a contact system are as hot
    shallow = replace(star, amplitude=0.6 * star.amplitude)
    return _eclipses(shallow, time, width, even, 0.75 * star.amplitude, np.zeros_like(width))


def detached_binary_curve(star: Star, time: Floats) -> Floats:
    """Flat light between narrow eclipses."""
    width = np.clip(0.075 - 0.035 * np.log10(star.period) + 0.012 * star.normal[:, 3], 0.015, 0.12)
    off = np.clip(0.05 * star.normal[:, 4], -0.15, 0.15)
    return _eclipses(star, time, width, _ratio(star), np.zeros_like(width), off)
